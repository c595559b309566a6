"""TypeSystem.xml: the layers of our files, as INCEpTION imports them."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape  # writes only

from defusedxml import ElementTree

from samarkand.formats.webanno import own

NAME = "TypeSystem.xml"
_STRING, _TEXT, _TOP = "uima.cas.String", "uima.tcas.Annotation", "uima.cas.TOP"

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier">
  <types>
"""
_FOOT = """\
  </types>
</typeSystemDescription>
"""
#: The features of a layer that are no text.
_ENDS, _LINKS = ("Governor", "Dependent"), (own.ARGUMENTS,)
_NO_ATTRIBUTES = {*_ENDS, *_LINKS}


def write(attributes: Mapping[str, Iterable[str]]) -> bytes:
    """The type system; `attributes`: the names of those that are features, by table."""
    features: dict[str, dict[str, tuple[str, str]]] = {}
    for table in own.LAYERS:
        names = (*own.FEATURES[table], own.ID, own.REST, *attributes.get(table, ()))
        features[table] = dict.fromkeys(names, (_STRING, ""))
    features["relations"] |= dict.fromkeys(_ENDS, (own.ENTITY, ""))
    features["stances"] |= dict.fromkeys(_LINKS, ("uima.cas.FSArray", own.LINK))
    link = {"role": (_STRING, ""), "target": (own.ENTITY, "")}
    types = [_type(own.LAYERS[table], _TEXT, features[table]) for table in own.LAYERS]
    return (_HEAD + "".join([*types, _type(own.LINK, _TOP, link)]) + _FOOT).encode()


def joined(one: bytes, other: bytes) -> bytes:
    """The type system for the files of two, both written by `write`."""
    tables = {kind: table for table, kind in own.LAYERS.items()}
    attributes: dict[str, set[str]] = {table: set() for table in own.LAYERS}
    for data in (one, other):
        for kind in ElementTree.fromstring(data).iterfind("{*}types/{*}typeDescription"):
            table = tables.get(kind.findtext("{*}name", ""))
            if table is not None:
                names = {name.text or "" for name in kind.iterfind("{*}features/*/{*}name")}
                attributes[table] |= names - _NO_ATTRIBUTES
    return write(attributes)


def _type(name: str, parent: str, features: Mapping[str, tuple[str, str]]) -> str:
    described = "".join(
        "        <featureDescription>\n"
        f"          <name>{escape(feature)}</name>\n"
        f"          <rangeTypeName>{kind}</rangeTypeName>\n"
        + (f"          <elementType>{element}</elementType>\n" if element else "")
        + "        </featureDescription>\n"
        for feature, (kind, element) in sorted(features.items())
    )
    return (
        f"    <typeDescription>\n      <name>{name}</name>\n"
        f"      <supertypeName>{parent}</supertypeName>\n"
        f"      <features>\n{described}      </features>\n    </typeDescription>\n"
    )

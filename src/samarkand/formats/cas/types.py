"""The UIMA types that we write, and how a string that XML cannot hold is written in a feature.

Mentions are DKPro's NamedEntity, which INCEpTION and other UIMA tools know: `value` is the label,
`identifier` the actor. All else is in five types of our own. They have features of primitive types
alone, since INCEpTION makes a layer of no other type (its TypeSystemAnalysis.java), and a relation
layer of one that has Governor and Dependent beside them. All are strings: a UIMA integer, float or
boolean cannot be absent.

    SamarkandMention    the id, score and attributes of the NamedEntity at the same place
    SamarkandRelation   a relation; its place is that of its Dependent
    SamarkandStance     a stance
    SamarkandSpan       one span of a list: a fragment, evidence, cue, content, or a target
    SamarkandDocument   the document's id and metadata
"""

import json
import keyword
import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from samarkand.errors import SamarkandError

ANNOTATION = "uima.tcas.Annotation"
DOCUMENT_ANNOTATION = "uima.tcas.DocumentAnnotation"
_DKPRO = "de.tudarmstadt.ukp.dkpro.core.api"
METADATA = f"{_DKPRO}.metadata.type.DocumentMetaData"
TOKEN = f"{_DKPRO}.segmentation.type.Token"
SENTENCE = f"{_DKPRO}.segmentation.type.Sentence"
NAMED_ENTITY = f"{_DKPRO}.ner.type.NamedEntity"

OWN = "webanno.custom.Samarkand"
MENTION, RELATION, STANCE, SPAN, DOCUMENT = (
    OWN + name for name in ("Mention", "Relation", "Stance", "Span", "Document")
)
#: The two ends of a relation, as INCEpTION names them.
GOVERNOR, DEPENDENT = "Governor", "Dependent"

#: The features of our types. `attributes` is a JSON object of those that have no feature.
FEATURES: dict[str, tuple[str, ...]] = {
    MENTION: ("id", "label", "score", "attributes"),
    RELATION: ("id", "label", "object", "status", "score", "attributes"),
    STANCE: (
        *("id", "holder", "target", "polarity", "act", "source_chain", "explicit", "status"),
        *("score", "attributes"),
    ),
    SPAN: ("owner", "role", "place"),
    DOCUMENT: (
        *("doc", "title", "published", "event", "split", "license", "sha256", "metadata"),
        "controls",
    ),
}
#: The type that holds the attributes of each table's rows.
OF_TABLE = {"entities": MENTION, "relations": RELATION, "stances": STANCE}

#: The list of spans that each role is of: table and column.
ROLES = {
    "fragment": ("entities", "fragments"),
    "evidence": ("relations", "evidence"),
    "target": ("stances", "target_spans"),
    "cue": ("stances", "cue"),
    "content": ("stances", "content"),
}

#: Names that UIMA, INCEpTION or dkpro-cassis keep for themselves, in small letters.
_KEPT = frozenset(
    {
        *("address", "begin", "end", "sofa", "type", "view", "class", "cas", "casimpl", "self"),
        *("coveredtext", "featurevalue", "lowlevelcas", "printrefs", "typeindexid", "xmiid"),
        *("booleanvalue", "bytevalue", "doublevalue", "floatvalue", "intvalue", "longvalue"),
        *("shortvalue", "stringvalue", "get", "set", "value", "get_covered_text"),
        *("governor", "dependent"),
    }
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def library() -> Any:
    """dkpro-cassis. Errors: SamarkandError that says how to install it."""
    try:
        import cassis
    except ImportError:
        message = "CAS files need dkpro-cassis; run pip install 'samarkand[cas]'"
        raise SamarkandError(message) from None
    return cassis


def feature_names(kind: str, attributes: Iterable[str]) -> tuple[str, ...]:
    """Which attributes become features of that type, under their own names; sorted."""
    return tuple(
        sorted(
            name
            for name in set(attributes)
            if _NAME.fullmatch(name)
            and "__" not in name
            and not keyword.iskeyword(name)
            and name.lower() not in _KEPT
            and name not in FEATURES[kind]
        )
    )


#: The features of each of our types that attributes are named by.
Named = tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(maxsize=32)
def type_system(named: Named) -> Any:
    """Our type system with further features; making one takes longer than writing a document."""
    return _filled(library().TypeSystem(), named)


def _filled(types: Any, named: Named) -> Any:
    """A type system with our types and features in it too."""
    further = dict(named)
    strings = {
        METADATA: ("documentTitle", "documentId"),
        SENTENCE: (),
        TOKEN: (),
        NAMED_ENTITY: ("value", "identifier"),
        **{kind: own + further.get(kind, ()) for kind, own in FEATURES.items()},
    }
    for name, features in strings.items():
        base = DOCUMENT_ANNOTATION if name == METADATA else ANNOTATION
        there = types.contains_type(name)
        made = types.get_type(name) if there else types.create_type(name, base)
        for feature in (GOVERNOR, DEPENDENT) if name == RELATION else ():
            types.create_feature(made, feature, NAMED_ENTITY)
        for feature in features:
            if made.get_feature(feature) is None:
                types.create_feature(made, feature, "uima.cas.String")
    return types


def joined(one: bytes, other: bytes) -> bytes:
    """The type system for the documents of two, both written by this package."""
    found: dict[str, set[str]] = {kind: set() for kind in OF_TABLE.values()}
    for data in (one, other):
        types = library().load_typesystem(data.decode())
        for kind, names in found.items():
            names.update(feature.name for feature in types.get_type(kind).features)
    said: str = type_system(
        tuple((kind, feature_names(kind, names)) for kind, names in found.items())
    ).to_xml()
    return said.encode()


#: What the types of DKPro Core that come with dkpro-cassis lack.
_LACKING = {
    (METADATA, "documentUri"): "uima.cas.String",
    (METADATA, "collectionId"): "uima.cas.String",
    (METADATA, "documentBaseUri"): "uima.cas.String",
    (METADATA, "isLastSegment"): "uima.cas.Boolean",
}


@lru_cache(maxsize=1)
def well_known() -> Any:
    """The types of DKPro Core and our own: what is known without a type system in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        types = _filled(library().load_dkpro_core_typesystem(), ())
    for (name, feature), kind in _LACKING.items():
        types.create_feature(types.get_type(name), feature, kind)
    return types


#: How a string starts that is written as JSON.
_ESCAPED = "samarkand:"
#: What XML 1.0 cannot hold, not even as a character reference.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def encode(value: str) -> str:
    """A string as the value of a feature: itself, or JSON if XML could not hold it."""
    if NO_XML.search(value) or value.startswith(_ESCAPED):
        return _ESCAPED + json.dumps(value)
    return value


def decode(value: str) -> str:
    """The string that `encode` was given. Errors: ValueError."""
    if not value.startswith(_ESCAPED):
        return value
    try:
        return msgspec.json.decode(value[len(_ESCAPED) :].encode(), type=str)
    except msgspec.MsgspecError:
        message = f"wanted a JSON string after '{_ESCAPED}', got {value[:60]!r}"
        raise ValueError(message) from None

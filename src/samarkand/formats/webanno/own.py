"""The layers that we write, and what their features hold.

Each has the id of an annotation in `samarkandId`, and in `samarkand`, as JSON, what the layer has
no feature for. INCEpTION keeps both like any string of a custom layer. `at` is the place of the
annotation when the JSON was written: if somebody moved it since, what the JSON says of its place
is out of date.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import TypeVar

import msgspec

from samarkand import jsonl, lines
from samarkand.formats.webanno.escapes import sayable

ENTITY = "webanno.custom.SamarkandEntity"
RELATION = "webanno.custom.SamarkandRelation"
STANCE = "webanno.custom.SamarkandStance"
LINK = "webanno.custom.SamarkandStanceArgumentsLink"
LAYERS = {"entities": ENTITY, "relations": RELATION, "stances": STANCE}

ID, REST, ARGUMENTS = "samarkandId", "samarkand", "arguments"
#: The features of each layer beside those.
FEATURES = {
    "entities": ("actor", "value"),
    "relations": ("status", "value"),
    "stances": ("act", "explicit", "holder", "polarity", "status", "target"),
}
#: The roles of a stance's links.
HOLDER, TARGET, SOURCE = "holder", "target", "source"

#: Names that INCEpTION reserves (`WebAnnoConst.RESTRICTED_FEATURE_NAMES`, in any case), and ours.
_RESERVED = {
    *("address", "begin", "end", "coveredtext", "booleanvalue", "doublevalue", "bytevalue", "cas"),
    *("casimpl", "class", "featurevalue", "floatvalue", "longvalue", "lowlevelcas", "printrefs"),
    *("sofa", "stringvalue", "type", "typeindexid", "view", "governor", "dependent", "first"),
    *("next", "role", ARGUMENTS, ID.lower(), REST),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

Place = tuple[lines.Int32, lines.Int32]
T = TypeVar("T", bound="Rest")


class Rest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What the features of a layer do not say. All offsets are code points of the text."""

    id: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class EntityRest(Rest, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Of an entity: `span` is its place where that is not the annotation's."""

    at: Place | None = None
    label: str | None = None
    actor: str | None = None
    span: lines.Span | None = None
    fragments: list[lines.Span] | None = None


class RelationRest(Rest, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Of a relation."""

    label: str | None = None
    status: str | None = None
    object: str | None = None
    evidence: list[lines.Span] = []


class StanceRest(Rest, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Of a stance: `cue` where it is not the annotation's place alone."""

    at: Place | None = None
    act: str | None = None
    status: str | None = None
    holder: str | None = None
    target: str | None = None
    target_spans: list[lines.Span] = []
    cue: list[lines.Span] | None = None
    content: list[lines.Span] = []
    source_chain: list[str] | None = None


class Document(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is said of a document above its first sentence; `lead`: the white space before it."""

    lead: str | None = None
    title: str | None = None
    published: date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}


def document(line: str) -> Document:
    """Our line of a document. Errors: ValueError."""
    try:
        found = msgspec.convert(jsonl.objects(line.encode()), Document)
    except ValueError as error:
        raise ValueError(jsonl.explain(error)) from None
    if found.lead is not None and (found.lead.strip() or not found.lead):
        raise ValueError(f"'lead' is {found.lead[:40]!r}; wanted the white space before the text")
    return found


def rest(value: str | None, kind: type[T]) -> T:
    """What `samarkand` says of an annotation. Errors: ValueError."""
    try:
        return msgspec.convert({} if value is None else jsonl.objects(value.encode()), kind)
    except ValueError as error:
        raise ValueError(f"'{REST}': {jsonl.explain(error)}") from None


class _Id(msgspec.Struct):
    id: str | None = None


def given_id(features: Mapping[str, str]) -> str | None:
    """The id of an annotation of our layers, if it has one."""
    if ID in features or REST not in features:
        return features.get(ID)
    try:
        return msgspec.json.decode(features[REST], type=_Id).id
    except ValueError:
        return None  # `rest` says what is wrong with it


def encode(value: Rest | Document) -> str | None:
    """As JSON; None where nothing is said."""
    data = msgspec.json.encode(value)
    return None if data == b"{}" else data.decode()


def nameable(name: str, table: str) -> bool:
    """Whether an attribute can be a feature of a layer, under its own name."""
    taken = name.lower() in _RESERVED or name in FEATURES[table]
    return bool(_NAME.fullmatch(name)) and "__" not in name and not taken


def divide(attributes: Mapping[str, str], table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes that are features, and those that are not; both by name."""
    features: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, value in sorted(attributes.items()):
        (features if nameable(name, table) and sayable(value) else others)[name] = value
    return features, others

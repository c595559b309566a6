"""doccano's words: its rows, what we put into its labels, and the key that carries the rest."""

import datetime
import re
from functools import lru_cache

import msgspec

from samarkand import lines

#: A span with this label is a stance's first cue: STANCE -2 to STANCE +2, or STANCE alone where
#: the polarity is null. Relations lead from it to the holder and to the target.
STANCE, HOLDER, TARGET = "STANCE", "HOLDER", "TARGET"
#: A span on the same cue whose label begins so is a proposition, as the target of the stance.
PROPOSITION = "P:"
#: A relation from each further piece of a discontinuous mention to its first one.
FRAGMENT = "FRAGMENT"
#: The key of a row that holds what doccano has no place for: a string, which is JSON.
KEY = "samarkand"

#: The longest label and relation type that doccano stores (LabelType.text, max_length).
LONGEST = 100

_STANCE = re.compile(rf"{STANCE}(?: (0|[+-][1-9][0-9]{{0,2}}))?")

MENTION, HUB, PROPOSAL = "mention", "stance", "proposition"


def stance_label(polarity: int | None) -> str:
    """The label of a stance's span."""
    if polarity is None:
        return STANCE
    return f"{STANCE} {polarity:+d}" if polarity else f"{STANCE} 0"


def polarity_of(label: str) -> int | None:
    """The polarity that a stance's label says; None for STANCE alone."""
    match = _STANCE.fullmatch(label)
    return int(match[1]) if match and match[1] else None


@lru_cache(4096)
def kind_of(label: str) -> str:
    """What a span of one of our rows is, by its label: a mention, a stance or a proposition."""
    if label.startswith(PROPOSITION):
        return PROPOSAL
    match = _STANCE.fullmatch(label)
    return HUB if match and -128 <= int(match[1] or 0) <= 127 else MENTION


class Span(msgspec.Struct):
    """A span of a row, with its keys in the order of the server's export."""

    id: int
    label: str
    start_offset: int
    end_offset: int


class Link(msgspec.Struct):
    """A relation of a row."""

    id: int
    from_id: int
    to_id: int
    type: str


class Row(msgspec.Struct):
    """A document as doccano takes it: one line of a file. Both lists, and the key, always stand."""

    text: str
    entities: list[Span]
    relations: list[Link]
    samarkand: str


class About(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A document's columns, other than its id and its text."""

    title: str | None = None
    published: datetime.date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}


class Spans(msgspec.Struct, forbid_unknown_fields=True):
    """The row's spans as they were written, by id; `of` is the mention or stance each shows."""

    id: list[int] = []
    begin: list[int] = []
    end: list[int] = []
    label: list[str] = []
    of: list[str] = []


class Links(msgspec.Struct, forbid_unknown_fields=True):
    """The row's relations as they were written, by id; `of` is what each shows a part of."""

    id: list[int] = []
    from_id: list[int] = []
    to_id: list[int] = []
    type: list[str] = []
    of: list[str] = []


class More(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What doccano does not show of an entity."""

    actor: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class MoreOfRelation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What doccano does not show of a relation. Evidence counts code points."""

    object: str | None = None
    evidence: list[lines.Span] = []
    status: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class Key(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What the key of a row holds. `sha256` is the text's; `unit` that of the row's offsets."""

    doc: str
    unit: str
    sha256: str
    about: About = msgspec.field(default_factory=About)
    spans: Spans = msgspec.field(default_factory=Spans)
    links: Links = msgspec.field(default_factory=Links)
    entities: dict[str, More] = {}
    relations: dict[str, MoreOfRelation] = {}
    stances: list[lines.Stance] = []

"""The names of the controls that we write, and what Label Studio keeps of ours in a region's meta.

A control is a tag of the labelling configuration; a result names it in `from_name`.
"""

import re
from datetime import date
from typing import Any

import msgspec

from samarkand import lines

#: The object that is annotated, and the control of entity labels.
TEXT, LABEL = "text", "label"
#: Our key in a task's `data` and in a region's `meta`, and the hidden control of stances without a
#: cue: each of its texts is a line of JSON (see `samarkand.lines`).
OWN = "samarkand"
#: The control of cues: its labels are the acts, and a relation from it is an argument.
STANCE, NO_ACT = "samarkand-stance", "(no act)"
HOLDER, TARGET = "holder", "target"
#: Controls that are answered for a region.
ACTOR, POLARITY = "samarkand-actor", "samarkand-polarity"
EXPLICIT, STATUS = "samarkand-explicit", "samarkand-status"
YES, NO = "yes", "no"
RESERVED = frozenset({TEXT, LABEL, OWN, STANCE, ACTOR, POLARITY, EXPLICIT, STATUS})
#: The attribute that Label Studio shows as a region's note (`meta.text`).
NOTE = "note"
#: The attribute and its value that are a relation's direction.
DIRECTION, BOTH = "direction", "bi"

#: The characters of XML 1.0, which is what the configuration is written in.
_XML = re.compile(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
#: Label Studio cuts a region's id at `#`, and makes a CSS class of it.
_REGION = re.compile(r"[A-Za-z0-9_-]+")


class OwnRelation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A relation from this region, with what Label Studio's relations have no place for."""

    id: str
    label: str
    tail: str
    object: str | None = None
    evidence: list[lines.Span] = []
    status: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class OwnStance(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What controls, labels and relations do not say of a stance."""

    act: str | None = None
    status: str | None = None
    holder: str | None = None
    target: str | None = None
    target_spans: list[lines.Span] = []
    content: list[lines.Span] = []
    source_chain: list[str] = []


class Own(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`meta.samarkand` of a region.

    `id` is that of the annotation where it differs from the region's; `part`: the region is a
    further piece of its parent; `attributes` are those that no control can hold.
    """

    id: str | None = None
    part: bool = False
    attributes: dict[str, str] = {}
    relations: list[OwnRelation] = []
    stance: OwnStance | None = None


class OwnDocument(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`data.samarkand` of a task; `metadata` has the names that cannot be keys of `data`."""

    doc: str | None = None
    title: str | None = None
    published: date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}


def is_shown(value: Any) -> bool:
    """Whether a string can stand in the configuration."""
    return isinstance(value, str) and bool(_XML.fullmatch(value))


def is_region(id: str) -> bool:
    """Whether Label Studio keeps the id and shows its region in colour."""
    return bool(_REGION.fullmatch(id))


def is_answer(name: str, value: str) -> bool:
    """Whether an attribute can be an answer to a control of its name."""
    return is_shown(name) and is_shown(value) and name not in RESERVED

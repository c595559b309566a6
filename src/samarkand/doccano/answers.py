"""What a doccano server answers, and what of it is relied upon; anything else is an error.

Keys that are not named here are passed over.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from samarkand import jsonl
from samarkand.corpus import digest
from samarkand.errors import SamarkandError
from samarkand.formats import doccano

T = TypeVar("T")


class Me(msgspec.Struct):
    username: str


class Project(msgspec.Struct):
    id: int


class LabelType(msgspec.Struct):
    text: str


class Member(msgspec.Struct):
    user: int
    username: str


class Task(msgspec.Struct):
    task_id: str


class TaskStatus(msgspec.Struct):
    ready: bool
    result: Any = None
    error: Any = None


class Annotation(msgspec.Struct):
    """A span or a relation of a document, with who made it."""

    id: int
    user: int | None = None


class Example(msgspec.Struct):
    """A document as a list has it."""

    id: int
    meta: dict[str, Any] | None = None


class Page(msgspec.Struct):
    """A part of the list of a project's documents; `count` is the whole list's length."""

    count: int
    results: list[Example]


class Exported(msgspec.Struct):
    """A document as an export has it. `samarkand` is our key, in a document of ours."""

    id: int
    text: str
    entities: list[doccano.Span]
    relations: list[doccano.Link]
    samarkand: Any = None
    comments: list[Any] = msgspec.field(default_factory=list, name="Comments")


class _Written(msgspec.Struct):
    """The spans or relations of a row as they were written, by what our key says."""

    id: list[int] = []
    begin: list[int] = []
    end: list[int] = []
    label: list[str] = []
    from_id: list[int] = []
    to_id: list[int] = []
    type: list[str] = []


class Key(msgspec.Struct):
    """What is used here of our key."""

    doc: str
    sha256: str
    spans: _Written = msgspec.field(default_factory=_Written)
    links: _Written = msgspec.field(default_factory=_Written)


def decode(content: bytes, wanted: type[T], asked: str) -> T:
    """An answer. `asked` says of what. Errors: SamarkandError for one that is not as wanted."""
    try:
        return msgspec.json.decode(content, type=wanted)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        said = f"that is not what doccano 1.8 answers: {jsonl.explain(error)}"
        raise SamarkandError(f"{asked}: {said}; got: {shown(content)}") from None


def shown(content: bytes, most: int = 80) -> str:
    """The beginning of an answer as a message can hold it."""
    said = "".join(c if c.isprintable() else " " for c in content.decode("utf-8", "replace"))
    return said.strip()[:most] or "nothing"


def key_of(found: Any) -> Key | None:
    """Our key of a document; None where it has none, or what is none."""
    try:
        return msgspec.json.decode(found, type=Key) if isinstance(found, str) else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def untouched(row: Exported) -> bool:
    """Whether a document says what was sent, as its key has it, and nothing else.

    An upload that was cut short leaves documents without relations, or with neither.
    """
    key = key_of(row.samarkand)
    if key is None or row.comments or digest(row.text) != key.sha256:
        return False
    spans = sorted((s.id, s.start_offset, s.end_offset, s.label) for s in row.entities)
    sent = list(zip(key.spans.begin, key.spans.end, key.spans.label, strict=False))
    if spans and [span[1:] for span in spans] != sent:
        return False
    ids: Mapping[int, int] = dict(zip((s[0] for s in spans), key.spans.id, strict=False))
    links = sorted((link.id, link.from_id, link.to_id, link.type) for link in row.relations)
    ends = [(ids.get(head), ids.get(tail), type) for _, head, tail, type in links]
    wanted = zip(key.links.from_id, key.links.to_id, key.links.type, strict=False)
    return not links or ends == list(wanted)


def fingerprint(row: Exported) -> str:
    """A hash of what a document says: the same for as long as nobody edits it."""
    spans = sorted((s.id, s.start_offset, s.end_offset, s.label) for s in row.entities)
    links = sorted((link.id, link.from_id, link.to_id, link.type) for link in row.relations)
    said: Sequence[Any] = (row.text, spans, links, row.samarkand, row.comments)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

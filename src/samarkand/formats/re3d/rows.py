"""re3d: what a row of each of its tables holds, and how rows are decoded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec

from samarkand import jsonl, lines
from samarkand.errors import Problem

#: A number that is one: JSON has none that is infinite, but 1e999 is read as such.
Number = Annotated[float, msgspec.Meta(ge=-1.7976931348623157e308, le=1.7976931348623157e308)]

#: The tables, in the order in which they are read: each refers to those before it.
TABLES = ("documents", "entities", "relations", "stances")

#: What re3d says of a document beside its text and title, and what of it is a number.
METADATA = ("sourceName", "sourceUrl", "wordCount", "sentenceCount")
COUNTS = ("wordCount", "sentenceCount")


class DocumentExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    published: date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}


class Document(msgspec.Struct):
    """Only the keys that mean a column: the others are its metadata."""

    id: str = msgspec.field(name="_id")
    text: str
    title: str | None = None
    samarkand: DocumentExtra | None = None

    @property
    def extra(self) -> DocumentExtra:
        return self.samarkand or DocumentExtra()


_COLUMNS = {field.encode_name for field in msgspec.structs.fields(Document)}


class EntityExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    fragments: list[lines.Span] = []
    actor: str | None = None
    attributes: dict[str, str] = {}


class Entity(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    id: str = msgspec.field(name="_id")
    begin: lines.Int32
    end: lines.Int32
    type: str
    value: str
    document: str = msgspec.field(name="documentId")
    confidence: Number | None = None
    samarkand: EntityExtra | None = None


class RelationExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    source: str | None = None
    target: str | None = None
    object: str | None = None
    evidence: list[lines.Span] = []
    status: str | None = None
    attributes: dict[str, str] = {}


class Relation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    id: str = msgspec.field(name="_id")
    begin: lines.Int32 | None = None
    end: lines.Int32 | None = None
    source_begin: lines.Int32 = msgspec.field(name="sourceBegin")
    source_end: lines.Int32 = msgspec.field(name="sourceEnd")
    source: str
    target_begin: lines.Int32 = msgspec.field(name="targetBegin")
    target_end: lines.Int32 = msgspec.field(name="targetEnd")
    target: str
    type: str
    value: str | None = None
    document: str = msgspec.field(name="documentId")
    confidence: Number | None = None
    samarkand: RelationExtra | None = None


class Stance(lines.Stance, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A row of the fourth table, which is this package's own: a stance as in the repository."""

    document: str = msgspec.field(name="documentId")


T = TypeVar("T", Entity, Relation, Stance)


def decode(
    path: str, data: bytes, kind: type[T], problems: list[Problem], unread: Counter[str]
) -> list[tuple[int, T]]:
    """The rows of a file, each with its line; keys that re3d does not have are counted."""
    split = jsonl.split(path, data, problems)
    faults: list[Problem] = []
    values: list[T] = jsonl.decode(path, split, kind, faults)
    if not faults:
        return list(enumerate(values, 1))
    if kind is Stance:  # no other program writes them
        problems += faults
        return []
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    found = []
    for number, line in enumerate(split, 1):
        try:
            row = jsonl.objects(line)
            for key in row.keys() - known:
                unread[f"key '{key}' in {path.rpartition('/')[2]}"] += 1
            row = {key: value for key, value in row.items() if key in known}
            found.append((number, msgspec.convert(row, kind)))
        except (ValueError, msgspec.ValidationError) as error:
            problems.append(Problem(path, number, jsonl.explain(error)))
    return found


def documents(
    path: str, data: bytes, problems: list[Problem]
) -> list[tuple[int, Document, dict[str, str]]]:
    """The rows of documents.json: line, document, metadata."""
    found = []
    for number, line in enumerate(jsonl.split(path, data, problems), 1):
        try:
            row = jsonl.objects(line)
            document = msgspec.convert(row, Document)
            found.append((number, document, _metadata(row, document.extra.metadata)))
        except (ValueError, msgspec.ValidationError) as error:
            problems.append(Problem(path, number, jsonl.explain(error)))
    return found


def _metadata(row: dict[str, Any], extra: dict[str, str]) -> dict[str, str]:
    """Errors: ValueError for what stands in the row and in its key `samarkand`."""
    said = {key: jsonl.as_string(value) for key, value in row.items() if key not in _COLUMNS}
    twice = next((key for key in said if key in extra), None)
    if twice is not None:
        raise ValueError(f"'{twice}' stands in the row and in its samarkand.metadata; keep one")
    return {key: value for key, value in said.items() if value is not None} | extra


def preferred(entities: Iterable[lines.Entity]) -> lines.Entity:
    """Of the entities at one place the most certain one; of equally certain ones the first."""

    def order(entity: lines.Entity) -> tuple[float, str, int, str]:
        score = -1.0 if entity.score is None else entity.score
        return -score, entity.label, len(entity.entity), entity.entity

    return min(entities, key=order)


def places(entities: Sequence[lines.Entity]) -> dict[tuple[int, int], list[lines.Entity]]:
    """The entities of a document by where they are."""
    found: dict[tuple[int, int], list[lines.Entity]] = {}
    for entity in entities:
        found.setdefault((entity.begin, entity.end), []).append(entity)
    return found

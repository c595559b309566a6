"""Documents as JSON, a line at a time: what a line may hold, and everything wrong with it."""

import datetime
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa

from samarkand import files, jsonl, lines, schema
from samarkand.corpus import from_columns
from samarkand.errors import Problem
from samarkand.words import count

#: What each reference of an annotation may be besides the id of an entity.
REFERENCES: dict[str, tuple[str, ...]] = {
    "relations": ("head", "tail", "object"),
    "stances": ("holder", "target", "source_chain"),
}
_EDITED = "Was the text edited after annotation?"
_UTF16 = "Are these offsets in UTF-16? Here they count code points"


class Document(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    doc: str
    text: str
    title: str | None = None
    published: datetime.date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}
    entities: list[lines.Entity] = []
    relations: list[lines.Relation] = []
    stances: list[lines.Stance] = []


def read(
    path: str, block: Sequence[bytes], first: int, problems: list[Problem]
) -> tuple[dict[str, pa.Table], list[int]]:
    """The tables of some lines, and the numbers of the lines that could be read; `first` is one."""
    found: list[Document] = []
    numbers: list[int] = []
    for number, line in enumerate(block, first):
        for document in _decoded(path, line, number, problems):
            problems += [Problem(path, number, message) for message in faults(document)]
            found.append(document)
            numbers.append(number)
    columns = {name: [getattr(d, name) for d in found] for name in schema.DOCUMENTS.names}
    metadata = lines.pairs(columns.pop("metadata"))
    tables = {
        "documents": from_columns(schema.DOCUMENTS, columns | {"metadata": metadata}, len(found))
    }
    for name in schema.TABLES:
        rows = [row for document in found for row in getattr(document, name)]
        docs = [document.doc for document in found for _ in getattr(document, name)]
        tables[name] = lines.to_table(name, docs, rows)
    return tables, numbers


def _decoded(path: str, line: bytes, number: int, problems: list[Problem]) -> list[Document]:
    """The document on a line, or none where there is a problem. A key that is null is not there."""
    if b"null" not in line:
        return jsonl.decode(path, [line], Document, problems, number)
    try:
        return [msgspec.convert(_without_nulls(jsonl.objects(line)), Document)]
    except (ValueError, msgspec.ValidationError) as error:
        problems.append(Problem(path, number, jsonl.explain(error)))
        return []


def _without_nulls(value: Any, depth: int = 8) -> Any:
    """The value without the members of objects that are null, down to where a line has any."""
    if isinstance(value, dict) and depth:
        return {k: _without_nulls(v, depth - 1) for k, v in value.items() if v is not None}
    if isinstance(value, list) and depth:
        return [_without_nulls(item, depth - 1) for item in value]
    return value


def faults(document: Document) -> Iterator[str]:
    """What is wrong with a document whose keys and types are right."""
    if not files.is_slug(document.doc):
        yield (
            f"document id {document.doc!r} is not safe as a file name; use letters, digits, . _ -"
        )
    for entity in document.entities:
        yield from _mention(document.text, entity)
    for name in ("relations", "stances"):
        for row in getattr(document, name):
            id = getattr(row, lines.ID_KEYS[name])
            for column in schema.SPAN_COLUMNS[name]:
                for span in getattr(row, column):
                    yield from _span(document.text, f"the {column} of {id}", span)
    for name in schema.TABLES:
        seen = set()
        for row in getattr(document, name):
            id = getattr(row, lines.ID_KEYS[name])
            if id in seen:
                yield f"{lines.ID_KEYS[name]} {id!r} stands twice; give each its own id"
            seen.add(id)
    yield from _references(document)


def _mention(text: str, entity: lines.Entity) -> Iterator[str]:
    id, pieces = entity.entity, entity.fragments
    if pieces is None:
        yield from _span(text, id, entity)
        return
    if len(pieces) < 2:
        yield f"{id} has fewer than two fragments; leave 'fragments' out for one in one piece"
        return
    for piece in pieces:
        yield from _span(text, f"a fragment of {id}", piece)
    if any(one.end > other.begin for one, other in pairwise(pieces)):
        yield f"the fragments of {id} overlap or are not in the order of the text"
    begin, end = pieces[0].begin, pieces[-1].end
    if (entity.begin, entity.end) != (begin, end):
        yield f"{id} is at {entity.begin}-{entity.end}, but its fragments run from {begin} to {end}"
    joined = " ".join(piece.text for piece in pieces)
    if entity.text != joined:
        said, wanted = _around_difference(entity.text, joined)
        yield f"{id} says {said!r} but its fragments, joined by a space, say {wanted!r}"


def _span(text: str, name: str, span: lines.Span | lines.Entity) -> Iterator[str]:
    begin, end = span.begin, span.end
    if begin >= end:
        fault = "covers nothing" if begin == end else "ends before it begins"
        yield f"{name} is at {begin}-{end}: it {fault}"
    elif begin < 0 or end > len(text):
        long = count(len(text), "character")
        yield f"{name} is at {begin}-{end}, but the text has {long}. {_EDITED}"
    elif text[begin:end] != span.text:
        said, wanted = _around_difference(span.text, text[begin:end])
        units = text.encode("utf-16-le")[2 * begin : 2 * end]
        guess = _UTF16 if units == span.text.encode("utf-16-le") else _EDITED
        yield f"{name} says {said!r} but {begin}-{end} of the text is {wanted!r}. {guess}"


def _references(document: Document) -> Iterator[str]:
    known = {entity.entity for entity in document.entities}
    for relation in document.relations:
        for column in REFERENCES["relations"]:
            id = getattr(relation, column)
            if id is not None and id not in known:
                yield _unknown(f"the {column} of {relation.relation}", id)
    known.update(schema.RESERVED)
    for stance in document.stances:
        about = stance.target.startswith(schema.PROPOSITION)
        targets = [] if about else [("target", stance.target)]
        chain = [("source_chain", id) for id in stance.source_chain]
        for column, id in [("holder", stance.holder), *targets, *chain]:
            if id not in known:
                yield _unknown(f"the {column} of {stance.stance}", id)


def _unknown(name: str, id: str) -> str:
    return f"{name} is {id!r}, but no entity of the document is called so"


def _around_difference(one: str, other: str, most: int = 60) -> tuple[str, str]:
    """Two texts, cut to where they differ if they are long."""
    same = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    skip = same - 10 if same > most // 2 and max(len(one), len(other)) > most else 0
    return _cut(one, skip, most), _cut(other, skip, most)


def _cut(said: str, skip: int, most: int) -> str:
    rest = said[skip:]
    return ("…" if skip else "") + (rest if len(rest) <= most else f"{rest[:most]}…")

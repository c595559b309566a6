"""re3d: from its tables to a corpus."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pyarrow as pa

from samarkand import files as slugs
from samarkand import lines, schema, text
from samarkand.corpus import Layer, from_columns
from samarkand.covered import alike, differs, wrong
from samarkand.errors import Problem
from samarkand.formats.base import Files, doc_ids, renamed
from samarkand.formats.re3d import rows

#: A file and a line of it.
At = tuple[str, int]


@dataclass
class Report:
    """What is found on the way. `kinds` counts what is told in a note."""

    problems: list[Problem] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # tables of documents with a fault

    def wrong(self, at: At, message: str) -> None:
        self.problems.append(Problem(*at, message))


@dataclass
class Document:
    """A document, its annotations as they become rows, and the lines where they were."""

    doc: str
    at: At
    row: rows.Document
    metadata: dict[str, str]
    split: str | None
    number: int = 0
    entities: dict[str, lines.Entity] = field(default_factory=dict)
    relations: dict[str, lines.Relation] = field(default_factory=dict)
    stances: dict[str, lines.Stance] = field(default_factory=dict)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, table: str, id: str, at: At, value: lines.Line, to: Report) -> None:
        if (table, id) in self.seen:
            line = self.seen[table, id]
            to.wrong(at, f"id '{id}' stands on line {line} already, of the same document")
        self.seen[table, id] = at[1]
        getattr(self, table)[id] = value


@dataclass(frozen=True)
class Claim:
    """A span as a file has it: where, of which row, its offsets, the text it is said to cover."""

    at: At
    row: int
    name: str
    begin: int
    end: int
    said: str


#: A span in code points, with the text that it covers.
Place = lines.Span
#: A document's entities by where they are.
Places = dict[tuple[int, int], list[lines.Entity]]


def folders(files: Files, to: Report) -> dict[str, dict[str, str]]:
    """The path of each table, by folder."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(files):
        folder, _, name = path.rpartition("/")
        table = name.removesuffix(".jsonl").removesuffix(".json")
        if table not in rows.TABLES:
            wanted = ", ".join(f"{table}.json" for table in rows.TABLES)
            to.wrong((path, 0), f"the tables of re3d are {wanted}; move this file away")
        elif table in found.setdefault(folder, {}):
            to.wrong((path, 0), f"is there twice: {found[folder][table]} is the same table")
        else:
            found[folder][table] = path
    for tables in found.values():
        if tables and "documents" not in tables:
            to.wrong((min(tables.values()), 0), "there is no documents.json beside it")
        elif "entities" not in tables and tables:
            to.notes.append(f"there is no entities.json beside {tables['documents']}")
    return found


def documents(files: Files, paths: Iterable[str], to: Report) -> dict[str, dict[str, Document]]:
    """The documents of each file by their ids in it; a document's own id is safe as a file name."""
    stems = {path: path.removesuffix(".jsonl").removesuffix(".json") for path in paths}
    names = doc_ids(list(stems.values()))
    found: dict[str, dict[str, Document]] = {path: {} for path in stems}
    owner: dict[str, tuple[str, int]] = {}
    for path, stem in stems.items():
        prefix, split = names[stem]
        before = len(to.problems)
        for number, row, metadata in rows.documents(path, files[path], to.problems):
            doc, at = row.id, (path, number)
            if not slugs.is_slug(doc):
                doc, metadata = f"{prefix}-{number}", {"_id": row.id} | metadata
            other = found[path][row.id].at if row.id in found[path] else owner.get(doc)
            if other is not None:
                to.wrong(at, f"document '{row.id}' stands in {other[0]}:{other[1]} already")
            owner[doc] = at
            split_of = row.extra.split or split
            found[path][row.id] = Document(doc, at, row, metadata, split_of)
        if len(to.problems) > before:
            to.broken.add(path)
    to.notes += renamed(names, pa.table({"doc": list(owner)}))
    return found


def resolve(claims: list[Claim], texts: list[str], to: Report) -> list[Place | None]:
    """Where the claims are in their documents, in code points; None for a fault, which is told."""
    ix = text.index(pa.array(texts, pa.string()))
    row, begin, end = (
        np.array([getattr(claim, name) for claim in claims], np.int64)
        for name in ("row", "begin", "end")
    )
    values = pa.array([claim.said for claim in claims], pa.string())
    unit = text.infer_unit(ix, row, begin, end, values, tuple(text.UNITS))
    if unit != text.POINTS:
        to.notes.append(f"offsets are {text.UNITS[unit]}, by the texts that they cover")
    first, early = text.points(ix, unit, row, begin)
    last, late = text.points(ix, unit, row, end)
    found: list[Place | None] = []
    for at, claim in enumerate(claims):
        fault = early.get(at) or late.get(at)
        covered = texts[claim.row][first[at] : last[at]]
        if claim.end <= claim.begin:
            how = "covers nothing" if claim.end == claim.begin else "ends before it begins"
            fault = f"{claim.begin}-{claim.end} {how}"
        if fault is None and not alike(claim.said, covered):
            said = differs(claim.said, claim.begin, claim.end, covered)
            fault = f"the {claim.name} {said}"
        if fault is not None:
            to.wrong(claim.at, fault)
            found.append(None)
            continue
        to.kinds["white"] += claim.said != covered
        found.append(Place(int(first[at]), int(last[at]), covered))
    return found


def entity(
    row: rows.Entity, id: str, place: Place, doc: Document, at: At, to: Report
) -> lines.Entity:
    extra, covered = row.samarkand or rows.EntityExtra(), place.text
    pieces = fragments(extra.fragments, place, doc.row.text, at, to)
    if pieces is not None:
        covered = " ".join(piece.text for piece in pieces)
    return lines.Entity(
        id, row.type, place.begin, place.end, covered, pieces, extra.actor, row.confidence,
        extra.attributes,
    )  # fmt: skip


def fragments(
    pieces: list[lines.Span], place: Place, covered: str, at: At, to: Report
) -> list[lines.Span] | None:
    """The pieces of an entity, unless it has none, or was moved since they were written."""
    if not pieces:
        return None
    faults = list(wrong(pieces, covered))
    edges = [edge for piece in pieces for edge in (piece.begin, piece.end)]
    if len(pieces) < 2 or edges != sorted(edges):
        faults.append("wanted two or more, in order, that do not overlap")
    for fault in faults:
        to.wrong(at, f"samarkand.fragments: {fault}")
    if not faults and (edges[0], edges[-1]) != (place.begin, place.end):
        to.unread["fragments of an entity that is elsewhere now"] += 1
        return None
    return pieces


def argument(where: Places, place: Place, named: str | None, to: Report) -> str | None:
    """The entity at a relation's end: the one named, if it is there, else the most certain one."""
    there = where.get((place.begin, place.end), [])
    if named is not None:
        if any(entity.entity == named for entity in there):
            return named
        to.unread["name of a relation's end that is elsewhere now"] += 1
    if not there:
        return None
    to.kinds["ambiguous"] += len(there) > 1
    return rows.preferred(there).entity


def relation(
    row: rows.Relation, id: str, ends: tuple[str, str], place: Place | None, doc: Document,
    at: At, to: Report,
) -> lines.Relation:  # fmt: skip
    extra = row.samarkand or rows.RelationExtra()
    object = extra.object
    if object is not None and object not in doc.entities:
        to.unread["object of a relation that is no entity now"] += 1
        object = None
    for fault in wrong(extra.evidence, doc.row.text):
        to.wrong(at, f"samarkand.evidence: {fault}")
    evidence = [*([place] if place else []), *extra.evidence]
    return lines.Relation(
        id, row.type, *ends, object, evidence, extra.status, row.confidence, extra.attributes
    )


def stance(row: rows.Stance, doc: Document, at: At, to: Report) -> None:
    for column in schema.SPAN_COLUMNS["stances"]:
        for fault in wrong(getattr(row, column), doc.row.text):
            to.wrong(at, f"{column}: {fault}")
    if lines.referred(row) <= set(doc.entities):
        fields = msgspec.structs.asdict(row)
        del fields["document"]
        doc.add("stances", row.stance, at, lines.Stance(**fields), to)
    else:
        to.unread["stance that refers to an entity that is not there"] += 1


def tables(found: list[Document], layer: str) -> tuple[pa.Table, Layer]:
    """The documents table and the layer."""
    extras = [doc.row.extra for doc in found]
    columns = {
        name: [getattr(extra, name) for extra in extras]
        for name in ("published", "language", "event", "license", "sha256")
    }
    columns |= {
        "doc": [doc.doc for doc in found],
        "text": [doc.row.text for doc in found],
        "title": [doc.row.title for doc in found],
        "split": [doc.split for doc in found],
        "metadata": lines.pairs([doc.metadata for doc in found]),
    }
    made = {}
    for name in schema.TABLES:
        values = [(doc.doc, value) for doc in found for value in getattr(doc, name).values()]
        made[name] = lines.to_table(name, [doc for doc, _ in values], [row for _, row in values])
    return from_columns(schema.DOCUMENTS, columns, len(found)), Layer(layer, **made)

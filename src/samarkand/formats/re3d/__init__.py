"""re3d: JSON Lines tables of documents, entities and relations, linked by the document's id.

The format of the Relationship and Entity Extraction Evaluation Dataset of the UK's Dstl
(github.com/dstl/re3d, its README.md): in a folder for each source documents.json, entities.json
and relations.json, one row a line. What the rows become:

    documents   _id, title, text; sourceName, sourceUrl, wordCount and any other key: metadata
    entities    _id, begin, end, type, value (the covered text), documentId, confidence (the score)
    relations   the same, for the words that say it (evidence), and where its source and its target
                are. They name places: where several entities are, the most certain one is meant.

The rows say nothing of the unit of their offsets: it is the one in which the values are what is
covered. Values may lack the white space at their edges, or have other quotation marks.

What re3d has no key for is in a key `samarkand` of the same row, and stances are in a fourth
table, stances.json: no program rewrites these tables, and who reads JSON passes over other keys.
"""

import re
from typing import Any, TypeVar

import msgspec

from samarkand import jsonl, lines
from samarkand.corpus import Corpus
from samarkand.errors import FormatError
from samarkand.formats.base import WHOLE, Files, Reading, by_document, everything, frame
from samarkand.formats.re3d import reader as reading
from samarkand.formats.re3d import rows
from samarkand.formats.re3d.reader import At, Claim, Document, Place, Places, Report

SUFFIXES = (".json", ".jsonl")
PARTS = WHOLE

T = TypeVar("T")

_NUMBER = re.compile("0|[1-9][0-9]{0,8}")


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """The tables of any number of folders as a corpus.

    Errors: FormatError with every row that is not of its table, whose value is not what its
    offsets cover, that repeats an id, or names a document that is not there.
    """
    to = Report()
    folders = reading.folders(files, to)
    texts = [tables["documents"] for tables in folders.values() if "documents" in tables]
    by_path = reading.documents(files, texts, to)
    docs = [doc for same in by_path.values() for doc in same.values()]
    for number, doc in enumerate(docs):
        doc.number = number
    entities, relations, stances = (
        [row for tables in folders.values() for row in _rows(files, tables, table, by_path, to)]
        for table in _KINDS
    )
    claims = [claim for at, doc, row in entities for claim in _value(at, doc, row)]
    claims += [claim for at, doc, row in relations for claim in _claims(at, doc, row, to)]
    found = reading.resolve(claims, [doc.row.text for doc in docs], to)
    places = {(claim.at, claim.name): place for claim, place in zip(claims, found, strict=True)}
    _entities(entities, places, to)
    _relations(relations, places, to)
    for at, doc, row in stances:
        reading.stance(row, doc, at, to)
    if to.problems:
        raise FormatError(sorted(to.problems))
    documents, made = reading.tables(docs, layer)
    return Reading(frame(documents, made), dict(sorted(to.unread.items())), _notes(to))


#: The tables that hold annotations, and what a row of each is.
_KINDS: dict[str, Any] = {
    "entities": rows.Entity,
    "relations": rows.Relation,
    "stances": rows.Stance,
}


def _rows(
    files: Files,
    tables: dict[str, str],
    table: str,
    by_path: dict[str, dict[str, Document]],
    to: Report,
) -> list[tuple[At, Document, Any]]:
    """The rows of one of a folder's tables, each with its place and its document."""
    if table not in tables or "documents" not in tables:
        return []
    path, texts, found = tables[table], tables["documents"], []
    for number, row in rows.decode(path, files[path], _KINDS[table], to.problems, to.unread):
        if row.document in by_path[texts]:
            found.append(((path, number), by_path[texts][row.document], row))
        elif texts not in to.broken:
            to.wrong((path, number), f"documentId '{row.document}' is that of no document")
    return found


def _value(at: At, doc: Document, row: rows.Entity | rows.Relation) -> list[Claim]:
    """The span of a row, if it has one."""
    if row.begin is None or row.end is None or row.value is None:
        return []
    return [Claim(at, doc.number, "value", row.begin, row.end, row.value)]


def _claims(at: At, doc: Document, row: rows.Relation, to: Report) -> list[Claim]:
    found = _value(at, doc, row)
    if not found and (row.begin, row.end, row.value) != (None, None, None):
        to.wrong(at, "wanted begin, end and value, or none of them")
    return [
        Claim(at, doc.number, "source", row.source_begin, row.source_end, row.source),
        Claim(at, doc.number, "target", row.target_begin, row.target_end, row.target),
        *found,
    ]


def _entities(found: list[Any], places: dict[Any, Place | None], to: Report) -> None:
    for at, doc, row in found:
        place = places[at, "value"]
        if place is not None:
            id = row.id.removeprefix(f"{row.document}-")
            doc.add("entities", id, at, reading.entity(row, id, place, doc, at, to), to)


def _relations(found: list[Any], places: dict[Any, Place | None], to: Report) -> None:
    where: dict[str, Places] = {}
    for at, doc, row in found:
        if doc.doc not in where:
            where[doc.doc] = rows.places(list(doc.entities.values()))
        source, target = places[at, "source"], places[at, "target"]
        if source is None or target is None:
            continue
        extra = row.samarkand or rows.RelationExtra()
        head = reading.argument(where[doc.doc], source, extra.source, to)
        tail = reading.argument(where[doc.doc], target, extra.target, to)
        if head is None or tail is None:
            to.unread["relation whose source or target is no entity"] += 1
            continue
        id, evidence = row.id.removeprefix(f"{row.document}-"), places.get((at, "value"))
        made = reading.relation(row, id, (head, tail), evidence, doc, at, to)
        doc.add("relations", id, at, made, to)


def _notes(to: Report) -> tuple[str, ...]:
    notes = list(to.notes)
    if count := to.kinds["white"]:
        notes.append(
            "values that are written otherwise than in the document (white space, quotation "
            f"marks, ASCII), whose text was taken: {count:,}"
        )
    if count := to.kinds["ambiguous"]:
        notes.append(
            "ends of relations that are where several entities are, of which the most certain one "
            f"was taken: {count:,}"
        )
    return tuple(notes)


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as documents.json, entities.json, relations.json, and stances.json if it has any.

    Offsets are code points. Ids are the document's and the annotation's, with a `-` between them.
    """
    narrowed = narrow(corpus, layer)
    kept, docs = narrowed.layers[layer], narrowed.documents.to_pylist()
    made: dict[str, list[Any]] = {table: [] for table in rows.TABLES}
    names = [row["doc"] for row in docs]
    parts = [
        by_document(names, lines.from_table(table, kept.table(table)), kept.table(table))
        for table in rows.TABLES[1:]
    ]
    for row in docs:
        doc, covered = row["doc"], row["text"]
        entities, relations, stances = (part[doc] for part in parts)
        where, by_id = rows.places(entities), {entity.entity: entity for entity in entities}
        made["documents"].append(_document_row(row))
        made["entities"] += [_entity_row(doc, covered, entity) for entity in entities]
        made["relations"] += [
            _relation_row(doc, covered, relation, by_id, where) for relation in relations
        ]
        made["stances"] += [
            rows.Stance(**msgspec.structs.asdict(stance), document=doc) for stance in stances
        ]
    if not made["stances"]:
        del made["stances"]
    return {f"{table}.json": jsonl.encode(values) for table, values in made.items()}


def _document_row(row: dict[str, Any]) -> dict[str, Any]:
    metadata = {pair["name"]: pair["value"] for pair in row["metadata"]}
    made: dict[str, Any] = {"_id": row["doc"]}
    for name in rows.METADATA:
        if name in metadata:
            value = metadata.pop(name)
            count = name in rows.COUNTS and _NUMBER.fullmatch(value)
            made[name] = int(value) if count else value
    if row["title"] is not None:
        made["title"] = row["title"]
    made["text"] = row["text"]
    columns = ("published", "language", "event", "split", "license", "sha256")
    extra = rows.DocumentExtra(**{name: row[name] for name in columns}, metadata=metadata)
    if _or_none(extra):
        made["samarkand"] = extra
    return made


def _or_none(extra: T) -> T | None:
    """An extra that says nothing is left out."""
    return None if extra == type(extra)() else extra


def _entity_row(doc: str, covered: str, row: lines.Entity) -> rows.Entity:
    value = row.text if row.fragments is None else covered[row.begin : row.end]
    return rows.Entity(
        id=f"{doc}-{row.entity}", begin=row.begin, end=row.end, type=row.label, value=value,
        document=doc, confidence=row.score,
        samarkand=_or_none(rows.EntityExtra(row.fragments or [], row.actor, row.attributes)),
    )  # fmt: skip


def _relation_row(
    doc: str, covered: str, row: lines.Relation, by_id: dict[str, lines.Entity],
    where: dict[tuple[int, int], list[lines.Entity]],
) -> rows.Relation:  # fmt: skip
    ends = [by_id[id] for id in (row.head, row.tail)]
    places = [(end.begin, end.end, covered[end.begin : end.end]) for end in ends]
    named = [end.entity if len(where[end.begin, end.end]) > 1 else None for end in ends]
    first = row.evidence[0] if row.evidence else None
    return rows.Relation(
        id=f"{doc}-{row.relation}", type=row.label, document=doc, confidence=row.score,
        source_begin=places[0][0], source_end=places[0][1], source=places[0][2],
        target_begin=places[1][0], target_end=places[1][1], target=places[1][2],
        begin=first.begin if first else None, end=first.end if first else None,
        value=first.text if first else None,
        samarkand=_or_none(rows.RelationExtra(
            named[0], named[1], row.object, row.evidence[1:], row.status, row.attributes
        )),
    )  # fmt: skip


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Everything is kept but entities that cover nothing and references to what is not there."""
    return everything(corpus, layer)

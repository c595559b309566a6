"""BioC JSON: documents of passages, with annotations, relations, and infons for the rest.

BioC is told in Comeau et al. 2013 (doi:10.1093/database/bat064) and its BioC.dtd; the JSON form is
that of NCBI (PubTator3, the BioC API of PMC) and of the Python library `bioc`. A file holds a
collection (an object with `documents`), several in a list, the list `PubTator3`, a document, or
documents one a line. What the parts become:

    passage     text at its offset; gaps are filled with line ends, in sentences with spaces. What
                passages there are is kept in the metadata `passages`, and written again
    annotation  entity, in several locations too; infon `type` is its label, `score` its score, an
                `identifier` that starts with `actor:` its actor, the other infons its attributes
    relation    of nodes with the roles head, tail and object, or of two with others, which become
                the attributes head_role and tail_role; `status` is its status, if it is one.
                In PubTator3's relations one node numbers two annotations: these are its ends

Offsets are from the document's start. The DTD wants them in bytes; NCBI's files and the library
count code points, files from Java UTF-16. Each file has the unit in which the most texts of
annotations are what is covered. Those texts may be in ASCII, which is how PubTator writes them.

What BioC has no place for is in an infon `samarkand`, as JSON: libraries keep infons that they do
not know (the decoder of `bioc` takes them as they are). Stances are relations of type STANCE.
"""

import json
from typing import Any

import pyarrow as pa

from samarkand import lines, schema, text
from samarkand.corpus import Corpus, Layer, from_columns
from samarkand.errors import FormatError
from samarkand.formats.base import (
    DOCUMENTS,
    Files,
    Reading,
    by_document,
    doc_ids,
    everything,
    frame,
    renamed,
)
from samarkand.formats.bioc import places, rows
from samarkand.formats.bioc import writer as writing
from samarkand.formats.bioc.decode import documents as items
from samarkand.formats.bioc.parts import Document, Report, document, name_all
from samarkand.words import count

SUFFIXES = (".json",)
PARTS = DOCUMENTS

#: The file that is written.
FILE = "annotations.json"


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """BioC files as a corpus. A document without an id that can be a name gets the file's name and
    its number in the file.

    Errors: FormatError with every part that is not of its shape, that lies outside the text or
    says another one, that repeats an id, or refers to nothing.
    """
    to = Report()
    stems = {path: path.removesuffix(".json") for path in sorted(files)}
    names = doc_ids(list(stems.values()))
    docs: list[Document] = []
    units: dict[str, list[str]] = {}
    for path, stem in stems.items():
        name, split = names[stem]
        found = [
            doc for number, item in enumerate(items(path, files[path], to.problems), first)
            if (doc := document(item, name, number, to)) is not None
        ]  # fmt: skip
        units.setdefault(places.place(found, to), []).append(path)
        for doc in found:
            doc.extra.split = doc.extra.split or split
        docs += found
    _no_repeats(docs, to)
    made: dict[str, list[tuple[str, Any]]] = {name: [] for name in schema.TABLES}
    for doc in docs:
        _annotations(doc, made, to)
    if to.problems:
        raise FormatError(sorted(set(to.problems)))
    tables = {
        name: lines.to_table(name, [doc for doc, _ in found], [row for _, row in found])
        for name, found in made.items()
    }
    table = _documents(docs, to)
    notes = (*_units(units, len(files)), *_notes(to), *renamed(names, table))
    unread = {kind: count for kind, count in sorted(to.unread.items()) if count}
    return Reading(frame(table, Layer(layer, **tables)), unread, notes)


def _no_repeats(docs: list[Document], to: Report) -> None:
    owner: dict[str, Document] = {}
    for doc in docs:
        if doc.doc in owner:
            other = owner[doc.doc].item
            where = f"{other.path}:{other.line}" if other.line else other.path
            where += f" ({other.trail})" if other.trail else ""
            message = f"document '{doc.doc}' is in {where} already"
            to.problems.append(doc.item.problem(message))
        owner[doc.doc] = doc


def _annotations(doc: Document, made: dict[str, list[tuple[str, Any]]], to: Report) -> None:
    """The rows of a document's annotations."""
    relations = [link for link in doc.links if link.extra.stance is None]
    stances = [link for link in doc.links if link.extra.stance is not None]
    before = len(to.problems)
    name_all(doc.mentions, "T", to)
    name_all(relations, "R", to)
    name_all(stances, "S", to)
    entities = []
    for mention in doc.mentions:
        places.check(doc, mention, to)
        entity = rows.entity(doc, mention, to)
        if entity is not None:
            entities.append(entity)
    if not doc.whole or len(to.problems) > before:
        return  # what refers to a faulty annotation is no further fault
    names = rows.Names(doc, entities)
    found: dict[str, list[Any]] = {
        "entities": entities,
        "relations": [rows.relation(doc, link, names, to) for link in relations],
        "stances": [rows.stance(doc, link, names, to) for link in stances],
    }
    for table, values in found.items():
        made[table] += [(doc.doc, value) for value in values if value is not None]


def _documents(docs: list[Document], to: Report) -> pa.Table:
    columns: dict[str, Any] = {
        name: [getattr(doc.extra, name) for doc in docs] for name in writing.COLUMNS
    }
    for doc in docs:
        division = rows.passages(doc)
        if division is not None and doc.metadata.setdefault(rows.PASSAGES, division) != division:
            to.unread["division into passages"] += 1
    columns |= {
        "doc": [doc.doc for doc in docs],
        "text": [doc.text for doc in docs],
        "metadata": lines.pairs([doc.metadata for doc in docs]),
    }
    return from_columns(schema.DOCUMENTS, columns, len(docs))


def _units(units: dict[str, list[str]], files: int) -> list[str]:
    return [
        f"offsets are {text.UNITS[unit]} in {len(paths):,} of {count(files, 'file')} ({paths[0]}), "
        "by the texts that they cover"
        for unit, paths in sorted(units.items())
        if unit != text.POINTS
    ]


def _notes(to: Report) -> list[str]:
    told = {
        "white": "annotations that say their text otherwise than the document (white space, "
        "quotation marks, ASCII), whose text was taken",
        "id again": "ids of annotations that begin anew in each passage and were made different",
        "no id": "annotations and relations without an id, which were numbered",
    }
    return [f"{said}: {to.kinds[kind]:,}" for kind, said in told.items() if to.kinds[kind]]


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as one collection, a document a line. Offsets are code points.

    A document is one passage, or those that its metadata tell; what is not in one of them, and all
    relations, are the document's.
    """
    narrowed = narrow(corpus, layer)
    kept, docs = narrowed.layers[layer], narrowed.documents.to_pylist()
    names = [row["doc"] for row in docs]
    parts = [
        by_document(names, lines.from_table(table, kept.table(table)), kept.table(table))
        for table in schema.TABLES
    ]
    made = [writing.document(row, *(part[row["doc"]] for part in parts)) for row in docs]
    body = ",\n".join(
        json.dumps(one, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for one in made
    )
    head = '{"source":"","date":"","key":"","infons":{},"documents":[\n'
    return {FILE: f"{head}{body}\n]}}\n".encode()}


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Everything is kept but entities that cover nothing and references to what is not there."""
    return everything(corpus, layer)

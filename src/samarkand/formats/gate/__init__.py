"""GATE XML, which is only read: a document with its text, features and annotations in one file.

It is what GATE (gate.ac.uk) saves and loads as "GATE XML"; the code is
`gate.corpora.DocumentStaxUtils` of gate-core. What is in a file becomes:

    TextWithNodes   the text. GATE numbers the nodes in it by their offsets in UTF-16, but on
                    loading takes the place where a node stands; so does this, in code points
    Annotation      an entity. Its Type is the label, its features are attributes, as written;
                    the attribute `set` is the name of the annotation set, if that has one
    Relation        a relation of the two entities that are its members, the first the head
    document        its features are metadata; `gate.` is put before the name of one that is
                    called as a column is

Annotations that describe the text (Token, SpaceToken, Sentence, Split, Lookup), those of the set
"Original markups" and those that cover no text are counted as unread. The classes of features
(java.lang.Long, say) are not kept, and the value of an object is the XML that GATE wrote for it.

Two things are lost before: GATE writes a space for a character that XML forbids, and whatever reads
XML, GATE too, takes CR LF for LF where it is not written as `&#xd;`.
"""

from collections import Counter

import numpy as np
import pyarrow as pa

from samarkand import layout, lines, schema, text
from samarkand.corpus import Layer, from_columns
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import DOCUMENTS, Files, Reading, doc_ids, frame, renamed
from samarkand.formats.gate.document import Annotation, Document, parsed
from samarkand.words import count

SUFFIXES = (".xml",)
PARTS = DOCUMENTS

#: The attribute that holds the name of the annotation set.
SET = "set"
#: What goes before the name of a document's feature that is the name of a column.
PREFIX = "gate."


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Documents and annotations as a corpus.

    Errors: FormatError with everything in the files that is no XML, or that GATE would not write.
    """
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    ids = doc_ids([path.removesuffix(".xml") for path in files])
    found: list[tuple[str, str | None, Document]] = []
    rows: dict[str, list[tuple[str, lines.Line]]] = {name: [] for name in schema.TABLES}
    moved = []
    for stem, (doc, split) in sorted(ids.items()):
        document = Document(f"{stem}.xml", problems, unread)
        if not parsed(document, files[document.path]):
            continue
        found.append((doc, split, document))
        entities, names = _entities(document)
        rows["entities"] += [(doc, entity) for entity in entities]
        rows["relations"] += [(doc, relation) for relation in _relations(document, names)]
        if _moved(document):
            moved.append(document.path)
    if problems:
        raise FormatError(sorted(problems))
    tables = {
        name: lines.to_table(name, [doc for doc, _ in some], [row for _, row in some])
        for name, some in rows.items()
    }
    counts = {kind: count for kind, count in sorted(unread.items()) if count}
    table = _documents(found)
    notes = (*_notes(files, moved), *renamed(ids, table))
    return Reading(frame(table, Layer(layer, **tables)), counts, notes)


def _entities(document: Document) -> tuple[list[lines.Entity], dict[tuple[str, int | None], str]]:
    """The entities of a document, and the id here of each annotation, by its set and its id."""
    said = document.text or ""
    without = [a for a in document.annotations if a.id is None]
    if without and len(without) < len(document.annotations):
        document.fault(without[0].line, "an annotation without an Id, while others have one")
    found: list[lines.Entity] = []
    names: dict[tuple[str, int | None], str] = {}
    times: Counter[int] = Counter()
    for number, annotation in enumerate(document.annotations):
        places = [document.nodes.get(node, -1) for node in annotation.members]
        if -1 in places:
            missing = annotation.members[places.index(-1)]
            document.fault(annotation.line, f"there is no node {missing} in the text")
        elif places[0] > places[1]:
            start, end = annotation.members
            document.fault(annotation.line, f"node {start}, the start, stands behind node {end}")
        elif places[0] == places[1]:
            document.unread["annotation that covers no text"] += 1
        else:
            id = number if annotation.id is None else annotation.id
            times[id] += 1
            name = str(id) if times[id] == 1 else f"{id}-{times[id]}"
            names[annotation.owner, annotation.id] = name
            begin, end = places
            attributes = _attributes(document, annotation)
            found.append(
                lines.Entity(
                    name, annotation.type, begin, end, said[begin:end], attributes=attributes
                )
            )
    return found, names


def _relations(
    document: Document, names: dict[tuple[str, int | None], str]
) -> list[lines.Relation]:
    found = []
    times: Counter[int | None] = Counter()
    for relation in document.relations:
        members = [names.get((relation.owner, member), "") for member in relation.members]
        if len(members) != 2:
            document.unread[f"relation of {count(len(members), 'member')}"] += 1
        elif not all(members):
            document.unread["relation of what is no entity"] += 1
        else:
            times[relation.id] += 1
            again = f"-{times[relation.id]}" if times[relation.id] > 1 else ""
            attributes = _attributes(document, relation)
            head, tail = members
            id = f"{relation.id}{again}"
            found.append(lines.Relation(id, relation.type, head, tail, attributes=attributes))
    return found


def _attributes(document: Document, annotation: Annotation) -> dict[str, str]:
    """The features, and the name of the set where it has one."""
    if not annotation.owner:
        return annotation.features
    if SET in annotation.features:
        document.unread[f"name of the set of an annotation with a feature called {SET}"] += 1
    return {SET: annotation.owner} | annotation.features


def _documents(found: list[tuple[str, str | None, Document]]) -> pa.Table:
    taken = {*layout.TAKEN, *schema.DOCUMENTS.names}
    metadata = [
        {PREFIX + name if name in taken else name: value for name, value in d.features.items()}
        for _, _, d in found
    ]
    columns = {
        "doc": [doc for doc, _, _ in found],
        "text": [document.text for _, _, document in found],
        "split": [split for _, split, _ in found],
        "metadata": lines.pairs(metadata),
    }
    return from_columns(schema.DOCUMENTS, columns, len(found))


def _moved(document: Document) -> bool:
    """Whether any node's number is not its place in UTF-16."""
    number, place = (
        np.array(list(some), np.int64) for some in (document.nodes, document.nodes.values())
    )
    index = text.index(pa.array([document.text], pa.string()))
    return bool((text.to_unit(index, text.UTF16, np.zeros_like(place), place) != number).any())


def _notes(files: Files, moved: list[str]) -> tuple[str, ...]:
    notes = []
    if moved:
        notes.append(
            f"nodes whose numbers are not their offsets in UTF-16, in {count(len(moved), 'file')} "
            f"(first: {moved[0]}): the places where they stand were taken, as GATE does"
        )
    wide = (b"\xff\xfe", b"\xfe\xff")  # UTF-16, in which that byte may be half of anything
    carriage = [
        path for path, data in sorted(files.items()) if b"\r" in data and data[:2] not in wide
    ]
    if carriage:
        notes.append(
            f"line ends CR LF were read as LF, as XML wants it, in {count(len(carriage), 'file')} "
            f"(first: {carriage[0]})"
        )
    return tuple(notes)

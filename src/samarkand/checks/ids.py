"""Checks of ids and references, and of annotations that are there twice."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import files
from samarkand.checks.view import (
    Arguments,
    Fault,
    LayerView,
    Rows,
    View,
    alike,
    among,
    codes,
    numbered,
    rows_of,
    show,
)  # fmt: skip
from samarkand.schema import AUTHOR, PROPOSITION, RESERVED, SPAN_TARGET, UNSPECIFIED
from samarkand.text import whole

#: The words that may stand in place of an entity id, by column.
WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("stances", "holder"): (AUTHOR, UNSPECIFIED),
    ("stances", "target"): (UNSPECIFIED, SPAN_TARGET),
    ("stances", "source_chain"): (AUTHOR,),
}


def duplicate_id(view: View) -> Iterator[Fault]:
    """An id that two documents, actors, or annotations of one kind in one document bear."""
    for key, table in (("doc", view.corpus.documents), ("actor", view.corpus.actors)):
        for group in alike(numbered(table[key])):
            id = table[key][int(group[0])].as_py()
            place = {"doc": id} if key == "doc" else {"table": "actors", "id": id}
            yield Fault(f"{key} {show(id)} stands {len(group)} times", **place)
    for rows in view.all_tables():
        for group in alike(rows.doc, numbered(rows.table["id"])):
            id = rows.value("id", group[0])
            yield rows.fault(
                int(group[0]), f"id {show(id)} stands {len(group)} times; give each its own"
            )


def unsafe_id(view: View) -> Iterator[Fault]:
    """An id that is unsafe as a file name, holds white space, or means something else."""
    for doc in view.corpus.documents["doc"].unique().to_pylist():
        if not files.is_slug(doc):
            yield Fault(f"document id {show(doc)}: use letters, digits, . _ -", doc=doc)
    for actor in view.corpus.actors["actor"].to_pylist():
        if not files.is_slug(actor):
            message = f"actor id {show(actor)}: use letters, digits, . _ -"
            yield Fault(message, table="actors", id=actor)
    for layer in view.layers:
        name = layer.layer.name
        if not all(files.is_slug(part) for part in name.split("/")):
            message = f"layer name {show(name)}: use letters, digits, . _ - and /"
            yield Fault(message, name, table="layer")
        for rows in layer.tables.values():
            yield from _unsafe(rows)


def _unsafe(rows: Rows) -> Iterator[Fault]:
    encoded = whole(rows.table["id"]).dictionary_encode()
    ids = encoded.dictionary
    faults = {
        "is empty or holds white space": pc.match_substring_regex(ids, r"[\s\p{Z}]|^$"),
    }
    if rows.name == "entities":
        faults["is a reserved word"] = pc.is_in(ids, pa.array(RESERVED))
        faults["starts as a proposition does"] = pc.starts_with(ids, PROPOSITION)
    for fault, mask in faults.items():
        if pc.any(mask).as_py():
            for row in rows_of(mask.take(encoded.indices)):
                yield rows.fault(row, f"id {show(rows.value('id', row))} {fault}; rename it")


def unknown_document(view: View) -> Iterator[Fault]:
    """Annotations of a document that the corpus does not have."""
    for layer in view.layers:
        docs = np.concatenate([rows.doc for rows in layer.tables.values()])
        unknown, times = np.unique(docs[~view.known(docs)], return_counts=True)
        for doc, count in zip(unknown.tolist(), times.tolist(), strict=True):
            rows = next(rows for rows in layer.tables.values() if doc in rows.doc)
            row = int(np.flatnonzero(rows.doc == doc)[0])
            yield rows.fault(
                row, f"{count} annotation{'s' * (count > 1)} of the document "
                f"{show(rows.value('doc', row))}, which the corpus does not have",
            )  # fmt: skip


def dangling_argument(view: View) -> Iterator[Fault]:
    """An argument that names no entity of its document, or SPAN without spans, or the reverse."""
    for layer in view.layers:
        for key, argument in layer.arguments.items():
            words = WORDS.get(key, ())
            missing = (argument.entity < 0) & (codes(argument.id, words) < 0)
            if key == ("stances", "target"):
                missing &= ~np.asarray(pc.starts_with(argument.id, PROPOSITION))
            for at in rows_of(missing):
                yield _dangling(argument, at, words)
        yield from _targets(layer)


def _dangling(argument: Arguments, at: int, words: Sequence[str]) -> Fault:
    rows, row = argument.rows, int(argument.row[at])
    wanted = "".join(f" or {word}" for word in words)
    if (argument.column) == "target":
        wanted += f" or {PROPOSITION}..."
    return rows.fault(
        row, f"the {argument.column} of {rows.value('id', row)} is {show(argument.id[at].as_py())}"
        f", which no entity of the document bears; wanted an entity's id{wanted}",
    )  # fmt: skip


def _targets(layer: LayerView) -> Iterator[Fault]:
    rows = layer.tables["stances"]
    named = np.asarray(pc.equal(rows.table["target"], SPAN_TARGET))
    given = np.asarray(pc.greater(pc.list_value_length(rows.table["target_spans"]), 0))
    for row in rows_of(named & ~given):
        id = rows.value("id", row)
        yield rows.fault(row, f"the target of {id} is {SPAN_TARGET}, but it has no target_spans")
    for row in rows_of(given & ~named):
        id, target = rows.value("id", row), rows.value("target", row)
        yield rows.fault(
            row, f"{id} has target_spans, but its target is {show(target)}; wanted {SPAN_TARGET}"
        )


def self_relation(view: View) -> Iterator[Fault]:
    """A relation of an entity with itself."""
    for rows in view.tables("relations"):
        for row in rows_of(pc.equal(rows.table["head"], rows.table["tail"])):
            id, label, head = (rows.value(name, row) for name in ("id", "label", "head"))
            yield rows.fault(row, f"{id} ({label}) joins {head} to itself")


def symmetric_twice(view: View) -> Iterator[Fault]:
    """A symmetric relation written in both directions, with the same status."""
    symmetric = [kind.name for kind in view.corpus.labels.relations if kind.symmetric]
    for layer in view.layers if symmetric else ():
        rows = layer.tables["relations"]
        label = codes(rows.table["label"], symmetric)
        ends = pa.chunked_array(
            [*rows.table["head"].chunks, *rows.table["tail"].chunks], pa.string()
        )
        head, tail = np.split(numbered(ends), 2)
        label = np.where(label < 0, len(symmetric) + np.arange(len(label)), label)
        keys = [numbered(rows.table[name]) for name in ("object", "status")]
        pairs = [np.minimum(head, tail), np.maximum(head, tail)]
        for group in alike(rows.doc, label, *pairs, *keys):
            first = int(group[0])
            turned = group[head[group] != head[first]]
            for row in turned[:1].tolist():
                id, kind, other = (rows.value(*of) for of in
                                   (("id", row), ("label", row), ("id", first)))  # fmt: skip
                yield rows.fault(
                    row, f"{id} is {other} in the other direction; {kind} is symmetric and is "
                    "written once",
                )  # fmt: skip


def duplicate_annotation(view: View) -> Iterator[Fault]:
    """A mention, relation or stance that says what another one of the document says."""
    for layer in view.layers:
        for name, (same, compared) in _SAME.items():
            rows = layer.tables[name]
            keys = [numbered(rows.table[column]) for column in same]
            for group in alike(rows.doc, *keys):
                yield from _repeated(rows, group.tolist(), same, compared)


#: What makes two annotations the same: columns compared as numbers, then those that hold lists.
_SAME: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "entities": (("label", "begin", "end"), ("fragments",)),
    "relations": (("label", "head", "tail", "object", "status"), ()),
    "stances": (("holder", "target", "act"), ("target_spans", "cue")),
}


def _repeated(
    rows: Rows, group: Sequence[int], same: Sequence[str], compared: Sequence[str]
) -> Iterator[Fault]:
    first: dict[str, Any] = {}
    for row in group:
        content = repr([rows.value(column, row) for column in compared])
        if content in first:
            id, other = rows.value("id", row), rows.value("id", first[content])
            yield rows.fault(
                row, f"{id} says what {other} says (same {among((*same, *compared))}); keep one"
            )
        else:
            first[content] = row

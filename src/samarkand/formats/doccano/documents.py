"""The documents of doccano's lines: their ids, their order, and what is known about them."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import files, layout, lines, schema
from samarkand.corpus import from_columns
from samarkand.errors import Problem
from samarkand.formats.base import SPLIT_FOLDERS, doc_ids, renamed
from samarkand.formats.doccano.keys import Head
from samarkand.formats.doccano.parsing import Columns, Part
from samarkand.formats.doccano.placing import taken
from samarkand.formats.doccano.words import About
from samarkand.text import Ints

#: Metadata may not bear the name of a column.
_TAKEN = {*layout.TAKEN, *layout.Article.__struct_fields__}


def ids(
    found: Columns, keys: Sequence[Head | None], problems: list[Problem], notes: list[str]
) -> pa.Array:
    """The document id of each line: the key's, else the line's own, else `<file>-<line>`."""
    said: pa.Array = found.id
    if found.id.null_count or any(key is not None for key in keys):
        own = found.id.to_pylist()
        without = [row for row, key in enumerate(keys) if key is None and own[row] is None]
        paths = {row: found.path[row].as_py().removesuffix(".jsonl") for row in without}
        stems = doc_ids(sorted(set(paths.values())))
        made = {row: f"{stems[path][0][:180]}-{found.line[row]}" for row, path in paths.items()}
        told = [key.doc if key else own[row] or made[row] for row, key in enumerate(keys)]
        said = pa.array(told, pa.string())
        notes += renamed(stems, pa.table({"doc": said}))
    safe = np.asarray(pc.match_substring_regex(said, r"^[0-9]{1,19}\z"))  # what a server gives
    for row in np.flatnonzero(~safe).tolist():
        id = said[row].as_py()
        if not files.is_slug(id):
            message = f"document id {id!r} is not safe as a file name; use letters, digits, . _ -"
            problems.append(Problem(found.path[row].as_py(), int(found.line[row]), message))
    return said


def order(found: Columns, docs: pa.Array, problems: list[Problem]) -> Ints:
    """The lines in the order of their documents. Two lines of one document are a problem."""
    rows: Ints = pc.sort_indices(docs).to_numpy().astype(np.int64)
    ordered = docs.take(pa.array(rows))
    same = np.asarray(pc.equal(ordered[:-1], ordered[1:])) if len(docs) > 1 else np.zeros(0)
    for at in np.flatnonzero(same).tolist():
        both = (int(rows[at]), int(rows[at + 1]))
        first, second = sorted(both, key=lambda row: (found.path[row].as_py(), found.line[row]))
        before = f"{found.path[first].as_py()}:{found.line[first]}"
        message = (
            f"document '{docs[first]}' stands at {before} already. Is each file one annotator's? "
            "Then read them one by one, each into a layer of its own"
        )
        problems.append(Problem(found.path[second].as_py(), int(found.line[second]), message))
    return rows


def arranged(columns: dict[str, Any], rows: Ints) -> Columns:
    """Those lines of `Columns`, given as a dictionary, in that order, with spans and relations.

    What is in the dictionary is replaced one by one, so that not everything is held twice.
    """
    chosen = pa.array(rows)
    for name in ("text", "path", "id", "key", "metadata"):
        columns[name] = columns[name].take(chosen)
    for name in ("spans", "links"):
        columns[name] = _arranged(columns[name], rows)
    columns["line"] = columns["line"][rows]
    return Columns(**columns)


def _arranged(part: Part, rows: Ints) -> Part:
    """The spans or relations of those lines, line by line."""
    starts = np.searchsorted(part.row, rows, "left")
    sizes = np.searchsorted(part.row, rows, "right") - starts
    ends = np.cumsum(sizes)
    gather = np.arange(int(sizes.sum())) + np.repeat(starts - (ends - sizes), sizes)
    return replace(taken(part, gather), row=np.repeat(np.arange(len(rows)), sizes))


def table(
    found: Columns, docs: pa.Array, abouts: Mapping[int, About], unread: Counter[str]
) -> pa.Table:
    """The documents table; `abouts` is what keys say, by row.

    What bears the name of a column and does not fit it is counted.
    """
    columns: dict[str, object] = {"doc": docs, "text": found.text}
    splits = {path: _split(path) for path in found.path.dictionary.to_pylist()}
    said = pc.list_value_length(found.metadata)
    if abouts or any(splits.values()) or pc.sum(said).as_py():
        rows: list[About] = []
        pairs = found.metadata.to_pylist()
        for row, (path, more) in enumerate(zip(found.path.to_pylist(), pairs, strict=True)):
            about = abouts.get(row) or About(split=splits[path])
            given = {pair["name"]: pair["value"] for pair in more}
            rows.append(_filled(about, given, unread) if given else about)
        for name in About.__struct_fields__:
            columns[name] = [getattr(row, name) for row in rows]
        columns["metadata"] = lines.pairs([row.metadata for row in rows])
    return from_columns(schema.DOCUMENTS, columns, len(docs))


def _filled(about: About, given: dict[str, str], unread: Counter[str]) -> About:
    """The columns of a document with the metadata that its line has besides."""
    fields = msgspec.structs.asdict(about)
    metadata = dict(about.metadata)
    for name, value in given.items():
        if name in ("title", "language", "event", "license") or (
            name == "split" and value in schema.SPLITS
        ):
            fields[name] = value
        elif name == "published" and (date := _date(value)):
            fields[name] = date
        elif name in _TAKEN:
            unread[f"metadata called '{name}'"] += 1
        else:
            metadata[name] = value
    return About(**(fields | {"metadata": metadata}))


def _date(value: str) -> datetime.date | None:
    try:
        date = datetime.date.fromisoformat(value)
    except ValueError:
        return None
    return date if date.isoformat() == value else None


def _split(path: str) -> str | None:
    """The split that a file's name or its folder says."""
    names = reversed(path.lower().removesuffix(".jsonl").split("/"))
    return next((SPLIT_FOLDERS[name] for name in names if name in SPLIT_FOLDERS), None)

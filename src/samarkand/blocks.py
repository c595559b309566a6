"""A layer's files, a block of them at a time, as tables.

The lines of one kind in all files of a block are parsed at once by Arrow's JSON reader, which is
strict (it refuses a key twice, another type, half a surrogate pair) and makes no object a line.
Where anything is not as this package writes it, the block is read again line by line, which finds
every fault and its place, or reads what was only written otherwise.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from samarkand import jsonl, lines, schema, text
from samarkand.corpus import from_columns
from samarkand.errors import Problem

Tables = dict[str, pa.Table]

#: How a line of each table starts.
STARTS = {name: f'{{"{key}":'.encode() for name, key in lines.ID_KEYS.items()}

#: What Arrow takes for no value or for a number, and a line may not hold.
_NO_VALUE = re.compile(rb":\s*(?:null|-?NaN|-?Inf\w*)\s*[,}\]]")


@dataclass(frozen=True)
class File:
    """One document's annotations: the path to name in errors, the document, the content."""

    path: str
    doc: str
    data: bytes


def read(files: Sequence[File], attributes: Sequence[str], problems: list[Problem]) -> Tables:
    """The tables of a block of files; faults go to `problems`.

    `attributes` names the attributes that are read quickly: those of the label schema.
    """
    tables = _quickly(files, attributes)
    return tables if tables is not None else _by_line(files, problems)


def _quickly(files: Sequence[File], attributes: Sequence[str]) -> Tables | None:
    """The tables, or None where any file is not as this package writes it."""
    parts = [_cut(file.data) for file in files]
    if any(part is None for part in parts):
        return None
    tables: Tables = {}
    docs = pa.array([file.doc for file in files], pa.string())
    for place, name in enumerate(schema.TABLES):
        cut = [part[place] for part in parts if part is not None]
        joined = b"".join(cut)
        sizes = [each.count(b"\n") for each in cut]
        if b"\r" in joined or _NO_VALUE.search(joined):
            return None
        found = _parse(name, joined, sum(sizes), attributes)
        if found is None:
            return None
        column = docs.take(pa.array(np.repeat(np.arange(len(files)), sizes)))
        columns = {key: found[key] for key in found.column_names}
        columns["id"] = columns.pop(lines.ID_KEYS[name])
        columns["attributes"] = pairs(found["attributes"])
        tables[name] = from_columns(schema.TABLES[name], columns | {"doc": column}, len(found))
    return tables


def _cut(data: bytes) -> list[bytes] | None:
    """The lines of entities, relations and stances; None unless they stand in this order, whole."""
    if len(data) > jsonl.MAX_LINE or (data and not data.endswith(b"\n")):
        return None
    edges = [0]
    for start in list(STARTS.values())[1:]:
        at = 0 if data.startswith(start) else data.find(b"\n" + start) + 1
        edges.append(at if at or data.startswith(start) else len(data))
    edges.append(len(data))
    edges[1] = min(edges[1], edges[2])
    parts = [data[a:b] for a, b in pairwise(edges)]
    for part, start in zip(parts, STARTS.values(), strict=True):
        if part and (
            not part.startswith(start) or part.count(b"\n") != part.count(b"\n" + start) + 1
        ):
            return None
    return parts


def _parse(name: str, joined: bytes, rows: int, attributes: Sequence[str]) -> pa.Table | None:
    """Lines of one kind, with the file's keys as columns; None where one of them is faulty."""
    wanted = fields(name, attributes)
    if not rows:
        return wanted.empty_table()
    try:
        joined.decode()
        table = pa.json.read_json(
            pa.BufferReader(joined),
            pa.json.ReadOptions(block_size=len(joined) + 1),
            pa.json.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="error"),
        )
        table.validate(full=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    missing = any(table[field.name].null_count for field in wanted if not field.nullable)
    return None if missing or len(table) != rows else table


def fields(name: str, attributes: Sequence[str]) -> pa.Schema:
    """The keys of a line, in the file's words, for Arrow's reader."""
    named = pa.struct([pa.field(attribute, pa.string()) for attribute in sorted(attributes)])
    found = []
    for field in list(schema.TABLES[name])[1:]:
        key = lines.ID_KEYS[name] if field.name == "id" else field.name
        kind = named if field.name == "attributes" else field.type
        required = not field.nullable and not pa.types.is_list(field.type)
        found.append(pa.field(key, kind, nullable=not required))
    return pa.schema(found)


def pairs(column: pa.ChunkedArray) -> pa.Array:
    """Attributes as objects to attributes as sorted pairs."""
    size = len(column)
    flat = text.whole(column)
    names, values, rows = [], [], []
    for field in column.type:  # sorted by name
        found = pc.struct_field(flat, field.name)
        at = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        names += [field.name] * len(at)
        values.append(found.drop_null())
        rows.append(at)
    row = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    order = np.argsort(row, kind="stable")
    offsets = np.searchsorted(row[order], np.arange(size + 1)).astype(np.int32)
    said = pa.concat_arrays(values) if values else pa.array([], pa.string())
    items = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()), said], fields=list(schema.PAIRS.value_type)
    )
    return pa.ListArray.from_arrays(
        pa.array(offsets), items.take(pa.array(order)), type=schema.PAIRS
    )


def _by_line(files: Sequence[File], problems: list[Problem]) -> Tables:
    docs: dict[str, list[str]] = {name: [] for name in schema.TABLES}
    rows: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    for file in files:
        split = jsonl.split(file.path, file.data, problems)
        for name, (first, kept) in sections(file.path, split, problems).items():
            values: list[Any] = jsonl.decode(file.path, kept, lines.KINDS[name], problems, first)
            docs[name] += [file.doc] * len(values)
            rows[name] += values
    return {name: lines.to_table(name, docs[name], rows[name]) for name in schema.TABLES}


def sections(
    path: str, found: list[bytes], problems: list[Problem]
) -> dict[str, tuple[int, list[bytes]]]:
    """The lines of a layer's file by kind, each with the number of its first line.

    Entities come first, then relations, then stances: anything else is a fault.
    """
    result: dict[str, tuple[int, list[bytes]]] = {}
    at = 0
    for name, start in STARTS.items():
        begin = at
        while at < len(found) and found[at].startswith(start):
            at += 1
        result[name] = (begin + 1, found[begin:at])
    if at < len(found):
        wanted = ", ".join(f'{{"{key}":' for key in lines.ID_KEYS.values())
        message = (
            f"the line starts with {found[at][:24].decode(errors='replace')!r}; lines start with "
            f"{wanted} and stand in this order"
        )
        if found[at].startswith(jsonl.MARKERS):
            message = jsonl.UNRESOLVED
        problems.append(Problem(path, at + 1, message))
    return result

"""Documents as JSON, a block of lines at a time, straight into columns.

Arrow's JSON reader is strict (see `samarkand.blocks`) and makes no object a line. What it reads is
taken only if all of it is sound; else the lines are read one by one, which says what is wrong.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from samarkand import blocks, files, lines, schema, text
from samarkand.corpus import doc_codes, from_columns
from samarkand.formats.jsonl.lines import REFERENCES
from samarkand.text import Ints, Mask, TextIndex

Tables = dict[str, pa.Table]
#: The names that metadata and the attributes of each table have had so far.
Names = dict[str, set[str]]

#: As every name is a column here, more of them are left to the other way.
MOST_NAMES = 100
#: What Arrow takes for a number, and JSON does not.
_NO_NUMBER = re.compile(rb":\s*-?(?:NaN|Inf\w*)\s*[,}\]]")
_DATE = r"^(?:[1-9]...|0[1-9]..|00[1-9].|000[1-9])-[0-9]{2}-[0-9]{2}$"  # there is no year 0


def names() -> Names:
    """No names yet."""
    return {name: set() for name in ("documents", *schema.TABLES)}


def read(block: Sequence[bytes], known: Names) -> Tables | None:
    """The tables of some lines; None where one is faulty, odd, or has a name that is not known.

    It refuses what is nested deeper than a line may be at once, so it cannot be made to overflow.
    """
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in block):
        return None
    data = b"\n".join(block)
    if (b"NaN" in data or b"Inf" in data) and _NO_NUMBER.search(data):
        return None
    table = _parse(data, _fields(known))
    if table is None or len(table) != len(block) or not _complete(table):
        return None
    tables = _tables(table)
    return tables if tables is not None and _sound(tables) else None


def learn(tables: Tables, known: Names) -> None:
    """Add the names in tables that were read the other way, unless they become too many."""
    for name, column in {
        "documents": "metadata",
        **dict.fromkeys(schema.TABLES, "attributes"),
    }.items():
        pairs = pc.list_flatten(tables[name][column])
        found = known[name] | set(pc.struct_field(pairs, "name").unique().to_pylist())
        if len(found) <= MOST_NAMES:
            known[name] = found


def _parse(data: bytes, wanted: pa.Schema) -> pa.Table | None:
    try:
        table = pa.json.read_json(
            pa.BufferReader(data),
            pa.json.ReadOptions(block_size=len(data) + 1, use_threads=False),
            pa.json.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="error"),
        )
        table.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return table


def _fields(known: Names) -> pa.Schema:
    """The keys of a line for Arrow's reader, with metadata and attributes of those names."""
    fields = []
    for field in schema.DOCUMENTS:
        if field.name == "metadata":
            field = pa.field("metadata", _named(known["documents"]))
        elif field.name == "published":
            field = pa.field("published", pa.string())  # Arrow wants a number for a date
        fields.append(field)
    for name in schema.TABLES:
        keys = blocks.fields(name, sorted(known[name]))
        item = pa.field("item", pa.struct(list(keys)), nullable=False)
        fields.append(pa.field(name, pa.list_(item)))
    return pa.schema(fields)


def _named(names: set[str]) -> pa.DataType:
    return pa.struct([pa.field(name, pa.string()) for name in sorted(names)])


def _complete(table: pa.Table) -> bool:
    """Whether nothing is null, at any depth, that may not be."""
    return all(_filled(text.whole(table[field.name]), field) for field in table.schema)


def _filled(values: pa.Array, field: pa.Field) -> bool:
    if values.null_count and not field.nullable:
        return False
    if pa.types.is_list(field.type):
        return _filled(values.flatten(), pa.field("item", field.type.value_type, nullable=False))
    if pa.types.is_struct(field.type):
        return all(_filled(pc.struct_field(values, part.name), part) for part in field.type)
    return True


def _tables(table: pa.Table) -> Tables | None:
    """The tables of a layer and the documents; None for a date that is none."""
    published = table["published"]
    if not pc.all(pc.match_substring_regex(published, _DATE), min_count=0).as_py():
        return None
    try:
        dates = published.cast(pa.date32())
    except pa.ArrowInvalid:
        return None
    columns: dict[str, Any] = {name: table[name] for name in schema.DOCUMENTS.names}
    columns |= {"published": dates, "metadata": blocks.pairs(table["metadata"])}
    tables = {"documents": from_columns(schema.DOCUMENTS, columns, len(table))}
    docs = text.whole(table["doc"])
    for name, wanted in schema.TABLES.items():
        listed = text.whole(table[name])
        rows = pa.Table.from_struct_array(listed.flatten())
        columns = {key: rows[key] for key in rows.column_names}
        columns["id"] = columns.pop(lines.ID_KEYS[name])
        columns["doc"] = docs.take(pc.list_parent_indices(listed))
        columns["attributes"] = blocks.pairs(rows["attributes"])
        tables[name] = from_columns(wanted, columns, len(rows))
    return tables


def _sound(tables: Tables) -> bool:
    """Whether `lines.faults` would find nothing, and every document has its own id."""
    documents = tables["documents"]
    docs = documents["doc"].to_pylist()
    if len(set(docs)) < len(docs) or not all(map(files.is_slug, docs)):
        return False
    index = text.index(documents["text"])
    doc = {name: doc_codes(documents, tables[name]["doc"]) for name in schema.TABLES}
    return (
        all(_covered(index, doc[name], name, tables[name]) for name in schema.TABLES)
        and _in_order(tables["entities"])
        and _resolved(doc, tables)
    )


def _covered(index: TextIndex, doc: Ints, name: str, table: pa.Table) -> bool:
    """Whether every span lies in its text and covers what it says."""
    for column in schema.SPAN_COLUMNS[name]:
        listed = text.whole(table[column])
        spans = pa.Table.from_struct_array(listed.flatten())
        row = pc.list_parent_indices(listed).to_numpy().astype(np.int64)
        if not _same(index, doc[row], spans):
            return False
    if name != "entities":
        return True
    single = table["fragments"].is_null()
    return _same(index, doc[single.to_numpy()], table.filter(single))


def _same(index: TextIndex, doc: Ints, spans: pa.Table) -> bool:
    begin, end = (spans[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    if (begin >= end).any():
        return False
    try:
        covered = text.cover(index, doc, begin, end)
    except text.OffsetError:
        return False
    return bool(pc.all(pc.equal(covered, text.whole(spans["text"])), min_count=0).as_py())


def _in_order(entities: pa.Table) -> bool:
    """Whether fragments are two or more, in the order of the text, and make up their mention."""
    table = entities.filter(entities["fragments"].is_valid())
    if not len(table):
        return True
    listed = text.whole(table["fragments"])
    sizes = pc.list_value_length(listed).to_numpy()
    if (sizes < 2).any():
        return False
    spans = pa.Table.from_struct_array(listed.flatten())
    begin, end = (spans[name].to_numpy() for name in ("begin", "end"))
    edges = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    apart = np.zeros(len(spans), np.bool_)
    apart[edges[:-1]] = True
    pieces = pa.ListArray.from_arrays(pa.array(edges, pa.int32()), text.whole(spans["text"]))
    return bool(
        (apart[1:] | (begin[1:] >= end[:-1])).all()
        and (table["begin"].to_numpy() == begin[edges[:-1]]).all()
        and (table["end"].to_numpy() == end[edges[1:] - 1]).all()
        and pc.all(pc.equal(pc.binary_join(pieces, " "), text.whole(table["text"]))).as_py()
    )


def _resolved(doc: dict[str, Ints], tables: Tables) -> bool:
    """Whether every id is there once in its document, and every reference leads to an entity."""
    for name in schema.TABLES:
        ids = text.whole(tables[name]["id"])
        keys = _keys(doc[name], ids, ids.unique())
        if len(np.unique(keys)) < len(keys):
            return False
    ids = text.whole(tables["entities"]["id"])
    known = ids.unique()
    there = _keys(doc["entities"], ids, known)
    for name, columns in REFERENCES.items():
        for column in columns:
            values, row = text.whole(tables[name][column]), np.arange(len(tables[name]))
            if pa.types.is_list(values.type):
                row = pc.list_parent_indices(values).to_numpy()
                values = values.flatten()
            good = np.isin(_keys(doc[name][row], values, known), there)
            good |= _other(name, column, values)
            if not good.all():
                return False
    return True


def _keys(doc: Ints, ids: pa.Array, known: pa.Array) -> Ints:
    """Document and id as one number, -1 for an id that is not known at all."""
    code = pc.index_in(ids, known).fill_null(-1).to_numpy().astype(np.int64)
    return np.where(code < 0, -1, doc * len(known) + code)


def _other(name: str, column: str, values: pa.Array) -> Mask:
    """Which references are good though they lead to no entity."""
    if name == "relations":
        good = values.is_null()
    else:
        good = pc.is_in(values, pa.array(schema.RESERVED))
        if column == "target":
            good = pc.or_(good, pc.starts_with(values, schema.PROPOSITION))
    return np.asarray(good.to_numpy(zero_copy_only=False))

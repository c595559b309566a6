"""Rows of tables as JSON, straight from columns: a string for each row, and no object.

What is written is what `jsonl.encode` writes of the same rows as lines.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines, schema, text
from samarkand.text import Ints

#: What is not written in a JSON string as it is.
_ESCAPED = r'["\\\x00-\x1f]'

#: A key, and its value on each row as JSON; null where the row does not have the key.
Member = tuple[str, pa.Array]


def annotations(name: str, table: pa.Table) -> pa.Array:
    """The rows of a layer's table, each as its line in the layout."""
    members = []
    for key in lines.KINDS[name].__struct_fields__:
        column = "id" if key == lines.ID_KEYS[name] else key
        members.append(member(table, key, table.schema.field(column)))
    return objects(members)


def member(table: pa.Table, key: str, field: pa.Field) -> Member:
    """A column as JSON; null where it is null, or empty where it may not be null."""
    values = text.whole(table[field.name])
    written = _json(values)
    if pa.types.is_list(field.type) and not field.nullable:
        empty = pc.equal(pc.list_value_length(values), 0)
        written = pc.if_else(empty, pa.scalar(None, pa.string()), written)
    return key, written


def objects(members: Sequence[Member]) -> pa.Array:
    """JSON objects of members, of which no row lacks the first one."""
    (key, values), *rest = members
    parts = [f'{{"{key}":', values]
    for key, values in rest:
        member = pc.binary_join_element_wise(f',"{key}":', values, "")
        parts.append(pc.fill_null(member, "") if values.null_count else member)
    return pc.binary_join_element_wise(*parts, "}", "")


def _json(values: pa.Array) -> pa.Array:
    """Values of any type of the tables as JSON, null for null."""
    kind = values.type
    if pa.types.is_string(kind):
        return _quoted(values)
    if pa.types.is_floating(kind):
        coded = values.dictionary_encode()
        return pa.array(_encoded(coded.dictionary), pa.string()).take(coded.indices)
    if pa.types.is_date(kind):
        return _quoted(values.cast(pa.string()))
    if pa.types.is_struct(kind):
        return objects([(field.name, _json(pc.struct_field(values, field.name))) for field in kind])
    if pa.types.is_list(kind):
        sizes = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
        edges = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
        flat = values.flatten()
        if kind == schema.PAIRS:
            name, value = (_quoted(pc.struct_field(flat, part)) for part in ("name", "value"))
            written = joined("{", edges, pc.binary_join_element_wise(name, value, ":"), "}")
        else:
            written = joined("[", edges, _json(flat), "]")
        return pc.if_else(values.is_null(), pa.scalar(None, pa.string()), written)
    return values.cast(pa.string())


def joined(before: str, edges: Ints, items: pa.Array, behind: str) -> pa.Array:
    """Items between edges in one string, with commas between them."""
    lists = pa.ListArray.from_arrays(pa.array(edges, pa.int32()), items)
    return pc.binary_join_element_wise(before, pc.binary_join(lists, ","), behind, "")


def _quoted(values: pa.Array) -> pa.Array:
    """Strings as JSON strings."""
    written = pc.binary_join_element_wise('"', values, '"', "")
    odd = pc.match_substring_regex(values, _ESCAPED).fill_null(False)
    if not pc.any(odd).as_py():
        return written
    said = pa.array(_encoded(values.filter(odd)), pa.string())
    return pc.replace_with_mask(written, odd, said)


def _encoded(values: pa.Array) -> list[str]:
    return [msgspec.json.encode(value).decode() for value in values.to_pylist()]

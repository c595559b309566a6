"""Annotations as JSON lines: what one line of a layer's file holds, and its table columns.

A line names its kind by its first key: `{"entity": "T1", ...}`, `{"relation": "R1", ...}` or
`{"stance": "S1", ...}`; the value is the annotation's id. Absent keys are null or empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, text
from samarkand.corpus import from_columns

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int8 = Annotated[int, msgspec.Meta(ge=-128, le=127)]


class Span(msgspec.Struct, forbid_unknown_fields=True):
    begin: Int32
    end: Int32
    text: str


class Entity(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    entity: str
    label: str
    begin: Int32
    end: Int32
    text: str
    fragments: list[Span] | None = None
    actor: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class Relation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    relation: str
    label: str
    head: str
    tail: str
    object: str | None = None
    evidence: list[Span] = []
    status: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class Stance(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    stance: str
    holder: str
    target: str
    target_spans: list[Span] = []
    polarity: Int8 | None = None
    act: str | None = None
    cue: list[Span] = []
    content: list[Span] = []
    source_chain: list[str] = []
    explicit: bool | None = None
    status: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


Line = Entity | Relation | Stance

#: The line type of each table, in the order in which a file holds them.
KINDS: dict[str, type[Entity] | type[Relation] | type[Stance]] = {
    "entities": Entity,
    "relations": Relation,
    "stances": Stance,
}

#: The key that holds the id on a line of each table.
ID_KEYS = schema.ROWS


def referred(stance: Stance) -> set[str]:
    """The ids of the entities that a stance is about."""
    named = {stance.holder, *stance.source_chain}
    if not stance.target.startswith(schema.PROPOSITION):
        named.add(stance.target)
    return named.difference(schema.RESERVED)


def to_table(name: str, docs: Sequence[str], rows: Sequence[Any]) -> pa.Table:
    """Lines of one kind as the table of that name; `docs` gives each line's document."""
    wanted = schema.TABLES[name]
    columns: dict[str, Any] = {"doc": docs}
    for column in wanted.names[1:]:
        values = [getattr(row, ID_KEYS[name] if column == "id" else column) for row in rows]
        if column in schema.SPAN_COLUMNS[name]:
            columns[column] = spans(values)
        elif column == "attributes":
            columns[column] = pairs(values)
        else:
            columns[column] = values
    return from_columns(wanted, columns, len(rows))


def from_table(name: str, table: pa.Table) -> list[Any]:
    """The rows of a layer's table as lines, in the table's order."""
    kind = KINDS[name]
    columns: list[Sequence[Any]] = []
    for key in kind.__struct_fields__:
        column = table["id" if key == ID_KEYS[name] else key]
        if key in schema.SPAN_COLUMNS[name]:
            some = _listed(column)
            columns.append([None if v is None else [Span(*span) for span in v] for v in some])
        elif key == "attributes":
            columns.append([dict(v or ()) for v in _listed(column)])
        else:
            columns.append(column.to_pylist())
    return [kind(*row) for row in zip(*columns, strict=True)]


def _listed(column: pa.ChunkedArray) -> list[list[tuple[Any, ...]] | None]:
    """Lists of structs as lists of tuples, without a dictionary for each; null is None."""
    given = text.whole(column)
    flat = given.flatten()
    items = list(zip(*(values.to_pylist() for values in flat.flatten()), strict=True))
    sizes = pc.list_value_length(given).to_pylist()
    found: list[list[tuple[Any, ...]] | None] = []
    at = 0
    for size in sizes:
        found.append(None if size is None else items[at : at + size])
        at += size or 0
    return found


def spans(values: Sequence[Iterable[Span] | None]) -> pa.Array:
    """Lists of spans as an Arrow column; None is null."""
    flat = [span for value in values if value for span in value]
    arrays = [
        pa.array([span.begin for span in flat], pa.int32()),
        pa.array([span.end for span in flat], pa.int32()),
        pa.array([span.text for span in flat], pa.string()),
    ]
    flat_array = pa.StructArray.from_arrays(arrays, fields=list(schema.SPAN))
    return _lists(schema.SPANS, flat_array, values)


def pairs(values: Sequence[Mapping[str, str]]) -> pa.Array:
    """Attributes as an Arrow column, sorted by name."""
    flat = [pair for value in values for pair in sorted(value.items())]
    kind = schema.PAIRS.value_type
    arrays = [
        pa.array([name for name, _ in flat], pa.string()),
        pa.array([value for _, value in flat], pa.string()),
    ]
    return _lists(schema.PAIRS, pa.StructArray.from_arrays(arrays, fields=list(kind)), values)


def _lists(kind: pa.DataType, flat: pa.Array, values: Sequence[Any]) -> pa.Array:
    sizes = np.fromiter((len(value) if value else 0 for value in values), np.int32, len(values))
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(sizes, dtype=np.int32)])
    array = pa.ListArray.from_arrays(pa.array(offsets), flat, type=kind)
    null = pa.array([value is None for value in values], pa.bool_())
    return pc.if_else(null, pa.scalar(None, kind), array) if pc.any(null).as_py() else array

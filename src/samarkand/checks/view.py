"""What the checks share: a corpus with its texts indexed, its references resolved, its spans flat.

It is built once for all checks, so that each of them is a few operations on whole columns.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, text
from samarkand.corpus import Corpus, Layer, infer_labels
from samarkand.text import Ints, Mask, TextIndex, whole

#: The columns that name entities of the same document, by table.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "relations": ("head", "tail", "object"),
    "stances": ("holder", "target", "source_chain"),
}

#: The name of a label schema that was made from the annotations themselves.
INFERRED = infer_labels(()).name

#: Texts in messages are cut to this many characters.
SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """What a check yields: where, and a message. `samarkand.check` adds which check it was.

    `table` is documents, actors, layer, or the annotation's table; `where` is a code point
    offset in the document's text, -1 if the fault is not in the text.
    """

    message: str
    layer: str = ""
    doc: str = ""
    table: str = "documents"
    id: str = ""
    where: int = -1


@dataclass(frozen=True)
class Rows:
    """One table of a layer. `doc`: the row in documents, or beyond them for an unknown one."""

    layer: str
    name: str
    table: pa.Table
    doc: Ints

    def value(self, column: str, row: int) -> Any:
        """One cell as a Python value."""
        return self.table[column][int(row)].as_py()

    def fault(self, row: int, message: str) -> Fault:
        """A fault of the annotation in that row."""
        doc, id = self.value("doc", row), self.value("id", row)
        return Fault(message, self.layer, doc, self.name, id)


@dataclass(frozen=True)
class Spans:
    """All spans of one column, flat; `column` is "" for the mentions themselves.

    `row` is the row in `rows.table`, `doc` as in Rows, offsets in code points. Shapes: (spans,).
    """

    rows: Rows
    column: str
    row: Ints
    doc: Ints
    begin: Ints
    end: Ints
    text: pa.Array

    def name(self, at: int) -> str:
        """What a message calls the span: `T1`, or `the evidence of R1`."""
        id: str = self.rows.value("id", self.row[at])
        called = "a fragment" if self.column == "fragments" else f"the {self.column}"
        return f"{called} of {id}" if self.column else id

    def fault(self, at: int, message: str) -> Fault:
        """A fault of the annotation that the span belongs to."""
        return self.rows.fault(int(self.row[at]), message)


@dataclass(frozen=True)
class Arguments:
    """All ids in one column that refers to entities, nulls left out. Shapes: (ids,).

    `row` is the row in `rows.table`; `entity` the row of the entity, -1 where there is none.
    """

    rows: Rows
    column: str
    row: Ints
    id: pa.Array
    entity: Ints


@dataclass(frozen=True)
class LayerView:
    """A layer with its tables, its spans, and what its annotations refer to."""

    layer: Layer
    tables: Mapping[str, Rows]
    spans: tuple[Spans, ...]
    arguments: Mapping[tuple[str, str], Arguments]


@dataclass(frozen=True)
class View:
    """A corpus, prepared for the checks.

    `foreign`: its label schema was inferred from its annotations, so it comes from another
    format, which has no actor table, propositions, scales or provenance to be held against.
    """

    corpus: Corpus
    index: TextIndex
    layers: tuple[LayerView, ...]
    foreign: bool

    def known(self, doc: Ints) -> Mask:
        """Which documents exist."""
        return doc < len(self.index)

    def tables(self, name: str) -> Iterator[Rows]:
        """That table of each layer."""
        return (layer.tables[name] for layer in self.layers)

    def all_tables(self) -> Iterator[Rows]:
        """Every table of every layer."""
        return (rows for layer in self.layers for rows in layer.tables.values())

    def all_spans(self) -> Iterator[Spans]:
        """Every column of spans of every layer."""
        return (spans for layer in self.layers for spans in layer.spans)


def view(corpus: Corpus) -> View:
    """Prepare a corpus. Errors: ValueError for more than 2 GiB of text."""
    layers = tuple(_layer(corpus, layer) for layer in corpus.layers.values())
    foreign = corpus.labels.name == INFERRED
    return View(corpus, text.index(corpus.documents["text"]), layers, foreign)


def _layer(corpus: Corpus, layer: Layer) -> LayerView:
    listed = whole(corpus.documents["doc"])
    given = [layer.table(name)["doc"] for name in schema.TABLES]
    used = pa.chunked_array([chunk for column in given for chunk in column.chunks], pa.string())
    distinct = used.unique()
    unknown = distinct.filter(pc.invert(pc.is_in(distinct, listed)))
    docs = pa.concat_arrays([listed, unknown])
    tables = {
        name: Rows(layer.name, name, layer.table(name), codes(layer.table(name)["doc"], docs))
        for name in schema.TABLES
    }
    spans = [_mentions(tables["entities"])]
    spans += [
        _flat(rows, column) for name, rows in tables.items() for column in schema.SPAN_COLUMNS[name]
    ]
    return LayerView(layer, tables, tuple(spans), _arguments(tables))


def _mentions(rows: Rows) -> Spans:
    """The mentions that are in one piece; those in several are their fragments."""
    row = np.flatnonzero(rows.table["fragments"].is_null().to_numpy())
    table = rows.table.select(["begin", "end", "text"])
    if len(row) < len(table):
        table = table.take(pa.array(row))
    begin, end = _ints(whole(table["begin"])), _ints(whole(table["end"]))
    return Spans(rows, "", row, rows.doc[row], begin, end, whole(table["text"]))


def _flat(rows: Rows, column: str) -> Spans:
    lists = whole(rows.table[column])
    row = _parents(lists)
    flat = lists.flatten()
    begin, end = _ints(flat.field("begin")), _ints(flat.field("end"))
    return Spans(rows, column, row, rows.doc[row], begin, end, flat.field("text"))


def _parents(lists: pa.Array) -> Ints:
    """The row of each item of a list column."""
    sizes = pc.list_value_length(lists).fill_null(0)
    return np.repeat(np.arange(len(lists), dtype=np.int64), sizes.to_numpy())


def _arguments(tables: Mapping[str, Rows]) -> dict[tuple[str, str], Arguments]:
    """Resolve every reference to an entity by one search among (document, id) keys."""
    found: list[tuple[Rows, str, Ints, pa.Array]] = []
    for name, columns in ARGUMENTS.items():
        rows = tables[name]
        for column in columns:
            values = whole(rows.table[column])
            if pa.types.is_list(values.type):
                found.append((rows, column, _parents(values), values.flatten()))
            else:
                row = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
                found.append((rows, column, row, values.drop_null()))
    entities = tables["entities"]
    ids = pa.concat_arrays([whole(entities.table["id"]), *(value for *_, value in found)])
    encoded = ids.dictionary_encode()
    numbers, step = _ints(encoded.indices), len(encoded.dictionary)
    keys = entities.doc * step + numbers[: len(entities.doc)]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    resolved = {}
    at = len(order)
    for rows, column, row, values in found:
        wanted = rows.doc[row] * step + numbers[at : at + len(row)]
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        entity = np.full(len(row), -1, np.int64)
        if len(keys):
            entity = np.where(keys[place] == wanted, order[place], -1)
        resolved[rows.name, column] = Arguments(rows, column, row, values, entity)
        at += len(row)
    return resolved


def codes(column: pa.Array | pa.ChunkedArray, values: Any) -> Ints:
    """The place of each value in `values`, -1 for null and for what is not in it."""
    wanted = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return _ints(pc.index_in(column, wanted).fill_null(-1))


def numbered(column: pa.Array | pa.ChunkedArray) -> Ints:
    """Equal values as equal numbers, null as -1."""
    return _ints(whole(column).dictionary_encode().indices.fill_null(-1))


def valid(column: pa.ChunkedArray) -> Mask:
    """Where a column is not null."""
    return np.asarray(column.is_valid().to_numpy())


def _ints(array: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(array.to_numpy()).astype(np.int64)


def alike(*keys: Ints) -> list[Ints]:
    """The rows that are equal in all keys, as groups of two or more, each in order.

    Shapes: keys (rows,), 0 or more, or -1 for null.
    """
    packed = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        size = int(key.max(initial=-1)) + 2
        if int(packed.max(initial=0) + 1) * size >= 2**62:  # would overflow: number them anew
            packed = np.unique(packed, return_inverse=True)[1]
        packed = packed * size + key + 1
    order = np.argsort(packed, kind="stable")
    same = np.concatenate([[False], np.diff(packed[order]) == 0, [False]])
    # A group starts where the next row is the same and the one before is not.
    starts = np.flatnonzero(~same[:-1] & same[1:])
    ends = np.flatnonzero(same[:-1] & ~same[1:]) + 1
    return [order[a:b] for a, b in zip(starts, ends, strict=True)]


def runs(values: npt.NDArray[Any]) -> Ints:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.concatenate([[len(values) > 0], values[1:] != values[:-1]]))


def rows_of(mask: npt.ArrayLike) -> list[int]:
    """The rows where a mask holds."""
    found: list[int] = np.flatnonzero(np.asarray(mask)).tolist()
    return found


def show(value: str) -> str:
    """A text as a message quotes it."""
    return repr(value if len(value) <= SHOWN else value[: SHOWN - 1] + "…")


def among(names: Any) -> str:
    """The values that are allowed, as a message lists them."""
    return ", ".join(str(name) for name in names)

"""A corpus: documents, a label schema, actors, and layers of annotations by name.

All are immutable values, and their tables are in canonical order (documents and actors by id,
entities by document, position and label, relations and stances by document and id), so two
corpora that say the same are equal, and what is written from them is equal byte for byte.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema
from samarkand.errors import Problem
from samarkand.labels import Attribute, Group, LabelSchema, RelationType
from samarkand.text import whole
from samarkand.words import count

KINDS = ("hand", "model", "adjudicated")


@dataclass(frozen=True)
class Provenance:
    """Who or what made a layer, with what, from what, and when.

    `kind` is hand, model or adjudicated; `is_human` is None where nobody said; `date` is ISO 8601;
    `model_sha256` is hexadecimal. `edits` says who changed how much of it later, and with what.
    """

    kind: str
    annotator: str
    is_human: bool | None = None
    date: str = ""
    tool: str = ""
    model: str = ""
    model_sha256: str = ""
    guidelines: str = ""
    schema: str = ""
    derived_from: str = ""
    notes: str = ""
    edits: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a dataset made of the corpus is called, and which layer it publishes."""

    name: str = "corpus"
    title: str = ""
    version: str = "0.0.0"
    license: str = ""
    languages: tuple[str, ...] = ()
    layer: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Layer:
    """One annotator's entities, relations and stances, and its provenance."""

    name: str
    entities: pa.Table = field(default_factory=lambda: schema.empty(schema.ENTITIES))
    relations: pa.Table = field(default_factory=lambda: schema.empty(schema.RELATIONS))
    stances: pa.Table = field(default_factory=lambda: schema.empty(schema.STANCES))
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        for name, wanted in schema.TABLES.items():
            object.__setattr__(self, name, _canonical(conform(getattr(self, name), wanted)))

    def __repr__(self) -> str:
        sizes = ", ".join(count(len(self.table(name)), row) for name, row in schema.ROWS.items())
        return f"<Layer {self.name}: {sizes}>"

    def table(self, name: str) -> pa.Table:
        """The table called entities, relations or stances."""
        table: pa.Table = getattr(self, name)
        return table

    def tables(self) -> tuple[pa.Table, ...]:
        """Entities, relations, stances."""
        return tuple(self.table(name) for name in schema.TABLES)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Layer)
            and (self.name, self.provenance) == (other.name, other.provenance)
            and all(self.table(name).equals(other.table(name)) for name in schema.TABLES)
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """Documents, label schema, actors, and layers by name, in canonical order."""

    documents: pa.Table = field(default_factory=lambda: schema.empty(schema.DOCUMENTS))
    labels: LabelSchema = field(default_factory=LabelSchema)
    actors: pa.Table = field(default_factory=lambda: schema.empty(schema.ACTORS))
    layers: Mapping[str, Layer] = field(default_factory=dict)
    about: About = field(default_factory=About)

    def __post_init__(self) -> None:
        documents = conform(self.documents, schema.DOCUMENTS)
        object.__setattr__(self, "documents", _by(documents, "doc"))
        object.__setattr__(self, "actors", _by(conform(self.actors, schema.ACTORS), "actor"))
        ordered = {name: self.layers[name] for name in sorted(self.layers)}
        object.__setattr__(self, "layers", MappingProxyType(ordered))

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers.values()))
        documents = count(len(self.documents), "document")
        return f"<Corpus {self.about.name}: {documents}, layers {layers}>"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Corpus)
            and self.documents.equals(other.documents)
            and self.actors.equals(other.actors)
            and (self.labels, self.about) == (other.labels, other.about)
            and dict(self.layers) == dict(other.layers)
        )

    __hash__ = None  # type: ignore[assignment]


def table(wanted: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A table of that schema from rows as dictionaries; missing columns are null or empty lists."""
    listed = list(rows)
    columns = {name: [row.get(name) for row in listed] for name in wanted.names}
    return from_columns(wanted, columns, len(listed))


def from_columns(wanted: pa.Schema, columns: Mapping[str, Any], rows: int) -> pa.Table:
    """A table of that schema from columns; missing ones are null, or empty where null may not be.

    Shape: every column has `rows` values. Errors: pyarrow.ArrowInvalid for values of another type.
    """
    arrays = []
    for column in wanted:
        values = columns.get(column.name)
        if values is None:
            array: Any = pa.nulls(rows, column.type)
        elif isinstance(values, pa.Array | pa.ChunkedArray):
            array = values.cast(column.type)
        else:
            array = pa.array(values, column.type)
        if not column.nullable and array.null_count and pa.types.is_list(column.type):
            array = pc.if_else(array.is_null(), pa.scalar([], column.type), array)
        arrays.append(array)
    return conform(pa.table(arrays, schema=wanted), wanted)


def conform(given: pa.Table, wanted: pa.Schema) -> pa.Table:
    """The table with exactly that schema, in one chunk, without metadata.

    Errors: ValueError where a column is missing, of another type, or null where it may not be.
    """
    table = given if given.schema.equals(wanted) else given.select(wanted.names).cast(wanted)
    for column in wanted:
        if not column.nullable and table.column(column.name).null_count:
            raise ValueError(f"column '{column.name}' may not be null")
    return table.replace_schema_metadata(None).combine_chunks()


def doc_codes(documents: pa.Table, docs: pa.ChunkedArray) -> np.ndarray:
    """The row in `documents` of each document id: int64, -1 for an unknown one."""
    found = pc.index_in(docs, documents["doc"]).fill_null(-1)
    return np.asarray(found.to_numpy()).astype(np.int64)


def entity_rows(entities: pa.Table, docs: pa.ChunkedArray, ids: pa.ChunkedArray) -> np.ndarray:
    """The row of each (document, entity id) in the entities table: int64, -1 for none."""
    key = pc.binary_join_element_wise(entities["doc"], entities["id"], "\0")
    wanted = pc.binary_join_element_wise(docs, ids, "\0")
    found = pc.index_in(wanted, key).fill_null(-1)
    return np.asarray(found.to_numpy()).astype(np.int64)


def _by(table: pa.Table, key: str) -> pa.Table:
    values = table.column(key)
    if len(values) < 2 or pc.all(pc.less_equal(values[:-1], values[1:])).as_py():
        return table
    return table.sort_by(key).combine_chunks()


def _canonical(table: pa.Table) -> pa.Table:
    """Sorted by document, then position and label where there are any, then id (T2 before T10)."""
    if len(table) < 2:
        return table
    encoded = whole(table["doc"]).dictionary_encode()
    ranks = pc.rank(encoded.dictionary, tiebreaker="dense").to_numpy()
    docs = ranks[encoded.indices.to_numpy()].astype(np.int64)
    if "begin" in table.column_names:
        position = [table["begin"].to_numpy(), table["end"].to_numpy()]
        steps = [np.diff(docs), np.diff(position[0]), np.diff(position[1])]
        ahead = (steps[0] > 0) | (steps[0] == 0) & (
            (steps[1] > 0) | (steps[1] == 0) & (steps[2] > 0)
        )
        if bool(ahead.all()):  # no ties: the order is already known
            return table
        keys = {"doc": docs, "begin": position[0], "end": position[1], "label": table["label"]}
    else:
        keys = {"doc": docs}
    keys |= {"size": pc.utf8_length(table["id"]), "id": table["id"]}
    order = pc.sort_indices(pa.table(keys), [(name, "ascending") for name in keys])
    if bool((np.diff(order.to_numpy().astype(np.int64)) == 1).all()):
        return table
    return table.take(order).combine_chunks()


def digest(text: str) -> str:
    """The SHA-256 of a text's UTF-8, in hexadecimal: what `documents.sha256` records."""
    return hashlib.sha256(text.encode()).hexdigest()


def unwritable(documents: pa.Table) -> list[Problem]:
    """The documents whose text in a file of its own would be read otherwise, or not at all."""
    marked = documents["doc"].filter(pc.starts_with(documents["text"], "\ufeff")).to_pylist()
    message = (
        "the text starts with U+FEFF, which a file has as its byte order mark; remove it from the "
        "text, and count offsets without it"
    )
    return [Problem("", 0, f"document '{doc}': {message}") for doc in marked]


def infer_labels(layers: Iterable[Layer], name: str = "inferred") -> LabelSchema:
    """A label schema that allows exactly the labels that the layers use, anywhere."""
    layers = list(layers)
    entities = _values(layer.entities["label"] for layer in layers)
    relations = _values(layer.relations["label"] for layer in layers)
    acts = _values(layer.stances["act"] for layer in layers)
    pairs = [pc.list_flatten(t["attributes"]) for layer in layers for t in layer.tables()]
    attributes = _values(pc.struct_field(pair, "name") for pair in pairs)
    groups = (Group("ents", entities),) if entities else ()
    return LabelSchema(
        name=name,
        version="0.1.0",
        groups=groups,
        attributes=tuple(Attribute(name) for name in attributes),
        relations=tuple(RelationType(label) for label in relations),
        acts=acts,
    )


def _values(columns: Iterable[pa.ChunkedArray]) -> tuple[str, ...]:
    found = {value for column in columns for value in column.unique().to_pylist()}
    return tuple(sorted(value for value in found if value is not None))

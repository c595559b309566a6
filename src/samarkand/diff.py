"""What changed between two corpora: rows removed, added and changed, of every table.

`apply(a, diff(a, b)) == b`. Rows are matched by id, or by what they say where the ids of the two
sides have nothing to do with each other (see `match`). What a change is called in the terms of
annotation is told by `changes`, and what a format loses by `losses`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import match, schema
from samarkand.corpus import About, Corpus, Layer, Provenance, entity_rows
from samarkand.errors import SamarkandError
from samarkand.labels import LabelSchema
from samarkand.match import Pairs
from samarkand.parallel import each
from samarkand.text import Ints, Mask, whole

#: Where two columns differ, given the number of the row that each value is of.
Apart = Callable[[pa.Array, pa.Array, Ints], Mask]
#: The key of each table that is not a layer's.
KEYS = {"documents": ("doc",), "actors": ("actor",)}
#: Columns that hold the ids of entities, by table.
REFERENCES = {
    "relations": ("head", "tail", "object"),
    "stances": ("holder", "target", "source_chain"),
}


@dataclass(frozen=True, eq=False)
class Delta:
    """What changed in one table. `old` and `new` are the rows that both sides have, differently.

    `differs` says for each column in which of these rows it says something else; what refers to
    an entity of another id that matches says the same.
    """

    removed: pa.Table
    added: pa.Table
    old: pa.Table
    new: pa.Table
    differs: Mapping[str, Mask] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(len(self.removed) or len(self.added) or len(self.old))


@dataclass(frozen=True, eq=False)
class LayerDiff:
    """What changed in one layer. `there` says on which sides the layer is."""

    there: tuple[bool, bool]
    tables: Mapping[str, Delta]
    provenance: tuple[Provenance | None, Provenance | None]

    def __bool__(self) -> bool:
        made, remade = self.provenance
        return self.there != (True, True) or made != remade or any(self.tables.values())


@dataclass(frozen=True, eq=False)
class Diff:
    """What changed between two corpora; false where nothing did."""

    documents: Delta
    actors: Delta
    layers: Mapping[str, LayerDiff]
    labels: tuple[LabelSchema, LabelSchema]
    about: tuple[About, About]

    def __bool__(self) -> bool:
        same = self.labels[0] == self.labels[1] and self.about[0] == self.about[1]
        return not same or bool(self.documents or self.actors or any(self.layers.values()))


def diff(a: Corpus, b: Corpus, by: str = "id") -> Diff:
    """What is to be done to `a` so that it is `b`. `by` is "id" or "content": see `match`."""
    names = sorted({*a.layers, *b.layers})
    return Diff(
        _delta(a.documents, b.documents, match.by_key(a.documents, b.documents, "doc")),
        _delta(a.actors, b.actors, match.by_key(a.actors, b.actors, "actor")),
        {name: layers(a.layers.get(name), b.layers.get(name), by) for name in names},
        (a.labels, b.labels),
        (a.about, b.about),
    )


def layers(a: Layer | None, b: Layer | None, by: str = "id") -> LayerDiff:
    """What changed between two layers; None is a layer that is not there."""
    old, new = a or Layer(""), b or Layer("")
    found = match.by_id(old, new) if by == "id" else match.by_content(old, new)
    tables = {}
    for name in schema.TABLES:
        said = {}
        if by == "content":
            said = _references(name, (old, new), found[name], _numbers(old, new, found["entities"]))
        tables[name] = _delta(old.table(name), new.table(name), found[name], said)
    return LayerDiff((a is not None, b is not None), tables, (old.provenance, new.provenance))


def apply(a: Corpus, changes: Diff) -> Corpus:
    """The corpus with the changes made.

    Errors: SamarkandError where a row that is removed or changed is not in it as the diff has it.
    """
    found = {}
    for name, layer in changes.layers.items():
        if not layer.there[1]:
            continue
        old = a.layers.get(name, Layer(name))
        tables = {
            table: applied(old.table(table), delta, ("doc", "id"))
            for table, delta in layer.tables.items()
        }
        found[name] = Layer(name, **tables, provenance=layer.provenance[1])
    kept = {name: layer for name, layer in a.layers.items() if name not in changes.layers}
    return replace(
        a,
        documents=applied(a.documents, changes.documents, KEYS["documents"]),
        actors=applied(a.actors, changes.actors, KEYS["actors"]),
        layers=kept | found,
        labels=changes.labels[1],
        about=changes.about[1],
    )


def applied(table: pa.Table, delta: Delta, key: tuple[str, ...]) -> pa.Table:
    """A table with the changes made, in no order. Errors: SamarkandError, as `apply`."""
    gone = pa.concat_tables([delta.removed, delta.old])
    rows, places = match.by_key(gone, table, *key)
    if len(rows) < len(gone) or not gone.equals(table.take(pa.array(places)).combine_chunks()):
        missing = np.setdiff1d(np.arange(len(gone)), rows)
        row = int(missing[0]) if len(missing) else 0
        named = "/".join(gone[name][row].as_py() for name in key)
        message = f"the diff is of another version: {named} is not there, or not as it says"
        raise SamarkandError(message)
    kept = np.delete(np.arange(len(table)), places)
    return pa.concat_tables([table.take(pa.array(kept)), delta.added, delta.new])


def _delta(
    old: pa.Table, new: pa.Table, pairs: Pairs, said: Mapping[str, Mask] | None = None
) -> Delta:
    """`said` tells of the columns of references in which of the pairs they refer to another one."""
    sides = list(zip((old, new), pairs, strict=True))
    names = old.column_names
    masks = each(lambda name: differ(*(_rows(side[name], at) for side, at in sides)), names)
    literal = dict(zip(names, masks, strict=True))
    differs = literal | dict(said or {})
    rows = np.flatnonzero(np.logical_or.reduce([*literal.values(), *differs.values()]))
    left, right = (side.take(pa.array(at[rows])).combine_chunks() for side, at in sides)
    lonely = [pa.array(np.delete(np.arange(len(side)), at)) for side, at in sides]
    removed, added = old.take(lonely[0]).combine_chunks(), new.take(lonely[1]).combine_chunks()
    chosen = {name: mask[rows] for name, mask in differs.items() if mask.any()}
    return Delta(removed, added, left, right, chosen)


def _rows(column: pa.ChunkedArray, rows: Ints) -> pa.ChunkedArray:
    """Some rows of a column, each at most once. A filter is faster than to take one by one."""
    lists = pa.types.is_list(column.type) and not column.null_count
    if lists and not pc.max(pc.list_value_length(column)).as_py():
        return column.slice(0, len(rows))  # all are empty
    if np.any(rows[1:] <= rows[:-1]):
        return column.take(pa.array(rows))
    mask = np.zeros(len(column), np.bool_)
    mask[rows] = True
    return column.filter(pa.array(mask))


def _numbers(old: Layer, new: Layer, entities: Pairs) -> tuple[Ints, Ints]:
    """Numbers for the entities of both sides: equal for those that match, and for no others."""
    numbers = np.full(len(new.entities), -2, np.int64)
    numbers[entities[1]] = entities[0]
    return np.arange(len(old.entities)), numbers


def _references(
    name: str, layers: tuple[Layer, Layer], pairs: Pairs, numbers: tuple[Ints, Ints]
) -> dict[str, Mask]:
    """In which pairs a table's columns of references refer to entities that do not match."""
    tables = [layer.table(name).take(pa.array(at)) for layer, at in zip(layers, pairs, strict=True)]

    def apart(one: pa.Array, other: pa.Array, rows: Ints) -> Mask:
        docs = tables[0]["doc"].take(pa.array(rows))
        places = [
            np.append(known, -1)[entity_rows(layer.entities, docs, ids)]
            for layer, ids, known in zip(layers, (one, other), numbers, strict=True)
        ]
        elsewhere = (places[0] == -1) & (places[1] == -1)  # a proposition, AUTHOR, nothing
        return np.where(elsewhere, differ(one, other), places[0] != places[1])

    found = {}
    for column in REFERENCES.get(name, ()):
        one, other = (whole(table[column]) for table in tables)
        found[column] = (
            _lists_differ(one, other, apart)
            if pa.types.is_list(one.type)
            else apart(one, other, np.arange(len(one)))
        )
    return found


def differ(left: pa.ChunkedArray | pa.Array, right: pa.ChunkedArray | pa.Array) -> Mask:
    """Where two columns of one type differ; null is a value of its own. Shape: (rows,)."""
    one, other = (whole(side) for side in (left, right))
    if one.equals(other):
        return np.zeros(len(one), np.bool_)
    if pa.types.is_list(one.type):
        return _lists_differ(one, other, lambda a, b, _: differ(a, b))
    if pa.types.is_struct(one.type):
        fields = range(one.type.num_fields)
        parts = [differ(one.field(place), other.field(place)) for place in fields]
        return np.asarray(np.logical_or.reduce(parts))
    same = pc.equal(one, other).fill_null(False)
    nothing = pc.and_(one.is_null(), other.is_null())
    return ~np.asarray(pc.or_(same, nothing).to_numpy(zero_copy_only=False))


def _lists_differ(left: pa.Array, right: pa.Array, apart: Apart) -> Mask:
    """`apart` compares elements; it is also given the row of each."""
    sizes = [pc.list_value_length(side).fill_null(-1).to_numpy() for side in (left, right)]
    found = np.asarray(sizes[0] != sizes[1])
    rows = np.flatnonzero(~found & (sizes[0] > 0))
    of = np.repeat(rows, sizes[0][rows])
    if found.any():
        chosen = pa.array(rows)
        left, right = left.take(chosen), right.take(chosen)
    inner = apart(pc.list_flatten(left), pc.list_flatten(right), of)
    found[of[inner]] = True
    return found

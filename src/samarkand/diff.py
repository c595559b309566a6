"""What changed between two corpora: rows removed, added and changed, of every table.

`apply(a, diff(a, b)) == b`. Rows are matched by id, or by what they say where the ids of the two
sides have nothing to do with each other (see `match`). What a change is called in the terms of
annotation is told by `changes`, and what a format loses by `losses`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import match, schema
from samarkand.corpus import About, Corpus, Layer, Provenance
from samarkand.errors import SamarkandError
from samarkand.labels import LabelSchema
from samarkand.match import Pairs
from samarkand.text import Ints, Mask, whole

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
    renamed = None if by == "id" else _renamed(old, new, found["entities"])
    tables = {
        name: _delta(old.table(name), new.table(name), found[name], REFERENCES.get(name), renamed)
        for name in schema.TABLES
    }
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
    old: pa.Table,
    new: pa.Table,
    pairs: Pairs,
    references: tuple[str, ...] | None = None,
    renamed: Mapping[tuple[str, str], str] | None = None,
) -> Delta:
    """`renamed` gives the ids that `old` has of entities that `new` calls something else."""
    literal = {
        name: differ(*(_rows(t[name], at) for t, at in zip((old, new), pairs, strict=True)))
        for name in old.column_names
    }
    rows = np.flatnonzero(np.logical_or.reduce(list(literal.values())))
    differs = {name: mask[rows] for name, mask in literal.items()}
    left, right = (
        t.take(pa.array(at[rows])).combine_chunks() for t, at in zip((old, new), pairs, strict=True)
    )
    if renamed is not None:
        for name in references or ():
            same = _followed(right["doc"], right[name], renamed)
            differs[name] = differ(left[name], same)
    lonely = [np.delete(np.arange(len(t)), at) for t, at in zip((old, new), pairs, strict=True)]
    parts = [t.take(pa.array(r)).combine_chunks() for t, r in zip((old, new), lonely, strict=True)]
    said = {name: mask for name, mask in differs.items() if mask.any()}
    return Delta(parts[0], parts[1], left, right, said)


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


def _renamed(a: Layer, b: Layer, entities: Pairs) -> dict[tuple[str, str], str]:
    """The id in `a` of each entity of `b`, by document and id, that has another one there."""
    rows = b.entities.select(["doc", "id"]).take(pa.array(entities[1]))
    ids = a.entities["id"].take(pa.array(entities[0]))
    other = pc.not_equal(rows["id"], ids)
    docs, names = (rows[name].filter(other).to_pylist() for name in ("doc", "id"))
    return dict(zip(zip(docs, names, strict=True), ids.filter(other).to_pylist(), strict=True))


def _followed(
    docs: pa.ChunkedArray, ids: pa.ChunkedArray, renamed: Mapping[tuple[str, str], str]
) -> pa.Array:
    """A column of ids, or of lists of them, with the other ids in their place."""
    found: list[object] = []
    for doc, value in zip(docs.to_pylist(), ids.to_pylist(), strict=True):
        if isinstance(value, list):
            found.append([renamed.get((doc, id), id) for id in value])
        else:
            found.append(renamed.get((doc, value), value))
    return pa.array(found, ids.type)


def differ(left: pa.ChunkedArray | pa.Array, right: pa.ChunkedArray | pa.Array) -> Mask:
    """Where two columns of one type differ; null is a value of its own. Shape: (rows,)."""
    one, other = (whole(side) for side in (left, right))
    if one.equals(other):
        return np.zeros(len(one), np.bool_)
    if pa.types.is_list(one.type):
        return _lists_differ(one, other)
    if pa.types.is_struct(one.type):
        fields = range(one.type.num_fields)
        parts = [differ(one.field(place), other.field(place)) for place in fields]
        return np.asarray(np.logical_or.reduce(parts))
    same = pc.equal(one, other).fill_null(False)
    nothing = pc.and_(one.is_null(), other.is_null())
    return ~np.asarray(pc.or_(same, nothing).to_numpy(zero_copy_only=False))


def _lists_differ(left: pa.Array, right: pa.Array) -> Mask:
    sizes = [pc.list_value_length(side).fill_null(-1).to_numpy() for side in (left, right)]
    found = np.asarray(sizes[0] != sizes[1])
    rows = np.flatnonzero(~found & (sizes[0] > 0))
    chosen = pa.array(rows)
    inner = differ(pc.list_flatten(left.take(chosen)), pc.list_flatten(right.take(chosen)))
    found[np.repeat(rows, sizes[0][rows])[inner]] = True
    return found

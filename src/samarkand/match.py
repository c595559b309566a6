"""Which rows of two tables are the same annotation: by their ids, or by what they say.

Two versions of one layer share ids. Two layers do not, nor what a format has renumbered: their
entities are matched by document, offsets and label, then by offsets, then by one edge and label;
relations by label and matched arguments, stances by cue, holder and target, then by less of that.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema
from samarkand.corpus import Layer, entity_rows
from samarkand.parallel import each
from samarkand.text import Ints, whole

#: Rows of the one table and, in the same places, the rows of the other that match them.
Pairs = tuple[Ints, Ints]
Columns = Mapping[str, Ints]

#: What rows are matched by: first by all of these columns, what is left by the next ones.
PASSES: dict[str, tuple[tuple[str, ...], ...]] = {
    "entities": (
        ("doc", "begin", "end", "label"),
        ("doc", "begin", "end"),
        ("doc", "begin", "label"),
        ("doc", "end", "label"),
    ),
    "relations": (
        ("doc", "label", "head", "tail"),
        ("doc", "head", "tail"),
        ("doc", "label", "head"),
        ("doc", "label", "tail"),
    ),
    "stances": (
        ("doc", "first", "last", "holder", "target"),
        ("doc", "first", "last"),
        ("doc", "holder", "target"),
    ),
}


def by_key(a: pa.Table, b: pa.Table, *key: str) -> Pairs:
    """Rows with the same values in those columns, which are strings; one to one."""
    both = each(lambda name: codes(a[name], b[name]), key)
    return pairs([left for left, _ in both], [right for _, right in both])


def by_id(a: Layer, b: Layer) -> dict[str, Pairs]:
    """Rows of each table with the same document and id."""
    return {name: by_key(a.table(name), b.table(name), "doc", "id") for name in schema.TABLES}


def by_content(a: Layer, b: Layer) -> dict[str, Pairs]:
    """Rows of each table that say the same, or the most alike: see PASSES."""
    found = {"entities": _in_passes("entities", _entities(a, b), _entities(b, a))}
    back = np.full(len(b.entities), -1, np.int64)
    back[found["entities"][1]] = found["entities"][0]
    for name, columns in (("relations", _relations), ("stances", _stances)):
        sides = columns(a, b, np.arange(len(a.entities)), -1), columns(b, a, back, -2)
        found[name] = _in_passes(name, *sides)
    return found


def codes(left: pa.ChunkedArray, right: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Strings as numbers, the same number for the same string on both sides; null is -1."""
    both = pa.chunked_array([*left.chunks, *right.chunks], pa.string())
    encoded = whole(both).dictionary_encode().indices.fill_null(-1)
    numbers = encoded.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers[: len(left)], numbers[len(left) :]


def pairs(old: Sequence[Ints], new: Sequence[Ints]) -> Pairs:
    """Rows of both sides with equal keys, one to one: the nth of a key with the nth of it.

    Shape: each side is a sequence of columns, alike in number; the rows come in the order of the
    first side's.
    """
    left, right = _packed(old, new)
    place = _places(left, right)
    if len(place) and np.bincount(place + 1)[1:].max(initial=0) > 1:  # a key stands twice
        place = _places(*_numbered(left, right))
    rows = np.flatnonzero(place >= 0)
    return rows, place[rows]


def _places(left: Ints, right: Ints) -> Ints:
    """Where each number of the left stands first on the right; -1 for nowhere."""
    if bool((np.diff(right) > 0).all()) and bool((np.diff(left) > 0).all()):
        place = np.searchsorted(right, left)  # in order, as positions are
        place[place == len(right)] = 0
        return np.where(right[place] == left, place, -1) if len(right) else place - 1
    found = pc.index_in(pa.array(left), pa.array(right)).fill_null(-1)
    return np.asarray(found.to_numpy()).astype(np.int64)


def _packed(old: Sequence[Ints], new: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Several columns as one."""
    left, right = np.zeros(len(old[0]), np.int64), np.zeros(len(new[0]), np.int64)
    room = 1
    for one, other in zip(old, new, strict=True):
        low = min(int(side.min(initial=0)) for side in (one, other))
        size = max(int(side.max(initial=0)) for side in (one, other)) - low + 1
        if room * size >= 2**62:  # number what there is, to make room
            left, right = _renumbered(left, right)
            room = len(left) + len(right) + 1
        if size > 1:
            for side, column in ((left, one), (right, other)):
                side *= size
                side += column
                side -= low
        room *= size
    return left, right


def _renumbered(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Numbers as their places among the different ones of both sides."""
    both = pa.array(np.concatenate([left, right])).dictionary_encode().indices
    numbers = both.to_numpy().astype(np.int64)
    return numbers[: len(left)], numbers[len(left) :]


def _numbered(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The keys with, where a key stands more than once on a side, its occurrences numbered."""
    orders = [np.argsort(side, kind="stable") for side in (left, right)]
    repeats = []
    for side, order in zip((left, right), orders, strict=True):
        ordered = side[order]
        fresh = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        start = np.maximum.accumulate(np.where(fresh, np.arange(len(ordered)), 0))
        number = np.empty(len(side), np.int64)
        number[order] = np.arange(len(ordered)) - start
        repeats.append(number)
    return _packed([left, repeats[0]], [right, repeats[1]])


def _in_passes(name: str, old: Columns, new: Columns) -> Pairs:
    rows = [np.arange(len(side["doc"])) for side in (old, new)]
    found: list[Pairs] = []
    for key in PASSES[name]:
        sides = [
            [side[column][left] for column in key]
            for side, left in zip((old, new), rows, strict=True)
        ]
        one, other = pairs(*sides)
        found.append((rows[0][one], rows[1][other]))
        rows = [np.delete(rows[0], one), np.delete(rows[1], other)]
    left = np.concatenate([one for one, _ in found])
    right = np.concatenate([other for _, other in found])
    order = np.argsort(left, kind="stable")
    return left[order], right[order]


def _coded(mine: pa.Table, other: pa.Table, *names: str) -> dict[str, Ints]:
    """String columns as numbers that both tables share, whichever of them asks."""
    found = {}
    for name in names:
        values = pc.unique(pa.chunked_array([*mine[name].chunks, *other[name].chunks], pa.string()))
        place = pc.index_in(mine[name], values.sort().drop_null()).fill_null(-1)
        found[name] = place.to_numpy().astype(np.int64)
    return found


def _entities(mine: Layer, other: Layer) -> Columns:
    offsets = {name: mine.entities[name].to_numpy().astype(np.int64) for name in ("begin", "end")}
    return _coded(mine.entities, other.entities, "doc", "label") | offsets


def _relations(mine: Layer, other: Layer, known: Ints, none: int) -> Columns:
    """`known` gives the first side's row of each of my entities, -1 for none."""
    table = mine.relations
    columns = _coded(table, other.relations, "doc", "label")
    for name in ("head", "tail"):
        columns[name] = _arguments(mine, table, name, known, none)
    return columns


def _stances(mine: Layer, other: Layer, known: Ints, none: int) -> Columns:
    table = mine.stances
    columns = _coded(table, other.stances, "doc", "holder", "target")
    for name in ("holder", "target"):
        rows = _arguments(mine, table, name, known, none)
        fixed = pc.is_in(table[name], pa.array(schema.RESERVED)).to_numpy()
        fixed |= pc.starts_with(table[name], schema.PROPOSITION).to_numpy()
        columns[name] = np.where(fixed, -3 - columns[name], rows)
    sizes = pc.list_value_length(table["cue"]).to_numpy().astype(np.int64)
    ends = np.cumsum(sizes)
    flat = pc.list_flatten(table["cue"])
    for name, field, place in (("first", "begin", ends - sizes), ("last", "end", ends - 1)):
        offsets = pc.struct_field(flat, field).to_numpy().astype(np.int64)
        columns[name] = np.append(offsets, -1)[np.where(sizes > 0, place, -1)]
    return columns


def _arguments(mine: Layer, table: pa.Table, name: str, known: Ints, none: int) -> Ints:
    """The first side's entity rows of a column of ids; `none` where there is none."""
    rows = entity_rows(mine.entities, table["doc"], table[name])
    found = np.append(known, -1)[rows]
    return np.where(found >= 0, found, none)

"""Which entity of one layer is which of another: by offsets and label, by offsets, by overlap."""

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import match
from samarkand.labels import LabelSchema
from samarkand.match import Pairs
from samarkand.text import Ints

#: How a pair is alike, from best to worst.
STRICT, EXACT, TYPE, OVERLAP = range(4)


@dataclass(frozen=True, eq=False)
class Spans:
    """Entities of one layer as columns; shapes (entities,).

    `doc`, `label` and `group` are numbers that all layers compared share; `pieces` is one for each
    way to be discontinuous, 0 for a span in one piece.
    """

    doc: Ints
    begin: Ints
    end: Ints
    label: Ints
    group: Ints
    pieces: Ints


@dataclass(frozen=True, eq=False)
class Paired:
    """Entities of two layers, each in one pair at most: rows of the one, of the other, and how
    they are alike (STRICT to OVERLAP); shapes (pairs,).
    """

    left: Ints
    right: Ints
    kind: Ints


def groups(labels: LabelSchema, names: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    """The groups, and that of each label name; a label that no group has is of a group ''."""
    found = [*(group.name for group in labels.groups), ""]
    place = {label: n for n, group in enumerate(labels.groups) for label in group.labels}
    return tuple(found), np.array([place.get(name, len(found) - 1) for name in names], np.int64)


def columns(
    entities: pa.Table, docs: Ints, names: tuple[str, ...], of_label: Ints, pieces: dict[str, int]
) -> Spans:
    """A layer's entities; `docs` gives the document of each, `of_label` the group of each name.

    `pieces` numbers the ways to be discontinuous; it is filled, for the next layer to go on with.
    """
    label = pc.index_in(entities["label"], pa.array(names, pa.string())).to_numpy().astype(np.int64)
    begin, end = (entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    number = np.zeros(len(entities), np.int64)
    fragments = entities["fragments"]
    for row in np.flatnonzero(pc.fill_null(pc.list_value_length(fragments), 0).to_numpy()):
        way = str([(piece["begin"], piece["end"]) for piece in fragments[int(row)].as_py()])
        number[row] = pieces.setdefault(way, len(pieces) + 1)
    return Spans(docs, begin, end, label, of_label[label], number)


def paired(a: Spans, b: Spans) -> Paired:
    """The entities of two layers put side by side: the most alike first, one to one."""
    left, right = np.arange(len(a.doc)), np.arange(len(b.doc))
    found: list[tuple[Ints, Ints, int]] = []
    sides = a, b
    for kind, key in (
        (STRICT, ("doc", "begin", "end", "pieces", "label")),
        (EXACT, ("doc", "begin", "end", "pieces", "group")),
    ):
        one, other = match.pairs(*([getattr(side, name) for name in key] for side in sides))
        found.append((left[one], right[other], kind))
        left, right = np.delete(left, one), np.delete(right, other)
        sides = _rows(a, left), _rows(b, right)
    for kind, column in ((TYPE, "label"), (OVERLAP, "group")):
        one, other = _overlapping(a, b, left, right, column)
        found.append((left[one], right[other], kind))
        left, right = np.delete(left, one), np.delete(right, other)
    kinds = np.repeat([kind for *_, kind in found], [len(one) for one, *_ in found])
    rows = [np.concatenate([part[side] for part in found]) for side in (0, 1)]
    return Paired(rows[0], rows[1], kinds)


def _rows(spans: Spans, rows: Ints) -> Spans:
    """Some of the spans."""
    return Spans(*(getattr(spans, column.name)[rows] for column in fields(spans)))


def _overlapping(a: Spans, b: Spans, left: Ints, right: Ints, key: str) -> Pairs:
    """Of these rows those that overlap and have the same key: by the share that they share."""
    place = (a.doc[left], a.begin[left], a.end[left]), (b.doc[right], b.begin[right], b.end[right])
    one, other = overlaps(*place)
    same = getattr(a, key)[left[one]] == getattr(b, key)[right[other]]
    one, other = one[same], other[same]
    edges = [
        np.stack([side.begin[rows[at]], side.end[rows[at]]])
        for side, rows, at in ((a, left, one), (b, right, other))
    ]
    shared = np.minimum(edges[0][1], edges[1][1]) - np.maximum(edges[0][0], edges[1][0])
    union = np.maximum(edges[0][1], edges[1][1]) - np.minimum(edges[0][0], edges[1][0])
    return best(one, other, shared / union)


def overlaps(a: tuple[Ints, Ints, Ints], b: tuple[Ints, Ints, Ints]) -> Pairs:
    """Every pair of rows of both sides (document, begin, end) that share a character."""
    room = 1 + max(int(side[2].max(initial=0)) for side in (a, b))
    (begin, end), (first, last) = (
        (side[0] * room + side[1], side[0] * room + side[2]) for side in (a, b)
    )
    order = np.argsort(first, kind="stable")
    reach = np.maximum.accumulate(last[order]) if len(order) else last
    low = np.searchsorted(reach, begin, side="right")
    high = np.searchsorted(first[order], end, side="left")
    many = np.maximum(high - low, 0)
    one = np.repeat(np.arange(len(begin)), many)
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    other = order[np.repeat(low, many) + within]
    meet = (last[other] > begin[one]) & (first[other] < end[one])
    return one[meet], other[meet]


def best(one: Ints, other: Ints, worth: np.ndarray) -> Pairs:
    """Of candidate pairs, one for each row at most: again and again those that are the best of
    both their rows. What is worth the same goes by its place, the same way from either side.
    """
    order = np.lexsort([one, one + other, -worth])
    one, other = one[order], other[order]
    chosen: list[tuple[Ints, Ints]] = [(one[:0], other[:0])]
    while len(one):
        both = np.intersect1d(
            np.unique(one, return_index=True)[1], np.unique(other, return_index=True)[1]
        )
        chosen.append((one[both], other[both]))
        free = ~np.isin(one, one[both]) & ~np.isin(other, other[both])
        one, other = one[free], other[free]
    left, right = (np.concatenate(side) for side in zip(*chosen, strict=True))
    return left, right

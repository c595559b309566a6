"""Agreement on entities: F1 in four strictnesses, by group and label, and what was taken for what.

The four are those of SemEval-2013 task 9.1 (Segura-Bedmar et al. 2013), with each span in one pair
at most: strict (offsets and label), exact (offsets), partial (exact counts 1, an overlap ½) and
type (the label, with some overlap). F1 between two annotators is the same from either side
(Hripcsak & Rothschild 2005).
"""

from collections.abc import Mapping

import numpy as np

from samarkand.agreement.resample import Counts, Floats, f1, tally
from samarkand.agreement.spans import Paired, Spans
from samarkand.text import Ints

#: What a pair counts, by how it is alike: STRICT, EXACT, TYPE, OVERLAP.
WORTH = {
    "strict": (1.0, 0.0, 0.0, 0.0),
    "exact": (1.0, 1.0, 0.0, 0.0),
    "partial": (1.0, 1.0, 0.5, 0.5),
    "type": (1.0, 0.0, 1.0, 0.0),
}


def counts(
    a: Spans,
    b: Spans,
    found: Paired,
    group_names: tuple[str, ...],
    names: tuple[str, ...],
    documents: int,
) -> list[Counts]:
    """F1 of each group in every strictness, and strict and type F1 of each label."""
    shape = (documents, len(names))
    sides = np.stack([_table(side.doc, side.label, shape) for side in (a, b)])
    doc, label = a.doc[found.left], a.label[found.left]
    pairs = np.stack(
        [_table(doc[found.kind == k], label[found.kind == k], shape) for k in range(4)]
    )
    group_of = np.zeros(len(names), np.int64)
    for side in (a, b):
        group_of[side.label] = side.group
    made = []
    for number, group in enumerate(group_names):
        chosen = np.flatnonzero(group_of == number)
        made += _counts(group, chosen, WORTH, sides, pairs)
    for number, name in enumerate(names):
        chosen = np.array([number])
        made += _counts(
            name, chosen, {kind: WORTH[kind] for kind in ("strict", "type")}, sides, pairs
        )
    return made


def _table(doc: Ints, label: Ints, shape: tuple[int, int]) -> Floats:
    """How many of each label there are in each document."""
    return tally(doc * shape[1] + label, shape[0] * shape[1]).reshape(shape)


def _counts(
    label: str,
    chosen: Ints,
    worth: Mapping[str, tuple[float, ...]],
    sides: Floats,
    pairs: Floats,
) -> list[Counts]:
    """F1 of some labels; nothing where neither layer has any. Shapes: `sides` (2, documents,
    labels), `pairs` (kinds, documents, labels).
    """
    there = sides[:, :, chosen].sum(2)
    items = tuple(int(count) for count in there.sum(1))
    if not any(items):
        return []
    alike = pairs[:, :, chosen].sum(2)
    return [
        Counts(
            f"entities {name} F1", label, np.stack([np.dot(each, alike), *there], axis=1), f1, items
        )
        for name, each in worth.items()
    ]


def confusion(a: Spans, b: Spans, found: Paired, size: int) -> Ints:
    """How often the one said this label and the other that one of overlapping spans.

    Shape (size + 1, size + 1): the last row and column are for spans that only one layer has.
    """
    table = np.zeros((size + 1, size + 1), np.int64)
    np.add.at(table, (a.label[found.left], b.label[found.right]), 1)
    alone = [np.delete(side.label, rows) for side, rows in ((a, found.left), (b, found.right))]
    table[:size, size] = np.bincount(alone[0], minlength=size)
    table[size, :size] = np.bincount(alone[1], minlength=size)
    return table

"""Agreement on entities: F1 in four strictnesses, by group and label, and what was taken for what.

The four are those of SemEval-2013 task 9.1 (Segura-Bedmar et al. 2013), with each span in one pair
at most: strict (offsets and label), exact (offsets), partial (exact counts 1, an overlap ½) and
type (the label, with some overlap). F1 between two annotators is the same from either side
(Hripcsak & Rothschild 2005).
"""

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
    made = []
    for number, group in enumerate(group_names):
        rows = [np.flatnonzero(side.group == number) for side in (a, b)]
        if not any(len(side) for side in rows):
            continue
        pairs = a.group[found.left] == number
        for name, worth in WORTH.items():
            matched = np.array(worth)[found.kind] * pairs
            made.append(
                _counts(f"entities {name} F1", group, a, b, found, matched, rows, documents)
            )
    for number, label in enumerate(names):
        rows = [np.flatnonzero(side.label == number) for side in (a, b)]
        pairs = a.label[found.left] == number
        for name in ("strict", "type"):
            matched = np.array(WORTH[name])[found.kind] * pairs
            made.append(
                _counts(f"entities {name} F1", label, a, b, found, matched, rows, documents)
            )
    return made


def _counts(
    name: str,
    label: str,
    a: Spans,
    b: Spans,
    found: Paired,
    matched: Floats,
    rows: list[Ints],
    documents: int,
) -> Counts:
    by_doc = np.stack(
        [
            tally(a.doc[found.left], documents, matched),
            tally(a.doc[rows[0]], documents),
            tally(b.doc[rows[1]], documents),
        ],
        axis=1,
    )
    return Counts(name, label, by_doc, f1, (len(rows[0]), len(rows[1])))


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

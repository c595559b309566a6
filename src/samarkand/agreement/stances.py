"""Agreement on stances: is it the same attribution, the same tuple, the same polarity?

Stances are put side by side by their cues (the contents where there are none), which have to
overlap, as attributions are compared elsewhere (Newell et al. 2018, PolNeAR); of several the one
with the most alike holder, target and polarity. Then F1 of what is in a pair: the cue; the cue and
the holder (attribution); the holder, the target and the sign of the polarity (tuple; Golubev et
al. 2023, RuOpinionNE); these with the exact polarity and the act (strict).
"""

from dataclasses import dataclass

import numpy as np

from samarkand.agreement import alpha
from samarkand.agreement.resample import Counts, f1, tally
from samarkand.agreement.spans import best, overlaps
from samarkand.text import Ints, Mask

#: A polarity that is null, and a target that is spans of the text.
NULL, SPAN = -9, -2
SCALE = 5  # -2 to 2


@dataclass(frozen=True, eq=False)
class Stances:
    """Stances of one layer as columns of numbers that all layers share; shapes (stances,).

    `holder` and `target` are equal where they are the same actor, entity or proposition; SPAN is a
    target of its own. `anchor` and `aim`: the cue's spans and the target's, as (row of the stance,
    document, begin, end), shape (4, spans).
    """

    doc: Ints
    holder: Ints
    target: Ints
    polarity: Ints
    act: Ints
    anchor: Ints
    aim: Ints


def paired(a: Stances, b: Stances) -> tuple[Ints, Ints, Mask, Mask]:
    """Stances of both layers, one to one, and whether their holders and targets are the same."""
    one, other, share = _shared(a, b)
    holder = a.holder[one] == b.holder[other]
    target = _same_target(a, b, one, other)
    sign = np.sign(a.polarity[one]) == np.sign(b.polarity[other])
    act = a.act[one] == b.act[other]
    left, right = best(one, other, 4 * holder + 4 * target + 2 * sign + act + share)
    return left, right, a.holder[left] == b.holder[right], _same_target(a, b, left, right)


def _shared(a: Stances, b: Stances) -> tuple[Ints, Ints, np.ndarray]:
    """Pairs whose anchors overlap, and by how much of the shorter one: (rows, rows, 0 to 1)."""
    one, other = overlaps(*((side.anchor[1], side.anchor[2], side.anchor[3]) for side in (a, b)))
    edges = a.anchor[2:, one], b.anchor[2:, other]
    shared = np.minimum(edges[0][1], edges[1][1]) - np.maximum(edges[0][0], edges[1][0])
    rows = np.stack([a.anchor[0][one], b.anchor[0][other]])
    both, number = np.unique(rows, axis=1, return_inverse=True)
    length = [np.bincount(s.anchor[0], s.anchor[3] - s.anchor[2], len(s.doc)) for s in (a, b)]
    total = np.bincount(number.ravel(), shared, both.shape[1])
    return (
        both[0],
        both[1],
        total / np.maximum(np.minimum(length[0][both[0]], length[1][both[1]]), 1),
    )


def _same_target(a: Stances, b: Stances, one: Ints, other: Ints) -> Mask:
    """Whether the targets are the same; spans, whether they overlap."""
    same = a.target[one] == b.target[other]
    left, right = overlaps(*((side.aim[1], side.aim[2], side.aim[3]) for side in (a, b)))
    meeting = a.aim[0][left] * len(b.doc) + b.aim[0][right]
    meet = np.isin(one * len(b.doc) + other, meeting)
    return np.asarray(same & ((a.target[one] != SPAN) | meet))


def counts(a: Stances, b: Stances, acts: tuple[str, ...], documents: int) -> list[Counts]:
    """F1 of cue, attribution, tuple and strict, of each act; polarity alpha, act kappa.

    Polarities are compared where holder and target are the same and both have one.
    """
    left, right, holder, target = paired(a, b)
    both = [a.polarity[left], b.polarity[right]]
    tuples = (
        holder
        & target
        & (np.sign(both[0]) == np.sign(both[1]))
        & ((both[0] == NULL) == (both[1] == NULL))
    )
    act = a.act[left] == b.act[right]
    made = []
    for name, matched in (
        ("cue", np.ones(len(left), bool)),
        ("attribution", holder),
        ("tuple", tuples),
        ("strict", tuples & act & (both[0] == both[1])),
    ):
        made.append(_counts(f"stances {name} F1", "", a, b, left[matched], None, documents))
    for number, label in enumerate(acts):
        if np.any(a.act == number) or np.any(b.act == number):
            matched = left[tuples & act & (a.act[left] == number)]
            made.append(_counts("stances tuple F1", label, a, b, matched, number, documents))
    valued = holder & target & (both[0] != NULL) & (both[1] != NULL)
    values = np.stack([side[valued] + 2 for side in both])
    table = alpha.coincidences(a.doc[left[valued]], values, SCALE, documents)
    items = (int(valued.sum()),)
    made.append(Counts("stances polarity alpha", "", table, alpha.ordinal(SCALE), items))
    size = len(acts) + 1
    table = alpha.table(a.doc[left], a.act[left], b.act[right], size, documents)
    made.append(Counts("stances act kappa", "", table, alpha.kappa(size), (len(left),)))
    return made


def _counts(
    name: str, label: str, a: Stances, b: Stances, left: Ints, act: int | None, documents: int
) -> Counts:
    docs = [side.doc if act is None else side.doc[side.act == act] for side in (a, b)]
    columns = [tally(a.doc[left], documents), *(tally(doc, documents) for doc in docs)]
    return Counts(name, label, np.stack(columns, axis=1), f1, (len(docs[0]), len(docs[1])))

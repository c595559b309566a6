"""Agreement beyond chance on values: Krippendorff's alpha and Cohen's kappa.

Krippendorff, Content Analysis, 4th ed. (2018), chapter 12; Cohen, A Coefficient of Agreement for
Nominal Scales (1960). Both are functions of a matrix of coincidences, which adds up over documents.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np

from samarkand.agreement.resample import Floats, ratio
from samarkand.text import Ints

#: A value that a coder did not give.
MISSING = -1


def coincidences(doc: Ints, values: Ints, size: int, documents: int) -> Floats:
    """How often two values stand beside each other in a unit, by document.

    Shapes: `doc` (units,); `values` (coders, units), of 0 to size - 1, or MISSING; the result
    (documents, size * size), rows and columns alike. Each pair of coders counts 1 / (m - 1) of a
    unit with m values, in both orders; a unit with one value is left out.
    """
    given = values != MISSING
    weight = 1 / np.maximum(given.sum(0) - 1, 1)
    found = np.zeros((documents, size, size))
    for one, other in combinations(range(len(values)), 2):
        kept = slice(None) if given.all() else given[one] & given[other]
        cell = (doc[kept] * size + values[one][kept]) * size + values[other][kept]
        pairs = np.bincount(cell, weight[kept], found.size).reshape(found.shape)
        found += pairs + pairs.transpose(0, 2, 1)
    return found.reshape(documents, size * size)


def nominal(size: int) -> Callable[[Floats], Floats]:
    """Alpha where values are equal or not."""
    apart = 1 - np.eye(size)

    def figure(sums: Floats) -> Floats:
        return _alpha(_square(sums, size), np.broadcast_to(apart, (len(sums), size, size)))

    return figure


def ordinal(size: int) -> Callable[[Floats], Floats]:
    """Alpha where values have an order: the squared number of values that lie between two."""

    def figure(sums: Floats) -> Floats:
        square = _square(sums, size)
        count = square.sum(1)
        up_to = count.cumsum(1) - count / 2  # half of the value itself, as the two ends count
        return _alpha(square, (up_to[:, :, None] - up_to[:, None, :]) ** 2)

    return figure


def kappa(size: int) -> Callable[[Floats], Floats]:
    """Cohen's kappa from a table of two coders, shape (rows, size * size)."""

    def figure(sums: Floats) -> Floats:
        square = _square(sums, size)
        total = square.sum((1, 2))
        same = ratio(np.trace(square, axis1=1, axis2=2), total)
        chance = ratio((square.sum(1) * square.sum(2)).sum(1), total**2)
        return ratio(same - chance, 1 - chance)

    return figure


def table(doc: Ints, one: Ints, other: Ints, size: int, documents: int) -> Floats:
    """How often the one coder gave this value and the other that one, by document."""
    cell = (doc * size + one) * size + other
    return np.bincount(cell, minlength=documents * size * size).reshape(documents, -1).astype(float)


def _square(sums: Floats, size: int) -> Floats:
    return sums.reshape(len(sums), size, size)


def _alpha(observed: Floats, apart: Floats) -> Floats:
    """1 - D_o / D_e; 1 where no two values differ that could."""
    count = observed.sum(1)
    total = count.sum(1)
    seen = (observed * apart).sum((1, 2))
    chance = (count[:, :, None] * count[:, None, :] * apart).sum((1, 2))
    expected = ratio(chance, total - 1)
    return np.where(total > 1, np.where(chance > 0, 1 - ratio(seen, expected), 1.0), np.nan)

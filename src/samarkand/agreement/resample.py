"""Figures from counts, with confidence intervals by resampling documents.

A figure of agreement is a function of counts that add up over documents. So the counts are made
once, by document, and a resampled corpus is a weighted sum of them: no resample looks at an
annotation again.

Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13: the percentile interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ROUNDS, SEED, LEVEL = 1000, 20261123, 0.95
#: How many numbers of a resample's sums are held at once.
_ROOM = 2**24


@dataclass(frozen=True, eq=False)
class Counts:
    """What a figure is made of. `by_doc`: shape (documents, counts); `figure` makes a value of each
    row of sums, shape (rows, counts) -> (rows,), nan where there is nothing to compare.
    """

    name: str
    label: str
    by_doc: Floats
    figure: Callable[[Floats], Floats]
    items: tuple[int, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A value with its interval; `items` is how many annotations each layer has of the kind."""

    name: str
    label: str
    value: float
    low: float
    high: float
    items: tuple[int, ...] = ()


def figures(counts: Sequence[Counts], rounds: int = ROUNDS, seed: int = SEED) -> list[Figure]:
    """Each figure over all documents, and what 95 % of resampled corpora have between them.

    The same resamples serve all figures. An interval is nan where rounds is 0, and rests on the
    resamples in which the figure exists.
    """
    if not counts:
        return []
    documents = len(counts[0].by_doc)
    draws = np.random.default_rng(seed).multinomial(
        documents, np.full(documents, 1 / max(documents, 1)), rounds if documents else 0
    )
    return [_figure(each, draws.astype(np.float64)) for each in counts]


def _figure(counts: Counts, draws: Floats) -> Figure:
    value = float(counts.figure(counts.by_doc.sum(0, keepdims=True))[0])
    step = max(1, _ROOM // max(counts.by_doc.shape[1], 1))
    parts = [
        counts.figure(draws[at : at + step] @ counts.by_doc) for at in range(0, len(draws), step)
    ]
    spread = np.concatenate([*parts, np.zeros(0)])
    spread = spread[~np.isnan(spread)]
    low, high = (
        np.quantile(spread, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]) if len(spread) else [np.nan] * 2
    )
    return Figure(counts.name, counts.label, value, float(low), float(high), counts.items)


def ratio(above: Floats, below: Floats) -> Floats:
    """Division, nan where there is nothing below."""
    empty: Floats = np.full(len(above), np.nan)
    return np.asarray(np.divide(above, below, out=empty, where=below > 0), np.float64)


def f1(sums: Floats) -> Floats:
    """F1 from columns (matched, in the one layer, in the other): 2m / (a + b)."""
    return ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])


def f1_of_shares(sums: Floats) -> Floats:
    """F1 from columns (found, of so many, right, of so many): of a recall and a precision."""
    recall, precision = ratio(sums[:, 0], sums[:, 1]), ratio(sums[:, 2], sums[:, 3])
    both = recall + precision
    return np.where(both > 0, ratio(2 * recall * precision, np.where(both > 0, both, 1)), both)


def tally(doc: npt.NDArray[np.int64], documents: int, weights: Floats | None = None) -> Floats:
    """How many (or how much) there is in each document; shape (documents,)."""
    return np.bincount(doc, weights, documents).astype(np.float64)

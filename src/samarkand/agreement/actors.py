"""Agreement on actors: which mentions refer to one actor, as measured for coreference.

MUC (Vilain et al. 1995), B³ (Bagga & Baldwin 1998), CEAF with φ4 (Luo 2005), their mean, the CoNLL
score (Pradhan et al. 2012), and LEA (Moosavi & Strube 2016). The chains are the mentions of one
actor in one document; a mention that one layer alone has counts against that layer. All are sums
over chains of one document, so documents add up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samarkand.agreement.resample import Counts, Floats, f1_of_shares, ratio, tally
from samarkand.agreement.spans import best
from samarkand.text import Ints

#: Of each chain of a side what is found of it, and what could be.
Share = Callable[["Chains", int], tuple[Floats, Floats]]


@dataclass(frozen=True, eq=False)
class Chains:
    """Two layers' chains and what they share.

    `of`: the chain of each entity, -1 for none, for both layers; `doc` and `size`: of each chain;
    `cells`: the chain of the one, the chain of the other, and how many mentions are in both, shape
    (3, cells). `pairs`: the documents of the mentions that are compared.
    """

    of: tuple[Ints, Ints]
    pairs: Ints

    doc: tuple[Ints, Ints]
    size: tuple[Ints, Ints]
    cells: Ints


def chains(doc: tuple[Ints, Ints], actor: tuple[Ints, Ints], left: Ints, right: Ints) -> Chains:
    """Chains from each layer's mentions (`doc` and `actor` by entity, actor -1 for none), and the
    pairs of mentions that are the same.
    """
    of, docs, sizes = [], [], []
    for rows, ids in zip(doc, actor, strict=True):
        has = ids >= 0
        keys, number, size = np.unique(
            np.stack([rows[has], ids[has]]),
            axis=1,
            return_inverse=True,
            return_counts=True,
        )
        chain = np.full(len(ids), -1, np.int64)
        chain[has] = number.ravel()
        of.append(chain)
        docs.append(keys[0].astype(np.int64))
        sizes.append(size.astype(np.int64))
    both = np.stack([of[0][left], of[1][right]])
    cells, shared = np.unique(both[:, both.min(0, initial=0) >= 0], axis=1, return_counts=True)
    table = np.concatenate([cells, shared[None]])
    return Chains((of[0], of[1]), doc[0][left], (docs[0], docs[1]), (sizes[0], sizes[1]), table)


def aligned(found: Chains) -> Ints:
    """For each chain of the second layer the one of the first that it is most alike, -1 for none.

    One to one, by φ4; so what each layer calls an actor does not matter.
    """
    one, other = best(found.cells[0], found.cells[1], _alike(found))
    match = np.full(len(found.size[1]), -1, np.int64)
    match[other] = one
    return match


def _alike(found: Chains) -> Floats:
    """φ4 of each cell: 2|K∩R| / (|K|+|R|)."""
    one, other, shared = found.cells
    return np.asarray(2 * shared / (found.size[0][one] + found.size[1][other]))


def counts(found: Chains, ids: tuple[Ints, Ints], documents: int) -> list[Counts]:
    """F1 of each measure, and how often mentions that are a pair are given the same id.

    `ids`: the actors of the mentions that are pairs, -1 for none.
    """
    parts = {
        "MUC": _both(found, _muc, documents),
        "B3": _both(found, _b3, documents),
        "CEAF": _ceaf(found, documents),
        "LEA": _both(found, _lea, documents),
    }
    items = tuple(int(size.sum()) for size in found.size)
    made = [
        Counts(f"actors {name} F1", "", table, f1_of_shares, items) for name, table in parts.items()
    ]
    conll = np.concatenate([parts[name] for name in ("MUC", "B3", "CEAF")], axis=1)
    both = (ids[0] >= 0) & (ids[1] >= 0)
    named = [tally(found.pairs[rows], documents) for rows in (both & (ids[0] == ids[1]), both)]
    same = Counts("actors same id", "", np.stack(named, axis=1), _share, (int(both.sum()),))
    return [*made, Counts("actors CoNLL F1", "", conll, _mean, items), same]


def _share(sums: Floats) -> Floats:
    return ratio(sums[:, 0], sums[:, 1])


def _mean(sums: Floats) -> Floats:
    each = [f1_of_shares(sums[:, at : at + 4]) for at in (0, 4, 8)]
    return np.asarray(np.mean(each, axis=0))


def _both(found: Chains, share: Share, documents: int) -> Floats:
    """Recall and precision: found and possible, by document, from the one side and the other."""
    columns = []
    for side in (0, 1):
        above, below = share(found, side)
        columns += [tally(found.doc[side], documents, each) for each in (above, below)]
    return np.stack(columns, axis=1)


def _cells(found: Chains, side: int) -> tuple[Ints, Ints, Ints]:
    """Of each cell the chain of this side, that of the other, and the mentions in both."""
    return found.cells[side], found.cells[1 - side], found.cells[2]


def _muc(found: Chains, side: int) -> tuple[Floats, Floats]:
    """Links kept: the size less the parts that the other side divides the chain into."""
    mine, _, shared = _cells(found, side)
    size = found.size[side].astype(float)
    held = np.bincount(mine, shared, len(size))
    parts: Floats = np.bincount(mine, minlength=len(size)) + size - held
    return size - parts, size - 1


def _b3(found: Chains, side: int) -> tuple[Floats, Floats]:
    mine, _, shared = _cells(found, side)
    size = found.size[side].astype(float)
    kept: Floats = np.bincount(mine, shared**2 / size[mine], len(size)).astype(float)
    return kept, size


def _lea(found: Chains, side: int) -> tuple[Floats, Floats]:
    """Links resolved, weighed by the chain's size; a chain of one links to itself."""
    mine, other, shared = _cells(found, side)
    size = found.size[side].astype(float)
    alone = (size[mine] == 1) & (found.size[1 - side][other] == 1)
    resolved = np.where(alone, 1.0, shared * (shared - 1) / 2)
    links = np.where(size == 1, 1.0, size * (size - 1) / 2)
    found_of = np.bincount(mine, resolved, len(size))
    return np.asarray(size * found_of / links), size


def _ceaf(found: Chains, documents: int) -> Floats:
    """The best one-to-one assignment of chains in each document, by φ4."""
    from scipy.optimize import linear_sum_assignment

    one, other, _ = found.cells
    worth = _alike(found)
    doc = found.doc[0][one]
    reached = np.zeros(documents)
    order = np.argsort(doc, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(doc[order])) + 1):
        if not len(rows):
            continue
        (_, left), (_, right) = (
            np.unique(side[rows], return_inverse=True) for side in (one, other)
        )
        square = np.zeros((left.max() + 1, right.max() + 1))
        square[left, right] = worth[rows]
        chosen = linear_sum_assignment(square, maximize=True)
        reached[doc[rows[0]]] = square[chosen].sum()
    columns = [reached, tally(found.doc[0], documents), reached, tally(found.doc[1], documents)]
    return np.stack(columns, axis=1)

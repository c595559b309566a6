"""Agreement on relations: F1 of label, head and tail, by mention and by actor.

By mention the arguments have to be the same spans; by actor, mentions of one actor are the same, as
relations of a whole document are compared elsewhere (Yao et al. 2019, DocRED). Each is given once
end to end, and once for the relations between entities that both annotators marked.
"""

from dataclasses import dataclass

import numpy as np

from samarkand import match
from samarkand.agreement import alpha
from samarkand.agreement.resample import Counts, Floats, f1, tally
from samarkand.schema import STATUSES
from samarkand.text import Ints, Mask


@dataclass(frozen=True, eq=False)
class Edges:
    """Relations of one layer as columns of numbers that all layers share; shapes (relations,).

    `ends`: head and tail, shape (2, relations), as numbers of entities or actors; `known`: whether
    the other layer has both.
    """

    doc: Ints
    label: Ints
    status: Ints
    ends: Ints
    known: Mask


def counts(
    name: str,
    sides: tuple[Edges, Edges],
    symmetric: Mask,
    labels: tuple[str, ...],
    documents: int,
) -> list[Counts]:
    """F1 end to end and given the entities, of all and of each label; kappa of the status.

    `symmetric` says of each label whether head and tail may be exchanged.
    """
    a, b = (_ordered(side, symmetric) for side in sides)
    left, right = match.pairs(*([s.doc, s.label, s.ends[0], s.ends[1]] for s in (a, b)))
    everything = [np.ones(len(side.doc), bool) for side in (a, b)]
    made = [
        _counts(f"relations {name} F1", "", a, b, left, everything, documents),
        _counts(
            f"relations {name} F1 given entities", "", a, b, left, [a.known, b.known], documents
        ),
    ]
    for number, label in enumerate(labels):
        of_label = [side.label == number for side in (a, b)]
        if any(mask.any() for mask in of_label):
            made.append(_counts(f"relations {name} F1", label, a, b, left, of_label, documents))
    statuses = len(STATUSES)
    table = alpha.table(a.doc[left], a.status[left], b.status[right], statuses, documents)
    made.append(
        Counts(f"relations {name} status kappa", "", table, alpha.kappa(statuses), (len(left),))
    )
    return made


def _counts(
    name: str, label: str, a: Edges, b: Edges, left: Ints, kept: list[Mask], documents: int
) -> Counts:
    matched = left[kept[0][left]]
    by_doc: Floats = np.stack(
        [
            tally(a.doc[matched], documents),
            *(tally(side.doc[mask], documents) for side, mask in zip((a, b), kept, strict=True)),
        ],
        axis=1,
    )
    return Counts(name, label, by_doc, f1, tuple(int(mask.sum()) for mask in kept))


def _ordered(edges: Edges, symmetric: Mask) -> Edges:
    """Symmetric relations with the smaller argument first."""
    ends = np.where(symmetric[edges.label], np.sort(edges.ends, axis=0), edges.ends)
    return Edges(edges.doc, edges.label, edges.status, ends, edges.known)

"""Agreement on entities by gamma, which aligns all layers' spans before it compares their labels.

Mathet, Widlöcher & Métivier, The Unified and Holistic Method Gamma (2015); positions and labels
weigh the same. Computed by pygamma-agreement (Titeux & Riad 2021), which is an extra.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from samarkand.agreement.resample import SEED, Counts, ratio
from samarkand.agreement.sides import Shared, Side
from samarkand.errors import SamarkandError
from samarkand.progress import Progress


def counts(sides: Sequence[Side], shared: Shared, progress: Progress) -> list[Counts]:
    """The mean over documents, for each group of labels; of documents that two layers have units
    of. A discontinuous entity counts as one from its begin to its end.

    Chance is drawn from a fixed seed. Errors: SamarkandError where the extra is not installed.
    """
    try:
        from pygamma_agreement import CombinedCategoricalDissimilarity, Continuum
    except ImportError:
        message = "pygamma-agreement is not installed; pip install 'samarkand[gamma]'"
        raise SamarkandError(message) from None
    documents = len(shared.docs)
    unlike = CombinedCategoricalDissimilarity(alpha=1, beta=1)
    made = []
    with _quiet():
        for group, name in enumerate(shared.groups):
            by_doc = np.zeros((documents, 2))
            for doc in range(documents):
                progress(f"gamma, {name}", group * documents + doc, len(shared.groups) * documents)
                units = _continuum(Continuum(), sides, shared.labels, doc, group)
                if units is not None:
                    np.random.seed(SEED)
                    by_doc[doc] = units.compute_gamma(unlike).gamma, 1
            items = tuple(int((side.spans.group == group).sum()) for side in sides)
            if sum(items):
                made.append(Counts("entities gamma", name, by_doc, _mean, items))
    return made


def _continuum(
    units: Any, sides: Sequence[Side], labels: Sequence[str], doc: int, group: int
) -> Any:
    """A document's entities of a group; None unless two layers have some."""
    from pyannote.core import Segment

    having = 0
    for side in sides:
        spans = side.spans
        rows = np.flatnonzero((spans.doc == doc) & (spans.group == group))
        having += bool(len(rows))
        for row in rows:
            place = Segment(int(spans.begin[row]), int(spans.end[row]))
            units.add(side.layer.name, place, labels[int(spans.label[row])])
    return units if having > 1 else None


def _mean(sums: np.ndarray) -> np.ndarray:
    return ratio(sums[:, 0], sums[:, 1])


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's remarks on its solver; numpy's generator is left as it was."""
    state = np.random.get_state()
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
        np.random.set_state(state)

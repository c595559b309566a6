"""Agreement of two annotators on 80,000 spans: F1 of entities, and alpha on their labels."""

from pathlib import Path
from typing import Any

from bench.common import Clock, spans
from bench.generate import LABELS, SEED

FILE = "annotators.npz"
SPANS = 80_000


def prepare(data: Path, _: int) -> None:
    """Two annotators: of the second's spans 5 % are lost, 5 % have another label and 5 % begin or
    end elsewhere.
    """
    import numpy as np

    given = spans(data)
    first = np.stack([given[name][:SPANS] for name in ("doc", "begin", "end", "label")])
    random = np.random.default_rng(SEED)
    chance = random.random(first.shape[1])
    second = first.copy()
    second[3] = np.where(chance < 0.05, (second[3] + 1) % len(LABELS), second[3])
    longer = (chance >= 0.05) & (chance < 0.10) & (second[2] - second[1] > 1)
    second[2] -= longer
    np.savez(data / FILE, first=first, second=second[:, chance < 0.95], labels=second[3])


def _loaded(data: Path, *names: str) -> list[Any]:
    import numpy as np

    with np.load(data / FILE) as file:
        return [file[name] for name in names]


def ours_f1(data: Path, clock: Clock) -> str:
    """F1 in all four strictnesses and for each label, from columns."""
    import numpy as np

    from samarkand.agreement import entities, resample
    from samarkand.agreement import spans as columns

    sides = []
    for rows in _loaded(data, "first", "second"):
        none = np.zeros(rows.shape[1], np.int64)
        sides.append(columns.Spans(*rows.astype(np.int64), none, none))
    documents = int(sides[0].doc.max()) + 1
    with clock:
        found = columns.paired(*sides)
        counts = entities.counts(*sides, found, ("",), LABELS, documents)
        figures = resample.figures(counts, rounds=0)
    return _digest({f.name.split()[1]: f.value for f in figures if not f.label})


def nervaluate_f1(data: Path, clock: Clock) -> str:
    """nervaluate's Evaluator, on its own lists of dictionaries."""
    from nervaluate import Evaluator

    sides = [_listed(rows) for rows in _loaded(data, "first", "second")]
    for side in sides:
        side += [[] for _ in range(len(sides[0]) - len(side))]
    with clock:
        found = Evaluator(*sides, tags=list(LABELS), loader="dict").evaluate()["overall"]
    names = {"strict": "strict", "exact": "exact", "partial": "partial", "ent_type": "type"}
    return _digest({names[name]: result.f1 for name, result in found.items()})


def _listed(rows: Any) -> list[list[dict[str, Any]]]:
    listed: list[list[dict[str, Any]]] = [[] for _ in range(int(rows[0].max()) + 1)]
    for doc, begin, end, label in rows.T.tolist():
        listed[doc].append({"label": LABELS[label], "start": begin, "end": end - 1})
    return listed


def ours_alpha(data: Path, clock: Clock) -> str:
    """Krippendorff's alpha, nominal, from columns."""
    import numpy as np

    from samarkand.agreement import alpha

    first, second = _loaded(data, "first", "labels")
    values = np.stack([first[3], second]).astype(np.int64)
    doc = first[0].astype(np.int64)
    documents, size = int(doc.max()) + 1, len(LABELS)
    with clock:
        table = alpha.coincidences(doc, values, size, documents)
        found = alpha.nominal(size)(table.sum(0, keepdims=True))[0]
    return f"{found:.9f}"


def nltk_alpha(data: Path, clock: Clock) -> str:
    """NLTK's AnnotationTask, on its own triples."""
    from nltk.metrics.agreement import AnnotationTask

    first, second = _loaded(data, "first", "labels")
    triples = [
        (coder, item, LABELS[label])
        for coder, labels in enumerate((first[3].tolist(), second.tolist()))
        for item, label in enumerate(labels)
    ]
    task = AnnotationTask(data=triples)
    with clock:
        found = task.alpha()
    return f"{found:.9f}"


def _digest(values: dict[str, float]) -> str:
    return " ".join(f"{name} {values[name]:.9f}" for name in sorted(values))

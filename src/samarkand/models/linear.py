"""A linear classifier over named features, kept as numbers and names: no code is loaded with it.

scikit-learn's DictVectorizer and LogisticRegression, https://scikit-learn.org/stable/.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Features = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Linear:
    """`weights`: shape (classes, features), behind the named ones those of vectors; `bias`: shape
    (classes,).
    """

    classes: tuple[str, ...]
    features: tuple[str, ...]
    weights: Floats
    bias: Floats


def fit(
    rows: Sequence[Features],
    labels: Sequence[str],
    strength: float,
    seed: int,
    vectors: Floats | None = None,
) -> Linear:
    """Multinomial logistic regression; `strength` is the inverse of the L2 penalty's weight.

    Shapes: a label for each row, and `vectors` (rows, size). Errors: ValueError where there are
    fewer than two labels.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = DictVectorizer()
    table = vectorizer.fit_transform(rows)
    if vectors is not None:
        table = hstack([table, csr_matrix(vectors)]).tocsr()
    found = LogisticRegression(C=strength, max_iter=300, random_state=seed).fit(table, labels)
    classes = tuple(str(name) for name in found.classes_)
    weights, bias = found.coef_, found.intercept_
    if len(classes) == 2:  # one row says both
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return Linear(classes, tuple(vectorizer.get_feature_names_out()), weights, bias)


def shares(model: Linear, rows: Sequence[Features], vectors: Floats | None = None) -> Floats:
    """How likely each class is; shape (rows, classes). Unknown features count nothing."""
    place = {name: number for number, name in enumerate(model.features)}
    scores = np.tile(model.bias, (len(rows), 1))
    if vectors is not None:
        scores += vectors @ model.weights[:, len(model.features) :].T
    for row, features in enumerate(rows):
        known = [(place[name], value) for name, value in features.items() if name in place]
        if known:
            at, value = zip(*known, strict=True)
            scores[row] += model.weights[:, at] @ np.array(value, np.float64)
    scores -= scores.max(1, keepdims=True) if len(rows) else 0
    odds = np.exp(scores)
    found: Floats = odds / odds.sum(1, keepdims=True)
    return found


def write(model: Linear, folder: Path, name: str) -> None:
    """Write it as `<name>.json` and `<name>.npy`."""
    said = {"classes": model.classes, "features": model.features}
    (folder / f"{name}.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    both = np.column_stack([model.weights, model.bias]).astype(np.float32)
    np.save(folder / f"{name}.npy", both, allow_pickle=False)


def read(folder: Path, name: str) -> Linear:
    """Read what `write` wrote. Errors: ValueError, OSError."""
    said: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    both = np.load(folder / f"{name}.npy", allow_pickle=False).astype(np.float64)
    if both.shape[0] != len(said["classes"]) or both.shape[1] <= len(said["features"]):
        raise ValueError(f"{name}.npy has the shape {both.shape}, which {name}.json does not say")
    return Linear(tuple(said["classes"]), tuple(said["features"]), both[:, :-1], both[:, -1])

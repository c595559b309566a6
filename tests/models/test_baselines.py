"""The linear baselines: what is learnt, what is kept of it, and what is said of relations, stances."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from samarkand import source
from samarkand.check import check
from samarkand.cli import app
from samarkand.models import card, linear, reader
from samarkand.models import model as models
from samarkand.models.request import Request
from samarkand.train import train
from tests.models.conftest import REPOSITORY


def test_a_linear_model_is_what_scikit_learn_says(tmp_path: Path) -> None:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [{"a": 1.0, "b": float(n % 3)} | ({"c": 1.0} if n % 4 else {}) for n in range(40)]
    for labels in ([str(n % 3) for n in range(40)], [str(n % 2) for n in range(40)]):
        model = linear.fit(rows, labels, 1.0, 0)
        linear.write(model, tmp_path, "it")
        table = DictVectorizer().fit_transform(rows)
        wanted = LogisticRegression(max_iter=300).fit(table, labels).predict_proba(table)
        assert np.allclose(linear.shares(linear.read(tmp_path, "it"), rows), wanted, atol=1e-4)
    assert linear.shares(model, []).shape == (0, 2)


@pytest.mark.parametrize("recipe", ["relations", "stance"])
def test_a_baseline_is_trained_and_evaluated(recipe: str, tmp_path: Path) -> None:
    out = tmp_path / recipe
    said = train(Request(recipe, REPOSITORY), out)
    assert said["recipe"] == recipe
    hashed = card.model_hash(out)
    train(Request(recipe, REPOSITORY), out)
    assert card.model_hash(out) == hashed
    corpus, layer = source.read(REPOSITORY)
    test = reader.some(corpus, "test")
    (part,) = reader.blocks(test, layer, len(test.documents))
    made = models.layer(models.load(out), f"model/{recipe}", part, layer)
    assert made.entities.equals(part.layers[layer].entities)
    if recipe == "relations":
        assert len(made.relations)
        wrong = {"dangling-argument", "symmetric-twice", "duplicate-annotation", "missing-evidence"}
        both = type(part)(part.documents, part.labels, corpus.actors, {made.name: made})
        assert not [found for found in check(both) if found.check in wrong]
    else:
        names = [
            name for name in made.stances.column_names if name not in ("polarity", "act", "score")
        ]
        assert made.stances.select(names).equals(part.layers[layer].stances.select(names))
    command = [
        "evaluate",
        str(out),
        "--root",
        str(REPOSITORY),
        "--rounds",
        "20",
        "--format",
        "json",
    ]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    (pair,) = json.loads(done.stdout)["pairs"]
    assert all(f["name"].startswith(("relations mention", "stances")) for f in pair["figures"])

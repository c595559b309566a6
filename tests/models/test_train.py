"""Training: the same model comes out of the same corpus, and it says what it was made of."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from typer.testing import CliRunner

from samarkand.build import build
from samarkand.cli import app
from samarkand.errors import SamarkandError
from samarkand.models import card, pipeline
from samarkand.models.request import Request
from samarkand.train import RECIPES, parsed, train
from tests.models.conftest import REPOSITORY, SHORT


def test_a_dataset_gives_the_same_model_byte_for_byte(small_model: Path, tmp_path: Path) -> None:
    build(REPOSITORY, tmp_path / "dataset")
    train(Request("ner", tmp_path / "dataset", options=SHORT), tmp_path / "model")
    assert card.model_hash(tmp_path / "model") == card.model_hash(small_model)
    files = [path for path in small_model.rglob("*") if path.is_file()]
    assert not [path for path in files if str(REPOSITORY).encode() in path.read_bytes()]


def test_a_model_says_what_it_was_made_of(small_model: Path) -> None:
    said = card.read(small_model)
    assert (said["recipe"], said["corpus"], said["seed"]) == ("ner", "samarkand", 0)
    assert len(said["content_sha256"]) == len(said["config_sha256"]) == 64
    assert set(said["libraries"]) == {"samarkand", "spacy", "thinc"}
    assert said["documents"]
    meta = spacy.load(small_model).meta
    assert meta["version"] == said["version"]
    assert "ents_f" in meta["performance"]


def test_only_the_documents_wanted_are_trained_on(tmp_path: Path, small_model: Path) -> None:
    docs = card.read(small_model)["documents"][:2]
    options = {"training.max_steps": 2, "training.eval_frequency": 1}
    wanted = Request("ner", REPOSITORY, docs=docs, dev=docs, options=options)
    assert train(wanted, tmp_path / "m")["documents"] == docs


def test_overlapping_spans_are_learnt(tmp_path: Path) -> None:
    options = {"training.max_steps": 4, "training.eval_frequency": 2}
    train(Request("spancat", REPOSITORY, options=options), tmp_path / "m")
    nlp = spacy.load(tmp_path / "m")
    assert {"ROLE", "MEETING"} <= set(nlp.pipe_labels["spancat"])
    assert list(nlp("Talks were held.").spans) == ["domain"]


@pytest.mark.parametrize(
    "recipe", [name for name in RECIPES if (pipeline.RECIPES / f"{name}.cfg").exists()]
)
def test_spacy_trains_on_the_configuration_that_is_printed(recipe: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", recipe, "--out", "x", "--show-config"])
    assert done.exit_code == 0
    (tmp_path / "it.cfg").write_text(done.stdout)
    command = [sys.executable, "-m", "spacy", "debug", "config", "it.cfg"]
    told = subprocess.run(
        [*command, "--paths.train", str(REPOSITORY)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout
    if recipe == "ner":
        command = [sys.executable, "-m", "spacy", "train", "it.cfg", "--output", "model"]
        few = ["--training.max_steps", "2", "--training.eval_frequency", "1"]
        told = subprocess.run(
            [*command, "--paths.train", str(REPOSITORY), *few],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stdout
        assert (tmp_path / "model" / "model-best" / "meta.json").is_file()


def test_what_is_refused_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    broken = tmp_path / "broken.cfg"
    broken.write_text("[nlp]\nlang = ")
    new = tmp_path / "m"
    for wanted, out, message in (
        (
            Request("nerr", REPOSITORY),
            new,
            "no recipe is called 'nerr'; there are ner, spancat, transformer, relations, stance",
        ),
        (
            Request("ner", REPOSITORY),
            full,
            f"{full}: is there already and is no model; choose another --out",
        ),
        (
            Request("ner", tmp_path),
            new,
            f"{tmp_path}: is no corpus folder, no built dataset and no Parquet of one",
        ),
        (Request("ner", REPOSITORY, "x"), new, "there is no layer 'x'; layers: "),
        (Request("ner", REPOSITORY, config=broken), new, f"{broken}: spaCy refuses it: "),
        (
            Request("stance", REPOSITORY, options={"a.b": 1}),
            new,
            "the recipe has no value 'a.b'; it has training.strength=1.0",
        ),
    ):
        with pytest.raises(SamarkandError) as caught:
            train(wanted, out)
        assert message in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.cfg", "full"]
    assert [path.name for path in full.iterdir()] == ["thesis.txt"]


def test_values_of_the_configuration_are_json_or_strings() -> None:
    assert parsed(["a.b=1", "a.c=null", "vars.layer=gold", "x.y=[1]"]) == {
        "a.b": 1,
        "a.c": None,
        "vars.layer": "gold",
        "x.y": [1],
    }
    with pytest.raises(SamarkandError, match=r"--set is SECTION\.KEY=VALUE; got 'seed=1'"):
        parsed(["seed=1"])


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(SamarkandError, match=r"is no model: it has no meta\.json"):
        card.read(tmp_path)
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(SamarkandError, match=r"meta\.json: is no JSON: "):
        card.read(tmp_path)
    (tmp_path / "meta.json").write_text(json.dumps({"samarkand": 1}))
    with pytest.raises(SamarkandError, match=r"meta\.json: has no object under 'samarkand'"):
        card.read(tmp_path)

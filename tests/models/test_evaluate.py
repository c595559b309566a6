"""Evaluation: precision, recall, seen and new actors, mapped labels, and the command."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samarkand.cli import app
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import SamarkandError
from samarkand.evaluate import Mapped, evaluate, mapping, said
from samarkand.labels import Group, LabelSchema
from samarkand.schema import DOCUMENTS, ENTITIES
from tests.models.conftest import REPOSITORY

TEXT = "Ana met Bo in Cairo"


def layer(name: str, *spans: tuple[str, int, int, str, str | None]) -> Layer:
    rows = [
        {
            "doc": doc,
            "id": f"T{n}",
            "begin": b,
            "end": e,
            "text": TEXT[b:e],
            "label": label,
            "actor": actor,
        }
        for n, (doc, b, e, label, actor) in enumerate(spans)
    ]
    return Layer(name, table(ENTITIES, rows))


GOLD = layer(
    "gold",
    ("old", 0, 3, "PER", "ana"),
    ("new", 0, 3, "PER", "ana"),
    ("new", 8, 10, "PER", "bo"),
    ("new", 14, 19, "GPE", None),
    ("new", 4, 7, "ACT", None),
)
MODEL = layer("model/x", ("new", 0, 3, "PER", None), ("new", 8, 13, "PER", None))
CORPUS = Corpus(
    table(DOCUMENTS, [{"doc": doc, "text": TEXT} for doc in ("new", "old")]),
    LabelSchema(groups=(Group("ents", ("PER", "GPE", "ACT"), True),)),
    layers={"gold": GOLD},
)


def figures(found) -> dict[tuple[str, str], float]:
    (pair,) = found.agreement.pairs
    return {(f.name.removeprefix("entities "), f.label): round(f.value, 3) for f in pair.figures}


def test_precision_recall_and_actors_that_training_had() -> None:
    found = evaluate(CORPUS, "gold", MODEL, ["new"], ("PER", "GPE"), ["old"])
    told = figures(found)
    assert told["strict precision", "ents"] == 0.5  # Ana, of Ana and "Bo in"
    assert told["strict recall", "ents"] == 0.333  # Ana, of Ana, Bo and Cairo
    assert told["strict F1", "ents"] == 0.4
    assert told["partial recall", "ents"] == 0.5  # Bo counts half
    assert told["strict recall", "PER"] == 0.5
    assert told["strict recall", "seen actors"] == 1.0
    assert told["strict recall", "new actors"] == 0.0
    assert found.left.gold == 1  # ACT, for which the model was not made
    assert "trained on" not in said(found, "text")
    both = evaluate(CORPUS, "gold", MODEL, ["new", "old"], (), ["old"])
    assert said(both, "text").endswith(
        "the model was trained on 1 of these 2 documents: the figures flatter it"
    )


def test_labels_of_both_sides_are_mapped() -> None:
    names = Mapped(gold={"PER": "person", "GPE": "place"}, model={"PER": "person", "LOC": "place"})
    model = layer(
        "model/x",
        ("new", 0, 3, "PER", None),
        ("new", 14, 19, "LOC", None),
        ("new", 4, 7, "X", None),
    )
    found = evaluate(CORPUS, "gold", model, ["new"], names=names)
    told = figures(found)
    assert (told["strict recall", "ents"], told["strict F1", "place"]) == (0.667, 1.0)
    assert (found.left.gold, found.left.model) == (1, 1)
    assert "not compared, labels of the model that are not asked for: 1" in said(found, "text")


def test_a_mapping_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('[gold]\nPER = "person"\n[model]\nPERSON = "person"\n')
    assert mapping(path) == Mapped({"PER": "person"}, {"PERSON": "person"})
    path.write_text("[golden]\n")
    with pytest.raises(SamarkandError, match=r"map\.toml"):
        mapping(path)


def test_there_must_be_something_to_compare() -> None:
    with pytest.raises(SamarkandError, match="there is no document to compare in"):
        evaluate(CORPUS, "gold", MODEL, [])


def test_the_command_in_every_form(small_model: Path, tmp_path: Path) -> None:
    def run(*more: str) -> str:
        command = ["evaluate", str(small_model), "--root", str(REPOSITORY), "--rounds", "50", *more]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        return done.stdout

    plain = run()
    assert "entities strict F1" in plain and "new actors" in plain
    told = json.loads(run("--format", "json"))
    (pair,) = told["pairs"]
    assert {f["name"] for f in pair["figures"]} >= {"entities strict precision"}
    page = tmp_path / "errors.html"
    assert "4 documents evaluated" in run("--format", "html", "--out", str(page))
    assert '<table class="heat">' in page.read_text()
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "none"), "--root", str(REPOSITORY)])
    assert (done.exit_code, done.stderr) == (
        1,
        f"{tmp_path / 'none'}: is no model: it has no meta.json\n",
    )

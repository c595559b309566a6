"""Cross-validation, the learning curve, and the queue that finds what was put wrong on purpose."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samarkand import crossval, curve, store
from samarkand.cli import app
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import SamarkandError
from samarkand.labels import Group, LabelSchema
from samarkand.models.request import Request
from samarkand.queue import docs, queue, text
from samarkand.schema import DOCUMENTS, ENTITIES
from tests.models.conftest import REPOSITORY, SHORT

#: How much of a layer is put wrong, and how long a model is trained to find it.
SHARE, ENOUGH = 0.05, {"training.max_steps": 200, "training.eval_frequency": 100}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("corpus", "annotations"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    return tmp_path


def test_folds_keep_events_together_and_are_of_a_size() -> None:
    rows = [
        {"doc": f"d{n}", "text": "x", "event": f"e{n // 3}" if n < 12 else None} for n in range(20)
    ]
    made = crossval.folds(table(DOCUMENTS, rows), 4)
    assert sorted(doc for part in made for doc in part) == sorted(row["doc"] for row in rows)
    assert {len(part) for part in made} == {5}
    event = {row["doc"]: row["event"] for row in rows}
    for name in {*event.values()} - {None}:
        assert sum(name in {event[doc] for doc in part} for part in made) == 1
    with pytest.raises(SamarkandError, match="2 events cannot be cut into 3 folds"):
        crossval.folds(table(DOCUMENTS, rows[12:14]), 3)


def corrupted(corpus: Corpus, name: str, seed: int) -> tuple[Corpus, set[tuple[str, int, int]]]:
    """The corpus with a share of a layer's names relabelled, cut or removed, and their places."""
    chance = random.Random(seed)  # noqa: S311
    layer = corpus.layers[name]
    labels = corpus.labels.groups[0].labels
    rows, wrong = [], set()
    for row in layer.entities.to_pylist():
        place = row["doc"], row["begin"], row["end"]
        if row["label"] in labels and chance.random() < SHARE:
            wrong.add(place)
            way = chance.choice(["label", "remove", "cut"])
            if way == "remove":
                continue
            if way == "label" or " " not in row["text"]:
                row["label"] = chance.choice([label for label in labels if label != row["label"]])
            else:
                row["text"] = row["text"].rpartition(" ")[0]
                row["end"] = row["begin"] + len(row["text"])
        rows.append(row)
    made = replace(
        layer,
        entities=table(ENTITIES, rows),
        relations=layer.relations.slice(0, 0),
        stances=layer.stances.slice(0, 0),
    )
    return replace(corpus, layers={name: made}), wrong


def test_what_was_put_wrong_is_found_three_times_as_often_as_by_chance(root: Path) -> None:
    corpus, (name,) = store.read(root), list(store.read(root).layers)[:1]
    bad, wrong = corrupted(corpus, name, 1)
    store.write(bad, root)
    made = crossval.crossval(Request("ner", root, name, options=ENOUGH), "model/ner", 3)
    assert sorted(made.entities["doc"].unique().to_pylist()) == corpus.documents["doc"].to_pylist()
    assert made.provenance is not None and "3 folds by event" in made.provenance.notes
    found = queue(store.read(root), name, ["model/ner"])[: len(wrong)]
    hits = [
        item
        for item in found
        if any(
            item.doc == doc and item.begin < end and item.end > begin for doc, begin, end in wrong
        )
    ]
    assert len(hits) / len(found) >= 3 * SHARE, f"{len(hits)} of {len(found)}"


def test_a_cross_validation_that_was_stopped_goes_on(root: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(step: str, done: int, total: int) -> None:
        if done == 1:
            raise StoppedError

    wanted = Request("ner", root, options=SHORT)
    with pytest.raises(StoppedError):
        crossval.crossval(wanted, "model/ner", 3, stop)
    (kept,) = (root / crossval.FOLDER).glob("*/0/meta.json")
    before = kept.stat().st_mtime_ns
    assert not (root / "annotations/model").exists()
    times = []

    def look(step: str, done: int, total: int) -> None:
        times.append(kept.stat().st_mtime_ns)

    made = crossval.crossval(wanted, "model/ner", 3, look)
    assert times == [before] * 3
    assert not list((root / crossval.FOLDER).glob("*/0"))
    assert store.read(root).layers["model/ner"] == made


def test_a_curve_has_a_point_for_each_size_and_is_kept(root: Path) -> None:
    wanted = Request("ner", root, options=SHORT)
    found = curve.curve(wanted, (2, 6), 2)
    assert [point.documents for point in found] == [2, 6]
    assert all(len(point.seeds) == 2 and point.low <= point.f1 <= point.high for point in found)
    assert len(list((root / curve.FOLDER).glob("*.json"))) == 4
    assert curve.curve(wanted, (6, 2), 2) == found
    page = curve.page(found, "it", {50: 0.61})
    assert page.count("<circle") == 2 and page.count("<polyline") == 2
    with pytest.raises(SamarkandError, match="a size of 99 is asked for, and the split train has"):
        curve.curve(wanted, (99,))


def test_larger_draws_hold_smaller_ones() -> None:
    corpus = store.read(REPOSITORY, [])
    small, large = (curve.drawn(corpus.documents, size, 3) for size in (4, 12))
    assert len(small) == 4 and set(small) < set(large)
    assert curve.drawn(corpus.documents, 4, 4) != small


TEXT = "Bo met Cy in Oslo. Oslo is cold. Oslo, Oslo."


def layer(name: str, *spans: tuple[int, int, str, float | None]) -> Layer:
    rows = [
        {
            "doc": "a",
            "id": f"T{n}",
            "begin": b,
            "end": e,
            "text": TEXT[b:e],
            "label": label,
            "score": s,
        }
        for n, (b, e, label, s) in enumerate(spans)
    ]
    return Layer(name, table(ENTITIES, rows))


def test_the_queue_says_why() -> None:
    oslo = [(13, 17), (19, 23), (33, 37), (39, 43)]
    gold = layer(
        "gold",
        (0, 2, "PER", None),
        *((b, e, "GPE", None) for b, e in oslo[:3]),
        (*oslo[3], "PER", None),
    )
    model = layer(
        "model/x", (0, 2, "PER", 0.9), (7, 9, "PER", 0.8), *((b, e, "GPE", 0.95) for b, e in oslo)
    )
    groups = (Group("ents", ("PER", "GPE"), True),)
    documents = table(DOCUMENTS, [{"doc": "a", "text": TEXT}])
    corpus = Corpus(documents, LabelSchema(groups=groups), layers={"gold": gold, "model/x": model})
    found = queue(corpus, "gold", ["model/x"])
    assert text(found, 2).splitlines() == [
        "0.93  a:39-43: 'Oslo' PER -> GPE; model/x labels it GPE (0.95); elsewhere it is GPE (3 of 4)",
        "0.40  a:7-9: 'Cy' (none) -> PER; model/x says PER (0.80)",
        "2 of 2 places",
    ]
    assert docs(found) == ["a"]
    with pytest.raises(SamarkandError, match="there is no layer 'x'; layers: gold, model/x"):
        queue(corpus, "gold", ["x"])


def test_the_command_lists_and_makes_a_worksheet(root: Path, tmp_path: Path) -> None:
    corpus = store.read(root)
    name = next(iter(corpus.layers))
    rows = corpus.layers[name].entities
    store.write_layer(replace(corpus.layers[name], name="model/x", entities=rows.slice(1)), root)
    command = ["queue", name, "model/x", "--root", str(root)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "model/x has nothing here" in done.stdout
    done = CliRunner().invoke(app, [*command, "--top", "1", "--sheet", str(tmp_path / "sheet")])
    assert done.exit_code == 0, done.output
    assert "1 document, " in done.stdout and (tmp_path / "sheet").is_dir()

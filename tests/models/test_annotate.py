"""A model's layer: made once, resumed after a kill, over a corpus or a folder of texts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samarkand import store
from samarkand.annotate import FOLDER, annotate, gather
from samarkand.check import check
from samarkand.cli import app
from samarkand.errors import SamarkandError
from samarkand.models import model as models

TEXTS = {
    f"news/{n:02}.txt": f"Putin met Xi in Samarkand on {n + 1} May.\n\nTalks went on."
    for n in range(60)
}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        path = tmp_path / "texts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "texts"


def files(root: Path) -> dict[str, bytes]:
    folder = root / "annotations/model/it"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_folder_of_texts_becomes_a_corpus_with_a_layer(
    small_model: Path, texts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "corpus"
    command = ["annotate", str(small_model), str(texts), "--out", str(out), "--layer", "model/it"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    corpus = store.read(out)
    assert corpus.documents["doc"].to_pylist() == [f"news-{n:02}" for n in range(60)]
    layer = corpus.layers["model/it"]
    made = layer.provenance
    assert made is not None
    assert (made.kind, made.is_human, made.model_sha256) == (
        "model",
        False,
        models.load(small_model).sha256,
    )
    assert "trained on samarkand" in made.model
    assert len(layer.entities) and all(
        0 <= score <= 1 for score in layer.entities["score"].to_pylist()
    )
    assert check(corpus) == []
    assert set(layer.entities["label"].to_pylist()) == set(corpus.labels.labels)
    assert done.stdout == f"{out}: model/it, {len(layer.entities):,} annotations in 60 documents\n"
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.stderr) == (
        1,
        f"{out}/annotations/model/it: is there already; --overwrite replaces it\n",
    )
    before = files(out)
    assert CliRunner().invoke(app, [*command, "--overwrite"]).exit_code == 0
    assert files(out) == before


def test_a_run_that_was_killed_goes_on(small_model: Path, texts: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for out in (whole, cut):
        gather(texts, out)
    annotate(models.load(small_model), whole, "model/it")
    command = [
        sys.executable,
        "-m",
        "samarkand.cli",
        "annotate",
        str(small_model),
        str(cut),
        "--layer",
        "model/it",
    ]
    running = subprocess.Popen(command, start_new_session=True)
    staging = cut / FOLDER
    while running.poll() is None and not list(staging.glob("*/*.jsonl")):
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = len(list(staging.glob("*/*.jsonl")))
    assert not (cut / "annotations/model/it").exists()
    store.read(cut)  # what is half done is no layer
    report = annotate(models.load(small_model), cut, "model/it")
    assert 0 < report.before == kept < report.documents == 60
    assert files(cut) == files(whole)
    assert not list(staging.glob("*/*.jsonl"))


def test_what_cannot_be_annotated_is_said(small_model: Path, texts: Path, tmp_path: Path) -> None:
    model = models.load(small_model)
    root = tmp_path / "corpus"
    (tmp_path / "none").mkdir()
    gather(texts, root)
    with pytest.raises(SamarkandError, match="a model's layer is called model/NAME; got 'gold'"):
        annotate(model, root, "gold")
    with pytest.raises(SamarkandError, match=r"has no texts \(\*\.txt\)"):
        gather(tmp_path / "none", root)
    (texts / "news-00.txt").write_text("x")
    with pytest.raises(SamarkandError, match="has another one's name; rename it"):
        gather(texts, root)
    (texts / "news-00.txt").rename(texts / "other.txt")
    with pytest.raises(SamarkandError, match="is a corpus of other texts; choose another --out"):
        gather(texts, root)
    (texts / "other.txt").write_bytes(b"caf\xe9")
    with pytest.raises(SamarkandError, match=r"other\.txt:1: byte 3 of the file is not UTF-8"):
        gather(texts, root)
    done = CliRunner().invoke(app, ["annotate", str(small_model), str(texts)])
    assert done.stderr == "a folder of texts is laid out as a corpus: say where, --out\n"


def test_a_text_that_changed_since_is_annotated_again(
    small_model: Path, texts: Path, tmp_path: Path
) -> None:
    """A file that was kept counts only for the text that it was made of."""
    model, root = models.load(small_model), tmp_path / "corpus"
    gather(texts, root)

    class KilledError(Exception):
        pass

    def first_block(step: str, done: int, total: int) -> None:
        if done:
            raise KilledError

    with pytest.raises(KilledError):
        annotate(model, root, "model/it", progress=first_block)
    article = root / "corpus/articles/news-00.txt"
    article.write_text("Merkel met Macron in Berlin.")
    listed = root / "corpus/articles.jsonl"
    lines = listed.read_text().splitlines()
    listed.write_text(
        "\n".join([line for line in lines if "news-00" not in line] + ['{"doc":"news-00"}', ""])
    )
    report = annotate(model, root, "model/it")
    assert report.before == 15
    entities = store.read(root).layers["model/it"].entities.to_pylist()
    assert {row["text"] for row in entities if row["doc"] == "news-00"} <= {
        "Merkel", "Macron", "Berlin", "Merkel met Macron",
    }  # fmt: skip

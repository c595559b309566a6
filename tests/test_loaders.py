"""`samarkand.load` and `samarkand.open`: from a checkout and from a wheel, never stale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import samarkand
from samarkand.errors import SamarkandError
from samarkand.loaders import built

REPOSITORY = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "store" / "good"


def test_load_gives_what_load_dataset_gives(tmp_path: Path) -> None:
    rows = samarkand.load("relations", "train", root=SMALL, cache=tmp_path)
    assert rows[0]["head"]["text"] == "Xi"
    streamed = samarkand.load("relations", "train", root=SMALL, cache=tmp_path, streaming=True)
    assert list(streamed) == list(rows)


def test_load_is_never_stale_after_a_change(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    first = built(root, tmp_path / "cache")
    assert built(root, tmp_path / "cache") == first
    (root / "corpus/articles/a.txt").write_text("Xi met Putin!\n")
    assert (
        samarkand.load(split="train", root=root, cache=tmp_path / "cache")[0]["text"]
        == "Xi met Putin!\n"
    )
    (root / "corpus/articles/a.txt").write_text("Xi met Putin.\n")
    assert (
        samarkand.load(split="train", root=root, cache=tmp_path / "cache")[0]["text"]
        == "Xi met Putin.\n"
    )


def test_an_unknown_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(SamarkandError) as caught:
        samarkand.load("nre", cache=tmp_path)
    assert str(caught.value) == (
        "no configuration is called 'nre'; there are articles, ner, relations, stance, layers"
    )


def test_open_gives_the_corpus_of_this_checkout() -> None:
    corpus = samarkand.open()
    assert len(corpus.documents) == len(list((REPOSITORY / "corpus/articles").glob("*.txt")))
    assert corpus == samarkand.open(REPOSITORY)


def test_an_installed_wheel_brings_its_corpus_and_needs_no_network(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(REPOSITORY),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    shutil.unpack_archive(wheel, installed, "zip")
    script = (
        "import samarkand; print(samarkand.__file__)\n"
        "print(len(samarkand.open().documents), len(samarkand.load('ner')['test']))"
    )
    environment = os.environ | {
        "PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    file, counts = done.stdout.splitlines()
    assert file.startswith(str(installed))
    articles = len(list((REPOSITORY / "corpus/articles").glob("*.txt")))
    assert counts.split()[0] == str(articles) and int(counts.split()[1]) > 0

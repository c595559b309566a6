"""From a stranger's files to `load_dataset` in three commands."""

import json
from pathlib import Path

import datasets
import pytest

from tests.real import REAL, needs_real
from tests.test_cli import run

#: Folder, and what importing it says, and how much of it the dataset's `articles` hold.
CORPORA = {
    "turku-ner/standoff": (
        "754 documents (754 new), 11,448 entities, 0 relations, 0 stances\n",
        {"train": 602, "validation": 76, "test": 76},
        {"near-duplicate-across-splits", "one-form-two-labels"},
    ),
    "wet-lab/standoff": (
        "122 documents (122 new), 15,972 entities, 3,448 relations, 0 stances\n"
        "not read, event: 4,050\nnot read, note: 6\nnot read, relation of an event: 2,045\n",
        {"train": 122},
        {
            "duplicate-annotation",
            "one-form-two-labels",
            "span-edge-whitespace",
            "zero-width-character",
        },
    ),
    "litbank/entities/brat": (
        "100 documents (100 new), 13,912 entities, 0 relations, 0 stances\n",
        {"train": 100},
        {"one-form-two-labels"},
    ),
}


@needs_real
@pytest.mark.parametrize("folder", CORPORA)
def test_three_commands_from_a_strangers_files_to_load_dataset(folder: str, tmp_path: Path) -> None:
    assert REAL is not None
    told, rows, findings = CORPORA[folder]
    root, out = tmp_path / "corpus", tmp_path / "out"
    assert run("init", root)[0] == 0
    code, said, _ = run(
        "import", REAL / folder, "--from", "brat", root, "--layer", "hand/x", "--lossy"
    )
    assert (code, said) == (0, told)
    assert run("build", root, "--out", out, "--allow-errors")[0] == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["findings"]) >= findings
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(part) for split, part in loaded.items()} == rows
    entities = sum(len(row["entities"]) for part in loaded.values() for row in part)
    assert f" {entities:,} entities" in told

"""The documentation is true: its examples run, its tables are the code's."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samarkand.build import build

REPOSITORY = Path(__file__).parents[1]
PAGES = [*sorted((REPOSITORY / "docs").rglob("*.md")), REPOSITORY / "README.md"]


def generator():
    """scripts/docs.py as a module."""
    spec = importlib.util.spec_from_file_location("docs", REPOSITORY / "scripts" / "docs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_tables_are_the_ones_in_the_pages() -> None:
    docs = generator()
    for page, make in docs.TABLES.items():
        text = (REPOSITORY / "docs" / page).read_text()
        assert docs.filled(text, make()) == text, f"run python scripts/docs.py: {page} is behind"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built dataset where the README has it."""
    found = tmp_path_factory.mktemp("docs")
    build(REPOSITORY, found / "dist" / "samarkand")
    return found


@pytest.mark.parametrize("page", [p for p in PAGES if ">>>" in p.read_text()], ids=lambda p: p.name)
def test_examples_print_what_the_page_says(page: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "doctest", str(page)]
    environment = os.environ | {"HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    for name in ("corpus", "annotations", "dataset_card.md"):
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    text = (REPOSITORY / "docs" / "tutorial.md").read_text()
    said = []
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    environment["PATH"] = f"{scripts}:{environment['PATH']}"
    for kind, block in re.findall(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        command = ["bash", "-euo", "pipefail", "-c"] if kind == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*command, block], cwd=tmp_path, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    assert "entities strict F1" in said[2]
    assert "'Samarkand'" in said[3]
    assert "5 of " in said[4] and "model/ner" in said[4]
    assert "relabelled" in said[5] and "EVENT" in said[5]
    assert "relabelled" in said[6]
    assert said[7] == "9.9.9\n"

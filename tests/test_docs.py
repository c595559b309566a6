"""The documentation is true: its examples run, its tables are the code's."""

import doctest
import importlib.util
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGES = [*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "README.md"]


def generator():  # noqa: ANN201
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_print_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "dist/samarkand" in page.read_text() and ">>>" in page.read_text():
        from samarkand.build import build

        build(REPOSITORY, tmp_path / "dist" / "samarkand")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    failed, tried = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert failed == 0
    assert tried or ">>>" not in page.read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    import re

    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"

"""What a covered text may look like, and the two pages' examples."""

import re
import time
from pathlib import Path

import pytest

from samarkand.formats import _standoff as standoff
from samarkand.formats import bioc, re3d

PAGES = Path(__file__).parents[2] / "docs" / "formats"


@pytest.mark.parametrize(
    "said, covered",
    [
        ("Xi", "Xi"),
        ("Xi Jinping", "Xi\n  Jinping "),
        ("'Tex' Roe", "“Tex” Roe"),
        ("TNF-a", "TNF-α"),
        ("TNF-alpha 2", "TNF-α2"),
        ("SARS CoV 2", "SARS‐CoV‐2"),
        ("IL-1b and a", "IL-1ß and α"),
        ("a", "α"),
    ],
)
def test_a_text_may_be_written_otherwise(said: str, covered: str) -> None:
    assert standoff.alike(said, covered)


@pytest.mark.parametrize(
    "said, covered",
    [
        ("Xi", "xi"),
        ("Xi", "X"),
        ("", "Xi"),
        ("cancers", "s cancer"),
        ("TNF-b 2", "TNF-α 3"),
        ("nF-a", "TNF-α"),
        ("TNF-α", "TNF-β"),
        ("Путин", "утин "),
        ("ab", "aαb cd"),
        ("aa", "aαa" * 2),
        ("Tokyo", "東京"),
        ("Putin", "Путин"),
        ("résumé", "resume"),
    ],
)
def test_another_text_is_another(said: str, covered: str) -> None:
    assert not standoff.alike(said, covered)


def test_comparing_takes_linear_time() -> None:
    start = time.process_time()
    assert not standoff.alike("a" * 200_000, "aα" * 100_000 + "b")
    assert time.process_time() - start < 5


def examples(page: str) -> list[bytes]:
    found = re.findall(r"```json\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
    return [example.encode() for example in found]


def test_the_examples_of_the_pages_are_what_is_written() -> None:
    tables = ("documents.json", "entities.json", "relations.json")
    for form, found in (
        (bioc, dict(zip(["annotations.json"], examples("bioc.md"), strict=True))),
        (re3d, dict(zip(tables, examples("re3d.md"), strict=True))),
    ):
        reading = form.read(found, "hand/a")
        assert not reading.unread and not reading.notes
        assert form.write(reading.corpus, "hand/a") == found

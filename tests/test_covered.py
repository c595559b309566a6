"""What a covered text may look like."""

import time

import pytest

from samarkand.covered import alike


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
    assert alike(said, covered)


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
    assert not alike(said, covered)


def test_comparing_takes_linear_time() -> None:
    start = time.process_time()
    assert not alike("a" * 200_000, "aα" * 100_000 + "b")
    assert time.process_time() - start < 5

"""What splits share, against plain sets of words."""

import json
from itertools import combinations
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from samarkand import schema, store
from samarkand.cli import app
from samarkand.corpus import Corpus, table
from samarkand.errors import SamarkandError
from samarkand.leaks import EVENT, PASSAGE, SHINGLE, TEXT, leaks

TRAIN, TEST = "train", "test"


def corpus_of(*rows: tuple[str | None, str | None, str]) -> Corpus:
    """Documents d0, d1, ... from split, event and text."""
    documents = [
        {"doc": f"d{n}", "split": split, "event": event, "text": text}
        for n, (split, event, text) in enumerate(rows)
    ]
    return Corpus(table(schema.DOCUMENTS, documents))


def words(letters: str) -> str:
    return " ".join(letters)


def test_an_event_in_two_splits_is_named_for_each_two_documents() -> None:
    rows = [(TRAIN, "e", "a"), (TRAIN, "e", "b"), (TEST, "e", "c"), (TEST, "f", "d")]
    found = leaks(corpus_of(*rows))
    assert [(leak.kind, leak.docs) for leak in found] == [
        (EVENT, ("d0", "d2")),
        (EVENT, ("d1", "d2")),
    ]
    assert str(found[0]) == "d2 (test) and d0 (train) tell of one event, e"


def test_the_longest_passage_is_told_as_it_is_written() -> None:
    shared = "The Ministers signed it in the Old Hall of the City at Noon, Both Said"
    rows = [(TRAIN, None, f"{shared}. x {shared[:62]}"), (TEST, None, f"So: {shared.upper()}!")]
    (leak,) = leaks(corpus_of(*rows), similarity=1)
    assert (leak.kind, leak.measure) == (PASSAGE, 14)
    assert leak.what == shared.removesuffix(" Said")
    assert str(leak).startswith("d1 (test) and d0 (train) share 14 words: The Ministers signed")


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([(TRAIN, None, "a")], {}, "the documents are in fewer than two of train"),
        ([(TRAIN, None, "a"), (None, None, "a")], {}, "fewer than two"),
        ([], {"similarity": 0.0}, "the similarity is above 0 and at most 1; got 0.0"),
        ([], {"words": 4}, "a passage has 5 words or more; got 4"),
    ],
)
def test_what_cannot_be_looked_for(
    rows: list[tuple[str | None, str | None, str]], options: dict[str, float], message: str
) -> None:
    with pytest.raises(SamarkandError, match=message):
        leaks(corpus_of(*rows), **options)  # type: ignore[arg-type]


def grams(text: str, size: int) -> set[tuple[str, ...]]:
    """The sequences of so many words."""
    split = text.lower().split()
    return {tuple(split[k : k + size]) for k in range(len(split) - size + 1)}


LETTERS = st.lists(st.sampled_from("abAB"), max_size=14).map("".join)
ROWS = st.lists(
    st.tuples(st.sampled_from(schema.SPLITS), st.none(), LETTERS.map(words)), max_size=6
)


@given(ROWS)
@settings(max_examples=60)
def test_against_the_plain_version(rows: list[tuple[str, None, str]]) -> None:
    rows = [(TRAIN, None, "x"), (TEST, None, "y"), *rows]
    found = leaks(corpus_of(*rows), similarity=0.9, words=6)
    alike = {leak.docs for leak in found if leak.kind == TEXT}
    longest = {frozenset(leak.docs): leak.measure for leak in found if leak.kind == PASSAGE}
    for (a, one), (b, other) in combinations(enumerate(rows), 2):
        pair = frozenset({f"d{a}", f"d{b}"})
        sizes = range(6, 15) if one[0] != other[0] else ()
        wanted = [n for n in sizes if grams(one[2], n) & grams(other[2], n)]
        assert longest.get(pair) == (max(wanted) if wanted else None)
        mine, others = grams(one[2], SHINGLE), grams(other[2], SHINGLE)
        same = bool(mine) and mine == others and one[0] != other[0]
        assert same <= (pair in map(frozenset, alike))
        if pair in map(frozenset, alike):
            assert len(mine & others) / len(mine | others) >= 0.9


def test_the_command_says_what_was_found_and_exits_by_it(tmp_path: Path) -> None:
    def run(*options: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, ["leaks", str(tmp_path), *options])
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done.exit_code, done.stdout, done.stderr

    store.write(corpus_of((TRAIN, "e", "a b"), (TEST, "f", "a b")), tmp_path)
    none = "0 shared events, 0 near-duplicates, 0 shared passages\n"
    assert run()[:2] == (0, none)
    text = words("abcdefghijkl")
    store.write(corpus_of((TRAIN, "e", text), (TEST, "e", text)), tmp_path)
    code, said, _ = run()
    assert code == 1
    assert said.splitlines() == [
        "d1 (test) and d0 (train) tell of one event, e",
        "d1 (test) and d0 (train) are alike: 100% of their 5-word sequences",
        f"d1 (test) and d0 (train) share 12 words: {text}",
        "1 shared event, 1 near-duplicate, 1 shared passage",
    ]
    assert [leak["kind"] for leak in json.loads(run("--format", "json")[1])] == [
        EVENT,
        TEXT,
        PASSAGE,
    ]
    code, _, error = run("--words", "3")
    assert (code, error) == (1, "a passage has 5 words or more; got 3\n")

"""The tokens are spaCy's, and so are the sentences of a line."""

import json
import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings

from samarkand import sentences, tokens
from samarkand.tokens import Tokens
from tests.corpora import PIECES
from tests.real import REAL, needs_real

if TYPE_CHECKING:
    from spacy.language import Language

ARTICLES = Path(__file__).parents[1] / "corpus" / "articles"

#: What spaCy's rules turn on: emoticons, contractions, abbreviations, units, addresses, white space.
AWKWARD = [
    *(
        ":",
        ")",
        "(",
        "-",
        ";",
        "'",
        "’",
        "‘",
        ".",
        "...",
        ",",
        "8",
        "=",
        "°",
        "c",
        "o",
        "O",
        "_",
        "/",
    ),
    *(
        "don't",
        "nothin",
        "ol",
        "'s",
        "’s",
        "'em",
        "a.m.",
        "10a.m.",
        "Mr.",
        "Ph.D.",
        "U.S.",
        "x",
        "w",
    ),
    *("http://a.b/c?d=e.", "a@b.co", "1.5km", "$5", "state-run", "and/or", "U.K.-based", "can not"),
    *("\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\x0b", "\x0c", "\r\n", "\u2028", "\u2029", "\u3000"),
    *("\u200b", "\u200d", "\u202f", "\ufeff", "\u1680", "\u2003", " ", " ", " ", "  ", "\n"),
]
TEXTS = st.lists(
    st.text(max_size=12)
    | st.lists(
        st.sampled_from([*AWKWARD, *PIECES]) | st.characters(codec="utf-8"), max_size=16
    ).map("".join),
    max_size=5,
)


@cache
def english() -> "Language":
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


def spacy_tokens(texts: list[str]) -> list[tuple[int, int, int]]:
    """What a tokenizer of spaCy's own says of each text as a whole: (row, begin, end)."""
    return [
        (row, token.idx, token.idx + len(token))
        for row, text in enumerate(texts)
        for token in english().tokenizer(text)
        if not token.is_space
    ]


def rows(found: Tokens) -> list[tuple[int, int, int]]:
    return list(zip(found.doc.tolist(), found.begin.tolist(), found.end.tolist(), strict=True))


@settings(max_examples=400)
@given(TEXTS)
@example([": ):a"])
@example(["nothin 's<K.", "Jun’ ’s°", "[ :}-/"])
@example(["", " ", "\n", "a", "", " a", "a ", ""])
def test_tokens_are_those_of_spacy(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    assert rows(tokens.tokenize(column)) == spacy_tokens(texts)
    assert rows(tokens.tokenize(column, cache=False)) == spacy_tokens(texts)


@pytest.mark.parametrize("seed", range(4))
def test_special_cases_across_spaces_are_those_of_spacy(seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311
    rules = list(english().tokenizer.rules)
    ends = [rule[at:] for rule in drawn.sample(rules, 200) for at in range(1, len(rule))]
    letters = [*"abcdostxDOPXéßñŁłž"] * 4
    parts = [*AWKWARD * 2, *rules, *ends, *letters, *[" "] * 400]
    texts = ["".join(drawn.choices(parts, k=10)) for _ in range(4000)]
    assert rows(tokens.tokenize(pa.array(texts))) == spacy_tokens(texts)


def test_a_chunked_and_sliced_column_is_read_as_it_stands() -> None:
    texts = ["left out", "Xi left.", "", "Putin, too."]
    column = pa.chunked_array([pa.array(texts).slice(1, 2), pa.array(texts).slice(3)])
    assert rows(tokens.tokenize(column)) == spacy_tokens(texts[1:])
    assert len(tokens.tokenize(pa.array([], pa.string()))) == 0


def test_a_rule_with_white_space_inside_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    import spacy

    tokenizer = spacy.blank("en").tokenizer
    tokenizer.add_special_case("New York", [{"ORTH": "New York"}])
    monkeypatch.setattr(tokens, "english", lambda: tokenizer)
    assert rows(tokens.tokenize(pa.array(["in New York now"]))) == [
        (0, 0, 2),
        (0, 3, 11),
        (0, 12, 15),
    ]


@pytest.mark.skipif(not any(ARTICLES.glob("*.txt")), reason="no articles")
def test_the_articles_have_the_tokens_and_sentences_of_spacy() -> None:
    texts = [path.read_text() for path in sorted(ARTICLES.glob("*.txt"))]
    found = tokens.tokenize(pa.array(texts))
    assert rows(found) == spacy_tokens(texts)
    assert sentences.split(pa.array(texts), found).tolist() == numbered(texts, found)


@needs_real
def test_real_texts_have_the_tokens_and_sentences_of_spacy() -> None:
    assert REAL is not None
    texts = [path.read_text() for path in sorted(REAL.rglob("*.txt"))][:400]
    for path in sorted(REAL.rglob("documents.json")):
        texts += [json.loads(line)["text"] for line in path.read_text().splitlines()]
    assert len(texts) > 400
    found = tokens.tokenize(pa.array(texts))
    assert rows(found) == spacy_tokens(texts)
    assert sentences.split(pa.array(texts), found).tolist() == numbered(texts, found)


def numbered(texts: list[str], found: Tokens) -> list[int]:
    """The sentence of each token: lines, and spaCy's sentencizer over the tokens of each."""
    from spacy.tokens import Doc

    numbers = []
    for row, text in enumerate(texts):
        mine = np.flatnonzero(found.doc == row)
        lines: dict[int, list[str]] = {}
        for begin, end in zip(found.begin[mine].tolist(), found.end[mine].tolist(), strict=True):
            lines.setdefault(text.count("\n", 0, begin), []).append(text[begin:end])
        number = -1
        for words in lines.values():
            for token in english().get_pipe("sentencizer")(Doc(english().vocab, words=words)):
                number += bool(token.is_sent_start)
                numbers.append(number)
    return numbers


@settings(max_examples=300)
@given(TEXTS)
@example(['"Stop." He said: "No!?" ... Then (yes.) left。 完。', "A.\nB\n\n. C . . D", "", "\n\nE"])
def test_sentences_are_lines_cut_by_the_sentencizer(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    found = tokens.tokenize(column)
    assert sentences.split(column, found).tolist() == numbered(texts, found)


PLAIN = st.from_regex(tokens._PLAIN.replace(tokens._LETTER, "[A-Ca-cmMrsÉßñŁłž]"), fullmatch=True)


@settings(max_examples=300)
@given(st.lists(PLAIN.map(str.strip), min_size=1, max_size=40))
def test_what_is_read_off_without_spacy_is_what_spacy_says(pieces: list[str]) -> None:
    column = pa.array([" ".join(pieces), "\n".join(pieces)])
    assert rows(tokens.tokenize(column)) == rows(tokens.tokenize(column, cache=False))

"""A Doc made from columns is the Doc that spaCy's tokenizer makes."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings

from samarkand.models import words
from tests.corpora import PIECES
from tests.test_tokens import AWKWARD

if TYPE_CHECKING:
    from spacy.language import Language

ARTICLES = Path(__file__).parents[2] / "corpus" / "articles"
#: All that a tokenizer sets on a token, and what models take from it.
ATTRIBUTES = ["ORTH", "SPACY", "NORM", "IDX", "LENGTH", "PREFIX", "SUFFIX", "SHAPE"]


@cache
def english() -> "Language":
    import spacy

    return spacy.blank("en")


def same(texts: list[str]) -> None:
    docs, at = words.docs(pa.array(texts, pa.string()), english())
    tokens = at.tokens
    assert at.rows.tolist() == [
        row for row, token in enumerate(t for doc in docs for t in doc) if not token.is_space
    ]
    assert len(docs) == len(texts)
    for row, (made, text) in enumerate(zip(docs, texts, strict=True)):
        wanted = english().make_doc(text)
        assert made.text == text
        assert np.array_equal(made.to_array(ATTRIBUTES), wanted.to_array(ATTRIBUTES)), text
        place = tokens.doc == row
        assert tokens.begin[place].tolist() == [token.idx for token in wanted]
        assert tokens.end[place].tolist() == [token.idx + len(token) for token in wanted]


def test_the_corpus() -> None:
    same([path.read_bytes().decode() for path in sorted(ARTICLES.glob("*.txt"))])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.lists(st.sampled_from([*PIECES, *AWKWARD]), max_size=12).map("".join), max_size=4)
)
@example(["I can't, won't and they'll've (don't) Jan. 5 a.m.", "", " ", "\u00a0", " a  b \n\n c "])
@example(["a\u00a0b", "\n", "x ", "  x"])
def test_any_text(texts: list[str]) -> None:
    same(texts)


def test_norms_are_those_of_special_cases() -> None:
    (doc,), _ = words.docs(pa.array(["They won't; ca is not can't."]), english())
    assert [(token.text, token.norm_) for token in doc if token.text.lower() != token.norm_] == [
        ("wo", "will"),
        ("n't", "not"),
        ("ca", "can"),
        ("n't", "not"),
    ]


def test_a_pipeline_with_another_tokenizer_makes_its_own_words() -> None:
    import spacy
    from spacy.symbols import ORTH

    nlp = spacy.blank("en")
    assert words.is_english(nlp)
    nlp.tokenizer.add_special_case("Al-Ula", [{ORTH: "Al-"}, {ORTH: "Ula"}])
    assert not words.is_english(nlp)
    (doc, _), at = words.docs(pa.array(["At Al-Ula", "x"]), nlp)
    assert [token.text for token in doc] == ["At", "Al-", "Ula"]
    assert (at.tokens.doc.tolist(), at.tokens.begin.tolist()) == ([0, 0, 0, 1], [0, 3, 6, 0])

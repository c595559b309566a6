"""Texts as spaCy's Docs, many at once: the words that its English tokenizer makes, from columns.

A Doc made here is the Doc that `nlp.make_doc` makes: white space tokens and norms included. The
tests compare them. A pipeline with another tokenizer makes its own.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from samarkand import text
from samarkand.cuts import english
from samarkand.text import Ints, Mask, TextIndex
from samarkand.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Words:
    """The tokens of Docs, white space among them, and the rows of those that are none.

    The row of a token, less that of its Doc's first one, is its place in the Doc.
    """

    tokens: Tokens
    rows: Ints


def docs(texts: pa.ChunkedArray | pa.Array, nlp: "Language") -> tuple[list["Doc"], Words]:
    """A Doc of each text, as the pipeline's tokenizer makes it, and where their tokens are."""
    if is_english(nlp):
        return _from_columns(texts, nlp)
    made = [nlp.make_doc(value) for value in texts.to_pylist()]
    doc = np.repeat(np.arange(len(made)), [len(each) for each in made])
    wanted: list[int | str] = ["IDX", "LENGTH", "IS_SPACE"]
    rows = [each.to_array(wanted).astype(np.int64).reshape(-1, 3) for each in made]
    begin, length, white = np.concatenate([*rows, np.zeros((0, 3), np.int64)]).T
    return made, Words(Tokens(doc, begin, begin + length), np.flatnonzero(white == 0))


def is_english(nlp: "Language") -> bool:
    """Whether a pipeline's tokenizer is that of spaCy's `blank("en")`."""
    return _rules(nlp.tokenizer) == _rules(english())


def _rules(tokenizer: Any) -> tuple[Any, ...]:
    """Everything that decides which tokens a tokenizer of spaCy's makes."""
    from spacy.tokenizer import Tokenizer

    if type(tokenizer) is not Tokenizer:
        return (type(tokenizer),)
    names = ("prefix_search", "suffix_search", "infix_finditer", "token_match", "url_match")
    found = (getattr(getattr(tokenizer, name), "__self__", None) for name in names)
    patterns = [getattr(one, "pattern", one) for one in found]
    return (*patterns, tokenizer.rules, tokenizer.faster_heuristics)


def _from_columns(texts: pa.ChunkedArray | pa.Array, nlp: "Language") -> tuple[list["Doc"], Words]:
    from spacy.tokens import Doc

    ix = text.index(texts)
    found = tokenize(texts)
    strings = nlp.vocab.strings
    covered = text.cover(ix, found.doc, found.begin, found.end).dictionary_encode()
    norms = _norms(ix, found, covered)
    tokens, spaced, source, white = _with_white(ix, found)
    orth, norm = np.zeros((2, len(tokens)), np.uint64)
    orth[source] = _hashes(strings, covered)
    norm[source[list(norms)]] = [strings.add(value) for value in norms.values()]
    place = tokens.doc[white], tokens.begin[white], tokens.end[white]
    covered = text.cover(ix, *place).dictionary_encode()
    orth[white] = _hashes(strings, covered)
    known = [_white().get(word, "") for word in covered.dictionary.to_pylist()]
    codes = np.array([strings.add(value) if value else 0 for value in known], np.uint64)
    norm[white] = codes[covered.indices.to_numpy()]
    edges = np.searchsorted(tokens.doc, np.arange(len(ix) + 1)).tolist()
    made = []
    for first, last in pairwise(edges):
        doc = Doc(nlp.vocab, words=orth[first:last].tolist(), spaces=spaced[first:last].tolist())
        if norm[first:last].any():
            column: Any = norm[first:last, None]
            doc.from_array(["NORM"], column)
        made.append(doc)
    return made, Words(tokens, source)


def _hashes(strings: Any, covered: pa.DictionaryArray) -> Hashes:
    """spaCy's number of each of these strings."""
    codes = [strings.add(word) for word in covered.dictionary.to_pylist()]
    found: Hashes = np.array(codes, np.uint64)[covered.indices.to_numpy()]
    return found


def _with_white(ix: TextIndex, tokens: Tokens) -> tuple[Tokens, Mask, Ints, Ints]:
    """The tokens with those of white space between them, whether a space follows each, and the rows
    that the tokens that were given now have, and those that are white space.

    One space behind a token belongs to it; what more there is between two tokens is one of its own.
    """
    edges = np.searchsorted(tokens.doc, np.arange(len(ix) + 1))
    first, last = edges[:-1], edges[1:]
    some = first < last
    opening = np.zeros(len(tokens), np.bool_)
    opening[first[some]] = True
    before = np.append(0, tokens.end[:-1])[: len(tokens)]
    before[opening] = 0
    # The gaps before tokens, and those behind the last ones of texts; the row that each is before.
    inner = np.flatnonzero(tokens.begin > before)
    closing = np.where(some, np.append(tokens.end, 0)[last - 1], 0)
    outer = np.flatnonzero(text.lengths(ix) > closing)
    doc = np.concatenate([tokens.doc[inner], outer])
    begin = np.concatenate([before[inner], closing[outer]])
    end = np.concatenate([tokens.begin[inner], text.lengths(ix)[outer]])
    row = np.concatenate([inner, last[outer]])
    has_token = np.concatenate([~opening[inner], some[outer]])
    at = ix.starts[doc] + text.to_unit(ix, text.UTF8, doc, begin)
    single = (ix.data[at] == 0x20) & has_token
    spaced = np.zeros(len(tokens), np.bool_)
    spaced[row[single] - 1] = True
    begin += single
    rest = np.flatnonzero(end > begin)
    rest = rest[np.lexsort([doc[rest], row[rest]])]  # empty texts share a row
    white = row[rest] + np.arange(len(rest))
    source = np.arange(len(tokens)) + np.searchsorted(row[rest], np.arange(len(tokens)), "right")
    made = np.zeros((3, len(tokens) + len(rest)), np.int64)
    made[:, source] = tokens.doc, tokens.begin, tokens.end
    made[:, white] = doc[rest], begin[rest], end[rest]
    spaces = np.zeros(made.shape[1], np.bool_)
    spaces[source] = spaced
    return Tokens(*made), spaces, source, white


@cache
def _renamed() -> frozenset[str]:
    """The words to which spaCy's special cases may give another norm than their own."""
    from spacy.attrs import NORM, ORTH

    return frozenset(
        part[ORTH] for made in english().rules.values() for part in made if NORM in part
    )


@cache
def _white() -> dict[str, str]:
    """The norms of spaCy's special cases of white space."""
    from spacy.attrs import NORM

    rules = english().rules.items()
    return {rule: made[0][NORM] for rule, made in rules if rule.isspace() and NORM in made[0]}


def _norms(ix: TextIndex, tokens: Tokens, covered: pa.DictionaryArray) -> dict[int, str]:
    """The norms that spaCy's special cases give, by the row of the token.

    A special case is what stands between white space, less what is split off at its edges. So the
    tokenizer is asked about each distinct such stretch that has a word of one.
    """
    known = [word in _renamed() for word in covered.dictionary.to_pylist()]
    rows = np.flatnonzero(np.array(known, np.bool_)[covered.indices.to_numpy()])
    if not len(rows):
        return {}
    fresh = np.ones(len(tokens), np.bool_)
    fresh[1:] = (np.diff(tokens.doc) != 0) | (tokens.begin[1:] > tokens.end[:-1])
    starts = np.flatnonzero(fresh)
    stretch = np.cumsum(fresh)[rows] - 1
    begin = tokens.begin[starts[stretch]]
    end = tokens.end[np.append(starts[1:], len(tokens))[stretch] - 1]
    said = text.cover(ix, tokens.doc[rows], begin, end).dictionary_encode()
    norms = [_special(value) for value in said.dictionary.to_pylist()]
    within = (tokens.begin[rows] - begin).tolist()
    found = {}
    for row, code, place in zip(rows.tolist(), said.indices.to_pylist(), within, strict=True):
        if place in norms[code]:
            found[row] = norms[code][place]
    return found


def _special(stretch: str) -> dict[int, str]:
    """The norms in a stretch without white space that differ from the word, by where it begins."""
    return {
        token.idx: token.norm_
        for token in english()(stretch)
        if token.norm and token.text in _renamed() and token.norm_ != token.text
    }

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
import pyarrow.compute as pc

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
    norms = _norms(ix, found)
    tokens, spaced, source = _with_white(ix, found)
    covered = text.cover(ix, tokens.doc, tokens.begin, tokens.end).dictionary_encode()
    strings = nlp.vocab.strings
    hashes = np.array([strings.add(word) for word in covered.dictionary.to_pylist()], np.uint64)
    orth = hashes[covered.indices.to_numpy()]
    white = [_white().get(word, "") for word in covered.dictionary.to_pylist()]
    norm = np.array([strings.add(value) if value else 0 for value in white], np.uint64)
    norm = norm[covered.indices.to_numpy()]
    for row, value in norms.items():
        norm[source[row]] = strings.add(value)
    edges = np.searchsorted(tokens.doc, np.arange(len(ix) + 1)).tolist()
    made = []
    for first, last in pairwise(edges):
        doc = Doc(nlp.vocab, words=orth[first:last].tolist(), spaces=spaced[first:last].tolist())
        if norm[first:last].any():
            doc.from_array(["NORM"], norm[first:last, None])
        made.append(doc)
    return made, Words(tokens, source)


def _with_white(ix: TextIndex, tokens: Tokens) -> tuple[Tokens, Mask, Ints]:
    """The tokens with those of white space between them, whether a space follows each, and the row
    that each token that was given now has.

    One space behind a token belongs to it; what more there is between two tokens is one of its own.
    """
    length = text.lengths(ix)
    first = np.searchsorted(
        tokens.doc, np.arange(len(ix))
    )  # where a text's tokens are, or would be
    last = np.searchsorted(tokens.doc, np.arange(len(ix)), "right")
    opening = np.zeros(len(tokens), np.bool_)
    opening[first[first < last]] = True
    before = np.where(opening, 0, np.append(0, tokens.end[:-1]))
    # The gap before each token, and that behind the last one of each text.
    doc = np.concatenate([tokens.doc, np.arange(len(ix))])
    begin = np.concatenate([before, np.where(first < last, np.append(tokens.end, 0)[last - 1], 0)])
    end = np.concatenate([tokens.begin, length])
    behind = np.concatenate([np.arange(len(tokens)) - 1, np.where(first < last, last - 1, -1)])
    behind[: len(tokens)][opening] = -1
    some = np.flatnonzero(end > begin)
    doc, begin, end, behind = doc[some], begin[some], end[some], behind[some]
    at = ix.starts[doc] + text.to_unit(ix, text.UTF8, doc, begin)
    single = (ix.data[at] == 0x20) & (behind >= 0)
    spaced = np.zeros(len(tokens), np.bool_)
    spaced[behind[single]] = True
    begin = begin + single
    rest = end > begin
    order = np.lexsort(
        [np.concatenate([tokens.begin, begin[rest]]), np.concatenate([tokens.doc, doc[rest]])]
    )
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    columns = (
        np.concatenate([getattr(tokens, name), values[rest]])[order]
        for name, values in (("doc", doc), ("begin", begin), ("end", end))
    )
    spaces = np.concatenate([spaced, np.zeros(int(rest.sum()), np.bool_)])[order]
    return Tokens(*columns), spaces, place[: len(tokens)]


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


def _norms(ix: TextIndex, tokens: Tokens) -> dict[int, str]:
    """The norms that spaCy's special cases give, by the row of the token.

    A special case is what stands between white space, less what is split off at its edges. So the
    tokenizer is asked about each distinct such stretch that has a word of one.
    """
    covered = text.cover(ix, tokens.doc, tokens.begin, tokens.end)
    rows = np.flatnonzero(pc.is_in(covered, pa.array(_renamed(), pa.string())).to_numpy(False))
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

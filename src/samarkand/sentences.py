"""Sentences, as spaCy's rule-based sentencizer cuts the lines of texts, for whole columns."""

import numpy as np
import pyarrow as pa

from samarkand import text
from samarkand.cuts import english
from samarkand.text import Ints, Mask, TextIndex
from samarkand.tokens import Tokens


def split(texts: pa.Array | pa.ChunkedArray, tokens: Tokens) -> Ints:
    """The number, from 0 within its text, of the sentence that each token is in. Shape: (tokens,).

    A sentence starts at each line that has tokens, and within a line where spaCy's rule-based
    `sentencizer` starts one when it is given that line's tokens.
    """
    if not len(tokens):
        return np.zeros(0, np.int64)
    ix = text.index(texts)
    place = ix.points[tokens.doc] + tokens.begin
    newline = np.flatnonzero(ix.data == 0x0A)
    doc = np.searchsorted(ix.starts, newline, "right") - 1
    breaks = ix.points[doc] + text.from_unit(ix, text.UTF8, doc, newline - ix.starts[doc])
    line = np.searchsorted(breaks, place, "left")
    new_doc = np.append(True, np.diff(tokens.doc) > 0)
    new_line = new_doc | np.append(True, np.diff(line) > 0)
    starts = new_line | _after_final(*_punctuation(ix, tokens), new_line)
    number = np.cumsum(starts)
    return number - np.maximum.accumulate(np.where(new_doc, number, 0))


def _punctuation(ix: TextIndex, tokens: Tokens) -> tuple[Mask, Mask]:
    """Which tokens end a sentence, and which are words: neither that nor punctuation."""
    from spacy.pipeline.sentencizer import Sentencizer

    final, word = np.zeros(len(tokens), np.bool_), np.ones(len(tokens), np.bool_)
    at = ix.starts[tokens.doc] + text.to_unit(ix, text.UTF8, tokens.doc, tokens.begin)
    plain = np.isin(np.arange(256), np.frombuffer(b"0123456789", np.uint8))
    plain[ord("A") : ord("Z") + 1] = plain[ord("a") : ord("z") + 1] = True
    rest = np.flatnonzero(~plain[ix.data[at]])  # what begins with a letter or digit is a word
    covered = text.cover(ix, tokens.doc[rest], tokens.begin[rest], tokens.end[rest])
    encoded = covered.dictionary_encode()
    distinct, code = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    ending = set(Sentencizer.default_punct_chars)
    vocab = english().vocab
    is_final = np.array([value in ending for value in distinct], np.bool_)
    is_punct = np.array([vocab[value].is_punct for value in distinct], np.bool_)
    final[rest] = is_final[code]
    word[rest] = ~(is_final | is_punct)[code]
    return final, word


def _after_final(final: Mask, word: Mask, new_line: Mask) -> Mask:
    """The words before which, since the last word or the line's start, a sentence has ended."""
    passed: Ints = np.cumsum(final) - final  # final tokens before each token
    words = np.flatnonzero(word)
    line = np.maximum.accumulate(np.where(new_line, passed, 0))
    since = np.maximum(line[words], np.append(0, passed[words][:-1]))
    starts = np.zeros(len(final), np.bool_)
    starts[words] = passed[words] > since
    return starts

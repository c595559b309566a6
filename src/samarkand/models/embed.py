"""Vectors of stretches of text, from a transformer's encoder that the user gives.

A stretch's vector is the mean of the last layer over its pieces, read within its sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samarkand import sentences, tokens
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError

#: Where a model keeps the encoder that it needs.
FOLDER = "encoder"
#: So many sentences are read at a time.
BATCH = 32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Encoder:
    """A tokenizer and a model of `transformers`."""

    tokenizer: Any
    model: Any


def load(folder: Path) -> Encoder:
    """The encoder in a folder. Errors: SamarkandError for a folder that has none."""
    from transformers import AutoModel, AutoTokenizer

    if not (folder / "config.json").is_file():
        raise SamarkandError([Problem(str(folder), 0, "is no transformer: it has no config.json")])
    tokenizer = AutoTokenizer.from_pretrained(
        str(folder), local_files_only=True, add_prefix_space=True
    )
    model = AutoModel.from_pretrained(str(folder), local_files_only=True)
    model.eval()
    return Encoder(tokenizer, model)


def keep(folder: Path, out: Path) -> Encoder:
    """The encoder in a folder, kept in the folder `out` of a model too."""
    encoder = load(folder)
    encoder.model.save_pretrained(out / FOLDER)
    encoder.tokenizer.save_pretrained(out / FOLDER)
    return encoder


def vectors(encoder: Encoder, corpus: Corpus, spans: Sequence[tuple[str, int, int]]) -> Floats:
    """The vector of each stretch (document, begin, end in code points); shape (spans, size).

    A stretch over several sentences is read in its first one. One without a word has zeros.
    """
    texts = corpus.documents["text"]
    found = tokens.tokenize(texts)
    number = sentences.split(texts, found)
    fresh = np.flatnonzero(np.diff(found.doc, prepend=-1) | np.diff(number, prepend=-1))
    edges = np.append(fresh, len(found))
    place = {doc: row for row, doc in enumerate(corpus.documents["doc"].to_pylist())}
    stride = int(found.end.max(initial=0)) + 1
    ends = found.doc * stride + found.end
    distinct = sorted(set(spans))
    at = np.array([place[doc] * stride + begin for doc, begin, _ in distinct], np.int64)
    first = np.searchsorted(ends, at, "right")
    size = int(encoder.model.config.hidden_size)
    made = np.zeros((len(distinct), size))
    sentence = np.searchsorted(edges, first, "right") - 1
    listed = texts.to_pylist()
    for rows in _batches(sentence, len(fresh)):
        wanted = sorted({int(sentence[row]) for row in rows})
        words = [_words(listed, found, edges[one], edges[one + 1]) for one in wanted]
        hidden, pieces = _read(encoder, words)
        for row in rows:
            doc, begin, end = distinct[row]
            low = int(edges[sentence[row]])
            here = slice(int(first[row]), int(edges[sentence[row] + 1]))
            some = np.flatnonzero((found.doc[here] == place[doc]) & (found.begin[here] < end))
            which = wanted.index(int(sentence[row]))
            inside = np.isin(pieces[which], some + int(first[row]) - low)
            if end > begin and inside.any():
                made[row] = hidden[which][inside].mean(0)
    order = {span: row for row, span in enumerate(distinct)}
    return made[[order[span] for span in spans]] if spans else made


def _batches(sentence: npt.NDArray[np.int64], count: int) -> list[list[int]]:
    """The rows of stretches, by some sentences at a time; those beyond the last word are left."""
    by_sentence: dict[int, list[int]] = {}
    for row, one in enumerate(sentence.tolist()):
        if one < count:
            by_sentence.setdefault(one, []).append(row)
    listed = [by_sentence[one] for one in sorted(by_sentence)]
    parts = [listed[at : at + BATCH] for at in range(0, len(listed), BATCH)]
    return [[row for rows in part for row in rows] for part in parts]


def _words(texts: Sequence[str], found: tokens.Tokens, low: int, high: int) -> list[str]:
    """The words of a sentence."""
    spans = zip(*(column[low:high].tolist() for column in (found.begin, found.end)), strict=True)
    return [texts[int(found.doc[low])][begin:end] for begin, end in spans]


def _read(encoder: Encoder, words: list[list[str]]) -> tuple[Any, list[Any]]:
    """The last layer of each sentence, and the word of each of its pieces, -1 for none."""
    import torch

    given = encoder.tokenizer(
        words, is_split_into_words=True, truncation=True, padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        hidden = encoder.model(**given).last_hidden_state.numpy().astype(np.float64)
    ids = [given.word_ids(row) for row in range(len(words))]
    return hidden, [np.array([-1 if one is None else one for one in row]) for row in ids]

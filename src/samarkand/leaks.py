"""What the splits of a corpus have in common: events, near-duplicate texts, long shared passages.

A model that is tested on what it was trained on looks better than it is. Near-duplicates are found
by MinHash with locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998), through the
library datasketch, and then compared exactly: what is reported is so, and a pair just at the limit
may be missed. Shared passages are found exactly (as in Lee et al. 2022, "Deduplicating training
data makes language models better").
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise, product

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from datasketch import MinHash, MinHashLSH

from samarkand.corpus import Corpus
from samarkand.errors import SamarkandError
from samarkand.progress import Progress, silent
from samarkand.schema import SPLITS
from samarkand.text import Ints
from samarkand.words import count

EVENT, TEXT, PASSAGE = "event", "text", "passage"

#: Words in a shingle, and permutations of a MinHash.
SHINGLE, PERMUTATIONS = 5, 128
#: The Jaccard similarity of two sets of shingles, and the words of a passage, that are reported.
SIMILARITY, WORDS = 0.3, 12
#: A word sequence that is in more documents of a split than this counts for the first of them only.
COMMON = 20

#: Spreads a word's code over 64 bits: an odd number near 2**64 divided by the golden ratio.
_MIXER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Leak:
    """Two documents of different splits, the earlier split first, and what they share.

    `measure` is the number of documents of the event, the Jaccard similarity of the texts, or the
    number of words in the longest shared passage; `what` is the event or the passage.
    """

    kind: str
    docs: tuple[str, str]
    splits: tuple[str, str]
    measure: float
    what: str = ""

    def __str__(self) -> str:
        (a, b), (one, other) = self.docs, self.splits
        pair = f"{b} ({other}) and {a} ({one})"
        if self.kind == EVENT:
            return f"{pair} tell of one event, {self.what}"
        if self.kind == TEXT:
            return f"{pair} are alike: {self.measure:.0%} of their {SHINGLE}-word sequences"
        return f"{pair} share {count(int(self.measure), 'word')}: {self.what}"


@dataclass(frozen=True)
class _Texts:
    """The words of all texts in one row. `code`: equal for words that are equal but for case."""

    docs: list[str]
    split: Ints  # of each document, as a place in SPLITS
    words: list[str]
    code: Ints
    doc: Ints  # of each word, as a row


def leaks(
    corpus: Corpus,
    similarity: float = SIMILARITY,
    words: int = WORDS,
    progress: Progress = silent,
) -> list[Leak]:
    """Everything that documents of different splits share, by kind, the most alike first.

    Reported are events, texts whose sets of word 5-grams have a Jaccard similarity of `similarity`
    or more, and for each pair of documents the longest passage of `words` words or more. Words are
    divided by white space and compared without case. Documents without a split are passed over.
    Errors: SamarkandError where fewer than two splits have documents, or for a limit out of range.
    """
    if not 0 < similarity <= 1:
        raise SamarkandError(f"the similarity is above 0 and at most 1; got {similarity}")
    if words < SHINGLE:
        raise SamarkandError(f"a passage has {SHINGLE} words or more; got {words}")
    known = corpus.documents.filter(pc.is_in(corpus.documents["split"], pa.array(SPLITS)))
    if len(known["split"].unique()) < 2:
        raise SamarkandError(
            "leaks are between splits, and the documents are in fewer than two of "
            f"{', '.join(SPLITS)}; the split stands in corpus/articles.jsonl"
        )
    texts = _texts(known)
    searched = (
        (EVENT, _events(known["event"].to_pylist(), texts.split)),
        (TEXT, _alike(texts, similarity)),
        (PASSAGE, _passages(texts, words)),
    )
    found: list[Leak] = []
    for place, (kind, pairs) in enumerate(searched):
        progress(kind, place, len(searched))
        leaking = [_leak(texts, kind, *pair) for pair in pairs]
        found += sorted(leaking, key=lambda leak: (-leak.measure, leak.docs))
    return found


def _leak(texts: _Texts, kind: str, a: int, b: int, measure: float, what: str) -> Leak:
    a, b = sorted((a, b), key=lambda row: (texts.split[row], row))
    splits = SPLITS[texts.split[a]], SPLITS[texts.split[b]]
    return Leak(kind, (texts.docs[a], texts.docs[b]), splits, measure, what)


def _texts(documents: pa.Table) -> _Texts:
    lists = pc.ascii_split_whitespace(documents["text"].combine_chunks())
    flat = lists.flatten()
    code = pc.utf8_lower(flat).dictionary_encode().indices.to_numpy().astype(np.int64)
    counts = pc.list_value_length(lists).to_numpy()
    split = pc.index_in(documents["split"], pa.array(SPLITS)).to_numpy().astype(np.int64)
    rows = np.repeat(np.arange(len(lists)), counts)
    return _Texts(documents["doc"].to_pylist(), split, flat.to_pylist(), code, rows)


def _events(events: Sequence[str | None], split: Ints) -> Iterator[tuple[int, int, float, str]]:
    """Documents of one event in different splits."""
    of: dict[str, list[int]] = {}
    for row, event in enumerate(events):
        if event is not None:
            of.setdefault(event, []).append(row)
    for event, rows in of.items():
        for a, b in combinations(rows, 2):
            if split[a] != split[b]:
                yield a, b, float(len(rows)), event


def _shingles(texts: _Texts, words: int) -> tuple[npt.NDArray[np.uint64], Ints]:
    """The hash of each sequence of so many words in one text, and where it begins."""
    size = max(len(texts.code) - words + 1, 0)
    mixed = np.zeros(size, np.uint64)
    for k in range(words):
        mixed = (mixed ^ texts.code[k : k + size].astype(np.uint64)) * _MIXER
        mixed ^= mixed >> np.uint64(29)
    one_text = np.flatnonzero(texts.doc[:size] == texts.doc[len(texts.doc) - size :])
    return mixed[one_text], one_text


def _alike(texts: _Texts, similarity: float) -> Iterator[tuple[int, int, float, str]]:
    """Texts of different splits that are near-duplicates."""
    shingle, at = _shingles(texts, SHINGLE)
    doc = texts.doc[at]
    edges = np.searchsorted(doc, np.arange(len(texts.docs) + 1))
    sets = [np.unique(shingle[a:b]) for a, b in pairwise(edges.tolist())]
    # Rather too many candidates than too few: they are compared. It knows no threshold near 1.
    index = MinHashLSH(min(similarity, 0.9), num_perm=PERMUTATIONS, weights=(0.1, 0.9))
    made: list[tuple[int, MinHash]] = []
    for row, own in enumerate(sets):
        if len(own):
            sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
            sketch.update_batch([value.tobytes() for value in own])
            made.append((row, sketch))
            index.insert(row, sketch)
    for row, sketch in made:
        for other in sorted(index.query(sketch)):
            if other <= row or texts.split[other] == texts.split[row]:
                continue
            both = len(np.intersect1d(sets[row], sets[other], assume_unique=True))
            measure = both / (len(sets[row]) + len(sets[other]) - both)
            if measure >= similarity:
                yield row, other, measure, ""


def _passages(texts: _Texts, words: int) -> Iterator[tuple[int, int, float, str]]:
    """The longest passage that each two documents of different splits share."""
    shingle, at = _shingles(texts, words)
    order = np.argsort(shingle, kind="stable")
    shingle, at = shingle[order], at[order]
    starts = np.flatnonzero(np.diff(shingle, prepend=~shingle[:1]) != 0)
    longest: dict[tuple[int, int], tuple[int, int]] = {}
    for a, b in zip(starts.tolist(), [*starts[1:].tolist(), len(shingle)], strict=False):
        if b - a < 2:
            continue
        places = _by_split(texts, at[a:b].tolist())
        for some, others in combinations(places, 2):
            for one, other in product(some, others):
                size = _shared(texts, one, other)
                pair = int(texts.doc[one]), int(texts.doc[other])
                if size >= words and size > longest.get(pair, (0, 0))[0]:
                    longest[pair] = size, one
    for (one, other), (size, begin) in longest.items():
        yield one, other, float(size), " ".join(texts.words[begin : begin + size])


def _by_split(texts: _Texts, places: Sequence[int]) -> list[list[int]]:
    """The places of each split, in the first documents of it."""
    found: dict[int, list[int]] = {}
    for place in places:
        found.setdefault(int(texts.split[texts.doc[place]]), []).append(place)
    return [found[split][:COMMON] for split in sorted(found)]


def _shared(texts: _Texts, one: int, other: int) -> int:
    """How many words from two places on are the same; 0 where the words before are, too."""
    code, doc = texts.code, texts.doc

    def same(k: int) -> bool:
        a, b = one + k, other + k
        if min(a, b) < 0 or max(a, b) >= len(code):
            return False
        return bool(code[a] == code[b] and doc[a] == doc[one] and doc[b] == doc[other])

    if same(-1):
        return 0
    size = 0
    while same(size):
        size += 1
    return size


def text(found: Sequence[Leak]) -> str:
    """What was found, a line each, and how many of each kind."""
    names = {EVENT: "shared event", TEXT: "near-duplicate", PASSAGE: "shared passage"}
    counts = [count(sum(leak.kind == kind for leak in found), name) for kind, name in names.items()]
    return "\n".join([*map(str, found), ", ".join(counts)])


def to_json(found: Sequence[Leak]) -> str:
    """What was found as a JSON array of objects."""
    return json.dumps([asdict(leak) for leak in found], ensure_ascii=False, indent=1)

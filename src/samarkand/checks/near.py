"""The check for near-duplicates across splits: shingles, hashed, in an inverted index.

Method: A. Z. Broder, "On the resemblance and containment of documents" (1997): a document is its
set of word 5-grams; its containment in another is the share of its 5-grams that the other has.
"""

import itertools
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.checks.view import Fault, View, codes, runs
from samarkand.schema import SPLITS
from samarkand.text import Ints, Mask, whole

#: Words in a shingle, and the share of the shorter document's shingles that is too much.
#: Jaccard similarity is never above containment, so this catches all that it would.
WORDS, LIMIT = 5, 0.5

#: A shingle found in more documents of a split than this counts for the first of them only:
#: boilerplate, which would else make as many pairs as the square of its documents.
COMMON = 20

#: Documents whose shingles are made at a time, and about how many pairs are looked up at a time.
BLOCK, PAIRS = 1000, 1 << 20

#: Spreads a word's hash over 64 bits: an odd number near 2**64 divided by the golden ratio.
MIXER = np.uint64(0x9E3779B97F4A7C15)

_Hashes = npt.NDArray[np.uint64]


def near_duplicate_across_splits(view: View) -> Iterator[Fault]:
    """Two documents of different splits, of which one shares half its word 5-grams with the other.

    Words are lower-cased and divided by white space. One fault for each validation or test
    document, naming the closest document of an earlier split.
    """
    documents = view.corpus.documents
    split = codes(documents["split"], SPLITS)
    if len(np.unique(split[split >= 0])) < 2:
        return
    shingle, doc, sizes = _shared_shingles(whole(documents["text"]))
    shared = _in_two_splits(shingle, split[doc])
    shingle, doc = shingle[shared], doc[shared]
    best: dict[int, tuple[float, int]] = {}
    for later in (1, 2):
        for earlier in range(later):
            pairs, count = _pairs(shingle, doc, split[doc] == later, split[doc] == earlier)
            share = count / np.minimum(sizes[pairs[0]], sizes[pairs[1]])
            close = np.flatnonzero(share >= LIMIT)
            for at in close[np.argsort(share[close], kind="stable")].tolist():
                mine, other = int(pairs[0][at]), int(pairs[1][at])
                best[mine] = max(best.get(mine, (0.0, -1)), (float(share[at]), other))
    for mine, (most, other) in sorted(best.items()):
        yield Fault(
            f"this {SPLITS[split[mine]]} document and {documents['doc'][other].as_py()} of "
            f"{SPLITS[split[other]]} share {most:.0%} of the shorter one's {WORDS}-word "
            "sequences; keep them in one split, or leave one out",
            doc=documents["doc"][mine].as_py(),
        )


def _shared_shingles(texts: pa.Array) -> tuple[_Hashes, Ints, Ints]:
    """The shingles that several documents have, with each document that has them, sorted.

    Shapes: shingle and document (pairs,); the number of distinct shingles of each document (n,).
    """
    bits = np.uint64(max(len(texts) - 1, 1).bit_length())
    mask = (np.uint64(1) << bits) - np.uint64(1)
    sizes = np.zeros(len(texts), np.int64)
    parts = [np.zeros(0, np.uint64)]
    for start in range(0, len(texts), BLOCK):
        shingle, doc = _shingles(texts.slice(start, BLOCK))
        # The upper bits are the well-mixed ones; the lower make room for the document.
        part = shingle >> bits << bits | (doc + np.uint64(start))
        part.sort()
        part = part[runs(part)]
        found = np.bincount((part & mask).astype(np.int64) - start)
        sizes[start : start + len(found)] = found
        parts.append(part)
    packed = np.concatenate(parts)
    del parts
    packed.sort()
    same = np.concatenate([[False], packed[1:] >> bits == packed[:-1] >> bits, [False]])
    packed = packed[(same[1:] | same[:-1])[: len(packed)]]
    return packed >> bits, (packed & mask).astype(np.int64), sizes


def _shingles(texts: pa.Array) -> tuple[_Hashes, _Hashes]:
    """The hash of each shingle, and the row of the text that it is in. Shapes: (shingles,)."""
    words = pc.ascii_split_whitespace(pc.utf8_lower(texts))
    counts = pc.list_value_length(words).to_numpy()
    doc = np.repeat(np.arange(len(words), dtype=np.uint64), counts)
    flat = words.flatten().dictionary_encode()
    distinct = flat.dictionary.cast(pa.binary()).to_pylist()
    hashes = np.array([zlib.crc32(word) for word in distinct], np.uint64)[flat.indices.to_numpy()]
    count = max(len(hashes) - WORDS + 1, 0)
    mixed = np.zeros(count, np.uint64)
    for k in range(WORDS):
        mixed = (mixed ^ hashes[k : k + count]) * MIXER
    whole_shingle = doc[:count] == doc[len(doc) - count :]  # its last word is in the same text
    return mixed[whole_shingle], doc[:count][whole_shingle]


def _in_two_splits(shingle: _Hashes, split: Ints) -> Mask:
    """Which (shingle, document) pairs have a shingle that occurs in two splits."""
    if not len(shingle):
        return np.zeros(0, np.bool_)
    starts = runs(shingle)
    low = np.minimum.reduceat(np.where(split < 0, len(SPLITS), split), starts)
    high = np.maximum.reduceat(split, starts)
    sizes = np.diff(np.append(starts, len(shingle)))
    return np.repeat(low < high, sizes) & (split >= 0)


def _pairs(shingle: _Hashes, doc: Ints, mine: Mask, other: Mask) -> tuple[tuple[Ints, Ints], Ints]:
    """The pairs of documents that share shingles, and how many. Shapes: (pairs,) each."""
    keys, posted = shingle[other], doc[other]
    probe, probes = shingle[mine], doc[mine]
    order = np.argsort(probes, kind="stable")
    probe, probes = probe[order], probes[order]
    first = np.searchsorted(keys, probe, "left")
    found = np.minimum(np.searchsorted(keys, probe, "right") - first, COMMON)
    size = int(doc.max(initial=0)) + 1
    pairs, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    starts = runs(probes)  # a document's shingles are looked up in one block
    edges = starts[runs((np.cumsum(found) - found)[starts] // PAIRS)].tolist()
    for a, b in itertools.pairwise([*edges, len(probes)]):
        times, ends = found[a:b], np.cumsum(found[a:b])
        # Each probe's postings stand one behind the other: count up from the first of them.
        step = np.arange(ends[-1]) - np.repeat(ends - times, times)
        there = posted[np.repeat(first[a:b], times) + step]
        distinct, count = np.unique(
            np.repeat(probes[a:b], times) * size + there, return_counts=True
        )
        pairs.append(distinct)
        counts.append(count)
    joined = np.concatenate(pairs)
    return (joined // size, joined % size), np.concatenate(counts)

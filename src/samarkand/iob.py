"""Spans as one tag a token (IOB2, that is BIO), and back from every common scheme.

B-X begins a span labelled X, I-X goes on with it, O is outside. IOB1 writes B-X only where two
spans of one label adjoin. BIOES marks a span's end (E-X) and single tokens (S-X) as well; BILOU
calls these L-X and U-X. A label may contain `-`; only the first one separates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import text
from samarkand.text import Ints, Mask
from samarkand.tokens import Tokens

IOB1, IOB2, BIOES, BILOU = "IOB1", "IOB2", "BIOES", "BILOU"

#: The prefixes of each scheme: begins, goes on, ends, stands alone.
PREFIXES = {IOB1: "BI", IOB2: "BI", BIOES: "BIES", BILOU: "BILU"}

#: How many documents are looked at together.
_BLOCK = 1000

# By a prefix's byte: whether it always begins a span; whether it always ends one.
_BEGINS = np.isin(np.arange(256), [ord(character) for character in "BSU"])
_ENDS = np.isin(np.arange(256), [ord(character) for character in "ELSU"])


@dataclass(frozen=True)
class Tagged:
    """Tags of tokens, and what the tags do not say of the spans, by row of the spans.

    `codes`: int32, shape (tokens,), into `names`: O, then B- and I- of each label in turn.
    `inexact` spans began or ended elsewhere than a token, and now cover every token they touched;
    `untouched` ones touched none, `overlapped` ones share one with a preferred span: left out.
    """

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]
    inexact: Ints
    untouched: Ints
    overlapped: Ints


@dataclass(frozen=True)
class Decoded:
    """Spans that tags say, as half-open ranges of tokens, in their order; shapes (spans,).

    `label` counts into `labels`. `repaired`: the rows of tags that the scheme does not allow there.
    """

    first: Ints
    last: Ints
    label: Ints
    labels: tuple[str, ...]
    repaired: Ints
    scheme: str


def tag_names(labels: Sequence[str]) -> tuple[str, ...]:
    """The IOB2 tags of these labels: O, then B- and I- of each in turn."""
    return ("O", *(f"{prefix}-{name}" for name in labels for prefix in "BI"))


def tags(
    tokens: Tokens, doc: Ints, begin: Ints, end: Ints, label: Ints, labels: Sequence[str]
) -> Tagged:
    """Spans (rows of texts, code points within them, codes into `labels`) as IOB2 tags of tokens.

    A token has one tag: of spans that share one, the one stays that `overlapped` prefers.
    """
    first, last, exact = touched(tokens, doc, begin, end)
    touching = (last > first) & (end > begin)
    lost = overlapped(first, np.where(touching, last, first), begin, end, label, labels)
    codes = np.zeros(len(tokens), np.int32)
    keep = np.flatnonzero(touching & ~lost)
    size = last[keep] - first[keep]
    codes[np.arange(size.sum()) + np.repeat(first[keep] - (np.cumsum(size) - size), size)] = (
        np.repeat(2 * label[keep] + 2, size)
    )
    codes[first[keep]] = 2 * label[keep] + 1
    return Tagged(
        codes,
        tag_names(labels),
        inexact=np.flatnonzero(touching & ~lost & ~exact),
        untouched=np.flatnonzero(~touching),
        overlapped=np.flatnonzero(lost),
    )


def touched(tokens: Tokens, doc: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints, Mask]:
    """The tokens that each span touches, as `text.tokens_over` gives them.

    Some documents at a time: working arrays that stay in the cache cost least.
    """
    if len(doc) and (np.diff(doc) < 0).any():
        order = np.argsort(doc, kind="stable")
        found = touched(tokens, doc[order], begin[order], end[order])
        back = np.argsort(order)
        return found[0][back], found[1][back], found[2][back]
    # One origin for all offsets: as if each text were as long as the longest.
    stride = 1 + max(int(column.max(initial=0)) for column in (tokens.end, begin, end))
    first, last = np.zeros(len(doc), np.int64), np.zeros(len(doc), np.int64)
    exact = np.zeros(len(doc), np.bool_)
    edges = np.arange(0, int(doc.max(initial=-1)) + 1 + _BLOCK, _BLOCK)
    spans, rows = np.searchsorted(doc, edges), np.searchsorted(tokens.doc, edges)
    for place in range(len(edges) - 1):
        here = slice(spans[place], spans[place + 1])
        some = slice(rows[place], rows[place + 1])
        origin, base = doc[here] * stride, tokens.doc[some] * stride
        first[here], last[here], exact[here] = text.tokens_over(
            base + tokens.begin[some],
            base + tokens.end[some],
            origin + begin[here],
            origin + end[here],
        )
        first[here] += rows[place]
        last[here] += rows[place]
    return first, last, exact


def overlapped(
    first: Ints, last: Ints, begin: Ints, end: Ints, label: Ints, labels: Sequence[str]
) -> Mask:
    """Which spans give way to others, so that no two share a place in `[first, last)`.

    The longest stays (by `begin` and `end`), then the earliest, then the first by the alphabet of
    labels, then the first row. Shapes: (spans,). Empty ranges share nothing.
    """
    lost = np.zeros(len(first), np.bool_)
    some = np.flatnonzero(last > first)
    rivals = some[_clashing(first[some], last[some])]
    if len(rivals):
        alphabet = np.argsort(np.argsort(np.array(labels)))
        order = np.lexsort((rivals, alphabet[label[rivals]], begin[rivals], (begin - end)[rivals]))
        lost[_losers(rivals[order], first, last)] = True
    return lost


def _clashing(first: Ints, last: Ints) -> Ints:
    """The rows of ranges that share a place with another one; none is empty."""
    order = np.arange(len(first))
    if (np.diff(first) < 0).any():
        order = np.argsort(first, kind="stable")
    reach = np.maximum.accumulate(last[order])
    clash = first[order][1:] < reach[:-1]  # with one before it
    inside = np.zeros(len(first), np.bool_)  # a clash, or the row before a run of them
    inside[1:] |= clash
    inside[:-1] |= clash
    rows: Ints = order[inside]
    return rows


def _losers(rows: Ints, first: Ints, last: Ints) -> list[int]:
    """The rows, given in order of preference, whose places are taken when their turn comes."""
    low = int(first[rows].min())
    taken = np.zeros(int(last[rows].max()) - low, np.bool_)
    lost = []
    for row in rows.tolist():
        places = taken[first[row] - low : last[row] - low]
        if places.any():
            lost.append(row)
        else:
            places[:] = True
    return lost


def unknown(column: pa.Array | pa.ChunkedArray, scheme: str = "") -> Ints:
    """The rows of tags that are neither O nor a prefix, `-` and a label.

    The prefix is one of the scheme's, or of any scheme's where none is given.
    """
    encoded = _encode(column)
    known = PREFIXES[scheme] if scheme else "".join(PREFIXES.values())
    wrong = [
        tag != "O" and not (len(tag) > 2 and tag[0] in known and tag[1] == "-")
        for tag in encoded.dictionary.to_pylist()
    ]
    return np.flatnonzero(np.array(wrong, np.bool_)[encoded.indices.to_numpy()])


def detect(column: pa.Array | pa.ChunkedArray, new: Mask) -> str:
    """The scheme of a column of tags; `new`: whether a token starts a sentence. Shapes: (tokens,).

    What IOB1 and IOB2 both allow is IOB2, and so is what neither allows.
    """
    used = {tag[0] for tag in column.unique().to_pylist()}
    if used & set("LU"):
        return BILOU
    if used & set("ES"):
        return BIOES
    prefix, label, _ = _split(column)
    free = _free(label, new)
    return IOB1 if free[prefix == ord("I")].any() and not free[prefix == ord("B")].any() else IOB2


def decode(column: pa.Array | pa.ChunkedArray, new: Mask, scheme: str = "") -> Decoded:
    """The spans that a column of tags says; `new`: whether a token starts a sentence.

    Broken tags are repaired as the conlleval script of CoNLL-2000 does: a tag that is not O begins
    a span if its label is another one than the tag's before it, and a span ends where another
    begins, with a tag that ends one, at O and with the sentence.
    Errors: ValueError for a tag that `unknown` finds.
    """
    wrong = unknown(column, scheme)
    if len(wrong):
        raise ValueError(f"row {wrong[0]}: {column[int(wrong[0])].as_py()!r} is no tag")
    scheme = scheme or detect(column, new)
    prefix, label, labels = _split(column)
    some = label >= 0
    free = _free(label, new)
    starts = some & (free | _BEGINS[prefix])
    starts[1:] |= some[1:] & _ENDS[prefix[:-1]]
    ends = some.copy()  # at the column's end
    ends[:-1] &= starts[1:] | ~some[1:] | new[1:]
    broken = _broken(scheme, prefix, free, starts, ends) & some
    first, last = np.flatnonzero(starts), np.flatnonzero(ends) + 1
    return Decoded(first, last, label[first], labels, np.flatnonzero(broken), scheme)


def _free(label: Ints, new: Mask) -> Mask:
    """Which tags cannot go on with the span before them: there is none, or of another label."""
    free: Mask = new.copy()
    free[1:] |= label[1:] != label[:-1]
    free &= label >= 0
    return free


def _broken(
    scheme: str, prefix: npt.NDArray[np.uint8], free: Mask, starts: Mask, ends: Mask
) -> Mask:
    """Which tags stand where the scheme has another one; what it says of O is no matter."""
    broken: Mask
    if scheme == IOB1:
        broken = free & (prefix == ord("B"))
    elif scheme == IOB2:
        broken = starts & (prefix == ord("I"))
    else:
        begin, inside, last, only = (ord(character) for character in PREFIXES[scheme])
        wanted = np.where(starts, np.where(ends, only, begin), np.where(ends, last, inside))
        broken = prefix != wanted
    return broken


def _split(
    column: pa.Array | pa.ChunkedArray,
) -> tuple[npt.NDArray[np.uint8], Ints, tuple[str, ...]]:
    """The prefix of each tag (its byte), the code of its label (-1: O), the labels by alphabet."""
    encoded = _encode(column)
    parts = [tag.partition("-") for tag in encoded.dictionary.to_pylist()]
    labels = tuple(sorted({name for _, _, name in parts if name}))
    codes = {name: code for code, name in enumerate(labels)}
    row = encoded.indices.to_numpy()
    prefixes = np.array([ord(prefix) for prefix, _, _ in parts], np.uint8)
    numbers = np.array([codes.get(name, -1) for _, _, name in parts], np.int64)
    return prefixes[row], numbers[row], labels


def _encode(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pc.dictionary_encode(array)

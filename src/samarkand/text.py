"""Offsets into text, in every unit that a format counts in, for whole columns at once.

Inside, offsets count Unicode code points. Formats count UTF-8 bytes, UTF-16 code units (Java,
JavaScript, Label Studio, doccano's browser) or tokens; those units exist only at their border.

The texts of a corpus lie one behind the other in one UTF-8 buffer. Where all characters are one
unit wide, offsets in both units are equal; so it is enough to know where the wide characters are
and how many units they add, and a whole column is converted by one binary search in that table.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

POINTS, UTF8, UTF16 = "code points", "utf-8", "utf-16"

#: What the units are called in a message.
UNITS = {POINTS: "code points", UTF8: "bytes of UTF-8", UTF16: "UTF-16 code units"}

#: How many bytes, or rows, are worked on at a time. Arrays of 64 KiB stay in the processor's cache,
#: and their memory is used again instead of being asked of the system anew.
_BYTES, _ROWS = 1 << 16, 1 << 13
#: The most bytes that a column of strings holds in one piece.
_MOST = (1 << 31) - 1


class OffsetError(ValueError):
    """An offset outside its text, or inside a character. `row` is the first row that has one."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class _Wide:
    """The characters wider than one unit: where they are, and what they add.

    `at` counts code points over all texts; `added[k]` is how many units the first k add.
    """

    at: Ints
    added: Ints


@dataclass(frozen=True)
class TextIndex:
    """A column of texts, indexed for conversion; make it with `index`."""

    data: npt.NDArray[np.uint8]  # the UTF-8 of all texts
    starts: Ints  # n + 1, in bytes
    points: Ints  # n + 1, in code points
    wide: dict[str, _Wide]  # by unit

    def __len__(self) -> int:
        return len(self.starts) - 1


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column in one piece, without copying it where it is (as `combine_chunks` would)."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def index(texts: pa.Array | pa.ChunkedArray) -> TextIndex:
    """Index a column of texts (pyarrow string, no nulls). Time and memory: one pass, sparse."""
    array = whole(texts)
    if isinstance(array, pa.ChunkedArray):  # combine_chunks keeps more than 2 GiB in chunks
        raise ValueError("more than 2 GiB of text in one corpus; split it by documents")
    if array.null_count:
        raise ValueError("a text may not be null")
    raw = np.frombuffer(array.buffers()[1], dtype=np.int32) if len(array) else np.zeros(1, np.int32)
    offsets = raw[array.offset : array.offset + len(array) + 1].astype(np.int64)
    buffer = array.buffers()[2] if len(array) else None
    data = np.frombuffer(buffer or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    starts = offsets - offsets[0]
    lead, more = _wide(data)
    added = _sums(more)
    at = lead - added[:-1]
    utf8 = _Wide(at, added)
    astral = at[more == 3]
    utf16 = _Wide(astral, np.arange(len(astral) + 1, dtype=np.int64))
    points = starts - utf8.added[np.searchsorted(lead, starts, "left")]
    return TextIndex(data, starts, points, {UTF8: utf8, UTF16: utf16})


def _wide(data: npt.NDArray[np.uint8]) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Where characters of more than one byte begin, and how many bytes more they have."""
    leads, more = [np.zeros(0, np.int64)], [np.zeros(0, np.uint8)]
    for at in range(0, len(data), _BYTES):
        stretch = data[at : at + _BYTES]
        lead = np.flatnonzero(stretch >= 0xC0)
        first = stretch[lead]
        leads.append(lead + at)
        more.append(1 + (first >= 0xE0).astype(np.uint8) + (first >= 0xF0))
    return np.concatenate(leads), np.concatenate(more)


def lengths(ix: TextIndex) -> Ints:
    """The length of each text in code points; shape (n,)."""
    return np.diff(ix.points)


def inside(ix: TextIndex, doc: Ints, offset: Ints) -> Mask:
    """Whether each offset (code points) lies in its document, its end included."""
    return (offset >= 0) & (offset <= lengths(ix)[doc])


def to_unit(ix: TextIndex, unit: str, doc: Ints, offset: Ints) -> Ints:
    """Code point offsets as offsets in `unit` ("utf-8" or "utf-16"), both within the document.

    Shapes: `doc` (row of each text) and `offset` alike; the result likewise, int64.
    Errors: OffsetError for an offset outside its text.
    """
    wide = ix.wide[unit]
    before = _added(wide, ix.points)  # each text: what the characters before it add
    found = np.empty(len(offset), np.int64)
    for at in range(0, len(offset), _ROWS):
        here = slice(at, at + _ROWS)
        text, place = doc[here], offset[here]
        _reject(~inside(ix, text, place), "offset {} is outside the text", place, at)
        found[here] = place + _added(wide, ix.points[text] + place) - before[text]
    return found


def from_unit(ix: TextIndex, unit: str, doc: Ints, offset: Ints) -> Ints:
    """Offsets in `unit` ("utf-8" or "utf-16") as code point offsets, both within the document.

    Errors: OffsetError for an offset outside its text or inside a character (between the halves
    of a surrogate pair, say).
    """
    found, outside, split = _from_unit(ix, unit, doc, offset)
    _reject(outside, "offset {} is outside the text", offset)
    _reject(split, f"{unit} offset {{}} is inside a character", offset)
    return found


def points(ix: TextIndex, unit: str, doc: Ints, offset: Ints) -> tuple[Ints, dict[int, str]]:
    """Offsets in any unit as code points, and what is wrong with those that have no place, by row.

    As `from_unit`, but that it tells all faults; an offset without a place stays as it is.
    """
    if unit == POINTS:
        outside, split = ~inside(ix, doc, offset), np.zeros(len(offset), np.bool_)
        found = offset
    else:
        found, outside, split = _from_unit(ix, unit, doc, offset)
    faults = {row: f"offset {offset[row]} is outside the text" for row in _rows(outside)}
    for row in _rows(split & ~outside):
        faults[row] = f"{unit} offset {offset[row]} is inside a character"
    return np.where(outside | split, offset, found), faults


def _from_unit(ix: TextIndex, unit: str, doc: Ints, offset: Ints) -> tuple[Ints, Mask, Mask]:
    """Code point offsets; which offsets were outside their text; which inside a character."""
    wide = ix.wide[unit]
    start = ix.points + _added(wide, ix.points)  # where each text starts, in the unit
    outside = (offset < 0) | (offset > np.diff(start)[doc])
    begins = wide.at + wide.added[:-1]
    ends = wide.at + wide.added[1:]  # of the wide character's last unit
    there = start[doc] + offset
    passed = np.searchsorted(begins, there, "left")
    last = np.maximum(passed - 1, 0)
    split = (passed > 0) & (there <= ends[last]) if len(ends) else np.zeros(len(there), np.bool_)
    return there - wide.added[passed] - ix.points[doc], outside, split


def infer_unit(
    ix: TextIndex, doc: Ints, begin: Ints, end: Ints, covered: pa.Array, units: tuple[str, ...]
) -> str:
    """The unit of offsets that nobody named, by the text that each span is said to cover.

    It is the one of `units` in which the most spans cover it; the first of those that do equally
    well. Shapes: all columns alike; `covered` is a pyarrow string column without nulls.
    """
    fits = {unit: int(_covering(ix, unit, doc, begin, end, covered).sum()) for unit in units}
    return max(units, key=lambda unit: fits[unit])


def _covering(
    ix: TextIndex, unit: str, doc: Ints, begin: Ints, end: Ints, covered: pa.Array
) -> Mask:
    """Which spans cover the text that they are said to cover, were their offsets in that unit."""
    good = np.ones(len(doc), np.bool_)
    places = []
    for offset in (begin, end):
        if unit == POINTS:
            point, outside, split = offset, ~inside(ix, doc, offset), np.zeros(len(doc), np.bool_)
        else:
            point, outside, split = _from_unit(ix, unit, doc, offset)
        good &= ~(outside | split)
        places.append(point)
    rows = np.flatnonzero(good & (places[0] <= places[1]))
    said = cover(ix, doc[rows], places[0][rows], places[1][rows])
    good[:] = False
    good[rows] = np.asarray(pc.equal(said, covered.take(pa.array(rows))).to_numpy(False))
    return good


def cover(ix: TextIndex, doc: Ints, begin: Ints, end: Ints) -> pa.Array:
    """The text that each span covers; shape of the columns; pyarrow string.

    Errors: OffsetError for a span outside its text or that ends before it begins.
    """
    _reject(end < begin, "offset {} is behind the span's end", begin)
    first = ix.starts[doc] + to_unit(ix, UTF8, doc, begin)
    last = ix.starts[doc] + to_unit(ix, UTF8, doc, end)
    return gather(ix.data, first, last)


def gather(data: npt.NDArray[np.uint8], first: Ints, last: Ints) -> pa.Array:
    """Slices `[first, last)` of a UTF-8 buffer as a string column, without a loop."""
    if int(np.sum(last - first)) > _MOST:
        raise ValueError("more than 2 GiB of covered text; split the corpus by documents")
    if len(data) <= _MOST and bool((first[1:] >= last[:-1]).all()):
        # Slices in order, and what lies between them, are every string of the buffer: Arrow takes
        # each second one.
        edges = np.stack([first, last], axis=1).astype(np.int32).ravel()
        strings = max(len(edges) - 1, 0)
        all_of_it = pa.StringArray.from_buffers(strings, pa.py_buffer(edges), pa.py_buffer(data))
        return all_of_it.take(pa.array(np.arange(0, strings, 2)))
    offsets = _sums(last - first)
    # Each output byte comes from its slice's start plus its place in the slice.
    source = np.arange(offsets[-1], dtype=np.int64)
    source += np.repeat(first - offsets[:-1], last - first)
    return pa.StringArray.from_buffers(
        len(first), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data[source])
    )


def tokens_over(
    token_begin: Ints, token_end: Ints, begin: Ints, end: Ints
) -> tuple[Ints, Ints, Mask]:
    """Which tokens each span touches, as half-open token ranges, and whether it fits them exactly.

    All offsets count from one origin (add each document's start), tokens are sorted and do not
    overlap. A span that touches no token gets an empty range. Shapes: (tokens,), (spans,).
    """
    first = np.searchsorted(token_end, begin, "right")
    last = np.maximum(np.searchsorted(token_begin, end, "left"), first)
    exact = last > first
    safe_first, safe_last = np.where(exact, first, 0), np.where(exact, last - 1, 0)
    if len(token_begin):
        exact &= (token_begin[safe_first] == begin) & (token_end[safe_last] == end)
    return first, last, exact


def _added(wide: _Wide, point: Ints) -> Ints:
    return wide.added[np.searchsorted(wide.at, point, "left")]


def _sums(values: npt.NDArray[np.integer[Any]]) -> Ints:
    """0, then the running sums: one longer than `values`."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)])


def _rows(mask: Mask) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows


def _reject(bad: Mask, message: str, offset: Ints, at: int = 0) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise OffsetError(at + row, message.format(int(offset[row])))

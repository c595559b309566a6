"""BioC: the unit of a file's offsets, the text of its documents, and where annotations are in it.

Passages and sentences lie at their offsets; where there is no text between them, there are line
ends between passages and spaces between sentences, as in the library `bioc` (`bioc.get_text`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from samarkand import text
from samarkand.covered import alike, differs
from samarkand.formats.bioc.decode import Location
from samarkand.formats.bioc.parts import Document, Mention, Report, Segment

#: The most that may be missing before a passage; more is a wrong offset.
GAP = 1_000_000

#: How long a text is, by the unit.
SIZES: dict[str, Callable[[str], int]] = {
    text.POINTS: len,
    text.UTF8: lambda said: len(said.encode()),
    text.UTF16: lambda said: len(said.encode("utf-16-le")) // 2,
}


@dataclass(frozen=True)
class Spot:
    """One location of a mention, and the segments in which it begins and ends, by number."""

    mention: Mention
    location: Location
    first: int
    last: int


def place(docs: Sequence[Document], to: Report) -> str:
    """Set the text of each document and the spans of each mention; returns the offsets' unit."""
    segments: list[Segment] = []
    spots: list[Spot] = []
    for doc in docs:
        doc.segments.sort(key=lambda segment: (segment.offset, bool(segment.text)))
        spots += _spots(doc, len(segments), to)
        segments += doc.segments
    ix = text.index(pa.array([segment.text for segment in segments], pa.string()))
    offset = np.array([segment.offset for segment in segments], np.int64)
    row = [np.array([getattr(spot, end) for spot in spots], np.int64) for end in ("first", "last")]
    begin = np.array([spot.location.offset for spot in spots], np.int64)
    length = np.array([spot.location.length for spot in spots], np.int64)
    local = begin - offset[row[0]], begin + length - offset[row[1]]
    single = np.array([_is_single(spot) for spot in spots], np.bool_)
    said = pa.array([spot.mention.value.text or "" for spot in spots], pa.string())
    unit = text.infer_unit(
        ix, row[0][single], local[0][single], local[1][single], said.filter(pa.array(single)),
        tuple(text.UNITS),
    )  # fmt: skip
    whole = {id(segment) for doc in docs if _compose(doc, unit, to) for segment in doc.segments}
    points = [text.points(ix, unit, row[end], local[end]) for end in (0, 1)]
    for at, spot in enumerate(spots):
        fault = points[0][1].get(at) or points[1][1].get(at)
        if fault is not None:
            to.problems.append(spot.mention.item.problem(_outside(spot.location, fault, unit)))
        elif id(segments[spot.first]) in whole:
            first, last = (segments[n].begin for n in (spot.first, spot.last))
            span = first + int(points[0][0][at]), last + int(points[1][0][at])
            spot.mention.spans.append(span)
    return unit


def _spots(doc: Document, before: int, to: Report) -> list[Spot]:
    """The locations of a document's mentions; `before` segments are those of other documents."""
    offsets = [segment.offset for segment in doc.segments]
    found = []
    for mention in doc.mentions:
        for location in mention.value.locations or []:
            first = bisect_right(offsets, location.offset) - 1
            last = max(bisect_left(offsets, location.offset + location.length) - 1, first)
            if first < 0:
                fault = _outside(location, "outside", text.POINTS)
                to.problems.append(mention.item.problem(fault))
            elif location.length:
                found.append(Spot(mention, location, before + first, before + last))
    return found


def _is_single(spot: Spot) -> bool:
    value = spot.mention.value
    return bool(value.text) and len(value.locations or []) == 1 and spot.first == spot.last


def _outside(location: Location, fault: str, unit: str) -> str:
    end = location.offset + location.length
    if "inside" in fault:
        return f"{location.offset}-{end} cuts a character; offsets are {text.UNITS[unit]}"
    return f"{location.offset}-{end} is outside the text of the passages"


def _compose(doc: Document, unit: str, to: Report) -> bool:
    """Set the document's text, and where in it each segment begins; whether that could be done."""
    pieces: list[str] = []
    at = points = 0
    passage = -1
    for segment in doc.segments:
        gap = segment.offset - at
        if not 0 <= gap <= GAP:
            fault = f"'offset' is {segment.offset}, but "
            if gap < 0:
                fault += f"the text before it ends at {at}, in {text.UNITS[unit]}"
            else:
                fault += f"the text before it ends at {at}; at most {GAP:,} may be missing"
            to.problems.append(segment.item.problem(fault))
            return False
        inner = segment.sentence and segment.passage == passage
        pieces += [(" " if inner else "\n") * gap, segment.text]
        segment.begin = points + gap
        points = segment.begin + len(segment.text)
        at = segment.offset + SIZES[unit](segment.text)
        passage = segment.passage
    doc.text = "".join(pieces)
    return True


def check(doc: Document, mention: Mention, to: Report) -> None:
    """Sort a mention's spans; tell where they overlap, or it says another text than they cover."""
    mention.spans.sort()
    if any(a[1] > b[0] for a, b in pairwise(mention.spans)):
        to.problems.append(mention.item.problem("its locations overlap"))
        return
    said, spans = mention.value.text, mention.spans
    if not said or not spans:
        return
    begin, end = spans[0][0], spans[-1][1]
    covered = " ".join(doc.text[a:b] for a, b in spans)
    if said in (covered, doc.text[begin:end]):
        return
    if alike(said, covered) or alike(said, doc.text[begin:end]):
        to.kinds["white"] += 1
    else:
        first, last = (mention.value.locations or [])[0], (mention.value.locations or [])[-1]
        place = first.offset, last.offset + last.length
        to.problems.append(mention.item.problem(differs(said, *place, covered)))

"""Where the spans of doccano's lines are, in code points, and which of them relations join."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import text
from samarkand.errors import Problem
from samarkand.formats.doccano.keys import Head
from samarkand.formats.doccano.parsing import Columns, Part
from samarkand.text import UTF16, Ints, Mask, OffsetError, TextIndex
from samarkand.words import count


@dataclass(frozen=True)
class Given:
    """Lines, their document ids, which have a key, and what was found out about their spans.

    Spans and relations are sorted by line and id. `begin` and `end` are the spans' code points;
    `head` and `tail` the rows of the spans that relations join.
    """

    columns: Columns
    docs: pa.Array
    keyed: Mask
    ix: TextIndex
    begin: Ints
    end: Ints
    head: Ints
    tail: Ints

    def where(self, row: int) -> tuple[str, int]:
        """The path and the line of a row."""
        return self.columns.path[row].as_py(), int(self.columns.line[row])


def place(
    found: Columns, docs: pa.Array, keys: Sequence[Head | None], unit: str, problems: list[Problem]
) -> Given:
    """Convert the offsets and resolve the ids of lines; all that is wrong goes to `problems`.

    `unit` is that of lines without a key. Where there are problems, what is returned is not whole.
    """
    found = replace(found, spans=by_id(found.spans), links=by_id(found.links))
    ix = text.index(found.text)
    nowhere = np.zeros(0, np.int64)
    keyed = np.array([key is not None for key in keys], np.bool_)
    given = Given(found, docs, keyed, ix, nowhere, nowhere, nowhere, nowhere)
    wide = np.array([(key.unit if key else unit) == UTF16 for key in keys], np.bool_)
    faults = list(_misplaced(given, wide)) + list(_repeated(found))
    begin = end = nowhere
    if not faults:
        spans = found.spans
        begin, end = (_points(ix, wide, spans.row, at) for at in (spans.a, spans.b))
        faults += _cut(found, [begin, end])
    key, ends = _packed(found)
    size = len(key)
    rows = [np.minimum(np.searchsorted(key, end), max(size - 1, 0)) for end in ends]
    missing = [
        key[row] != end if size else np.ones(len(end), np.bool_)
        for row, end in zip(rows, ends, strict=True)
    ]
    faults += _dangling(found, missing)
    problems += [Problem(*given.where(row), message) for row, message in faults]
    return replace(given, begin=begin, end=end, head=rows[0], tail=rows[1])


def by_id(part: Part) -> Part:
    """Spans or relations sorted by line and id."""
    row, rises = np.diff(part.row), part.id[1:] >= part.id[:-1]
    if bool(((row > 0) | (row == 0) & rises).all()):
        return part
    return taken(part, np.lexsort((part.id, part.row)))


def taken(part: Part, rows: Ints) -> Part:
    """Those spans or relations, in that order."""
    chosen = pa.array(rows)
    row, id, a, b = (pa.array(numbers).take(chosen).to_numpy()
                     for numbers in (part.row, part.id, part.a, part.b))  # fmt: skip
    return Part(row, id, a, b, part.label.take(chosen))


Faults = Iterator[tuple[int, str]]  # the row, and what is wrong


def _misplaced(given: Given, wide: Mask) -> Faults:
    """Spans without a label, that cover nothing, or that are outside their text."""
    spans, ix = given.columns.spans, given.ix
    length = text.lengths(ix)
    rows = np.arange(len(ix))
    units = text.to_unit(ix, UTF16, rows, length)
    limit = np.where(wide, units, length)
    outside = (spans.a < 0) | (spans.b > limit[spans.row])
    empty = spans.b <= spans.a
    nameless = np.asarray(pc.equal(spans.label, ""))
    for at in np.flatnonzero(outside | empty | nameless).tolist():
        row, a, b = int(spans.row[at]), int(spans.a[at]), int(spans.b[at])
        name = f"span {spans.id[at]} ('{spans.label[at]}') is at {a}-{b}"
        if nameless[at]:
            yield row, f"span {spans.id[at]} at {a}-{b} has no label"
        elif empty[at]:
            yield row, f"{name}: it {'ends before it begins' if b < a else 'covers nothing'}"
        else:
            unit = "UTF-16 code unit" if wide[row] else "code point"
            hint = "Was the text edited after annotation?"
            if not wide[row] and a >= 0 and b <= units[row]:
                hint = (
                    "Does the file count UTF-16, as doccano's browser does? Then read it with "
                    "samarkand.formats.doccano.read(..., unit='utf-16')"
                )
            yield row, f"{name}, but the text has {count(int(limit[row]), unit)}. {hint}"
    for at in np.flatnonzero(np.asarray(pc.equal(given.columns.links.label, ""))).tolist():
        links = given.columns.links
        yield int(links.row[at]), f"relation {links.id[at]} has no type"


def _repeated(found: Columns) -> Faults:
    for name, part in (("span", found.spans), ("relation", found.links)):
        same = (np.diff(part.row) == 0) & (np.diff(part.id) == 0)
        for at in np.flatnonzero(same).tolist():
            yield int(part.row[at]), f"the id {part.id[at]} of a {name} stands twice in the line"


def _points(ix: TextIndex, wide: Mask, row: Ints, at: Ints) -> Ints:
    """Offsets in code points; -1 for those inside a character."""
    chosen = np.flatnonzero(wide[row])
    if not len(chosen) or not len(ix.wide[UTF16].at):
        return at
    points = at.copy()
    try:
        points[chosen] = text.from_unit(ix, UTF16, row[chosen], at[chosen])
    except OffsetError:
        # One text at a time, for all that are wrong and not the first alone.
        for doc in np.unique(row[chosen]).tolist():
            inner = chosen[row[chosen] == doc]
            back = _by_unit(bytes(ix.data[ix.starts[doc] : ix.starts[doc + 1]]).decode())
            points[inner] = [back.get(offset, -1) for offset in at[inner].tolist()]
    return points


def _by_unit(said: str) -> dict[int, int]:
    """The code point at each UTF-16 offset of a text that is inside no character."""
    found, unit = {}, 0
    for point, character in enumerate(said):
        found[unit] = point
        unit += 1 + (character > "\uffff")
    found[unit] = len(said)
    return found


def _cut(found: Columns, points: Sequence[Ints]) -> Faults:
    spans = found.spans
    for at in np.flatnonzero((points[0] < 0) | (points[1] < 0)).tolist():
        place = f"{spans.a[at]}-{spans.b[at]}"
        name = f"span {spans.id[at]} ('{spans.label[at]}') is at {place}, in UTF-16"
        fault = "it cuts a character in two, between the halves of a surrogate pair"
        yield int(spans.row[at]), f"{name}: {fault}"


def _packed(found: Columns) -> tuple[Ints, list[Ints]]:
    """The line and id of each span as one number, ascending; those of the relations' ends."""
    spans, links = found.spans, found.links
    ids = [spans.id, links.a, links.b]
    low = min((int(each.min()) for each in ids if len(each)), default=0)
    high = max((int(each.max()) for each in ids if len(each)), default=0)
    if (high - low + 1) * max(len(found), 1) < 2**62:
        ids, width = [each - low for each in ids], high - low + 1
    else:  # ids too far apart: their ranks will do
        known, ranks = np.unique(np.concatenate(ids), return_inverse=True)
        width = len(known)
        cuts = np.cumsum([len(each) for each in ids])[:-1]
        ids = np.split(ranks.astype(np.int64), cuts)
    rows = [spans.row, links.row, links.row]
    packed = [row.astype(np.int64) * width + id for row, id in zip(rows, ids, strict=True)]
    return packed[0], packed[1:]


def _dangling(found: Columns, missing: Sequence[Mask]) -> Faults:
    links = found.links
    for at in np.flatnonzero(missing[0] | missing[1]).tolist():
        ends = [(links.a, "from"), (links.b, "to")]
        said = [f"{way} {end[at]}" for (end, way), lost in zip(ends, missing, strict=True)
                if lost[at]]  # fmt: skip
        name = f"relation {links.id[at]} ('{links.label[at]}') leads {' and '.join(said)}"
        yield int(links.row[at]), f"{name}, which is the id of no span in the line"


def note(given: Given) -> bool:
    """Whether it matters for a line without a key that its offsets were taken as code points."""
    ix, row = given.ix, given.columns.spans.row
    wide, first = np.unique(
        np.searchsorted(ix.points, ix.wide[UTF16].at, "right") - 1, return_index=True
    )
    before = text.lengths(ix)  # of each text, what stands before the first such character
    before[wide] = ix.wide[UTF16].at[first] - ix.points[wide]
    return bool((~given.keyed[row] & (given.end > before[row])).any())

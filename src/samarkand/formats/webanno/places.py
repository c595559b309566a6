"""Where the tokens of WebAnno TSV files are, and the texts that they are in.

The text is put together as INCEpTION's `Tsv3XDeserializer` does it: a sentence begins where its
first token does; what lies before the first one is spaces, and what lies between two is nothing,
or a newline and then spaces. Offsets count UTF-16 code units; files of other programs may count
code points, which is found out where there are characters that tell.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import text
from samarkand.errors import Problem
from samarkand.formats.webanno.escapes import unescape_value
from samarkand.formats.webanno.sheet import Sheet
from samarkand.text import POINTS, UTF16, Ints, Mask, TextIndex

#: No text has more between its sentences; more is an offset that is wrong.
MAX_GAP = 1_000_000


@dataclass(frozen=True)
class Block:
    """Files one behind the other.

    `bounds`: where the rows of each file begin, and the number of all; `first`: the row with which
    each sentence begins; `sentence`: the one that each row is in. `leads`: what each text is said
    to begin with, if anything.
    """

    sheets: list[Sheet]
    leads: list[str | None]
    bounds: Ints
    first: Ints
    sentence: Ints
    line: Ints
    problems: list[Problem]

    def report(self, rows: Iterable[int], message: str, *columns: Iterable[Any]) -> None:
        """A problem at each row; `{0}`, `{1}` stand for the values of the columns there."""
        for row, *values in zip(rows, *columns, strict=True):
            path = self.sheets[int(np.searchsorted(self.bounds, row, "right")) - 1].path
            self.problems.append(Problem(path, int(self.line[row]), message.format(*values)))

    def each(self, values: Iterable[int]) -> Ints:
        """A value for each file as one for each row."""
        return np.repeat(np.array(list(values), np.int64), np.diff(self.bounds))


@dataclass(frozen=True)
class Places:
    """Begin and end of each row in its document: code points. `texts`: the documents'.

    `in_points`: the paths of the files whose offsets count code points.
    """

    begin: Ints
    end: Ints
    texts: list[str]
    in_points: list[str]


def block(sheets: list[Sheet], leads: list[str | None], problems: list[Problem]) -> Block:
    """Put files one behind the other."""
    bounds = sums(len(sheet.rows) for sheet in sheets)
    starts = np.repeat(bounds[:-1], [len(sheet.texts) for sheet in sheets])
    first = starts + np.array([row for sheet in sheets for row in sheet.first], np.int64)
    sentence = np.searchsorted(first, np.arange(bounds[-1]), "right") - 1
    lines = np.array([line for sheet in sheets for line in sheet.lines], np.int64)
    return Block(sheets, leads, bounds, first, sentence, lines, problems)


def places(
    block: Block, unit: pa.Array, begin: Ints, end: Ints, covered: pa.Array
) -> Places | None:
    """Where rows are, from their offsets as they stand in the file; None where one is nowhere."""
    ix = text.index(pa.array([v for sheet in block.sheets for v in sheet.texts], pa.string()))
    base = begin[block.first]
    local = begin - base[block.sentence], end - base[block.sentence]
    in_points, paths = _units(block, ix, local, covered)
    try:
        found = [_points(block, ix, offset, in_points) for offset in local]
        says = text.cover(ix, block.sentence, *found)
    except text.OffsetError:
        _faults(block, begin, end, base, in_points)
        return None
    bad = np.flatnonzero(pc.not_equal(says, covered).to_numpy(False))
    bad = bad[[_differ(*pair) for pair in zip(at(covered, bad), at(says, bad), strict=True)]]
    message = (
        "{0} says {1!r} but {2}-{3} of the text is {4!r}. Was the text edited after annotation?"
    )
    got, wanted = ([value[:60] for value in at(column, bad)] for column in (covered, says))
    values = at(unit, bad), got, begin[bad].tolist(), end[bad].tolist(), wanted
    block.report(bad.tolist(), message, *values)
    texts, start = _texts(block, ix, base, in_points)
    shift = start[block.sentence]
    return Places(found[0] + shift, found[1] + shift, texts, paths)


def _differ(got: str, wanted: str) -> bool:
    """Some programs escape a token, too; INCEpTION does not."""
    return unescape_value(got) != wanted


def _units(
    block: Block, ix: TextIndex, local: tuple[Ints, Ints], covered: pa.Array
) -> tuple[Mask, list[str]]:
    """Which sentences' offsets count code points, and the paths of their files."""
    in_points = np.zeros(len(ix), np.bool_)
    paths = []
    wide = np.searchsorted(ix.points, ix.wide[UTF16].at, "right") - 1
    sentences = sums(len(sheet.texts) for sheet in block.sheets)
    for file in np.unique(np.searchsorted(sentences, wide, "right") - 1).tolist():
        rows = slice(int(block.bounds[file]), int(block.bounds[file + 1]))
        offsets = local[0][rows], local[1][rows]
        said = covered[rows.start : rows.stop]
        unit = text.infer_unit(ix, block.sentence[rows], *offsets, said, (UTF16, POINTS))
        if unit == POINTS:
            in_points[sentences[file] : sentences[file + 1]] = True
            paths.append(block.sheets[file].path)
    return in_points, paths


def _points(block: Block, ix: TextIndex, offset: Ints, in_points: Mask) -> Ints:
    """Offsets from the sentence's start as code points. Errors: OffsetError."""
    known = in_points[block.sentence]
    if not text.inside(ix, block.sentence[known], offset[known]).all():
        raise text.OffsetError(0, "outside the text")
    found = text.from_unit(ix, UTF16, block.sentence, np.where(known, 0, offset))
    return np.where(known, offset, found)


def _faults(block: Block, begin: Ints, end: Ints, base: Ints, in_points: Mask) -> None:
    """Say of each row what is wrong with its place."""
    texts = [value for sheet in block.sheets for value in sheet.texts]
    data, latest = b"", -1
    for row, number in enumerate(block.sentence.tolist()):
        width = 4 if in_points[number] else 2
        if number != latest:
            data = texts[number].encode("utf-32-le" if in_points[number] else "utf-16-le")
            latest = number
        begins, ends = ((int(offset[row] - base[number])) * width for offset in (begin, end))
        said = [f"{begin[row]}-{end[row]}"]
        if begins > ends:
            block.report([row], "{0} ends before it begins", said)
        elif begins < 0 or ends > len(data):
            where = [f"{base[number]}-{base[number] + len(data) // width}"]
            block.report([row], "{0} is outside the sentence, which is {1}", said, where)
        elif width == 2 and any(_cut(data, place) for place in (begins, ends)):
            message = (
                "{0} begins or ends inside a character (between the halves of a surrogate pair)"
            )
            block.report([row], message, said)


def _cut(data: bytes, place: int) -> bool:
    """Whether a character of this UTF-16 lies on both sides of a place."""
    return place < len(data) and 0xDC <= data[place + 1] <= 0xDF


def _texts(block: Block, ix: TextIndex, base: Ints, in_points: Mask) -> tuple[list[str], Ints]:
    """The documents' texts, and where each sentence starts in its own: code points."""
    points = text.lengths(ix)
    size = np.where(in_points, points, text.to_unit(ix, UTF16, np.arange(len(ix)), points))
    texts, start, n = [], np.zeros(len(ix), np.int64), 0
    for sheet, lead in zip(block.sheets, block.leads, strict=True):
        parts: list[str] = [] if sheet.texts else [lead or ""]
        until = length = gaps = 0  # of the text so far, in the file's unit and in code points
        for number, value in enumerate(sheet.texts, n):
            gap = _gap(block, number, int(base[number]), until, gaps)
            gaps += gap
            if number > n:
                parts.append("\n" + " " * (gap - 1) if gap else "")
            elif lead is not None and len(lead) != gap:
                message = f"the first token begins at {gap}, but before it is {lead!r}"
                block.report([int(block.first[number])], message)
            else:
                parts.append(" " * gap if lead is None else lead)
            parts.append(value)
            start[number] = length + gap
            until = int(base[number] + size[number])
            length += gap + int(points[number])
        texts.append("".join(parts))
        n += len(sheet.texts)
    return texts, start


def _gap(block: Block, number: int, begin: int, until: int, gaps: int) -> int:
    """How far a sentence begins behind the text so far, which has `gaps` between its sentences."""
    message = ""
    if begin < until:
        message = f"the sentence begins at {begin}, before the end of the one before, at {until}"
    elif gaps + begin - until > MAX_GAP:
        message = (
            f"the sentence begins at {begin}, far behind the text so far, which ends at {until}"
        )
    if message:
        block.report([int(block.first[number])], message)
        return 0
    return begin - until


def sums(sizes: Iterable[int]) -> Ints:
    """0, then the running sums."""
    return np.cumsum([0, *sizes], dtype=np.int64)


def at(column: pa.Array, rows: Ints) -> list[str]:
    """The values at some rows."""
    found: list[str] = column.take(pa.array(rows, pa.int64())).to_pylist()
    return found

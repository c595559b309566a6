"""The rows of WebAnno TSV files, made of whole columns: tokens, and the cells that say anything."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.errors import Problem
from samarkand.formats.webanno.places import Block, at, block, places
from samarkand.formats.webanno.sheet import SHAPE, Sheet
from samarkand.text import Ints

_ID = r"^(?P<sentence>[0-9]{1,9})-(?P<token>[0-9]{1,9})(?:\.(?P<sub>[0-9]{1,9}))?$"
_OFFSETS = r"^(?P<begin>[0-9]{1,9})-(?P<end>[0-9]{1,9})$"


@dataclass(frozen=True)
class Rows:
    """The rows of a block of files, one file's behind the other's.

    `bounds`: where each file's rows begin, and the number of all. `texts`: of the documents.
    `unit`: the id, 1-2 or 1-2.1. `token`: counts tokens; a sub-token has the number of its token.
    `begin` and `end`: code points in the document. The cells are those that are not `_`: their
    row, their column, and what they say. `in_points`: the files whose offsets count code points.
    """

    sheets: list[Sheet]
    bounds: Ints
    texts: list[str]
    line: Ints
    unit: pa.Array
    token: Ints
    begin: Ints
    end: Ints
    cell_row: Ints
    cell_column: Ints
    cells: pa.Array
    in_points: list[str]


def parse(sheets: list[Sheet], leads: list[str | None], problems: list[Problem]) -> Rows | None:
    """The rows of files. `leads`: what each text is said to begin with.

    What is wrong with them is a problem; None where there is nothing to go on with.
    """
    before = len(problems)
    files = block(sheets, leads, problems)
    raw = pa.array([row for sheet in sheets for row in sheet.rows], pa.binary()).cast(pa.string())
    split = pc.split_pattern(raw, "\t")
    sizes = pc.list_value_length(split).to_numpy().astype(np.int64)
    flat, start = pc.list_flatten(split), np.cumsum(sizes) - sizes
    wanted = _sizes(files, flat, start, sizes)
    if len(problems) > before:
        return None
    unit, said, covered = (flat.take(pa.array(start + column)) for column in range(3))
    numbers = _numbers(files, unit, _ID, ("sentence", "token", "sub"), "1-2 or 1-2.1")
    begin, end = _numbers(files, said, _OFFSETS, ("begin", "end"), "BEGIN-END")
    if len(problems) > before:
        return None
    token = _ordered(files, unit, *numbers)
    found = places(files, unit, begin, end, covered)
    if found is None or len(problems) > before:
        return None
    _nested(files, unit, token, numbers[2], found.begin, found.end)
    column = np.arange(len(flat)) - np.repeat(start, sizes) - 3
    filled = pc.not_equal(flat, "_").to_numpy(False)
    cells = np.flatnonzero(filled & (column >= 0) & (column < np.repeat(wanted - 3, sizes)))
    return Rows(
        sheets, files.bounds, found.texts, files.line, unit, token, found.begin, found.end,
        np.repeat(np.arange(len(start)), sizes)[cells], column[cells], flat.take(pa.array(cells)),
        found.in_points,
    )  # fmt: skip


def _sizes(files: Block, flat: pa.Array, start: Ints, sizes: Ints) -> Ints:
    """How many columns each row should have; one that has not is a problem.

    A tab may stand behind the last cell, as INCEpTION writes it. Without it, a last cell that is
    empty is one that is missing.
    """
    wanted = files.each(3 + len(sheet.columns) for sheet in files.sheets)
    ends = pc.equal(flat.take(pa.array(start + sizes - 1)), "").to_numpy(False)
    got = sizes - (ends & (sizes > 3))
    bad = np.flatnonzero(got != wanted)
    message = f"columns: {{0}}, wanted {{1}}: {SHAPE}"
    files.report(bad.tolist(), message, got[bad].tolist(), wanted[bad].tolist())
    return wanted


def _numbers(
    files: Block, column: pa.Array, form: str, names: tuple[str, ...], wanted: str
) -> list[Ints]:
    """The numbers in a column; one that is left out is 0."""
    found = pc.extract_regex(column, form)
    bad = np.flatnonzero(found.is_null().to_numpy(False))
    got = [value[:40] for value in at(column, bad)]
    files.report(bad.tolist(), f"{{0!r}}; wanted {wanted}, in at most nine digits", got)
    numbers = []
    for name in names:
        digits = pc.struct_field(found, name).fill_null("")
        digits = pc.if_else(pc.equal(digits, ""), "0", digits)
        numbers.append(digits.cast(pa.int64()).to_numpy().astype(np.int64))
    return numbers


def _ordered(files: Block, unit: pa.Array, sentence: Ints, token: Ints, sub: Ints) -> Ints:
    """The number of each row's token, counted over all files.

    Sentences, tokens and sub-tokens are counted from 1; the first row that is not is a problem.
    """
    if not len(unit):
        return sentence
    rows = np.arange(len(unit))
    whole = sub == 0
    whole[files.first] = True  # else it is reported below
    ordinal = np.cumsum(whole) - 1
    opening = files.sentence[files.bounds[:-1][np.diff(files.bounds) > 0]]
    of_file = np.maximum.accumulate(np.where(np.isin(files.sentence, opening), files.sentence, 0))
    wanted = (
        files.sentence - of_file + 1,
        ordinal - ordinal[files.first][files.sentence] + 1,
        rows - np.maximum.accumulate(np.where(whole, rows, 0)),
    )
    good = np.logical_and.reduce(
        [a == b for a, b in zip(wanted, (sentence, token, sub), strict=True)]
    )
    bad = np.flatnonzero(~good)[:1]  # those behind it count wrong as well
    ids = [
        f"{s}-{t}" + (f".{u}" if u else "")
        for s, t, u in zip(*(w[bad] for w in wanted), strict=True)
    ]
    message = "the id is {0}, wanted {1}: sentences, tokens and sub-tokens are counted from 1"
    files.report(bad.tolist(), message, at(unit, bad), ids)
    return ordinal


def _nested(files: Block, unit: pa.Array, token: Ints, sub: Ints, begin: Ints, end: Ints) -> None:
    """Tokens stand one behind the other, and sub-tokens within theirs."""
    tokens = np.flatnonzero(sub == 0)
    owner = tokens[token]
    bad = np.flatnonzero((sub > 0) & ((begin < begin[owner]) | (end > end[owner])))
    files.report(bad.tolist(), "sub-token {0} is not within its token", at(unit, bad))
    overlap = (np.diff(files.sentence[tokens]) == 0) & (begin[tokens[1:]] < end[tokens[:-1]])
    bad = tokens[1:][overlap]
    files.report(bad.tolist(), "token {0} begins before the end of the one before", at(unit, bad))

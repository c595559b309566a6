"""The rows of CoNLL files as columns: token rows, sentences and documents, for many files at once.

A line is a row of the files' number of columns, or blank (a sentence ends), or `-DOCSTART-` (a
document starts), or a comment: `# ` and anything, in another number of columns.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from samarkand import words
from samarkand.errors import Problem
from samarkand.text import Ints, Mask, gather

DOCSTART = b"-DOCSTART-"
_TAB, _NEWLINE, _SPACE, _HASH = 9, 10, 32, 35


@dataclass(frozen=True)
class Rows:
    """Token rows of files of one layout, in the order of the files. Shapes: (rows,).

    `path` counts into `paths`, `line` from 1. `doc` counts documents over all files; `docs` says
    how many each file has. `new`: a sentence starts here. `columns`: strings, the token first.
    """

    paths: Sequence[str]
    docs: Ints
    path: Ints
    line: Ints
    doc: Ints
    new: Mask
    columns: list[pa.Array]

    def where(self, row: int) -> tuple[str, int]:
        """The path and the line of a row."""
        return self.paths[self.path[row]], int(self.line[row])


def parse(
    files: dict[str, bytes], width: int, ours: bool, problems: list[Problem], unread: Counter[str]
) -> Rows:
    """Rows of `width` columns. The columns of a file are tab-separated, its last line ends too.

    `ours`: only a file's first line is a -DOCSTART-. Rows of another width are a problem; comments
    are counted as unread.
    """
    data = np.frombuffer(b"".join(files.values()), np.uint8)
    end = np.flatnonzero(data == _NEWLINE)
    start = np.concatenate([np.zeros(1, np.int64), end[:-1] + 1])[: len(end)]
    count = np.array([content.count(b"\n") for content in files.values()], np.int64)
    path = np.repeat(np.arange(len(files)), count)
    line = np.arange(len(end)) - np.repeat(np.cumsum(count) - count, count) + 1
    tabs = np.flatnonzero(data == _TAB)
    before = np.searchsorted(tabs, start)  # tabs before each line
    fields = np.searchsorted(tabs, end) - before + 1
    blank = start == end
    opening = line == 1 if ours else _docstarts(data, start, end)
    follows = data[np.minimum(start + 1, len(data) - 1)] if len(data) else data
    comment = (data[start] == _HASH) & ((follows == _SPACE) | (follows == _TAB))
    comment &= (fields != width) & ~opening
    unread["comment line"] += int(comment.sum())
    content = ~(blank | opening | comment)
    paths = list(files)
    for got in np.unique(fields[content & (fields != width)]).tolist():
        message = f"{words.count(got, 'column')}, wanted {width} as at the file's start"
        report(paths, path, line, content & (fields == got), message, problems)
    row = np.flatnonzero(content & (fields == width))
    breaks = np.cumsum(blank | opening | (line == 1))
    doc, docs = _documents(opening, row, path, len(files))
    return Rows(
        paths=paths,
        docs=docs,
        path=path[row],
        line=line[row],
        doc=doc,
        new=np.diff(breaks[row], prepend=0) != 0,
        columns=_columns(data, start[row], end[row], tabs, before[row], width),
    )


def report(
    paths: Sequence[str], path: Ints, line: Ints, wrong: Mask, message: str, problems: list[Problem]
) -> None:
    """One problem a file, at the first of its lines that are wrong in the same way."""
    found, first, count = np.unique(path[wrong], return_index=True, return_counts=True)
    for file, at, more in zip(found, np.flatnonzero(wrong)[first], count - 1, strict=True):
        rest = f" (and {more} more line{'' if more == 1 else 's'} like it)" if more else ""
        problems.append(Problem(paths[file], int(line[at]), message + rest))


def keep(rows: Rows, kept: Mask) -> Rows:
    """Some of the rows; where a sentence's first one goes, the next one is its first."""
    sentence = np.cumsum(rows.new)[kept]
    return Rows(
        rows.paths,
        rows.docs,
        rows.path[kept],
        rows.line[kept],
        rows.doc[kept],
        np.diff(sentence, prepend=0) != 0,
        [column.filter(pa.array(kept)) for column in rows.columns],
    )


def _docstarts(data: npt.NDArray[np.uint8], start: Ints, end: Ints) -> Mask:
    found = end - start >= len(DOCSTART)
    at = np.flatnonzero(found)
    for step, byte in enumerate(DOCSTART):
        at = at[data[start[at] + step] == byte]
    found[:] = False
    found[at[data[start[at] + len(DOCSTART)] <= _SPACE]] = True  # the line's end, or a separator
    return found


def _documents(opening: Mask, row: Ints, path: Ints, files: int) -> tuple[Ints, Ints]:
    """The document of each row, and how many each file has.

    Rows before a file's first -DOCSTART-, or in a file without one, are a document as well.
    """
    opens = opening.copy()
    first = row[np.diff(path[row], prepend=-1) != 0]  # the first row of each file that has any
    passed = np.cumsum(opening)
    before = np.searchsorted(path, path[first])  # the first line of its file
    opens[first] |= passed[first] == passed[before] - opening[before]
    doc = np.cumsum(opens)[row] - 1
    return doc, np.bincount(path[opens], minlength=files)


def _columns(
    data: npt.NDArray[np.uint8], start: Ints, end: Ints, tabs: Ints, before: Ints, width: int
) -> list[pa.Array]:
    edges = [start - 1, *(tabs[before + step] for step in range(width - 1)), end]
    return [gather(data, edges[k] + 1, edges[k + 1]) for k in range(width)]

"""Where the tokens and spans of tasks are: the unit of their offsets, and whether they fit.

Prodigy is Python and counts code points: its tokens are spaCy's, its spans take their edges from
the tokens, and where characters are highlighted one by one, each character of Python's is a token.
Other programs write the format too, and some count UTF-16; so the unit is the one in which tokens
and spans cover the text that they say.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import text
from samarkand.errors import Problem
from samarkand.formats.prodigy.task import Line, Span, Task, Token
from samarkand.text import Ints, TextIndex
from samarkand.words import count

#: Where a span of a task is, in code points; by its index.
Placed = list[tuple[int, int]]

#: What tokenizers put before their word pieces.
_PIECE_MARKS = "#▁Ġ"


@dataclass(frozen=True)
class _Column:
    """The tokens, or the spans, of many tasks one behind the other."""

    name: str
    lines: Sequence[Line]
    edges: Ints  # where those of each task begin
    begin: Ints
    end: Ints
    said: list[str | None]

    @property
    def doc(self) -> Ints:
        """The row of the task's text."""
        return np.repeat(np.arange(len(self.lines)), np.diff(self.edges))

    def at(self, row: int) -> tuple[Line, str]:
        """The task of a row, and what its value is called there."""
        task = int(np.searchsorted(self.edges, row, "right")) - 1
        return self.lines[task], f"{self.name}[{row - int(self.edges[task])}]"


def places(lines: Sequence[Line], problems: list[Problem]) -> tuple[list[Placed], str]:
    """Where the spans of each task are, in code points, and the unit that the file counts in.

    Spans that are empty or not where they say they are go to `problems`; so do tokens.
    """
    ix = text.index(pa.array([line.task.text for line in lines], pa.string()))
    tokens = _column("tokens", lines, [line.task.tokens or [] for line in lines])
    spans = _column("spans", lines, [line.task.spans or [] for line in lines])
    unit = _unit(ix, tokens, spans)
    before = len(problems)
    problems += _faults(ix, unit, tokens)[1]
    found, faults = _faults(ix, unit, spans)
    problems += faults
    for line in lines:
        problems += [line.problem(message) for message in _off_tokens(line.task)]
    if len(problems) > before:
        return [[] for _ in lines], unit
    pairs = list(zip(found[0].tolist(), found[1].tolist(), strict=True))
    edges = spans.edges.tolist()
    return [pairs[a:b] for a, b in pairwise(edges)], unit


def _column(name: str, lines: Sequence[Line], values: Sequence[Sequence[Token | Span]]) -> _Column:
    flat = [value for part in values for value in part]
    edges = np.cumsum([0, *map(len, values)], dtype=np.int64)
    begin, end = (
        np.fromiter((getattr(value, name) for value in flat), np.int64, len(flat))
        for name in ("start", "end")
    )
    return _Column(name, lines, edges, begin, end, [value.text for value in flat])


def _unit(ix: TextIndex, *columns: _Column) -> str:
    """The unit in which the tokens and spans cover what they say; code points where both do."""
    rows = [np.array([said is not None for said in c.said], np.bool_) for c in columns]
    doc, begin, end = (
        np.concatenate([getattr(c, name)[kept] for c, kept in zip(columns, rows, strict=True)])
        for name in ("doc", "begin", "end")
    )
    said = pa.array([said for c in columns for said in c.said if said is not None], pa.string())
    return text.infer_unit(ix, doc, begin, end, said, (text.POINTS, text.UTF16))


def _faults(ix: TextIndex, unit: str, column: _Column) -> tuple[tuple[Ints, Ints], list[Problem]]:
    """Begins and ends in code points, and what is wrong with them, at most one fault a row."""
    begin, faults = _points(ix, unit, column.doc, column.begin)
    end, more = _points(ix, unit, column.doc, column.end)
    faults = more | faults
    least = 0 if column.name == "tokens" else 1  # a tokenizer's own marks cover nothing
    for row in np.flatnonzero(column.end - column.begin < least).tolist():
        faults.setdefault(row, _turned(int(column.begin[row]), int(column.end[row])))
    rows = np.array([row for row, said in enumerate(column.said) if said is not None], np.int64)
    rows = rows[~np.isin(rows, np.array(list(faults), np.int64))]
    covered = text.cover(ix, column.doc[rows], begin[rows], end[rows])
    said = pa.array([column.said[row] for row in rows.tolist()], pa.string())
    differ = np.flatnonzero(pc.not_equal(said, covered).to_numpy(False))
    for row, wanted in zip(rows[differ].tolist(), covered.take(differ).to_pylist(), strict=True):
        got = column.said[row] or ""
        if column.name == "spans" or not _piece_of(got, wanted):
            place = f"{column.begin[row]}-{column.end[row]}"
            faults[row] = (
                f" says {got!r} but {place} of the text is {wanted!r}; was the text edited after "
                "annotation?"
            )
    problems = []
    for row in sorted(faults):
        line, name = column.at(row)
        problems.append(line.problem(f"{name}{faults[row]}"))
    return (begin, end), problems


def _turned(begin: int, end: int) -> str:
    if begin == end:
        return f" is empty: it begins and ends at {end}"
    return f" ends before it begins: {begin}-{end}"


def _points(ix: TextIndex, unit: str, doc: Ints, offset: Ints) -> tuple[Ints, dict[int, str]]:
    """Offsets as code points, and what is wrong with those that cannot be."""
    sizes = text.lengths(ix)
    if unit == text.POINTS:
        outside = np.flatnonzero(offset > sizes[doc])
        return offset, {row: _outside(offset, sizes[doc], row) for row in outside.tolist()}
    # Every place between two characters in the unit, one text behind the other.
    owner = np.repeat(np.arange(len(ix)), sizes + 1)
    point = np.arange(len(owner)) - np.repeat(np.cumsum(sizes + 1) - (sizes + 1), sizes + 1)
    lengths = text.to_unit(ix, unit, np.arange(len(ix)), sizes)
    start = np.cumsum(lengths + 1) - (lengths + 1)
    there = start[owner] + text.to_unit(ix, unit, owner, point)
    wanted = start[doc] + np.minimum(offset, lengths[doc])
    found = np.searchsorted(there, wanted)
    faults = {
        row: f": {offset[row]} is inside a character (offsets count {unit.upper()})"
        for row in np.flatnonzero(there[found] != wanted).tolist()
    }
    for row in np.flatnonzero(offset > lengths[doc]).tolist():
        faults[row] = _outside(offset, lengths[doc], row)
    return point[found], faults


def _outside(offset: Ints, sizes: Ints, row: int) -> str:
    return f": {offset[row]} is outside the text, which ends at {sizes[row]}"


def _piece_of(said: str, covered: str) -> bool:
    """Whether a token may be another tokenizer's name for what it covers.

    Word pieces have marks before them, are in lower case without accents, or are not the text at
    all, as in [CLS] and [UNK].
    """
    if said.startswith("[") and said.endswith("]"):
        return True
    return _bare(said.lstrip(_PIECE_MARKS)) == _bare(covered.lstrip(_PIECE_MARKS).strip())


def _bare(said: str) -> str:
    spread = unicodedata.normalize("NFKD", said.casefold())
    return "".join(c for c in spread if not unicodedata.combining(c))


def _off_tokens(task: Task) -> Iterator[str]:
    """The spans that are not within the tokens that they name."""
    tokens = task.tokens
    if tokens is None:
        return
    for index, span in enumerate(task.spans or ()):
        first, last = span.token_start, span.token_end
        if first is None or last is None:
            continue
        named = f"spans[{index}] has tokens {first} to {last}"
        if not first <= last < len(tokens):
            yield f"{named}, but the task has {count(len(tokens), 'token')}, counted from 0"
        elif not tokens[first].start <= span.start < span.end <= tokens[last].end:
            begin, end = tokens[first].start, tokens[last].end
            yield f"{named}, which are {begin}-{end} of the text, but is {span.start}-{span.end}"

"""The lines of brat's standoff files as columns of rows, for many files at once.

Nearly every line has one of four plain shapes, which are found in the bytes of all files together:

    T1<tab>LABEL BEGIN END<tab>TEXT             an entity
    R1<tab>LABEL Arg1:T1 Arg2:T2                a relation
    A1<tab>NAME T1 VALUE                        an attribute of either; a flag has no value
    N1<tab>Reference T1 actor:ID<tab>ID         the actor that an entity refers to

Every other line is read by itself against the format's grammar (`_standoff_line`), which tells what is wrong
with it. Both give the same rows: `parse(..., plain=False)` reads all lines the exact way.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.errors import Problem
from samarkand.formats import _standoff_line
from samarkand.formats._standoff_line import FLAG, MAX_DIGITS, MAX_LINE, Found, pack
from samarkand.text import Ints, Mask, gather

Bytes = npt.NDArray[np.uint8]

TAB, SPACE, NEWLINE = 9, 32, 10

#: What lines say, by kind. `line` is the row of the line in `Lines`; a `key` is an id, packed.
TABLES = {
    "entities": pa.schema(
        [
            ("line", pa.int64()),
            ("key", pa.int64()),
            ("id", pa.string()),
            ("label", pa.string()),
            ("begin", pa.int64()),
            ("end", pa.int64()),
            ("said", pa.string()),  # the text that the line gives
        ]
    ),
    "fragments": pa.schema([("line", pa.int64()), ("begin", pa.int64()), ("end", pa.int64())]),
    "relations": pa.schema(
        [
            ("line", pa.int64()),
            ("key", pa.int64()),
            ("id", pa.string()),
            ("label", pa.string()),
            ("head", pa.int64()),  # key
            ("tail", pa.int64()),  # key
        ]
    ),
    "attributes": pa.schema(
        [
            ("line", pa.int64()),
            ("key", pa.int64()),
            ("target", pa.int64()),  # key
            ("name", pa.string()),
            ("value", pa.string()),
        ]
    ),
    "actors": pa.schema(
        [
            ("line", pa.int64()),
            ("key", pa.int64()),
            ("target", pa.int64()),  # key
            ("actor", pa.string()),
        ]
    ),
    "others": pa.schema([("line", pa.int64()), ("key", pa.int64())]),  # ids of all other lines
}


@dataclass(frozen=True)
class Lines:
    """The lines of many files in one buffer; empty lines, which say nothing, included."""

    data: Bytes
    first: Ints  # where each line begins
    last: Ints  # where its line end is
    doc: Ints  # row of its file
    number: Ints  # within its file, from 1
    tabs: Ints  # where the tabs are, and two beyond the data
    spaces: Ints  # likewise

    def at(self, row: int) -> str:
        """One line as a string."""
        return self.data[self.first[row] : self.last[row]].tobytes().decode()


@dataclass(frozen=True)
class Rows:
    """What the lines say, by the names in TABLES, and what could not be represented, counted."""

    tables: dict[str, pa.Table]
    unread: Counter[str] = field(default_factory=Counter)


def split(files: Sequence[bytes]) -> Lines:
    """The lines of files that are UTF-8 with LF line ends."""
    ended = [data if data.endswith(b"\n") or not data else data + b"\n" for data in files]
    data = np.frombuffer(b"".join(ended), np.uint8)
    last = np.flatnonzero(data == NEWLINE)
    first = np.concatenate([np.zeros(1, np.int64), last[:-1] + 1])[: len(last)]
    edges = np.cumsum([0, *(len(part) for part in ended)])
    before = np.searchsorted(last, edges)
    counts = np.diff(before)
    number = np.arange(len(last)) - np.repeat(before[:-1], counts) + 1
    doc = np.repeat(np.arange(len(files)), counts)
    return Lines(data, first, last, doc, number, _marks(data, TAB), _marks(data, SPACE))


def _marks(data: Bytes, byte: int) -> Ints:
    beyond = np.full(2, len(data), np.int64)
    return np.concatenate([np.flatnonzero(data == byte), beyond])


def parse(
    lines: Lines, sizes: Ints, paths: Sequence[str], problems: list[Problem], plain: bool = True
) -> Rows:
    """Everything that the lines say; `sizes` are the texts' lengths in code points, by document.

    A line that cannot be read adds to `problems`; its id is still among `others`, so that what
    points to it is not reported as well.
    """
    known = {name: shape(lines, sizes) for name, shape in _PLAIN.items()} if plain else {}
    rest = lines.last > lines.first
    for table in known.values():
        rest[table["line"].to_numpy()] = False
    found = Found()
    for row in np.flatnonzero(rest).tolist():
        doc = int(lines.doc[row])
        fault = _standoff_line.read(row, lines.at(row), int(sizes[doc]), found)
        if fault:
            problems.append(Problem(paths[doc], int(lines.number[row]), fault))
    tables = {}
    for name, wanted in TABLES.items():
        columns = list(zip(*found.rows[name], strict=True)) or [()] * len(wanted)
        exact = pa.table([pa.array(c, f.type) for c, f in zip(columns, wanted, strict=True)],
                         schema=wanted)  # fmt: skip
        tables[name] = pa.concat_tables([known[name], exact]) if name in known else exact
        tables[name] = tables[name].combine_chunks()
    return Rows(tables, found.unread)


def _entities(lines: Lines, sizes: Ints) -> pa.Table:
    """T lines of one fragment, within the text and not empty."""
    row, first, last = _starting(lines, "T")
    tab, second_tab = _next_two(lines.tabs, first)
    space, second_space = _next_two(lines.spaces, tab)
    key, ok = _keys(lines.data, "T", first + 1, tab)
    begin, whole = _numbers(lines.data, space + 1, second_space)
    end, whole_too = _numbers(lines.data, second_space + 1, second_tab)
    ok &= whole & whole_too & (space > tab + 1) & (second_tab < last)
    ok &= (begin < end) & (end <= sizes[lines.doc[row]])
    row, first, last, tab, space, second_tab, key, begin, end = (
        column[ok] for column in (row, first, last, tab, space, second_tab, key, begin, end)
    )
    id, label = gather(lines.data, first, tab), gather(lines.data, tab + 1, space)
    said = gather(lines.data, second_tab + 1, last)
    return pa.table([row, key, id, label, begin, end, said], schema=TABLES["entities"])


def _relations(lines: Lines, _: Ints) -> pa.Table:
    """R lines from Arg1 to Arg2, both entities."""
    data = lines.data
    row, first, last = _starting(lines, "R")
    stop = last - (data[last - 1] == TAB)  # brat itself ends relations with a tab
    tab, second_tab = _next_two(lines.tabs, first)
    space, second_space = _next_two(lines.spaces, tab)
    key, ok = _keys(data, "R", first + 1, tab)
    ok &= (space > tab + 1) & (second_space < stop) & (second_tab >= stop)
    ok &= _says(data, space + 1, b"Arg1:T", ok) & _says(data, second_space + 1, b"Arg2:T", ok)
    head, whole = _keys(data, "T", space + 7, second_space)
    tail, whole_too = _keys(data, "T", second_space + 7, stop)
    ok &= whole & whole_too
    row, first, tab, space, key, head, tail = (
        column[ok] for column in (row, first, tab, space, key, head, tail)
    )
    id, label = gather(data, first, tab), gather(data, tab + 1, space)
    return pa.table([row, key, id, label, head, tail], schema=TABLES["relations"])


def _attributes(lines: Lines, _: Ints) -> pa.Table:
    """A lines about an entity or a relation."""
    data = lines.data
    row, first, last = _starting(lines, "A")
    tab, second_tab = _next_two(lines.tabs, first)
    space, second_space = _next_two(lines.spaces, tab)
    key, ok = _keys(data, "A", first + 1, tab)
    ok &= (space > tab + 1) & (space + 1 < last) & (second_tab >= last)
    flag = second_space >= last
    target_end = np.minimum(second_space, last)
    target = np.zeros(len(row), np.int64)
    for letter in "TR":
        chosen = ok & _says(data, space + 1, letter.encode(), ok)
        target[chosen] = _keys(data, letter, space[chosen] + 2, target_end[chosen])[0]
    begin = np.where(flag, last, second_space + 1)
    ok &= (target > 0) & (data[begin] != SPACE) & (data[last - 1] != SPACE)
    row, tab, space, last, key, target, begin, flag = (
        column[ok] for column in (row, tab, space, last, key, target, begin, flag)
    )
    value = pc.if_else(pa.array(flag), FLAG, gather(data, begin, last))
    name = gather(data, tab + 1, space)
    return pa.table([row, key, target, name, value], schema=TABLES["attributes"])


def _actors(lines: Lines, _: Ints) -> pa.Table:
    """N lines that refer an entity to an actor, called by its id."""
    data = lines.data
    row, first, last = _starting(lines, "N")
    tab, second_tab = _next_two(lines.tabs, first)
    space, second_space = _next_two(lines.spaces, tab)
    key, ok = _keys(data, "N", first + 1, tab)
    ok &= (second_space + 7 < second_tab) & (second_tab < last)
    ok &= _says(data, tab + 1, b"Reference T", ok) & _says(data, second_space + 1, b"actor:", ok)
    target, whole = _keys(data, "T", space + 2, second_space)
    begin = second_space + 7
    ok &= whole & (second_tab - begin == last - second_tab - 1)
    row, begin, second_tab, last, key, target = (
        column[ok] for column in (row, begin, second_tab, last, key, target)
    )
    actor, name = gather(data, begin, second_tab), gather(data, second_tab + 1, last)
    same = pc.and_(pc.equal(actor, name), pc.invert(pc.match_substring(actor, " ")))
    table = pa.table([row, key, target, actor], schema=TABLES["actors"])
    return table.filter(same)


_PLAIN: dict[str, Callable[[Lines, Ints], pa.Table]] = {
    "entities": _entities,
    "relations": _relations,
    "attributes": _attributes,
    "actors": _actors,
}


def _starting(lines: Lines, letter: str) -> tuple[Ints, Ints, Ints]:
    """The lines that start with a letter and are not too long: their rows, begins and ends."""
    short = lines.last - lines.first <= MAX_LINE
    row = np.flatnonzero((lines.data[lines.first] == ord(letter)) & short)
    return row, lines.first[row], lines.last[row]


def _next_two(marks: Ints, at: Ints) -> tuple[Ints, Ints]:
    """The first two marks at or behind each place; beyond the data where there are none."""
    place = np.searchsorted(marks[:-1], at)
    return marks[place], marks[place + 1]


def _numbers(data: Bytes, first: Ints, last: Ints) -> tuple[Ints, Mask]:
    """The numbers of at most nine digits that stand at `[first, last)`, and where there is one."""
    width = last - first
    ok = (width >= 1) & (width <= MAX_DIGITS)
    number = np.zeros(len(first), np.int64)
    for place in range(int(width[ok].max(initial=0))):
        there = ok & (place < width)
        digit = data[np.where(there, last - 1 - place, 0)] - np.uint8(ord("0"))
        digit[~there] = 0
        ok &= digit <= 9  # what is less than "0" has wrapped around
        number += digit * np.int64(10**place)
    return number, ok


def _keys(data: Bytes, letter: str, first: Ints, last: Ints) -> tuple[Ints, Mask]:
    """The ids of that letter whose number stands at `[first, last)`, packed; 0 where none does."""
    number, ok = _numbers(data, first, last)
    return np.where(ok, pack(letter, last - first, number), 0), ok


def _says(data: Bytes, at: Ints, word: bytes, where: Mask) -> Mask:
    """Whether the word stands at each place; only looked at `where` there is room for it."""
    same = where.copy()
    for offset, byte in enumerate(word):
        same &= data[np.where(same, at + offset, 0)] == byte
    return same

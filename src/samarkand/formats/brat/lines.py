"""The lines of brat's standoff files as columns of rows, for many files at once.

Nearly every line has one of four plain shapes, which are found in the bytes of all files together:

    T1<tab>LABEL BEGIN END<tab>TEXT             an entity
    R1<tab>LABEL Arg1:T1 Arg2:T2                a relation
    A1<tab>NAME T1 VALUE                        an attribute of either; a flag has no value
    N1<tab>Reference T1 actor:ID<tab>ID         the actor that an entity refers to

Every other line is read by itself against the format's grammar (`brat/line`), which tells what is
wrong with it. Both give the same rows: `parse(..., plain=False)` reads all lines the exact way.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.errors import Problem
from samarkand.formats.brat import line as brat_line
from samarkand.formats.brat.line import FLAG, MAX_DIGITS, Found, pack
from samarkand.jsonl import MAX_LINE
from samarkand.text import Ints, Mask, gather

Bytes = npt.NDArray[np.uint8]

SPACE, NEWLINE = 32, 10

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
    """The lines of many files in one buffer; empty lines, which say nothing, included.

    Marks are where tabs, spaces, line ends and control characters stand: what lies between two
    neighbouring ones is a field.
    """

    data: Bytes
    first: Ints  # where each line begins
    last: Ints  # where its line end is
    doc: Ints  # row of its file
    number: Ints  # within its file, from 1
    marks: Ints  # and some beyond the data
    kinds: Bytes  # the byte at each mark, 0 beyond the data
    first_mark: Ints  # of each line, as a place in `marks`

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
    marks = np.flatnonzero(data <= SPACE)
    ends = np.flatnonzero(data[marks] == NEWLINE)
    last = marks[ends]
    edges = np.cumsum([0, *(len(part) for part in ended)])
    before = np.searchsorted(last, edges)
    counts = np.diff(before)
    beyond = np.full(len(_LONGEST), len(data), np.int64)
    return Lines(
        data,
        first=_next(last),
        last=last,
        doc=np.repeat(np.arange(len(files)), counts),
        number=np.arange(len(last)) - np.repeat(before[:-1], counts) + 1,
        marks=np.concatenate([marks, beyond]),
        kinds=np.concatenate([data[marks], np.zeros(len(beyond), np.uint8)]),
        first_mark=_next(ends),
    )


def _next(ends: Ints) -> Ints:
    """Where what ends there begins: at 0, or just behind the end before."""
    return np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]


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
        fault = brat_line.read(row, lines.at(row), int(sizes[doc]), found)
        if fault:
            problems.append(Problem(paths[doc], int(lines.number[row]), fault))
    tables = {}
    for name, wanted in TABLES.items():
        columns = list(zip(*found.rows[name], strict=True)) or [()] * len(wanted)
        exact = pa.table([pa.array(c, f.type) for c, f in zip(columns, wanted, strict=True)],
                         schema=wanted)  # fmt: skip
        both = [table for table in (known.get(name), exact) if table is not None and len(table)]
        tables[name] = pa.concat_tables(both).combine_chunks() if both else exact
    return Rows(tables, found.unread)


def _entities(lines: Lines, sizes: Ints) -> pa.Table:
    """T lines of one fragment, within the text and not empty; in canonical order."""
    data = lines.data
    row, first, (tab, space, second_space, second_tab) = _shaped(lines, "T", b"\t  \t")
    key, ok = _keys(data, "T", first + 1, tab)
    begin, whole = _numbers(data, space + 1, second_space)
    end, whole_too = _numbers(data, second_space + 1, second_tab)
    ok &= whole & whole_too & (space > tab + 1)
    ok &= (begin < end) & (end <= sizes[lines.doc[row]])
    row, first, tab, space, second_tab, key, begin, end = (
        column[ok] for column in (row, first, tab, space, second_tab, key, begin, end)
    )
    order = in_order(
        lines.doc[row], begin, end, key, lambda some: gather(data, tab[some] + 1, space[some])
    )
    row, first, tab, space, second_tab, key, begin, end = (
        column[order] for column in (row, first, tab, space, second_tab, key, begin, end)
    )
    id, label = gather(data, first, tab), gather(data, tab + 1, space)
    said = gather(data, second_tab + 1, lines.last[row])
    return _table("entities", row, key, id, label, begin, end, said)


def in_order(
    doc: Ints, begin: Ints, end: Ints, key: Ints, labels: Callable[[Ints], pa.Array]
) -> Ints:
    """The canonical order of entities: by document, position, label and id.

    `labels` gives the labels of some rows: they are asked for only where positions are the same.
    """
    place = doc << 50 | begin << 20 | np.minimum(end - begin, (1 << 20) - 1)
    order = np.argsort(place)
    same = np.diff(place[order]) == 0
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False)[: len(order)])
    rows = order[tied]
    order[tied] = rows[np.lexsort((key[rows], ranks(labels(rows)), end[rows], place[rows]))]
    return order


def ranks(names: pa.Array) -> Ints:
    """The place of each name among the distinct ones in order."""
    coded = names.dictionary_encode()
    rank: Ints = pc.rank(coded.dictionary).to_numpy().astype(np.int64)[coded.indices.to_numpy()]
    return rank


def _relations(lines: Lines, _: Ints) -> pa.Table:
    """R lines from Arg1 to Arg2, both entities; brat itself ends them with a tab."""
    data = lines.data
    parts = [_shaped(lines, "R", shape) for shape in (b"\t  \n", b"\t  \t\n")]
    row, first = (np.concatenate([part[n] for part in parts]) for n in (0, 1))
    tab, space, second_space, stop = (
        np.concatenate([part[2][n] for part in parts]) for n in range(4)
    )
    key, ok = _keys(data, "R", first + 1, tab)
    ok &= (space > tab + 1) & (lines.last[row] - stop <= 1)
    ok &= _says(data, space + 1, b"Arg1:T") & _says(data, second_space + 1, b"Arg2:T")
    head, whole = _keys(data, "T", space + 7, second_space)
    tail, whole_too = _keys(data, "T", second_space + 7, stop)
    ok &= whole & whole_too
    row, first, tab, space, key, head, tail = (
        column[ok] for column in (row, first, tab, space, key, head, tail)
    )
    id, label = gather(data, first, tab), gather(data, tab + 1, space)
    return _table("relations", row, key, id, label, head, tail)


def _attributes(lines: Lines, _: Ints) -> pa.Table:
    """A lines about an entity or a relation, with a value of one word or none."""
    data = lines.data
    flags, valued = (_shaped(lines, "A", shape) for shape in (b"\t \n", b"\t  \n"))
    row, first = (np.concatenate([flags[n], valued[n]]) for n in (0, 1))
    tab, space, target_end = (np.concatenate([flags[2][n], valued[2][n]]) for n in range(3))
    begin = np.concatenate([flags[2][2], valued[2][2] + 1])
    flag = np.arange(len(row)) < len(flags[0])
    key, ok = _keys(data, "A", first + 1, tab)
    ok &= (space > tab + 1) & (flag | (lines.last[row] > begin))
    target = np.where(
        _says(data, space + 1, b"T"),
        _keys(data, "T", space + 2, target_end)[0],
        _says(data, space + 1, b"R") * _keys(data, "R", space + 2, target_end)[0],
    )
    ok &= target > 0
    row, tab, space, begin, key, target = (
        column[ok] for column in (row, tab, space, begin, key, target)
    )
    name, value = gather(data, tab + 1, space), gather(data, begin, lines.last[row])
    value = pc.if_else(pa.array(flag[ok]), FLAG, value)
    return _table("attributes", row, key, target, name, value)


def _actors(lines: Lines, _: Ints) -> pa.Table:
    """N lines that refer an entity to an actor, called by its id."""
    data = lines.data
    row, first, (tab, space, second_space, second_tab, last) = _shaped(lines, "N", b"\t  \t\n")
    key, ok = _keys(data, "N", first + 1, tab)
    ok &= _says(data, tab + 1, b"Reference T") & _says(data, second_space + 1, b"actor:")
    target, whole = _keys(data, "T", space + 2, second_space)
    begin = second_space + 7
    ok &= whole & (begin < second_tab) & (second_tab - begin == last - second_tab - 1)
    row, begin, second_tab, key, target = (
        column[ok] for column in (row, begin, second_tab, key, target)
    )
    actor = gather(data, begin, second_tab)
    name = gather(data, second_tab + 1, lines.last[row])
    return _table("actors", row, key, target, actor).filter(pc.equal(actor, name))


_PLAIN: dict[str, Callable[[Lines, Ints], pa.Table]] = {
    "entities": _entities,
    "relations": _relations,
    "attributes": _attributes,
    "actors": _actors,
}
#: No shape looks at more marks of a line.
_LONGEST = b"\t  \t\n"


def _table(name: str, *columns: Ints | pa.Array) -> pa.Table:
    return pa.table([pa.array(column) for column in columns], schema=TABLES[name])


def _shaped(lines: Lines, letter: str, shape: bytes) -> tuple[Ints, Ints, list[Ints]]:
    """The lines that start with the letter and whose marks start with `shape`.

    Returns their rows, where they begin, and where each of these marks is.
    """
    row = np.flatnonzero(lines.data[lines.first] == ord(letter))
    for place, kind in enumerate(shape):
        row = row[lines.kinds[lines.first_mark[row] + place] == kind]
    row = row[lines.last[row] - lines.first[row] <= MAX_LINE]
    mark = lines.first_mark[row]
    return row, lines.first[row], [lines.marks[mark + place] for place in range(len(shape))]


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


def _says(data: Bytes, at: Ints, word: bytes) -> Mask:
    """Whether the word stands at each place, which lies in a line."""
    same = np.ones(len(at), np.bool_)
    for offset, byte in enumerate(word):
        # Past a difference, and so past the line's end, it looks no further.
        same &= data[np.where(same, at + offset, 0)] == byte
    return same

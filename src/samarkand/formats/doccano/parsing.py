"""doccano's lines as columns: by Arrow's JSON reader, a block of them at a time.

It is strict (it refuses a key twice, another type, half a surrogate pair) and makes no object a
span. A block that it refuses is read line by line (see `doccano/line`), which finds every fault
and its place, and reads what is only written otherwise.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from samarkand import jsonl, lines, schema
from samarkand.errors import FormatError, Problem
from samarkand.formats.doccano import line as slow
from samarkand.formats.doccano.line import COMMENTS, ENTITIES, ID, RELATIONS, TEXTS, Line
from samarkand.formats.doccano.words import KEY
from samarkand.text import Ints, whole

#: The bytes that are parsed at a time, unless a line is longer.
BLOCK = 1 << 20
_HUGE = slow.HUGE
Numbers = npt.NDArray[Any]
ONE_VALUE = (
    "the file is one JSON value over several lines; wanted one object a line. It can be put so by "
    "`jq -c .` (or `jq -c '.[]'`, if it is a list)"
)
_NEWLINE, _BRACES = ord("\n"), (ord("{"), ord("}"))

_SPAN = ("label", "start_offset", "end_offset")
_LINK = ("type", "from_id", "to_id")


@dataclass(frozen=True)
class Part:
    """Spans or relations in columns. `row` counts lines.

    The two numbers are begin and end of a span, or the ids of a relation's ends; the label of a
    relation is its type. Ids are int64; the others int32, since there are many.
    """

    row: Numbers
    id: Ints
    a: Numbers
    b: Numbers
    label: pa.Array


@dataclass(frozen=True)
class Columns:
    """Lines of doccano files, in columns: one value a line, and their spans and relations."""

    path: pa.Array  # dictionary of strings
    line: Ints
    id: pa.Array  # the line's own, or null
    text: pa.Array
    key: pa.Array  # ours, or null
    metadata: pa.Array  # schema.PAIRS
    spans: Part
    links: Part

    def __len__(self) -> int:
        return len(self.text)


def parse(
    path: str, data: bytes, first: int, problems: list[Problem], unread: Counter[str], quick: bool
) -> list[Columns]:
    """A file's lines; `first` is the number of the first of them.

    Faults go to `problems`, and what cannot be represented is counted in `unread`. `quick=False`
    reads all of it line by line, to the same result.
    """
    if data == b"\n" and first == 1:  # what the server writes where there is nothing to export
        return []
    shape = _shape(data) if quick else None
    read = partial(_block, data, shape)
    blocks = list(_blocks(data))
    if len(blocks) > 1 and shape is not None:
        with ThreadPoolExecutor(pa.cpu_count()) as pool:
            parsed = list(pool.map(read, blocks))
    else:
        parsed = [read(block) for block in blocks]
    found: list[Columns] = []
    left: list[tuple[int, int]] = []  # the first and last line of blocks that are not plain
    number = 0
    for rows, block, comments in parsed:
        if block is None:
            left.append((number, number + rows))
        else:
            found.append(_placed(block, path, np.arange(rows) + first + number))
            if comments:
                unread["comment"] += comments
        number += rows
    if left:
        found.append(_by_line(path, data, left, first, problems, unread))
    return found


def joined(parts: list[Columns]) -> Columns:
    """Columns of several blocks as one. `parts` is emptied on the way, to hold nothing twice."""
    parts = parts or [_placed(_columns([]), "", np.zeros(0, np.int64))]
    starts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    names = ("path", "line", "id", "text", "key", "metadata", "spans", "links")
    columns = {name: [getattr(part, name) for part in parts] for name in names}
    parts.clear()
    columns["path"] = [path.cast(pa.string()) for path in columns["path"]]
    pieces = {name: _joined(columns.pop(name), starts) for name in ("spans", "links")}
    line = np.concatenate(columns.pop("line"))
    try:
        arrays = {name: pa.concat_arrays(columns.pop(name)) for name in list(columns)}
    except pa.ArrowInvalid:  # their offsets have 32 bits
        raise FormatError("more than 2 GiB of text; read fewer lines at a time") from None
    path = arrays.pop("path").dictionary_encode()
    return Columns(path=path, line=line, **arrays, **pieces)


def _joined(parts: list[Part], starts: list[int]) -> Part:
    columns = {name: [getattr(part, name) for part in parts] for name in ("id", "a", "b", "label")}
    row = [part.row + np.int32(at) for part, at in zip(parts, starts[:-1], strict=True)]
    parts.clear()
    label = pa.concat_arrays(columns.pop("label"))
    id, a, b = (_chained(columns.pop(name)) for name in ("id", "a", "b"))
    return Part(_chained(row), id, a, b, label)


def _chained(numbers: list[Numbers]) -> Numbers:
    """Arrays as one, in Arrow's memory, which can be given back."""
    chained: Numbers = pa.concat_arrays([pa.array(each) for each in numbers]).to_numpy()
    return chained


def _placed(block: Columns, path: str, line: Ints) -> Columns:
    paths = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(line), np.int32)), [path])
    return replace(block, path=paths, line=line)


def _blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Stretches of whole lines of at most BLOCK bytes; longer where one line is."""
    begin = 0
    while begin < len(data):
        end = len(data)
        if end - begin > BLOCK:
            end = data.rfind(b"\n", begin, begin + BLOCK) + 1
            if not end:
                end = data.find(b"\n", begin + BLOCK) + 1 or len(data)
        yield begin, end
        begin = end


def _block(
    data: bytes, shape: pa.Schema | None, place: tuple[int, int]
) -> tuple[int, Columns | None, int]:
    """How many lines a block has, what they hold, None where that is not plain, and comments."""
    begin, end = place
    raw = np.frombuffer(data, np.uint8, end - begin, begin)
    ends = np.flatnonzero(raw == _NEWLINE)
    rows = len(ends) + (raw[-1] != _NEWLINE)
    if shape is None or len(raw) > jsonl.MAX_LINE or data.find(b"\r", begin, end) >= 0:
        return rows, None, 0
    # Each line begins and ends with a brace, so that no object goes over two lines.
    begins = np.concatenate([[0], ends + 1])[:rows]
    ends = np.concatenate([ends, [len(raw)]])[:rows]
    if (raw[begins] != _BRACES[0]).any() or (raw[ends - 1] != _BRACES[1]).any():
        return rows, None, 0
    return rows, *_parse(pa.py_buffer(data).slice(begin, len(raw)), shape, rows)


def _shape(data: bytes) -> pa.Schema | None:
    """What the lines hold, by the first of them; None where that is not the relation shape."""
    try:
        value = msgspec.json.decode(data[: data.find(b"\n") + 1 or len(data)][:BLOCK])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if not isinstance(value, dict) or ENTITIES not in value or any(k in value for k in slow.LISTS):
        return None
    text = next((key for key in TEXTS if key in value), None)
    if text is None:
        return None
    number, string = pa.int64(), pa.string()
    kinds = (string, number, number)
    fields = []
    known: dict[str, pa.DataType] = {
        text: string,
        KEY: string,
        ENTITIES: pa.list_(pa.struct([("id", number), *zip(_SPAN, kinds, strict=True)])),
        RELATIONS: pa.list_(pa.struct([("id", number), *zip(_LINK, kinds, strict=True)])),
        COMMENTS: pa.list_(pa.struct([("id", number), ("comment", string)])),
    }
    others = {str: string, bool: pa.bool_(), int: number, type(None): string}
    for key, said in value.items():
        kind = known.get(key) or others.get(type(said))
        if key == ID:
            kind = {str: string, int: number, type(None): number}.get(type(said))
        if kind is None:
            return None
        fields.append(pa.field(key, kind))
    return pa.schema(fields)


def _parse(block: pa.Buffer, shape: pa.Schema, rows: int) -> tuple[Columns | None, int]:
    """A block in columns, and its comments; None where one of its lines is not of that shape."""
    try:
        table = pa.json.read_json(
            pa.BufferReader(block),
            pa.json.ReadOptions(block_size=block.size + 1, use_threads=False),
            pa.json.ParseOptions(explicit_schema=shape, unexpected_field_behavior="error"),
        )
        table.validate(full=True)
    except pa.ArrowInvalid:
        return None, 0
    columns = {name: whole(table[name]) for name in table.column_names}
    text = columns.pop(next(key for key in TEXTS if key in columns))
    spans = _part(columns.pop(ENTITIES), _SPAN, rows)
    links = _part(columns.pop(RELATIONS, None), _LINK, rows)
    comments = columns.pop(COMMENTS, pa.array([], pa.list_(pa.string())))
    whole_lines = len(table) == rows and not text.null_count and not comments.null_count
    if spans is None or links is None or not whole_lines:
        return None, 0
    id = columns.pop(ID, None)
    key = columns.pop(KEY, None)
    nothing = pa.nulls(rows, pa.string())
    found = Columns(
        path=nothing, line=np.zeros(0, np.int64), text=text, spans=spans, links=links,
        id=nothing if id is None else id.cast(pa.string()),
        key=nothing if key is None else key,
        metadata=_pairs(columns, rows),
    )  # fmt: skip
    return found, len(comments.flatten())


def _part(lists: pa.Array | None, names: tuple[str, ...], rows: int) -> Part | None:
    """Lists of spans or relations in columns; None where one of them lacks something."""
    if lists is None:
        return _flat([], np.int64)
    flat = lists.flatten()
    label, a, b = (flat.field(name) for name in names)
    id = flat.field("id")
    if lists.null_count or flat.null_count or label.null_count or a.null_count or b.null_count:
        return None
    sizes = lists.value_lengths().to_numpy()
    if id.null_count == 0:
        ids = id.to_numpy()
    elif id.null_count == len(id) and names == _LINK:
        ids = np.arange(len(flat)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    else:
        return None
    row = np.repeat(np.arange(rows, dtype=np.int32), sizes)
    if names == _SPAN:
        limits = pc.min_max(pa.chunked_array([a, b]))
        if len(a) and not -_HUGE < limits["min"].as_py() <= limits["max"].as_py() < _HUGE:
            return None
        a, b = a.cast(pa.int32()), b.cast(pa.int32())
    return Part(row, ids, a.to_numpy(), b.to_numpy(), label)


def _pairs(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    """Columns of metadata as lists of names and values, sorted by name."""
    places, names, values = [], [], []
    for name in sorted(columns):
        said = columns[name].is_valid().to_numpy(zero_copy_only=False)
        places.append(np.flatnonzero(said))
        names += [name] * len(places[-1])
        values.append(columns[name].drop_null().cast(pa.string()))
    row = np.concatenate([np.zeros(0, np.int64), *places])
    order = np.argsort(row, kind="stable")
    offsets = np.searchsorted(row[order], np.arange(rows + 1)).astype(np.int32)
    said = pa.concat_arrays([pa.array([], pa.string()), *values])
    items = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()), said], fields=list(schema.PAIRS.value_type)
    )
    return pa.ListArray.from_arrays(
        pa.array(offsets), items.take(pa.array(order)), type=schema.PAIRS
    )


def _by_line(
    path: str,
    data: bytes,
    left: list[tuple[int, int]],
    first: int,
    problems: list[Problem],
    unread: Counter[str],
) -> Columns:
    """The lines in those ranges, one by one."""
    faults: list[Problem] = []
    split = jsonl.split(path, data, faults)
    if not faults and slow.is_one_value(data):
        faults.append(Problem(path, 0, ONE_VALUE))
    numbers, found = [], []
    for begin, end in left if not faults else ():
        for number in range(begin, end):
            try:
                found.append(slow.read(split[number], unread))
                numbers.append(first + number)
            except (ValueError, msgspec.MsgspecError) as error:
                faults.append(Problem(path, number + 1, jsonl.explain(error)))
    problems += [replace(f, line=f.line + first - 1) if f.line else f for f in faults]
    return _placed(_columns(found), path, np.array(numbers, np.int64))


def _columns(found: Sequence[Line]) -> Columns:
    string = pa.string()
    return Columns(
        path=pa.nulls(0, string),
        line=np.zeros(0, np.int64),
        id=pa.array([line.id for line in found], string),
        text=pa.array([line.text for line in found], string),
        key=pa.array([line.key for line in found], string),
        metadata=lines.pairs([line.metadata for line in found]),
        spans=_flat([line.spans for line in found], np.int32),
        links=_flat([line.links for line in found], np.int64),
    )


def _flat(lists: Sequence[Sequence[slow.Item]], kind: Any) -> Part:
    """Lists of (id, number, number, label) as columns, the numbers of that kind."""
    row = np.repeat(np.arange(len(lists), dtype=np.int32), [len(each) for each in lists])
    ids, a, b, label = (
        list(zip(*(item for each in lists for item in each), strict=True)) or [()] * 4
    )
    numbers = np.array(ids, np.int64), np.array(a, kind), np.array(b, kind)
    return Part(row, *numbers, pa.array(label, pa.string()))

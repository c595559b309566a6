"""Results by columns: those of many tasks at once, where they are all written alike.

A program writes each result of a kind with the same keys in the same order, and so with the same
bytes but for a few values. The first one shows these bytes; that the others have them is then seen
for all at once, and between them lie the values. The bytes are JSON already, and have no escapes.
"""

import re
from dataclasses import dataclass
from itertools import islice

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from samarkand.formats.labelstudio.json import strict
from samarkand.text import Ints, Mask

Bytes = npt.NDArray[np.uint8]

#: The values that differ; `labels` is one string in a list.
_VALUES = re.compile(
    rb'"(?P<number>start|end)"\s*:\s*(?P<digits>[0-9]+)'
    rb'|"(?P<string>text|id|from_name|to_name|origin|from_id|to_id)"\s*:\s*"(?P<said>[^"]*)"'
    rb'|"(?P<list>labels)"\s*:\s*\[\s*"(?P<one>[^"]*)"\s*\]'
)
#: Those that labels, and that relations, need.
_NEEDED = ({"start", "end", "text", "labels", "id", "from_name"}, {"from_id", "to_id", "labels"})
_MOST_DIGITS = 9


@dataclass(frozen=True)
class Shape:
    """How results of one kind are written: the bytes that they share, and the values between them.

    `anchors` has for each stretch of bytes a quote in it: which one of the result's `quotes` it is,
    and where in the stretch.
    """

    names: tuple[str, ...]
    shared: tuple[bytes, ...]
    anchors: tuple[tuple[int, int], ...]
    quotes: int
    braces: int


def learn(result: bytes) -> Shape | None:
    """The shape of labels with one label, or of a relation to the right; None for other results."""
    try:
        if b"\\" in result or not _is_plain(strict(result)):
            return None
    except ValueError:
        return None
    names, shared, anchors = [], [], []
    at = quotes = 0
    for found in _VALUES.finditer(result):
        kind = found.lastgroup or ""
        name = found[found.re.groupindex[kind] - 1].decode()
        stretch = result[at : found.start(kind)]
        names.append(name)
        shared.append(stretch)
        anchors.append((quotes, stretch.index(b'"')))
        quotes += stretch.count(b'"')
        at = found.end(kind)
    if not _NEEDED[b'"from_id"' in result] <= set(names):
        return None
    rest = result[at:]
    anchors.append((quotes, rest.index(b'"')))
    shared.append(rest)
    quotes += rest.count(b'"')
    braces = sum(stretch.count(b"{") for stretch in shared)
    return Shape(tuple(names), tuple(shared), tuple(anchors), quotes, braces)


def _is_plain(result: dict[str, object]) -> bool:
    """Whether a result has just the keys that are read, or that do not matter."""
    value = result.get("value")
    if result.get("type") == "relation":
        keys = {"from_id", "to_id", "type", "direction", "labels"}
        return result.keys() == keys and result["direction"] == "right" and _one(result["labels"])
    if result.get("type") != "labels" or not isinstance(value, dict):
        return False
    keys = {"value", "id", "from_name", "to_name", "type"}
    return (
        result.keys() - {"origin"} == keys
        and value.keys() == {"start", "end", "text", "labels"}
        and _one(value["labels"])
    )


def _one(labels: object) -> bool:
    return isinstance(labels, list) and len(labels) == 1


@dataclass(frozen=True)
class Results:
    """Results of one kind: each one's task, as a row, and where its values are: `[first, last)`."""

    task: Ints
    values: dict[str, tuple[Ints, Ints]]


@dataclass(frozen=True)
class Found:
    """What was found in the results of some tasks, and which tasks are not written alike."""

    data: Bytes
    regions: Results
    relations: Results
    odd: Mask


def find(tasks: list[msgspec.Raw]) -> Found:
    """The labels and relations of tasks, each given as its array of results."""
    data = np.frombuffer(b"".join((*tasks, bytes(8))), np.uint8)
    sizes = np.array([memoryview(task).nbytes for task in tasks], np.int64)
    start = np.cumsum(sizes) - sizes
    quotes, braces, escapes = (np.flatnonzero(data == ord(mark)) for mark in '"{\\')
    number = [
        np.searchsorted(marks, start + sizes) - np.searchsorted(marks, start)
        for marks in (quotes, braces, escapes)
    ]
    odd = number[2] > 0
    shapes = [_of(tasks, b'"value"', _NO_LABELS), _of(tasks, b'"from_id"', _NO_RELATIONS)]
    number = _counts(number[0], number[1], shapes, odd)
    begin, end, found = [], [], []
    base = np.searchsorted(quotes, start)
    for shape, many in zip(shapes, number, strict=True):
        task = np.repeat(np.arange(len(tasks)), many)
        place = _within(many)
        results, good, begins, ends = _fit(data, quotes, base[task] + shape.quotes * place, shape)
        odd[task[~good]] = True
        found.append(Results(task, results))
        begin.append(begins)
        end.append(ends)
        base = base + shape.quotes * many
    _in_arrays(data, start, start + sizes, number, begin, end, odd)
    regions, relations = found
    return Found(data, regions, relations, odd)


#: How many tasks are asked for the shape of their results.
_TRIED = 3
_NO_LABELS, _NO_RELATIONS = Shape((), (), (), 1, 0), Shape((), (), (), 0, 1)


def _of(tasks: list[msgspec.Raw], key: bytes, otherwise: Shape) -> Shape:
    """The shape of the first plain result that has that key, of the first tasks that have one."""
    for task in islice((task for task in tasks if key in bytes(task)), _TRIED):
        try:
            listed = msgspec.json.decode(task, type=list[msgspec.Raw])
        except msgspec.MsgspecError:
            continue
        shapes = (learn(bytes(result)) for result in listed if key in bytes(result))
        if found := next(filter(None, shapes), None):
            return found
    return otherwise


def _counts(quotes: Ints, braces: Ints, shapes: list[Shape], odd: Mask) -> list[Ints]:
    """How many labels and relations each task has, by their quotes and braces.

    None in tasks that are odd, to which are added those where these do not add up.
    """
    (a, b), (c, d) = ((shape.quotes, shape.braces) for shape in shapes)
    regions, rest = np.divmod(d * quotes - c * braces, a * d - b * c)
    relations, more = np.divmod(a * braces - b * quotes, a * d - b * c)
    odd |= (rest != 0) | (more != 0) | (regions < 0) | (relations < 0)
    for number, shape in zip((regions, relations), shapes, strict=True):
        if not shape.names:
            odd |= number > 0
    return [np.where(odd, 0, regions), np.where(odd, 0, relations)]


def _within(many: Ints) -> Ints:
    """0, 1, 2 and so on, up to each number."""
    return np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)


def _fit(
    data: Bytes, quotes: Ints, base: Ints, shape: Shape
) -> tuple[dict[str, tuple[Ints, Ints]], Mask, Ints, Ints]:
    """Where the values of results are, which results are of the shape, and where these lie.

    `base` is the place in `quotes` of the first quote of each. Values are in the order of the data;
    those of results that are not of the shape are empty.
    """
    values: dict[str, tuple[Ints, Ints]] = {}
    good = np.ones(len(base), np.bool_)
    begins = end = np.zeros(len(base), np.int64)
    for number, stretch in enumerate(shape.shared):
        quote, offset = shape.anchors[number]
        begin = quotes[base + quote] - offset
        if number:
            values[shape.names[number - 1]] = end, begin
            good &= end <= begin
        else:
            begins = begin
        good &= _are(data, begin, stretch)
        end = begin + len(stretch)
    if not good.all():
        none = quotes[base]
        values = {
            name: (np.where(good, first, none), np.where(good, last, none))
            for name, (first, last) in values.items()
        }
    return values, good, begins, end


def _are(data: Bytes, at: Ints, wanted: bytes) -> Mask:
    """Whether those bytes stand at each place, compared eight at a time."""
    words = np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))
    inside = (at >= 0) & (at + len(wanted) <= len(words))
    at = np.where(inside, at, 0)
    for start in range(0, len(wanted), 8):
        part = wanted[start : start + 8]
        mask = np.uint64((1 << 8 * len(part)) - 1)
        inside &= words[at + start] & mask == np.uint64(int.from_bytes(part, "little"))
    return inside


def _in_arrays(
    data: Bytes, start: Ints, stop: Ints, number: list[Ints], begin: list[Ints], end: list[Ints],
    odd: Mask,
) -> None:  # fmt: skip
    """Mark the tasks as odd whose results are not an array of just these, regions first."""
    many = number[0] + number[1]
    last = np.cumsum(many)
    where = [np.repeat(last - many, number[0]) + _within(number[0])]
    where.append(np.repeat(last - number[1], number[1]) + _within(number[1]))
    begins, ends = (np.zeros(int(many.sum()), np.int64) for _ in range(2))
    for place, some, others in zip(where, begin, end, strict=True):
        begins[place], ends[place] = some, others
    task = np.repeat(np.arange(len(many)), many)
    filled = many > 0
    odd |= ~filled & ((stop - start != 2) | ~_are(data, start, b"[]"))
    heads, tails = (last - many)[filled], (last - 1)[filled]
    before, after = start[filled], stop[filled]
    inner = np.ones(len(begins), np.bool_)
    inner[heads] = False
    follow = np.flatnonzero(inner)
    for at, until, rows, form in (
        (before, begins[heads], task[heads], rb"\[\s*"),
        (ends[tails], after, task[tails], rb"\s*\]"),
        (ends[follow - 1], begins[follow], task[follow], rb"\s*,\s*"),
    ):
        odd[rows[~_alike(data, at, until, form)]] = True


def _alike(data: Bytes, first: Ints, last: Ints, form: bytes) -> Mask:
    """Whether the bytes of each stretch are those of the first one, which is of that form."""
    if not len(first):
        return np.zeros(0, np.bool_)
    one = data[first[0] : last[0]].tobytes()
    if not re.fullmatch(form, one):
        return np.zeros(len(first), np.bool_)
    return np.asarray((last - first == len(one)) & _are(data, first, one))


def strings(data: Bytes, first: Ints, last: Ints) -> pa.Array:
    """The values at the places `[first, last)`, which follow each other, as strings."""
    places = np.full(2 * len(first) + 1, len(data), np.int32)
    places[0:-1:2], places[1::2] = first, last
    buffers = [None, pa.py_buffer(places), pa.py_buffer(data)]
    array = pa.Array.from_buffers(pa.string(), len(places) - 1, buffers)
    return array.take(pa.array(np.arange(0, len(places) - 1, 2)))


def numbers(data: Bytes, first: Ints, last: Ints) -> tuple[Ints, Mask]:
    """Digits as numbers, and which were nothing else than one to nine digits."""
    size = last - first
    good = (size > 0) & (size <= _MOST_DIGITS)
    value = np.zeros(len(first), np.int64)
    for place in range(int(size[good].max(initial=0))):
        inside = good & (place < size)
        digit = data[np.where(inside, first + place, 0)].astype(np.int64) - ord("0")
        good &= ~inside | (digit >= 0) & (digit <= 9)
        value = np.where(inside, value * 10 + digit, value)
    return value, good

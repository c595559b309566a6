"""A Label Studio export cut into tasks, strictly: no key twice, nothing but UTF-8.

msgspec is quick and strict, but takes the last of two equal keys. So quotes are counted: those of
the file, and those that what was decoded needs. Where the two differ, the slow parser of
`samarkand.jsonl` finds the key that stands twice, or that all is well.
"""

import json
from typing import Any

import msgspec
import pyarrow as pa

from samarkand import jsonl
from samarkand.errors import Problem

_Maybe = msgspec.UnsetType
UNSET = msgspec.UNSET


class Annotation(msgspec.Struct):
    """An annotation or a prediction; its results are left as bytes."""

    result: msgspec.Raw
    completed_by: Any = None
    was_cancelled: bool | None = False
    created_at: Any = None
    updated_at: Any = None
    score: float | None = None


class Task(msgspec.Struct):
    """What a task says; `data` is decoded from the same bytes by `strict`."""

    data: msgspec.Raw | _Maybe = UNSET
    id: int | str | None = None
    annotations: list[Annotation] | None = None
    predictions: list[Annotation] | None = None
    drafts: list[Any] | None = None


_tasks = msgspec.json.Decoder(Task)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_FAULTS = (msgspec.MsgspecError, UnicodeError, RecursionError)


def cut(path: str, data: bytes, first: int, problems: list[Problem]) -> list[msgspec.Raw]:
    """The items of a file's array, as bytes; none where the file is no array of JSON."""
    if not _is_utf8(data) or data.startswith(b"\xef\xbb\xbf"):
        jsonl.utf8(path, data, problems)
        return []
    try:
        return _items.decode(data)
    except _FAULTS as error:
        problems.append(Problem(path, 0, _not_an_array(data, first) or jsonl.explain(error)))
        return []


def _is_utf8(data: bytes) -> bool:
    ends = pa.array([0, len(data)], pa.int64())
    column = pa.LargeStringArray.from_buffers(1, ends.buffers()[1], pa.py_buffer(data))
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _not_an_array(data: bytes, first: int) -> str:
    """What keeps the text from being an array of JSON, and in which item."""
    text = data.decode()
    decoder = json.JSONDecoder()
    at, number = _blank(text, 0), first - 1
    if not text[at:]:
        return "the file is empty; an export is an array of tasks"
    if text[at] != "[":
        wanted = "wanted an array of tasks, as Label Studio exports them as JSON"
        return f"{wanted}; the file starts with {text[at : at + 20]!r}"
    at = _blank(text, at + 1)
    try:
        while text[at : at + 1] != "]":
            number += 1
            begin = at
            _, at = decoder.raw_decode(text, begin)
            jsonl.objects(text[begin:at].encode())
            at = _blank(text, at)
            if text[at : at + 1] not in (",", "]"):
                return f"item {number}: the array breaks off behind it; is the file whole?"
            if text[at] == ",":
                at = _blank(text, at + 1)
                if text[at : at + 1] in ("]", ""):
                    return f"item {number}: the array breaks off behind it; is the file whole?"
    except json.JSONDecodeError as error:
        fault = error.msg.removesuffix(" at")
        return f"item {number}: not JSON: {fault} at character {error.pos + 1} of the file"
    except RecursionError:
        return f"item {number}: not JSON that a task here can hold: nested too deeply"
    except ValueError as error:
        return f"item {number}: {error}"
    if text[at + 1 :].strip(" \t\r\n"):
        return f"there is something behind the array, at character {at + 2}"
    return ""


def _blank(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n") and at < len(text):
        at += 1
    return at


def task(item: msgspec.Raw) -> Task:
    """The frame of a task. Errors: ValueError for what is of another type, or no task at all."""
    size = memoryview(item).nbytes
    if size > jsonl.MAX_LINE:
        raise ValueError(f"{size:,} bytes; a task has at most {jsonl.MAX_LINE:,}")
    try:
        return _tasks.decode(item)
    except _FAULTS as error:
        jsonl.objects(bytes(item))  # says what is wrong, if it is no object of JSON
        raise ValueError(jsonl.explain(error)) from None


def strict(data: bytes) -> dict[str, Any]:
    """An object of JSON. Errors: ValueError for what is none, or where a key stands twice."""
    try:
        value = msgspec.json.decode(data)
        if isinstance(value, dict) and msgspec.json.encode(value).count(b'"') == data.count(b'"'):
            return value
    except _FAULTS:
        pass
    return jsonl.objects(data)


def without(data: bytes, part: bytes) -> bytes:
    """A JSON text with an array of it emptied."""
    at = data.find(part[:99])
    if data[at : at + len(part)] == part:
        return b"".join((data[:at], b"[]", data[at + len(part) :]))
    return data.replace(part, b"[]")

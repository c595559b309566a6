"""Strict JSON Lines: one object a line, UTF-8, LF, no key twice, every fault with its line.

Lines that are written as this package writes them are decoded by the million; a line that is not
is read again the slow way, which is where duplicate keys are found.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from samarkand.errors import Problem

#: No annotation line is longer; a longer one is a file that lost its line ends.
MAX_LINE = 8 * 1024 * 1024

T = TypeVar("T")
_encoder = msgspec.json.Encoder()


def split(path: str, data: bytes, problems: list[Problem]) -> list[bytes]:
    """The lines of a file, without their ends; anything but UTF-8 in LF lines is a problem."""

    def fault(line: int, message: str) -> list[bytes]:
        problems.append(Problem(path, line, message))
        return []

    if utf8(path, data, problems) is None:
        return []
    if b"\r" in data:
        line = data.count(b"\n", 0, data.index(b"\r")) + 1
        return fault(line, "carriage return; save the file with LF line ends")
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    longest = max(lines, key=len, default=b"")
    if len(longest) > MAX_LINE:
        message = f"a line of {len(longest):,} bytes; a line has at most {MAX_LINE:,}"
        return fault(lines.index(longest) + 1, message)
    return lines


def utf8(path: str, data: bytes, problems: list[Problem]) -> str | None:
    """A file's text. What is not UTF-8, or starts with a byte order mark, is a problem."""
    if data.startswith(b"\xef\xbb\xbf"):
        message = "starts with a byte order mark; save the file as plain UTF-8"
        problems.append(Problem(path, 1, message))
        return None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} of the file is not UTF-8; save the file as UTF-8"
        problems.append(Problem(path, line, message))
        return None


def decode(
    path: str, lines: Sequence[bytes], kind: type[T], problems: list[Problem], first: int = 1
) -> list[T]:
    """Decode lines into msgspec structs; `first` is the line number of the first one.

    Returns as many values as lines, or none where there were problems.
    """
    decoder = msgspec.json.Decoder(kind)
    joined = b"\n".join(lines)
    try:
        values = decoder.decode_lines(joined)
        if len(values) == len(lines) and _encoder.encode_lines(values)[:-1] == joined:
            return values
    except (msgspec.MsgspecError, UnicodeError):
        pass
    return _slowly(path, lines, decoder.decode, problems, first)


def _slowly(
    path: str,
    lines: Sequence[bytes],
    one: Callable[[bytes], T],
    problems: list[Problem],
    first: int,
) -> list[T]:
    values: list[T] = []
    before = len(problems)
    for number, line in enumerate(lines, first):
        try:
            objects(line)
            values.append(one(line))
        except (ValueError, msgspec.MsgspecError) as error:
            problems.append(Problem(path, number, explain(error)))
    return values if len(problems) == before else []


def objects(line: bytes) -> dict[str, Any]:
    """One line as a dictionary. Errors: ValueError for what is no JSON object, or a key twice."""
    if not line.strip():
        raise ValueError("an empty line; every line is one JSON object")
    if line.startswith(MARKERS):
        raise ValueError(UNRESOLVED)
    try:
        value = json.loads(line, object_pairs_hook=_unique, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        fault = error.msg.removesuffix(" at")
        raise ValueError(f"not JSON: {fault} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("not JSON that a line here can hold: nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"wanted a JSON object, got {type(value).__name__}")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair (\\ud800 to \\udfff) is no character") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key, count in Counter(keys).items() if count > 1)
        raise ValueError(f"key '{twice}' stands twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"not JSON: {name} is no JSON number")


#: The lines of a conflict that git left in a file, and what is said of them.
MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
UNRESOLVED = "a conflict that git left; keep one version of the line, without markers"

#: msgspec's messages, and how they are said here.
_SAID = (
    (r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?", r"key '\1' is missing"),
    (r"Object contains unknown field `(\w+)`(?: - at `\$\.?(.*)`)?", r"unknown key '\1'"),
    (r"Expected `(.+)`, got `(.+)` - at `\$\.?(.*)`", r"'\3': wanted \1, got \2"),
    (r"Expected `([^`]+)`, got `([^`]+)`", r"wanted \1, got \2"),
    (r"Expected `(.+)` ([<>]= .+) - at `\$\.?(.*)`", r"'\3': wanted \1 \2"),
    (r"Invalid RFC3339 encoded date - at `\$\.?(.*)`", r"'\1': wanted a date as YYYY-MM-DD"),
)


def explain(error: Exception) -> str:
    """What a decoder says is wrong, in the words of this package."""
    said = str(error)
    for pattern, replacement in _SAID:
        if match := re.fullmatch(pattern, said):
            within = match[2] if "key" in replacement and match.lastindex == 2 else ""
            return match.expand(replacement) + (f" in '{within}'" if within else "")
    return said


def as_string(value: Any) -> str | None:
    """A JSON value as a string: what is none stays JSON; None for what says nothing."""
    if value is None or value == [] or value == {}:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def encode(values: Sequence[Any]) -> bytes:
    """JSON Lines of msgspec structs or dictionaries, each line with its end."""
    return _encoder.encode_lines(values)

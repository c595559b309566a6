"""BioC JSON: from a file to the documents in it, and what each part of a document holds."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec

from samarkand import jsonl, lines
from samarkand.covered import short
from samarkand.errors import Problem

Offset = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Id = str | int | None
Infons = dict[str, Any] | None


class Location(msgspec.Struct):
    offset: Offset
    length: Offset


class Node(msgspec.Struct):
    refid: str | int
    role: str | None = None


class Annotation(msgspec.Struct):
    id: Id = None
    infons: Infons = None
    text: str | None = None
    locations: list[Location] | None = None


class Relation(msgspec.Struct):
    id: Id = None
    infons: Infons = None
    nodes: list[Node] | None = None


class Sentence(msgspec.Struct):
    offset: Offset
    text: str | None = None
    infons: Infons = None
    annotations: list[Any] | None = None
    relations: list[Any] | None = None


class Passage(Sentence):
    sentences: list[Any] | None = None


class Document(msgspec.Struct):
    passages: list[Any]
    id: Id = None
    infons: Infons = None
    annotations: list[Any] | None = None
    relations: list[Any] | None = None


#: A key of ours, in infons; it holds JSON, since the infons of BioC XML are strings.
OURS = "samarkand"


class DocumentExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    title: str | None = None
    published: date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}


class EntityExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    attributes: dict[str, str] = {}


class StanceExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Of a stance what is no argument in the document, and no single value."""

    holder: str | None = None
    target: str | None = None
    target_spans: list[lines.Span] = []
    cue: list[lines.Span] = []
    content: list[lines.Span] = []
    source_chain: list[str] = []


class RelationExtra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    attributes: dict[str, str] = {}
    evidence: list[lines.Span] = []
    status: str | None = None
    stance: StanceExtra | None = None


T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class Item:
    """An object of a file and where it is; `metadata` is what its collection says of it."""

    path: str
    line: int
    trail: str
    value: Any
    metadata: dict[str, str]

    def problem(self, message: str) -> Problem:
        return Problem(self.path, self.line, f"{self.trail}: {message}" if self.trail else message)

    def below(self, key: str, number: int, value: Any) -> "Item":
        trail = f"{self.trail}.{key}[{number}]".lstrip(".")
        return Item(self.path, self.line, trail, value, {})


def convert(item: Item, kind: type[T], problems: list[Problem]) -> T | None:
    """The object as that kind; None, and a problem, where it is not one."""
    if not isinstance(item.value, dict):
        problems.append(item.problem(f"wanted a JSON object, got {short(item.value)}"))
        return None
    try:
        return msgspec.convert(item.value, kind)
    except (ValueError, msgspec.ValidationError) as error:
        problems.append(item.problem(jsonl.explain(error)))
        return None


@cache
def _keys(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset({*(field.encode_name for field in msgspec.structs.fields(kind)), "bioctype"})


def others(item: Item, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """What an object has beside the keys of its kind, and says something."""
    rest = {key: value for key, value in item.value.items() if key not in _keys(kind)}
    return {key: value for key, value in rest.items() if jsonl.as_string(value) is not None}


def documents(path: str, data: bytes, problems: list[Problem]) -> list[Item]:
    """The documents of a file: of a collection, of several, of PubTator3's list, or one a line."""
    said = jsonl.utf8(path, data, problems)
    if said is None:
        return []
    twice: list[tuple[dict[str, Any], str]] = []
    start = len(said) - len(said.lstrip(" \t\r\n"))
    try:
        value, end = _decoder(twice).raw_decode(said, start)
    except json.JSONDecodeError as error:
        fault = error.msg.removesuffix(" at")
        problems.append(Problem(path, error.lineno, f"not JSON: {fault} at column {error.colno}"))
        return []
    except RecursionError:
        problems.append(Problem(path, 0, "not JSON that BioC can be: nested too deeply"))
        return []
    except ValueError as error:
        problems.append(Problem(path, 0, str(error)))
        return []
    if said[end:].strip(" \t\r\n"):
        if "\n" not in said[start:end]:
            return list(_lines(path, data, problems))
        line = said.count("\n", 0, end) + 1
        problems.append(Problem(path, line, "not JSON: there is more behind its end"))
    elif twice:
        problems.append(Problem(path, 0, _where(value, *twice[0])))
    elif "\\u" in said and not _encodes(value):
        message = "half of a surrogate pair (\\ud800 to \\udfff) is no character"
        problems.append(Problem(path, 0, message))
    else:
        return list(_unfold(Item(path, 0, "", value, {}), problems))
    return []


def _lines(path: str, data: bytes, problems: list[Problem]) -> Iterator[Item]:
    for number, line in enumerate(jsonl.split(path, data, problems), 1):
        try:
            value = jsonl.objects(line)
        except ValueError as error:
            problems.append(Problem(path, number, str(error)))
        else:
            yield from _unfold(Item(path, number, "", value, {}), problems)


def _unfold(item: Item, problems: list[Problem]) -> Iterator[Item]:
    """The documents in a collection or a list; a document by itself."""
    value = item.value
    if isinstance(value, list) and not item.trail:
        for number, one in enumerate(value):
            yield from _unfold(item.below("", number, one), problems)
        return
    if isinstance(value, dict) and "passages" in value:
        yield item
        return
    for key in ("documents", "PubTator3"):
        if isinstance(value, dict) and isinstance(value.get(key), list):
            metadata = _collection(value, key)
            for number, one in enumerate(value[key]):
                below = item.below(key, number, one)
                yield Item(below.path, below.line, below.trail, one, metadata)
            return
    got = short(value)
    if isinstance(value, dict) and value:
        got = f"an object with {', '.join(list(value)[:10])}"
    message = f"wanted a BioC collection (with documents) or document (with passages), got {got}"
    problems.append(item.problem(message))


def _collection(value: dict[str, Any], documents: str) -> dict[str, str]:
    """What a collection says of itself."""
    infons = value.get("infons")
    said = {k: v for k, v in value.items() if k not in (documents, "infons", "bioctype", "version")}
    said |= infons if isinstance(infons, dict) else {}
    return {key: text for key, v in said.items() if (text := jsonl.as_string(v))}


def _decoder(twice: list[tuple[dict[str, Any], str]]) -> json.JSONDecoder:
    """A strict decoder; objects with a key twice are added to `twice`, with the key."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice.append((made, Counter(key for key, _ in pairs).most_common(1)[0][0]))
        return made

    def refuse(name: str) -> None:
        raise ValueError(f"not JSON: {name} is no JSON number")

    def number(digits: str) -> float:
        if math.isinf(float(digits)):
            raise ValueError(f"{digits} is too large a number")
        return float(digits)

    return json.JSONDecoder(object_pairs_hook=unique, parse_constant=refuse, parse_float=number)


def _where(value: Any, wanted: dict[str, Any], key: str) -> str:
    """Where in a value that object is, which has a key twice."""
    pending = [("", value)]
    while pending:
        trail, at = pending.pop()
        if at is wanted:
            return f"{trail}: key '{key}' stands twice".lstrip(".: ")
        if isinstance(at, dict):
            pending += [(f"{trail}.{name}", below) for name, below in at.items()]
        elif isinstance(at, list):
            pending += [(f"{trail}[{number}]", below) for number, below in enumerate(at)]
    return f"key '{key}' stands twice"


def _encodes(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True

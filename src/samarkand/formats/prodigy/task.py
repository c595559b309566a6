"""One line of Prodigy's JSON Lines: an annotation task, its types, and what of it is not read."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import msgspec

from samarkand import jsonl, lines
from samarkand.errors import Problem

#: The key of a task that is this package's own; Prodigy hands it back as it was.
OWN = "samarkand"

Place = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Answer = Literal["accept", "reject", "ignore"]


class Token(msgspec.Struct):
    text: str
    start: Place
    end: Place


class Span(msgspec.Struct):
    start: Place
    end: Place
    label: str | None = None
    text: str | None = None
    token_start: Place | None = None
    token_end: Place | None = None
    answer: Answer | None = None


class End(msgspec.Struct):
    """What a relation says of its head or child."""

    start: Place
    end: Place
    label: str | None = None


class Relation(msgspec.Struct):
    head: Place
    child: Place
    label: str | None = None
    head_span: End | None = None
    child_span: End | None = None


class Own(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What this package adds to a task: what Prodigy has no place for, and stable ids."""

    doc: str
    split: str | None = None
    sha256: str | None = None
    entities: list[lines.Entity] = []
    relations: list[lines.Relation] = []
    stances: list[lines.Stance] = []


class Task(msgspec.Struct):
    text: str
    tokens: list[Token] | None = None
    spans: list[Span] | None = None
    relations: list[Relation] | None = None
    meta: dict[str, Any] | None = None
    answer: Answer | None = None
    accept: list[Any] | None = None
    samarkand: Own | None = None
    input_hash: int | str | None = msgspec.field(default=None, name="_input_hash")
    session: str | None = msgspec.field(default=None, name="_session_id")
    annotator: str | None = msgspec.field(default=None, name="_annotator_id")
    timestamp: Annotated[float, msgspec.Meta(ge=0, le=2**36)] | None = msgspec.field(
        default=None, name="_timestamp"
    )


@dataclass(frozen=True)
class Line:
    """A task, where it stands, and the same as it was written."""

    path: str
    number: int
    task: Task
    value: Mapping[str, Any]

    def problem(self, message: str) -> Problem:
        return Problem(self.path, self.number, message)


#: Keys that are read, and those that say how the question was asked and kept, not what the answer
#: is: Prodigy's hashes, names of interfaces, and what can be chosen from.
_TASK_KEYS = {
    *("text", "tokens", "spans", "relations", "meta", "answer", "accept", "label", OWN),
    *("_input_hash", "_task_hash", "_session_id", "_annotator_id", "_timestamp"),
    *("_view_id", "_is_binary", "options", "config"),
}
_SPAN_KEYS = {*Span.__struct_fields__, "input_hash"}
_RELATION_KEYS = {*Relation.__struct_fields__, "color"}


def tasks(
    path: str, data: bytes, first: int, problems: list[Problem], unread: Counter[str]
) -> list[Line]:
    """The tasks of a file; `first` is the number of its first line. Empty lines are passed over.

    srsly, which Prodigy reads and writes with, leaves an empty line where it appends to a file.
    """
    found: list[Line] = []
    for number, line in enumerate(jsonl.split(path, data, problems), first):
        if not line.strip():
            continue
        try:
            value = jsonl.objects(line)
            if "text" not in value and "pattern" in value:
                unread["match pattern"] += 1
                continue
            found.append(Line(path, number, _task(value), value))
        except (ValueError, msgspec.ValidationError) as error:
            problems.append(Problem(path, number, _explain(error)))
    return found


def _explain(error: Exception) -> str:
    if wrong := re.fullmatch(r"Invalid enum value '(.*)' - at `\$\.(.*)`", str(error), re.DOTALL):
        wanted = ", ".join(get_args(Answer))
        return f"'{wrong[2]}': wanted {wanted}, got {wrong[1]!r}"
    return jsonl.explain(error)


def _task(value: Mapping[str, Any]) -> Task:
    if "text" not in value:
        for kind in ("image", "audio", "video", "html"):
            if kind in value:
                raise ValueError(f"a task about '{kind}', without 'text'; only texts are read")
    return msgspec.convert(value, Task)


def count_unread(line: Line, unread: Counter[str]) -> None:
    """Count what an accepted task says beside its spans, relations and meta."""
    if line.value.get("label") is not None:
        unread["label of a whole text"] += 1
    if line.task.accept:
        unread["choice of options for a whole text"] += 1
    for key, value in line.value.items():
        if key not in _TASK_KEYS and value not in (None, "", [], {}):
            unread[f"key '{key}' of a task"] += 1


def span_attributes(line: Line, index: int, unread: Counter[str]) -> dict[str, str]:
    """The keys of a span that are its maker's own; Prodigy passes them through."""
    extra: dict[str, Any] = line.value["spans"][index]
    if extra.get("type") == "span":  # says the `relations` interface of every one
        extra = {key: value for key, value in extra.items() if key != "type"}
    return _attributes(extra, _SPAN_KEYS, "span", unread)


def relation_attributes(line: Line, index: int, unread: Counter[str]) -> dict[str, str]:
    """The keys of a relation that are its maker's own."""
    return _attributes(line.value["relations"][index], _RELATION_KEYS, "relation", unread)


def _attributes(
    value: Mapping[str, Any], known: set[str], what: str, unread: Counter[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in value.keys() - known:
        said = as_text(value[key])
        if said is not None:
            found[key] = said
        elif value[key] is not None:
            unread[f"key '{key}' of a {what}"] += 1
    return found


def as_text(value: Any) -> str | None:
    """A string, number or truth value as text; None for anything else."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None

"""A worksheet: the union of layers in quotation form, with what is to be decided on its lines.

What all layers say alike stands once. Everything else has three keys more: `question`, one number
for what is an alternative to each other; `keep`, to be set to true or false; and `why`, for a
reason. Lines may be edited, and lines added.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tomli_w

from samarkand import jsonl, lines
from samarkand.adjudication.union import Union
from samarkand.errors import Problem, SamarkandError

#: The file that says what a sheet is of: its layers, and a hash of the union of each document.
ABOUT = "sheet.toml"
QUESTION, KEEP, WHY = "question", "keep", "why"
_ACTOR = "actor"


@dataclass(frozen=True)
class Sheet:
    """The layers of a sheet, and of each document a hash of their union."""

    layers: tuple[str, ...]
    documents: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Decided:
    """What a document's sheet says: the lines that stay, in quotation form, the number that each
    has in the sheet and why, by its id; why others do not stay; and the ids of actors.
    """

    kept: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def about(sheet: Sheet) -> bytes:
    """Write a sheet.toml."""
    said = {"layers": list(sheet.layers), "documents": dict(sorted(sheet.documents.items()))}
    return tomli_w.dumps(said).encode()


def document(union: Union, quoted: bytes) -> bytes:
    """A document's worksheet from its union's lines in quotation form."""
    rows = [json.loads(line) for line in quoted.splitlines()]
    by_id = {next(iter(row.values())): row for row in rows}
    found: list[dict[str, Any]] = [
        {_ACTOR: name.actor, QUESTION: name.question, KEEP: None} for name in union.names
    ]
    for variant in union.variants:
        row = by_id[getattr(variant.line, lines.ID_KEYS[variant.table])]
        found.append(row | ({QUESTION: variant.question, KEEP: None} if variant.question else {}))
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in found)


def parse(path: str, data: bytes, union: Union, problems: list[Problem]) -> Decided:
    """What a document's worksheet decides; what it leaves open is a problem."""
    decided = Decided()
    open = {
        getattr(each.line, lines.ID_KEYS[each.table]) for each in union.variants if each.question
    }
    actors: dict[str, bool] = {}
    for number, line in enumerate(jsonl.split(path, data, problems), 1):
        try:
            row = jsonl.objects(line)
            id = str(next(iter(row.values()), ""))
            keep, why = _mark(row, id, id in open)
        except ValueError as error:
            problems.append(Problem(path, number, str(error)))
            continue
        if next(iter(row), "") == _ACTOR:
            actors[id] = keep
        elif keep:
            decided.kept.append(json.dumps(row, ensure_ascii=False).encode())
            decided.numbers.append(number)
            decided.why[id] = why
        else:
            decided.refused[id] = why
    try:
        decided.names = _names(union, actors)
    except ValueError as error:
        problems.append(Problem(path, 0, str(error)))
    return decided


def _mark(row: dict[str, Any], id: str, wanted: bool) -> tuple[bool, str]:
    """Whether a line stays, and why; the keys that say so are taken out of it.

    Errors: ValueError for a line that is not decided.
    """
    asked = row.pop(QUESTION, None) is not None
    given = KEEP in row
    keep, why = row.pop(KEEP, None), row.pop(WHY, "")
    if not isinstance(why, str):
        raise ValueError(f"{id}: '{WHY}' is a string")
    if keep is None and not (wanted or asked or given):
        return True, why
    if not isinstance(keep, bool):
        got = json.dumps(keep) if given else "nothing"
        raise ValueError(f"{id} is not decided: '{KEEP}' is true or false, got {got}")
    return keep, why


def _names(union: Union, kept: Mapping[str, bool]) -> dict[str, str]:
    """The id that stands for each of an actor's ids. Errors: ValueError unless it is one."""
    found: dict[str, str] = {}
    for question in sorted({name.question for name in union.names}):
        ids = [name.actor for name in union.names if name.question == question]
        stay = [id for id in ids if kept.get(id)]
        if len(stay) != 1:
            several = " and ".join(ids)
            raise ValueError(f"{several} are ids of one actor; keep one of them, got {len(stay)}")
        found |= dict.fromkeys(ids, stay[0])
    return found


def parse_about(path: str, data: Mapping[str, Any]) -> Sheet:
    """Read a sheet.toml. Errors: SamarkandError for another file."""
    layers, documents = data.get("layers"), data.get("documents")
    if not _strings(layers) or not isinstance(documents, dict):
        raise SamarkandError(
            [Problem(path, 0, "wanted `layers` and `documents`; is this a sheet?")]
        )
    return Sheet(tuple(layers or ()), documents)


def _strings(value: Sequence[Any] | None) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)

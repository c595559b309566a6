"""The regions and relations of one annotation, with all that Label Studio says of each."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from samarkand import jsonl
from samarkand.formats.labelstudio.covering import Utf16, same
from samarkand.formats.labelstudio.json import strict
from samarkand.formats.labelstudio.names import OWN, STANCE, Own
from samarkand.formats.labelstudio.task import Log, Opened, refusal
from samarkand.words import count


class Value(msgspec.Struct):
    """The value of a result: of labels and of answers; keys of no interest are passed over."""

    start: int | None = None
    end: int | None = None
    text: str | list[str] | None = None
    labels: list[str] | None = None
    choices: list[str | list[str]] | None = None
    number: int | float | None = None
    rating: int | float | None = None
    datetime: str | None = None


class Result(msgspec.Struct):
    """One result of an annotation: labels, or an answer."""

    type: str
    id: str
    from_name: str
    value: Value
    score: float | None = None
    meta: dict[str, Any] | None = None
    parent: str | None = msgspec.field(default=None, name="parentID")


class Link(msgspec.Struct):
    """A relation between two regions."""

    from_id: str
    to_id: str
    direction: str | None = "right"
    labels: list[str] | None = None


@dataclass
class Region:
    """A stretch of text, in code points, with its labels and answers."""

    id: str
    begin: int
    end: int
    said: str | None = None
    control: str = ""
    labels: list[str] = field(default_factory=list)
    score: float | None = None
    note: str | None = None
    parent: str | None = None
    own: Own = field(default_factory=Own)
    answers: dict[str, str] = field(default_factory=dict)


@dataclass
class Found:
    """What an annotation holds: regions by id, relations, and the lines of our hidden control.

    `ids` are those of all results, of regions that are not read as well.
    """

    ids: set[str] = field(default_factory=set)
    regions: dict[str, Region] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def find(task: Opened, log: Log) -> Found | None:
    """The regions of a task, verified against its text; None where there is something wrong."""
    before = len(log.problems)
    found = Found()
    try:
        results = strict(b'{"result":' + bytes(task.result) + b"}")["result"]
    except ValueError as error:
        log.fault(task, f"result: {error}")
        return None
    if not isinstance(results, list):
        log.fault(task, f"'result': wanted an array, got {type(results).__name__}")
        return None
    for number, result in enumerate(results, 1):
        try:
            _add(result, found, log)
        except (ValueError, msgspec.ValidationError) as error:
            log.fault(task, f"result {number}: {jsonl.explain(error)}")
    found.regions = _labelled(found.regions, log)
    for message in _place(task.text, found.regions, log):
        log.fault(task, message)
    return found if len(log.problems) == before else None


def _add(result: Any, found: Found, log: Log) -> None:
    """Take in one result. Errors: ValueError for one that is none of a text."""
    kind = result.get("type") if isinstance(result, dict) else None
    if not isinstance(kind, str):
        raise ValueError("a result is an object with a type: labels, relation, choices, ...")
    if reason := refusal(kind):
        raise ValueError(reason)
    if kind == "relation":
        link = msgspec.convert(result, Link)
        if link.direction not in ("right", "left", "bi", None):
            raise ValueError(f"'direction': wanted right, left or bi, got {link.direction!r}")
        found.links.append(link)
        return
    said = msgspec.convert(result, Result)
    value = said.value
    found.ids.add(said.id)
    if said.from_name == OWN and value.start is None and isinstance(value.text, list):
        found.lines += value.text
    elif value.start is None or value.end is None:
        if kind == "labels":
            raise ValueError(f"region '{said.id}' has no start and end")
        log.unread[f"{kind} about the whole text"] += 1
    else:
        _take(_region(said, value.start, value.end, found), said, log)


def _region(said: Result, start: int, end: int, found: Found) -> Region:
    region = found.regions.setdefault(said.id, Region(said.id, start, end))
    if (region.begin, region.end) != (start, end):
        raise ValueError(
            f"region '{said.id}' is at {region.begin}-{region.end} and at {start}-{end}"
        )
    return region


def _take(region: Region, said: Result, log: Log) -> None:
    """Add what a result says to its region. Label Studio copies `meta` to each of them."""
    if said.meta is not None and region.note is None:
        region.note = _note(said.meta, log)
    if said.meta is not None and OWN in said.meta:
        try:
            region.own = msgspec.convert(said.meta[OWN], Own)
        except msgspec.ValidationError as error:
            raise ValueError(f"region '{region.id}': meta.{OWN}: {jsonl.explain(error)}") from None
    region.parent = region.parent or said.parent
    if said.type != "labels":
        _answer(region, said, log)
        return
    if said.score is not None and not math.isfinite(said.score):
        raise ValueError(f"region '{region.id}': its score is no number")
    region.score = region.score if said.score is None else said.score
    if not region.control or said.from_name == STANCE:
        region.control = said.from_name
    region.labels += said.value.labels or []
    if isinstance(said.value.text, str):
        region.said = said.value.text


def _note(meta: dict[str, Any], log: Log) -> str | None:
    note = meta.get("text")
    match note:
        case [str(one)]:
            return one
        case None | []:
            return None
        case str():
            return note
    log.unread["note in several parts"] += 1
    return None


def _answer(region: Region, said: Result, log: Log) -> None:
    """Take an answer that is one value; others are counted."""
    value = said.value
    given: Any = {
        "choices": value.choices,
        "textarea": value.text,
        "number": value.number,
        "rating": value.rating,
        "datetime": value.datetime,
    }.get(said.type)
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = msgspec.json.encode(given).decode()
    if not isinstance(given, str):
        log.unread[f"{said.type} of a region, not one value"] += 1
    elif said.from_name in region.answers:
        raise ValueError(f"region '{region.id}' has two answers in '{said.from_name}'")
    else:
        region.answers[said.from_name] = given


def _labelled(regions: dict[str, Region], log: Log) -> dict[str, Region]:
    kept = {id: region for id, region in regions.items() if region.labels}
    log.unread["region without a label"] += len(regions) - len(kept)
    return kept


def _place(text: str, regions: dict[str, Region], log: Log) -> Iterator[str]:
    """Turn offsets into code points; the faults of those that cannot be."""
    units = Utf16(text)
    wide = units.size > len(text) and _are_wide(text, regions, units)
    log.utf16 += wide
    size, unit = (units.size, "utf-16 code unit") if wide else (len(text), "character")
    for region in regions.values():
        begin, end = region.begin, region.end
        where = f"region '{region.id}': "
        if begin > end:
            yield f"{where}ends at {end}, before it begins at {begin}"
            continue
        if begin < 0 or end > size:
            yield f"{where}{begin}-{end} is outside the text of {count(size, unit)}"
            continue
        if wide:
            first, last = units.point(begin), units.point(end)
            if first is None or last is None:
                inside = begin if first is None else end
                yield f"{where}utf-16 offset {inside} is inside a character"
                continue
            region.begin, region.end = first, last
        covered = text[region.begin : region.end]
        if region.said is not None and not same(region.said, covered):
            yield (
                f"{where}says {region.said!r} but {begin}-{end} of the text is {covered!r}. "
                "Was the text edited after annotation?"
            )


def _are_wide(text: str, regions: dict[str, Region], units: Utf16) -> bool:
    """Whether more regions cover what they say in UTF-16 code units than in code points."""
    said = [(r.begin, r.end, r.said) for r in regions.values() if r.said is not None]
    fit = sum(_fits(text, begin, end, what) for begin, end, what in said)
    if fit == len(said):
        return False
    places = [(units.point(begin), units.point(end), what) for begin, end, what in said]
    return sum(_fits(text, begin, end, what) for begin, end, what in places) > fit


def _fits(text: str, begin: int | None, end: int | None, said: str) -> bool:
    if begin is None or end is None or not 0 <= begin <= end <= len(text):
        return False
    return same(said, text[begin:end])

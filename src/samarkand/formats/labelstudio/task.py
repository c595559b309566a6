"""A task of Label Studio: which of its annotations is read, which key of `data` is the text."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from samarkand import files, jsonl
from samarkand.errors import Problem
from samarkand.formats.labelstudio import json as exports
from samarkand.formats.labelstudio.covering import fits
from samarkand.formats.labelstudio.json import UNSET, Annotation, Task
from samarkand.formats.labelstudio.names import OWN, TEXT, OwnDocument
from samarkand.words import count

#: What results of other kinds of data are about.
_ABOUT = (
    (r"(rectangle|ellipse|polygon|keypoint|brush|bitmask|vector|magicwand)(labels)?", "an image"),
    (r"videorectangle|timelinelabels", "a video"),
    (r"timeserieslabels", "a time series"),
    (r"hypertextlabels|htmllabels", "HTML"),
    (r"paragraphlabels|chatmessage", "a dialogue"),
)

#: The types of results that answer a question about a region, or about the whole text.
ANSWERS = ("choices", "textarea", "number", "rating", "datetime", "taxonomy", "pairwise", "ranker")


@dataclass(slots=True)
class Opened:
    """A task that can be read: its document, and the results of one annotation, as bytes.

    `text` is there while the results are read, and not for all tasks at once.
    """

    path: str
    number: int
    doc: str
    text: str
    own: OwnDocument
    metadata: dict[str, str]
    result: msgspec.Raw


@dataclass
class Log:
    """What is found on the way: faults, what is not read, and what the notes are made of."""

    problems: list[Problem] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    annotators: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    predicted: int = 0
    utf16: int = 0
    keys: set[str] = field(default_factory=set)

    def fault(self, task: Opened, message: str) -> None:
        """Something is wrong with a task."""
        self.problems.append(Problem(task.path, 0, f"item {task.number}: {message}"))

    def in_order(self) -> list[Problem]:
        """The faults by file and item."""
        return sorted(self.problems, key=lambda found: (found.path, _item(found.message)))

    def counts(self) -> dict[str, int]:
        """What is not read, by kind."""
        return {kind: count for kind, count in sorted(self.unread.items()) if count}

    def notes(self) -> tuple[str, ...]:
        """What the files leave open, and how it was settled."""
        notes = [f"the text is the field '{key}' of data" for key in sorted(self.keys)]
        if self.utf16:
            share = f"{self.utf16:,} of {count(self.documents, 'document')}"
            notes.append(f"offsets are utf-16 code units in {share}, by what their regions cover")
        if len(self.annotators) > 1:
            shares = ", ".join(f"{who} ({n:,})" for who, n in sorted(self.annotators.items()))
            notes.append(f"annotators, with the number of their documents: {shares}")
        if self.predicted:
            share = f"{self.predicted:,} of {count(self.documents, 'document')}"
            notes.append(f"predictions were read in {share}, which have no annotation")
        return tuple(notes)


def _item(message: str) -> int:
    found = re.match(r"item (\d+):", message)
    return int(found[1]) if found else 0


#: No results, and a document of which nothing is said.
_NOTHING, _PLAIN = msgspec.Raw(b"[]"), OwnDocument()


def text_key(items: Iterable[msgspec.Raw]) -> str | None:
    """The key of `data` that holds the text: `text`, or the one that the regions were made on.

    None where no key is called so, and none is the only one that says what regions cover.
    """
    for item in items:
        try:
            task = exports.task(item)
            data = exports.strict(bytes(task.data)) if task.data is not UNSET else {}
        except ValueError:
            continue
        if TEXT in data:
            return TEXT
        spans = list(_spans(task))
        found = [
            key
            for key, value in data.items()
            if spans and isinstance(value, str) and all(fits(value, *span) for span in spans)
        ]
        if len(found) == 1:
            return found[0]
    return None


def _results(task: Task) -> Iterable[dict[str, Any]]:
    for annotation in (task.annotations or []) + (task.predictions or []):
        results = msgspec.json.decode(annotation.result)
        yield from (r for r in results if isinstance(r, dict)) if isinstance(results, list) else ()


def _spans(task: Task) -> Iterable[tuple[int, int, str]]:
    for result in _results(task):
        value = result.get("value")
        if result.get("type") == "labels" and isinstance(value, dict):
            span = value.get("start"), value.get("end"), value.get("text")
            if [type(part) for part in span] == [int, int, str]:
                yield span  # type: ignore[misc]


def open_task(
    path: str,
    number: int,
    item: msgspec.Raw,
    key: str | None,
    stem: Callable[[str], str],
    log: Log,
) -> Opened | None:
    """A task with the annotation that is read. What is wrong with it goes to the log.

    `stem` names, by the path, a document that says no id.
    """
    try:
        task = exports.task(item)
        chosen = _choose(task, log)
        result = chosen.result if chosen else _NOTHING
        value = exports.strict(exports.without(bytes(item), bytes(result)))
        data = _data(value)
        own = msgspec.convert(data[OWN], OwnDocument) if OWN in data else _PLAIN
        if key is None or key not in data:
            raise ValueError(_no_text(task, data, key or TEXT))
        text, metadata = _text(data, key, log)
        doc = _doc(own, task) or f"{stem(path)}-{number}"
    except msgspec.ValidationError as error:
        log.problems.append(Problem(path, 0, f"item {number}: data.{OWN}: {jsonl.explain(error)}"))
        return None
    except ValueError as error:
        log.problems.append(Problem(path, 0, f"item {number}: {error}"))
        return None
    if value.get("meta"):
        log.unread["meta of a task"] += 1
    if key is not None and key != TEXT:
        log.keys.add(key)
    return Opened(path, number, doc, text, own, metadata | own.metadata, result)


def refusal(kind: str) -> str:
    """Why results of that kind are not read; nothing for what is about regions of a plain text."""
    if kind in ANSWERS or kind in ("labels", "relation"):
        return ""
    about = next((about for form, about in _ABOUT if re.fullmatch(form, kind)), None)
    marks = f"marks {about}" if about else "is no result that is known here"
    return f"'{kind}' {marks}; only regions of a plain text are read"


def _choose(task: Task, log: Log) -> Annotation | None:
    """The annotation that is read: the latest not cancelled, or else the latest prediction."""
    made, guesses = task.annotations or [], task.predictions or []
    kept = [annotation for annotation in made if not annotation.was_cancelled]
    if len(kept) > 1:
        kept.sort(key=_when)
    if len(kept) < len(made):
        log.unread["cancelled annotation"] += len(made) - len(kept)
    if task.drafts:
        log.unread["draft"] += len(task.drafts)
    if made and guesses:
        log.unread["prediction"] += len(guesses)
    for annotation in kept[:-1]:
        log.unread[f"annotation by {_who(annotation)}, beside a later one"] += 1
    if kept:
        log.annotators[_who(kept[-1])] += 1
        return kept[-1]
    if made or not guesses:
        return None
    guesses.sort(key=_when)
    log.unread["prediction"] += len(guesses) - 1
    log.unread["score of a whole prediction"] += guesses[-1].score is not None
    log.predicted += 1
    return guesses[-1]


def _when(annotation: Annotation) -> datetime:
    """When an annotation was last changed; the beginning of time where that is not said."""
    for stamp in (annotation.updated_at, annotation.created_at):
        try:
            found = datetime.fromisoformat(stamp)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except (TypeError, ValueError):
            continue
    return datetime.min.replace(tzinfo=UTC)


def _who(annotation: Annotation) -> str:
    """The annotator: an email address, else a number, else nobody."""
    by = annotation.completed_by
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return str(by) if isinstance(by, str | int) and by != "" else "nobody"


def _data(value: dict[str, Any]) -> dict[str, Any]:
    data = value.get("data")
    if "completions" in value:
        raise ValueError("this is an export of Label Studio before 1.0; export it with a newer one")
    if isinstance(data, dict):
        return data
    if "annotation_id" in value or "annotator" in value:
        raise ValueError(
            "this is JSON-MIN, which leaves out relations and ids; export from Label Studio as JSON"
        )
    if "data" not in value:
        raise ValueError(f"key 'data' is missing; a task has data, got {', '.join(value)}")
    raise ValueError(f"'data': wanted an object, got {type(data).__name__}")


def _no_text(task: Task, data: dict[str, Any], key: str) -> str:
    """What is said of a task without a text."""
    for result in _results(task):
        if said := refusal(str(result.get("type"))):
            return said
    there = ", ".join(data) or "nothing"
    return f"'data' has no '{key}', got {there}; if one of them is the text, rename it"


def _text(data: dict[str, Any], key: str, log: Log) -> tuple[str, dict[str, str]]:
    """The text, and the other fields as metadata; what is no plain value is counted."""
    text = data[key]
    if not isinstance(text, str):
        raise ValueError(f"'data.{key}': wanted str, got {type(text).__name__}")
    metadata = {}
    for name, value in data.items():
        if name in (key, OWN) or value is None:
            continue
        if isinstance(value, dict | list):
            log.unread[f"data field '{name}'"] += 1
        else:
            metadata[name] = (
                value if isinstance(value, str) else msgspec.json.encode(value).decode()
            )
    return text, metadata


def _doc(own: OwnDocument, task: Task) -> str | None:
    """The id that a task says of its document, if it says one that can be one."""
    if own.doc is not None:
        if not files.is_slug(own.doc):
            wanted = "use letters, digits, . _ -"
            raise ValueError(f"data.{OWN}.doc: '{own.doc}' cannot be a document's id; {wanted}")
        return own.doc
    id = "" if task.id is None else str(task.id)
    return id if files.is_slug(id) else None

"""Which tasks are about one document, what it is called, and its metadata."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from samarkand import files, lines, schema
from samarkand.corpus import from_columns
from samarkand.errors import Problem
from samarkand.formats.prodigy.task import Line, Own, as_text

#: The columns of a document that its `meta` shows, so that annotators see them.
SHOWN = ("title", "published", "language", "event", "license")
#: Names that no metadata may have: columns, and what else a repository keeps for itself.
RESERVED = (*schema.DOCUMENTS.names, "id", *schema.TABLES)

#: A session that has no name is called by the time at which it began.
_UNNAMED = re.compile(r"(.*-)?\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Document:
    """The accepted tasks about one text, in their order; the first gives the document its name."""

    doc: str
    split: str | None
    tasks: list[Line]

    @property
    def text(self) -> str:
        return self.tasks[0].task.text

    @property
    def own(self) -> Own | None:
        return self.tasks[0].task.samarkand


def group(
    tasks: Iterable[Line], stem: str, split: str | None, problems: list[Problem]
) -> list[Document]:
    """The documents of one file, from its accepted tasks.

    Tasks of one text and `_input_hash` are questions about one document, as they are to Prodigy's
    own training; tasks that this package has written say which document they are about.
    """
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in tasks:
        own = line.task.samarkand
        key = ("own", own.doc) if own else (line.task.input_hash, line.task.text)
        groups.setdefault(key, []).append(line)
    found = []
    for same in groups.values():
        own, one = same[0].task.samarkand, same[0]
        doc = own.doc if own else f"{stem}-{one.number}"
        faults = [] if files.is_slug(doc) else [one.problem(_no_slug(doc, own is not None))]
        faults += [line.problem(f) for line in same[1:] if (f := _differs(one, line))]
        faults += _annotators(same)
        problems += faults
        if not faults:
            found.append(Document(doc, (own.split if own else None) or split, same))
    return found


def _no_slug(doc: str, own: bool) -> str:
    where = "'samarkand.doc'" if own else "the file's name"
    return f"'{doc}' cannot be a document's id; in {where} use letters, digits, . _ - (200 at most)"


def _differs(one: Line, other: Line) -> str:
    """What speaks against a task being about the document of another."""
    own = one.task.samarkand
    if own is None:
        return ""
    if one.task.text != other.task.text:
        return (
            f"document '{own.doc}' has another text on line {one.number}; were texts split into "
            "sentences? Start the recipe with --unsegmented"
        )
    if own != other.task.samarkand:
        return f"'samarkand' says other things of document '{own.doc}' on line {one.number}"
    return ""


def _annotators(same: Sequence[Line]) -> Iterable[Problem]:
    """A text that two people annotated is no one layer."""
    one, name = same[0], annotator(same[0])
    for line in same[1:]:
        other = annotator(line)
        if name is not None and other not in (None, name):
            message = (
                f"'{other}' annotated the text that '{name}' annotated on line {one.number}; a "
                "layer has one annotator: put each one's tasks into a file of its own"
            )
            yield line.problem(message)
        elif name is None:
            one, name = line, other


def annotator(line: Line) -> str | None:
    """Who answered, where the session has a name."""
    name = line.task.annotator or line.task.session
    return None if name is None or _UNNAMED.fullmatch(name) else name


def provenance(tasks: Sequence[Line]) -> list[str]:
    """What the tasks say of who answered and when: a layer says it, not its documents."""
    notes = []
    names = sorted({name for line in tasks if (name := annotator(line))})
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        notes.append(f"annotators named in the tasks: {', '.join(names[:5])}{more}")
    times = [line.task.timestamp for line in tasks if line.task.timestamp is not None]
    if times:
        begin, end = (datetime.fromtimestamp(t, UTC).date() for t in (min(times), max(times)))
        notes.append(f"answers given {begin}" + (f" to {end}" if end != begin else ""))
    return notes


def table(documents: Sequence[Document], unread: Counter[str]) -> pa.Table:
    """The documents with the columns and metadata that their `meta` gives."""
    columns: dict[str, list[Any]] = {name: [] for name in schema.DOCUMENTS.names}
    for document in documents:
        shown, metadata = _read_meta(document, unread)
        own = document.own
        row = shown | {"doc": document.doc, "text": document.text, "metadata": metadata}
        row["split"] = document.split or shown.get("split")
        row["sha256"] = own.sha256 if own else None
        for name, values in columns.items():
            values.append(row.get(name))
    metadata = lines.pairs(columns.pop("metadata"))
    return from_columns(schema.DOCUMENTS, columns | {"metadata": metadata}, len(documents))


def _read_meta(document: Document, unread: Counter[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Columns and metadata. A name that is kept for other things is read as `meta_` and itself."""
    said: dict[str, str] = {}
    differ: set[str] = set()
    for line in document.tasks:
        for name, value in (line.task.meta or {}).items():
            found = as_text(value)
            if found is None and value is not None:
                unread[f"meta '{name}', which is no text or number"] += 1
            elif found is not None and said.setdefault(name, found) != found:
                differ.add(name)
    unread["meta that differs between the tasks of one text"] += len(differ)
    shown: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for name in sorted(said.keys() - differ):
        value = _column(name, said[name])
        if value is not None:
            shown[name] = value
        elif name not in RESERVED:
            metadata[name] = said[name]
        elif f"meta_{name}" in said:
            unread[f"meta '{name}', since there is 'meta_{name}'"] += 1
        else:
            metadata[f"meta_{name}"] = said[name]
    return shown, metadata


def _column(name: str, value: str) -> str | date | None:
    """The value of a column of that name, if there is one and it can hold it."""
    if name == "published":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    if name == "split":
        return value if value in schema.SPLITS else None
    return value if name in SHOWN else None


def meta(row: Mapping[str, Any]) -> dict[str, str]:
    """The `meta` of a task from a document's row."""
    shown = {name: row[name] for name in SHOWN if row[name] is not None}
    if "published" in shown:
        shown["published"] = shown["published"].isoformat()
    return shown | {pair["name"]: pair["value"] for pair in row["metadata"]}

r"""Label Studio's JSON: an array of tasks, each with its annotations. Tried with 1.23.2.

Read is the export called JSON (not JSON-MIN, which leaves out relations and the ids of regions),
of tasks about a plain text (`<Text>`): `data.text`, or the one field of `data` that the regions say
they were made on. What the results become:

    labels      a mention; a region with several labels is as many mentions
    relation    a relation for each of its labels; `bi` is the attribute direction=bi
    choices, textarea, number, rating, datetime   of a region, with one value: an attribute that is
                called like the control; the note of a region (`meta.text`) is the attribute `note`
    score       the mention's

The other fields of `data` are the document's metadata. Of several annotations the latest that was
not cancelled is read, and the others are counted by annotator; predictions are read where there
is no annotation at all. Offsets are code points (see `labelstudio/text`); older exports count
UTF-16 code units, which the text of the regions shows, document by document.

Written are `annotations.json`, to be imported, and `label_config.xml`, the labelling configuration
for it. What Label Studio has no place for goes where it keeps what is not its own: all of `data`
and the `meta` of a region come back as they were (`Result.serialize` in the editor; tried). So

    pieces      regions with the first one as their parent, which say so in `meta.samarkand`
    actor       a text area of the region, `samarkand-actor`
    stance      its cue is a region of the labels `samarkand-stance`, with the act as label,
                relations `holder` and `target`, and answers for polarity, explicit and status;
                one without a cue is a line of a hidden text area, `samarkand`
    relations   ids, object, evidence, status, score, attributes: in `meta.samarkand` of the head
    documents   title, date, language, event, split, licence, hash: in `data.samarkand`

What is edited in Label Studio wins; details of what is gone are counted. Regions of one pair may
have one relation only there (`RelationStore.addRelation`), so those of a pair are written as one,
with several labels. Ids with other characters than A-Z, a-z, 0-9, _ and - are in `meta.samarkand`:
Label Studio cuts them at `#`, and shows no colour.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from samarkand import lines, schema, text
from samarkand.corpus import Corpus, Layer, from_columns
from samarkand.errors import FormatError
from samarkand.formats.base import ITEMS, Files, Reading, doc_ids, frame, renamed
from samarkand.formats.labelstudio import json as exports
from samarkand.formats.labelstudio import narrowing, writer
from samarkand.formats.labelstudio import plain as labelstudio_plain
from samarkand.formats.labelstudio import rows as labelstudio_rows
from samarkand.formats.labelstudio import stances as labelstudio_stances
from samarkand.formats.labelstudio.label_config import Used, config
from samarkand.formats.labelstudio.task import Log, Opened, open_task, text_key
from samarkand.parallel import each
from samarkand.text import Mask

SUFFIXES = (".json",)
PARTS = ITEMS

#: Tasks are read in blocks, so that the working arrays of one fit the processor's cache.
BLOCK = 500

Tables = dict[str, list[pa.Table]]


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Tasks as a corpus; a document's id is ours, the task's, or `<file>-<number of the item>`.

    Errors: FormatError with every task that is none of a plain text, whose regions are not where
    their text is, or whose relations lead nowhere.
    """
    return _read(files, layer, first)


def _read(files: Files, layer: str, first: int = 1, plain: bool = True) -> Reading:
    """`plain=False` reads every task the exact way, to the same result."""
    log = Log()
    tasks: list[Opened] = []
    parts = [schema.empty(schema.DOCUMENTS)]
    paths = sorted(path for path in files if path.endswith(SUFFIXES))

    @cache
    def stems() -> dict[str, tuple[str, str | None]]:
        return doc_ids([path.removesuffix(".json") for path in paths])

    def stem(path: str) -> str:
        return stems()[path.removesuffix(".json")][0]

    for path in paths:
        for opened in _open(path, files[path], first, stem, log):
            parts.append(_documents(opened))
            tasks += opened
    log.documents = len(tasks)
    _each_once(tasks, log)
    order = sorted(range(len(tasks)), key=lambda row: tasks[row].doc)
    documents = pa.concat_tables(parts).combine_chunks().take(pa.array(order, pa.int64()))
    found = _annotations([tasks[row] for row in order], documents["text"], plain, log)
    if log.problems:
        raise FormatError(log.in_order())
    tables = {name: pa.concat_tables(blocks) for name, blocks in found.items()}
    notes = log.notes()
    if stems.cache_info().currsize:  # a document was called as its file
        notes += renamed(stems(), documents)
    return Reading(frame(documents, Layer(layer, **tables)), log.counts(), notes)


def _open(
    path: str, data: bytes, first: int, stem: Callable[[str], str], log: Log
) -> Iterator[list[Opened]]:
    """The tasks of a file, a block at a time, with the annotation of each that is read."""
    items = exports.cut(path, data, first, log.problems)
    key = text_key(items)
    for start in range(0, len(items), BLOCK):
        numbered = enumerate(items[start : start + BLOCK], first + start)
        opened = [open_task(path, number, item, key, stem, log) for number, item in numbered]
        yield [task for task in opened if task is not None]


def _documents(tasks: list[Opened]) -> pa.Table:
    """The documents of some tasks, which let their texts go."""
    columns: dict[str, Any] = {
        "doc": [task.doc for task in tasks],
        "text": [task.text for task in tasks],
        "metadata": lines.pairs([task.metadata for task in tasks]),
    }
    for name in set(schema.DOCUMENTS.names) - set(columns):
        columns[name] = [getattr(task.own, name) for task in tasks]
    for task in tasks:
        task.text = ""
    return from_columns(schema.DOCUMENTS, columns, len(tasks))


def _each_once(tasks: list[Opened], log: Log) -> None:
    owner: dict[str, Opened] = {}
    for task in tasks:
        other = owner.setdefault(task.doc, task)
        if other is not task:
            message = f"the document id '{task.doc}' is that of item {other.number} of {other.path}"
            log.fault(task, message)


def _annotations(tasks: list[Opened], texts: pa.ChunkedArray, plain: bool, log: Log) -> Tables:
    """The tables of tasks with these texts."""

    def block(start: int) -> tuple[pa.Table, pa.Table, Mask]:
        chosen = tasks[start : start + BLOCK]
        if plain:
            return labelstudio_plain.read(chosen, text.whole(texts.slice(start, BLOCK)))
        nothing = (schema.empty(schema.TABLES[name]) for name in ("entities", "relations"))
        return *nothing, np.ones(len(chosen), np.bool_)

    starts = range(0, len(tasks), BLOCK)
    found = each(block, starts)
    tables = {name: [schema.empty(wanted)] for name, wanted in schema.TABLES.items()}
    for start, (entities, relations, odd) in zip(starts, found, strict=True):
        tables["entities"].append(entities)
        tables["relations"].append(relations)
        others = [start + row for row in np.flatnonzero(odd).tolist()]
        for row in others:
            tasks[row].text = texts[row].as_py()
        if others:
            for name, table in _exactly([tasks[row] for row in others], log).items():
                tables[name].append(table)
    return tables


def _exactly(tasks: list[Opened], log: Log) -> dict[str, pa.Table]:
    """The tables of some tasks, read one by one."""
    docs: dict[str, list[str]] = {name: [] for name in schema.TABLES}
    rows: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    for task in tasks:
        found = labelstudio_rows.read(task, log)
        if found is None:
            continue
        labelstudio_stances.read(task, found, log)
        for name in schema.TABLES:
            more: list[Any] = getattr(found, name)
            rows[name] += more
            docs[name] += [task.doc] * len(more)
        task.text = ""
    return {name: lines.to_table(name, docs[name], rows[name]) for name in schema.TABLES}


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as `annotations.json`, and `label_config.xml` with the labels that it uses."""
    narrowed = narrow(corpus, layer)
    rows: dict[str, dict[str, list[Any]]] = {name: defaultdict(list) for name in schema.TABLES}
    for name, found in rows.items():
        table = narrowed.layers[layer].table(name)
        for doc, row in zip(table["doc"].to_pylist(), lines.from_table(name, table), strict=True):
            found[doc].append(row)
    used = Used()
    tasks = []
    for document in narrowed.documents.to_pylist():
        own = {name: found[document["doc"]] for name, found in rows.items()}
        tasks.append(writer.task(document, own, used))
    data = b"[\n" + b",\n".join(tasks) + b"\n]\n" if tasks else b"[]\n"
    return {"annotations.json": data, "label_config.xml": config(used)}


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents and annotations keep all, but for what neither Label Studio nor JSON can hold.

    Lost are mentions that cover nothing, and labels with characters that XML does not know (and
    relations that had them, or joined such mentions); scores that are no finite number; and what
    points to mentions that there are not.
    """
    kept = corpus.layers[layer]
    documents = narrowing.documents(corpus.documents)
    entities = narrowing.entities(kept.entities, documents)
    mentions = narrowing.mentions(entities)
    relations = narrowing.relations(kept.relations, mentions)
    stances = narrowing.stances(kept.stances, documents, mentions)
    return frame(documents, Layer(layer, entities, relations, stances))

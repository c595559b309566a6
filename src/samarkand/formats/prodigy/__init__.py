"""Prodigy's JSON Lines: a task a line, as `prodigy db-out` writes and every recipe reads them.

The format is told at prodi.gy/docs/api-interfaces ("ner", "spans", "relations"). A task is about a
text; its id is the file's name and the line's number. What the keys become:

    spans       entities: `start`, `end`, `label`; `score`; other keys of theirs are attributes
    relations   relations from `head` to `child`, which are tokens: those of two spans
    meta        title, published, language, event, license; all else is the document's metadata
    answer      only "accept" becomes annotations; tasks without one count as accepted
    samarkand   what this package adds: see below

Tasks of one text and one `_input_hash` in a file are one document, with the spans and relations of
all that were accepted: so does Prodigy when it trains ("will automatically merge all examples on
the same input", support.prodi.gy/t/1442). Binary recipes ask of a text once a span.

What a task cannot say is in its key `samarkand`: the document's id, split and hash, and the lines
of its entities (id, actor, fragments, ...), relations (object, evidence, ...) and stances. Prodigy
saves "the entire task dictionary" (support.prodi.gy/t/1412), whereas keys of spans are lost by some
versions when any span is edited (support.prodi.gy/t/3246). The spans and relations hold: a line
whose span or relation is gone is dropped, and counted as unread.

Written tokens are spaCy's, cut where a span begins or ends within one, so that every span has its
tokens, as the manual interfaces and relations need. `prodigy mark` shows tasks "exactly as it comes
in" (prodi.gy/docs/dependencies-relations). Recipes that tokenize anew, such as rel.manual, do not
know the cuts (support.prodi.gy/t/3241).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import jsonl, lines, schema, text
from samarkand.corpus import Corpus, Layer, doc_codes, from_columns
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import DOCUMENTS, Files, Reading, doc_ids, everything, frame, renamed
from samarkand.formats.prodigy import documents as about
from samarkand.formats.prodigy import writer
from samarkand.formats.prodigy.documents import Document
from samarkand.formats.prodigy.own import Annotations
from samarkand.formats.prodigy.placing import places
from samarkand.formats.prodigy.reader import annotations
from samarkand.formats.prodigy.task import Line, tasks

SUFFIXES = (".jsonl",)
#: Not LINES: tasks about one text stand on several lines of a file.
PARTS = DOCUMENTS

#: The file that is written.
NAME = "annotations.jsonl"


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Tasks as a corpus.

    Errors: FormatError with every line that is no task, every span that is not where it says it is,
    every relation of what the task does not have, and every document that is there twice.
    """
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    notes: list[str] = []
    ids = doc_ids([path.removesuffix(".jsonl") for path in files])
    documents: list[Document] = []
    found: list[Annotations] = []
    everything: list[Line] = []
    for path in sorted(files):
        stem, split = ids[path.removesuffix(".jsonl")]
        accepted = _accepted(tasks(path, files[path], first, problems, unread), unread)
        groups = about.group(accepted, stem, split, problems)
        for document, said in zip(
            groups, _read(path, groups, problems, unread, notes), strict=True
        ):
            if said is not None:
                documents.append(document)
                found.append(said)
        everything += accepted
    problems += _twice(documents)
    if problems:
        raise FormatError(sorted(problems))
    notes = [*_answered(everything), *notes, *about.provenance(everything)]
    table = about.table(documents, unread)
    notes += renamed(ids, table)
    counts = {kind: count for kind, count in sorted(unread.items()) if count}
    return Reading(frame(table, _layer(layer, documents, found)), counts, tuple(notes))


def _accepted(found: Sequence[Line], unread: Counter[str]) -> list[Line]:
    for line in found:
        if line.task.answer in ("reject", "ignore"):
            unread[f"task with the answer '{line.task.answer}'"] += 1
    return [line for line in found if line.task.answer in (None, "accept")]


def _read(
    path: str,
    groups: Sequence[Document],
    problems: list[Problem],
    unread: Counter[str],
    notes: list[str],
) -> list[Annotations | None]:
    """The annotations of the documents of one file."""
    before = len(problems)
    placed, unit = places([line for document in groups for line in document.tasks], problems)
    if len(problems) > before:
        return [None] * len(groups)
    if unit != text.POINTS:
        notes.append(
            f"{path}: offsets count {unit.upper()} code units, not characters: so do tokens and "
            "spans cover the text that they say"
        )
    if merged := sum(len(document.tasks) - 1 for document in groups):
        notes.append(f"{path}: tasks about the text of another one, which they join: {merged:,}")
    said = []
    at = 0
    for document in groups:
        size = len(document.tasks)
        said.append(annotations(document, placed[at : at + size], problems, unread))
        at += size
    return said


def _answered(accepted: Sequence[Line]) -> list[str]:
    without = sum(line.task.answer is None for line in accepted)
    return [f"tasks without an answer, which count as accepted: {without:,}"] if without else []


def _twice(documents: Sequence[Document]) -> list[Problem]:
    """The documents whose id another one has already."""
    owner: dict[str, Line] = {}
    problems = []
    for document in documents:
        line = document.tasks[0]
        other = owner.setdefault(document.doc, line)
        if other is not line:
            message = f"document '{document.doc}' is on {other.path}:{other.number} already"
            problems.append(line.problem(message))
    return problems


def _layer(name: str, documents: Sequence[Document], found: Sequence[Annotations]) -> Layer:
    tables = {}
    for table in schema.TABLES:
        parts = [getattr(said, table) for said in found]
        docs = [d.doc for d, rows in zip(documents, parts, strict=True) for _ in rows]
        tables[table] = lines.to_table(table, docs, [row for rows in parts for row in rows])
    return Layer(name, **tables)


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as tasks, a document a line.

    Errors: FormatError for a document whose line would be too long to be read again.
    """
    narrowed = narrow(corpus, layer)
    made = [jsonl.encode([task]) for task in writer.tasks(narrowed, layer)]
    problems = [
        Problem(NAME, number, f"document '{doc}' makes {len(line):,} bytes; a line has at most "
                f"{jsonl.MAX_LINE:,}: cut the document")
        for number, (doc, line) in enumerate(
            zip(narrowed.documents["doc"].to_pylist(), made, strict=True), 1)
        if len(line) > jsonl.MAX_LINE
    ]  # fmt: skip
    if problems:
        raise FormatError(problems)
    return {NAME: b"".join(made)}


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents and annotations as they are.

    Lost are entities that are empty or outside their text, relations and stances that refer to an
    entity that is not there, scores that are no numbers, and metadata under the name of a column.
    """
    kept = corpus.layers[layer]
    documents = corpus.documents
    names = pa.array(about.RESERVED)
    metadata = documents["metadata"].combine_chunks()
    pairs = metadata.flatten()
    if pc.any(pc.is_in(pc.struct_field(pairs, "name"), names), min_count=0).as_py():
        listed = [{p["name"]: p["value"] for p in row if p["name"] not in about.RESERVED}
                  for row in metadata.to_pylist()]  # fmt: skip
        columns = {name: documents[name] for name in documents.column_names}
        columns["metadata"] = lines.pairs(listed)
        documents = from_columns(schema.DOCUMENTS, columns, len(documents))
    within = replace(kept, entities=_within(documents, kept.entities))
    return everything(Corpus(documents, layers={layer: within}), layer)


def _within(documents: pa.Table, entities: pa.Table) -> pa.Table:
    """The entities that are in a document's text, and not empty."""
    docs = doc_codes(documents, entities["doc"])
    begin, end = (entities[name].to_numpy() for name in ("begin", "end"))
    sizes = np.append(text.lengths(text.index(documents["text"])), -1)  # -1: of no document
    return entities.filter(pa.array((begin >= 0) & (begin < end) & (end <= sizes[docs])))

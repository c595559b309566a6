r"""doccano's JSON Lines (github.com/doccano/doccano, 1.8.4): a document a line.

Read are both shapes, of projects with relations and without, as the server exports them and takes
them for import (data_export/pipeline, data_import/pipeline of its source):

    {"id": 1, "text": "...", "entities": [{"id": 1, "label": "PER", "start_offset": 0,
     "end_offset": 2}], "relations": [{"id": 1, "from_id": 1, "to_id": 2, "type": "MEETS"}]}
    {"id": 1, "text": "...", "label": [[0, 2, "PER"]]}

Somebody else's line is taken as it stands: the document's id is the line's `id`, or else the file's
name and the number of the line; spans without an id are numbered; other keys are metadata (as JSON
where they are no strings; those called as a column of the documents are that column); comments
are counted as unread. Its offsets count code points unless `read` is told otherwise: neither the
server (which stores what it is sent) nor the file says what they count, and doccano's browser
counts UTF-16 (issue 2290), so it is noted where that would be another number.

Ours, `annotations.jsonl`, is of the first shape and is for a project with relations and overlapping
spans allowed. What doccano shows, and what the annotator may change there:

    an entity            a span; each further piece of a discontinuous one is a span as well, with a
                         relation FRAGMENT to the first
    a relation           a relation
    a stance with a cue  a span STANCE -2 to STANCE +2 (STANCE: no polarity) on its first cue, with
                         relations HOLDER and TARGET to the mentions
    a proposition        as the target, a span P:... on the same cue

All else is in one more key, `samarkand`, a string that holds JSON: the only kind of metadata that
the server hands back whatever the other lines have. It holds the document's columns, ids, actors,
scores, attributes, evidence, stances and the spans as they were written, and is read with the line:
what the line shows wins. The server gives spans and relations new ids in the order of the upload;
they are known again by it, or by what they say. What the key says of something that is gone is
counted as unread; a text that was edited is an error. Offsets of ours count UTF-16, as the browser
does, so that the annotator sees them right and what is added there is right too.

The functions below serve a client of the server as well: `rows` are what is uploaded, `reading` and
`read` take what comes back.
"""

import json
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa

from samarkand.corpus import Corpus, Layer
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import LINES, Files, Reading, frame
from samarkand.formats.doccano import documents, keys
from samarkand.formats.doccano import writer as written
from samarkand.formats.doccano.narrowing import narrow as narrow_layer
from samarkand.formats.doccano.parsing import Columns, joined, parse
from samarkand.formats.doccano.placing import note, place
from samarkand.formats.doccano.to_tables import tables
from samarkand.formats.doccano.words import (
    FRAGMENT,
    HOLDER,
    KEY,
    PROPOSITION,
    STANCE,
    TARGET,
    Link,
    Row,
    Span,
    stance_label,
)
from samarkand.text import POINTS, UTF16

__all__ = [
    "FRAGMENT", "HOLDER", "KEY", "PARTS", "PROPOSITION", "STANCE", "SUFFIXES", "TARGET", "UNIT",
    "Link", "Row", "Span", "encode", "narrow", "read", "reading", "rows", "stance_label", "write",
]  # fmt: skip

SUFFIXES = (".jsonl",)
PARTS = LINES
FILE = "annotations.jsonl"

#: What the offsets of our files count.
UNIT = UTF16

CODE_POINTS = (
    "offsets of lines that do not say what they count are taken as code points; doccano's browser "
    "counts UTF-16, which is another number behind an emoji"
)


def read(files: Files, layer: str, first: int = 1, unit: str = POINTS) -> Reading:
    """doccano's lines as a corpus.

    `unit` is what the offsets of lines without our key count: "code points" or "utf-16" (else a
    ValueError). Errors: FormatError with every line that is of none of the shapes, has a span
    outside its text or a relation to no span, repeats a document, or whose text is not the one that
    our key was written for.
    """
    return _read(files, layer, first, unit)


def _read(
    files: Files, layer: str, first: int = 1, unit: str = POINTS, quick: bool = True
) -> Reading:
    """`quick=False` reads every line by itself, and takes each as edited, to the same result."""
    _known(unit)
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    parts = (parse(path, files[path], first, problems, unread, quick) for path in sorted(files))
    found = [block for part in parts for block in part]
    table, made, notes = _tables(joined(found), unit, problems, unread, quick)
    return Reading(frame(table, Layer(layer, **made)), dict(sorted(unread.items())), notes)


def reading(rows: Sequence[Row], layer: str, unit: str = POINTS) -> Reading:
    """Rows as a corpus, as `read` does with files. Errors: FormatError; the line is the row's."""
    return read({FILE: encode(rows)}, layer, unit=unit)


def _tables(
    found: Columns, unit: str, problems: list[Problem], unread: Counter[str], quick: bool
) -> tuple[pa.Table, dict[str, pa.Table], tuple[str, ...]]:
    """The documents, the tables of the layer, and notes. Errors: FormatError."""
    # What the parser's threads are done with is of no use to this one, and there is much of it.
    pa.default_memory_pool().release_unused()
    said, good = keys.heads(found, problems)
    if not good.all():
        rows = np.flatnonzero(good)
        found, said = documents.arranged(dict(vars(found)), rows), [said[row] for row in rows]
    notes: list[str] = []
    docs = documents.ids(found, said, problems, notes)
    order = documents.order(found, docs, problems)
    if (np.diff(order) != 1).any():
        columns = dict(vars(found))
        del found
        found, docs = documents.arranged(columns, order), docs.take(pa.array(order))
        said = [said[row] for row in order]
        pa.default_memory_pool().release_unused()
    given = place(found, docs, said, unit, problems)
    if problems:
        raise FormatError(sorted(problems))
    made, abouts = tables(given, problems, unread, quick)
    if problems:
        raise FormatError(sorted(problems))
    if unit == POINTS and note(given):
        notes.append(CODE_POINTS)
    return documents.table(found, docs, abouts, unread), made, tuple(notes)


def rows(corpus: Corpus, layer: str, unit: str = UNIT) -> list[Row]:
    """One layer as rows, in the order of the documents; offsets count `unit`.

    The server refuses a row whose text is empty, and drops spans that overlap unless the project
    allows it. Errors: samarkand.text.OffsetError for a span outside its text.
    """
    _known(unit)
    return written.rows(narrow(corpus, layer), layer, unit)


def _known(unit: str) -> None:
    if unit not in (POINTS, UTF16):
        raise ValueError(f"the unit is {unit!r}; wanted {POINTS!r} or {UTF16!r}")


def encode(rows: Sequence[Row]) -> bytes:
    """Rows as a file: in ASCII, since the server guesses the encoding of a file with relations.

    (data_import/pipeline/catalog.py has no option for it; parsers.py then asks chardet.)
    """
    lines = [json.dumps(msgspec.to_builtins(row), separators=(",", ":")) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as one file, a line a document."""
    return {FILE: encode(rows(corpus, layer))}


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents keep everything, and so does the layer, with few exceptions.

    Lost are mentions that are empty; labels that are empty, longer than 100 characters (doccano's
    limit), or one of our own words (STANCE, P:..., and FRAGMENT for a relation); what refers to
    mentions that are lost; and scores that are no number.
    """
    return frame(corpus.documents, narrow_layer(corpus.documents["doc"], corpus.layers[layer]))

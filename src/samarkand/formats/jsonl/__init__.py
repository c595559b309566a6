"""A corpus as one JSON Lines file: one document a line, with its text and its annotations.

The file is our own layout in one piece. A line has the columns of the documents table as its keys,
`metadata` as an object, and `entities`, `relations` and `stances` as lists of what is a line of
its own in the layout (`samarkand.lines`):

    {"doc":"a","text":"Xi spoke.","entities":[{"entity":"T1","label":"PERSON","begin":0,"end":2,
    "text":"Xi"}],"relations":[],"stances":[]}

(here in two lines). Offsets count code points. Keys that are null or empty are left out; but the
three lists are always written, so that other readers find the same columns on every line. In what
is read, null is as good as nothing. Nothing is lost but what belongs to a repository: label schema,
actors, provenance. `sha256` is carried as it was recorded, so that `samarkand check` still notices
a text that was edited.
"""

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import jsonl, schema
from samarkand.corpus import Corpus, Layer
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import LINES, Files, Reading, finite, frame
from samarkand.formats.jsonl import columns
from samarkand.formats.jsonl import lines as by_line
from samarkand.formats.jsonl import writer as writing

SUFFIXES = (".jsonl",)
PARTS = LINES

#: The name of the file that is written.
NAME = "documents.jsonl"
#: Documents are worked on in blocks. As a line has at most 8 MiB, a block has less than the 2 GiB
#: that a column of strings can hold.
BLOCK = 250


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Documents and annotations as a corpus.

    Errors: FormatError with every line that is not of this shape, whose spans are not in its text
    or do not cover what they say, that repeats an id, or that points to what is not there.
    """
    return _read(files, layer, first)


def _read(files: Files, layer: str, first: int = 1, plain: bool = True) -> Reading:
    """`plain=False` reads every line the exact way, to the same result."""
    problems: list[Problem] = []
    parts: list[columns.Tables] = []
    seen: dict[str, tuple[str, int]] = {}
    names = columns.names()
    for path in sorted(files):
        found = jsonl.split(path, files[path], problems)
        for start in range(0, len(found), BLOCK):
            block, number = found[start : start + BLOCK], first + start
            part = columns.read(block, names) if plain else None
            numbers = list(range(number, number + len(block)))
            if part is None:
                part, numbers = by_line.read(path, block, number, problems)
                columns.learn(part, names)
            for doc, line in zip(part["documents"]["doc"].to_pylist(), numbers, strict=True):
                if seen.setdefault(doc, (path, line)) != (path, line):
                    other = ":".join(map(str, seen[doc]))
                    message = f"document '{doc}' stands in {other} already; give each its own id"
                    problems.append(Problem(path, line, message))
            parts.append(part)
    if problems:
        raise FormatError(sorted(problems))
    whole = {
        name: pa.concat_tables([schema.empty(wanted), *(part[name] for part in parts)])
        for name, wanted in {"documents": schema.DOCUMENTS, **schema.TABLES}.items()
    }
    return Reading(frame(whole.pop("documents"), Layer(layer, **whole)))


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as one file.

    Errors: FormatError for a document whose line would be longer than any reader here takes.
    """
    narrowed = narrow(corpus, layer)
    documents = narrowed.documents
    written = list(writing.documents_of(documents, narrowed.layers[layer], BLOCK))
    for doc, line in zip(documents["doc"].to_pylist(), written, strict=True):
        if len(line) > jsonl.MAX_LINE + 1:
            message = (
                f"document '{doc}' is a line of {len(line) - 1:,} bytes; a line has at most "
                f"{jsonl.MAX_LINE:,}. Cut the document in two"
            )
            raise FormatError([Problem(NAME, 0, message)])
    return {NAME: b"".join(written)}


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents and annotations keep everything; a score that is no number is left out."""
    docs = corpus.documents["doc"]
    tables = {name: corpus.layers[layer].table(name) for name in schema.TABLES}
    tables = {
        name: finite(rows.filter(pc.is_in(rows["doc"], docs))) for name, rows in tables.items()
    }
    return frame(corpus.documents, Layer(layer, **tables))

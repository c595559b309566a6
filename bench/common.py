"""What the measured sides share: the clock, the inputs on disk, and digests of results.

A side is a function `(data, clock) -> digest`: it loads its inputs from the folder `data`, does the
work inside `with clock:`, and returns a digest of the result, so that two sides can be held against
each other. Modules here import what is heavy inside the functions, so that each side pays for its
own libraries only, and before the clock runs.
"""

import hashlib
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BRAT, TEXTS, SPANS, DOCS, TOKENS, CORPUS = (
    "brat", "texts.parquet", "spans.npz", "docs.spacy", "tokens.npz", "corpus",
)  # fmt: skip


@dataclass
class Clock:
    """Measures the block under `with`: `seconds` by the wall, `peak` of the process in MB.

    The peak counts everything: interpreter, libraries, inputs; `start` is what it was beforehand.
    """

    seconds: float = 0.0
    start: float = 0.0
    peak: float = 0.0
    sizes: dict[str, float] = field(default_factory=dict)  # MB, by name
    _begun: float = 0.0

    def __enter__(self) -> None:
        self.start = peak()
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begun
        self.peak = peak()


def peak(who: int = resource.RUSAGE_SELF) -> float:
    """The most memory that the process has held so far, in MB (of 2**20 bytes)."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(who).ru_maxrss / unit


def digest(*parts: Any) -> str:
    """A short hash of columns: numpy arrays, or lists of strings."""
    import numpy as np

    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(part.astype(np.int64).tobytes())
        else:
            found.update("\0".join(part).encode())
        found.update(b"\1")
    return found.hexdigest()[:16]


def texts(data: Path) -> "pa.ChunkedArray":
    """The texts, in the order of the documents."""
    import pyarrow.parquet as pq

    return pq.read_table(data / TEXTS)["text"]


def spans(data: Path) -> dict[str, "np.ndarray"]:
    """The entities: doc (row of the text), begin, end (code points), label (code)."""
    import numpy as np

    with np.load(data / SPANS) as file:
        return dict(file)


def by_document(data: Path) -> list[list[tuple[int, int, str]]]:
    """The same entities as spaCy wants them: lists of (begin, end, label), one a document."""
    from bench.generate import LABELS

    columns = spans(data)
    found: list[list[tuple[int, int, str]]] = [[] for _ in range(len(texts(data)))]
    names = ("doc", "begin", "end", "label")
    for doc, begin, end, label in zip(*(columns[n].tolist() for n in names), strict=True):
        found[doc].append((begin, end, LABELS[label]))
    return found


def write_inputs(data: Path, count: int) -> None:
    """The texts and entities that all sides but the readers start from."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from bench.generate import documents

    docs, found = [], []
    columns: dict[str, list[np.ndarray]] = {"doc": [], "begin": [], "end": [], "label": []}
    for row, document in enumerate(documents(count)):
        docs.append(document.doc)
        found.append(document.text)
        columns["doc"].append(np.full(len(document.begin), row))
        for name in ("begin", "end", "label"):
            columns[name].append(getattr(document, name))
    pq.write_table(pa.table({"doc": docs, "text": found}), data / TEXTS)
    np.savez(data / SPANS, **{name: np.concatenate(parts) for name, parts in columns.items()})


def joined(lists: Iterable[Iterable[str]]) -> list[str]:
    """Lists of strings as one list."""
    return [value for values in lists for value in values]

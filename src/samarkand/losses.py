"""What a format loses: `losses(c, narrow(c))`, counted by table and column."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema
from samarkand.corpus import Corpus
from samarkand.diff import KEYS, Delta, diff
from samarkand.text import Mask


@dataclass(frozen=True)
class Loss:
    """`count` of `total` values of a column; `column` is empty where it is whole rows."""

    table: str
    column: str
    change: str  # lost, added, changed
    count: int
    total: int
    example: str

    def __str__(self) -> str:
        what = f"{self.table}.{self.column}" if self.column else self.table
        return f"{what}: {self.count:,} of {self.total:,} {self.change}, as {self.example}"


def losses(a: Corpus, b: Corpus, layer: str) -> list[Loss]:
    """What of a's documents and layer `b` does not say, or says otherwise; none where all is there.

    The label schema, the actor table and the provenance belong to a repository, not to the
    annotations, and are not compared; nor are texts' hashes, which follow from the texts.
    """
    changes = diff(a, b, by="content")
    found = list(_losses("documents", a.documents, b.documents, changes.documents))
    for name in schema.TABLES:
        old, new = (side.layers[layer].table(name) for side in (a, b))
        found += _losses(name, old, new, changes.layers[layer].tables[name])
    return found


def totals(corpus: Corpus, layer: str) -> dict[tuple[str, str], int]:
    """How many values each column has, by table and column; with "" for a column, the rows."""
    tables = {"documents": corpus.documents}
    tables |= {name: corpus.layers[layer].table(name) for name in schema.TABLES}
    found = {(name, ""): len(table) for name, table in tables.items()}
    for name, table in tables.items():
        for column in table.column_names:
            found[name, column] = int((~_empty(table[column])).sum())
    return found


def _losses(name: str, old: pa.Table, new: pa.Table, delta: Delta) -> Iterator[Loss]:
    key = KEYS.get(name, ("doc", "id"))
    for whole, alone, change in ((old, delta.removed, "lost"), (new, delta.added, "added")):
        if len(alone):
            yield Loss(name, "", change, len(alone), len(whole), _name(alone, 0, key))
    for column, differs in delta.differs.items():
        if column == "sha256":
            continue
        gone = differs & _empty(delta.new[column])
        total = int((~_empty(old[column])).sum())
        for mask, change in ((gone, "lost"), (differs & ~gone, "changed")):
            if mask.any():
                example = _name(delta.old, int(np.flatnonzero(mask)[0]), key)
                yield Loss(name, column, change, int(mask.sum()), total, example)


def _empty(column: pa.ChunkedArray) -> Mask:
    if pa.types.is_list(column.type):
        return np.asarray(pc.equal(pc.list_value_length(column).fill_null(0), 0).to_numpy())
    return np.asarray(column.is_null().to_numpy())


def _name(table: pa.Table, row: int, key: tuple[str, ...]) -> str:
    return "/".join(str(table[column][row].as_py()) for column in key)

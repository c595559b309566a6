"""What changed between two layers, counted by column; `diff(c, narrow(c))` is the loss report.

Rows are matched by what they say, not by their ids: entities by document, offsets and label,
relations by label and matched arguments, stances by id. So a format that renumbers is reported to
have changed ids, not to have lost everything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.corpus import Corpus, Layer, doc_codes, entity_rows
from samarkand.text import Ints


@dataclass(frozen=True)
class Change:
    """`count` of `total` rows of a table. `column` is empty where whole rows were lost or added."""

    table: str
    column: str
    change: str  # lost, added, changed
    count: int
    total: int
    example: str

    def __str__(self) -> str:
        what = f"{self.table}.{self.column}" if self.column else self.table
        return f"{what}: {self.count:,} of {self.total:,} {self.change}, as {self.example}"


def diff(a: Corpus, b: Corpus, layer: str) -> list[Change]:
    """What of a's documents and layer b says otherwise; empty where they say the same.

    The label schema, the actor table and the provenance belong to a repository, not to the
    annotations, and are not compared; nor are texts' hashes, which follow from the texts.
    """
    old, new = a.layers[layer], b.layers[layer]
    documents = _pairs(*_documents(a, b))
    entities = _pairs(*_entities(a, old, new))
    relations = _pairs(*_relations(a, old, new, entities))
    stances = _pairs(*_by_id(a, old.stances, new.stances))
    return [
        *_changes("documents", a.documents, b.documents, documents, ("sha256",)),
        *_changes("entities", old.entities, new.entities, entities, ()),
        *_changes("relations", old.relations, new.relations, relations, ("head", "tail")),
        *_changes("stances", old.stances, new.stances, stances, ()),
    ]


def _documents(a: Corpus, b: Corpus) -> tuple[Ints, Ints]:
    return doc_codes(a.documents, a.documents["doc"])[None], _codes(a, b.documents)[None]


def _entities(a: Corpus, old: Layer, new: Layer) -> tuple[Ints, Ints]:
    label = pa.chunked_array([*old.entities["label"].chunks, *new.entities["label"].chunks])
    label_codes = _dictionary(label, len(old.entities))
    keys = []
    for table, codes in zip((old.entities, new.entities), label_codes, strict=True):
        offsets = [table["begin"].to_numpy(), table["end"].to_numpy()]
        keys.append(np.stack([_codes(a, table), *offsets, codes]).astype(np.int64))
    return keys[0], keys[1]


def _relations(a: Corpus, old: Layer, new: Layer, entities: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Keys with a's entity rows as arguments, on both sides."""
    back = np.full(len(new.entities), -1, np.int64)
    back[entities[1]] = entities[0]
    label = pa.chunked_array([*old.relations["label"].chunks, *new.relations["label"].chunks])
    label_codes = _dictionary(label, len(old.relations))
    keys = []
    for side, codes in zip((old, new), label_codes, strict=True):
        key = [_codes(a, side.relations), codes]
        for column in ("head", "tail"):
            rows = entity_rows(side.entities, side.relations["doc"], side.relations[column])
            if side is new and len(back):
                rows = np.where(rows >= 0, back[rows], -1)
            key.append(rows)
        keys.append(np.stack(key))
    return keys[0], keys[1]


def _by_id(a: Corpus, old: pa.Table, new: pa.Table) -> tuple[Ints, Ints]:
    both = pa.chunked_array([*old["id"].chunks, *new["id"].chunks], pa.string())
    ids = _dictionary(both, len(old))
    return np.stack([_codes(a, old), ids[0]]), np.stack([_codes(a, new), ids[1]])


def _codes(a: Corpus, table: pa.Table) -> Ints:
    return doc_codes(a.documents, table["doc"])


def _dictionary(both: pa.ChunkedArray, first: int) -> tuple[Ints, Ints]:
    codes = both.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return codes[:first].astype(np.int64), codes[first:].astype(np.int64)


def _pairs(old: Ints, new: Ints) -> tuple[Ints, Ints]:
    """Rows of both sides whose keys are equal, one to one. Keys have shape (columns, rows)."""
    keys = np.concatenate([old, new], axis=1)
    order = np.lexsort(keys[::-1])
    sorted_keys = keys[:, order]
    fresh = np.ones(keys.shape[1], bool)
    fresh[1:] = (sorted_keys[:, 1:] != sorted_keys[:, :-1]).any(axis=0)
    group = np.cumsum(fresh)
    is_new = order >= old.shape[1]
    ranks = []
    for side in (~is_new, is_new):  # nth row of its key on its side
        number = np.cumsum(side)
        start = np.maximum.accumulate(np.where(fresh, number - side, 0))
        ranks.append((group[side], (number - start)[side], order[side]))
    wide = int(keys.shape[1]) + 1
    left, right = (g * wide + r for g, r, _ in ranks)
    _, i, j = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    return ranks[0][2][i], ranks[1][2][j] - old.shape[1]


def _changes(
    name: str, old: pa.Table, new: pa.Table, pairs: tuple[Ints, Ints], skip: Sequence[str]
) -> Iterator[Change]:
    for table, rows, change in ((old, pairs[0], "lost"), (new, pairs[1], "added")):
        alone = np.setdiff1d(np.arange(len(table)), rows)
        if len(alone):
            example = _name(table, int(alone[0]))
            yield Change(name, "", change, len(alone), len(table), example)
    left, right = old.take(pa.array(pairs[0])), new.take(pa.array(pairs[1]))
    for column in old.column_names:
        if column in skip or left[column].equals(right[column]):
            continue
        differ = _differ(left[column], right[column])
        if not differ.any():
            continue
        gone = differ & _empty(right[column])
        for mask, change in ((gone, "lost"), (differ & ~gone, "changed")):
            if mask.any():
                example = _name(left, int(np.flatnonzero(mask)[0]))
                total = int((~_empty(left[column])).sum())
                yield Change(name, column, change, int(mask.sum()), total, example)


def _differ(left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_nested(left.type):
        pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
        return np.fromiter((x != y for x, y in pairs), bool, len(left))
    same = pc.equal(left, right)
    both_null = pc.and_(left.is_null(), right.is_null())
    return ~np.asarray(pc.or_(same.fill_null(False), both_null).to_numpy())


def _empty(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_list(column.type):
        return np.asarray(pc.equal(pc.list_value_length(column).fill_null(0), 0).to_numpy())
    return np.asarray(column.is_null().to_numpy())


def _name(table: pa.Table, row: int) -> str:
    doc = table["doc"][row].as_py()
    return f"{doc}/{table['id'][row].as_py()}" if "id" in table.column_names else str(doc)

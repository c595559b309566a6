"""What a layer keeps in Label Studio."""

import math
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines
from samarkand.formats.labelstudio.names import is_shown
from samarkand.formats.labelstudio.stances import settle


def documents(table: pa.Table) -> pa.Table:
    """Documents with their metadata sorted by name, each name once."""
    metadata = [{p["name"]: p["value"] for p in pairs} for pairs in table["metadata"].to_pylist()]
    return _with(table, "metadata", lines.pairs(metadata))


def entities(table: pa.Table, documents: pa.Table) -> pa.Table:
    """Mentions that cover something and have a label that can be shown."""
    labels = table["label"].unique().to_pylist()
    shown = pa.array([label for label in labels if is_shown(label)], pa.string())
    kept = pc.and_(pc.is_in(table["label"], shown), pc.less(table["begin"], table["end"]))
    table = table.filter(pc.and_(kept, pc.is_in(table["doc"], documents["doc"])))
    score = pc.if_else(pc.is_finite(table["score"]), table["score"], None)
    table = _with(table, "score", score)
    if table["fragments"].null_count < len(table):
        rows = lines.from_table("entities", table)
        for row in rows:
            _join(row)
        return lines.to_table("entities", table["doc"].to_pylist(), rows)
    return table


def _join(row: lines.Entity) -> None:
    """Pieces in their order; one that is the only one is none."""
    pieces = sorted(row.fragments or [], key=lambda piece: (piece.begin, piece.end))
    row.fragments = pieces if len(pieces) > 1 else None
    if row.fragments:
        row.begin, row.end = pieces[0].begin, pieces[-1].end
        row.text = " ".join(piece.text for piece in pieces)


def mentions(entities: pa.Table) -> dict[str, set[str]]:
    """The ids of the mentions of each document."""
    found: dict[str, set[str]] = defaultdict(set)
    for doc, id in zip(entities["doc"].to_pylist(), entities["id"].to_pylist(), strict=True):
        found[doc].add(id)
    return found


def relations(table: pa.Table, mentions: dict[str, set[str]]) -> pa.Table:
    """Relations between mentions that are kept, with a label that can be shown."""
    docs, rows = [], []
    for doc, row in zip(
        table["doc"].to_pylist(), lines.from_table("relations", table), strict=True
    ):
        there = mentions.get(doc, set())
        if row.head in there and row.tail in there and is_shown(row.label):
            row.object = row.object if row.object in there else None
            row.score = _finite(row.score)
            docs.append(doc)
            rows.append(row)
    return lines.to_table("relations", docs, rows)


def stances(table: pa.Table, documents: pa.Table, mentions: dict[str, set[str]]) -> pa.Table:
    """Stances without mentions that there are not, the pieces of a cue in their order."""
    known = set(documents["doc"].to_pylist())
    docs, rows = [], []
    for doc, row in zip(table["doc"].to_pylist(), lines.from_table("stances", table), strict=True):
        if doc in known:
            settle(row, mentions.get(doc, set()))
            row.cue = sorted(
                (piece for piece in row.cue if piece.begin < piece.end),
                key=lambda piece: (piece.begin, piece.end),
            )
            row.score = _finite(row.score)
            docs.append(doc)
            rows.append(row)
    return lines.to_table("stances", docs, rows)


def _finite(score: float | None) -> float | None:
    return score if score is not None and math.isfinite(score) else None


def _with(table: pa.Table, column: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), values)

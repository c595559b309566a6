"""What two sides did to the rows of one table, and which of it counts.

A conflict is settled by leaving out an edit: then that side's row is as the base has it. What is
left out is named by layer, table, document and id, in which "" stands for every one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema
from samarkand.changes import Row
from samarkand.corpus import Corpus, Layer
from samarkand.diff import REFERENCES, Delta
from samarkand.merge.reconcile import Ids, Key, followed, reconcile
from samarkand.merge.three_way import Conflict

#: What one side did to rows of one table: the new row, None for one that is removed.
Edits = dict[Key, Row | None]
#: Layer, table, document, id of edits that do not count; "" for every one.
Place = tuple[str, str, str, str]
LeftOut = tuple[set[Place], set[Place]]
#: The base, ours and theirs.
Versions = tuple[Corpus, Corpus, Corpus]

SIDES = ("ours", "theirs")
ROW = ("doc", "id")
EVERYTHING: Place = ("", "", "", "")


def of_document(doc: str) -> Place:
    """What a side did to a document and to its annotations, in every layer."""
    return "", "", doc, ""


def of_layer(layer: str) -> Place:
    """What a side did to a layer."""
    return layer, "", "", ""


@dataclass(frozen=True)
class Sides:
    """One table: the rows of the base that were edited, and what each side did to them."""

    base: Mapping[Key, Row]
    edits: tuple[Edits, Edits]


@dataclass(frozen=True)
class Table:
    """One table in the merge: all that was done to it, what of it counts, and what came of it.

    `counted` and `rows` have the merged ids; `ids` gives those of each side's rows that have
    another id there, and `back` the keys that these have themselves.
    """

    full: Sides
    counted: Sides
    ids: tuple[Ids, Ids]
    back: tuple[Mapping[Key, Key], Mapping[Key, Key]]
    rows: Edits

    def own_key(self, side: int, key: Key) -> Key | None:
        """The key that a side has a row of the merge under; None where it has no such row."""
        return self.back[side].get(key, None if key in self.ids[side] else key)

    def version(self, side: int, key: Key, row: Row | None) -> Row | None:
        """A row of the merge, `row`, as a side has it itself; None where it has not."""
        own = self.own_key(side, key)
        if own is None:
            return None
        if own in self.full.edits[side]:
            return self.full.edits[side][own]
        other = self.own_key(1 - side, key)
        edited = other is not None and other in self.full.edits[1 - side]
        return self.full.base.get(own) if edited else row


#: What both sides did to each table, by layer ("" for none) and name.
Full = Mapping[tuple[str, str], Sides]


@dataclass(frozen=True)
class Attempt:
    """A merge that may have lost something: what was done by table, and what came of it."""

    versions: Versions
    tables: Mapping[tuple[str, str], Table]
    corpus: Corpus
    conflicts: Sequence[Conflict]


@dataclass(frozen=True)
class Break:
    """What does not fit, in words, and the edits to leave out so that it does: whose, of what."""

    conflict: Conflict
    leave: tuple[tuple[int, Place], ...]


def place(layer: str, table: str, key: Key) -> Place:
    """The place of one row."""
    if table == "documents":
        return layer, table, key[0], ""
    return (layer, table, "", key[0]) if table == "actors" else (layer, table, key[0], key[1])


def is_left_out(out: set[Place], layer: str, table: str, key: Key) -> bool:
    """Whether an edit of that row does not count."""
    row = place(layer, table, key)
    wider = (layer, "", row[2], ""), (layer, "", "", ""), ("", "", row[2], "")
    return row in out or ("", table, "", "") in out or any(each in out for each in wider)


def sides(ours: Delta, theirs: Delta, key: Key) -> Sides:
    """What both sides did to a table of which `key` names the columns that tell rows apart."""
    base: dict[Key, Row] = {}
    edits: tuple[Edits, Edits] = ({}, {})
    for mine, delta in zip(edits, (ours, theirs), strict=True):
        for rows, known in ((delta.removed, True), (delta.old, True), (delta.added, False)):
            for row in rows.to_pylist():
                at = tuple(row[name] for name in key)
                mine[at] = None if known else row
                if known:
                    base[at] = row
        mine |= {tuple(row[name] for name in key): row for row in delta.new.to_pylist()}
    return Sides(base, edits)


def counted(full: Sides, out: LeftOut, layer: str, table: str) -> Sides:
    """What of it counts."""
    if not any(out):
        return full
    ours, theirs = (
        {key: row for key, row in mine.items() if not is_left_out(left, layer, table, key)}
        for mine, left in zip(full.edits, out, strict=True)
    )
    return Sides(full.base, (ours, theirs))


def reconciled(
    base: Layer, tables: Mapping[str, Sides]
) -> dict[str, tuple[Sides, tuple[Ids, Ids]]]:
    """The sides' edits with ids for new rows that do not clash, and with what refers to them."""
    found: dict[str, tuple[Sides, tuple[Ids, Ids]]] = {}
    entities: tuple[Ids, Ids] = ({}, {})
    for name, side in tables.items():
        ours, theirs = (
            {k: row and followed(row, REFERENCES.get(name, ()), ids) for k, row in mine.items()}
            for mine, ids in zip(side.edits, entities, strict=True)
        )
        new = _new(ours, side.base), _new(theirs, side.base)
        docs = pa.array(sorted({k[0] for k in new[0]} & {k[0] for k in new[1]}), pa.string())
        known = base.table(name).filter(pc.is_in(base.table(name)["doc"], docs))
        taken = zip(known["doc"].to_pylist(), known["id"].to_pylist(), strict=True)
        ids = reconcile(name, new[0], new[1], taken)
        both = _renumbered(ours, new[0], ids[0]), _renumbered(theirs, new[1], ids[1])
        found[name] = Sides(side.base, both), ids
        if name == "entities":
            entities = ids
    return found


def _new(edits: Edits, base: Mapping[Key, Row]) -> dict[Key, Row]:
    return {key: row for key, row in edits.items() if row is not None and key not in base}


def _renumbered(edits: Edits, new: Mapping[Key, Row], ids: Ids) -> Edits:
    found = {key: row for key, row in edits.items() if key not in new}
    for key, row in new.items():
        id = ids.get(key, key[1])
        found[key[0], id] = {**row, "id": id}
    return found


def spans(table: str, row: Row) -> list[tuple[int, int, str]]:
    """The begin, end and text of each span of a row."""
    found = [span for column in schema.SPAN_COLUMNS[table] for span in row[column] or ()]
    found = [row] if table == "entities" and not found else found
    return [(span["begin"], span["end"], span["text"]) for span in found]


def referred(table: str, row: Row | None) -> list[str]:
    """The ids that a row refers to."""
    found: list[str] = []
    for column in REFERENCES.get(table, ()) if row else ():
        said = (row or {})[column]
        found += said if isinstance(said, list) else [said] if said else []
    return found


def words_of_left_out(name: str, other: str, version: object) -> str:
    """What is said of an edit that does not count."""
    return f"{name} was left out" if version is None else f"{name} is as {other} has it"

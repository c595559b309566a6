"""What annotations need (entities, actors, documents, labels), and what of that a merge has lost.

One side removed it, and the other's new or changed annotations need it: that is a conflict. Either
it is kept, by leaving out that it was removed, or what needs it is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.changes import Row
from samarkand.corpus import Corpus
from samarkand.diff import REFERENCES
from samarkand.labels import RelationType
from samarkand.merge import edits
from samarkand.merge.edits import SIDES, Attempt, Break, LeftOut, Place, Table
from samarkand.merge.labels import elements
from samarkand.merge.labels import place as label_place
from samarkand.merge.three_way import Conflict, named, taken
from samarkand.text import Mask

#: What the value of a column must be among, by table; those of REFERENCES are entities too.
COLUMNS: dict[str, dict[str, str]] = {
    "actors": {"country": "actor"},
    "entities": {"doc": "document", "label": "label", "actor": "actor"},
    "relations": {"doc": "document", "label": "relation type", "status": "status"},
    "stances": {"doc": "document", "target": "proposition", "act": "act", "status": "status"}
    | {"polarity": "polarity"},
}
#: Kinds of which everything is allowed where the label schema lists none.
FREE = ("attribute", "act", "status", "polarity")
#: How an annotation needs something of a kind; the others it "has".
VERBS = dict.fromkeys(("entity", "actor", "proposition"), "refers to") | {"document": "is in"}

Known = Mapping[str, set[Any]]
Need = tuple[str, Any]


@dataclass(frozen=True)
class User:
    """What needs something: where it stands, what it is called, as it is in the base and sides."""

    layer: str
    table: str
    key: tuple[str, ...]
    name: str
    base: Any
    versions: tuple[Any, Any]


def breaks(attempt: Attempt, prefer: str) -> Iterator[Break]:
    """What needs something that is not in the merge, and is in the side that it comes from."""
    base, ours, theirs, now = map(_known, (*attempt.versions, attempt.corpus))
    lost = {kind: (base[kind] | ours[kind] | theirs[kind]) - now[kind] for kind in base}
    lost |= {kind: set() for kind in FREE if not now[kind]}
    for user, needed in (*_types(attempt, lost), *_rows(attempt, lost)):
        for kind, what in needed:
            uses = [(kind, what) in needs(user.table, version) for version in user.versions]
            if kind == "entity":
                entities = attempt.tables[user.layer, "entities"].full
                has = [e.get(what, what) is not None for e in entities.edits]
            else:
                has = [what in side[kind] for side in (ours, theirs)]
            if any(u and not h for u, h in zip(uses, has, strict=True)):
                continue  # a fault of that side's own
            there = kind == "entity" or what in base[kind]
            gone = [side for side in (0, 1) if not has[side]]
            if any(uses) and (not there or not gone or prefer in [SIDES[side] for side in gone]):
                yield _given_up(attempt, user, (kind, what), uses.index(True), there and bool(gone))
            elif there and gone:
                yield _kept(attempt, user, (kind, what), gone, prefer)


def needs(table: str, row: Any) -> set[Need]:
    """What a row needs; none where there is no row."""
    if isinstance(row, RelationType):
        types = (*row.head, *row.tail, *row.object)
        return {("label", name.removesuffix("+actor")) for name in types}
    if row is None:
        return set()
    found = {(kind, row[column]) for column, kind in COLUMNS[table].items()}
    found |= {("entity", (row["doc"], id)) for id in edits.referred(table, row)}
    if table == "entities":
        found |= {("attribute", pair["name"]) for pair in row["attributes"]}
    return {need for need in found if need[1] is not None}


def _known(corpus: Corpus) -> dict[str, set[Any]]:
    """What annotations may need of a corpus, by kind, but for entities."""
    found: dict[str, set[Any]] = {
        "document": set(corpus.documents["doc"].to_pylist()),
        "actor": set(corpus.actors["actor"].to_pylist()),
    }
    found |= {kind: set() for kind in ("label", "relation type", "proposition", *FREE)}
    for kind, name in elements(corpus.labels):
        if kind in found:
            found[kind].add(name)
    return found


def _types(attempt: Attempt, lost: Known) -> Iterator[tuple[User, list[Need]]]:
    """The relation types that need a label that is lost."""
    for kind in attempt.corpus.labels.relations:
        found = [need for need in needs("", kind) if need[1] in lost["label"]]
        if found:
            base, *sides = (each.labels.relation(kind.name) for each in attempt.versions)
            words = f"relation type {kind.name}"
            key = ("relation type", kind.name)
            yield User("", "labels", key, words, base, (sides[0], sides[1])), sorted(found)


def _rows(attempt: Attempt, lost: Known) -> Iterator[tuple[User, list[Need]]]:
    """The rows that need something that is lost."""
    for (layer, name), table in attempt.tables.items():
        if name not in COLUMNS or (layer and layer not in attempt.corpus.layers):
            continue
        found = attempt.corpus.layers[layer].table(name) if layer else attempt.corpus.actors
        gone: set[Any] = set()
        if name in REFERENCES:
            entities = attempt.tables[layer, "entities"].rows
            gone = {key for key, row in entities.items() if row is None}
        missing = {**lost, "entity": gone}
        for row in _candidates(found, name, missing).to_pylist():
            key = (row["doc"], row["id"]) if layer else (row["actor"],)
            wanted = [need for need in needs(name, row) if need[1] in missing[need[0]]]
            if wanted:
                versions = table.version(0, key, row), table.version(1, key, row)
                base = table.full.base.get(key)
                user = User(layer, name, key, named(name, row), base, versions)
                yield user, sorted(wanted, key=repr)


def _candidates(rows: pa.Table, name: str, lost: Known) -> pa.Table:
    """The rows that may need something that is lost: quicker than to look at each."""
    found = np.zeros(len(rows), np.bool_)
    if lost["entity"]:
        found |= _among(rows["doc"], {doc for doc, _ in lost["entity"]})
    for column, kind in COLUMNS[name].items():
        if lost[kind]:
            found |= _among(rows[column], lost[kind])
    if name == "entities" and lost["attribute"]:
        found |= np.asarray(pc.list_value_length(rows["attributes"])) > 0
    return rows.filter(pa.array(found))


def _among(column: pa.ChunkedArray, wanted: set[Any]) -> Mask:
    return np.asarray(pc.is_in(column, pa.array(sorted(wanted), column.type)))


def _kept(attempt: Attempt, user: User, need: Need, gone: list[int], prefer: str) -> Break:
    """What was removed is kept, since something needs it."""
    kind, what = need
    verb = VERBS.get(kind, "has")
    name, place, table = _need(attempt, user.layer, need)
    who, whose = "both sides", "the base"
    if len(gone) == 1:
        who, whose = SIDES[gone[0]], SIDES[1 - gone[0]]
    words = f"{who} removed {name}, which {user.name} of {whose} {verb}; {taken(prefer)}it was kept"
    rows: tuple[Row | None, Row | None, Row | None] = None, None, None
    if table is not None:
        key = what if kind == "entity" else (what,)
        base = table.full.base.get(key)
        ours, theirs = (mine.get(key, base) for mine in table.full.edits)
        rows = base, ours, theirs
    doc = user.key[0] if user.layer else ""
    id = "" if kind == "document" else str(what[1] if kind == "entity" else what)
    conflict = Conflict(user.layer, place[1] or "documents", doc, id, (), *rows, words)
    return Break(conflict, tuple((side, place) for side in gone))


def _given_up(attempt: Attempt, user: User, need: Need, side: int, removed: bool) -> Break:
    """What needs something that is not there is left out."""
    name, _, _ = _need(attempt, user.layer, need)
    verb = VERBS.get(need[0], "has")
    other = SIDES[1 - side]
    words = f"{user.name} of {SIDES[side]} {verb} {name}, which was left out; "
    if removed:
        words = f"{other} removed {name}, which {user.name} of {SIDES[side]} {verb}; "
        words += taken(other)
    words += edits.words_of_left_out(user.name, other, user.versions[1 - side])
    if user.table == "labels":
        where = Conflict("", "labels", "", user.key[1], (), None, None, None, words)
        return Break(where, ((side, label_place(*user.key)),))
    table = attempt.tables[user.layer, user.table]
    place = edits.place(user.layer, user.table, table.own_key(side, user.key) or user.key)
    if need[0] == "document":
        place = user.layer, "", user.key[0], ""
    doc, id = place[2], user.key[-1]
    found = Conflict(user.layer, user.table, doc, id, (), user.base, *user.versions, words)
    return Break(found, ((side, place),))


def _need(attempt: Attempt, layer: str, need: Need) -> tuple[str, Place, Table | None]:
    """What is needed: in words, its place, and the table that it is a row of."""
    kind, what = need
    if kind == "entity":
        table = attempt.tables[layer, "entities"]
        name = named("entities", table.full.base[what])
        return name, edits.place(layer, "entities", what), table
    words = f"{kind} {what}"
    if kind == "document":
        return words, edits.of_document(what), attempt.tables["", "documents"]
    if kind == "actor":
        return words, edits.place("", "actors", (what,)), attempt.tables["", "actors"]
    return words, label_place(kind, what), None


def orphans(attempt: Attempt, out: LeftOut) -> Iterator[Break]:
    """What refers to an entity that its own side added and that was left out."""
    for layer in {layer for layer, _ in attempt.tables if layer}:
        entities = attempt.tables[layer, "entities"].full
        for side, left in enumerate(out):
            gone = {
                key: row
                for key, row in (entities.edits[side].items() if left else ())
                if key not in entities.base and edits.is_left_out(left, layer, "entities", key)
            }
            for name in REFERENCES if gone else ():
                for key, row in sorted(attempt.tables[layer, name].full.edits[side].items()):
                    if row is None or edits.is_left_out(left, layer, name, key):
                        continue
                    for id in edits.referred(name, row):
                        if (key[0], id) in gone:
                            yield _orphan(attempt, (layer, name), key, side, gone[key[0], id])
                            break


def _orphan(
    attempt: Attempt, at: tuple[str, str], key: tuple[str, ...], side: int, entity: Row | None
) -> Break:
    layer, name = at
    full = attempt.tables[at].full
    base, rows = full.base.get(key), [mine.get(key, full.base.get(key)) for mine in full.edits]
    who = named(name, rows[side])
    words = f"{who} of {SIDES[side]} refers to {named('entities', entity)}, which was left out; "
    words += edits.words_of_left_out(who, SIDES[1 - side], rows[1 - side])
    found = Conflict(layer, name, key[0], key[1], (), base, rows[0], rows[1], words)
    return Break(found, ((side, edits.place(layer, name, key)),))

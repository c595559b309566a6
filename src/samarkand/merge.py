"""Three-way merge of annotations: what either side changed since the base, and where they disagree.

Laws: merge(b, b, x) is x, merge(b, x, x) is x, and the sides may be exchanged. Rows are merged
column by column (see `three_way`); what both sides added gets ids that do not clash (`reconcile`).
A relation or stance keeps what it refers to: removing an entity that the other side's relation
needs is a conflict, not a dangling reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import match, schema
from samarkand.changes import Row
from samarkand.corpus import Corpus, Layer, table
from samarkand.diff import KEYS, REFERENCES, Delta, Diff, LayerDiff, diff, layers
from samarkand.errors import SamarkandError
from samarkand.reconcile import Ids, Key, followed, reconcile
from samarkand.three_way import Conflict, by_field, combine, named, whole

#: What one side did to rows of one table: the new row, None for one that is removed.
Edits = dict[Key, Row | None]

SIDES = ("ours", "theirs")
ROW = ("doc", "id")
_NO_LAYER = layers(None, None)


@dataclass(frozen=True, eq=False)
class Merged:
    """The merged corpus, and the conflicts: what is in conflict is in it as their words say."""

    corpus: Corpus
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True)
class Sides:
    """One table: the rows of the base that were edited, and what each side did to them."""

    base: dict[Key, Row]
    edits: tuple[Edits, Edits]


def merge(base: Corpus, ours: Corpus, theirs: Corpus, prefer: str = "") -> Merged:
    """What either side changed since the base, in one corpus; conflicts as data.

    `prefer` is "ours" or "theirs" for rows in conflict to be as that side has them.
    """
    for side, corpus in (("the base", base), *zip(SIDES, (ours, theirs), strict=True)):
        _no_repeats(side, corpus)
    changes = diff(base, ours), diff(base, theirs)
    conflicts: list[Conflict] = []
    documents = _sides(changes[0].documents, changes[1].documents, KEYS["documents"])
    left_out = _torn(documents, conflicts)
    texts = _new_texts(documents)
    _needed(documents, changes, left_out)
    actors = _sides(changes[0].actors, changes[1].actors, KEYS["actors"])
    found: dict[str, Layer] = {}
    touched: list[set[str]] = [set(), set()]  # documents that each side annotated
    for name in sorted({*base.layers, *ours.layers, *theirs.layers}):
        both = [side.layers.get(name, _NO_LAYER) for side in changes]
        old = base.layers.get(name)
        merged = _layer(name, old, both, left_out, texts, touched, conflicts, prefer)
        if merged is not None:
            found[name] = merged
    edits = _rows("", "documents", documents, conflicts, prefer)
    _restore_documents(documents, edits, touched, conflicts)
    actor_edits = _rows("", "actors", actors, conflicts, prefer)
    corpus = Corpus(
        _edited(base.documents, schema.DOCUMENTS, edits, KEYS["documents"]),
        whole("the label schema", base.labels, ours.labels, theirs.labels, conflicts),
        _edited(base.actors, schema.ACTORS, actor_edits, KEYS["actors"]),
        found,
        by_field("", "corpus.toml", base.about, ours.about, theirs.about, conflicts),
    )
    return Merged(corpus, tuple(conflicts))


def _no_repeats(side: str, corpus: Corpus) -> None:
    """Errors: SamarkandError for two annotations of one id: which of them is meant is not known."""
    for layer in corpus.layers.values():
        for name in schema.TABLES:
            keys = pc.binary_join_element_wise(*layer.table(name).select(["doc", "id"]), "/")
            if len(keys.unique()) < len(keys):
                counts = keys.value_counts().to_pylist()
                twice = next(each["values"] for each in counts if each["counts"] > 1)
                hint = "give each an id of its own"
                raise SamarkandError(f"{side} has {twice} twice in {layer.name}; {hint}")


def _sides(ours: Delta, theirs: Delta, key: Key, left_out: Sequence[set[str]] = ()) -> Sides:
    """`left_out` are documents of which a side's edits do not count."""
    base: dict[Key, Row] = {}
    edits: tuple[Edits, Edits] = ({}, {})
    for place, delta in enumerate((ours, theirs)):
        passed = left_out[place] if left_out else ()
        mine = edits[place]
        for rows, known in ((delta.removed, True), (delta.old, True), (delta.added, False)):
            for row in rows.to_pylist():
                if row.get("doc") not in passed:
                    at = tuple(row[name] for name in key)
                    mine[at] = None if known else row
                    if known:
                        base[at] = row
        for row in delta.new.to_pylist():
            if row.get("doc") not in passed:
                mine[tuple(row[name] for name in key)] = row
    return Sides(base, edits)


def _torn(documents: Sides, conflicts: list[Conflict]) -> tuple[set[str], set[str]]:
    """Documents of which both sides have another text: those of each side that do not count."""
    out: tuple[set[str], set[str]] = (set(), set())
    ours, theirs = documents.edits
    for key in sorted(ours.keys() & theirs.keys()):
        base, mine, other = documents.base.get(key), ours[key], theirs[key]
        if mine is None or other is None or mine["text"] == other["text"]:
            continue
        if base is None:
            out[int(mine["text"] < other["text"])].add(key[0])
            words = "both sides added this document, with different texts; one of them was kept"
        elif base["text"] in (mine["text"], other["text"]):
            continue
        else:
            for side in out:
                side.add(key[0])
            words = "both sides changed the text; it and its annotations were kept as they were"
        conflicts.append(Conflict("", "documents", key[0], "", ("text",), base, mine, other, words))
        for side, edits in zip(out, documents.edits, strict=True):
            if key[0] in side:
                del edits[key]
    return out


def _needed(documents: Sides, changes: Sequence[Diff], left_out: tuple[set[str], set[str]]) -> None:
    """A document that one side removed and the other annotated stays, with its annotations."""
    for place, edits in enumerate(documents.edits):
        removed = {key[0] for key, row in edits.items() if row is None}
        deltas = [d for side in changes[1 - place].layers.values() for d in side.tables.values()]
        parts = [part["doc"] for delta in deltas for part in (delta.added, delta.new)]
        left_out[place].update(removed & {doc for part in parts for doc in part.to_pylist()})


def _new_texts(documents: Sides) -> tuple[dict[str, str], dict[str, str]]:
    """The texts that each side alone has changed, by document."""
    ours, theirs = (
        {
            key[0]: row["text"]
            for key, row in edits.items()
            if row and key in documents.base and row["text"] != documents.base[key]["text"]
        }
        for edits in documents.edits
    )
    both = ours.keys() & theirs.keys()
    return tuple({d: t for d, t in side.items() if d not in both} for side in (ours, theirs))  # type: ignore[return-value]


def _off_the_text(
    layer: str,
    name: str,
    sides: Sides,
    rows: Edits,
    texts: Sequence[Mapping[str, str]],
    conflicts: list[Conflict],
) -> None:
    """Find what one side annotated in a text that the other changed, so that it is off."""
    for place, changed in enumerate(texts):
        for key in sorted(key for key in sides.edits[1 - place] if key[0] in changed):
            row, text = rows.get(key), changed[key[0]]
            for span in _spans(name, row) if row else ():
                there = text[span["begin"] : span["end"]]
                if there != span["text"]:
                    words = (
                        f"{SIDES[place]} changed the text; {named(name, row)} of "
                        f"{SIDES[1 - place]} says {span['text']!r} but {span['begin']}-"
                        f"{span['end']} of it is {there!r}; it was kept as it is"
                    )
                    base, (ours, theirs) = sides.base.get(key), (e.get(key) for e in sides.edits)
                    found = Conflict(layer, name, key[0], key[1], (), base, ours, theirs, words)
                    conflicts.append(found)
                    break


def _spans(name: str, row: Row) -> list[Row]:
    """The spans of a row."""
    found = [span for column in schema.SPAN_COLUMNS[name] for span in row[column] or ()]
    return [row] if name == "entities" and not found else found


def _layer(
    name: str,
    base: Layer | None,
    changes: Sequence[LayerDiff],
    left_out: Sequence[set[str]],
    texts: Sequence[Mapping[str, str]],
    touched: Sequence[set[str]],
    conflicts: list[Conflict],
    prefer: str,
) -> Layer | None:
    """One layer, None where there is none.

    `left_out`: documents of which a side's edits do not count; `texts`: those that a side alone
    has changed; `touched` is told which documents each side annotated.
    """
    there = [side.there[1] for side in changes]
    if not any(there):
        return None
    if not all(there) and base is not None:
        gone = there.index(False)
        if not changes[1 - gone]:
            return None
        words = f"{SIDES[gone]} removed this layer, {SIDES[1 - gone]} changed it; it was kept"
        conflicts.append(Conflict(name, "", "", "", (), None, None, None, words))
        changes = [layers(base, base) if place == gone else changes[place] for place in (0, 1)]
    old = base or Layer(name)
    both = [side.tables for side in changes]
    sides = {name: _sides(both[0][name], both[1][name], ROW, left_out) for name in schema.TABLES}
    for place in (0, 1):
        for side in sides.values():
            touched[place].update(key[0] for key, row in side.edits[place].items() if row)
    sides = _reconciled(old, sides)
    rows = {kind: _rows(name, kind, side, conflicts, prefer) for kind, side in sides.items()}
    _restore_entities(name, sides, rows, conflicts)
    for kind, edits in rows.items():
        _off_the_text(name, kind, sides[kind], edits, texts, conflicts)
    made = [side.provenance[1] for side in changes]
    provenance = by_field(name, "provenance", old.provenance, made[0], made[1], conflicts)
    tables = {k: _edited(old.table(k), wanted, rows[k], ROW) for k, wanted in schema.TABLES.items()}
    return Layer(name, **tables, provenance=provenance)


def _reconciled(base: Layer, sides: Mapping[str, Sides]) -> dict[str, Sides]:
    """The sides' edits with ids for new rows that do not clash, and with what refers to them."""
    found: dict[str, Sides] = {}
    entities: tuple[Ids, Ids] = ({}, {})
    for name, side in sides.items():
        ours, theirs = (
            {k: row and followed(row, REFERENCES.get(name, ()), ids) for k, row in mine.items()}
            for mine, ids in zip(side.edits, entities, strict=True)
        )
        new = _new(ours, side.base), _new(theirs, side.base)
        docs = pa.array(sorted({k[0] for k in new[0]} & {k[0] for k in new[1]}), pa.string())
        known = base.table(name).filter(pc.is_in(base.table(name)["doc"], docs))
        taken = zip(known["doc"].to_pylist(), known["id"].to_pylist(), strict=True)
        ids = reconcile(name, new[0], new[1], taken)
        found[name] = Sides(
            side.base,
            (_renumbered(ours, new[0], ids[0]), _renumbered(theirs, new[1], ids[1])),
        )
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


def _rows(layer: str, name: str, sides: Sides, conflicts: list[Conflict], prefer: str) -> Edits:
    """What is to be done to the base's rows."""
    ours, theirs = sides.edits
    merged: Edits = {**ours, **theirs}
    for key in sorted(ours.keys() & theirs.keys()):
        three = sides.base.get(key), ours[key], theirs[key]
        merged[key], found = combine(layer, name, *three, prefer)
        conflicts += found
    return merged


def _restore_entities(
    layer: str, sides: Mapping[str, Sides], rows: Mapping[str, Edits], conflicts: list[Conflict]
) -> None:
    """Take back the removal of entities that rows of the side that did not remove them need."""
    removed = {key for key, row in rows["entities"].items() if row is None}
    for name, columns in REFERENCES.items():
        for key, row in sorted(rows[name].items()):
            for id in _referred(row, columns):
                at = (key[0], id)
                for place in (0, 1):
                    gone = sides["entities"].edits[place].get(at, row) is None
                    mine = sides[name].edits[place].get(key, sides[name].base.get(key))
                    if at in removed and gone and id not in _referred(mine, columns):
                        removed.discard(at)
                        entity = sides["entities"].base[at]
                        del rows["entities"][at]
                        words = (
                            f"{SIDES[place]} removed {named('entities', entity)}, which "
                            f"{named(name, row)} of {SIDES[1 - place]} refers to; it was kept"
                        )
                        ours, theirs = (e.get(at, entity) for e in sides["entities"].edits)
                        conflicts.append(
                            Conflict(layer, "entities", *at, (), entity, ours, theirs, words)
                        )


def _referred(row: Row | None, columns: Sequence[str]) -> list[str]:
    """The ids that a row refers to."""
    found: list[str] = []
    for column in columns if row else ():
        said = (row or {})[column]
        found += said if isinstance(said, list) else [said] if said else []
    return found


def _restore_documents(
    documents: Sides, edits: Edits, touched: Sequence[set[str]], conflicts: list[Conflict]
) -> None:
    """Take back the removal of documents that the other side has annotated since."""
    for key in sorted(key for key, row in edits.items() if row is None):
        for place in (0, 1):
            if documents.edits[place].get(key, key) is None and key[0] in touched[1 - place]:
                base = documents.base[key]
                ours, theirs = (side.get(key, base) for side in documents.edits)
                words = f"{SIDES[place]} removed this document, {SIDES[1 - place]} annotated it; "
                words += "it was kept"
                conflicts.append(
                    Conflict("", "documents", key[0], "", (), base, ours, theirs, words)
                )
                edits.pop(key, None)


def _edited(rows: pa.Table, wanted: pa.Schema, edits: Edits, key: Key) -> pa.Table:
    """A table with the edits made, in no order."""
    if not edits:
        return rows
    columns = [pa.array(values, pa.string()) for values in zip(*edits, strict=True)]
    _, places = match.by_key(pa.table(columns, names=list(key)), rows, *key)
    kept = rows.take(pa.array(np.delete(np.arange(len(rows)), places)))
    return pa.concat_tables([kept, table(wanted, [row for row in edits.values() if row])])

"""Three-way merge of annotations: what either side changed since the base, and where they disagree.

Laws: merge(b, b, x) is x, merge(b, x, x) is x, and the sides may be exchanged, but for the order
of lines and labels that both appended. Rows are merged column by column (see `three_way`); what
both sides added gets ids that do not clash (`reconcile`). What one side removed and the other
needs is a conflict (`needs`): a merge is tried, what does not fit is settled by leaving out an edit
of one side (`edits`), and it is tried again. Where a side is preferred, only edits of the other are
left out, until `check` finds no error that neither side has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import match, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.diff import KEYS, Diff, diff, layers
from samarkand.errors import SamarkandError
from samarkand.merge import edits, faults, needs, off_text, torn
from samarkand.merge import labels as merge_labels
from samarkand.merge.edits import (
    ROW,
    SIDES,
    Attempt,
    Break,
    Edits,
    Full,
    LeftOut,
    Sides,
    Table,
    Versions,
)
from samarkand.merge.reconcile import Key
from samarkand.merge.three_way import Conflict, by_field, combine

_NO_LAYER = layers(None, None)


@dataclass(frozen=True, eq=False)
class Merged:
    """The merged corpus, and the conflicts: what is in conflict is in it as their words say."""

    corpus: Corpus
    conflicts: tuple[Conflict, ...]


def merge(base: Corpus, ours: Corpus, theirs: Corpus, prefer: str = "") -> Merged:
    """What either side changed since the base, in one corpus; conflicts as data.

    `prefer` is "ours" or "theirs": then every conflict is decided by what that side has, and the
    merge has no error that neither side has. Errors: SamarkandError for rows of one id.
    """
    versions = base, ours, theirs
    for side, corpus in zip(("the base", *SIDES), versions, strict=True):
        _no_repeats(side, corpus)
    changes = diff(base, ours), diff(base, theirs)
    full = _full(changes)
    out: LeftOut = (set(), set())
    conflicts: list[Conflict] = []
    _settle((*torn.documents(full, prefer), *torn.layers(changes, prefer)), out, conflicts)
    known = faults.known(ours, theirs) if prefer else []
    while True:
        attempt = _attempt(versions, full, out, prefer)
        broken = [*needs.orphans(attempt, out), *needs.breaks(attempt, prefer)]
        off = list(off_text.breaks(attempt, prefer))
        if _settle([*broken, *off], out, conflicts):
            continue
        if not prefer:
            conflicts += [each.conflict for each in off]
            break
        if not _settle(faults.new(attempt, known, out, SIDES.index(prefer)), out, conflicts):
            break
    return Merged(attempt.corpus, (*conflicts, *attempt.conflicts))


def _settle(found: Iterable[Break], out: LeftOut, conflicts: list[Conflict]) -> bool:
    """Leave out what is to be left out; whether any of that is new."""
    more = False
    for each in found:
        new = [(side, place) for side, place in each.leave if place not in out[side]]
        for side, place in new:
            out[side].add(place)
        if new:
            conflicts.append(each.conflict)
            more = True
    return more


def _no_repeats(side: str, corpus: Corpus) -> None:
    """Errors: SamarkandError for two rows of one id: which of them is meant is not known."""
    own = {"documents": corpus.documents, "actors": corpus.actors}
    tables: list[tuple[str, pa.Table, Key]] = [(name, own[name], KEYS[name]) for name in own]
    tables += [(layer.name, t, ROW) for layer in corpus.layers.values() for t in layer.tables()]
    for where, rows, key in tables:
        ids = pc.binary_join_element_wise(*rows.select(list(key)), "/")
        if len(ids.unique()) < len(ids):
            counts = ids.value_counts().to_pylist()
            twice = next(each["values"] for each in counts if each["counts"] > 1)
            hint = "give each an id of its own"
            raise SamarkandError(f"{side} has {twice} twice in {where}; {hint}")


def _full(changes: tuple[Diff, Diff]) -> Full:
    """What both sides did to each table."""
    ours, theirs = changes
    found: dict[tuple[str, str], Sides] = {
        ("", "documents"): edits.sides(ours.documents, theirs.documents, KEYS["documents"]),
        ("", "actors"): edits.sides(ours.actors, theirs.actors, KEYS["actors"]),
    }
    for layer in sorted({*ours.layers, *theirs.layers}):
        mine, other = (side.layers.get(layer, _NO_LAYER).tables for side in changes)
        found |= {
            (layer, name): edits.sides(mine[name], other[name], ROW) for name in schema.TABLES
        }
    return found


def _attempt(versions: Versions, full: Full, out: LeftOut, prefer: str) -> Attempt:
    """The merge without what is left out."""
    base, *sides = versions
    for side, left in zip(sides, reversed(out), strict=True):
        if edits.EVERYTHING in left:
            return Attempt(versions, {}, side, ())
    conflicts: list[Conflict] = []
    tables: dict[tuple[str, str], Table] = {}
    found: dict[str, Layer] = {}
    for layer in sorted({layer for layer, _ in full if layer}):
        three = _versions_of(layer, versions, out)
        if three[0] is None or None not in three:
            made = _tables(layer, three[0] or Layer(layer), full, out, prefer, conflicts)
            tables |= {(layer, name): table for name, table in made.items()}
            found[layer] = _layer(layer, three, made, prefer, conflicts)
    for name in KEYS:
        some = edits.counted(full["", name], out, "", name)
        rows = _rows("", name, some, conflicts, prefer)
        tables["", name] = Table(full["", name], some, ({}, {}), ({}, {}), rows)
    corpus = Corpus(
        _edited(base.documents, schema.DOCUMENTS, tables["", "documents"].rows, KEYS["documents"]),
        merge_labels.merged([each.labels for each in versions], out, prefer, conflicts),
        _edited(base.actors, schema.ACTORS, tables["", "actors"].rows, KEYS["actors"]),
        found,
        by_field("", "corpus.toml", [each.about for each in versions], prefer, conflicts),
    )
    return Attempt(versions, tables, corpus, conflicts)


def _versions_of(name: str, versions: Versions, out: LeftOut) -> list[Layer | None]:
    """A layer in the base and on both sides, less what does not count; None where it is not."""
    base, *sides = (each.layers.get(name) for each in versions)
    place = edits.of_layer(name)
    counted = [base if place in left else mine for mine, left in zip(sides, out, strict=True)]
    return [base, *counted]


def _tables(
    layer: str, base: Layer, full: Full, out: LeftOut, prefer: str, conflicts: list[Conflict]
) -> dict[str, Table]:
    """The tables of a layer."""
    counted = {name: edits.counted(full[layer, name], out, layer, name) for name in schema.TABLES}
    found = {}
    for name, (sides, ids) in edits.reconciled(base, counted).items():
        back: list[dict[Key, Key]] = [{(k[0], id): k for k, id in mine.items()} for mine in ids]
        rows = _rows(layer, name, sides, conflicts, prefer)
        found[name] = Table(full[layer, name], sides, ids, (back[0], back[1]), rows)
    return found


def _layer(
    name: str,
    versions: Sequence[Layer | None],
    tables: Mapping[str, Table],
    prefer: str,
    conflicts: list[Conflict],
) -> Layer:
    old = versions[0] or Layer(name)
    made = [each.provenance if each else None for each in versions]
    return Layer(
        name,
        **{k: _edited(old.table(k), schema.TABLES[k], t.rows, ROW) for k, t in tables.items()},
        provenance=by_field(name, "provenance", made, prefer, conflicts),
    )


def _rows(layer: str, name: str, sides: Sides, conflicts: list[Conflict], prefer: str) -> Edits:
    """What is to be done to the base's rows."""
    ours, theirs = sides.edits
    merged: Edits = {**ours, **theirs}
    for key in sorted(ours.keys() & theirs.keys()):
        three = sides.base.get(key), ours[key], theirs[key]
        merged[key], found = combine(layer, name, *three, prefer)
        conflicts += found
    return merged


def _edited(rows: pa.Table, wanted: pa.Schema, edits: Edits, key: Key) -> pa.Table:
    """A table with the edits made, in no order."""
    if not edits:
        return rows
    columns = [pa.array(values, pa.string()) for values in zip(*edits, strict=True)]
    _, places = match.by_key(pa.table(columns, names=list(key)), rows, *key)
    kept = rows.take(pa.array(np.delete(np.arange(len(rows)), places)))
    return pa.concat_tables([kept, table(wanted, [row for row in edits.values() if row])])

"""Checks of annotations against the label schema, the actor table and the layer's provenance."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.checks.view import (
    Fault,
    LayerView,
    Rows,
    View,
    among,
    codes,
    numbered,
    rows_of,
    runs,
    show,
    valid,
)  # fmt: skip
from samarkand.corpus import KINDS
from samarkand.labels import Group, RelationType
from samarkand.schema import PROPOSITION
from samarkand.text import Ints, Mask, whole

ACTOR = "+actor"  # the end of an argument type that wants a mention with an actor


def unknown_label(view: View) -> Iterator[Fault]:
    """An entity or relation label that the label schema does not list."""
    wanted = {
        "entities": view.corpus.labels.labels,
        "relations": tuple(kind.name for kind in view.corpus.labels.relations),
    }
    for name, labels in wanted.items():
        for rows in view.tables(name):
            for row in rows_of(codes(rows.table["label"], labels) < 0):
                id, label = rows.value("id", row), rows.value("label", row)
                yield rows.fault(
                    row, f"{id} has the label {show(label)}, which the label schema does not list"
                )


def unknown_attribute(view: View) -> Iterator[Fault]:
    """An attribute of an entity that the label schema lists not, not with that value or label."""
    listed = {attribute.name: attribute for attribute in view.corpus.labels.attributes}
    for rows in view.tables("entities") if listed else ():
        lists = whole(rows.table["attributes"])
        sizes = pc.list_value_length(lists).to_numpy()
        owner = np.repeat(np.arange(len(sizes)), sizes)
        pairs = lists.flatten()
        name, value = numbered(pairs.field("name")), numbered(pairs.field("value"))
        keys = np.stack([name, value, numbered(rows.table["label"])[owner]], axis=1)
        distinct, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        for number, at in enumerate(first.tolist() if len(distinct) else ()):
            pair, label = pairs[at].as_py(), rows.value("label", owner[at])
            attribute = listed.get(pair["name"])
            if attribute is None:
                fault = f"has the attribute {show(pair['name'])}; wanted {among(listed)}"
            elif attribute.values and pair["value"] not in attribute.values:
                wanted = among(attribute.values)
                fault = f"has {pair['name']} {show(pair['value'])}; wanted {wanted}"
            elif attribute.labels and label not in attribute.labels:
                fault = (
                    f"is a {label} and has {pair['name']}, as only {among(attribute.labels)} may"
                )
            else:
                continue
            for row in owner[which.ravel() == number].tolist():
                yield rows.fault(row, f"{rows.value('id', row)} {fault}")


def unknown_actor(view: View) -> Iterator[Fault]:
    """A mention's actor, or an actor's country, that the actor table does not list."""
    if view.foreign:
        return
    actors = view.corpus.actors
    listed = whole(actors["actor"])
    for row in rows_of(valid(actors["country"]) & (codes(actors["country"], listed) < 0)):
        actor, country = actors["actor"][row].as_py(), actors["country"][row].as_py()
        message = f"the country of {actor} is {show(country)}, which is no actor here"
        yield Fault(message, table="actors", id=actor)
    for rows in view.tables("entities"):
        column = rows.table["actor"]
        for row in rows_of(valid(column) & (codes(column, listed) < 0)):
            id, actor = rows.value("id", row), rows.value("actor", row)
            yield rows.fault(
                row, f"{id} refers to the actor {show(actor)}, which the actor table does not list"
            )


def unknown_proposition(view: View) -> Iterator[Fault]:
    """A stance's target that is worded as a proposition, but is none of the label schema's."""
    listed = [name for name, _ in view.corpus.labels.propositions]
    for rows in view.tables("stances") if not view.foreign else ():
        target = rows.table["target"]
        named = np.asarray(pc.starts_with(target, PROPOSITION))
        for row in rows_of(named & (codes(target, listed) < 0)):
            id, name = rows.value("id", row), rows.value("target", row)
            yield rows.fault(
                row, f"the target of {id} is {show(name)}, which the label schema does not list"
            )


def argument_type(view: View) -> Iterator[Fault]:
    """A relation's head, tail or object that the label schema does not allow there."""
    kinds = [kind for kind in view.corpus.labels.relations if kind.head or kind.tail or kind.object]
    for layer in view.layers if kinds else ():
        entities, rows = layer.tables["entities"], layer.tables["relations"]
        labels = entities.table["label"].unique().to_pylist()
        entity = 2 * codes(entities.table["label"], labels) + valid(entities.table["actor"])
        kind = codes(rows.table["label"], [kind.name for kind in kinds])
        for side in ("head", "tail", "object"):
            argument = layer.arguments["relations", side]
            allowed = _allowed(kinds, side, labels)
            checked = np.flatnonzero((argument.entity >= 0) & (kind[argument.row] >= 0))
            row, named = argument.row[checked], argument.entity[checked]
            for at in rows_of(~allowed[kind[row], entity[named]]):
                yield _mistyped(layer, kinds[kind[row[at]]], side, int(row[at]), int(named[at]))


def _allowed(kinds: Sequence[RelationType], side: str, labels: Sequence[str]) -> Mask:
    """Which entities may stand there: shape (kinds, 2 per label: without and with an actor)."""
    allowed = np.zeros((len(kinds), 2 * max(len(labels), 1)), np.bool_)
    for number, kind in enumerate(kinds):
        types: tuple[str, ...] = getattr(kind, side)
        for place, label in enumerate(labels):
            free = label in types or (side != "object" and not types)
            allowed[number, 2 * place] = free
            allowed[number, 2 * place + 1] = free or label + ACTOR in types
    return allowed


def _mistyped(layer: LayerView, kind: RelationType, side: str, row: int, entity: int) -> Fault:
    entities, rows = layer.tables["entities"], layer.tables["relations"]
    id, label = entities.value("id", entity), entities.value("label", entity)
    types: tuple[str, ...] = getattr(kind, side)
    actor = " without an actor" if label + ACTOR in types else ""
    wanted = f"wanted {among(types)}" if types else f"{kind.name} has no {side}"
    return rows.fault(
        row, f"the {side} of {rows.value('id', row)} ({kind.name}) is {id}, a {label}{actor}; "
        f"{wanted}",
    )  # fmt: skip


def missing_evidence(view: View) -> Iterator[Fault]:
    """A relation without evidence, of a type for which the label schema says its arguments."""
    typed = [kind.name for kind in view.corpus.labels.relations if kind.head or kind.tail]
    for rows in view.tables("relations"):
        bare = np.asarray(pc.equal(pc.list_value_length(rows.table["evidence"]), 0))
        for row in rows_of(bare & (codes(rows.table["label"], typed) >= 0)):
            id, label = rows.value("id", row), rows.value("label", row)
            yield rows.fault(row, f"{id} ({label}) has no evidence; quote the words that say it")


def missing_cue(view: View) -> Iterator[Fault]:
    """A stance that is explicit, but has no cue."""
    for rows in view.tables("stances"):
        bare = pc.equal(pc.list_value_length(rows.table["cue"]), 0)
        for row in rows_of(pc.and_(bare, rows.table["explicit"].fill_null(False))):
            id = rows.value("id", row)
            yield rows.fault(row, f"{id} is explicit, but has no cue; quote the word that says it")


def polarity_off_scale(view: View) -> Iterator[Fault]:
    """A polarity that is not on the label schema's scale."""
    scale = [value for value, _ in view.corpus.labels.polarity] or list(range(-2, 3))
    for rows in view.tables("stances") if not view.foreign else ():
        column = rows.table["polarity"]
        on_scale = np.isin(column.fill_null(scale[0]).to_numpy(), scale)
        yield from _off_scale(rows, "polarity", ~on_scale, [f"{value:+}" for value in scale])


def act_off_scale(view: View) -> Iterator[Fault]:
    """An act that the label schema does not list, where it lists any."""
    yield from _unlisted(view, view.tables("stances"), "act", view.corpus.labels.acts)


def status_off_scale(view: View) -> Iterator[Fault]:
    """A status of a relation or stance that the label schema does not list, where it lists any."""
    for name in ("relations", "stances"):
        yield from _unlisted(view, view.tables(name), "status", view.corpus.labels.statuses)


def _unlisted(
    view: View, tables: Iterable[Rows], column: str, listed: Sequence[str]
) -> Iterator[Fault]:
    for rows in tables if listed and not view.foreign else ():
        given = rows.table[column]
        yield from _off_scale(rows, column, valid(given) & (codes(given, listed) < 0), listed)


def _off_scale(rows: Rows, column: str, mask: Mask, listed: Sequence[str]) -> Iterator[Fault]:
    for row in rows_of(mask):
        id, value = rows.value("id", row), rows.value(column, row)
        said = show(value) if isinstance(value, str) else value
        yield rows.fault(row, f"the {column} of {id} is {said}; wanted {among(listed)}")


def score_off_scale(view: View) -> Iterator[Fault]:
    """A score that is not a number from 0 to 1."""
    for rows in view.all_tables():
        scores = rows.table["score"].fill_null(0.0).to_numpy()
        for row in rows_of(~((scores >= 0) & (scores <= 1))):
            id, score = rows.value("id", row), rows.value("score", row)
            yield rows.fault(row, f"the score of {id} is {score}; wanted 0 to 1")


def one_form_two_labels(view: View) -> Iterator[Fault]:
    """A name that is annotated with two labels of one group in one layer: read it once more.

    Mentions with the attribute `mention` (pronouns, common nouns) are no names; the label schema's
    `homonyms` were read. Nobody rereads a model's layer, or one that an adjudicated one came of.
    """
    homonyms = pa.array([form for form, _ in view.corpus.labels.homonyms], pa.string())
    made = {layer.layer.name: layer.layer.provenance for layer in view.layers}
    adjudicated = [p.derived_from for p in made.values() if p and p.kind == "adjudicated"]
    done = {name for names in adjudicated for name in names.split(", ")}
    done |= {name for name, p in made.items() if p and p.kind == "model"}
    for layer in view.layers:
        if layer.layer.name in done:
            continue
        rows = layer.tables["entities"]
        lists = whole(rows.table["attributes"])
        owner = np.repeat(np.arange(len(lists)), pc.list_value_length(lists).to_numpy())
        marked = pc.equal(lists.flatten().field("name"), "mention")
        named = np.ones(len(lists), np.bool_)
        named[owner[np.asarray(marked.to_numpy(zero_copy_only=False))]] = False
        named &= ~np.asarray(pc.is_in(whole(rows.table["text"]), homonyms).to_numpy(False))
        encoded = whole(rows.table["text"]).dictionary_encode()
        form = np.asarray(encoded.indices.to_numpy()).astype(np.int64)
        for group in view.corpus.labels.groups:
            yield from _two_labels(rows, form, named, group)


def _two_labels(rows: Rows, form: Ints, named: Mask, group: Group) -> Iterator[Fault]:
    """One fault for each form, at the first mention that bears its rarest label."""
    label, size = codes(rows.table["label"], group.labels), len(group.labels)
    kept = np.flatnonzero((label >= 0) & named)
    keys, first, times = np.unique(
        form[kept] * size + label[kept], return_index=True, return_counts=True
    )
    edges = runs(keys // size)
    ends = np.append(edges[1:], len(keys))
    for a, b in zip(edges[ends - edges > 1], ends[ends - edges > 1], strict=True):
        row = int(kept[first[a:b][np.argmin(times[a:b])]])
        order = a + np.argsort(-times[a:b], kind="stable")
        counts = among(f"{group.labels[keys[at] % size]} ({times[at]})" for at in order)
        said = show(rows.value("text", row))
        yield rows.fault(row, f"{said} has several labels of the group '{group.name}': {counts}")


def layer_without_provenance(view: View) -> Iterator[Fault]:
    """A layer that does not say who or what made it, of which kind, and when."""
    for layer in view.layers:
        name, provenance = layer.layer.name, layer.layer.provenance
        if provenance is None:
            if not view.foreign:
                message = "no layer.toml says who or what made this layer, with what, and when"
                yield Fault(message, name, table="layer")
            continue
        if provenance.kind not in KINDS:
            message = f"kind {show(provenance.kind)}; wanted {among(KINDS)}"
            yield Fault(message, name, table="layer")
        if not provenance.annotator:
            yield Fault("annotator is empty; wanted who or what made it", name, table="layer")
        if not _is_date(provenance.date):
            message = f"date {show(provenance.date)}; wanted a date as in 2024-12-31"
            yield Fault(message, name, table="layer")


def _is_date(value: str) -> bool:
    try:
        datetime.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True

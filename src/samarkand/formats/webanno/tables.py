"""The annotations of WebAnno TSV files as rows of our tables.

A span is an entity, and so is a link of a chain. Links of slots, and what leads from one link of a
chain to the next, are relations. Of layers that are not ours, the label is the feature that is
called so, or the only one, or else the layer's name; the other features are attributes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from samarkand import lines
from samarkand.formats.webanno import header, own, say
from samarkand.formats.webanno.cells import ANY, RELATION, Reader, Relation, Span
from samarkand.formats.webanno.header import Column, short

#: Layers of words and syntax: a corpus of ours has no place for them.
_DKPRO = "de.tudarmstadt.ukp.dkpro.core.api."
_WORDS = tuple(
    f"{_DKPRO}{part}."
    for part in ("lexmorph", "segmentation", "syntax", "anomaly", "transform", "phonetics")
)
#: The layer that everybody uses, so that nobody needs to be told of it.
_USUAL = f"{_DKPRO}ner.type.NamedEntity"
#: The features that are the label: the first that a layer has.
_LABELS = ("value", "label", "entity", "type", "referenceType")


@dataclass(frozen=True)
class Tables:
    """The rows of all files, by table, and the document of each."""

    docs: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in own.LAYERS})
    rows: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in own.LAYERS})
    unread: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, doc: str, rows: Iterable[Any]) -> None:
        """Take the rows of a document."""
        for row in filter(None, rows):
            self.docs[name].append(doc)
            self.rows[name].append(row)


@dataclass(frozen=True)
class _File:
    """One file on its way into the tables. `ids`: of the spans that are entities."""

    reader: Reader
    text: str
    unread: Counter[str]
    ids: dict[Span, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Raw:
    """A relation without its id. `features`: of our layer; `row`: where it stands."""

    row: int
    ends: tuple[str, str]
    label: str
    attributes: dict[str, str]
    features: dict[str, str] | None = None


def add(reader: Reader, doc: str, text: str, tables: Tables) -> None:
    """Add what a file says of a document. What is wrong with it is a problem of the reader's."""
    found = reader.read()
    file = _File(reader, text, tables.unread)
    entities: list[Span] = []
    stances: list[Span] = []
    for span in found.spans.values():
        if not _counted(file, span):
            (stances if span.layer == own.STANCE else entities).append(span)
    chains = [
        (layer, [span for _, span in sorted(chain.items()) if not _counted(file, span)])
        for (layer, _), chain in found.chains.items()
    ]
    entities += [span for _, chain in chains for span in chain]
    given = [own.given_id(s.values) if s.layer == own.ENTITY else None for s in entities]
    ids = _ids(file, "T", given, [span.first for span in entities])
    file.ids.update(zip(entities, ids, strict=True))
    tables.add("entities", doc, (_entity(file, span) for span in entities))
    tables.add("relations", doc, _relations(file, found.relations, entities, chains))
    given = [own.given_id(span.values) for span in stances]
    ids = _ids(file, "S", given, [span.first for span in stances])
    tables.add("stances", doc, map(_stance, [file] * len(ids), stances, ids))


def _counted(file: _File, span: Span) -> bool:
    """Whether a span is only counted, because it is about words or covers no text."""
    if span.layer.startswith(_WORDS):
        file.unread[f"annotation of the layer {short(span.layer)}"] += 1
        return True
    rows = file.reader.rows
    empty = bool(rows.begin[span.first] == rows.end[span.last])
    if empty:
        file.unread["annotation that covers no text"] += 1
        file.unread[_unread_link(span)] += len(span.links)
    return empty


def _unread_link(span: Span) -> str:
    return f"link of the layer {short(span.layer)} with an end that is not read"


def _ids(file: _File, letter: str, given: list[str | None], rows: list[int]) -> list[str]:
    """The ids that are given; others take the lowest numbers free."""
    seen: set[str] = set()
    for id, row in zip(given, rows, strict=True):
        if id in seen:
            message = f"'{own.ID}' {id!r} stands twice; empty one, and it is counted as new"
            file.reader.problem(row, message)
        elif id is not None:
            seen.add(id)
    free = (id for n in range(1, 2 * len(given) + 1) if (id := f"{letter}{n}") not in seen)
    return [next(free) if id is None else id for id in given]


def _place(file: _File, span: Span) -> lines.Span:
    rows = file.reader.rows
    begin, end = int(rows.begin[span.first]), int(rows.end[span.last])
    return lines.Span(begin, end, file.text[begin:end])


def _entity(file: _File, span: Span) -> lines.Entity | None:
    id, place = file.ids[span], _place(file, span)
    if span.layer == own.ENTITY:
        try:
            return say.read_entity(id, span.values, place, file.unread)
        except ValueError as error:
            file.reader.problem(span.first, str(error))
            return None
    label, attributes = _described(file, span.layer, span.values)
    return lines.Entity(id, label, place.begin, place.end, place.text, attributes=attributes)


def _described(file: _File, layer: str, values: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The label and the attributes of an annotation of somebody else's layer.

    The layer is an attribute unless it is the usual one, or the label says it.
    """
    features = [
        column.feature
        for column in file.reader.sheet.columns
        if column.layer == layer and column.holds == header.FEATURE
    ]
    only = features[0] if len(features) == 1 else ""
    name = next((name for name in _LABELS if name in features), only)
    label = values.get(name, short(layer))
    attributes = {key: value for key, value in values.items() if key not in (name, RELATION)}
    if layer == _USUAL or label == short(layer):
        return label, attributes
    file.unread["name of a layer that has a feature 'layer'"] += "layer" in attributes
    return label, {"layer": layer} | attributes


def _relations(
    file: _File,
    relations: list[Relation],
    entities: list[Span],
    chains: list[tuple[str, list[Span]]],
) -> Iterator[lines.Relation]:
    """Those of relation layers, of slots and of chains, in this order."""
    raw = [made for relation in relations if (made := _relation(file, relation))]
    for span in entities:
        raw += _slots(file, span)
    for layer, chain in chains:
        for head, tail in pairwise(chain):
            label = head.values.get(RELATION, short(layer))
            attributes = {} if label == short(layer) else {"layer": layer}
            raw.append(_Raw(head.first, (file.ids[head], file.ids[tail]), label, attributes))
        last = any(RELATION in span.values for span in chain[-1:])
        file.unread["relation of the last link of a chain"] += last
    known = set(file.ids.values())
    given = [None if one.features is None else own.given_id(one.features) for one in raw]
    ids = _ids(file, "R", given, [one.row for one in raw])
    for id, one in zip(ids, raw, strict=True):
        if one.features is None:
            yield lines.Relation(id, one.label, *one.ends, attributes=one.attributes)
            continue
        try:
            yield say.read_relation(id, one.features, one.ends, known, file.unread)
        except ValueError as error:
            file.reader.problem(one.row, str(error))


def _relation(file: _File, relation: Relation) -> _Raw | None:
    layer = relation.column.layer
    kind = f"relation of the layer {short(layer)}"
    if layer.startswith(_WORDS):
        file.unread[kind] += 1
        return None
    ids: list[str | None] = [None, None]
    if _is_read(file, relation.column.target):
        ends = file.reader.ends(relation)
        if ends is None:
            return None
        ids = [file.ids.get(span) for span in ends]
    if ids[0] is None or ids[1] is None:
        file.unread[f"{kind} with an end that is not read"] += 1
        return None
    if layer == own.RELATION:
        return _Raw(relation.row, (ids[0], ids[1]), "", {}, relation.values)
    return _Raw(relation.row, (ids[0], ids[1]), *_described(file, layer, relation.values))


def _is_read(file: _File, layer: str) -> bool:
    """Whether annotations of a layer are entities, so that something can lead to them."""
    return layer == ANY or (layer in file.reader.spans and not layer.startswith(_WORDS))


def _links(file: _File, span: Span) -> Iterator[tuple[Column, str | None, str]]:
    """The links of a span that lead to an entity: feature, role, and the entity's id."""
    for column, role, said in span.links:
        id = None
        if said not in ("*", "_", "") and _is_read(file, column.target):
            target = file.reader.target(span.first, column, said)
            if target is None:
                continue
            id = file.ids.get(target)
        if id is None:
            file.unread[_unread_link(span)] += 1
        else:
            yield column, role, id


def _slots(file: _File, span: Span) -> Iterator[_Raw]:
    for column, role, id in _links(file, span):
        label = column.feature if role is None else role
        layer = f"{column.layer}:{column.feature}"
        yield _Raw(span.first, (file.ids[span], id), label, {"layer": layer})


def _stance(file: _File, span: Span, id: str) -> lines.Stance | None:
    links = []
    for column, role, entity in _links(file, span):
        if column.feature == own.ARGUMENTS and role in (own.HOLDER, own.TARGET, own.SOURCE):
            links.append((role, entity))
        else:
            file.unread["link of a stance that is not holder, target or source"] += 1
    try:
        return say.read_stance(id, span.values, _place(file, span), links, file.unread)
    except ValueError as error:
        file.reader.problem(span.first, str(error))
        return None

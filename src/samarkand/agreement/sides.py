"""Layers as columns of numbers that stand for the same in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob, schema
from samarkand.agreement import actors, spans
from samarkand.agreement.actors import Chains
from samarkand.agreement.relations import Edges
from samarkand.agreement.spans import Spans
from samarkand.agreement.stances import NULL, SPAN, Stances
from samarkand.corpus import Corpus, Layer, entity_rows
from samarkand.text import Ints, Mask
from samarkand.tokens import Tokens, tokenize

#: Arguments that are nothing that the other layer could have, of the one side and of the other.
NOWHERE = (-3, -4)
#: What is not an entity (AUTHOR, a proposition) counts down from here.
_WORDS = -10


@dataclass(frozen=True, eq=False)
class Shared:
    """What the numbers stand for. `group_of`: of each label; `symmetric`: of each relation."""

    docs: pa.Array
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    group_of: Ints
    actors: pa.Array
    relations: tuple[str, ...]
    symmetric: Mask
    acts: tuple[str, ...]
    words: pa.Array  # holders and targets that are not entities, among the ids
    tokens: Tokens


@dataclass(frozen=True, eq=False)
class Side:
    """A layer's entities. `actor`: of each, -1 for none; `tags`: for each group the label of each
    token, 0 for none.
    """

    layer: Layer
    spans: Spans
    actor: Ints
    tags: tuple[Ints, ...]


def sides(corpus: Corpus, layers: Sequence[Layer], docs: pa.Array) -> tuple[Shared, list[Side]]:
    """These layers of these documents, which are in order."""
    kept = [of(layer, docs) for layer in layers]
    known = corpus.labels
    labels = _values(known.labels, kept, "entities", "label")
    kinds = _values([kind.name for kind in known.relations], kept, "relations", "label")
    symmetric = {kind.name for kind in known.relations if kind.symmetric}
    texts = corpus.documents.filter(pc.is_in(corpus.documents["doc"], docs))["text"]
    shared = Shared(
        docs,
        labels,
        *spans.groups(known, labels),
        pa.array(_values((), kept, "entities", "actor"), pa.string()),
        kinds,
        np.array([kind in symmetric for kind in kinds], np.bool_),
        _values(known.acts, kept, "stances", "act"),
        pa.array(
            _values(_values((), kept, "stances", "holder"), kept, "stances", "target"), pa.string()
        ),
        tokenize(texts),
    )
    pieces: dict[str, int] = {}
    return shared, [_side(layer, shared, pieces) for layer in kept]


def of(layer: Layer, docs: pa.Array) -> Layer:
    """What a layer has of these documents."""
    tables = {
        name: layer.table(name).filter(pc.is_in(layer.table(name)["doc"], docs))
        for name in schema.TABLES
    }
    return Layer(layer.name, **tables)


def _values(
    known: Sequence[str], layers: Sequence[Layer], table: str, column: str
) -> tuple[str, ...]:
    """The values of a column: those that are known, and what else the layers have."""
    seen = {value for layer in layers for value in layer.table(table)[column].unique().to_pylist()}
    return (*known, *sorted(seen - {None, *known}))


def _side(layer: Layer, shared: Shared, pieces: dict[str, int]) -> Side:
    rows = numbers(layer.entities["doc"], shared.docs)
    found = spans.columns(layer.entities, rows, shared.labels, shared.group_of, pieces)
    tags = []
    for group in range(len(shared.groups)):
        of = found.group == group
        place = (rows[of], found.begin[of], found.end[of], found.label[of])
        codes = iob.tags(shared.tokens, *place, shared.labels).codes
        tags.append((codes.astype(np.int64) + 1) // 2)  # B- and I- of a label are one
    return Side(layer, found, numbers(layer.entities["actor"], shared.actors), tuple(tags))


def numbers(column: pa.ChunkedArray, values: pa.Array | Sequence[str]) -> Ints:
    """The place of each value among these; -1 for null and for another one."""
    places = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return np.asarray(pc.index_in(column, places).fill_null(-1).to_numpy()).astype(np.int64)


def by_mention(a: Side, b: Side, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """A number for each entity of both sides, the same for those that are a pair."""
    other = np.full(len(b.actor), NOWHERE[1], np.int64)
    other[right] = left
    return np.arange(len(a.actor)), other


def by_actor(mentions: tuple[Ints, Ints], chains: Chains) -> tuple[Ints, Ints]:
    """The same, but all mentions of one actor have one number, whatever the layers call it."""
    mine, other = chains.of
    first = len(mine)
    match = np.append(actors.aligned(chains), -1)[other]
    return (
        np.where(mine >= 0, first + mine, mentions[0]),
        np.where(other < 0, mentions[1], np.where(match < 0, NOWHERE[1], first + match)),
    )


def edges(a: Side, b: Side, names: tuple[Ints, Ints], shared: Shared) -> tuple[Edges, Edges]:
    """The relations of both sides, with these names for their arguments."""
    room = 2 + max(int(codes.max(initial=0)) for codes in names)
    there = [
        (side.spans.doc * room + codes)[codes >= 0]
        for side, codes in zip((a, b), names, strict=True)
    ]
    found = []
    for place, side in enumerate((a, b)):
        table = side.layer.relations
        doc = numbers(table["doc"], shared.docs)
        codes = np.append(names[place], NOWHERE[place])
        ends = np.stack(
            [
                codes[entity_rows(side.layer.entities, table["doc"], table[name])]
                for name in ("head", "tail")
            ]
        )
        known = np.isin(doc * room + ends, there[1 - place]) & (ends >= 0)
        label, status = (
            numbers(table[name], values)
            for name, values in (("label", shared.relations), ("status", schema.STATUSES))
        )
        found.append(Edges(doc, label, np.maximum(status, 0), ends, known[0] & known[1]))
    return found[0], found[1]


def stances(side: Side, names: Ints, nowhere: int, shared: Shared) -> Stances:
    """A side's stances, with these names for holders and targets."""
    table = side.layer.stances
    doc = numbers(table["doc"], shared.docs)
    who = {}
    for column in ("holder", "target"):
        rows = entity_rows(side.layer.entities, table["doc"], table[column])
        words = pc.or_(
            pc.is_in(table[column], pa.array(schema.RESERVED)), pc.starts_with(table[column], "P:")
        ).to_numpy()
        code = np.append(names, nowhere)[rows]
        who[column] = np.where(words, _WORDS - numbers(table[column], shared.words), code)
    spans_of = pc.equal(table["target"], schema.SPAN_TARGET).to_numpy()
    polarity = table["polarity"].fill_null(NULL).to_numpy().astype(np.int64)
    act = numbers(table["act"], shared.acts)
    cue, content = (
        pc.fill_null(pc.list_value_length(table[name]), 0).to_numpy() > 0
        for name in ("cue", "content")
    )
    row = np.flatnonzero(~cue & ~content)  # these have a place of their own, before the text
    nothing = np.stack([row, doc[row], np.full(len(row), -1), np.zeros(len(row), np.int64)])
    parts = [_places(table["cue"], doc, cue), _places(table["content"], doc, ~cue & content)]
    anchor = np.concatenate([*parts, nothing], axis=1)
    return Stances(
        doc,
        who["holder"],
        np.where(spans_of, SPAN, who["target"]),
        polarity,
        np.where(act < 0, len(shared.acts), act),
        anchor,
        _places(table["target_spans"], doc, spans_of),
    )


def _places(column: pa.ChunkedArray, doc: Ints, kept: Mask) -> Ints:
    """The spans of a column of lists: (row, document, begin, end), shape (4, spans)."""
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    row = np.repeat(np.arange(len(doc)), sizes)
    flat = pc.list_flatten(column)
    edge = [pc.struct_field(flat, name).to_numpy().astype(np.int64) for name in ("begin", "end")]
    return np.stack([row, doc[row], *edge])[:, kept[row]]

"""A layer as doccano's rows: what doccano shows as spans and relations, the rest in the key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from samarkand import lines, schema, text
from samarkand.corpus import Corpus, digest, doc_codes
from samarkand.formats.doccano.words import (
    FRAGMENT,
    HOLDER,
    LONGEST,
    PROPOSITION,
    TARGET,
    About,
    Key,
    Link,
    Links,
    More,
    MoreOfRelation,
    Row,
    Span,
    Spans,
    stance_label,
)
from samarkand.text import POINTS

_encoder = msgspec.json.Encoder()


@dataclass
class Shown:
    """The spans and relations of one row, as they are made. Offsets are code points.

    `id` is the number that an annotation bears already, or None. Relations join places of spans.
    """

    spans: list[tuple[int | None, int, int, str, str]] = field(default_factory=list)
    links: list[tuple[int | None, int, int, str, str]] = field(default_factory=list)


def rows(corpus: Corpus, layer: str, unit: str) -> list[Row]:
    """The rows of a narrowed corpus, in the order of the documents."""
    kept = corpus.layers[layer]
    documents = corpus.documents
    abouts = _abouts(documents)
    texts = documents["text"].to_pylist()
    parts = {name: _by_document(documents, name, kept.table(name)) for name in schema.TABLES}
    shown, keys = [], []
    for row, doc in enumerate(documents["doc"].to_pylist()):
        entities, relations, stances = (parts[name][row] for name in schema.TABLES)
        key = Key(doc, unit, digest(texts[row]), abouts[row], stances=stances)
        key.entities = {of.entity: more for of in entities if (more := _more(of)) != More()}
        key.relations = {
            of.relation: extra for of in relations if (extra := _extra(of)) != MoreOfRelation()
        }
        keys.append(key)
        shown.append(_shown(entities, relations, stances))
    offsets = _offsets(documents, shown, unit)
    return [
        _row(said, part, places, key)
        for said, part, places, key in zip(texts, shown, offsets, keys, strict=True)
    ]


def _by_document(documents: pa.Table, name: str, table: pa.Table) -> list[list[Any]]:
    """The lines of each document."""
    found = lines.from_table(name, table)
    edges = np.searchsorted(doc_codes(documents, table["doc"]), np.arange(len(documents) + 1))
    return [found[a:b] for a, b in pairwise(edges.tolist())]


def _abouts(documents: pa.Table) -> list[About]:
    names = [name for name in About.__struct_fields__ if name != "metadata"]
    columns = [documents[name].to_pylist() for name in names]
    pairs = documents["metadata"].to_pylist()
    metadata = [{pair["name"]: pair["value"] for pair in more} for more in pairs]
    return [About(*values) for values in zip(*columns, metadata, strict=True)]


def _more(entity: lines.Entity) -> More:
    return More(entity.actor, entity.score, entity.attributes)


def _extra(row: lines.Relation) -> MoreOfRelation:
    return MoreOfRelation(row.object, row.evidence, row.status, row.score, row.attributes)


def _shown(
    entities: Sequence[lines.Entity],
    relations: Sequence[lines.Relation],
    stances: Sequence[lines.Stance],
) -> Shown:
    """What doccano shows of a document."""
    made = Shown()
    first: dict[str, int] = {}
    for entity in entities:
        place = first[entity.entity] = len(made.spans)
        head, *others = entity.fragments or [lines.Span(entity.begin, entity.end, "")]
        id = entity.entity
        made.spans.append((_number(id), head.begin, head.end, entity.label, id))
        for piece in others:
            made.links.append((None, len(made.spans), place, FRAGMENT, id))
            made.spans.append((None, piece.begin, piece.end, entity.label, id))
    for row in relations:
        ends = first[row.head], first[row.tail]
        made.links.append((_number(row.relation), *ends, row.label, row.relation))
    for stance in stances:
        if stance.cue and stance.cue[0].begin < stance.cue[0].end:
            _show_stance(made, stance, first)
    return made


def _show_stance(made: Shown, stance: lines.Stance, first: dict[str, int]) -> None:
    cue, id = stance.cue[0], stance.stance
    hub = len(made.spans)
    made.spans.append((None, cue.begin, cue.end, stance_label(stance.polarity), id))
    if stance.holder in first:
        made.links.append((None, hub, first[stance.holder], HOLDER, id))
    target = first.get(stance.target)
    if target is None and stance.target.startswith(PROPOSITION) and len(stance.target) <= LONGEST:
        target = len(made.spans)
        made.spans.append((None, cue.begin, cue.end, stance.target, id))
    if target is not None:
        made.links.append((None, hub, target, TARGET, id))


def _number(id: str) -> int | None:
    """The number that an id is, if it is one: of at most nine digits, written in the one way."""
    if id.isascii() and id.isdigit() and len(id) <= 9 and (id == "0" or id[0] != "0"):
        return int(id)
    return None


def _offsets(
    documents: pa.Table, shown: Sequence[Shown], unit: str
) -> Iterator[tuple[list[int], list[int]]]:
    """Begins and ends of the spans of each row, in the unit."""
    sizes = [len(part.spans) for part in shown]
    doc = np.repeat(np.arange(len(shown)), sizes)
    columns = []
    for place in (1, 2):
        points = np.array([span[place] for part in shown for span in part.spans], np.int64)
        if unit != POINTS:
            points = text.to_unit(text.index(documents["text"]), unit, doc, points)
        columns.append(points.tolist())
    at = 0
    for size in sizes:
        yield columns[0][at : at + size], columns[1][at : at + size]
        at += size


def _row(said: str, part: Shown, places: tuple[list[int], list[int]], key: Key) -> Row:
    """A row, its spans and relations by their ids, and its key, which repeats these."""
    ids = _numbers([span[0] for span in part.spans])
    spans = sorted(
        (id, begin, end, label, of)
        for id, begin, end, (*_, label, of) in zip(ids, *places, part.spans, strict=True)
    )
    link_ids = _numbers([link[0] for link in part.links])
    links = sorted(
        (id, ids[head], ids[tail], type, of)
        for id, (_, head, tail, type, of) in zip(link_ids, part.links, strict=True)
    )
    key.spans = Spans(*map(list, zip(*spans, strict=True)))
    key.links = Links(*map(list, zip(*links, strict=True)))
    return Row(
        said,
        [Span(id, label, begin, end) for id, begin, end, label, _ in spans],
        [Link(*link[:4]) for link in links],
        _encoder.encode(key).decode(),
    )


def _numbers(ids: Sequence[int | None]) -> list[int]:
    """The numbers; those that there are not are the lowest free, from 1."""
    taken = set(ids)
    free = 1
    found = []
    for id in ids:
        if id is None:
            while free in taken:
                free += 1
            id, free = free, free + 1
        found.append(id)
    return found

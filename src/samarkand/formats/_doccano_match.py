"""Which span and which relation of a row is which of those that were written.

The server gives each span and relation an id of its own, in the order of the upload
(data_import/pipeline/labels.py: one bulk_create a batch); a change of label or type keeps it
(labels/views.py, PATCH), anything else takes it away and gives a new, higher one.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from samarkand.formats._doccano_words import Key, kind_of


@dataclass(frozen=True)
class Row:
    """The spans of a row, by id, in the row's unit; its relations, by id, between these."""

    ids: list[int]
    begin: list[int]
    end: list[int]
    label: list[str]
    link_ids: list[int]
    head: list[int]  # places of spans
    tail: list[int]
    type: list[str]


def written(key: Key) -> Row:
    """The row as it was written."""
    spans, links = key.spans, key.links
    place = {id: place for place, id in enumerate(spans.id)}
    head, tail = ([place[id] for id in end] for end in (links.from_id, links.to_id))
    return Row(spans.id, spans.begin, spans.end, spans.label, links.id, head, tail, links.type)


def matched(now: Row, old: Row) -> tuple[list[int], list[int]]:
    """The place among those written of each span and each relation; -1 for what is new.

    By id where all ids that were written are there; else by their order where they say the same
    one by one; else by what they say, where this is one thing only: position, label and relations,
    then position and label, then position. Relations likewise, by their ends and their type.
    """
    spans = _by_id(now.ids, old.ids)
    if spans is None:
        passes = list(zip(_span_keys(now), _span_keys(old), strict=True))
        spans = _by_order(*passes[1]) or _by_content(passes)
    kinds = [kind_of(label) for label in now.label], [kind_of(label) for label in old.label]
    spans = [at if at >= 0 and kinds[0][i] == kinds[1][at] else -1 for i, at in enumerate(spans)]
    links = _by_id(now.link_ids, old.link_ids)
    if links is None:
        mine = _link_keys(now, spans)
        passes = list(zip(mine, _link_keys(old, list(range(len(old.ids)))), strict=True))
        links = _by_order(*passes[0]) or _by_content(passes)
    return spans, links


def _by_id(now: list[int], old: list[int]) -> list[int] | None:
    if now == old:
        return list(range(len(now)))
    place = {id: at for at, id in enumerate(old)}
    return [place.get(id, -1) for id in now] if place.keys() <= set(now) else None


def _by_order(now: Sequence[Hashable], old: Sequence[Hashable]) -> list[int] | None:
    return list(range(len(now))) if list(now) == list(old) else None


def _by_content(passes: Sequence[tuple[Sequence[Hashable], Sequence[Hashable]]]) -> list[int]:
    """From the sharpest keys to the vaguest, as many of one key on both sides, in their order."""
    found = [-1] * len(passes[0][0])
    taken = [False] * len(passes[0][1])
    for now, old in passes:
        left: dict[Hashable, tuple[list[int], list[int]]] = {}
        for at, key in enumerate(now):
            if found[at] < 0 and key is not None:
                left.setdefault(key, ([], []))[0].append(at)
        for at, key in enumerate(old):
            if not taken[at] and key in left:
                left[key][1].append(at)
        for mine, theirs in left.values():
            if len(mine) == len(theirs):
                for a, b in zip(mine, theirs, strict=True):
                    found[a], taken[b] = b, True
    return found


def _span_keys(row: Row) -> tuple[list[Hashable], list[Hashable], list[Hashable]]:
    place = list(zip(row.begin, row.end, strict=True))
    said = list(zip(place, row.label, strict=True))
    links: list[list[Hashable]] = [[] for _ in said]
    for head, tail, type in zip(row.head, row.tail, row.type, strict=True):
        links[head].append((type, said[tail]))
    kinds = [kind_of(label) for label in row.label]
    return (
        [(what, tuple(sorted(more, key=repr))) for what, more in zip(said, links, strict=True)],
        list(said),
        list(zip(place, kinds, strict=True)),
    )


def _link_keys(row: Row, spans: list[int]) -> tuple[list[Hashable], list[Hashable]]:
    """What relations say, their ends as places of spans that were written; None for a new one."""
    ends = [
        (spans[head], spans[tail]) if spans[head] >= 0 and spans[tail] >= 0 else None
        for head, tail in zip(row.head, row.tail, strict=True)
    ]
    full = [pair and (pair, type) for pair, type in zip(ends, row.type, strict=True)]
    return list(full), list(ends)

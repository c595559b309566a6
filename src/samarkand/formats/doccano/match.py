"""Which span and which relation of a row is which of those that were written.

The server gives each span and relation an id of its own, in the order of the upload
(data_import/pipeline/labels.py: one bulk_create a batch); a change of label or type keeps it
(labels/views.py, PATCH), anything else takes it away and gives a new, higher one.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from samarkand.formats.doccano.words import Key, kind_of


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

    By their order where they say the same one by one; else by what they say, where this is one
    thing only: position, label and relations, then position and label; then by id, where all that
    were found so far have kept theirs (a file that was on no server); then by position. Relations
    likewise, by their ends and their type, by id, then by their ends.
    """
    first = [*zip(_span_keys(now), _span_keys(old), strict=True)]
    spans = _by_order(*first[1]) or _found(first[:2], (now.ids, old.ids), first[2])
    kinds = [kind_of(label) for label in now.label], [kind_of(label) for label in old.label]
    spans = [at if at >= 0 and kinds[0][i] == kinds[1][at] else -1 for i, at in enumerate(spans)]
    mine, theirs = _link_keys(now, spans), _link_keys(old, range(len(old.ids)))
    links = _by_order(mine[0], theirs[0]) or _found(
        [(mine[0], theirs[0])], (now.link_ids, old.link_ids), (mine[1], theirs[1])
    )
    return spans, links


#: What is said of each of those that are there, and of each of those that were written.
Keys = tuple[Sequence[Hashable], Sequence[Hashable]]


def _by_order(now: Sequence[Hashable], old: Sequence[Hashable]) -> list[int] | None:
    return list(range(len(now))) if now == old and None not in now else None


def _found(
    sharp: Sequence[Keys], ids: tuple[Sequence[int], Sequence[int]], vague: Keys
) -> list[int]:
    """First by the sharp keys, one after another, then by id, then by the vague one."""
    found = [-1] * len(ids[0])
    taken: set[int] = set()
    for keys in sharp:
        _pair(keys, found, taken)
    known = [(ids[0][i], ids[1][at]) for i, at in enumerate(found) if at >= 0]
    if known and all(a == b for a, b in known):
        _pair(ids, found, taken)
    _pair(vague, found, taken)
    return found


def _pair(keys: Keys, found: list[int], taken: set[int]) -> None:
    """Put together what has one key, if there are as many on both sides, in their order."""
    left: dict[Hashable, tuple[list[int], list[int]]] = {}
    for at, key in enumerate(keys[0]):
        if found[at] < 0 and key is not None:
            left.setdefault(key, ([], []))[0].append(at)
    for at, key in enumerate(keys[1]):
        if at not in taken and key in left:
            left[key][1].append(at)
    for mine, theirs in left.values():
        if len(mine) == len(theirs):
            taken.update(theirs)
            for a, b in zip(mine, theirs, strict=True):
                found[a] = b


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


def _link_keys(row: Row, spans: Sequence[int]) -> tuple[list[Hashable], list[Hashable]]:
    """What relations say, their ends as places of spans that were written; None for a new one."""
    ends = [
        (spans[head], spans[tail]) if spans[head] >= 0 and spans[tail] >= 0 else None
        for head, tail in zip(row.head, row.tail, strict=True)
    ]
    full = [pair and (pair, type) for pair, type in zip(ends, row.type, strict=True)]
    return list(full), list(ends)

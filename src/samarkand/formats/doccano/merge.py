"""A row and its key as annotations: what the row shows wins, the key says the rest.

What the key says of something that is no longer there is dropped and counted.
"""

from collections.abc import Sequence
from itertools import compress

from samarkand.formats.doccano import keys
from samarkand.formats.doccano.made import Merge, add_entity, add_relation, count, new_id
from samarkand.formats.doccano.match import matched, written
from samarkand.formats.doccano.stances import stances
from samarkand.formats.doccano.words import (
    FRAGMENT,
    HOLDER,
    HUB,
    MENTION,
    TARGET,
    MoreOfRelation,
    kind_of,
)


def merge(now: Merge, quick: bool = True) -> None:
    """Put the document's annotations into `made`."""
    key, row = now.key, now.row
    if quick and _untouched(now):
        _as_written(now)
        return
    spans, links = matched(row, written(key))
    kinds = [kind_of(label) for label in row.label]
    groups = _groups(now, kinds)
    names = _mentions(now, spans, groups)
    _relations(now, links, names, kinds)
    stances(now, spans, names, kinds)


def _untouched(now: Merge) -> bool:
    """Whether the row is as it was written, but for the ids, and every mention is in one piece."""
    row, spans, links = now.row, now.key.spans, now.key.links
    if not (
        row.begin == spans.begin
        and row.end == spans.end
        and row.label == spans.label
        and row.type == links.type
        and FRAGMENT not in links.type
    ):
        return False
    place = {id: place for place, id in enumerate(spans.id)}
    return row.head == [place[id] for id in links.from_id] and row.tail == [
        place[id] for id in links.to_id
    ]


def _as_written(now: Merge) -> None:
    """Take the annotations as the key has them: what `merge` comes to in this case, sooner."""
    key, made, row = now.key, now.made, now.row
    kinds = list(map(kind_of, row.label))
    names = [of if kind == MENTION else "" for of, kind in zip(key.spans.of, kinds, strict=True)]
    at = len(made.id)
    made.id += filter(None, names)
    made.doc += [now.doc] * (len(made.id) - at)
    made.begin += compress(now.begin, names)
    made.end += compress(now.end, names)
    made.label += compress(row.label, names)
    if key.entities:
        for place, id in enumerate(made.id[at:], at):
            if id in key.entities:
                made.more[place] = key.entities[id]
    ends = zip(row.head, row.tail, strict=True)
    chosen = [bool(names[head] and names[tail]) for head, tail in ends]
    at = len(made.relation_id)
    made.relation_id += compress(key.links.of, chosen)
    made.relation_doc += [now.doc] * (len(made.relation_id) - at)
    made.type += compress(row.type, chosen)
    made.head += [names[head] for head in compress(row.head, chosen)]
    made.tail += [names[tail] for tail in compress(row.tail, chosen)]
    if key.relations:
        for place, id in enumerate(made.relation_id[at:], at):
            if id in key.relations:
                made.more_of_relation[place] = key.relations[id]
    if key.stances:
        stances(now, range(len(kinds)), names, kinds)


def _groups(now: Merge, kinds: Sequence[str]) -> list[int]:
    """For each span the first one of the same mention, as FRAGMENT relations join them."""
    first = list(range(len(kinds)))

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    for head, tail, type in zip(now.row.head, now.row.tail, now.row.type, strict=True):
        if type == FRAGMENT and kinds[head] == kinds[tail] == MENTION:
            a, b = sorted((root(head), root(tail)))
            first[b] = a
    return [root(place) if kind == MENTION else -1 for place, kind in enumerate(kinds)]


def _mentions(now: Merge, spans: Sequence[int], groups: Sequence[int]) -> list[str]:
    """Make the entities; the id of each span's entity, or "" where it shows none."""
    key = now.key
    members: dict[int, list[int]] = {}
    for place, first in enumerate(groups):
        if first >= 0:
            members.setdefault(first, []).append(place)
    taken = set(keys.mention_ids(key))
    gone = dict.fromkeys(keys.mention_ids(key))
    owner: dict[int, str] = {}
    new: list[int] = []
    known = {
        first: sorted(spans[place] for place in places if spans[place] >= 0)
        for first, places in members.items()
    }
    for first in sorted(members, key=lambda first: known[first] or [len(key.spans.id)]):
        id = next((of for at in known[first] if (of := key.spans.of[at]) in gone), None)
        if id is None:
            new.append(first)
        else:
            owner[first] = id
            del gone[id]
    for first in sorted(new):
        owner[first] = new_id(now.row.ids[first], taken)
    for first in sorted(members):
        add_entity(now, owner[first], members[first])
    count(now, "actor and the like of a mention that is gone", len(gone.keys() & key.entities))
    return [owner[first] if first >= 0 else "" for first in groups]


def _relations(
    now: Merge, links: Sequence[int], names: Sequence[str], kinds: Sequence[str]
) -> None:
    """Make the relations between mentions."""
    key, row = now.key, now.row
    known = set(keys.relation_ids(key))
    gone = dict.fromkeys(known)
    taken = set(known)
    added: list[tuple[int, str | None]] = []
    for place, (head, tail, type) in enumerate(zip(row.head, row.tail, row.type, strict=True)):
        if kinds[head] == kinds[tail] == MENTION:
            if type == FRAGMENT:
                continue
            id = key.links.of[links[place]] if links[place] >= 0 else None
            if id in gone:
                del gone[id]
            else:
                id = None
            added.append((place, id))
        elif kinds[head] != HUB or type not in (HOLDER, TARGET):
            count(now, "relation of a stance's span, neither HOLDER nor TARGET", 1)
    for place, id in added:
        id = id or new_id(row.link_ids[place], taken)
        ends = names[row.head[place]], names[row.tail[place]]
        more = key.relations.get(id) if id in known else None
        if more and more.object is not None and more.object not in names:
            count(now, "object of a relation, a mention that is gone", 1)
            more = MoreOfRelation(None, more.evidence, more.status, more.score, more.attributes)
        add_relation(now, id, row.type[place], ends, more)
    kind = "evidence and the like of a relation that is gone"
    count(now, kind, len(gone.keys() & key.relations))

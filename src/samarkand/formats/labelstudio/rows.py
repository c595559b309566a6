"""One task, read with everything that it says: mentions, relations, stances, as rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, pairwise

from samarkand import lines
from samarkand.formats.labelstudio.names import (
    ACTOR,
    BOTH,
    DIRECTION,
    EXPLICIT,
    NOTE,
    POLARITY,
    STANCE,
    STATUS,
    OwnRelation,
)  # fmt: skip
from samarkand.formats.labelstudio.regions import Found, Link, Region, find
from samarkand.formats.labelstudio.task import Log, Opened

#: The answers that say something of a stance.
ABOUT_STANCES = (POLARITY, EXPLICIT, STATUS)
_OURS = (ACTOR, *ABOUT_STANCES)


@dataclass
class Rows:
    """What is read of one task, and what its stances will be made of.

    `entity`: the mention's id by region. `cues`: the regions of each stance; `arguments`: its
    relations, as label and mention. `left`: the lines of stances without a cue.
    """

    text: str
    entities: list[lines.Entity] = field(default_factory=list)
    relations: list[lines.Relation] = field(default_factory=list)
    stances: list[lines.Stance] = field(default_factory=list)
    entity: dict[str, str] = field(default_factory=dict)
    cues: dict[str, list[Region]] = field(default_factory=dict)
    arguments: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    left: list[str] = field(default_factory=list)


def read(task: Opened, log: Log) -> Rows | None:
    """Mentions and relations of a task. None where something is wrong, which goes to the log."""
    found = find(task, log)
    if found is None:
        return None
    before = len(log.problems)
    _drop_empty(found, log)
    pieces = _pieces(found.regions, log)
    rows = Rows(task.text, left=found.lines)
    taken = set(found.regions) | {r.own.id for r in found.regions.values() if r.own.id}
    used: set[str] = set()
    for id, (head, *rest) in pieces.items():
        if head.control == STANCE:
            rows.cues[id] = [head, *rest]
            continue
        name = head.own.id or id
        if name in used or (name != id and name in found.regions):  # a region was copied
            name = id
        used.add(name)
        rows.entity |= {piece.id: name for piece in (head, *rest)}
        try:
            rows.entities += _mentions(rows.text, name, head, rest, taken, log)
        except ValueError as error:
            log.fault(task, str(error))
    _relations(task, found, rows, log)
    return rows if len(log.problems) == before else None


def _drop_empty(found: Found, log: Log) -> None:
    empty = {id for id, region in found.regions.items() if region.begin == region.end}
    log.unread["empty region"] += len(empty)
    found.regions = {id: r for id, r in found.regions.items() if id not in empty}


def _pieces(regions: dict[str, Region], log: Log) -> dict[str, list[Region]]:
    """Each region that is no further piece of another, followed by its further pieces."""
    found = {id: [region] for id, region in regions.items() if not region.own.part}
    for id, region in regions.items():
        if not region.own.part:
            log.unread["place of a region below another"] += bool(region.parent)
            continue
        parent = regions.get(region.parent or "")
        if parent is None or parent.own.part or parent.control != region.control:
            log.unread["piece of a mention that is gone, read as a mention"] += 1
            found[id] = [region]
        else:
            log.unread["label of a piece, unlike its mention's"] += region.labels != parent.labels
            found[parent.id].append(region)
    return found


def _mentions(
    text: str, id: str, head: Region, rest: list[Region], taken: set[str], log: Log
) -> Iterable[lines.Entity]:
    """A mention for each label of a region. Errors: ValueError for pieces that overlap."""
    places = spans(text, [head, *rest])
    for one, other in pairwise(places):
        if one.end > other.begin:
            raise ValueError(
                f"pieces of region '{head.id}' overlap: {one.begin}-{one.end} and "
                f"{other.begin}-{other.end}; move them apart in Label Studio"
            )
    for name in head.answers:
        log.unread["answer about a stance, of a mention"] += name in ABOUT_STANCES
    said, actor = attributes(head, log), head.answers.get(ACTOR)
    covered = " ".join([place.text for place in places])
    for label in dict.fromkeys(head.labels):
        if label != head.labels[0]:
            id = next(new for n in count(2) if (new := f"{head.id}-{n}") not in taken)
            taken.add(id)
        yield lines.Entity(
            id, label, places[0].begin, places[-1].end, covered, places if rest else None, actor,
            head.score, said,
        )  # fmt: skip


def spans(text: str, regions: Iterable[Region]) -> list[lines.Span]:
    """Regions as spans, by position."""
    places = sorted((region.begin, region.end) for region in regions)
    return [lines.Span(begin, end, text[begin:end]) for begin, end in places]


def attributes(region: Region, log: Log) -> dict[str, str]:
    """What a region's answers and its note say, and else our own attributes of it."""
    said = {n: v for n, v in region.answers.items() if n not in _OURS}
    if region.note is not None:
        log.unread["note beside an answer called note"] += NOTE in said
        said = {NOTE: region.note} | said
    return region.own.attributes | said


def _relations(task: Opened, found: Found, rows: Rows, log: Log) -> None:
    """Resolve the relations; those of a cue are its stance's arguments."""
    own: dict[tuple[str, str, str], list[OwnRelation]] = defaultdict(list)
    for id, region in found.regions.items():
        for relation in region.own.relations:
            own[rows.entity.get(id, ""), relation.tail, relation.label].append(relation)
    cue = {piece.id: id for id, regions in rows.cues.items() for piece in regions}
    new: list[lines.Relation] = []
    for link in found.links:
        ends = _ends(task, link, found, log)
        if ends is None:
            continue
        head, tail = (rows.entity.get(end) for end in ends)
        labels = list(dict.fromkeys(link.labels or []))
        if not labels:
            log.unread["relation without a label"] += 1
        elif ends[0] in cue and tail is not None:
            rows.arguments[cue[ends[0]]] += [(label, tail) for label in labels]
        elif head is None or tail is None:
            log.unread["relation of a region that is not read as a mention"] += 1
        else:
            for label in labels:
                kept = own.pop((head, tail, label), None) or [OwnRelation("", label, tail)]
                new += [_relation(head, details, link.direction) for details in kept]
    log.unread["details of a relation that is gone"] += sum(map(len, own.values()))
    for message in _number(new, rows, log):
        log.fault(task, message)


def _ends(task: Opened, link: Link, found: Found, log: Log) -> tuple[str, str] | None:
    """The regions that a relation runs from and to."""
    missing = next((end for end in (link.from_id, link.to_id) if end not in found.ids), None)
    if missing is not None:
        message = (
            f"relation from '{link.from_id}' to '{link.to_id}': there is no region '{missing}'"
        )
        log.fault(task, message)
        return None
    ends = link.from_id, link.to_id
    return (ends[1], ends[0]) if link.direction == "left" else ends


def _relation(head: str, own: OwnRelation, direction: str | None) -> lines.Relation:
    attributes = own.attributes | ({DIRECTION: BOTH} if direction == BOTH else {})
    return lines.Relation(
        own.id, own.label, head, own.tail, own.object, own.evidence, own.status, own.score,
        attributes,
    )  # fmt: skip


def _number(relations: list[lines.Relation], rows: Rows, log: Log) -> Iterator[str]:
    """Give relations without an id R1, R2 and so on; the faults of what is said of others."""
    mentions = set(rows.entity.values()) | {entity.entity for entity in rows.entities}
    taken = Counter(relation.relation for relation in relations)
    numbers = (name for n in count(1) if (name := f"R{n}") not in taken)
    for relation in relations:
        if not relation.relation:
            relation.relation = next(numbers)
        elif taken[relation.relation] > 1:
            yield f"the relation id '{relation.relation}' stands {taken[relation.relation]} times"
            taken[relation.relation] = 1  # said once
        if relation.object is not None and relation.object not in mentions:
            relation.object = None
            log.unread["mention that is gone, object of a relation"] += 1
        if fault := unlike(rows.text, relation.evidence):
            yield f"evidence of relation '{relation.relation}': {fault}"
        rows.relations.append(relation)


def unlike(text: str, places: Iterable[lines.Span]) -> str:
    """What is wrong with the first span that does not cover what it says; else nothing."""
    for place in places:
        covered = text[max(place.begin, 0) : max(place.end, 0)]
        if not 0 <= place.begin <= place.end <= len(text) or covered != place.text:
            return (
                f"says {place.text!r} but {place.begin}-{place.end} of the text is {covered!r}. "
                "Was the text edited after annotation?"
            )
    return ""

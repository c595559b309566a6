"""A layer's rows as tasks of Label Studio, one document a task."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from samarkand import jsonl, lines, schema
from samarkand.formats.labelstudio.label_config import Used
from samarkand.formats.labelstudio.names import (
    ACTOR,
    BOTH,
    DIRECTION,
    EXPLICIT,
    HOLDER,
    LABEL,
    NO,
    NO_ACT,
    NOTE,
    OWN,
    POLARITY,
    STANCE,
    STATUS,
    TARGET,
    TEXT,
    YES,
    Own,
    OwnDocument,
    OwnRelation,
    OwnStance,
    is_answer,
    is_region,
    is_shown,
)  # fmt: skip

Result = dict[str, Any]


def task(document: dict[str, Any], rows: dict[str, list[Any]], used: Used) -> bytes:
    """A task as JSON. A document without annotations has none: it is there to be annotated.

    `rows` are the lines of each table; what they need in the configuration is added to `used`.
    """
    results = list(_results(rows["entities"], rows["relations"], rows["stances"], used))
    annotations = [{"result": results, "was_cancelled": False, "ground_truth": False}]
    value = {"data": _data(document), "annotations": annotations if results else []}
    return msgspec.json.encode(value)


def _data(document: dict[str, Any]) -> dict[str, Any]:
    """The text, the metadata under their names, and what else is known under `samarkand`."""
    metadata = {pair["name"]: pair["value"] for pair in document["metadata"]}
    clash = {name: metadata.pop(name) for name in (TEXT, OWN) if name in metadata}
    named = {name: document[name] for name in OwnDocument.__struct_fields__ if name in document}
    return {TEXT: document["text"], **metadata, OWN: OwnDocument(**named | {"metadata": clash})}


@dataclass
class _Names:
    """The ids of a document's regions: those of its annotations, where Label Studio keeps them."""

    taken: set[str]
    used: set[str] = field(default_factory=set)
    region: dict[str, str] = field(default_factory=dict)

    def new(self, id: str) -> str:
        """A region's id; the annotation's own if it can be one and no other has it."""
        if not is_region(id) or id in self.used:
            return self.fresh("r")
        self.used.add(id)
        return id

    def fresh(self, start: str) -> str:
        name = next(name for n in count(1) if (name := f"{start}{n}") not in self.taken)
        self.taken.add(name)
        return name


def _results(
    entities: list[lines.Entity],
    relations: list[lines.Relation],
    stances: list[lines.Stance],
    used: Used,
) -> Iterator[Result]:
    """Mentions and cues, each with its pieces and answers; then relations; then what is left."""
    names = _Names({row.entity for row in entities} | {row.stance for row in stances})
    for entity in entities:
        names.region[entity.entity] = names.new(entity.entity)
    groups: dict[tuple[str, str], list[lines.Relation]] = defaultdict(list)
    for relation in relations:
        groups[relation.head, relation.tail].append(relation)
    own: dict[str, list[OwnRelation]] = defaultdict(list)
    for (head, _), group in groups.items():
        own[head] += [_own_relation(relation, _direction(group)) for relation in group]
    for entity in entities:
        yield from _mention(entity, own[entity.entity], names, used)
    links: list[Result] = []
    for stance in stances:
        if stance.cue:
            yield from _cue(stance, names, links, used)
    for (head, tail), group in groups.items():
        labels = list(dict.fromkeys(relation.label for relation in group))
        used.relations.update(labels)
        yield _link(names.region[head], names.region[tail], _direction(group), labels)
    yield from links
    left = [stance for stance in stances if not stance.cue]
    if left:
        used.own_lines = True
        said = jsonl.encode(left).decode().split("\n")[:-1]
        yield _result(names.fresh("r"), OWN, "textarea", {"text": said})


def _mention(
    entity: lines.Entity, relations: list[OwnRelation], names: _Names, used: Used
) -> Iterator[Result]:
    region = names.region[entity.entity]
    id = None if region == entity.entity else entity.entity
    places = entity.fragments or [lines.Span(entity.begin, entity.end, entity.text)]
    used.labels.add(entity.label)
    answers = {} if entity.actor is None else {ACTOR: entity.actor}
    own = Own(id, relations=relations)
    yield from _region(
        region, LABEL, entity.label, places, entity.score, entity.attributes, answers, own, names,
        used,
    )  # fmt: skip


def _cue(stance: lines.Stance, names: _Names, links: list[Result], used: Used) -> Iterator[Result]:
    """The cue of a stance; its relations to holder and target go to `links`."""
    region = names.new(stance.stance)
    arguments: dict[str, list[str]] = defaultdict(list)
    for role, mention in ((HOLDER, stance.holder), (TARGET, stance.target)):
        if mention in names.region:
            arguments[names.region[mention]].append(role)
            used.relations.add(role)
    links += [_link(region, to, "right", roles) for to, roles in arguments.items()]
    act = stance.act if is_shown(stance.act) else NO_ACT
    used.acts.add(act or NO_ACT)
    answers = {}
    if stance.polarity is not None:
        answers[POLARITY] = str(stance.polarity)
    if stance.explicit is not None:
        answers[EXPLICIT] = YES if stance.explicit else NO
    if is_shown(stance.status):
        answers[STATUS] = stance.status or ""
    kept = OwnStance(
        act=stance.act if act == NO_ACT else None,
        status=None if STATUS in answers else stance.status,
        holder=_argument(stance.holder, names),
        target=_argument(stance.target, names),
        target_spans=stance.target_spans,
        content=stance.content,
        source_chain=stance.source_chain,
    )
    own = Own(None if region == stance.stance else stance.stance, stance=kept)
    yield from _region(
        region, STANCE, act or NO_ACT, stance.cue, stance.score, stance.attributes, answers, own,
        names, used,
    )  # fmt: skip


def _argument(value: str, names: _Names) -> str | None:
    """An argument that is said in `meta`: one that is no mention, and not the usual one."""
    return None if value in names.region or value == schema.UNSPECIFIED else value


def _region(
    id: str, control: str, label: str, places: list[lines.Span], score: float | None,
    attributes: dict[str, str], answers: dict[str, str], own: Own, names: _Names, used: Used,
) -> Iterator[Result]:  # fmt: skip
    """A region with its meta, its further pieces, and its answers."""
    note = [attributes[NOTE]] if NOTE in attributes else None
    for name, value in attributes.items():
        if name != NOTE:
            (answers if is_answer(name, value) else own.attributes)[name] = value
    meta: dict[str, Any] = {} if note is None else {"text": note}
    if own != Own():
        meta[OWN] = own
    first, *rest = places
    more = ({} if score is None else {"score": score}) | ({"meta": meta} if meta else {})
    yield _result(id, control, "labels", _value(first) | {"labels": [label]}) | more
    for place in rest:
        of = {"meta": {OWN: Own(part=True)}, "parentID": id}
        said = _value(place) | {"labels": [label]}
        yield _result(names.fresh(f"{id}-"), control, "labels", said) | of
    for name, answer in sorted(answers.items()):
        used.answers[name].add(answer)
        kind, key = ("textarea", "text") if name == ACTOR else ("choices", "choices")
        yield _result(id, name, kind, _value(first) | {key: [answer]})


def _value(place: lines.Span) -> Result:
    return {"start": place.begin, "end": place.end, "text": place.text}


def _result(id: str, control: str, kind: str, value: Result) -> Result:
    return {"id": id, "from_name": control, "to_name": TEXT, "type": kind, "value": value}


def _link(head: str, tail: str, direction: str, labels: list[str]) -> Result:
    ends = {"from_id": head, "to_id": tail, "type": "relation"}
    return ends | {"direction": direction, "labels": labels}


def _direction(group: list[lines.Relation]) -> str:
    """The direction of what joins two regions: both ways if all of its relations are."""
    both = all(relation.attributes.get(DIRECTION) == BOTH for relation in group)
    return BOTH if both else "right"


def _own_relation(relation: lines.Relation, direction: str) -> OwnRelation:
    said = direction == BOTH
    kept = {n: v for n, v in relation.attributes.items() if not (said and n == DIRECTION)}
    return OwnRelation(
        relation.relation, relation.label, relation.tail, relation.object, relation.evidence,
        relation.status, relation.score, kept,
    )  # fmt: skip

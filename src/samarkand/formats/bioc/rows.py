"""BioC: from the parts of a document to its annotations."""

import json
import math
import re
from typing import Any

from samarkand import jsonl, lines, schema
from samarkand.covered import short, wrong
from samarkand.formats.bioc import decode as bioc
from samarkand.formats.bioc.parts import Document, Link, Mention, Report, ours
from samarkand.words import count

#: The infons that mean a column, by what bears them; an attribute of such a name is in ours.
RESERVED = {
    "entities": ("type", "score"),
    "relations": ("type", "score", "status"),
    "stances": ("type", "score", "status", "polarity", "act", "explicit"),
}
#: How the infon `identifier` of an annotation says an actor of ours.
ACTOR = "actor:"
#: The metadata in which a document keeps what its passages are.
PASSAGES = "passages"
#: The roles of our relations, and the attributes that hold the roles of others.
ROLES = ("head", "tail", "object")
OTHER_ROLES = ("head_role", "tail_role")

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_POLARITY = re.compile(r"-?[0-9]{1,3}")
_INDEXES = re.compile(r"([0-9]{1,9}),([0-9]{1,9})")

Infons = dict[str, str]


def passages(doc: Document) -> str | None:
    """The passages of a document as JSON; None for one that is all of the text, without infons."""
    places: dict[int, list[int]] = {}
    for segment in doc.segments:
        edges = segment.begin, segment.begin + len(segment.text)
        places.setdefault(segment.passage, []).extend(edges)
    found = [
        {"begin": min(places[number]), "end": max(places[number]), "infons": infons}
        for number, infons in enumerate(doc.infons)
    ]
    return None if found in ([], [alone(doc.text)]) else json.dumps(found, ensure_ascii=False)


def alone(text: str) -> dict[str, Any]:
    """The passage of a document that has but one."""
    return {"begin": 0, "end": len(text), "infons": {}}


def divide(infons: dict[str, Any], table: str) -> tuple[Infons, Infons]:
    """The infons that mean a column, and the attributes."""
    said = {key: jsonl.as_string(value) for key, value in infons.items()}
    attributes = {key: value for key, value in said.items() if value is not None}
    columns = {key: attributes.pop(key) for key in RESERVED[table] if key in attributes}
    score = columns.get("score")
    if score is not None and not (_NUMBER.fullmatch(score) and math.isfinite(float(score))):
        attributes["score"] = columns.pop("score")
    return columns, attributes


def _score(columns: Infons) -> float | None:
    return float(columns["score"]) if "score" in columns else None


def entity(doc: Document, mention: Mention, to: Report) -> lines.Entity | None:
    """An annotation as an entity; None where it has no place or no type, which is counted."""
    infons = dict(mention.value.infons or {})
    extra = ours(mention.item, infons, bioc.EntityExtra, to).attributes
    columns, attributes = divide(infons, "entities")
    spans = mention.spans
    if not spans or "type" not in columns:
        to.unread[f"annotation without a {'type' if spans else 'place'}"] += 1
        return None
    actor = None
    if attributes.get("identifier", "").startswith(ACTOR):
        actor = attributes.pop("identifier").removeprefix(ACTOR)
    pieces = [lines.Span(begin, end, doc.text[begin:end]) for begin, end in spans]
    return lines.Entity(
        mention.id, columns["type"], spans[0][0], spans[-1][1], " ".join(p.text for p in pieces),
        pieces if len(pieces) > 1 else None, actor, _score(columns), extra | attributes,
    )  # fmt: skip


class Names:
    """What the nodes of a document's relations may refer to."""

    def __init__(self, doc: Document, entities: list[lines.Entity]) -> None:
        self.entities = {entity.entity for entity in entities}
        self.links = {str(link.value.id) for link in doc.links if link.value.id is not None}
        self.mentions: dict[str, list[Mention]] = {}
        for mention in doc.mentions:
            if mention.value.id is not None:
                self.mentions.setdefault(str(mention.value.id), []).append(mention)

    def find(self, link: Link, refid: str, to: Report) -> str | None:
        """The id of the entity that is meant; None where it is none, which is told or counted.

        An id that several passages use means the annotation of the relation's own passage.
        """
        found = self.mentions.get(refid, [])
        if len(found) > 1:
            near = [m for m in found if m.scope == link.scope]
            found = near or [m for m in found if m.scope[: len(link.scope)] == link.scope]
        if len(found) > 1:
            message = f"refid '{refid}' is that of {count(len(found), 'annotation')}"
            to.problems.append(link.item.problem(message))
            return None
        if found and found[0].id in self.entities:
            return found[0].id
        if found or refid in self.links:
            what = "an annotation that was not read" if found else "another relation"
            to.unread[f"relation of {what}"] += 1
        else:
            message = f"refid '{refid}' is that of no annotation"
            to.problems.append(link.item.problem(message))
        return None


def relation(doc: Document, link: Link, names: Names, to: Report) -> lines.Relation | None:
    """A relation of two mentions, perhaps with an object; None for another, which is counted."""
    infons, extra = dict(link.value.infons or {}), link.extra
    nodes = link.value.nodes or []
    more: Infons = {}
    ends: list[str | None]
    if len(nodes) < 2:
        ends = _of_pubtator(doc, link, infons, names)
        if not ends:
            to.unread["relation of concepts, not of mentions"] += 1
            return None
    else:
        roles = [node.role or "" for node in nodes]
        ours = sorted(roles) in (sorted(ROLES), sorted(ROLES[:2]))
        if not ours and len(nodes) > 2:
            to.unread["relation of more than two annotations"] += 1
            return None
        ends = [names.find(link, str(node.refid), to) for node in nodes]
        if None in ends:
            return None
        if ours:
            ends = [ends[roles.index(role)] for role in ROLES if role in roles]
        else:
            more = dict(zip(OTHER_ROLES, roles, strict=True))
    columns, attributes = divide(infons, "relations")
    if "type" not in columns:
        to.unread["relation without a type"] += 1
        return None
    status = columns.get("status", extra.status)
    if "status" in columns and status not in schema.STATUSES:
        attributes["status"], status = columns["status"], extra.status
    for fault in wrong(extra.evidence, doc.text):
        to.problems.append(link.item.problem(f"infon '{bioc.OURS}': evidence: {fault}"))
    hidden = [name for name in more if attributes.get(name, more[name]) != more[name]]
    to.unread["infon of a relation that the role of a node hides"] += len(hidden)
    head, tail, object = (*ends, None)[:3]
    return lines.Relation(
        link.id, columns["type"], head or "", tail or "", object, extra.evidence, status,
        _score(columns), extra.attributes | attributes | more,
    )  # fmt: skip


def _of_pubtator(
    doc: Document, link: Link, infons: dict[str, Any], names: Names
) -> list[str | None]:
    """The two mentions of a relation of PubTator3, and none for one that is not of it.

    Its one node has as its role the numbers, from 0, of two annotations of the document; that it
    is them that are meant is seen by their identifiers, which are in the infons role1 and role2.
    """
    nodes = link.value.nodes or []
    match = _INDEXES.fullmatch(nodes[0].role or "") if nodes else None
    found: list[str | None] = []
    for key, number in zip(("role1", "role2"), match.groups() if match else (), strict=False):
        role = infons.get(key)
        if not isinstance(role, dict) or int(number) >= len(doc.mentions):
            return []
        mention = doc.mentions[int(number)]
        said = mention.value.infons or {}
        identifier = role.get("identifier")
        if identifier is None or identifier != said.get("identifier"):
            return []
        if mention.id not in names.entities:
            return []
        if all(said.get(name) == value for name, value in role.items()):
            infons[key] = None  # the annotation says the same
        found.append(mention.id)
    return found


def stance(doc: Document, link: Link, names: Names, to: Report) -> lines.Stance | None:
    """A stance that this package wrote as a relation; None where it lost its arguments."""
    extra = link.extra.stance or bioc.StanceExtra()
    columns, attributes = divide(link.value.infons or {}, "stances")
    ends = {"holder": extra.holder, "target": extra.target}
    for node in link.value.nodes or []:
        if node.role in ends:
            ends[node.role] = names.find(link, str(node.refid), to)
        else:
            to.unread["argument of a stance that is neither its holder nor its target"] += 1
    for column in schema.SPAN_COLUMNS["stances"]:
        for fault in wrong(getattr(extra, column), doc.text):
            to.problems.append(link.item.problem(f"infon '{bioc.OURS}': {column}: {fault}"))
    polarity, explicit = columns.get("polarity"), columns.get("explicit")
    small = polarity is None or (_POLARITY.fullmatch(polarity) and -128 <= int(polarity) <= 127)
    if not small:
        wanted = f"infon 'polarity': wanted a small number, got {short(polarity)}"
        to.problems.append(link.item.problem(wanted))
        return None
    if explicit not in (None, "true", "false"):
        wanted = f"infon 'explicit': wanted true or false, got {short(explicit)}"
        to.problems.append(link.item.problem(wanted))
        return None
    found = lines.Stance(
        link.id, ends["holder"] or "", ends["target"] or "", extra.target_spans,
        None if polarity is None else int(polarity), columns.get("act"), extra.cue, extra.content,
        extra.source_chain, None if explicit is None else explicit == "true",
        columns.get("status"), _score(columns), link.extra.attributes | attributes,
    )  # fmt: skip
    if not lines.referred(found) <= set(names.entities):
        to.unread["stance that refers to an annotation that is not there"] += 1
        return None
    return found

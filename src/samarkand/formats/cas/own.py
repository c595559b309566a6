"""Our own types, read: what they add to the annotations that a tool shows.

Where a person has changed those, they win. What has lost the annotation that it belongs to is
counted. What a person has added has no id yet, and gets one.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec

from samarkand import files, lines, schema
from samarkand.formats.cas import types as types_of
from samarkand.formats.cas.source import Source
from samarkand.formats.cas.strict import parse
from samarkand.formats.cas.types import DOCUMENT, FEATURES, MENTION, RELATION, ROLES, SPAN, STANCE

#: The label of an entity that has none.
_NAMED = "NamedEntity"
#: The columns of the documents table that are strings in our document type.
_STRINGS = ("title", "event", "split", "license", "sha256")


@dataclass
class Ours:
    """The feature structures of our types; spans by the table and the id of their owner."""

    by_type: dict[str, list[Any]] = field(default_factory=dict)
    spans: dict[tuple[str, str], dict[str, list[Any]]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Any]:
        return self.by_type.get(kind, [])

    def taken(self, table: str, id: str) -> dict[str, list[Any]]:
        """The spans of an annotation, by column, in their order."""
        found = self.spans.pop((table, id), {})
        return {column: sorted(spans, key=lambda each: each[0]) for column, spans in found.items()}


def gather(source: Source, found: list[Any]) -> Ours:
    """Sort out what is ours."""
    ours = Ours()
    for fs in found:
        if fs.type.name not in FEATURES or not hasattr(fs, "begin"):
            source.fault(fs, f"{fs.type.name} is no type that this version knows; update samarkand")
            continue
        ours.by_type.setdefault(fs.type.name, []).append(fs)
    for fs in ours.of(SPAN):
        said = source.plain(fs)
        role, owner = said.get("role"), said.get("owner")
        if role not in ROLES or not owner:
            source.unread["SamarkandSpan without a role or an owner"] += 1
            continue
        if fs.begin == fs.end:
            source.unread["SamarkandSpan of no text"] += 1
            continue
        place = source.parsed(fs, "place", said.get("place"), _whole)
        table, column = ROLES[role]
        spans = ours.spans.setdefault((table, owner), {}).setdefault(column, [])
        last = len(found) if place is None else place
        spans.append(((last, fs.begin, fs.end, len(spans)), fs.begin, fs.end))
    for fs in ours.of(DOCUMENT)[1:]:
        source.fault(fs, "a second SamarkandDocument; a CAS of ours has one")
    return ours


def document(source: Source, ours: Ours) -> dict[str, Any]:
    """The columns of the documents table that our document type says, its id among them."""
    columns: dict[str, Any] = {}
    for fs in ours.of(DOCUMENT)[:1]:
        said = source.plain(fs)
        columns = {name: said.get(name) for name in _STRINGS}
        columns["published"] = source.parsed(fs, "published", said.get("published"), _date)
        metadata = source.parsed(fs, "metadata", said.get("metadata"), _pairs) or {}
        pairs = sorted(metadata.items())
        columns["metadata"] = [{"name": name, "value": value} for name, value in pairs]
        if "doc" in said:
            if not files.is_slug(said["doc"]):
                message = f"'doc': {said['doc'][:80]!r} is no id; wanted letters, digits, . _ -"
                source.fault(fs, message)
            columns["doc"] = said["doc"]
    return columns


def restored(source: Source, ours: Ours, text: str) -> str:
    """The text with the control characters that XML could not hold."""
    for fs in ours.of(DOCUMENT)[:1]:
        said = source.plain(fs).get("controls")
        characters = list(text)
        for place, character in source.parsed(fs, "controls", said, _controls) or []:
            if place < len(text) and text[place] == " ":
                characters[place] = character
            else:
                source.unread["control character whose place is gone"] += 1
        return "".join(characters)
    return text


def entities(
    source: Source, ours: Ours, text: str, found: list[tuple[Any, lines.Entity]]
) -> tuple[dict[int, str], list[lines.Entity]]:
    """Entities with what our type says of them; and their ids, by those of their structures.

    The identifier of somebody else's entity is an actor if it can be an actor's id. A knowledge
    base's, which is an address, stays an attribute.
    """
    taken: dict[str, Any] = {}
    for (fs, row), mention in zip(found, _matched(source, ours, found), strict=True):
        if fs.type.name == types_of.NAMED_ENTITY:
            identifier = row.attributes.get("identifier", "")
            if mention is not None or files.is_slug(identifier):
                row.actor = row.attributes.pop("identifier", None)
        if mention is None:
            continue
        said = source.plain(mention)
        row.entity = _once(source, mention, said.get("id"), taken)
        if said.get("label") == "" and row.label == _NAMED:
            row.label = ""
        row.score = source.parsed(mention, "score", said.get("score"), _float)
        row.attributes = row.attributes | _attributes(source, mention, said)
        pieces = spans(text, ours.taken("entities", row.entity).get("fragments", []))
        if pieces and _reach(pieces, row):
            row.fragments, row.text = pieces, " ".join(piece.text for piece in pieces)
        elif pieces:
            source.unread["fragments of an entity that was moved"] += 1
    rows = [row for _, row in found]
    number(rows, "entity", "T")
    return {fs.xmiID: row.entity for fs, row in found}, rows


def _matched(source: Source, ours: Ours, found: list[tuple[Any, lines.Entity]]) -> list[Any]:
    """What our type says of each entity: by place and label, or else by place alone."""
    labelled: dict[tuple[int, int, str], deque[Any]] = {}
    for mention in ours.of(MENTION):
        label = source.plain(mention).get("label") or _NAMED
        labelled.setdefault((mention.begin, mention.end, label), deque()).append(mention)
    matched: list[Any] = [None] * len(found)
    rows = [at for at, (fs, _) in enumerate(found) if fs.type.name == types_of.NAMED_ENTITY]
    for at in rows:
        row = found[at][1]
        waiting = labelled.get((row.begin, row.end, row.label))
        matched[at] = waiting.popleft() if waiting else None
    left: dict[tuple[int, int], deque[Any]] = {}
    for mention in sorted((m for found in labelled.values() for m in found), key=_by_id):
        left.setdefault((mention.begin, mention.end), deque()).append(mention)
    for at in rows:
        waiting = left.get((found[at][1].begin, found[at][1].end))
        if matched[at] is None and waiting:
            matched[at] = waiting.popleft()
    source.unread["SamarkandMention of an entity that is gone"] += sum(map(len, left.values()))
    return matched


def _by_id(fs: Any) -> int:
    number: int = fs.xmiID
    return number


def _reach(pieces: list[lines.Span], row: lines.Entity) -> bool:
    ends = (pieces[0].begin, pieces[-1].end) == (row.begin, row.end)
    return len(pieces) > 1 and ends and all(a.end <= b.begin for a, b in pairwise(pieces))


def relations(source: Source, ours: Ours, text: str, ids: dict[int, str]) -> list[lines.Relation]:
    """Relations of our type; those without an id have an empty one."""
    rows: list[lines.Relation] = []
    taken: dict[str, Any] = {}
    known = set(ids.values())
    for fs in ours.of(RELATION):
        said = source.plain(fs)
        head, tail = ends(fs, ids)
        if head is None or tail is None:
            source.unread["SamarkandRelation of an entity that is gone"] += 1
            continue
        id = _once(source, fs, said.get("id"), taken)
        object = said.get("object")
        if object is not None and object not in known:
            source.unread["object of a relation that is gone"] += 1
            object = None
        score = source.parsed(fs, "score", said.get("score"), _float)
        evidence = spans(text, ours.taken("relations", id).get("evidence", []))
        label = said.get("label", "SamarkandRelation")
        attributes = _attributes(source, fs, said)
        status = said.get("status")
        rows.append(
            lines.Relation(id, label, head, tail, object, evidence, status, score, attributes)
        )
    return rows


def stances(source: Source, ours: Ours, text: str, known: set[str]) -> list[lines.Stance]:
    """Stances. One without an id is new: what it covers is its cue."""
    rows: list[lines.Stance] = []
    taken: dict[str, Any] = {}
    for fs in ours.of(STANCE):
        said = source.plain(fs)
        id = _once(source, fs, said.get("id"), taken)
        chain = source.parsed(fs, "source_chain", said.get("source_chain"), _strings) or []
        holder, target = (said.get(name, schema.UNSPECIFIED) for name in ("holder", "target"))
        others = [name for name in (holder, *chain) if name not in schema.RESERVED]
        if target not in schema.RESERVED and not target.startswith("P:"):
            others.append(target)
        if not known.issuperset(others):
            source.unread["SamarkandStance of an entity that is gone"] += 1
            continue
        lists = {name: spans(text, found) for name, found in ours.taken("stances", id).items()}
        if target == schema.SPAN_TARGET and not lists.get("target_spans"):
            source.unread["target of a stance that is gone"] += 1
            target = schema.UNSPECIFIED
        if not id and fs.begin < fs.end:
            lists["cue"] = spans(text, [(None, fs.begin, fs.end)])
        row = lines.Stance(
            id,
            holder,
            target,
            polarity=source.parsed(fs, "polarity", said.get("polarity"), _polarity),
            act=said.get("act"),
            source_chain=chain,
            explicit=source.parsed(fs, "explicit", said.get("explicit"), _truth),
            status=said.get("status"),
            score=source.parsed(fs, "score", said.get("score"), _float),
            attributes=_attributes(source, fs, said),
            **lists,
        )
        rows.append(row)
    number(rows, "stance", "S")
    return rows


def ends(fs: Any, ids: dict[int, str]) -> tuple[str | None, str | None]:
    """The ids of the entities that a relation joins; none for what is no entity."""
    linked = [getattr(fs, name, None) for name in (types_of.GOVERNOR, types_of.DEPENDENT)]
    head, tail = (ids.get(getattr(each, "xmiID", -1)) for each in linked)
    return head, tail


def spans(text: str, found: list[Any]) -> list[lines.Span]:
    """Places as spans with the text that they cover."""
    return [lines.Span(begin, end, text[begin:end]) for _, begin, end in found]


def number(rows: list[Any], key: str, prefix: str) -> None:
    """Give ids, the prefix and the lowest free number, to the rows that have none."""
    taken = {getattr(row, key) for row in rows}
    last = 0
    for row in rows:
        while not getattr(row, key):
            last += 1
            if f"{prefix}{last}" not in taken:
                setattr(row, key, f"{prefix}{last}")


def stem(name: str) -> str:
    """A file's name without what says its format."""
    return re.sub(r"(?<=.)\.[A-Za-z0-9]{1,5}$", "", name)


def _once(source: Source, fs: Any, id: str | None, taken: dict[str, Any]) -> str:
    """An id that no other annotation of its kind has; nothing where there is none."""
    if id and id in taken:
        source.fault(fs, f"id {id!r} is that of {fs.type.short_name} {taken[id].xmiID} already")
    if id:
        taken[id] = fs
    return id or ""


def _attributes(source: Source, fs: Any, said: dict[str, str]) -> dict[str, str]:
    """Features under names of their own, and those in the JSON object that holds the rest."""
    rest = source.parsed(fs, "attributes", said.get("attributes"), _pairs) or {}
    return rest | {name: said[name] for name in said if name not in FEATURES[fs.type.name]}


def _whole(value: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError(f"wanted a whole number, got {value[:60]!r}")
    return int(value)


def _float(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"wanted a number, got {value[:60]!r}") from None


def _polarity(value: str) -> int:
    if not re.fullmatch("[+-]?[0-9]{1,3}", value) or not -128 <= int(value) <= 127:
        raise ValueError(f"wanted a whole number from -2 to 2, got {value[:60]!r}")
    return int(value)


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(f"wanted true or false, got {value[:60]!r}")
    return value == "true"


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"wanted a date as YYYY-MM-DD, got {value[:60]!r}") from None


def _pairs(value: str) -> dict[str, str]:
    found = parse(value)
    if not isinstance(found, dict) or not all(isinstance(said, str) for said in found.values()):
        raise ValueError(f"wanted a JSON object of strings, got {value[:60]!r}")
    return found


def _strings(value: str) -> list[str]:
    try:
        return msgspec.json.decode(value.encode(), type=list[str])
    except msgspec.MsgspecError:
        raise ValueError(f"wanted a JSON array of strings, got {value[:60]!r}") from None


def _controls(value: str) -> list[tuple[int, str]]:
    found = []
    for said in value.split():
        matched = re.fullmatch("([0-9]{1,9}):([0-9a-f]{4})", said)
        character = chr(int(matched[2], 16)) if matched else ""
        if matched is None or not types_of.NO_XML.fullmatch(character):
            raise ValueError(f"wanted PLACE:CHARACTER in hexadecimal, got {said[:60]!r}")
        found.append((int(matched[1]), character))
    return found

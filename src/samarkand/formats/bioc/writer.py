"""BioC: a document and its annotations as BioC JSON."""

import json
from bisect import bisect_right
from typing import Any

import msgspec

from samarkand import lines, schema
from samarkand.formats.bioc import decode as bioc
from samarkand.formats.bioc.places import GAP
from samarkand.formats.bioc.rows import (
    ACTOR,
    OTHER_ROLES,
    PASSAGES,
    RESERVED,
    ROLES,
    Infons,
    alone,
)

#: The columns of a document that are in our infon.
COLUMNS = ("title", "published", "language", "event", "split", "license", "sha256")

_encoder = msgspec.json.Encoder()


def document(row: dict[str, Any], entities: list[lines.Entity], relations: list[lines.Relation],
             stances: list[lines.Stance]) -> dict[str, Any]:  # fmt: skip
    """A document with its passages, each with the annotations that are wholly in it."""
    text: str = row["text"]
    metadata = {pair["name"]: pair["value"] for pair in row["metadata"]}
    division = divided(text, metadata.get(PASSAGES))
    if division is None:
        division = [alone(text)]
    else:
        del metadata[PASSAGES]
    infons = {name: value for name, value in metadata.items() if _free(name)}
    hidden = {name: value for name, value in metadata.items() if not _free(name)}
    extra = bioc.DocumentExtra(**{name: row[name] for name in COLUMNS}, metadata=hidden)
    ids = {entity.entity for entity in entities}
    begins = [passage["begin"] for passage in division]
    inside: list[list[Any]] = [[] for _ in division]
    across: list[Any] = []
    for entity in entities:
        number = bisect_right(begins, entity.begin) - 1
        whole = number >= 0 and entity.end <= division[number]["end"]
        (inside[number] if whole else across).append(_annotation(text, entity))
    return {
        "id": row["doc"],
        "infons": _with_ours(infons, extra),
        "passages": [
            {
                "offset": passage["begin"],
                "infons": passage["infons"],
                "text": text[passage["begin"] : passage["end"]],
                "sentences": [],
                "annotations": found,
                "relations": [],
            }
            for passage, found in zip(division, inside, strict=True)
        ],
        "annotations": across,
        "relations": [
            *(_relation(relation) for relation in relations),
            *(_stance(stance, ids) for stance in stances),
        ],
    }


def divided(text: str, said: str | None) -> list[dict[str, Any]] | None:
    """The passages that a document's metadata tell, if reading them would tell just that again."""
    if said is None:
        return None
    try:
        found = json.loads(said, parse_constant=lambda name: None)
        if json.dumps(found, ensure_ascii=False) != said or not isinstance(found, list):
            return None
        passages = [msgspec.convert(one, _Passage) for one in found]
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    at = 0
    for passage in passages:
        if passage.begin < at or passage.begin - at > GAP or passage.end < passage.begin:
            return None
        if text[at : passage.begin].strip("\n"):
            return None
        at = passage.end
    if at != len(text) or found in ([], [alone(text)]) or _order(passages) != passages:
        return None
    return found


class _Passage(msgspec.Struct, forbid_unknown_fields=True):
    begin: bioc.Offset
    end: bioc.Offset
    infons: dict[str, Any]


def _order(passages: list[_Passage]) -> list[_Passage]:
    return sorted(passages, key=lambda passage: (passage.begin, passage.end > passage.begin))


def _annotation(text: str, row: lines.Entity) -> dict[str, Any]:
    """An entity; the text of one in pieces is all from its begin to its end, as the validator of
    the library `bioc` wants it."""
    infons = {"type": row.label}
    attributes = dict(row.attributes)
    identifier = attributes.get("identifier", "")
    hidden: Infons = {}
    if row.actor is not None or identifier.startswith(ACTOR):
        hidden = {name: attributes.pop(name) for name in ("identifier",) if name in attributes}
    if row.actor is not None:
        infons["identifier"] = ACTOR + row.actor
    infons |= _score(row.score)
    attributes, reserved = _split(attributes, "entities")
    spans = row.fragments or [lines.Span(row.begin, row.end, row.text)]
    return {
        "id": row.entity,
        "infons": _with_ours(infons | attributes, bioc.EntityExtra(hidden | reserved)),
        "text": text[row.begin : row.end],
        "locations": [{"offset": s.begin, "length": s.end - s.begin} for s in spans],
    }


def _relation(row: lines.Relation) -> dict[str, Any]:
    infons = {"type": row.label}
    known = row.status in schema.STATUSES
    if row.status is not None and known:
        infons["status"] = row.status
    infons |= _score(row.score)
    attributes, roles = dict(row.attributes), list(ROLES)
    others = [attributes.get(name) for name in OTHER_ROLES]
    if None not in others and row.object is None and sorted(map(str, others)) != ["head", "tail"]:
        roles = [attributes.pop(name) for name in OTHER_ROLES]
    attributes, reserved = _split(attributes, "relations")
    extra = bioc.RelationExtra(reserved, row.evidence, None if known else row.status)
    ends = [row.head, row.tail] if row.object is None else [row.head, row.tail, row.object]
    return {
        "id": row.relation,
        "infons": _with_ours(infons | attributes, extra),
        "nodes": [{"refid": id, "role": role} for id, role in zip(ends, roles, strict=False)],
    }


def _stance(row: lines.Stance, ids: set[str]) -> dict[str, Any]:
    """A stance as a relation of its holder and its target, as far as they are entities."""
    infons = {"type": "STANCE"}
    if row.polarity is not None:
        infons["polarity"] = str(row.polarity)
    if row.explicit is not None:
        infons["explicit"] = str(row.explicit).lower()
    said = {"act": row.act, "status": row.status}
    infons |= {name: value for name, value in said.items() if value is not None}
    infons |= _score(row.score)
    attributes, reserved = _split(row.attributes, "stances")
    ends = {"holder": row.holder, "target": row.target}
    named = {role: id for role, id in ends.items() if id in ids}
    rest = {role: id for role, id in ends.items() if id not in ids}
    stance = bioc.StanceExtra(
        **rest, target_spans=row.target_spans, cue=row.cue, content=row.content,
        source_chain=row.source_chain,
    )  # fmt: skip
    return {
        "id": row.stance,
        "infons": _with_ours(infons | attributes, bioc.RelationExtra(reserved, stance=stance)),
        "nodes": [{"refid": id, "role": role} for role, id in named.items()],
    }


def _score(score: float | None) -> Infons:
    return {} if score is None else {"score": repr(score)}


def _free(name: str) -> bool:
    return not name.startswith(bioc.OURS)


def _split(attributes: Infons, table: str) -> tuple[Infons, Infons]:
    """The attributes that can be infons, and those whose name means something else there."""
    free = {name for name in attributes if _free(name) and name not in RESERVED[table]}
    return (
        {name: value for name, value in attributes.items() if name in free},
        {name: value for name, value in attributes.items() if name not in free},
    )


def _with_ours(infons: Infons, extra: msgspec.Struct) -> Infons:
    """The infons with ours, if it says anything."""
    said = _encoder.encode(extra).decode()
    return infons if said == "{}" else infons | {bioc.OURS: said}

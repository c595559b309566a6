"""Rows of our tables as the features of our layers, and back."""

import re
from collections import Counter
from collections.abc import Mapping

from samarkand import lines, schema
from samarkand.formats.webanno import own
from samarkand.formats.webanno.escapes import sayable
from samarkand.formats.webanno.own import EntityRest, Place, RelationRest, Rest, StanceRest
from samarkand.words import count

_POLARITY = re.compile(r"-?[0-9]{1,3}")
_EXPLICIT = {"true": True, "false": False}

Values = dict[str, str]


def _native(features: Values, rest: Rest, name: str, value: str | None, feature: str = "") -> None:
    """Say it in a feature if one can hold it, else in the rest."""
    if value is not None and sayable(value):
        features[feature or name] = value
    else:
        setattr(rest, name, value)


def _finish(
    table: str, id: str, features: Values, rest: Rest, attributes: Mapping[str, str]
) -> Values:
    mine, rest.attributes = own.divide(attributes, table)
    features |= mine
    _native(features, rest, "id", id, own.ID)
    said = own.encode(rest)
    return features if said is None else features | {own.REST: said}


def entity(row: lines.Entity, at: tuple[int, int], text: str) -> Values:
    """The features of an entity whose annotation covers `text` at `at`."""
    features, rest = Values(), EntityRest(score=row.score, fragments=row.fragments)
    if (row.begin, row.end, row.text) != (*at, text):
        rest.span = lines.Span(row.begin, row.end, row.text)
    if rest.span is not None or rest.fragments is not None:
        rest.at = at
    _native(features, rest, "label", row.label, "value")
    _native(features, rest, "actor", row.actor)
    return _finish("entities", row.entity, features, rest, row.attributes)


def relation(row: lines.Relation) -> Values:
    """The features of a relation, its ends apart."""
    features = Values()
    rest = RelationRest(score=row.score, object=row.object, evidence=row.evidence)
    _native(features, rest, "label", row.label, "value")
    _native(features, rest, "status", row.status)
    return _finish("relations", row.relation, features, rest, row.attributes)


def stance(
    row: lines.Stance, at: lines.Span, known: set[str]
) -> tuple[Values, list[tuple[str, str]]]:
    """The features of a stance whose annotation is at `at`, and its links: role and entity id."""
    features = Values()
    rest = StanceRest(score=row.score, content=row.content, target_spans=row.target_spans)
    links: list[tuple[str, str]] = []
    for name, value in ((own.HOLDER, row.holder), (own.TARGET, row.target)):
        if value in known:
            links.append((name, value))
        elif value != schema.UNSPECIFIED:
            _native(features, rest, name, value)
    chain = row.source_chain
    if chain[:1] == [schema.AUTHOR] and all(id in known for id in chain[1:]):
        links += [(own.SOURCE, id) for id in chain[1:]]
    else:
        rest.source_chain = chain
    if row.cue != [at]:
        rest.cue, rest.at = row.cue, (at.begin, at.end)
    _native(features, rest, "act", row.act)
    _native(features, rest, "status", row.status)
    if row.polarity is not None:
        features["polarity"] = str(row.polarity)
    if row.explicit is not None:
        features["explicit"] = "true" if row.explicit else "false"
    return _finish("stances", row.stance, features, rest, row.attributes), links


def _attributes(features: Values, table: str, rest: Rest, unread: Counter[str]) -> dict[str, str]:
    """The attributes among the features; one of the rest that is a feature as well goes."""
    given = {own.ID, own.REST, *own.FEATURES[table]}
    mine = {name: value for name, value in features.items() if name not in given}
    unread["attribute in 'samarkand' that a feature says otherwise"] += len(
        mine.keys() & rest.attributes
    )
    return rest.attributes | mine


def _moved(rest: EntityRest | StanceRest, at: Place, what: str, unread: Counter[str]) -> bool:
    """Whether the annotation is not where it was when the rest was written."""
    moved = rest.at is not None and rest.at != at
    unread[f"exact place of {what} that was moved"] += moved
    return moved


def read_entity(id: str, features: Values, place: lines.Span, unread: Counter[str]) -> lines.Entity:
    """An entity of our layer. Errors: ValueError."""
    rest = own.rest(features.get(own.REST), EntityRest)
    fragments = rest.fragments
    label = features.get("value", rest.label)
    if _moved(rest, (place.begin, place.end), "an entity", unread):
        fragments = None
    elif rest.span is not None:
        place = rest.span
    return lines.Entity(
        id, own.ENTITY.rpartition(".")[2] if label is None else label, place.begin, place.end,
        place.text, fragments, features.get("actor", rest.actor), rest.score,
        _attributes(features, "entities", rest, unread),
    )  # fmt: skip


def read_relation(
    id: str, features: Values, ends: tuple[str, str], known: set[str], unread: Counter[str]
) -> lines.Relation:
    """A relation of our layer. Errors: ValueError."""
    rest = own.rest(features.get(own.REST), RelationRest)
    label = features.get("value", rest.label)
    object = rest.object if rest.object in known else None
    unread["object of a relation that is not there any more"] += object != rest.object
    return lines.Relation(
        id, own.RELATION.rpartition(".")[2] if label is None else label, *ends, object,
        rest.evidence, features.get("status", rest.status), rest.score,
        _attributes(features, "relations", rest, unread),
    )  # fmt: skip


def read_stance(
    id: str, features: Values, place: lines.Span, links: list[tuple[str, str]], unread: Counter[str]
) -> lines.Stance:
    """A stance of our layer. Errors: ValueError."""
    rest = own.rest(features.get(own.REST), StanceRest)
    holder = _end(own.HOLDER, links, features.get(own.HOLDER, rest.holder))
    target = _end(own.TARGET, links, features.get(own.TARGET, rest.target))
    sources = [id for role, id in links if role == own.SOURCE]
    chain = rest.source_chain
    if sources or chain is None:
        chain = [schema.AUTHOR, *sources]
    cue = rest.cue
    if cue is None or _moved(rest, (place.begin, place.end), "a stance", unread):
        cue = [place]
    return lines.Stance(
        id, holder, target, rest.target_spans, _polarity(features.get("polarity")),
        features.get("act", rest.act), cue, rest.content, chain,
        _explicit(features.get("explicit")), features.get("status", rest.status), rest.score,
        _attributes(features, "stances", rest, unread),
    )  # fmt: skip


def _end(name: str, links: list[tuple[str, str]], said: str | None) -> str:
    """Who or what is linked by that role, or else is said in the feature."""
    linked = [id for role, id in links if role == name]
    if len(linked) > 1:
        raise ValueError(
            f"a stance with {count(len(linked), 'link')} of the role '{name}'; wanted one"
        )
    if linked:
        return linked[0]
    return schema.UNSPECIFIED if said is None else said


def _polarity(said: str | None) -> int | None:
    if said is None:
        return None
    if not _POLARITY.fullmatch(said) or not -128 <= int(said) <= 127:
        raise ValueError(f"polarity is {said[:40]!r}; wanted a whole number, as -2 to 2")
    return int(said)


def _explicit(said: str | None) -> bool | None:
    if said is not None and said not in _EXPLICIT:
        raise ValueError(f"explicit is {said[:40]!r}; wanted true or false")
    return None if said is None else _EXPLICIT[said]

"""The label schema: which labels there are and what may stand where (`annotations/schema.toml`).

Entity labels come in groups; the mentions of a flat group may not overlap each other. A relation
type has a domain (`head`), a range (`tail`) and, for a few types, an `object`. An argument type
is a label, or `LABEL+actor`: that label, if the mention refers to an actor. `@CLASS` in the file
stands for the argument types listed under `[classes]`.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

import msgspec
import tomli_w

from samarkand.errors import CorpusError, Problem
from samarkand.jsonl import explain
from samarkand.schema import STATUSES


@dataclass(frozen=True)
class Group:
    """Entity labels that belong together. `flat`: their mentions may not overlap."""

    name: str
    labels: tuple[str, ...]
    flat: bool = False


@dataclass(frozen=True)
class RelationType:
    """A relation label with the argument types it may join; no types means any.

    `parent` is the wider label into which it is merged where a type of its own has too few
    instances to learn from; empty for none.
    """

    name: str
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    object: tuple[str, ...] = ()
    symmetric: bool = False
    parent: str = ""


@dataclass(frozen=True)
class Attribute:
    """An attribute of entities; no labels or values means any."""

    name: str
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelSchema:
    """Everything that annotations may say. `polarity` runs from against to for.

    `homonyms` are names that rightly have several labels of one group, each with the reason.
    """

    name: str = ""
    version: str = "0"
    groups: tuple[Group, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    relations: tuple[RelationType, ...] = ()
    acts: tuple[str, ...] = ()
    statuses: tuple[str, ...] = STATUSES
    polarity: tuple[tuple[int, str], ...] = ()
    propositions: tuple[tuple[str, str], ...] = ()
    homonyms: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Every entity label, group by group."""
        return tuple(label for group in self.groups for label in group.labels)

    @property
    def merged(self) -> dict[str, str]:
        """For each relation label the one that stands for it where few are merged."""
        return {kind.name: kind.parent or kind.name for kind in self.relations}

    def relation(self, name: str) -> RelationType | None:
        """The relation type of that name, if there is one."""
        return next((kind for kind in self.relations if kind.name == name), None)


#: The group of labels that stands in spaCy's `doc.ents` where there is one of that name.
ENTS = "ents"


def ents_group(groups: Sequence[Group]) -> str | None:
    """The group whose mentions stand in `doc.ents`: that of the name `ents`, or the first flat."""
    names = [group.name for group in groups if group.name == ENTS]
    names += [group.name for group in groups if group.flat]
    return names[0] if names else None


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    labels: tuple[str, ...]
    flat: bool = False


class _Attribute(msgspec.Struct, forbid_unknown_fields=True):
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


class _Relation(msgspec.Struct, forbid_unknown_fields=True):
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    object: tuple[str, ...] = ()
    symmetric: bool = False
    parent: str = ""


class _Stance(msgspec.Struct, forbid_unknown_fields=True):
    acts: tuple[str, ...] = ()
    statuses: tuple[str, ...] = STATUSES
    polarity: dict[str, str] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str
    groups: dict[str, _Group] = {}
    attributes: dict[str, _Attribute] = {}
    classes: dict[str, tuple[str, ...]] = {}
    relations: dict[str, _Relation] = {}
    stance: _Stance = msgspec.field(default_factory=_Stance)
    propositions: dict[str, str] = {}
    homonyms: dict[str, str] = {}


def parse(path: str, data: bytes) -> LabelSchema:
    """Read a `schema.toml`.

    Errors: CorpusError for what is not TOML, not of this shape, names a label twice, or gives a
    relation an argument type that is no label.
    """
    file = parse_toml(path, data, _File)
    groups = tuple(Group(name, group.labels, group.flat) for name, group in file.groups.items())
    seen: set[str] = set()
    for label in (label for group in groups for label in group.labels):
        if label in seen:
            raise CorpusError([Problem(path, 0, f"entity label '{label}' is listed twice")])
        seen.add(label)
    for place, group in enumerate(groups):
        if place and group.name == "ner":
            message = "a group called 'ner' stands first, as its tags are the column ner_tags"
            raise CorpusError([Problem(path, 0, message)])
    scales = {"acts": file.stance.acts, "statuses": file.stance.statuses}
    scales["polarity"] = tuple(file.stance.polarity.values())
    for name, values in scales.items():
        if len(set(values)) < len(values):
            raise CorpusError([Problem(path, 0, f"stance.{name} lists one name twice")])
    try:
        polarity = tuple(sorted((int(key), name) for key, name in file.stance.polarity.items()))
    except ValueError:
        message = f"polarity keys are whole numbers, got {sorted(file.stance.polarity)}"
        raise CorpusError([Problem(path, 0, message)]) from None
    relations = tuple(
        RelationType(
            name,
            _expand(path, name, kind.head, file.classes, seen),
            _expand(path, name, kind.tail, file.classes, seen),
            _expand(path, name, kind.object, file.classes, seen),
            kind.symmetric,
            _parent(path, name, file.relations),
        )
        for name, kind in file.relations.items()
    )
    return LabelSchema(
        name=file.name,
        version=file.version,
        groups=groups,
        attributes=tuple(Attribute(n, a.labels, a.values) for n, a in file.attributes.items()),
        relations=relations,
        acts=file.stance.acts,
        statuses=file.stance.statuses,
        polarity=polarity,
        propositions=tuple(file.propositions.items()),
        homonyms=tuple(file.homonyms.items()),
    )


def _parent(path: str, name: str, relations: Mapping[str, _Relation]) -> str:
    parent = relations[name].parent
    if parent in relations and relations[parent].parent not in ("", parent):
        message = f"relation {name}: its parent '{parent}' has a parent itself"
        raise CorpusError([Problem(path, 0, message)])
    return parent


def _expand(
    path: str,
    relation: str,
    types: Iterable[str],
    classes: Mapping[str, tuple[str, ...]],
    labels: set[str],
) -> tuple[str, ...]:
    expanded: list[str] = []
    for name in types:
        members = classes.get(name[1:], ()) if name.startswith("@") else (name,)
        expanded.extend(member for member in members if member not in expanded)
        if not members or any(member.removesuffix("+actor") not in labels for member in members):
            message = f"relation {relation}: '{name}' is neither an entity label nor a class"
            raise CorpusError([Problem(path, 0, message)])
    return tuple(expanded)


def dump(schema: LabelSchema) -> bytes:
    """Write a `schema.toml` that `parse` reads back equal (without its comments and classes)."""
    relations: dict[str, Any] = {}
    for kind in schema.relations:
        sides = {"head": kind.head, "tail": kind.tail, "object": kind.object}
        relations[kind.name] = {name: list(types) for name, types in sides.items() if types}
        if kind.symmetric:
            relations[kind.name]["symmetric"] = True
        if kind.parent:
            relations[kind.name]["parent"] = kind.parent
    content = {
        "name": schema.name,
        "version": schema.version,
        "groups": {g.name: {"flat": g.flat, "labels": list(g.labels)} for g in schema.groups},
        "attributes": {
            a.name: {"labels": list(a.labels), "values": list(a.values)} for a in schema.attributes
        },
        "relations": relations,
        "stance": {
            "acts": list(schema.acts),
            "statuses": list(schema.statuses),
            "polarity": {str(value): name for value, name in schema.polarity},
        },
        "propositions": dict(schema.propositions),
    }
    if schema.homonyms:
        content["homonyms"] = dict(schema.homonyms)
    return tomli_w.dumps(content).encode()


T = TypeVar("T")


def parse_toml(path: str, data: bytes, kind: type[T]) -> T:
    """Decode a TOML file into a msgspec struct; CorpusError names the file and the key."""
    try:
        if data.startswith(b"\xef\xbb\xbf"):
            raise ValueError("starts with a byte order mark; save the file as plain UTF-8")
        raw = tomllib.loads(data.decode())
        if is_dataclass(kind):  # msgspec passes over keys that a dataclass does not have
            for key in sorted(raw.keys() - {field.name for field in fields(kind)}):
                raise ValueError(f"unknown key '{key}'")
        return msgspec.convert(raw, kind)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise CorpusError([Problem(path, 0, message)]) from None
    except (ValueError, msgspec.ValidationError) as error:
        said = explain(error)
        line = re.search(r" \(at line (\d+), column \d+\)$", said)
        place = int(line[1]) if line else 0
        raise CorpusError([Problem(path, place, said[: line.start()] if line else said)]) from None

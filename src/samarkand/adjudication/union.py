"""The union of several layers: what all say alike once, and what they do not as alternatives.

Ids tell which alternatives belong together, `T7`, `T7b`, `T7c`, and nothing of who said what: they
stand in the order of what they say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_lowercase
from typing import Any

import msgspec
import pyarrow as pa

from samarkand import lines, schema
from samarkand.adjudication import alike
from samarkand.agreement import sides as sides_of
from samarkand.agreement.sides import Side
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError

#: How the ids of each table begin.
PREFIX = {"entities": "T", "relations": "R", "stances": "S"}


@dataclass(frozen=True)
class Variant:
    """One thing that was said. `by`: the layers that said it; `question`: 0 where all did, and one
    number for all that is an alternative to it.
    """

    table: str
    line: lines.Line
    by: tuple[str, ...]
    question: int


@dataclass(frozen=True)
class Name:
    """One of the ids by which layers call one actor of a document; `by` and `question` as above."""

    actor: str
    by: tuple[str, ...]
    question: int


@dataclass(frozen=True)
class Union:
    """What was said of one document, by `layers`. The mentions of an actor with several names have
    the first of them.
    """

    doc: str
    layers: tuple[str, ...]
    names: tuple[Name, ...]
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class _Said:
    """The lines of a document, by table and layer, with the groups of the entities."""

    lines: Mapping[str, list[list[Any]]]
    groups: list[list[int]]


def union(corpus: Corpus, layers: Sequence[str], docs: Sequence[str]) -> list[Union]:
    """What these layers say of these documents, each by the layers that have anything of it.

    Errors: SamarkandError for a layer that is not there, and arguments that are not.
    """
    for name in layers:
        if name not in corpus.layers:
            raise SamarkandError(
                f"there is no layer '{name}'; layers: {', '.join(corpus.layers) or 'none'}"
            )
    ordered = pa.array(sorted(docs), pa.string())
    shared, sides = sides_of.sides(corpus, [corpus.layers[name] for name in layers], ordered)
    called = alike.names(sides, shared.actors.to_pylist())
    symmetric = frozenset(kind.name for kind in corpus.labels.relations if kind.symmetric)
    said = _by_document(sides, alike.entities(sides), ordered.to_pylist())
    return [
        _document(doc, layers, said[doc], [_of(names, number) for names in called], symmetric)
        for number, doc in enumerate(ordered.to_pylist())
    ]


def _of(names: Mapping[tuple[int, str], str], number: int) -> dict[str, str]:
    return {id: name for (doc, id), name in names.items() if doc == number}


def _by_document(
    sides: Sequence[Side], groups: Sequence[Any], docs: Sequence[str]
) -> dict[str, _Said]:
    found = {
        doc: _Said({name: [[] for _ in sides] for name in schema.TABLES}, [[] for _ in sides])
        for doc in docs
    }
    for number, side in enumerate(sides):
        for name in schema.TABLES:
            table = side.layer.table(name)
            rows = lines.from_table(name, table)
            for place, (doc, row) in enumerate(zip(table["doc"].to_pylist(), rows, strict=True)):
                found[doc].lines[name][number].append(row)
                if name == "entities":
                    found[doc].groups[number].append(int(groups[number][place]))
    return found


def _document(
    doc: str,
    layers: Sequence[str],
    said: _Said,
    called: Sequence[Mapping[str, str]],
    symmetric: frozenset[str],
) -> Union:
    there = [n for n in range(len(layers)) if any(said.lines[name][n] for name in schema.TABLES)]
    everybody = tuple(layers[n] for n in there)
    count = iter(range(1, 1 << 30))
    names = tuple(_names(layers, called, count))
    groups, place = _entity_groups(said, called)
    variants = list(_variants("entities", groups, layers, everybody, count))
    actor = {f"T{n}": group[0][1].actor for n, group in enumerate(groups, 1)}
    arguments = alike.Arguments({id: id for id in actor}, actor)
    for name, way in (
        ("relations", alike.relations(arguments, symmetric)),
        ("stances", alike.stances(arguments)),
    ):
        rows = [
            [_pointed(doc, layers[n], row, place[n], symmetric) for row in said.lines[name][n]]
            for n in range(len(layers))
        ]
        if any(row.status for several in rows for row in several):
            rows = [[_stated(row) for row in several] for several in rows]
        found = sorted(alike.grouped(rows, way), key=_first)
        variants += _variants(name, found, layers, everybody, count)
    return Union(doc, everybody, names, tuple(variants))


def _names(
    layers: Sequence[str], called: Sequence[Mapping[str, str]], count: Iterator[int]
) -> Iterator[Name]:
    """The actors that have several names."""
    by: dict[tuple[str, str], list[str]] = {}
    for layer, names in zip(layers, called, strict=True):
        for id, name in names.items():
            by.setdefault((name, id), []).append(layer)
    for _, ids in groupby(sorted(by), key=lambda pair: pair[0]):
        several = list(ids)
        if len(several) > 1:
            question = next(count)
            yield from (Name(id, tuple(by[name, id]), question) for name, id in several)


def _entity_groups(
    said: _Said, called: Sequence[Mapping[str, str]]
) -> tuple[list[list[tuple[int, Any]]], list[dict[str, str]]]:
    """Groups of (layer's number, entity) in the order of the text; for each layer the id of the
    group of each of its entities.
    """
    found: dict[int, list[tuple[int, Any]]] = {}
    for number, (rows, groups) in enumerate(zip(said.lines["entities"], said.groups, strict=True)):
        for row, group in zip(rows, groups, strict=True):
            actor = None if row.actor is None else called[number].get(row.actor, row.actor)
            one = msgspec.structs.replace(row, actor=actor)
            found.setdefault(group, []).append((number, one))
    ordered = sorted(found.values(), key=_first)
    place: list[dict[str, str]] = [{} for _ in said.groups]
    for at, several in enumerate(ordered, 1):
        for number, row in several:
            place[number][row.entity] = f"T{at}"
    return ordered, place


def _first(group: Sequence[tuple[int, Any]]) -> tuple[Any, ...]:
    """Where a group stands, whoever of it comes first."""
    return min((*_position(row), content(row)) for _, row in group)


def _position(row: Any) -> tuple[int, int]:
    if isinstance(row, lines.Entity):
        return row.begin, row.end
    spans = row.evidence if isinstance(row, lines.Relation) else [*row.cue, *row.content]
    return (spans[0].begin, spans[0].end) if spans else (-1, -1)


def content(line: lines.Line) -> bytes:
    """What a line says, its id aside: equal lines say the same."""
    key = line.__struct_fields__[0]
    said = msgspec.structs.replace(line, **{key: ""})
    if not isinstance(said, lines.Entity):
        said = _stated(said)
    for name in ("evidence", "cue", "content", "target_spans"):
        spans = getattr(said, name, None)
        if spans:
            ordered = sorted(spans, key=lambda span: (span.begin, span.end))
            said = msgspec.structs.replace(said, **{name: ordered})
    return msgspec.json.encode(said, order="deterministic")


def _stated(row: Any) -> Any:
    """With the status that silence means, so that no habit tells whose line it is."""
    return row if row.status else msgspec.structs.replace(row, status=schema.STATUSES[0])


def _variants(
    table: str,
    groups: Sequence[Sequence[tuple[int, Any]]],
    layers: Sequence[str],
    everybody: tuple[str, ...],
    count: Iterator[int],
) -> Iterator[Variant]:
    key = lines.ID_KEYS[table]
    for number, group in enumerate(groups, 1):
        said: dict[bytes, tuple[Any, list[str]]] = {}
        for layer, row in group:
            said.setdefault(content(row), (row, []))[1].append(layers[layer])
        ordered = sorted(said.items(), key=lambda item: (_position(item[1][0]), item[0]))
        agreed = len(said) == 1 and len(group) == len(everybody)
        question = 0 if agreed else next(count)
        for at, (_, (row, by)) in enumerate(ordered):
            id = f"{PREFIX[table]}{number}{ascii_lowercase[at] if at else ''}"
            line = msgspec.structs.replace(row, **{key: id})
            yield Variant(table, line, tuple(by), question)


def _pointed(
    doc: str, layer: str, row: Any, place: Mapping[str, str], symmetric: frozenset[str]
) -> Any:
    """A relation or stance that names the groups of its arguments.

    Errors: SamarkandError for an argument that is no entity.
    """
    key = row.__struct_fields__[0]
    unknown = [getattr(row, n) for n in alike.references(row) if getattr(row, n) not in place]
    if unknown:
        message = f"{getattr(row, key)} of {layer} names {unknown[0]}, which is no entity of it"
        raise SamarkandError([Problem(doc, 0, f"{message}; see `samarkand check`")])
    changed: dict[str, Any] = {n: place[getattr(row, n)] for n in alike.references(row)}
    if isinstance(row, lines.Stance):
        changed["source_chain"] = [place.get(id, id) for id in row.source_chain]
    elif row.label in symmetric and int(changed["tail"][1:]) < int(changed["head"][1:]):
        changed["head"], changed["tail"] = changed["tail"], changed["head"]
    return msgspec.structs.replace(row, **changed)

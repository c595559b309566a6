"""What this package adds to a task, made to fit what the task says after annotation.

The task's spans and relations are what holds. An entity's or a relation's line adds to the span or
relation that says the same; a line whose span or relation is gone goes with it. A span that has
got another label is still the entity that stands there.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from samarkand import lines, schema, words
from samarkand.formats.prodigy.task import Own

#: Where an entity is and its label: all that a span says.
Key = tuple[int, int, str]


@dataclass
class Span:
    """A span of a document's tasks, in code points."""

    key: Key
    score: float | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Relation:
    """A relation of a document's tasks; `head` and `tail` are indices of its spans."""

    label: str
    head: int
    tail: int
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Annotations:
    entities: list[lines.Entity]
    relations: list[lines.Relation]
    stances: list[lines.Stance]


def fit(
    text: str,
    own: Own,
    spans: Sequence[Span],
    relations: Sequence[Relation],
    unread: Counter[str],
) -> Annotations:
    """A document's annotations: those of the tasks, with what `own` adds to them."""
    entities = _entities(text, own.entities, spans, unread)
    live = {entity.entity for entity in entities}
    named = [entity.entity for entity in entities]
    keys = {line.entity: _key(line) for line in own.entities} | {
        entity.entity: span.key for entity, span in zip(entities, spans, strict=True)
    }
    fitted = _relations(own.relations, spans, relations, named, keys, unread)
    for relation in fitted:
        if relation.object is not None and relation.object not in live:
            relation.object = None
            unread["object of a relation whose span is gone"] += 1
    stances = [stance for stance in own.stances if live.issuperset(lines.referred(stance))]
    unread["stance about a span that is gone"] += len(own.stances) - len(stances)
    return Annotations(entities, fitted, stances)


def _key(line: lines.Entity) -> Key:
    return line.begin, line.end, line.label


def _entities(
    text: str, owned: Sequence[lines.Entity], spans: Sequence[Span], unread: Counter[str]
) -> list[lines.Entity]:
    """An entity for each span, in the order of the spans; those without a line get new ids."""
    waiting: dict[Key, list[lines.Entity]] = defaultdict(list)
    for line in owned:
        waiting[_key(line)].append(line)
    found: dict[int, lines.Entity] = {}
    for index, span in enumerate(spans):
        if same := waiting[span.key]:
            found[index] = _with(same.pop(0), span.attributes, score=span.score)
    left = [line for same in waiting.values() for line in same]
    relabelled = _relabelled(left, spans, [i for i in range(len(spans)) if i not in found], unread)
    unread["entity whose span is gone"] += len(left) - len(relabelled)
    found |= relabelled
    ids = _free("T", (line.entity for line in owned))
    fresh = [index for index in range(len(spans)) if index not in found]
    for index in sorted(fresh, key=lambda index: (spans[index].key, index)):
        span = spans[index]
        begin, end, label = span.key
        found[index] = lines.Entity(
            next(ids), label, begin, end, text[begin:end],
            score=span.score, attributes=span.attributes,
        )  # fmt: skip
    return [found[index] for index in range(len(spans))]


def _relabelled(
    left: Sequence[lines.Entity],
    spans: Sequence[Span],
    fresh: Sequence[int],
    unread: Counter[str],
) -> dict[int, lines.Entity]:
    """The new spans that stand where one entity stood, alone both: it, under the new label.

    Its score was that of its old label.
    """
    stood = Counter((line.begin, line.end) for line in left)
    stands = Counter(spans[index].key[:2] for index in fresh)
    there = {spans[index].key[:2]: index for index in fresh}
    found: dict[int, lines.Entity] = {}
    for line in left:
        place = line.begin, line.end
        if stood[place] == stands[place] == 1:
            span = spans[there[place]]
            unread["score of an entity that has another label now"] += line.score is not None
            changed = _with(line, span.attributes, label=span.key[2])
            found[there[place]] = msgspec.structs.replace(changed, score=span.score)
    return found


def _relations(
    owned: Sequence[lines.Relation],
    spans: Sequence[Span],
    relations: Sequence[Relation],
    named: Sequence[str],
    keys: dict[str, Key],
    unread: Counter[str],
) -> list[lines.Relation]:
    """A line for each relation of the tasks; `named` has each span's entity, `keys` each line's."""
    waiting: dict[tuple[str, Key, Key], list[lines.Relation]] = defaultdict(list)
    for line in owned:
        waiting[line.label, keys[line.head], keys[line.tail]].append(line)
    live = set(named)
    ids = _free("R", (line.relation for line in owned))
    found = []
    for said in relations:
        ends = {"head": named[said.head], "tail": named[said.tail]}
        same = waiting[said.label, spans[said.head].key, spans[said.tail].key]
        if same:  # of several spans in one place, the line knows which one is meant
            line = same.pop(0)
            ends = {n: id if getattr(line, n) not in live else getattr(line, n)
                    for n, id in ends.items()}  # fmt: skip
            found.append(_with(line, said.attributes, **ends))
        else:
            found.append(
                lines.Relation(
                    next(ids), said.label, ends["head"], ends["tail"], attributes=said.attributes
                )
            )
    unread["relation that is gone from its task"] += sum(map(len, waiting.values()))
    return found


def _with(line: Any, attributes: dict[str, str], **fields: Any) -> Any:
    """The line with what the task says; what is None there stays as it is."""
    said = {name: value for name, value in fields.items() if value is not None}
    return msgspec.structs.replace(line, **said, attributes=line.attributes | attributes)


def _free(prefix: str, taken: Iterable[str]) -> Iterator[str]:
    """Ids that are not taken: the prefix and a number, counting up."""
    known = set(taken)
    number = 0
    while True:
        number += 1
        if f"{prefix}{number}" not in known:
            yield f"{prefix}{number}"


def faults(text: str, own: Own) -> Iterator[str]:
    """What is wrong with what was added: spans that are not in the text, ids that are not there."""
    ids = {line.entity for line in own.entities}
    for table in schema.TABLES:
        rows: list[Any] = getattr(own, table)
        for id, count in Counter(getattr(row, lines.ID_KEYS[table]) for row in rows).items():
            if count > 1:
                yield f"'samarkand.{table}' has {id!r} {count} times"
        for row in rows:
            name = f"{getattr(row, lines.ID_KEYS[table])!r} in 'samarkand.{table}'"
            for column in schema.SPAN_COLUMNS[table]:
                for span in getattr(row, column) or ():
                    yield from _misplaced(
                        f"{name}: {column}", text, span.begin, span.end, span.text
                    )
            for id in sorted(_named(row) - ids):
                yield f"{name} names {id!r}, which is no entity there"
    for line in own.entities:
        name = f"{line.entity!r} in 'samarkand.entities'"
        if line.fragments:
            joined = " ".join(span.text for span in line.fragments)
            ends = line.fragments[0].begin, line.fragments[-1].end
            if (joined, *ends) != (line.text, line.begin, line.end):
                yield f"{name}: its fragments are not what it says itself"
        else:
            yield from _misplaced(name, text, line.begin, line.end, line.text)


def _named(row: lines.Line) -> set[str]:
    if isinstance(row, lines.Stance):
        return lines.referred(row)
    if isinstance(row, lines.Relation):
        return {row.head, row.tail} | ({row.object} if row.object is not None else set())
    return set()


def _misplaced(name: str, text: str, begin: int, end: int, said: str) -> Iterator[str]:
    if not 0 <= begin <= end <= len(text):
        long = words.count(len(text), "character")
        yield f"{name}: {begin}-{end} is outside the text, which has {long}"
    elif text[begin:end] != said:
        yield (
            f"{name} says {said!r} but {begin}-{end} of the text is {text[begin:end]!r}; was the "
            "text edited after annotation?"
        )

"""Which annotations of several layers are about the same thing: one group for what one decides.

Entities are put together as `agree` pairs them; relations by label, arguments and their actors;
stances by cue, holder and target. A layer has at most one annotation in a group.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from samarkand import lines, schema
from samarkand.agreement import actors, spans
from samarkand.agreement.sides import Side
from samarkand.agreement.spans import EXACT, Spans
from samarkand.text import Ints

#: From this on a relation or a stance is put beside another one.
ALIKE = 2.0

Line = TypeVar("Line", lines.Relation, lines.Stance)


@dataclass(frozen=True)
class Arguments:
    """What the arguments of a document's annotations stand for: the group of each entity's id, and
    the actor of each group.
    """

    group: Mapping[str, str]
    actor: Mapping[str, str | None]

    def share(self, one: str, other: str) -> float:
        """1 for the same entity, ¾ for another mention of its actor, 0 for something else."""
        if self.group.get(one, one) == self.group.get(other, other):
            return 1.0
        a, b = (self.actor.get(self.group.get(id, id)) for id in (one, other))
        return 0.75 if a is not None and a == b else 0.0


def entities(sides: Sequence[Side]) -> list[Ints]:
    """The number of the group of each entity, for each layer; numbers count from 0."""
    groups = [np.arange(len(sides[0].spans.doc))]
    known = sides[0].spans
    for side in sides[1:]:
        found = spans.paired(known, side.spans)
        group = np.full(len(side.spans.doc), -1, np.int64)
        group[found.right] = found.left
        fresh = np.flatnonzero(group < 0)
        group[fresh] = len(known.doc) + np.arange(len(fresh))
        groups.append(group)
        known = _joined(known, side.spans, fresh)
    return groups


def _joined(known: Spans, more: Spans, rows: Ints) -> Spans:
    columns = vars(known)
    return Spans(**{k: np.concatenate([columns[k], getattr(more, k)[rows]]) for k in columns})


def names(sides: Sequence[Side], ids: Sequence[str]) -> list[dict[tuple[int, str], str]]:
    """What layers call one actor of a document differently: for each layer, by document's number
    and id, the id that stands for all of them, the first of them in order.

    Ids are those of one actor where they are of chains that belong together and neither layer uses
    the other's id in that document.
    """
    used = [
        {(int(d), ids[a]) for d, a in zip(s.spans.doc, s.actor, strict=True) if a >= 0}
        for s in sides
    ]
    same: dict[tuple[int, str], tuple[int, str]] = {}

    def first(name: tuple[int, str]) -> tuple[int, str]:
        while same.get(name, name) != name:
            name = same[name]
        return name

    for at, a in enumerate(sides):
        for other in range(at + 1, len(sides)):
            for doc, mine, theirs in _called(a, sides[other], ids):
                one, two = (doc, mine), (doc, theirs)
                if one not in used[other] and two not in used[at]:
                    low, high = sorted([first(one), first(two)])
                    same[high] = low
    return [{name: first(name)[1] for name in mine} for mine in used]


def _called(a: Side, b: Side, ids: Sequence[str]) -> Iterable[tuple[int, str, str]]:
    """Chains of both layers that belong together under two names: document, and these."""
    found = spans.paired(a.spans, b.spans)
    same = found.kind <= EXACT
    pair = found.left[same], found.right[same]
    chains = actors.chains((a.spans.doc, b.spans.doc), (a.actor, b.actor), *pair)
    match = actors.aligned(chains)
    called = [_names(side, of) for side, of in zip((a, b), chains.of, strict=True)]
    for chain, other in enumerate(match):
        if other >= 0 and called[0][other] != called[1][chain]:
            mine, theirs = ids[called[0][other]], ids[called[1][chain]]
            yield int(chains.doc[1][chain]), mine, theirs


def _names(side: Side, of: Ints) -> dict[int, int]:
    """The actor of each chain."""
    return {int(c): int(a) for c, a in zip(of, side.actor, strict=True) if c >= 0}


def grouped(
    layers: Sequence[Sequence[Line]], alike: Callable[[Line, Line], float]
) -> list[list[tuple[int, Line]]]:
    """Annotations of one document in groups of (layer's number, annotation), the most alike first.

    An annotation is put beside the first one of a group, if they are ALIKE or more.
    """
    groups: list[list[tuple[int, Line]]] = []
    for number, rows in enumerate(layers):
        worth = [
            (-alike(group[0][1], row), at, place)
            for at, group in enumerate(groups)
            for place, row in enumerate(rows)
        ]
        taken: set[int] = set()
        full: set[int] = set()
        for value, at, place in sorted(worth):
            if -value >= ALIKE and at not in full and place not in taken:
                groups[at].append((number, rows[place]))
                taken.add(place)
                full.add(at)
        groups += [[(number, row)] for place, row in enumerate(rows) if place not in taken]
    return groups


def relations(
    arguments: Arguments, symmetric: frozenset[str]
) -> Callable[[lines.Relation, lines.Relation], float]:
    """How alike two relations are: 1½ for the label, 1 for each argument."""

    def alike(a: lines.Relation, b: lines.Relation) -> float:
        ends = arguments.share(a.head, b.head) + arguments.share(a.tail, b.tail)
        if a.label == b.label and a.label in symmetric:
            turned = arguments.share(a.head, b.tail) + arguments.share(a.tail, b.head)
            ends = max(ends, turned)
        shown = _overlap(a.evidence, b.evidence)
        return ends + 1.5 * (a.label == b.label) + 0.1 * shown + 0.1 * (a.status == b.status)

    return alike


def stances(arguments: Arguments) -> Callable[[lines.Stance, lines.Stance], float]:
    """How alike two stances are: 2 for cues that meet, 1 for the holder and for the target, ½ for
    contents that meet, ½ for the sign of the polarity, ¼ for the act.
    """

    def alike(a: lines.Stance, b: lines.Stance) -> float:
        cue = _overlap(a.cue, b.cue)
        content = _overlap(a.content, b.content)
        who = arguments.share(a.holder, b.holder) + arguments.share(a.target, b.target)
        if not cue and not (content and who > 1):
            return 0.0
        return 2 * cue + who + content / 2 + (_sign(a) == _sign(b)) / 2 + (a.act == b.act) / 4

    return alike


def _sign(stance: lines.Stance) -> int | None:
    return None if stance.polarity is None else int(np.sign(stance.polarity))


def _overlap(a: Sequence[lines.Span], b: Sequence[lines.Span]) -> bool:
    return any(one.begin < other.end and other.begin < one.end for one in a for other in b)


def references(line: lines.Line) -> list[str]:
    """The fields of a line that name an entity."""
    if isinstance(line, lines.Relation):
        return ["head", "tail", *(["object"] if line.object else [])]
    if isinstance(line, lines.Stance):
        fixed = {name for name in ("holder", "target") if _word(getattr(line, name))}
        return [name for name in ("holder", "target") if name not in fixed]
    return []


def _word(value: str) -> bool:
    return value in schema.RESERVED or value.startswith(schema.PROPOSITION)

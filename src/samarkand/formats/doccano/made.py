"""Annotations as they are made of a row and its key: columns that grow, a document at a time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from samarkand import lines
from samarkand.formats.doccano.match import Row
from samarkand.formats.doccano.words import Key, More, MoreOfRelation

Place = tuple[int, int]  # begin and end, in code points


@dataclass
class Made:
    """Annotations in columns. `doc` counts documents; offsets are code points.

    `pieces`, `more` and `more_of_relation` are by row of the entities or relations; those that are
    not there have none.
    """

    doc: list[int] = field(default_factory=list)
    id: list[str] = field(default_factory=list)
    begin: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    pieces: dict[int, list[Place]] = field(default_factory=dict)
    more: dict[int, More] = field(default_factory=dict)
    relation_doc: list[int] = field(default_factory=list)
    relation_id: list[str] = field(default_factory=list)
    type: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    more_of_relation: dict[int, MoreOfRelation] = field(default_factory=dict)
    stance_doc: list[int] = field(default_factory=list)
    stances: list[lines.Stance] = field(default_factory=list)


@dataclass(frozen=True)
class Merge:
    """One document: what stands in its row, and where; what its key says; where results go."""

    doc: int
    text: str
    row: Row
    begin: Sequence[int]  # of the spans, in code points
    end: Sequence[int]
    key: Key
    made: Made
    unread: Counter[str]
    fault: Callable[[str], None]

    def named(self, span: int) -> str:
        """A span in words, with the offsets that stand in the row."""
        return f"at {self.row.begin[span]}-{self.row.end[span]} ('{self.row.label[span]}')"


def add_entity(now: Merge, id: str, spans: Sequence[int]) -> None:
    """A mention that these spans of the row show; what is wrong with them is a fault."""
    made = now.made
    pieces = sorted((now.begin[span], now.end[span]) for span in spans)
    labels = sorted({now.row.label[span] for span in spans})
    if len(labels) > 1:
        said = " and ".join(map(now.named, spans))
        now.fault(f"the pieces of one mention, {said}, differ in their label; give them one")
    if any(a[1] > b[0] for a, b in pairwise(pieces)):
        said = " and ".join(map(now.named, spans))
        now.fault(f"the pieces of one mention, {said}, overlap; take one away")
    if len(pieces) > 1:
        made.pieces[len(made.id)] = pieces
    if id in now.key.entities:
        made.more[len(made.id)] = now.key.entities[id]
    made.doc.append(now.doc)
    made.id.append(id)
    made.begin.append(pieces[0][0])
    made.end.append(pieces[-1][1])
    made.label.append(labels[0])


def add_relation(
    now: Merge, id: str, type: str, ends: tuple[str, str], more: MoreOfRelation | None
) -> None:
    """A relation between two mentions."""
    made = now.made
    if more is not None:
        made.more_of_relation[len(made.relation_id)] = more
    made.relation_doc.append(now.doc)
    made.relation_id.append(id)
    made.type.append(type)
    made.head.append(ends[0])
    made.tail.append(ends[1])


def count(now: Merge, kind: str, number: int) -> None:
    """Count what is not represented."""
    if number:
        now.unread[kind] += number


def new_id(number: int, taken: set[str]) -> str:
    """An id for what was added in doccano: its number there, or else the lowest one free."""
    id = str(number)
    free = 1
    while id in taken:
        id, free = str(free), free + 1
    taken.add(id)
    return id

"""New annotations of two sides: the same one gets one id, different ones get different ids.

Two people who annotate one article both call their first new entity T58. What both added alike is
one annotation; what differs keeps its own id if it can, or gets the next free one, and what refers
to it follows. Which of the two keeps its id does not depend on which side is whose.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from samarkand.changes import Row

#: A document and an id; the new ids of rows by those they had.
Key = tuple[str, ...]
Ids = dict[Key, str]

_NUMBERED = re.compile(r"(|.*[^0-9])([0-9]{1,9})", re.DOTALL)

#: What makes a new annotation of one side the same as one of the other.
SAME: dict[str, tuple[str, ...]] = {
    "entities": ("begin", "end", "fragments", "label"),
    "relations": ("label", "head", "tail", "object"),
    "stances": ("holder", "target", "target_spans", "cue"),
}


def reconcile(
    table: str, ours: Mapping[Key, Row], theirs: Mapping[Key, Row], taken: Iterable[Key]
) -> tuple[Ids, Ids]:
    """New ids for rows that the sides added to one table: for each side, those that change.

    `taken` are the ids of the base, at least in the documents to which both sides added.
    """
    found: tuple[Ids, Ids] = ({}, {})
    used: dict[str, set[str]] = {}
    for doc, id in taken:
        used.setdefault(doc, set()).add(id)
    sides = _by_document(ours), _by_document(theirs)
    for doc in sorted(sides[0].keys() & sides[1].keys()):
        rows = sides[0][doc], sides[1][doc]
        for old, new in _assigned(table, rows, used.get(doc, set())):
            for ids, one in zip(found, old, strict=True):
                if one is not None and one != new:
                    ids[doc, one] = new
    return found


def _by_document(rows: Mapping[Key, Row]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for (doc, id), row in rows.items():
        found.setdefault(doc, {})[id] = row
    return found


def _assigned(
    table: str, sides: Sequence[Mapping[str, Row]], used: set[str]
) -> list[tuple[tuple[str | None, str | None], str]]:
    """The ids of each new annotation on both sides, and the one that it gets."""
    groups: dict[tuple[int, str], list[list[str]]] = {}
    for place, rows in enumerate(sides):
        for id, row in rows.items():
            key = row.get("begin", 0), repr([row[column] for column in SAME[table]])
            groups.setdefault(key, [[], []])[place].append(id)
    found = []
    everywhere = used | set(sides[0]) | set(sides[1])
    tops = _tops(everywhere)
    for _, (mine, other) in sorted(groups.items()):
        for ids in _paired(sorted(mine), sorted(other)):
            wanted = sorted({id for id in ids if id is not None}, key=lambda id: (len(id), id))
            new = next((id for id in wanted if id not in used), None) or _fresh(wanted[0], tops)
            used.add(new)
            found.append((ids, new))
    return found


def _paired(mine: list[str], other: list[str]) -> list[tuple[str | None, str | None]]:
    """Ids of annotations alike: those that both sides have first, then one for the other."""
    both = set(mine) & set(other)
    left, right = ([id for id in ids if id not in both] for ids in (mine, other))
    return [*((id, id) for id in mine if id in both), *zip_longest(left, right)]


def _tops(ids: Iterable[str]) -> dict[str, int]:
    """The highest number that follows each prefix; numbers of ten digits and more are names."""
    found: dict[str, int] = {}
    for match in filter(None, map(_NUMBERED.fullmatch, ids)):
        found[match[1]] = max(found.get(match[1], 0), int(match[2]))
    return found


def _fresh(like: str, tops: dict[str, int]) -> str:
    """The next free number after the ids of that prefix."""
    prefix = re.sub(r"[0-9]+$", "", like)
    tops[prefix] = tops.get(prefix, 0) + 1
    return f"{prefix}{tops[prefix]}"


def followed(row: Row, columns: Sequence[str], ids: Ids) -> dict[str, Any]:
    """A row with other ids of the entities that it refers to."""
    new = dict(row)
    for column in columns:
        said = row[column]
        if isinstance(said, list):
            new[column] = [ids.get((row["doc"], id), id) for id in said]
        elif said is not None:
            new[column] = ids.get((row["doc"], said), said)
    return new

"""What `check` finds in a merge and in neither side: each is sound, together they are not.

Where a side is preferred, what the other did there is left out: first the rows that the finding
names, then what lies around them, until nothing of it is left.
"""

import re
from collections.abc import Iterator, Sequence

from samarkand import schema
from samarkand.check import ERROR, Finding, check
from samarkand.corpus import Corpus
from samarkand.merge import edits
from samarkand.merge.edits import SIDES, Attempt, Break, LeftOut, Place
from samarkand.merge.three_way import Conflict, taken

#: Check, layer, document, table and id of an error.
Fault = tuple[str, str, str, str, str]


def known(*sides: Corpus) -> list[set[Fault]]:
    """The errors that each side has."""
    return [{_fault(found) for found in check(side) if found.severity == ERROR} for side in sides]


def new(attempt: Attempt, old: Sequence[set[Fault]], out: LeftOut, side: int) -> Iterator[Break]:
    """The errors that neither side has, and what to leave out of the one that is not `side`."""
    other = 1 - side
    for found in check(attempt.corpus):
        if found.severity != ERROR or _has(attempt, old, found):
            continue
        for places in _wider(attempt, found, other):
            fresh = tuple((other, place) for place in places if place not in out[other])
            if fresh:
                words = f"together they are wrong ({found.check}): {found.message}; "
                words += f"{taken(SIDES[side])}what {SIDES[other]} did there was left out"
                where = found.layer, found.table, found.doc, found.id
                yield Break(Conflict(*where, (), None, None, None, words), fresh)
                break


def _fault(found: Finding) -> Fault:
    return found.check, found.layer, found.doc, found.table, found.id


def _has(attempt: Attempt, old: Sequence[set[Fault]], found: Finding) -> bool:
    """Whether a side has the fault, under the id that it has there."""
    table = attempt.tables.get((found.layer, found.table))
    for side, faults in enumerate(old):
        key = table.own_key(side, (found.doc, found.id)) if table and found.layer else None
        id = key[1] if key else found.id
        if (found.check, found.layer, found.doc, found.table, id) in faults:
            return True
    return False


def _wider(attempt: Attempt, found: Finding, side: int) -> Iterator[list[Place]]:
    """What a side did that may be at fault, ever more of it."""
    named = {found.id, *re.findall(r"[^\s(),;:']+", found.message)}
    tables = {name: attempt.tables.get((found.layer, name)) for name in schema.TABLES}
    yield sorted(
        edits.place(found.layer, name, table.own_key(side, key) or key)
        for name, table in tables.items()
        for key in (table.counted.edits[side] if table else ())
        if table and key[0] == found.doc and key[1] in named
    )
    if found.table == "documents":
        yield [edits.place("", "documents", (found.doc,))]
    elif found.table == "actors":
        yield [edits.place("", "actors", (found.id,))]
    elif found.doc:
        yield [(found.layer, "", found.doc, "")]
        yield [edits.of_document(found.doc)]
    yield [("", "documents", "", "")]
    yield [edits.EVERYTHING]

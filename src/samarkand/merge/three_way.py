"""One row of a table, merged from two sides: what each column is, and where the sides disagree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from samarkand import schema
from samarkand.changes import Row, about, short

#: Columns that say one thing together; every other column stands for itself.
GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "documents": (("text", "sha256"),),
    "entities": (("begin", "end", "text", "fragments"),),
    "relations": (("head", "tail", "object"),),
    "stances": (("target", "target_spans", "polarity"),),
}
#: Columns of names and values, which are merged name by name.
NAMED = ("attributes", "metadata")
#: Fields to which lines are appended, which are merged line by line.
LINES = ("edits",)
T = TypeVar("T")


@dataclass(frozen=True)
class Conflict:
    """Where both sides changed one thing differently; what was taken and left out is in `words`.

    `layer` and `doc` say where it shows, `table` and `id` what it is about. `base`, `ours` and
    `theirs` are the whole rows, None where a side has none. `columns` are those that conflict; none
    where one side removed what the other needs or changed.
    """

    layer: str
    table: str
    doc: str
    id: str
    columns: tuple[str, ...]
    base: Row | None
    ours: Row | None
    theirs: Row | None
    words: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.layer, self.doc) if part)
        return f"{where}: {self.words}" if where else self.words


def combine(
    layer: str,
    table: str,
    base: Row | None,
    ours: Row | None,
    theirs: Row | None,
    prefer: str = "",
) -> tuple[Row | None, list[Conflict]]:
    """The merged row, None for none, and the conflicts.

    Where the sides disagree, it is as `prefer` ("ours" or "theirs") has it. Without that, what the
    base says is kept; a row that one side removed and the other changed is kept as changed. A row
    that both sides added is merged as if the base had it empty.
    """
    if ours == theirs:
        return ours, []
    if ours == base:
        return theirs, []
    if theirs == base:
        return ours, []
    if ours is None or theirs is None:
        gone, other = ("ours", "theirs") if ours is None else ("theirs", "ours")
        row = ours or theirs if not prefer else ours if prefer == "ours" else theirs
        done = "kept as changed" if row else "removed, and the change left out"
        words = f"{gone} removed {named(table, base)}, {other} changed it; {taken(prefer)}"
        words += f"it was {done}"
        return row, [_conflict(layer, table, (), base, ours, theirs, words)]
    merged: dict[str, Any] = {}
    differ: list[str] = []
    for columns in _groups(table, ours):
        sides = [_part(row, columns, ours) for row in (base, ours, theirs)]
        part = _merged(*sides)
        if part is None and columns[0] in NAMED and isinstance(ours[columns[0]], list):
            part = _by_name(columns[0], *sides)
        if part is None:
            part = sides[0] if base is not None else min(sides[1], sides[2], key=repr)
            part = {"ours": sides[1], "theirs": sides[2]}.get(prefer, part)
            differ += [c for c in columns if sides[1][c] != sides[2][c]]
        merged |= part
    if not differ:
        return merged, []
    shown = "; ".join(f"{c} {short(ours[c])} (ours), {short(theirs[c])} (theirs)" for c in differ)
    words = f"both sides changed {named(table, base or merged)}: {shown}; "
    words += kept(prefer, base is not None)
    return merged, [_conflict(layer, table, tuple(differ), base, ours, theirs, words)]


def taken(prefer: str) -> str:
    """How the words of what was done begin: whose side decided it, if one did."""
    return f"{prefer} was taken: " if prefer else ""


def kept(prefer: str, known: bool) -> str:
    """What was done where both sides say something else; `known` is whether the base says it."""
    if prefer:
        return f"{prefer} was taken"
    return "kept as it was" if known else "kept as one of them has it"


def named(table: str, row: Row | None) -> str:
    """A row, in words."""
    row = row or {}
    kind = {"entities": "entity"}.get(table, table[:-1])
    id = row.get("id") or row.get("actor") or row.get("doc")
    if table not in schema.TABLES:
        return f"{kind} {id}"
    label = row.get("label") or ""
    return " ".join(part for part in (kind, str(id), label, f"({about(table, row)})") if part)


def _conflict(
    layer: str,
    table: str,
    columns: tuple[str, ...],
    base: Row | None,
    ours: Row | None,
    theirs: Row | None,
    words: str,
) -> Conflict:
    row = ours or theirs or base or {}
    id = row.get("id") or row.get("actor") or ""
    return Conflict(layer, table, row.get("doc", ""), id, columns, base, ours, theirs, words)


def _groups(table: str, row: Row) -> Iterable[tuple[str, ...]]:
    groups = GROUPS.get(table, ())
    grouped = {column for columns in groups for column in columns}
    yield from groups
    yield from ((column,) for column in row if column not in grouped)


def _part(row: Row | None, columns: tuple[str, ...], like: Row) -> dict[str, Any]:
    """Some columns of a row; of a row that is not there, empty ones of the types in `like`."""
    if row is None:
        return {column: [] if isinstance(like[column], list) else None for column in columns}
    return {column: row[column] for column in columns}


def _merged(base: Row, ours: Row, theirs: Row) -> dict[str, Any] | None:
    """What both sides, or the one that changed it, say; None where they disagree."""
    if ours in (theirs, base):
        return dict(theirs)
    return dict(ours) if theirs == base else None


def _by_name(column: str, base: Row, ours: Row, theirs: Row) -> dict[str, Any] | None:
    """Names and values merged name by name; None where both sides changed one differently."""
    said = [{pair["name"]: pair["value"] for pair in row[column]} for row in (base, ours, theirs)]
    merged = {}
    for name in sorted(set().union(*said)):
        old, mine, other = (side.get(name) for side in said)
        if mine not in (other, old) and other != old:
            return None
        new = other if mine in (other, old) else mine
        if new is not None:
            merged[name] = new
    return {column: [{"name": name, "value": new} for name, new in merged.items()]}


def by_field(
    layer: str, what: str, versions: Sequence[T], prefer: str, conflicts: list[Conflict]
) -> T:
    """A dataclass merged field by field, of the base's, ours and theirs; None is one not there.

    Where both sides changed one field it is as `prefer` or else the base has it, but for what a
    side appended to a field of LINES: that is kept of both.
    """
    base, ours, theirs = versions
    if ours in (theirs, base):
        return theirs
    if theirs == base:
        return ours
    if ours is None or theirs is None:
        words = f"both sides changed {what}; {kept(prefer, True)}"
        conflicts.append(Conflict(layer, "", "", "", (), None, None, None, words))
        return {"ours": ours, "theirs": theirs}.get(prefer, base)
    merged, differ = {}, []
    for field in fields(ours):  # type: ignore[arg-type]
        old, mine, other = (getattr(side, field.name, None) for side in (base, ours, theirs))
        if mine in (other, old):
            merged[field.name] = other
        elif other == old:
            merged[field.name] = mine
        elif field.name in LINES:
            merged[field.name] = _united(old or (), mine or (), other or ())
        else:
            neither = old if base is not None else min(mine, other, key=repr)
            merged[field.name] = {"ours": mine, "theirs": other}.get(prefer, neither)
            differ.append(f"{field.name} {mine!r} (ours), {other!r} (theirs)")
    if differ:
        words = f"both sides changed {what}: {'; '.join(differ)}; {kept(prefer, base is not None)}"
        conflicts.append(Conflict(layer, "", "", "", (), None, None, None, words))
    return type(ours)(**merged)


def _united(base: Iterable[str], ours: Iterable[str], theirs: Iterable[str]) -> tuple[str, ...]:
    """The lines of the base that both still have, then what ours added, then theirs; each once."""
    old, mine, other = (dict.fromkeys(side) for side in (base, ours, theirs))
    common = (line for line in old if line in mine and line in other)
    added = (line for line in (*mine, *other) if line not in old)
    return tuple(dict.fromkeys([*common, *added]))

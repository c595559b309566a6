"""What was decided on a union of layers: the lines that stay, and what became of each."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import msgspec

from samarkand import changes, lines, schema
from samarkand.adjudication import alike
from samarkand.adjudication.union import PREFIX, Union, content
from samarkand.errors import Problem, SamarkandError

#: What becomes of a line: it stays as it was said, or changed; nobody said it; it does not stay.
TAKEN, EDITED, NEW, REFUSED = "taken", "edited", "new", "refused"
_ID = re.compile(rf"([{''.join(PREFIX.values())}][0-9]+)[b-z]")


@dataclass(frozen=True)
class Given:
    """A line of a sheet that stays, and why; `path` and `number` say where it stands."""

    line: lines.Line
    why: str = ""
    path: str = ""
    number: int = 0


@dataclass(frozen=True)
class Decision:
    """What became of one line: `id` is the one in the layer, `by` who had said it, with commas."""

    doc: str
    table: str
    id: str
    made: str
    by: str
    why: str
    said: str


@dataclass(frozen=True)
class Settled:
    """The lines of a layer, by table, each with where it stood; and all decisions."""

    rows: Mapping[str, Sequence[Given]]
    decisions: tuple[Decision, ...]


def settle(
    union: Union, given: Sequence[Given], names: Mapping[str, str], refused: Mapping[str, str]
) -> Settled:
    """The lines that stay, with arguments that stay, and what became of what was said.

    `names` gives the actor id that stands for another one; `refused` why a line does not stay, by
    its id. A line that names an alternative that does not stay names the one that does. What all
    said and stays as it was is no decision. Errors: SamarkandError for arguments of which no
    alternative stays.
    """
    ids = _ids([getattr(each.line, each.line.__struct_fields__[0]) for each in given])
    problems: list[Problem] = []
    rows: dict[str, list[Given]] = {name: [] for name in schema.TABLES}
    found: list[Decision] = []
    said = {_id(each.line): each for each in union.variants}
    for each in given:
        old = _id(each.line)
        variant = said.pop(old, None)
        table = _table(each.line)
        line = _resolved(each, ids, names, problems)
        rows[table].append(Given(line, each.why, each.path, each.number))
        made = NEW if variant is None else TAKEN
        if variant is not None and content(variant.line) != content(each.line):
            made = EDITED
        if made != TAKEN or (variant is not None and variant.question) or each.why:
            by = variant.by if variant else ()
            found.append(_decision(union.doc, table, ids[old], made, by, each.why, line))
    if problems:
        raise SamarkandError(problems)
    for old, variant in said.items():
        why = refused.get(old, "")
        found.append(
            _decision(union.doc, variant.table, "", REFUSED, variant.by, why, variant.line)
        )
    found += [
        _named(union.doc, name.actor, name.by, names.get(name.actor, name.actor))
        for name in union.names
    ]
    return Settled(rows, tuple(found))


def _id(line: lines.Line) -> str:
    return str(getattr(line, line.__struct_fields__[0]))


def _table(line: lines.Line) -> str:
    return next(name for name, kind in lines.KINDS.items() if isinstance(line, kind))


def _base(id: str) -> str:
    """The id that alternatives share."""
    match = _ID.fullmatch(id)
    return match[1] if match else id


def _ids(kept: Iterable[str]) -> dict[str, str]:
    """The ids that lines have in the layer: the first of the alternatives that stay has no letter;
    what names one that does not stay means that one.
    """
    found: dict[str, str] = {}
    bases: set[str] = set()
    for id in sorted(kept, key=lambda id: (_base(id), id)):
        base = _base(id)
        found[id] = id if base in bases else base
        bases.add(base)
    return found


def _resolved(
    each: Given, ids: Mapping[str, str], names: Mapping[str, str], problems: list[Problem]
) -> lines.Line:
    line: Any = each.line
    key = line.__struct_fields__[0]
    changed: dict[str, Any] = {key: ids[_id(line)]}
    there = {*ids.values()}

    def named(id: str) -> str:
        wanted = ids.get(id, _base(id))
        if wanted not in there:
            message = f"{_id(line)} names {id}, which does not stay; refuse it too, or name another"
            problems.append(Problem(each.path, each.number, message))
        return wanted

    for name in alike.references(line):
        changed[name] = named(getattr(line, name))
    if isinstance(line, lines.Stance):
        chain = [id if id in schema.RESERVED else named(id) for id in line.source_chain]
        changed["source_chain"] = chain
    if isinstance(line, lines.Entity) and line.actor is not None:
        changed["actor"] = names.get(line.actor, line.actor)
    resolved: lines.Line = msgspec.structs.replace(line, **changed)
    return resolved


def _decision(
    doc: str, table: str, id: str, made: str, by: Sequence[str], why: str, line: lines.Line
) -> Decision:
    row = msgspec.structs.asdict(line)
    label = row.get("label") or row.get("act") or ""
    said = f"{label} {changes.about(table, row)}".strip()
    return Decision(doc, table, id, made, ", ".join(by), why, said)


def _named(doc: str, actor: str, by: Sequence[str], stays: str) -> Decision:
    made = TAKEN if actor == stays else REFUSED
    return Decision(doc, "actors", actor if made == TAKEN else "", made, ", ".join(by), "", actor)


def dump(decisions: Iterable[Decision]) -> bytes:
    """Decisions as tab-separated values, in order."""
    out = io.StringIO()
    writer = csv.writer(out, "excel-tab", lineterminator="\n")
    writer.writerow([field.name for field in fields(Decision)])
    writer.writerows(astuple(each) for each in decisions)
    return out.getvalue().encode()


def parse(path: str, data: bytes) -> list[Decision]:
    """Decisions as `dump` writes them. Errors: SamarkandError for another file."""
    rows = list(csv.reader(io.StringIO(data.decode(errors="replace"), newline=""), "excel-tab"))
    wanted = [field.name for field in fields(Decision)]
    for number, row in enumerate(rows, 1):
        if len(row) != len(wanted) or (number == 1 and row != wanted):
            message = f"wanted the columns {', '.join(wanted)}; was the file edited?"
            raise SamarkandError([Problem(path, number, message)])
    return [Decision(*row) for row in rows[1:]]


def summary(decisions: Sequence[Decision], sizes: Mapping[str, int]) -> str:
    """How much of each table comes from where; `sizes` are those of the layer's tables."""
    said = []
    for table, size in sizes.items():
        of = [each for each in decisions if each.table == table]
        made = Counter(each.made for each in of)
        by = Counter(each.by for each in of if each.made == TAKEN)
        stays = size - made[TAKEN] - made[EDITED] - made[NEW]
        parts = [f"{stays:,} said alike by all"]
        parts += [f"{by[who]:,} from {who.replace(', ', ' and ')}" for who in sorted(by)]
        parts += [f"{made[how]:,} {how}" for how in (EDITED, NEW, REFUSED)]
        said.append(f"{table}: {', '.join(parts)}")
    return "; ".join(said)

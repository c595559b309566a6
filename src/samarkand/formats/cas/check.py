"""What must hold of the feature structures of a CAS, whichever way it is written.

dkpro-cassis warns of an offset that it cannot convert and goes on, takes one reference for
another, and ends in a KeyError or worse where a file does not hold together. So a file is checked
first, with every fault and its place; what dkpro-cassis still cannot read is told as an error.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from samarkand.errors import Problem
from samarkand.formats.cas.known import Kind
from samarkand.words import count

INITIAL = "_InitialView"


@dataclass
class Record:
    """A feature structure. `refs` are the ids that its features point to; 0 is none."""

    id: int
    line: int
    kind: Kind
    sofa: int | None = None
    offsets: dict[str, int] = field(default_factory=dict)
    refs: list[tuple[str, int]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.kind.short} {self.id}"


@dataclass
class Sofa:
    """A text: its id, the line it stands on, its name, and what it says, or where that is said."""

    id: int
    line: int
    name: str
    text: str | None
    elsewhere: str | None = None


@dataclass
class Members:
    """The feature structures of a view, and the id of its text."""

    line: int
    sofa: int
    ids: list[int]


@dataclass
class Case:
    """All that one file says; `unknown` gives the lines of what its types do not define."""

    records: list[Record] = field(default_factory=list)
    sofas: list[Sofa] = field(default_factory=list)
    views: list[Members] = field(default_factory=list)
    unknown: dict[str, list[int]] = field(default_factory=dict)

    def lack(self, what: str, line: int) -> None:
        self.unknown.setdefault(what, []).append(line)


@dataclass(frozen=True)
class Loaded:
    """A CAS, the line of each feature structure by its id, and what its other views hold."""

    cas: Any
    lines: dict[int, int]
    other_views: int
    elsewhere: int


def loaded(cas: Any, case: Case) -> Loaded:
    """The CAS with what is known of its file."""
    initial = {sofa.id for sofa in case.sofas if sofa.name == INITIAL}
    others = [view for view in case.views if view.sofa not in initial and view.ids]
    views = len({sofa.id for sofa in case.sofas} - initial)
    lines = {record.id: record.line for record in case.records}
    return Loaded(cas, lines, views, sum(len(view.ids) for view in others))


def unknown(path: str, case: Case, place: str) -> list[Problem]:
    """One problem for each type or feature that is not defined where the types are."""
    return [
        Problem(path, at[0], f"{what} is not defined in {place}; uses: {len(at):,}")
        for what, at in case.unknown.items()
    ]


def check(path: str, case: Case, problems: list[Problem]) -> None:
    """Ids stand once, references lead somewhere, and offsets are in the text."""
    names: set[str] = set()
    for sofa in case.sofas:
        if sofa.name in names:
            problems.append(Problem(path, sofa.line, f"a second Sofa called {sofa.name[:60]!r}"))
        names.add(sofa.name)
    lines: dict[int, int] = {}
    places = [(sofa.id, sofa.line) for sofa in case.sofas]
    for id, line in [*places, *((record.id, record.line) for record in case.records)]:
        if id in lines:
            at = f"line {lines[id]}" if lines[id] else "another place"
            problems.append(Problem(path, line, f"id {id} stands on {at} already"))
        lines[id] = line
    sofas = {sofa.id: sofa for sofa in case.sofas}
    units = {sofa.id: _Units(sofa.text or "") for sofa in case.sofas}
    _text(path, case, problems)
    records = {record.id: record for record in case.records}
    for record in case.records:
        for feature, target in record.refs:
            if target and target not in lines:
                message = f"{record.name}: {feature} points to {target}, which is not in the file"
                problems.append(Problem(path, record.line, message))
        if record.sofa is not None and record.sofa not in sofas:
            message = f"{record.name}: its sofa {record.sofa} is not in the file"
            problems.append(Problem(path, record.line, message))
        elif fault := _place(record, units.get(-1 if record.sofa is None else record.sofa)):
            problems.append(Problem(path, record.line, f"{record.name}: {fault}"))
    seen: set[int] = set()
    for view in case.views:
        if view.sofa in seen:
            problems.append(Problem(path, view.line, f"a second view of sofa {view.sofa}"))
        seen.add(view.sofa)
        _view(path, view, sofas, records, problems)


def _text(path: str, case: Case, problems: list[Problem]) -> None:
    """The text to read is there. A CAS without any text is one without annotations of it."""
    first = next((sofa for sofa in case.sofas if sofa.name == INITIAL), None)
    if first is not None and first.text is None and first.elsewhere is not None:
        message = f"its text is not in the file, but in {first.elsewhere!r}; write a sofaString"
        problems.append(Problem(path, first.line, message))
    elif (first is None or first.text is None) and any(sofa.text for sofa in case.sofas):
        names = ", ".join(sorted(sofa.name for sofa in case.sofas if sofa.text))
        message = f"{INITIAL} has no text, and other views are not read (there is {names})"
        problems.append(Problem(path, 0, message))


class _Units:
    """The length of a text in UTF-16 code units, and the offsets between the halves of a pair."""

    def __init__(self, text: str) -> None:
        wide = [at for at, character in enumerate(text) if character > "\uffff"]
        self.length = len(text) + len(wide)
        self.halves = {at + number + 1 for number, at in enumerate(wide)}


def _place(record: Record, units: _Units | None) -> str:
    has = {*record.offsets, *(() if record.sofa is None else ("sofa",))}
    missing = [name for name in record.kind.wanted if name not in has]
    if missing:
        return f"'{missing[0]}' is missing"
    if "begin" not in record.kind.wanted or units is None:
        return ""
    for name, offset in record.offsets.items():
        if not 0 <= offset <= units.length:
            return (
                f"{name} {offset} is outside the text of {count(units.length, 'UTF-16 code unit')}"
            )
        if offset in units.halves:
            return f"{name} {offset} is inside a surrogate pair; offsets count UTF-16 code units"
    begin, end = record.offsets["begin"], record.offsets["end"]
    return f"ends at {end}, before it begins at {begin}" if end < begin else ""


def _view(
    path: str,
    view: Members,
    sofas: dict[int, Sofa],
    records: dict[int, Record],
    problems: list[Problem],
) -> None:
    if view.ids and view.sofa not in sofas:
        message = f"a view of sofa {view.sofa}, which is not in the file"
        problems.append(Problem(path, view.line, message))
    seen: set[int] = set()
    for id in view.ids:
        record = records.get(id)
        if id in seen:
            problems.append(Problem(path, view.line, f"a view has {id} as a member twice"))
        elif record is None:
            message = f"a view has {id} as a member, which is not in the file"
            problems.append(Problem(path, view.line, message))
        elif record.sofa is not None and record.sofa != view.sofa:
            message = f"{record.name} is of sofa {record.sofa}, and a member of {view.sofa}'s view"
            problems.append(Problem(path, record.line, message))
        seen.add(id)


def attempt(path: str, load: Callable[[], Any], problems: list[Problem]) -> Any:
    """What dkpro-cassis makes of a file; None, and a problem, where it fails."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load()
    except Exception as error:
        said = re.sub(r"\s+", " ", str(error))[:300]
        message = f"dkpro-cassis cannot read it: {type(error).__name__}: {said}"
        problems.append(Problem(path, 0, message))
        return None

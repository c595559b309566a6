"""The cells of a WebAnno TSV file as annotations: spans, links between them, relations, chains.

Spans of several tokens, and those that share one, have a number in brackets, which tells them from
others of their layer; the rest are told apart by where they stand.
"""

from dataclasses import dataclass, field
from typing import Any

from samarkand.errors import Problem
from samarkand.formats.webanno import header
from samarkand.formats.webanno.escapes import link, parts, reference, stack, unescape_value
from samarkand.formats.webanno.header import Column
from samarkand.formats.webanno.rows import Rows
from samarkand.words import count

#: What a reference may name where it may lead to any layer.
ANY = "uima.tcas.Annotation"
#: The feature of a link that says what relates it to the next one.
RELATION = "referenceRelation"


@dataclass(eq=False)
class Span:
    """An annotation from one row to another; `tokens` counts those that it has a row of.

    `links`: the feature, the role, and the reference of each.
    """

    layer: str
    first: int
    last: int
    tokens: int = 1
    values: dict[str, str] = field(default_factory=dict)
    links: list[tuple[Column, str | None, str]] = field(default_factory=list)


@dataclass(eq=False)
class Relation:
    """A relation to an annotation of the row it stands in, from the one that `source` says.

    `column` is the one in which it says so.
    """

    column: Column
    row: int
    values: dict[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Found:
    """The annotations of one file. A chain is the links of one number, by theirs."""

    spans: dict[tuple[str, int, int], Span] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    chains: dict[tuple[str, int], dict[int, Span]] = field(default_factory=dict)


class Reader:
    """Reads the cells of one file. `at`: the keys of the spans of a row and a layer."""

    def __init__(self, rows: Rows, file: int, problems: list[Problem]) -> None:
        self.rows, self.problems, self.found = rows, problems, Found()
        self.sheet = rows.sheets[file]
        self.bounds = int(rows.bounds[file]), int(rows.bounds[file + 1])
        self.at: dict[tuple[int, str], list[tuple[str, int, int]]] = {}
        self.relations: dict[tuple[int, str], list[Relation]] = {}
        self.chains: dict[tuple[int, str], list[tuple[Column, str]]] = {}
        self.units: dict[str, int] = {}
        self.sources = {c.layer: c for c in self.sheet.columns if c.holds == header.SOURCE}
        self.spans = {c.layer for c in self.sheet.columns if c.kind == header.SPAN}

    def read(self) -> Found:
        """Every cell of the file."""
        first, last = self.rows.cell_row.searchsorted(self.bounds).tolist()
        numbers = (self.rows.cell_row[first:last], self.rows.cell_column[first:last])
        cells = self.rows.cells[first:last].to_pylist()
        for row, column, cell in zip(*(n.tolist() for n in numbers), cells, strict=True):
            held = self.sheet.columns[column]
            if held.kind == header.SPAN:
                self._spans(row, held, cell)
            elif held.kind == header.RELATION:
                self._relations(row, held, cell)
            else:
                self.chains.setdefault((row, held.layer), []).append((held, cell))
        for (row, layer), of_row in self.chains.items():
            self._links(row, layer, of_row)
        for span in self.found.spans.values():
            self._whole(span)
        return self.found

    def problem(self, row: int, message: str) -> None:
        """A problem in a row."""
        self.problems.append(Problem(self.sheet.path, int(self.rows.line[row]), message))

    def _spans(self, row: int, column: Column, cell: str) -> None:
        keys = self.at.setdefault((row, column.layer), [])
        plain = column.holds == header.TARGETS  # numbers in it are those of the targets
        values = [(part, 0) for part in parts(cell, "|")] if plain else stack(cell)
        for position, (value, number) in enumerate(values):
            key = (column.layer, number, 0)
            if not number:
                known = position < len(keys)
                key = keys[position] if known else (column.layer, -1 - row, position)
            if key not in keys:
                keys.append(key)
            span = self._extended(self.found.spans, key, column.layer, row)
            if column.holds == header.FEATURE:
                self._set(span, column.feature, value, row)
            elif span.first == row:
                self._link(span, column, value, row)

    def _extended(self, spans: dict[Any, Span], key: Any, layer: str, row: int) -> Span:
        """The span of that key, which is on this row as well."""
        span = spans.get(key)
        if span is None:
            span = spans[key] = Span(layer, row, row)
        elif span.last != row:
            span.tokens += self.rows.token[row] != self.rows.token[span.last]
            span.last = row
        return span

    def _set(self, span: Span | Relation, feature: str, value: str, row: int) -> None:
        said = unescape_value(value)
        if said is not None and span.values.setdefault(feature, said) != said:
            first = span.values[feature]
            message = (
                f"'{feature}' is {said[:40]!r}, but {first[:40]!r} where the annotation begins"
            )
            self.problem(row, message)

    def _link(self, span: Span, column: Column, value: str, row: int) -> None:
        """Take the roles, and put the targets beside them when they come."""
        if column.holds == header.ROLES:
            roles = [] if value == "_" else parts(value, ";")
            span.links += [(column, unescape_value(role), "") for role in roles]
        elif column.holds == header.TARGETS:
            targets = [] if value in ("*", "_") else parts(value, ";")
            mine = [n for n, held in enumerate(span.links) if held[0].feature == column.feature]
            if len(mine) != len(targets):
                said = f"{count(len(mine), 'role')} and {count(len(targets), 'target')}"
                self.problem(row, f"{said} in one annotation")
            for n, target in zip(mine, targets, strict=False):
                span.links[n] = (column, span.links[n][1], target)

    def _relations(self, row: int, column: Column, cell: str) -> None:
        mine = self.relations.setdefault((row, column.layer), [])
        for position, part in enumerate(parts(cell, "|")):
            if position == len(mine):
                mine.append(Relation(self.sources[column.layer], row))
                self.found.relations.append(mine[-1])
            if column.holds == header.SOURCE:
                mine[position].source = part
            else:
                self._set(mine[position], column.feature, part, row)

    def _links(self, row: int, layer: str, of_row: list[tuple[Column, str]]) -> None:
        """The links of chains in one row."""
        numbered = next((cell for column, cell in of_row if column.holds == header.LINK), "")
        spans: list[Span] = []
        for part in parts(numbered, "|"):
            known = link(part)
            if known is None:
                self.problem(row, f"{part[:40]!r} numbers no link; wanted VALUE->CHAIN-LINK or _")
                return
            value, chain, number = known
            of_chain = self.found.chains.setdefault((layer, chain), {})
            spans.append(self._extended(of_chain, number, layer, row))
            self._set(spans[-1], RELATION, value, row)
        for column, cell in of_row:
            if column.holds != header.LINK:
                for span, (value, _) in zip(spans, stack(cell), strict=False):
                    self._set(span, column.feature, value, row)

    def _whole(self, span: Span) -> None:
        tokens = self.rows.token
        if tokens[span.last] - tokens[span.first] + 1 != span.tokens:
            units = [self.rows.unit[row].as_py() for row in (span.first, span.last)]
            message = (
                f"an annotation of {span.layer} is on {units[0]} and {units[1]}, but not on all "
                "tokens between them; give one of them another number in brackets"
            )
            self.problem(span.last, message)

    def resolve(self, row: int, said: str, layer: str, number: int = 0) -> Span | None:
        """The span of that layer in a unit, by its number if it has one; None for a problem."""
        candidates = self._candidates(row, said, layer, number)
        if len(candidates) == 1:
            return candidates[0]
        which = f"{said}[{number}]" if number else said
        if candidates:
            message = f"{which} may be {len(candidates)} annotations; their numbers tell which"
        else:
            message = f"there is no annotation of {layer} that is {which}"
        self.problem(row, message)
        return None

    def _candidates(self, row: int, said: str, layer: str, number: int) -> list[Span]:
        layers = sorted(self.spans) if layer == ANY else [layer]
        keys = [(one, number, 0) for one in layers]
        if not number:
            if not self.units:
                first, last = self.bounds
                units = self.rows.unit[first:last].to_pylist()
                self.units = {unit: place for place, unit in enumerate(units, first)}
            at = self.units.get(said, -1)
            keys = [key for one in layers for key in self.at.get((at, one), [])]
        return [self.found.spans[key] for key in keys if key in self.found.spans]

    def ends(self, relation: Relation) -> tuple[Span, Span] | None:
        """The spans that a relation leads from and to; None for a problem."""
        known = reference(relation.source)
        if known is None:
            got = relation.source[:40] or "_"
            self.problem(relation.row, f"{got!r}; wanted where from, as 1-2 or 1-2[3_4]")
            return None
        unit, of_source, of_target = known
        here = self.rows.unit[relation.row].as_py()
        source = self.resolve(relation.row, unit, relation.column.target, of_source)
        target = self.resolve(relation.row, here, relation.column.target, of_target)
        return None if source is None or target is None else (source, target)

    def target(self, row: int, column: Column, said: str) -> Span | None:
        """The span that a link leads to; None for a problem."""
        known = reference(said)
        if known is None or known[2]:
            self.problem(row, f"{said[:40]!r}; wanted where to, as 1-2 or 1-2[3]")
            return None
        return self.resolve(row, known[0], column.target, known[1])

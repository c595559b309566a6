"""The annotations of a block of documents as marks on tokens, and what the marks say in cells.

A mark stands on every token that it covers whole, and on a sub-token where it covers a part of
one, as `Tsv3XCasDocumentBuilder` of INCEpTION does it. It has a number where it covers several
tokens or shares a row with another one of its layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from samarkand import lines, text
from samarkand.corpus import Layer, doc_codes
from samarkand.cuts import WHITE
from samarkand.formats.webanno import own, say
from samarkand.formats.webanno.escapes import escape_value
from samarkand.text import Ints, TextIndex
from samarkand.tokens import Tokens

#: A token, and the part of it that is meant: code points over all texts, or WHOLE.
Unit = tuple[int, int, int]
WHOLE = -1
#: A column: its layer, and its feature or what else it holds.
Column = tuple[str, str]
TARGETS, SOURCE = "(targets)", "(source)"
#: INCEpTION refers by their id to no more sub-tokens of a token than these.
_SUB_TOKENS = 9


@dataclass(eq=False)
class Mark:
    """An annotation: its features, its links by role, and its units."""

    doc: int
    layer: str
    values: say.Values
    links: list[tuple[str, "Mark"]]
    units: list[Unit]
    number: int = 0

    @property
    def home(self) -> Unit:
        """The unit by whose id the annotation is referred to."""
        return self.units[0]


@dataclass(frozen=True)
class Arc:
    """A relation, which stands at its tail's home."""

    values: say.Values
    head: Mark
    tail: Mark


@dataclass(frozen=True)
class Marks:
    """All marks, by layer and unit; relations by unit; the features in use, by document and layer.

    `subs`: the number of each sub-token within its token.
    """

    at: dict[Unit, dict[str, list[Mark]]] = field(default_factory=dict)
    arcs: dict[Unit, list[Arc]] = field(default_factory=dict)
    features: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    subs: dict[Unit, int] = field(default_factory=dict)


def collect(documents: pa.Table, ix: TextIndex, found: Tokens, kept: Layer) -> Marks:
    """The marks of a layer's rows, which are narrowed."""
    marks = Marks()
    edges = ix.points[found.doc] + found.begin, ix.points[found.doc] + found.end
    doc = doc_codes(documents, kept.entities["doc"])
    begin, end = (kept.entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    known: dict[tuple[int, str], Mark] = {}
    made: list[Mark] = []
    rows = lines.from_table("entities", kept.entities)
    for row, (number, units, span) in zip(rows, _placed(ix, edges, doc, begin, end), strict=True):
        values = say.entity(row, (span.begin, span.end), span.text)
        made.append(Mark(number, own.ENTITY, values, [], units))
        known[number, row.entity] = made[-1]
    anchors = _anchors(documents, found, kept)
    for row, (number, units, span) in zip(
        lines.from_table("stances", kept.stances), _placed(ix, edges, *anchors), strict=True
    ):
        ids = {id for id in (row.holder, row.target, *row.source_chain) if (number, id) in known}
        values, links = say.stance(row, span, ids)
        linked = [(role, known[number, id]) for role, id in links]
        made.append(Mark(number, own.STANCE, values, linked, units))
    _number(marks, made)
    rows = lines.from_table("relations", kept.relations)
    for row, number in zip(rows, doc_codes(documents, kept.relations["doc"]).tolist(), strict=True):
        arc = Arc(say.relation(row), known[number, row.head], known[number, row.tail])
        marks.arcs.setdefault(arc.tail.home, []).append(arc)
        marks.features.setdefault((number, own.RELATION), set()).update(arc.values)
    return marks


def _placed(
    ix: TextIndex, edges: tuple[Ints, Ints], doc: Ints, begin: Ints, end: Ints
) -> Iterator[tuple[int, list[Unit], lines.Span]]:
    """The document, the units and the place of each span, without white space at its edges.

    `edges`: where tokens begin and end, in code points over all texts. Every span touches one:
    what is not white space is in a token.
    """
    shift = ix.points[doc]
    first, last, _ = text.tokens_over(*edges, begin + shift, end + shift)
    last -= 1
    begin = np.maximum(begin + shift, edges[0][first])
    end = np.minimum(end + shift, edges[1][last])
    covered = text.cover(ix, doc, begin - shift, end - shift).to_pylist()
    around = edges[0][first], edges[1][first], edges[0][last], edges[1][last]
    columns = [column.tolist() for column in (doc, shift, begin, end, first, last, *around)]
    for value, row in zip(covered, zip(*columns, strict=True), strict=True):
        number, origin, opens, closes = row[:4]
        yield number, _units(*row[2:]), lines.Span(opens - origin, closes - origin, value)


def _units(
    begin: int, end: int, first: int, last: int, opens: int, closes: int, ends: int, until: int
) -> list[Unit]:
    """The units of a span; the first is its home.

    `opens` and `closes` are the edges of its first token, `ends` and `until` those of its last.
    """
    if first == last:
        return [(first, WHOLE, WHOLE) if (begin, end) == (opens, closes) else (first, begin, end)]
    return [
        (first, begin, closes) if opens < begin else (first, WHOLE, WHOLE),
        *((token, WHOLE, WHOLE) for token in range(first + 1, last)),
        (last, ends, end) if end < until else (last, WHOLE, WHOLE),
    ]


def _anchors(documents: pa.Table, found: Tokens, kept: Layer) -> tuple[Ints, Ints, Ints]:
    """Where stances stand: on the cue, else on what they are about, else on the first word."""
    doc = doc_codes(documents, kept.stances["doc"])
    columns = [kept.stances[name].to_pylist() for name in ("cue", "content", "target_spans")]
    texts = documents["text"].to_pylist() if len(doc) else []
    places = np.zeros((len(doc), 2), np.int64)
    for row, spans in enumerate(zip(*columns, strict=True)):
        value = texts[doc[row]]
        about = [(span["begin"], span["end"]) for some in spans for span in some]
        seen = (at for at in about if at[0] >= 0 and value[slice(*at)].strip(WHITE))
        first = int(np.searchsorted(found.doc, doc[row]))
        begin, end = next(seen, (int(found.begin[first]), int(found.end[first])))
        places[row] = begin, min(end, len(value))
    return doc, places[:, 0], places[:, 1]


def _number(marks: Marks, made: list[Mark]) -> None:
    """Put marks where they stand, and number those that need it."""
    for mark in made:
        features = marks.features.setdefault((mark.doc, mark.layer), set())
        features.update(mark.values)
        if mark.links:
            features.add(own.ARGUMENTS)
        for unit in mark.units:
            marks.at.setdefault(unit, {}).setdefault(mark.layer, []).append(mark)
    of_token: dict[int, int] = {}
    for unit in sorted(unit for unit in marks.at if unit[1] != WHOLE):
        of_token[unit[0]] = marks.subs[unit] = of_token.get(unit[0], 0) + 1
    latest: dict[int, int] = {}
    for mark in made:
        shared = any(len(marks.at[unit][mark.layer]) > 1 for unit in mark.units)
        if len(mark.units) > 1 or shared or marks.subs.get(mark.home, 0) > _SUB_TOKENS:
            mark.number = latest[mark.doc] = latest.get(mark.doc, 0) + 1


def columns(marks: Marks, doc: int) -> list[Column]:
    """The columns of a document, layer by layer, in the order of their names."""
    found: list[Column] = []
    for layer in (own.ENTITY, own.STANCE, own.RELATION):
        for feature in sorted(marks.features.get((doc, layer), ())):
            found.append((layer, feature))
            if feature == own.ARGUMENTS:
                found.append((layer, TARGETS))
        if layer == own.RELATION and (doc, layer) in marks.features:
            found.append((layer, SOURCE))
    return found


def declared(columns: list[Column]) -> list[str]:
    """The lines that declare columns."""
    said = {
        own.ARGUMENTS: f"ROLE_{own.STANCE}:{own.ARGUMENTS}_{own.LINK}",
        TARGETS: own.ENTITY,
        SOURCE: f"BT_{own.ENTITY}",
    }
    of_layer: dict[str, list[str]] = {}
    for layer, feature in columns:
        of_layer.setdefault(layer, [layer]).append(said.get(feature, feature))
    kinds = {layer: "RL" if layer == own.RELATION else "SP" for layer in of_layer}
    return [f"#T_{kinds[layer]}={'|'.join(names)}" for layer, names in of_layer.items()]


def cells(marks: Marks, columns: list[Column], unit: Unit, ids: list[str]) -> str:
    """The cells of a unit, each with a tab behind it. `ids`: of the tokens."""
    here, arcs = marks.at.get(unit, {}), marks.arcs.get(unit, [])
    said: list[str] = []
    for layer, feature in columns:
        if layer == own.RELATION:
            if feature == SOURCE:
                one = [_name(marks, arc.head, ids) + _pair(arc) for arc in arcs]
            else:
                one = [_value(arc.values, feature) for arc in arcs]
        elif feature == own.ARGUMENTS:
            one = [(";".join(r for r, _ in m.links) or "_") + _mark(m) for m in here.get(layer, ())]
        elif feature == TARGETS:
            one = [
                ";".join(_name(marks, to, ids) + _mark(to) for _, to in mark.links) or "*"
                for mark in here.get(layer, ())
            ]
        else:
            one = [_value(mark.values, feature) + _mark(mark) for mark in here.get(layer, ())]
        said.append("|".join(one) if one else "_")
    return "\t".join([*said, ""])


def _value(values: say.Values, feature: str) -> str:
    return escape_value(values[feature]) if feature in values else "*"


def _mark(mark: Mark) -> str:
    return f"[{mark.number}]" if mark.number else ""


def _pair(arc: Arc) -> str:
    numbers = arc.head.number, arc.tail.number
    return f"[{numbers[0]}_{numbers[1]}]" if any(numbers) else ""


def _name(marks: Marks, mark: Mark, ids: list[str]) -> str:
    """The id of a mark's home."""
    sub = marks.subs.get(mark.home)
    return ids[mark.home[0]] + (f".{sub}" if sub else "")

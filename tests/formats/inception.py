"""WebAnno TSV as INCEpTION's importer understands it: an oracle for what we write.

It follows the rules of `Tsv3XDeserializer`, its shortcuts too: lines end at a carriage return, cells
are divided at every `|` that has no backslash right before it, empty values at the end of a cell are
dropped, units are counted and not read, and a reference without a number is the first annotation.
Offsets are UTF-16 code units.
"""

import re
from dataclasses import dataclass, field
from typing import Any

UNESCAPED = {"\\t": "\t", "\\n": "\n"}


@dataclass(eq=False)
class Annotation:
    layer: str
    begin: int
    end: int
    values: dict[str, str] = field(default_factory=dict)
    links: dict[str, list[list[Any]]] = field(default_factory=dict)
    ends: tuple["Annotation", "Annotation"] | None = None


@dataclass
class Document:
    text: str = ""
    annotations: list[Annotation] = field(default_factory=list)

    def covered(self, begin: int, end: int) -> str:
        return self.text.encode("utf-16-le")[2 * begin : 2 * end].decode("utf-16-le")


def _size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _divide(cell: str, separator: str) -> list[str]:
    found = re.split(rf"(?<!\\){re.escape(separator)}", cell)
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found


def _value(cell: str) -> str:
    return re.sub(r"\\(?:->|[\\\[\]|_;tn*])", lambda m: UNESCAPED.get(m[0], m[0][1:]), cell)


def _line(value: str) -> str:
    known = {"t": "\t", "n": "\n", "f": "\f", "r": "\r", "b": "\b", "\\": "\\"}
    return re.sub(r"\\([\x00-\x07\x0e-\x1f\\tnfrb])", lambda m: known.get(m[1], m[1]), value)


def _number(cell: str) -> tuple[str, str]:
    if cell.endswith("]") and not cell.endswith("\\]"):
        value, _, number = cell.rpartition("[")
        return value, number[:-1]
    return cell, ""


class Importer:
    def __init__(self, data: bytes) -> None:
        self.lines = re.split("\r\n|\n|\r", data.decode())
        self.document = Document()
        self.units: list[list[list[dict[str, list[Annotation]]]]] = []  # sentence, token, sub-token
        self.numbered: dict[int, Annotation] = {}
        self.later: list[Any] = []

    def read(self) -> Document:
        assert re.fullmatch(r"#FORMAT=(.*) (\d+\.\d+)", self.lines[0])
        at = 1
        columns: list[tuple[str, str, str]] = []
        while self.lines[at].startswith(("#T_SP=", "#T_RL=")):
            columns += self._columns(self.lines[at])
            at += 1
        assert self.lines[at : at + 2] == ["", ""]
        pending, state, text = "", "between", ""
        for line in self.lines[at + 2 :]:
            if line.startswith("#") and state in ("between", "header"):
                state = "header"
                if line.startswith("#Text="):
                    pending += _line(line.removeprefix("#Text=")) + "\n"
                continue
            if not line:
                assert state == "token"
                state = "between"
                continue
            fields = line.split("\t")
            assert len(fields) >= len(columns) + 3
            begin, end = map(int, fields[1].split("-"))
            if state == "header":
                if _size(text) > begin:
                    assert _size(text) == begin + 1 and text.endswith("\n")
                    text = text[:-1]
                text += " " * (begin - _size(text)) + pending
                pending = ""
                self.units.append([])
            state = "token"
            if "." not in fields[0]:
                self.units[-1].append([])
            self.units[-1][-1].append({})
            for column, cell in zip(columns, fields[3:], strict=False):
                if cell != "_":
                    self._cell(column, begin, end, cell)
        for action in self.later:
            action()
        self.document.text = text
        return self.document

    def _columns(self, line: str) -> list[tuple[str, str, str]]:
        layer, *features = line.partition("=")[2].split("|")
        found = []
        for feature in features:
            if feature.startswith("ROLE_"):
                found.append((layer, "roles", feature.split("_")[1].partition(":")[2]))
            elif feature.startswith("BT_"):
                found.append((layer, "source", feature.removeprefix("BT_")))
            elif "." in feature:
                found.append((layer, "targets", found[-1][2]))
            else:
                found.append((layer, "relation" if "RL" in line[:5] else "value", feature))
        return found

    def _cell(self, column: tuple[str, str, str], begin: int, end: int, cell: str) -> None:
        layer, kind, feature = column
        unit = self.units[-1][-1][-1]
        for place, part in enumerate(_divide(cell, "|")):
            value, number = (part, "") if kind == "targets" else _number(part)
            mine = unit.setdefault(layer, [])
            if place >= len(mine):
                known = self.numbered.get(int(number)) if number and kind != "source" else None
                if known is None:
                    known = Annotation(layer, begin, end)
                    self.document.annotations.append(known)
                known.end = end
                mine.append(known)
            annotation = mine[place]
            if number and kind in ("value", "roles"):
                assert self.numbered.setdefault(int(number), annotation) is annotation
            if kind in ("value", "relation") and value != "*":
                annotation.values[feature] = _value(value)
            elif kind == "roles":
                roles = [] if value == "_" else _divide(value, ";")
                annotation.links[feature] = [[_value(role), None] for role in roles]
            elif kind == "targets":
                targets = [] if value == "*" else _divide(value, ";")
                self.later.append(lambda a=annotation, t=targets: self._link(a, feature, t))
            elif kind == "source":
                here = (len(self.units), len(self.units[-1]), len(self.units[-1][-1]) - 1)
                said = (value, number, here, feature)
                self.later.append(lambda a=annotation, s=said: self._ends(a, *s))

    def _link(self, annotation: Annotation, feature: str, targets: list[str]) -> None:
        for link, target in zip(annotation.links.get(feature, []), targets, strict=True):
            value, number = _number(target)
            link[1] = self._resolve(
                self._place(value), int(number or 0), "webanno.custom.SamarkandEntity"
            )

    def _place(self, unit: str) -> tuple[int, int, int]:
        match = re.fullmatch(r"(\d+)-(\d+)(?:\.(\d))?", unit)
        assert match is not None, unit
        return int(match[1]), int(match[2]), int(match[3] or 0)

    def _ends(
        self,
        annotation: Annotation,
        source: str,
        numbers: str,
        here: tuple[int, int, int],
        layer: str,
    ) -> None:
        first, second = map(int, (numbers or "0_0").split("_"))
        place = (0, 0, 0) if first else self._place(source)
        annotation.ends = self._resolve(place, first, layer), self._resolve(here, second, layer)

    def _resolve(self, place: tuple[int, int, int], number: int, layer: str) -> Annotation:
        if number:
            return self.numbered[number]
        sentence, token, sub = place
        return self.units[sentence - 1][token - 1][sub][layer][0]

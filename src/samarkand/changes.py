"""A diff in the terms of annotation: what happened to which annotation, in words and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from samarkand.diff import KEYS, Delta, Diff

Row = Mapping[str, Any]

#: What a change of each column is called.
CALLED: dict[str, dict[str, str]] = {
    "documents": {"text": "text changed", "sha256": "hash changed"},
    "actors": {},
    "entities": {
        "begin": "boundary moved",
        "end": "boundary moved",
        "fragments": "boundary moved",
        "text": "covered text changed",
        "label": "relabelled",
    },
    "relations": {
        "label": "relabelled",
        "head": "rewired",
        "tail": "rewired",
        "object": "rewired",
        "evidence": "evidence moved",
    },
    "stances": {
        "polarity": "polarity changed",
        "target_spans": "target changed",
        "cue": "cue moved",
        "content": "content moved",
        "source_chain": "source chain changed",
    },
}
FLIPPED, RENUMBERED = "stance flipped", "renumbered"
#: So many characters of a text are shown.
MOST = 60


@dataclass(frozen=True)
class Change:
    """What happened to one row. `before` and `after` are the row, None where there is none.

    `kinds` are added, removed, or what is in CALLED for the `columns` that say something else.
    `layer` is empty for documents and actors, `label` for what has none.
    """

    layer: str
    table: str
    doc: str
    id: str
    label: str
    kinds: tuple[str, ...]
    columns: tuple[str, ...]
    before: Row | None
    after: Row | None

    def __str__(self) -> str:
        sign = "~" if self.before and self.after else "+" if self.after else "-"
        row = self.after or self.before or {}
        words = [sign, self.id, *([self.label] if self.label else []), about(self.table, row)]
        line = " ".join(word for word in words if word)
        if not (self.before and self.after):
            return line
        shown = (
            f"{c} {was} -> {'another ' if was == now else ''}{now}"  # an id that was given anew
            for c in self.columns
            for was, now in [(short(self.before[c]), short(self.after[c]))]
            if (self.table, c) != ("documents", "text")
        )
        return f"{line}: {', '.join(self.kinds)}: {'; '.join(shown)}".removesuffix(": ")


def changes(diff: Diff) -> list[Change]:
    """Every changed row, documents first, then by layer, document and table."""
    found = [*_of_table("", "documents", diff.documents), *_of_table("", "actors", diff.actors)]
    for name, layer in diff.layers.items():
        rows = [c for table, delta in layer.tables.items() for c in _of_table(name, table, delta)]
        found += sorted(rows, key=lambda change: change.doc)  # stable: tables stay in order
    return found


def _of_table(layer: str, table: str, delta: Delta) -> Iterator[Change]:
    for rows, kind in ((delta.removed, "removed"), (delta.added, "added")):
        for row in rows.to_pylist():
            sides = (row, None) if kind == "removed" else (None, row)
            yield _change(layer, table, (kind,), (), *sides)
    pairs = zip(delta.old.to_pylist(), delta.new.to_pylist(), strict=True)
    for place, (before, after) in enumerate(pairs):
        columns = tuple(name for name, mask in delta.differs.items() if mask[place])
        kinds = tuple(dict.fromkeys(_kind(table, c, before, after) for c in columns))
        yield _change(layer, table, kinds or (RENUMBERED,), columns, before, after)


def _change(
    layer: str,
    table: str,
    kinds: tuple[str, ...],
    columns: tuple[str, ...],
    before: Row | None,
    after: Row | None,
) -> Change:
    row = after or before or {}
    key = KEYS.get(table)
    id = row[key[0]] if key else row["id"]
    label = row.get("label") or row.get("act") or ""
    return Change(layer, table, row.get("doc", ""), id, label, kinds, columns, before, after)


def _kind(table: str, column: str, before: Row, after: Row) -> str:
    if column == "id":
        return RENUMBERED
    if column == "polarity" and (before[column] or 0) * (after[column] or 0) < 0:
        return FLIPPED
    return CALLED[table].get(column, f"{column} changed")


def text(diff: Diff) -> str:
    """The diff for people: what changed in short, per label, and then each change by document."""
    found = changes(diff)
    lines = [*_heads(diff), *summary(found)]
    last = ("", "")
    for change in found:
        if (change.layer, change.doc) != last and change.table != "actors":
            last = change.layer, change.doc
            lines += ["", " ".join(part for part in last if part)]
        lines.append(f"  {change}")
    return "\n".join(lines) or "no difference"


def _heads(diff: Diff) -> list[str]:
    """What changed beside the rows."""
    lines = []
    for name, sides in (("label schema", diff.labels), ("corpus.toml", diff.about)):
        if sides[0] != sides[1]:
            names = _fields(*(asdict(side) for side in sides))
            lines.append(f"{name}: changed: {', '.join(names)}")
    for name, layer in diff.layers.items():
        if layer.there != (True, True):
            lines.append(f"layer {name}: {'removed' if layer.there[0] else 'added'}")
        made, remade = (asdict(side) if side else {} for side in layer.provenance)
        if made != remade and layer.there == (True, True):
            lines.append(f"layer {name}: provenance changed: {', '.join(_fields(made, remade))}")
    return lines


def _fields(before: Row, after: Row) -> list[str]:
    names = dict.fromkeys([*before, *after])
    return [name for name in names if before.get(name) != after.get(name)]


def summary(found: Sequence[Change]) -> list[str]:
    """For each table of each layer, and each label in it, how often what happened: a line each."""
    counts: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    for change in found:
        table = counts.setdefault((change.layer, change.table), {})
        for label in {"", change.label}:
            table.setdefault(label, Counter()).update(change.kinds)
    lines = []
    for (layer, name), labels in counts.items():
        for label, kinds in sorted(labels.items()):
            who = f"  {label}" if label else " ".join(part for part in (layer, name) if part)
            lines.append(
                f"{who}: {', '.join(f'{n:,} {kind}' for kind, n in sorted(kinds.items()))}"
            )
    return lines


def to_json(diff: Diff) -> str:
    """The diff as a JSON object: `corpus` has what changed beside the rows, `changes` the rows."""
    said = {"corpus": _heads(diff), "changes": [asdict(change) for change in changes(diff)]}
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def about(table: str, row: Mapping[str, Any]) -> str:
    """What a row is about, short."""
    if table == "entities":
        return f"{row['begin']}-{row['end']} {short(row['text'])}"
    if table == "relations":
        return f"{row['head']} -> {row['tail']}"
    if table == "stances":
        return f"{row['holder']} on {row['target']}: {short(row['polarity'])}"
    return ""


def short(value: Any) -> str:
    """A value of a column, short."""
    if isinstance(value, list):
        return "[" + ", ".join(short(item) for item in value) + "]"
    if isinstance(value, dict) and "begin" in value:
        return f"{value['begin']}-{value['end']} {short(value['text'])}"
    if isinstance(value, dict):
        return f"{value['name']}={value['value']}"
    if isinstance(value, str):
        return repr(value if len(value) <= MOST else value[: MOST - 1] + "…")
    return "none" if value is None else str(value)

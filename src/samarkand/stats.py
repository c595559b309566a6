"""What is in a corpus: sizes, labels, lengths, actors, dyads, stances, and actors new to a split.

Every figure is a count over the Arrow tables, or a ratio of two. Documents without a split are in
the column of the split `none`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import page as pages
from samarkand import schema
from samarkand.corpus import Corpus, Layer, entity_rows
from samarkand.errors import SamarkandError

NONE, ALL = "none", "all"
#: How many actors, pairs of actors and propositions are listed.
MOST = 20
#: Words per document, in steps of so many.
STEP = 100

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Figures under a heading. `bar` is the column that is drawn, if one is."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bar: int = -1


def stats(corpus: Corpus, layers: Sequence[str] = ()) -> list[Table]:
    """The figures of a corpus and of some of its layers, all by default.

    Errors: SamarkandError for a layer that is not there.
    """
    names = list(layers) or list(corpus.layers)
    unknown = [name for name in names if name not in corpus.layers]
    if unknown:
        known = ", ".join(corpus.layers) or "none"
        raise SamarkandError(f"there is no layer {unknown[0]}; there are: {known}")
    documents = corpus.documents
    splits = _splits(documents)
    found = [_sizes(documents, splits), _lengths(documents)]
    for name in names:
        layer = corpus.layers[name]
        found.append(_annotations(layer, documents, splits))
        for kind, column in (("entities", "label"), ("relations", "label"), ("stances", "act")):
            found.append(_labels(name, layer.table(kind), kind, column, documents, splits))
        found += [
            _polarity(layer),
            _actors(layer, documents),
            _dyads(layer),
            _unseen(layer, documents, splits),
        ]
    return [table for table in found if table.rows]


def _splits(documents: pa.Table) -> list[str]:
    there = set(documents["split"].to_pylist())
    return [*(s for s in schema.SPLITS if s in there), *([NONE] if None in there else [])]


def _split_of(documents: pa.Table) -> dict[str, str]:
    """The split of each document."""
    columns = (documents[name].to_pylist() for name in ("doc", "split"))
    return {doc: split or NONE for doc, split in zip(*columns, strict=True)}


def _words(documents: pa.Table) -> np.ndarray:
    """The words, divided by white space, of each document."""
    lists = pc.ascii_split_whitespace(pc.ascii_trim_whitespace(documents["text"]))
    return np.asarray(pc.list_value_length(lists).to_numpy())


def _sizes(documents: pa.Table, splits: Sequence[str]) -> Table:
    of = np.array([split or NONE for split in documents["split"].to_pylist()], object)
    words = _words(documents)
    events = np.array(documents["event"].to_pylist(), object)
    dates = np.array([str(day or "") for day in documents["published"].to_pylist()], object)
    rows: list[tuple[Cell, ...]] = []
    for split in [*splits, ALL]:
        here = of == split if split != ALL else np.ones(len(of), np.bool_)
        size, days = words[here], sorted(day for day in dates[here] if day)
        if not len(size):
            continue
        counted = (len(size), len({e for e in events[here] if e}), int(size.sum()))
        shape = (int(np.median(size)), int(size.min()), int(size.max()))
        rows.append((split, *counted, *shape, *((days[0], days[-1]) if days else ("", ""))))
    head = ("split", "documents", "events", "words", "median", "fewest", "most", "first", "last")
    return Table("documents, and words in each", head, tuple(rows))


def _lengths(documents: pa.Table) -> Table:
    steps, counts = np.unique(_words(documents) // STEP, return_counts=True)
    found = dict(zip(steps.tolist(), counts.tolist(), strict=True))
    rows = tuple(
        (f"{step * STEP}-{step * STEP + STEP - 1}", found.get(step, 0))
        for step in range(min(found, default=0), max(found, default=-1) + 1)
    )
    return Table("words in a document", ("words", "documents"), rows, 1)


def _annotations(layer: Layer, documents: pa.Table, splits: Sequence[str]) -> Table:
    words, of = _words(documents), _split_of(documents)
    totals = dict.fromkeys([*splits, ALL], 0)
    for split, size in zip(of.values(), words.tolist(), strict=True):
        totals[split] += size
        totals[ALL] += size
    rows: list[tuple[Cell, ...]] = []
    for kind in schema.TABLES:
        docs = [of.get(doc, NONE) for doc in layer.table(kind)["doc"].to_pylist()]
        if docs:
            counts = [docs.count(split) for split in splits]
            rate = 100 * len(docs) / max(totals[ALL], 1)
            rows.append((kind, *counts, len(docs), round(rate, 1)))
    head = ("annotations", *splits, ALL, "in 100 words")
    return Table(f"{layer.name}: annotations", head, tuple(rows))


def _labels(
    name: str, table: pa.Table, kind: str, column: str, documents: pa.Table, splits: Sequence[str]
) -> Table:
    of = _split_of(documents)
    counts: dict[str, dict[str, int]] = {}
    pairs = zip(table[column].to_pylist(), table["doc"].to_pylist(), strict=True)
    for label, doc in pairs:
        row = counts.setdefault(label or NONE, dict.fromkeys([*splits, ALL], 0))
        row[of.get(doc, NONE)] = row.get(of.get(doc, NONE), 0) + 1
        row[ALL] += 1
    listed = sorted(counts.items(), key=lambda item: (-item[1][ALL], item[0]))
    rows: list[tuple[Cell, ...]] = [
        (label, *(row[split] for split in [*splits, ALL])) for label, row in listed
    ]
    return Table(
        f"{name}: {kind} by {column}", (column, *splits, ALL), tuple(rows), len(splits) + 1
    )


def _polarity(layer: Layer) -> Table:
    """How often each target of a stance that is a proposition is taken for and against."""
    targets, values = (layer.stances[name].to_pylist() for name in ("target", "polarity"))
    scale: list[int | None] = [*sorted({v for v in values if v is not None}), None]
    counts: dict[str, list[int]] = {}
    for target, polarity in zip(targets, values, strict=True):
        proposition = target if target.startswith("P:") else "(mentions, spans, none)"
        for name in (proposition, ALL):
            counts.setdefault(name, [0] * len(scale))[scale.index(polarity)] += 1
    listed = sorted(counts.items(), key=lambda item: (item[0] == ALL, -sum(item[1]), item[0]))
    head = ("target", *("null" if v is None else f"{v:+d}" if v else "0" for v in scale), ALL)
    body: list[tuple[Cell, ...]] = [(name, *row, sum(row)) for name, row in listed]
    title = f"{layer.name}: stances by target and polarity"
    return Table(title, head, tuple(body), len(head) - 1)


def _actors(layer: Layer, documents: pa.Table) -> Table:
    named = layer.entities.filter(layer.entities["actor"].is_valid())
    if not len(named):
        return Table("", (), ())
    grouped = named.group_by("actor").aggregate([("doc", "count_distinct"), ("doc", "count")])
    columns = (grouped[n].to_pylist() for n in ("actor", "doc_count_distinct", "doc_count"))
    listed = sorted(zip(*columns, strict=True), key=lambda row: (-row[1], -row[2], row[0]))
    rows = tuple(
        (actor, mentions, docs, round(100 * docs / len(documents), 1))
        for actor, docs, mentions in listed[:MOST]
    )
    title = f"{layer.name}: actors in the most documents, of {len(listed):,}"
    return Table(title, ("actor", "mentions", "documents", "% of all"), rows, 2)


def _dyads(layer: Layer) -> Table:
    """The pairs of actors with the most relations and stances between them, either way round."""
    counts: dict[tuple[str, str], list[int]] = {}
    for place, (kind, ends) in enumerate(
        [("relations", ("head", "tail")), ("stances", ("holder", "target"))]
    ):
        table = layer.table(kind)
        actors = (_actor_of(layer, table["doc"], table[end]) for end in ends)
        for one, other in zip(*actors, strict=True):
            if one and other and one != other:
                pair = (min(one, other), max(one, other))
                counts.setdefault(pair, [0, 0])[place] += 1
    listed = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))
    rows: list[tuple[Cell, ...]] = [(f"{a} - {b}", *row, sum(row)) for (a, b), row in listed[:MOST]]
    title = f"{layer.name}: pairs of actors, of {len(listed):,}"
    return Table(title, ("pair", "relations", "stances", ALL), tuple(rows), 3)


def _actor_of(layer: Layer, docs: pa.ChunkedArray, ids: pa.ChunkedArray) -> list[str | None]:
    """The actor of each mention; None for one without, and for what is no mention."""
    row = entity_rows(layer.entities, docs, ids)
    place = pa.array(row, mask=row < 0)
    found: list[str | None] = layer.entities["actor"].take(place).to_pylist()
    return found


def _unseen(layer: Layer, documents: pa.Table, splits: Sequence[str]) -> Table:
    """How many actors and mentions of each split are of actors that train has not."""
    of = _split_of(documents)
    mentions: dict[str, list[str]] = {split: [] for split in splits}
    columns = (layer.entities[name].to_pylist() for name in ("doc", "actor"))
    for doc, actor in zip(*columns, strict=True):
        if actor is not None and of.get(doc) in mentions:
            mentions[of[doc]].append(actor)
    if "train" not in mentions or len(splits) < 2:
        return Table("", (), ())
    known = set(mentions["train"])
    rows: list[tuple[Cell, ...]] = []
    for split, actors in mentions.items():
        if split != "train" and actors:
            new, unseen = set(actors) - known, [a for a in actors if a not in known]
            share = round(100 * len(unseen) / len(actors), 1)
            rows.append((split, len(set(actors)), len(new), len(actors), len(unseen), share))
    head = ("split", "actors", "not in train", "mentions", "of those", "% of mentions")
    return Table(f"{layer.name}: actors that train has not", head, tuple(rows))


def text(found: Sequence[Table]) -> str:
    """The figures for people, with a bar for each row of those that are drawn."""
    return "\n\n".join(_text(table) for table in found)


def _shares(table: Table) -> list[float]:
    """The drawn column as shares of its largest value; 0 for sums, and where nothing is drawn."""
    drawn = [
        float(row[table.bar]) if table.bar >= 0 and row[0] != ALL else 0.0 for row in table.rows
    ]
    most = max(drawn, default=0.0)
    return [value / most if most else 0.0 for value in drawn]


def _text(table: Table) -> str:
    cells = [table.columns, *([_cell(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    lines = [table.title]
    for row, share in zip(cells, [0.0, *_shares(table)], strict=True):
        padded = [
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(["", *padded, "█" * round(20 * share)]).rstrip())
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int | float) else cell


def to_json(found: Sequence[Table]) -> str:
    """The figures as a JSON array of tables."""
    said: list[dict[str, Any]] = [asdict(table) for table in found]
    return json.dumps([{k: t[k] for k in ("title", "columns", "rows")} for t in said], indent=1)


def page(found: Sequence[Table], title: str) -> str:
    """The figures as one HTML page, whole and without scripts; the drawn column as bars."""
    return pages.whole(title, [_html(table) for table in found])


def _html(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    lines = [f"<h2>{escape(table.title)}</h2>", f"<table><tr>{head}</tr>"]
    for row, share in zip(table.rows, _shares(table), strict=True):
        cells = "".join(f"<td>{escape(_cell(cell))}</td>" for cell in row)
        if share:
            cells += f'<td><meter value="{share:.3f}"></meter></td>'
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</table>"])

"""Agreement as text, as JSON, and as one HTML page with a heat map of what was taken for what."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

import msgspec
import numpy as np

from samarkand import page as pages
from samarkand import words
from samarkand.agree import Agreement, Pair
from samarkand.agreement.resample import Figure
from samarkand.changes import Change
from samarkand.corpus import Corpus

NONE = "(none)"
#: How many confusions the text names.
MOST = 10


def text(found: Agreement, differences: Sequence[Sequence[Change]] = ()) -> str:
    """The figures for people: of each pair in all, by label, what was confused most, and, where
    `differences` are given, what is not the same, by document.
    """
    lines = [f"{words.count(len(found.docs), 'document')} annotated in {', '.join(found.layers)}"]
    for number, pair in enumerate(found.pairs):
        groups, labels = _parts(pair.figures)
        lines += ["", " and ".join(pair.layers), *_table(groups), "", "by label", *_table(labels)]
        confused = _confused(pair)[:MOST]
        if confused:
            lines += ["", f"{pair.layers[0]} said, {pair.layers[1]} said, how often"]
            lines += [f"  {one:<12} {other:<12} {count:>6,}" for count, one, other in confused]
        for doc, rows in groupby(differences[number] if differences else (), lambda row: row.doc):
            lines += ["", doc, *(f"  {row}" for row in rows)]
    if found.together:
        lines += ["", "all together", *_table(found.together)]
    return "\n".join(lines)


def _parts(figures: Iterable[Figure]) -> tuple[list[Figure], list[Figure]]:
    """What is about a whole kind of annotation, and what is about one label."""
    listed = [figure for figure in figures if any(figure.items)]
    labelled = {"entities type F1", "relations mention F1"}
    whole = [f for f in listed if not _labelled(f)]
    return whole, [f for f in listed if _labelled(f) and f.name not in labelled]


def _labelled(figure: Figure) -> bool:
    return figure.label.isupper()


def _table(figures: Iterable[Figure]) -> list[str]:
    return [
        f"  {figure.name:<34} {figure.label:<14} {_number(figure.value):>6}  "
        f"{_interval(figure):<16} {' / '.join(f'{count:,}' for count in figure.items)}".rstrip()
        for figure in figures
    ]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _interval(figure: Figure) -> str:
    if math.isnan(figure.low):
        return ""
    return f"{_number(figure.low)} to {_number(figure.high)}"


def _confused(pair: Pair) -> list[tuple[int, str, str]]:
    """The labels that stand against each other, most often first."""
    names = [*pair.labels, NONE]
    table = pair.confusion - np.diag(np.diag(pair.confusion))
    rows, columns = np.nonzero(table)
    found = [(int(table[i, j]), names[i], names[j]) for i, j in zip(rows, columns, strict=True)]
    return sorted(found, key=lambda cell: (-cell[0], cell[1:]))


def to_json(found: Agreement, differences: Sequence[Sequence[Change]] = ()) -> str:
    """All figures as a JSON object, nan as null; `differences` is what each pair differs in."""

    def figures(listed: Iterable[Figure]) -> list[dict[str, object]]:
        return [
            {
                "name": figure.name,
                "label": figure.label,
                **{
                    name: None if math.isnan(value) else value
                    for name in ("value", "low", "high")
                    for value in [getattr(figure, name)]
                },
                "items": figure.items,
            }
            for figure in listed
        ]

    said = {
        "layers": found.layers,
        "documents": found.docs,
        "pairs": [
            {
                "layers": pair.layers,
                "figures": figures(pair.figures),
                "confusion": [[one, other, count] for count, one, other in _confused(pair)],
                **({"differences": list(differences[n])} if differences else {}),
            }
            for n, pair in enumerate(found.pairs)
        ],
        "together": figures(found.together),
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def page(found: Agreement, corpus: Corpus, differences: Sequence[Sequence[Change]]) -> str:
    """The figures, a heat map for each pair, and the texts with what the pair does not share."""
    parts = [f"<p>{words.count(len(found.docs), 'document')} annotated in all of them</p>"]
    for pair, changes in zip(found.pairs, differences, strict=True):
        groups, labels = _parts(pair.figures)
        parts += [f"<h2>{escape(' and '.join(pair.layers))}</h2>", _html(groups)]
        parts += ["<details><summary>by label</summary>", _html(labels), "</details>"]
        parts += [f"<h3>Rows: {escape(pair.layers[0])}. Columns: {escape(pair.layers[1])}</h3>"]
        parts += [_heat_map(pair), "<details><summary>what is not the same</summary>"]
        parts += [_contents(changes), *pages.documents(changes, corpus, corpus), "</details>"]
    if found.together:
        parts += ["<h2>all together</h2>", _html(found.together)]
    return pages.whole(f"Agreement of {', '.join(found.layers)}", parts)


def _contents(changes: Sequence[Change]) -> str:
    """How much is not the same in each document, with a link to it."""
    counts = Counter(change.doc for change in changes)
    links = (f'<a href="#{escape(doc)}">{escape(doc)}</a> {n:,}' for doc, n in counts.items())
    return f"<p>{', '.join(links)}</p>"


def _html(figures: Iterable[Figure]) -> str:
    rows = "".join(
        f"<tr><td>{escape(f.name)}</td><td>{escape(f.label)}</td><td>{_number(f.value)}</td>"
        f"<td>{_interval(f)}</td><td>{' / '.join(f'{n:,}' for n in f.items)}</td></tr>"
        for f in figures
    )
    head = "".join(f"<th>{name}</th>" for name in ("", "", "value", "95 % interval", "annotations"))
    return f"<table><tr>{head}</tr>{rows}</table>"


def _heat_map(pair: Pair) -> str:
    """Only labels that somebody used; a cell is the redder the greater its share of the row."""
    used = np.flatnonzero(pair.confusion.sum(0) + pair.confusion.sum(1))
    names = [*pair.labels, NONE]
    head = "".join(f'<th class="up">{escape(names[j])}</th>' for j in used)
    rows = []
    for i in used:
        total = max(int(pair.confusion[i].sum()), 1)
        cells = "".join(_cell(int(pair.confusion[i, j]), total, i == j) for j in used)
        rows.append(f"<tr><th>{escape(names[i])}</th>{cells}</tr>")
    return f'<table class="heat"><tr><th></th>{head}</tr>{"".join(rows)}</table>'


def _cell(count: int, total: int, same: bool) -> str:
    if not count:
        return "<td></td>"
    colour = "48,164,108" if same else "229,72,77"
    return f'<td style="background:rgba({colour},{max(0.12, count / total):.2f})">{count:,}</td>'

"""The tables of a dataset's card: every figure in it is counted when the dataset is built."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import agree, leaks, schema, stats
from samarkand.agreement.resample import Figure
from samarkand.configs import Losses
from samarkand.corpus import Corpus, Layer
from samarkand.errors import SamarkandError

Tables = Mapping[str, Mapping[str, pa.Table]]

#: The figures of agreement that the card shows; `samarkand agree` has them all.
SHOWN = (
    "entities strict F1",
    "entities partial F1",
    "tokens kappa",
    "relations mention F1",
    "relations mention F1 given entities",
    "relations actor F1",
    "relations actor F1 given entities",
    "stances cue F1",
    "stances attribution F1",
    "stances tuple F1",
    "stances strict F1",
    "stances polarity alpha",
    "stances act kappa",
    "actors CoNLL F1",
    "actors LEA F1",
)


def _table(head: list[str], rows: list[list[Any]]) -> str:
    if not rows:
        return "none"
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or "").replace("|", "\\|")


def splits(tables: Tables) -> str:
    """Rows by configuration and split."""
    names = list(dict.fromkeys(split for parts in tables.values() for split in parts))
    rows = [
        [f"`{name}`", *(len(parts[s]) if s in parts else 0 for s in names)]
        for name, parts in tables.items()
    ]
    return _table(["configuration", *names], rows)


def _by_split(corpus: Corpus, table: pa.Table, column: str, values: list[Any]) -> list[list[Any]]:
    split_of = dict(
        zip(corpus.documents["doc"].to_pylist(), corpus.documents["split"].to_pylist(), strict=True)
    )
    splits = [split_of.get(doc) or "train" for doc in table["doc"].to_pylist()]
    counts: dict[tuple[Any, str], int] = {}
    for value, split in zip(table[column].to_pylist(), splits, strict=True):
        counts[value, split] = counts.get((value, split), 0) + 1
    rows = [[counts.get((value, split), 0) for split in schema.SPLITS] for value in values]
    return [[value, *row, sum(row)] for value, row in zip(values, rows, strict=True)]


def labels(corpus: Corpus, layer: Layer, name: str) -> str:
    """How often each label of entities or relations is used, by split."""
    table = layer.table(name)
    scheme = corpus.labels
    known = list(scheme.labels) if name == "entities" else [kind.name for kind in scheme.relations]
    rows = _by_split(corpus, table, "label", known)
    if name == "relations":
        merged = scheme.merged
        rows = [[_of_parent(row[0], merged[row[0]]), *row[1:]] for row in rows]
    return _table(["label", *schema.SPLITS, "all"], rows)


def _of_parent(label: str, parent: str) -> str:
    return label if parent == label else f"{label} (merged: {parent})"


def stances(corpus: Corpus, layer: Layer) -> str:
    """How often each polarity is used, by split; `none` is pure attribution."""
    names = dict(corpus.labels.polarity)
    rows = _by_split(corpus, layer.stances, "polarity", [*names, None])
    said = [[names.get(row[0], "none") if row[0] is not None else "none", *row[1:]] for row in rows]
    return _table(["polarity", *schema.SPLITS, "all"], said)


def events(corpus: Corpus) -> str:
    """The events, their documents, and the day of the first of them."""
    documents = corpus.documents.filter(corpus.documents["event"].is_valid())
    grouped = documents.group_by("event").aggregate([("doc", "count"), ("published", "min")])
    rows = sorted(grouped.to_pylist(), key=lambda row: (str(row["published_min"]), row["event"]))
    return _table(
        ["event", "first told", "documents"],
        [[row["event"], row["published_min"], row["doc_count"]] for row in rows],
    )


def actors(corpus: Corpus, layer: Layer, most: int = 10) -> str:
    """The actors that the most documents mention, and in what share of them."""
    pairs = layer.entities.select(["doc", "actor"]).filter(layer.entities["actor"].is_valid())
    counted = pairs.group_by("actor").aggregate([("doc", "count_distinct")]).to_pylist()
    ranked = sorted(counted, key=lambda row: (-row["doc_count_distinct"], row["actor"]))[:most]
    names = dict(
        zip(corpus.actors["actor"].to_pylist(), corpus.actors["name"].to_pylist(), strict=True)
    )
    rows: list[list[Any]] = []
    for row in ranked:
        count, actor = row["doc_count_distinct"], row["actor"]
        rows.append([names.get(actor, actor), count, f"{count / len(corpus.documents):.0%}"])
    return _table(["actor", "documents", "share"], rows)


def layers(corpus: Corpus) -> str:
    """The layers, who or what made them, and how much they say."""
    rows: list[list[Any]] = []
    for layer in corpus.layers.values():
        made = layer.provenance
        said = ("", "", "not said", "")
        if made:
            human = {True: "yes", False: "no", None: "not said"}[made.is_human]
            said = (made.kind, made.annotator, human, made.date)
        rows.append([f"`{layer.name}`", *said, *(len(table) for table in layer.tables())])
    head = ["layer", "kind", "annotator", "human", "date", *schema.TABLES]
    return _table(head, rows)


def losses(found: Losses) -> str:
    """What does not fit a configuration, counted."""
    return _table(["what", "count"], [[what, count] for what, count in sorted(found.items())])


def agreement(corpus: Corpus) -> str:
    """How far the layers of kind `hand` agree, each two of them, with 95 % intervals."""
    made = [layer for layer in corpus.layers.values() if layer.provenance]
    hand = [layer.name for layer in made if layer.provenance and layer.provenance.kind == "hand"]
    if len(hand) < 2:
        return "none: there are not two layers to compare"
    rows: dict[tuple[str, str], list[Any]] = {}
    head = ["figure"]
    for place, two in enumerate((a, b) for n, a in enumerate(hand) for b in hand[n + 1 :]):
        found = agree.agree(corpus, two)
        head.append(f"`{two[0]}` and `{two[1]}`, {len(found.docs)} documents")
        for figure in found.pairs[0].figures:
            if figure.name in SHOWN and not figure.label.isupper() and any(figure.items):
                key = figure.name, figure.label
                row = rows.setdefault(key, [" ".join(key).strip(), *[""] * place])
                row.append(_interval(figure))
    return _table(head, list(rows.values()))


def models(corpus: Corpus, layer: Layer) -> str:
    """How far each model's layer agrees with the published one, on the labels that it has, in the
    documents that it annotates; with 95 % intervals.
    """
    rows: list[list[Any]] = []
    for made in corpus.layers.values():
        if made.provenance is None or made.provenance.kind != "model" or made.name == layer.name:
            continue
        used = made.entities["label"].unique()
        asked = layer.entities.filter(pc.is_in(layer.entities["label"], used))
        both = {layer.name: replace(layer, entities=asked), made.name: made}
        of = [name for name in WANTED if len(made.table(WANTED[name]))]
        if not len(made.relations) and not len(made.stances):
            both = {name: Layer(name, side.entities) for name, side in both.items()}
        found = agree.agree(replace(corpus, layers=both), [layer.name, made.name])
        for figure in found.pairs[0].figures:
            if figure.name in of and not figure.label.isupper() and any(figure.items):
                named = " ".join([figure.name, figure.label]).strip()
                rows.append([f"`{made.name}`", len(found.docs), named, _interval(figure)])
    return _table(["layer", "documents", "figure", "value"], rows)


#: The figures of a model's layer that the card shows, and the table that must have something.
WANTED = {
    "entities strict F1": "entities",
    "entities partial F1": "entities",
    "relations mention F1": "relations",
    "stances polarity alpha": "stances",
    "stances act kappa": "stances",
}


def _interval(figure: Figure) -> str:
    if math.isnan(figure.value):
        return "-"
    if math.isnan(figure.low):
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def adjudication(layer: Layer) -> str:
    """What the published layer was made of, as its provenance counts it."""
    notes = layer.provenance.notes if layer.provenance else ""
    return "\n".join(f"- {part}" for part in notes.split("; ")) if notes else "not said"


def audit(corpus: Corpus, layer: Layer) -> str:
    """What `samarkand stats` prints of the published layer."""
    return f"```text\n{stats.text(stats.stats(corpus, [layer.name]))}\n```"


def shared(corpus: Corpus) -> str:
    """What `samarkand leaks` prints; why not, where there are no splits to compare."""
    try:
        said = leaks.text(leaks.leaks(corpus))
    except SamarkandError as error:
        said = str(error)
    return f"```text\n{said}\n```"

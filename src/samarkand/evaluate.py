"""How well a model finds what a layer has: precision, recall, F1, and what it takes for what.

It is agreement (see `agree`) between the layer and the model's own, with precision and recall, and
recall apart for actors that the model was trained on and for those that are new to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import agree as agreement
from samarkand import schema
from samarkand.agree import Agreement, Pair
from samarkand.agreement import entities, report, resample, spans
from samarkand.agreement import sides as sides_of
from samarkand.agreement.resample import Counts, Floats, ratio, tally
from samarkand.agreement.sides import Side
from samarkand.agreement.spans import STRICT, Paired
from samarkand.corpus import Corpus, Layer
from samarkand.errors import SamarkandError
from samarkand.labels import Group, parse_toml
from samarkand.models import model as models
from samarkand.models import reader
from samarkand.models.model import Model


class Mapped(msgspec.Struct, forbid_unknown_fields=True):
    """Labels of the layer and of the model by what they are called here; others are left out."""

    gold: dict[str, str] = {}
    model: dict[str, str] = {}


@dataclass(frozen=True)
class Left:
    """How many entities of either side have a label that is not compared."""

    gold: int = 0
    model: int = 0


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The figures, in the form of agreement; what was compared, as two layers; what was not; and
    how many of the documents the model was trained on.
    """

    agreement: Agreement
    corpus: Corpus
    left: Left
    known: int = 0


def evaluate(
    corpus: Corpus,
    gold: str,
    predicted: Layer,
    docs: Sequence[str],
    labels: Sequence[str] = (),
    trained_on: Sequence[str] = (),
    names: Mapped | None = None,
    rounds: int = resample.ROUNDS,
) -> Evaluation:
    """Hold a model's entities in some documents against those of a layer.

    `labels` are those that the model may give: others of the layer are not asked for. `names` maps
    both sides' labels to common ones, where they have others. An actor with a mention in one of the
    documents `trained_on`, which the corpus may have, counts as seen.
    Errors: SamarkandError where there is nothing to compare.
    """
    if not docs:
        raise SamarkandError("there is no document to compare in")
    kept = pa.array(docs, pa.string())
    layer = sides_of.of(corpus.layers[gold], kept)
    model, left = predicted, Left()
    if names:
        layer, of_gold = _named(layer, names.gold)
        model, of_model = _named(model, names.model)
        left = Left(of_gold, of_model)
        used = tuple(sorted({*names.gold.values(), *names.model.values()}))
        corpus_labels = replace(corpus.labels, groups=(Group("ents", used, True),))
    else:
        corpus_labels = corpus.labels
        asked = pc.is_in(layer.entities["label"], pa.array(labels, pa.string()))
        rows = layer.entities.filter(asked) if labels else layer.entities
        left = Left(len(layer.entities) - len(rows))
        layer = replace(layer, entities=rows)
    layers = {
        name: Layer(name, side.entities) for name, side in ((gold, layer), (model.name, model))
    }
    compared = replace(corpus, labels=corpus_labels, layers=layers)
    pair = _pair(compared, (gold, model.name), kept, _actors(corpus, gold, trained_on), rounds)
    found = Agreement((gold, model.name), tuple(sorted(docs)), (pair,), ())
    return Evaluation(found, compared, left, len(set(docs) & set(trained_on)))


def _pair(
    corpus: Corpus, layers: tuple[str, str], docs: pa.Array, seen: pa.Array, rounds: int
) -> Pair:
    """The figures of a layer and a model's; `seen`: the actors that it was trained on."""
    names = corpus.documents["doc"].combine_chunks()
    names = names.filter(pc.is_in(names, docs))
    shared, (a, b) = sides_of.sides(corpus, [corpus.layers[name] for name in layers], names)
    found = spans.paired(a.spans, b.spans)
    size = len(shared.docs)
    counted = entities.counts(a.spans, b.spans, found, shared.groups, shared.labels, size)
    made = [each for one in counted for each in _three(one)]
    made += _by_actor(a, found, seen, shared.actors, size)
    confused = entities.confusion(a.spans, b.spans, found, len(shared.labels))
    return Pair(layers, tuple(resample.figures(made, rounds)), shared.labels, confused)


#: What is told of entities; F1 first.
KINDS = ("strict", "partial")


def _three(counts: Counts) -> Iterable[Counts]:
    """F1 with precision and recall, from columns (matched, in the layer, in the model's)."""
    kind = counts.name.split()[1]
    if kind not in KINDS:
        return []
    name = f"entities {kind}"
    return [
        counts,
        replace(counts, name=f"{name} precision", figure=_precision),
        replace(counts, name=f"{name} recall", figure=_recall),
    ]


def _precision(sums: Floats) -> Floats:
    return ratio(sums[:, 0], sums[:, 2])


def _recall(sums: Floats) -> Floats:
    return ratio(sums[:, 0], sums[:, 1])


def _actors(corpus: Corpus, gold: str, docs: Sequence[str]) -> pa.Array:
    """The actors that the layer has in these documents."""
    rows = corpus.layers[gold].entities
    mine = rows.filter(pc.is_in(rows["doc"], pa.array(docs, pa.string())))
    return mine["actor"].unique().drop_null()


def _by_actor(
    a: Side, found: Paired, seen: pa.Array, actors: pa.Array, documents: int
) -> list[Counts]:
    """Strict recall of the mentions of actors that were seen, and of those that were not."""
    if not len(seen):
        return []
    known = np.append(pc.is_in(actors, seen).to_numpy(zero_copy_only=False), False)
    right = np.zeros(len(a.actor), np.bool_)
    right[found.left[found.kind == STRICT]] = True
    made = []
    for name, mask in (("seen actors", known[a.actor]), ("new actors", ~known[a.actor])):
        of = mask & (a.actor >= 0)
        table = np.stack([tally(a.spans.doc[of & w], documents) for w in (right, of)], axis=1)
        items = (int(of.sum()), int((of & right).sum()))
        made.append(Counts("entities strict recall", name, table, _recall, items))
    return made


def mapping(path: Path) -> Mapped:
    """A mapping of labels: TOML with the tables `gold` and `model`. Errors: SamarkandError."""
    return parse_toml(str(path), path.read_bytes(), Mapped)


def _named(layer: Layer, names: Mapping[str, str]) -> tuple[Layer, int]:
    """A layer's entities under other names, and how many have no name among these."""
    rows = layer.entities
    labels = pa.array([names.get(label) for label in rows["label"].to_pylist()], pa.string())
    kept = rows.filter(labels.is_valid())
    place = rows.schema.get_field_index("label")
    kept = kept.set_column(place, schema.ENTITIES.field("label"), labels.drop_null())
    return replace(layer, entities=kept), len(rows) - len(kept)


def of_model(
    model: Model,
    corpus: Corpus,
    gold: str,
    split: str = "",
    names: Mapped | None = None,
    rounds: int = resample.ROUNDS,
) -> Evaluation:
    """Let a model annotate the documents of a split, or all, and hold it against a layer."""
    chosen = reader.some(corpus, split)
    docs = chosen.documents["doc"].to_pylist()
    (part,) = reader.blocks(chosen, gold, max(len(docs), 1))
    predicted = models.layer(model, f"model/{model.recipe}", part, gold)
    if model.recipe in OTHERS:
        return _of_others(part, gold, predicted, OTHERS[model.recipe], rounds)
    return evaluate(corpus, gold, predicted, docs, model.labels, model.trained_on, names, rounds)


#: Recipes that start from a layer's entities, and which figures of agreement are about them.
OTHERS = {"relations": "relations mention", "stance": "stances"}


def _of_others(corpus: Corpus, gold: str, predicted: Layer, about: str, rounds: int) -> Evaluation:
    """Agreement on relations or stances between a layer and a model that was given its entities."""
    both = replace(corpus, layers={gold: corpus.layers[gold], predicted.name: predicted})
    found = agreement.agree(
        both, [gold, predicted.name], corpus.documents["doc"].to_pylist(), rounds
    )
    (pair,) = found.pairs
    kept = tuple(figure for figure in pair.figures if figure.name.startswith(about))
    pairs = (replace(pair, figures=kept),)
    return Evaluation(replace(found, pairs=pairs, together=()), both, Left())


def said(found: Evaluation, form: str, listed: bool = False) -> str:
    """An evaluation as text, json or html; `listed`: with what is not the same."""
    of = found.agreement
    differ = agreement.differences(found.corpus, of) if listed or form != "text" else []
    if form == "html":
        return report.page(of, found.corpus, differ)
    if form == "json":
        return report.to_json(of, differ)
    left = [
        f"not compared, labels of {side} that are not asked for: {count:,}"
        for side, count in (("the layer", found.left.gold), ("the model", found.left.model))
        if count
    ]
    if found.known:
        seen = f"the model was trained on {found.known:,} of these {len(of.docs):,} documents"
        left.append(f"{seen}: the figures flatter it")
    return "\n".join([report.text(of, differ), *left])

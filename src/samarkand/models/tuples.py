"""A baseline for stance: polarity and act of a given holder, target and cue.

Two linear classifiers over the words of the cue, those around it, and who and what it joins. Which
stances there are is given: it is the reading of a tuple that is learnt, not the finding.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from samarkand import schema
from samarkand.corpus import Corpus, table
from samarkand.models import card, embed, linear
from samarkand.models.linear import Features, Linear
from samarkand.models.request import Request, parts, settings

#: What stands for no polarity: what somebody said, without a stance.
NONE = "none"
#: How many words on each side of the cue are looked at.
AROUND = 6
DEFAULTS = {"training.strength": 1.0}
COLUMNS = ("polarity", "act")


def train(request: Request, out: Path) -> None:
    """Train on the split train."""
    learnt, _, layer = parts(request)
    values = settings(request, DEFAULTS)
    encoder = embed.keep(request.encoder, out) if request.encoder else None
    rows = list(_rows(learnt, layer))
    features, vectors = [made for _, made in rows], _vectors(encoder, learnt, rows)
    strength = float(values["training.strength"])
    for name in COLUMNS:
        labels = [NONE if row[name] is None else str(row[name]) for row, _ in rows]
        model = linear.fit(features, labels, strength, request.seed, vectors)
        linear.write(model, out, name)
    said = card.card("stance", learnt, layer, request.seed, str(values), ("scikit-learn",))
    card.write(out, said | {"encoder": encoder is not None})


def _vectors(
    encoder: "embed.Encoder | None", corpus: Corpus, rows: Sequence[tuple[dict[str, Any], Features]]
) -> linear.Floats | None:
    """The vector of each stance's first cue, or content; zeros where it has neither."""
    if encoder is None:
        return None
    spans = [(row["doc"], *_first(row)) for row, _ in rows]
    return embed.vectors(encoder, corpus, spans)


def _first(row: dict[str, Any]) -> tuple[int, int]:
    spans = row["cue"] or row["content"]
    return (spans[0]["begin"], spans[0]["end"]) if spans else (0, 0)


def load(folder: Path, scores: bool) -> tuple[tuple[str, ...], Any]:
    """The model in a folder: no labels of entities, and a function that annotates."""
    encoder = embed.load(folder / embed.FOLDER) if card.read(folder).get("encoder") else None
    return (), partial(_annotate, {name: linear.read(folder, name) for name in COLUMNS}, encoder)


def _annotate(
    models: dict[str, Linear], encoder: "embed.Encoder | None", corpus: Corpus, layer: str
) -> dict[str, pa.Table]:
    """The layer's stances, with the model's polarity and act; the score is the polarity's."""
    rows = list(_rows(corpus, layer))
    features, vectors = [made for _, made in rows], _vectors(encoder, corpus, rows)
    found = {name: linear.shares(model, features, vectors) for name, model in models.items()}
    made = []
    for place, (row, _) in enumerate(rows):
        best = {name: int(share[place].argmax()) for name, share in found.items()}
        said = {name: models[name].classes[at] for name, at in best.items()}
        polarity = None if said["polarity"] == NONE else int(said["polarity"])
        score = round(float(found["polarity"][place, best["polarity"]]), 4)
        act = None if said["act"] == NONE else said["act"]
        made.append(row | {"polarity": polarity, "act": act, "score": score})
    entities = corpus.layers[layer].entities
    return {"entities": entities, "stances": table(schema.STANCES, made)}


def _rows(corpus: Corpus, layer: str) -> Iterator[tuple[dict[str, Any], Features]]:
    """Each stance of a layer, and its features."""
    text = dict(zip(*(corpus.documents[name].to_pylist() for name in ("doc", "text")), strict=True))
    made = corpus.layers[layer]
    entities = {(row["doc"], row["id"]): row for row in made.entities.to_pylist()}
    for row in made.stances.to_pylist():
        ends = [entities.get((row["doc"], row[name])) for name in ("holder", "target")]
        yield row, _features(row, text[row["doc"]], ends)


def _features(row: dict[str, Any], text: str, ends: Sequence[dict[str, Any] | None]) -> Features:
    """The words of the cue and around it, and of what kinds holder and target are."""
    found: dict[str, float] = {}
    for span in row["cue"]:
        words = span["text"].lower().split()
        found |= {f"cue={word}": 1.0 for word in words} | {f"cue={' '.join(words)}": 1.0}
        before = text[: span["begin"]].lower().split()[-AROUND:]
        behind = text[span["end"] :].lower().split()[:AROUND]
        found |= {f"before={word}": 1.0 for word in before}
        found |= {f"behind={word}": 1.0 for word in behind}
    for span in row["content"]:
        found |= {f"content={word}": 1.0 for word in span["text"].lower().split()}
    for name, end in zip(("holder", "target"), ends, strict=True):
        kind = row[name] if end is None else end["label"]
        found[f"{name}={kind}"] = 1.0
    found[f"content={bool(row['content'])}"] = 1.0
    return found

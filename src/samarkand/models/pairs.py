"""A baseline for relations: a linear classifier over pairs of entities that stand near each other.

A pair of entities of at most one sentence apart is a candidate, in both orders, if training has a
relation between entities of such labels. What it learns from is in `_features`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from samarkand import iob, schema, sentences, tokens
from samarkand.corpus import Corpus, table
from samarkand.models import card, embed, linear
from samarkand.models.linear import Features, Linear
from samarkand.models.request import Request, parts, settings

NONE = "-"
#: So many pairs without a relation are learnt from, for each one with a relation.
OTHERS = 12
#: How far apart two entities may be, in sentences, and how many words between them are looked at.
FAR, BETWEEN = 1, 12
DEFAULTS = {"training.strength": 1.0}


@dataclass(frozen=True)
class Mention:
    """An entity over the words of its document: `[first, last)`, and its sentence."""

    id: str
    label: str
    begin: int
    end: int
    first: int
    last: int
    sentence: int


@dataclass(frozen=True)
class Candidate:
    """Two entities that may be related: `head` to `tail`."""

    doc: str
    head: Mention
    tail: Mention


def train(request: Request, out: Path) -> None:
    """Train on the split train; what share makes a relation is chosen on validation.

    With an encoder, the vectors of both entities are features too; it is kept with the model.
    """
    learnt, tried, layer = parts(request)
    values = settings(request, DEFAULTS)
    known = _types(learnt, layer)
    encoder = embed.keep(request.encoder, out) if request.encoder else None
    rows = _labelled(learnt, layer, known)
    names = np.array([name for *_, name in rows])
    spare = np.flatnonzero(names == NONE)
    chance = np.random.default_rng(request.seed)
    most = min(len(spare), OTHERS * (len(names) - len(spare)))
    kept = np.sort(np.append(np.flatnonzero(names != NONE), chance.choice(spare, most, False)))
    some = [rows[row] for row in kept.tolist()]
    vectors = _vectors(encoder, learnt, [pair for pair, *_ in some])
    features = [features for _, features, _ in some]
    strength = float(values["training.strength"])
    model = linear.fit(features, names[kept].tolist(), strength, request.seed, vectors)
    rows = _labelled(tried, layer, known)
    vectors = _vectors(encoder, tried, [pair for pair, *_ in rows])
    found = linear.shares(model, [features for _, features, _ in rows], vectors)
    least = _least(model, found, [name for *_, name in rows])
    linear.write(model, out, "relations")
    said = card.card("relations", learnt, layer, request.seed, str(values), ("scikit-learn",))
    card.write(out, said | {"least": least, "types": sorted(known), "encoder": encoder is not None})


def _vectors(
    encoder: "embed.Encoder | None", corpus: Corpus, pairs: Sequence[Candidate]
) -> linear.Floats | None:
    """The vectors of head and tail, one behind the other; shape (pairs, 2 * size)."""
    if encoder is None:
        return None
    ends = [(pair.doc, end.begin, end.end) for pair in pairs for end in (pair.head, pair.tail)]
    found = embed.vectors(encoder, corpus, ends)
    return found.reshape(len(pairs), -1)


def load(folder: Path, scores: bool) -> tuple[tuple[str, ...], Any]:
    """The model in a folder: no labels of entities, and a function that annotates."""
    said = card.read(folder)
    known = {(str(head), str(tail)) for head, tail in said["types"]}
    encoder = embed.load(folder / embed.FOLDER) if said.get("encoder") else None
    model = linear.read(folder, "relations")
    return (), partial(_annotate, model, encoder, known, float(said["least"]))


def _annotate(
    model: Linear,
    encoder: "embed.Encoder | None",
    known: set[tuple[str, str]],
    least: float,
    corpus: Corpus,
    layer: str,
) -> dict[str, pa.Table]:
    """The layer's entities with the relations that the model finds between them."""
    pairs = list(_candidates(corpus, layer, known))
    vectors = _vectors(encoder, corpus, [pair for pair, _ in pairs])
    found = linear.shares(model, [features for _, features in pairs], vectors)
    text = dict(zip(*(corpus.documents[name].to_pylist() for name in ("doc", "text")), strict=True))
    none = model.classes.index(NONE)
    rows: list[dict[str, Any]] = []
    for (pair, _), share in zip(pairs, found, strict=True):
        if 1 - share[none] < least:
            continue
        best = int(np.argmax(np.where(np.arange(len(share)) == none, -1, share)))
        begin = min(pair.head.begin, pair.tail.begin)
        end = max(pair.head.end, pair.tail.end)
        rows.append(
            {
                "doc": pair.doc,
                "id": f"R{len(rows) + 1}",
                "label": model.classes[best],
                "head": pair.head.id,
                "tail": pair.tail.id,
                "evidence": [{"begin": begin, "end": end, "text": text[pair.doc][begin:end]}],
                "status": "ASSERTED",
                "score": round(float(share[best]), 4),
            }
        )
    entities = corpus.layers[layer].entities
    return {"entities": entities, "relations": table(schema.RELATIONS, _once(corpus, rows))}


def _once(corpus: Corpus, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a symmetric relation in both orders, the surer one; ids count from R1 in each document."""
    both = {kind.name for kind in corpus.labels.relations if kind.symmetric}
    best: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: -row["score"]):
        ends = [row["head"], row["tail"]]
        ends = sorted(ends) if row["label"] in both else ends
        best.setdefault((row["doc"], row["label"], *ends), row)
    kept = sorted(best.values(), key=lambda row: (row["doc"], int(row["id"][1:])))
    count: dict[str, int] = {}
    for row in kept:
        count[row["doc"]] = count.get(row["doc"], 0) + 1
        row["id"] = f"R{count[row['doc']]}"
    return kept


def _types(corpus: Corpus, layer: str) -> set[tuple[str, str]]:
    """The labels of head and tail that relations join."""
    made = corpus.layers[layer]
    entities = made.entities.select(["doc", "id", "label"]).to_pylist()
    label = {(row["doc"], row["id"]): row["label"] for row in entities}
    rows = made.relations.select(["doc", "head", "tail"]).to_pylist()
    return {(label[row["doc"], row["head"]], label[row["doc"], row["tail"]]) for row in rows}


def _labelled(
    corpus: Corpus, layer: str, known: set[tuple[str, str]]
) -> list[tuple[Candidate, Features, str]]:
    """Each candidate with its features, and the label of its relation, or NONE."""
    both = {kind.name for kind in corpus.labels.relations if kind.symmetric}
    said: dict[tuple[str, str, str], str] = {}
    for row in corpus.layers[layer].relations.to_pylist():
        said[row["doc"], row["head"], row["tail"]] = row["label"]
        if row["label"] in both:
            said.setdefault((row["doc"], row["tail"], row["head"]), row["label"])
    return [
        (pair, features, said.get((pair.doc, pair.head.id, pair.tail.id), NONE))
        for pair, features in _candidates(corpus, layer, known)
    ]


def _least(model: Linear, shares: linear.Floats, names: Sequence[str]) -> float:
    """The share of all relations together from which on F1 is best."""
    none = model.classes.index(NONE)
    some = 1 - shares[:, none]
    others = shares.copy()
    others[:, none] = -1
    best = [model.classes[place] for place in others.argmax(1)]
    right = np.array([one == other for one, other in zip(best, names, strict=True)], np.bool_)
    wanted = sum(name != NONE for name in names)
    steps = np.arange(1, 20) / 20
    f1 = [2 * (right & (some >= s)).sum() / max((some >= s).sum() + wanted, 1) for s in steps]
    return float(steps[int(np.argmax(f1))])


def _candidates(
    corpus: Corpus, layer: str, known: set[tuple[str, str]]
) -> Iterator[tuple[Candidate, Features]]:
    """Every pair that may be related, with its features, document by document."""
    texts = corpus.documents["text"]
    found = tokens.tokenize(texts)
    number = sentences.split(texts, found)
    edges = np.searchsorted(found.doc, np.arange(len(texts) + 1)).tolist()
    docs = corpus.documents["doc"].to_pylist()
    mentions = _mentions(corpus, layer, found, number)
    for row, (doc, text) in enumerate(zip(docs, texts.to_pylist(), strict=True)):
        here = slice(edges[row], edges[row + 1])
        spans = zip(found.begin[here].tolist(), found.end[here].tolist(), strict=True)
        words = [text[begin:end].lower() for begin, end in spans]
        mine = mentions.get(doc, [])
        for head in mine:
            for tail in mine:
                near = abs(head.sentence - tail.sentence) <= FAR
                if near and head.id != tail.id and (head.label, tail.label) in known:
                    yield Candidate(doc, head, tail), _features(words, mine, head, tail)


def _mentions(
    corpus: Corpus, layer: str, found: tokens.Tokens, number: np.ndarray
) -> dict[str, list[Mention]]:
    """The entities of each document that have words, in their order."""
    entities = corpus.layers[layer].entities
    place = {doc: row for row, doc in enumerate(corpus.documents["doc"].to_pylist())}
    rows = entities.select(["doc", "id", "label", "begin", "end"]).to_pylist()
    doc = np.array([place[row["doc"]] for row in rows], np.int64)
    begin, end = (np.array([row[name] for row in rows], np.int64) for name in ("begin", "end"))
    first, last, _ = iob.touched(found, doc, begin, end)
    starts = np.searchsorted(found.doc, np.arange(len(place)))
    made: dict[str, list[Mention]] = {}
    for row, low, high, at in zip(rows, first.tolist(), last.tolist(), doc.tolist(), strict=True):
        if high > low:
            span = low - int(starts[at]), high - int(starts[at])
            each = row["id"], row["label"], row["begin"], row["end"], *span, int(number[low])
            made.setdefault(row["doc"], []).append(Mention(*each))
    return made


def _features(
    words: Sequence[str], mentions: Sequence[Mention], head: Mention, tail: Mention
) -> Features:
    """Labels, order, distance; the words between, at both ends and around; what else is there."""
    first, second = (head, tail) if head.first <= tail.first else (tail, head)
    order = "ht" if first is head else "th"
    between = list(words[first.last : second.first])
    inner = [m for m in mentions if first.last <= m.first and m.last <= second.first]
    nested = second.first < first.last
    labels = f"{head.label}>{tail.label}"
    found = {
        f"labels={labels}": 1.0,
        f"order={order}": 1.0,
        f"{labels},{order}": 1.0,
        f"sentences={abs(head.sentence - tail.sentence)}": 1.0,
        f"near={min(len(between), 20) // 3},{order}": 1.0,
        f"nested={nested},{labels}": 1.0,
        f"entities={min(len(inner), 5)}": 1.0,
        f"head={words[head.last - 1]}": 1.0,
        f"tail={words[tail.last - 1]}": 1.0,
        f"before={words[first.first - 1] if first.first else ''},{order}": 1.0,
        f"behind={words[second.last] if second.last < len(words) else ''},{order}": 1.0,
        f"inside={' '.join(between[:4]) if len(between) <= 4 else '...'},{order}": 1.0,
    }
    for word in between[:BETWEEN] + between[-BETWEEN:]:
        found[f"word={word},{order}"] = 1.0
    for mention in inner:
        found[f"other={mention.label}"] = 1.0
    return found

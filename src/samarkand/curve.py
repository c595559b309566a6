"""The learning curve: how well a model does that was trained on so many documents.

For each size and seed, documents are drawn from the split train, whole events one after the other,
and a model is trained on them and held against a layer. An interval is of the mean over seeds, by
resampling the documents that were evaluated.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path

import numpy as np
import pyarrow as pa

from samarkand import files, source
from samarkand import page as pages
from samarkand.agreement import resample
from samarkand.corpus import Corpus
from samarkand.errors import SamarkandError
from samarkand.models import card, reader
from samarkand.models import model as models
from samarkand.models.request import Request
from samarkand.progress import Progress, silent
from samarkand.train import train
from samarkand.words import count

FOLDER = ".samarkand/curve"
SIZES, SEEDS = (5, 10, 20, 40), 3


@dataclass(frozen=True)
class Run:
    """One model: how many documents it learnt from, and counts for each document evaluated:
    matched, in the layer, in the model's own.
    """

    size: int
    seed: int
    counts: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Point:
    """Strict F1 at one size: the mean over seeds, its interval, and each seed's."""

    documents: int
    f1: float
    low: float
    high: float
    seeds: tuple[float, ...]


def curve(
    request: Request,
    sizes: Sequence[int] = SIZES,
    seeds: int = SEEDS,
    split: str = "test",
    progress: Progress = silent,
) -> list[Point]:
    """Train and evaluate a recipe at each size with each seed, from `request.seed` on.

    What was done is kept in `.samarkand/curve/` beside the corpus, so that a run that was stopped
    goes on. Errors: SamarkandError for a size that is more than the split train has.
    """
    corpus, layer = source.read(request.root, request.layer)
    train_docs = reader.some(corpus, "train").documents
    most = max(sizes)
    if most > len(train_docs) or min(sizes) < 1:
        have = count(len(train_docs), "document")
        raise SamarkandError(f"a size of {most} is asked for, and the split train has {have}")
    evaluated = reader.some(corpus, split)
    kept = (request.root if request.root.is_dir() else request.root.parent) / FOLDER
    files.write(kept / ".gitignore", b"*\n")
    runs = []
    wanted = [(size, request.seed + n) for size in sorted(sizes) for n in range(seeds)]
    for done, (size, seed) in enumerate(wanted):
        progress(f"{size} documents, seed {seed}", done, len(wanted))
        one = replace(request, docs=drawn(train_docs, size, seed), seed=seed)
        runs.append(_kept(one, kept, corpus, layer, evaluated, size))
    return points(runs)


def drawn(documents: pa.Table, size: int, seed: int) -> list[str]:
    """So many documents, by chance; those of one event follow each other. Larger sizes of one seed
    have what smaller ones have.
    """
    columns = (documents[name].to_pylist() for name in ("doc", "event"))
    events: dict[str, list[str]] = {}
    for doc, event in zip(*columns, strict=True):
        events.setdefault(event or f"document {doc}", []).append(doc)
    names = sorted(events)
    order = np.random.default_rng(seed).permutation(len(names))
    return sorted([doc for place in order for doc in events[names[place]]][:size])


def _kept(
    request: Request, kept: Path, corpus: Corpus, layer: str, evaluated: Corpus, size: int
) -> Run:
    """A run that was done before, or one that is done and kept."""
    said = [request.recipe, *request.docs, "", *evaluated.documents["doc"].to_pylist()]
    said += [str(request.seed), str(sorted(request.options.items())), str(request.config)]
    said += [str(request.encoder), card.content_hash(corpus, layer)]
    path = kept / f"{hashlib.sha256(chr(0).join(said).encode()).hexdigest()[:16]}.json"
    if path.is_file():
        found = json.loads(path.read_bytes())
        return Run(size, request.seed, tuple(tuple(row) for row in found))
    with tempfile.TemporaryDirectory() as folder:
        train(request, Path(folder) / "model")
        model = models.load(Path(folder) / "model", scores=False)
        counts = _counts(model, corpus, layer, evaluated)
    files.write(path, json.dumps(counts).encode())
    return Run(size, request.seed, tuple(counts))


def _counts(
    model: models.Model, corpus: Corpus, layer: str, evaluated: Corpus
) -> list[tuple[int, int, int]]:
    """Of each document: entities that both have, that the layer has, that the model has."""
    docs = evaluated.documents["doc"].to_pylist()
    (part,) = reader.blocks(evaluated, layer, len(docs))
    predicted = models.layer(model, "model/it", part, layer)
    made = []
    for side in (corpus.layers[layer], predicted):
        columns = (side.entities[name].to_pylist() for name in ("doc", "begin", "end", "label"))
        made.append({row for row in zip(*columns, strict=True) if row[3] in model.labels})
    gold, found = ([{row for row in side if row[0] == doc} for doc in docs] for side in made)
    return [(len(a & b), len(a), len(b)) for a, b in zip(gold, found, strict=True)]


def points(runs: Sequence[Run], rounds: int = resample.ROUNDS) -> list[Point]:
    """The mean of strict F1 over the runs of each size, and its interval."""
    by_size: dict[int, list[Run]] = {}
    for run in runs:
        by_size.setdefault(run.size, []).append(run)
    found = []
    for size, some in sorted(by_size.items()):
        counts = np.concatenate([np.array(run.counts, np.float64) for run in some], axis=1)
        of = resample.Counts("F1", str(size), counts, _mean_f1)
        (figure,) = resample.figures([of], rounds)
        seeds = tuple(
            float(resample.f1(np.array([run.counts]).sum(1, dtype=float))[0]) for run in some
        )
        found.append(Point(size, figure.value, figure.low, figure.high, seeds))
    return found


def _mean_f1(sums: resample.Floats) -> resample.Floats:
    """The mean of F1 over runs, of columns (matched, layer, model) of each run in turn."""
    each = [resample.f1(sums[:, at : at + 3]) for at in range(0, sums.shape[1], 3)]
    return np.asarray(np.mean(each, axis=0), np.float64)


def text(found: Sequence[Point]) -> str:
    """The points for people."""
    lines = ["documents  strict F1  95 % interval   seeds"]
    for point in found:
        seeds = " ".join(f"{value:.3f}" for value in point.seeds)
        interval = f"{point.low:.3f} to {point.high:.3f}"
        lines.append(f"{point.documents:>9,}  {point.f1:>9.3f}  {interval:<14}  {seeds}")
    return "\n".join(lines)


def to_json(found: Sequence[Point]) -> str:
    """The points as a JSON array."""
    return json.dumps([asdict(point) for point in found], indent=2)


def page(found: Sequence[Point], title: str, beside: Mapping[int, float] | None = None) -> str:
    """A page with a plot and a table; `beside`: F1 by documents of another curve, dashed."""
    return pages.whole(title, [_plot(found, beside or {}), f"<pre>{escape(text(found))}</pre>"])


#: The plot's size, and the room for its axes.
_WIDTH, _HEIGHT, _ROOM = 640, 320, 48


def _plot(found: Sequence[Point], beside: Mapping[int, float]) -> str:
    """F1 from 0 to 1 over documents on a logarithmic axis, as SVG."""
    sizes = [*(point.documents for point in found), *beside]
    low, high = np.log(min(sizes)), np.log(max(sizes))

    def x(size: int) -> float:
        share = (np.log(size) - low) / (high - low or 1)
        return float(_ROOM + share * (_WIDTH - 2 * _ROOM))

    def y(value: float) -> float:
        return float(_HEIGHT - _ROOM - value * (_HEIGHT - 2 * _ROOM))

    def line(rows: Sequence[tuple[int, float]], more: str = "") -> str:
        at = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in rows)
        return f'<polyline points="{at}" fill="none" stroke="currentColor" {more}/>'

    parts = [line([(point.documents, point.f1) for point in found], 'stroke-width="2"')]
    if beside:
        parts.append(line(sorted(beside.items()), 'stroke-dasharray="5 4" opacity=".6"'))
    for point in found:
        at = f"{x(point.documents):.1f}"
        parts.append(
            f'<line x1="{at}" x2="{at}" y1="{y(point.low):.1f}" y2="{y(point.high):.1f}" '
            f'stroke="currentColor"/><circle cx="{at}" cy="{y(point.f1):.1f}" r="4" '
            f'fill="currentColor"><title>{point.f1:.3f}</title></circle>'
        )
    parts += [
        f'<text x="{x(size):.1f}" y="{_HEIGHT - _ROOM / 2}" text-anchor="middle" '
        f'fill="currentColor" font-size="12">{size:,}</text>'
        for size in sorted(set(sizes))
    ]
    for tenth in range(0, 11, 2):
        value = tenth / 10
        parts.append(
            f'<text x="{_ROOM / 2}" y="{y(value) + 4:.1f}" text-anchor="middle" '
            f'fill="currentColor" font-size="12">{value}</text><line x1="{_ROOM}" '
            f'x2="{_WIDTH - _ROOM}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#8884"/>'
        )
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">{"".join(parts)}</svg>'

"""A model layer over documents that its models never saw: cross-validation by event.

The documents are cut into folds; all tellings of one event are in one. For each fold a model is
trained on the others, but for one of them, on which it is validated, and annotates the fold. So
the layer has each document once, by a model that was neither trained nor chosen on it.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from samarkand import files, layout, schema, source, store
from samarkand.corpus import Corpus, Layer, Provenance
from samarkand.errors import Problem, SamarkandError
from samarkand.models import card, reader
from samarkand.models import model as models
from samarkand.models.request import Request
from samarkand.progress import Progress, silent
from samarkand.train import train
from samarkand.words import count

FOLDER = ".samarkand/crossval"


def folds(documents: pa.Table, number: int) -> list[list[str]]:
    """The ids of documents in so many parts of about the same size, no event in two of them.

    Which part an event is in depends on its name alone, and on the sizes of all.
    Errors: SamarkandError for fewer events than parts, or fewer than three parts.
    """
    columns = (documents[name].to_pylist() for name in ("doc", "event"))
    events: dict[str, list[str]] = {}
    for doc, event in zip(*columns, strict=True):
        events.setdefault(f"event {event}" if event else f"document {doc}", []).append(doc)
    if number < 3 or len(events) < number:
        said = f"{count(len(events), 'event')} cannot be cut into {number} folds"
        raise SamarkandError(f"{said}; three folds or more are needed, and an event for each")
    made: list[list[str]] = [[] for _ in range(number)]
    by_chance = sorted(events, key=lambda name: hashlib.sha256(name.encode()).digest())
    for name in sorted(by_chance, key=lambda name: -len(events[name])):
        min(made, key=len).extend(events[name])
    return [sorted(part) for part in made]


def crossval(request: Request, name: str, number: int = 5, progress: Progress = silent) -> Layer:
    """Make the layer `name` of a corpus folder: what models of a recipe say of unseen documents.

    What a fold's model says is kept in `.samarkand/crossval/` until all are done, so that a run
    that was stopped goes on. Errors: SamarkandError as `train` and `folds` have them.
    """
    models.check_name(name)
    root = request.root
    if not (root / layout.ARTICLES).is_file():
        raise SamarkandError([Problem(str(root), 0, "is no corpus folder to put the layer in")])
    corpus, layer = source.read(root, request.layer)
    cut = folds(corpus.documents, number)
    staging = root / FOLDER / _key(request, corpus, layer, name, number)
    files.write(root / FOLDER / ".gitignore", b"*\n")
    found = []
    for place in range(number):
        progress(f"fold {place + 1}", place, number)
        dev = (place + 1) % number
        docs = [doc for n, part in enumerate(cut) for doc in part if n not in (place, dev)]
        wanted = replace(request, docs=docs, dev=cut[dev])
        found.append(_fold(wanted, staging / f"{place}", corpus, layer, cut[place], name))
    whole = _joined(found, name)
    made = _made(whole, request, layer, number, [each.provenance for each in found])
    store.write_layer(made, root)
    shutil.rmtree(staging)
    return made


def _key(request: Request, corpus: Corpus, layer: str, name: str, number: int) -> str:
    """The name of a run's folder: what decides what it makes."""
    said = [request.recipe, str(request.seed), name, str(number), card.content_hash(corpus, layer)]
    said += [f"{key}={value}" for key, value in sorted(request.options.items())]
    said += [str(request.config), str(request.encoder)]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def _fold(
    request: Request, folder: Path, corpus: Corpus, layer: str, docs: Sequence[str], name: str
) -> Layer:
    """Train one model, unless it is there, and let it annotate its fold."""
    if not (folder / card.META).is_file():
        train(request, folder)
    model = models.load(folder)
    chosen = reader.some(corpus, docs=docs)
    (part,) = reader.blocks(chosen, layer, len(docs))
    return models.layer(model, name, part, layer)


def _joined(parts: Sequence[Layer], name: str) -> Layer:
    tables = {
        table: pa.concat_tables([part.table(table) for part in parts]) for table in schema.TABLES
    }
    return Layer(name, **tables)


def _made(
    layer: Layer, request: Request, start: str, number: int, parts: Sequence[Provenance | None]
) -> Layer:
    """The layer with its provenance: of all its models."""
    first = parts[0]
    assert first is not None  # noqa: S101
    hashes = [part.model_sha256 for part in parts if part is not None]
    notes = (
        f"{number} folds by event: each document was annotated by a model that was neither trained "
        f"nor validated on it. Models: {', '.join(hashes)}."
    )
    together = hashlib.sha256("".join(hashes).encode()).hexdigest()
    provenance = replace(first, model_sha256=together, notes=notes)
    if request.recipe not in ("relations", "stance"):
        provenance = replace(provenance, derived_from="")
    return replace(layer, provenance=provenance)

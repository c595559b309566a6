"""Let a model annotate a corpus, or a folder of texts, document by document, as its own layer.

Each document's annotations are kept as soon as they are made, in `.samarkand/annotate/` beside the
corpus. So a run that was killed goes on where it was, and ends with the same layer.
"""

import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from samarkand import files, init, jsonl, layout, schema, store
from samarkand.corpus import Corpus, Layer, Provenance, digest, infer_labels, table
from samarkand.errors import Problem, SamarkandError
from samarkand.models import model as models
from samarkand.models import reader
from samarkand.models.model import Model
from samarkand.progress import Progress, silent

FOLDER = ".samarkand/annotate"
#: So many documents are with the model at a time.
BLOCK = 16


@dataclass(frozen=True)
class Report:
    """How many documents a layer now has, of how many some were done before, and its entities."""

    layer: str
    documents: int
    before: int
    annotations: int


def annotate(
    model: Model,
    root: Path,
    name: str,
    start: str = "",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Report:
    """Annotate all documents of a corpus folder, as the layer `name`.

    `start` is the layer whose entities relations and stances are found in, for models of these.
    A label schema without labels becomes what the layer uses.
    Errors: SamarkandError for a layer that is there already (unless `overwrite`), or is not called
    as a model's.
    """
    models.check_name(name)
    if not overwrite and name in store.layer_names(root):
        message = "is there already; --overwrite replaces it"
        raise SamarkandError([Problem(str(root / layout.LAYERS / name), 0, message)])
    corpus = store.read(root, [start] if start else [])
    staging = root / FOLDER / _key(model, name, start)
    staging.mkdir(parents=True, exist_ok=True)
    files.write(root / FOLDER / ".gitignore", b"*\n")
    report = _fill(model, corpus, staging, name, start, progress)
    _finish(staging, root, name, models.provenance(model, start))
    if not corpus.labels.groups:  # as an import does it
        made = store.read(root, [name])
        labels = infer_labels(made.layers.values(), corpus.labels.name or "inferred")
        store.write(replace(made, labels=labels), root, [])
    return report


def _key(model: Model, name: str, start: str) -> str:
    """The name of a run's folder: what decides what it makes, but for the texts."""
    return hashlib.sha256("\0".join([model.sha256, name, start]).encode()).hexdigest()[:16]


def _fill(
    model: Model, corpus: Corpus, staging: Path, name: str, start: str, progress: Progress
) -> Report:
    """Annotate the documents that have no file yet, a block at a time; each file is whole."""
    total, before, annotations = len(corpus.documents), 0, 0
    layer = corpus.layers.get(start, Layer(start))
    whole = replace(corpus, layers={start: layer})
    done = 0
    for part in reader.blocks(whole, start, BLOCK):
        rows = part.documents.select(["doc", "text"]).to_pylist()
        left = [row["doc"] for row in rows if not _is_done(staging, row["doc"], row["text"])]
        before += len(rows) - len(left)
        progress(rows[0]["doc"], done, total)
        if left:
            some = reader.some(part, docs=left)
            made = store.layer_files(Layer(name, **model.annotate(some, start)))
            for row in some.documents.select(["doc", "text"]).to_pylist():
                mark = jsonl.encode([{"sha256": digest(row["text"])}])
                lines = made.get(f"{row['doc']}.jsonl", b"")
                files.write(staging / f"{row['doc']}.jsonl", mark + lines)
        done += len(rows)
    for row in corpus.documents["doc"].to_pylist():
        annotations += (staging / f"{row}.jsonl").read_bytes().count(b"\n") - 1
    return Report(name, total, before, annotations)


def _is_done(staging: Path, doc: str, text: str) -> bool:
    """Whether the document was annotated as it is now: its file begins with the text's hash."""
    path = staging / f"{doc}.jsonl"
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline() == jsonl.encode([{"sha256": digest(text)}])


def _finish(staging: Path, root: Path, name: str, made: Provenance) -> None:
    """The kept files as the layer's folder, put there whole."""
    with files.folder(root / layout.LAYERS / name) as new:
        files.write_tree(new, {layout.LAYER: layout.dump_provenance(made)})
        for path in sorted(staging.glob("*.jsonl")):
            _, _, lines = path.read_bytes().partition(b"\n")
            if lines:
                (new / path.name).write_bytes(lines)
    shutil.rmtree(staging)


def gather(folder: Path, root: Path, progress: Progress = silent) -> int:
    """Lay out a corpus of a folder's texts (`*.txt`, at any depth), and say how many there are.

    A document is called as its file, with `-` for what separates folders. A corpus that is there
    already must be of these texts. Errors: SamarkandError for a folder without texts, names that
    clash, and what is no UTF-8.
    """
    found = sorted(files.sizes(folder, (".txt",)))
    if not found:
        raise SamarkandError([Problem(str(folder), 0, "has no texts (*.txt)")])
    names = {path: _slug(path) for path in found}
    if len(set(names.values())) < len(names):
        twice = next(p for p in found if list(names.values()).count(names[p]) > 1)
        raise SamarkandError([Problem(str(folder / twice), 0, "has another one's name; rename it")])
    problems: list[Problem] = []
    rows = []
    for done, (path, doc) in enumerate(names.items()):
        progress(doc, done, len(names))
        text = jsonl.utf8(str(folder / path), files.chosen(folder, [path])[path], problems)
        rows.append({"doc": doc, "text": text or "", "title": (text or "").partition("\n")[0]})
    if problems:
        raise SamarkandError(problems)
    if not (root / layout.ARTICLES).is_file():
        init.init(root, _slug(root.resolve().name))
    corpus = store.read(root)
    documents = table(schema.DOCUMENTS, rows)
    old, new = (
        dict(zip(d["doc"].to_pylist(), d["text"].to_pylist(), strict=True))
        for d in (corpus.documents, documents)
    )
    if old and old != new:
        raise SamarkandError(
            [Problem(str(root), 0, "is a corpus of other texts; choose another --out")]
        )
    store.write(replace(corpus, documents=documents), root)
    return len(rows)


def _slug(path: str) -> str:
    """A name that is safe for a file: what is not is `-`."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in path)
    return kept.removesuffix(".txt").strip(".-") or "text"

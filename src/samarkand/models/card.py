"""What a model says of itself: what it was made of, and by which hash it is known.

A model is a folder. Its `meta.json` has, under `samarkand`, what is here; that of a pipeline of
spaCy's has the rest of spaCy's meta beside it.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

import samarkand
from samarkand import encode, schema
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError

META, KEY = "meta.json", "samarkand"


def card(
    recipe: str, corpus: Corpus, layer: str, seed: int, config: str, libraries: tuple[str, ...]
) -> dict[str, Any]:
    """What a model was made of: recipe, corpus, layer, documents, seed, and hashes of all of it.

    `corpus` is of the documents that it was trained on; `config` is the whole configuration.
    """
    names = corpus.documents["doc"].to_pylist()
    return {
        "recipe": recipe,
        "corpus": corpus.about.name,
        "version": corpus.about.version,
        "layer": layer,
        "documents": names,
        "content_sha256": content_hash(corpus, layer),
        "seed": seed,
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "libraries": {"samarkand": samarkand.__version__}
        | {name: version(name) for name in libraries},
    }


def content_hash(corpus: Corpus, layer: str) -> str:
    """A hash of the documents' texts and of what the layer says of them; hexadecimal."""
    found = hashlib.sha256()
    for name in ("doc", "text"):
        _update(found, corpus.documents[name])
    for name in schema.TABLES:
        table = corpus.layers[layer].table(name)
        _update(found, table["doc"])
        _update(found, encode.annotations(name, table))
    return found.hexdigest()


def _update(found: Any, column: pa.ChunkedArray | pa.Array) -> None:
    for value in column.to_pylist():
        found.update(value.encode() + b"\0")
    found.update(b"\1")


def read(folder: Path) -> dict[str, Any]:
    """What a model's folder says; {} of one that was made otherwise. Errors: SamarkandError."""
    path = folder / META
    if not path.is_file():
        raise SamarkandError([Problem(str(folder), 0, f"is no model: it has no {META}")])
    try:
        said = json.loads(path.read_bytes())
    except ValueError as error:
        raise SamarkandError([Problem(str(path), 0, f"is no JSON: {error}")]) from error
    found = said.get(KEY, {}) if isinstance(said, dict) else None
    if not isinstance(found, dict):
        raise SamarkandError([Problem(str(path), 0, f"has no object under '{KEY}'")])
    return found


def write(folder: Path, said: Mapping[str, Any]) -> None:
    """Put it into the folder's meta.json, beside what is there."""
    path = folder / META
    meta = json.loads(path.read_bytes()) if path.is_file() else {}
    text = json.dumps(meta | {KEY: said}, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def model_hash(folder: Path) -> str:
    """A hash of all files of a model's folder and of their paths; hexadecimal."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(path.relative_to(folder).as_posix().encode() + b"\0")
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()

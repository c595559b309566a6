"""Versions to compare: corpus folders, built datasets, git revisions, layers of one corpus."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from samarkand import files, layout, schema, store
from samarkand.corpus import Corpus, Layer, Provenance, digest, from_columns
from samarkand.errors import Problem, SamarkandError

#: What a corpus folder is made of.
PARTS = ("corpus", "annotations")
CARD = "dataset_card.md"
#: The columns of the configuration `articles` that are not the corpus's own metadata.
_ARTICLE = ("doc", "text", "title", "published", "language", "event", "license")
#: What `layers` says of who or what made an annotation.
_MADE = ("annotator", "is_human", "tool", "model", "guidelines", "date", "derived_from")


def pair(a: str, b: str, root: Path) -> tuple[Corpus, Corpus, str]:
    """Two versions and how their rows are matched ("id" or "content"), for `diff`.

    Each of `a` and `b` is a corpus folder, a built dataset, a git revision of `root`, or a layer of
    the corpus in `root`. Without `b`, `a` is two revisions (`v1.0.0..HEAD`), or what is compared
    with the folder `root`. Errors: SamarkandError for anything else, and for what cannot be read.
    """
    if not b and ".." in a and not Path(a).exists():
        a, _, b = a.partition("..")
        a, b = a or "HEAD", b or "HEAD"
    if b and all(_is_layer(name, root) for name in (a, b)):
        corpus = store.read(root, [a, b])
        sides = [replace(corpus, layers={b: _bare(corpus.layers[name], b)}) for name in (a, b)]
        return sides[0], sides[1], "content"
    found = [open_version(version, root) for version in (a, b or str(root))]
    old, new = (v if isinstance(v, Corpus) else None for v in found)
    old = old or found[0](new or Corpus())  # type: ignore[operator]
    new = new or found[1](old)  # type: ignore[operator]
    return old, new, "id"


def _is_layer(name: str, root: Path) -> bool:
    folder = root / layout.LAYERS / name
    inside = folder.resolve().is_relative_to(root.resolve())
    return inside and not Path(name).exists() and any(folder.glob("*.jsonl"))


def _bare(layer: Layer, name: str) -> Layer:
    return replace(layer, name=name, provenance=None)


def open_version(version: str, root: Path) -> Corpus | Callable[[Corpus], Corpus]:
    """A corpus; or, for a dataset, what reads it beside the corpus that it is compared with."""
    folder = Path(version)
    if (folder / "manifest.json").is_file():
        return lambda like: read_dataset(folder, like)
    if folder.is_dir():
        return store.read(folder)
    return read_revision(root, version)


def corpus(version: str, root: Path) -> Corpus:
    """A corpus folder or a git revision of `root`. Errors: SamarkandError for anything else."""
    found = open_version(version, root)
    if not isinstance(found, Corpus):
        raise SamarkandError(f"{version} is a built dataset; wanted the corpus it was built of")
    return found


def read_revision(root: Path, revision: str) -> Corpus:
    """The corpus as it was in a git revision of the folder that it is in."""
    with _extracted(root, revision, PARTS) as folder:
        try:
            return store.read(folder)
        except SamarkandError as error:
            raise SamarkandError(
                replace(problem, path=f"{revision}:{Path(problem.path).relative_to(folder)}")
                if problem.path.startswith(folder)
                else problem
                for problem in error.problems
            ) from None


def others(version: str, root: Path) -> dict[str, bytes]:
    """The files of a corpus that hold no rows: guidelines, the card, and all that is TOML.

    Of a folder or a git revision of `root`. Errors: SamarkandError.
    """
    if Path(version).is_dir():
        return _others(Path(version))
    with _extracted(root, version, (*PARTS, CARD)) as folder:
        return _others(Path(folder))


def _others(folder: Path) -> dict[str, bytes]:
    found = {CARD: card} if (card := layout.optional(folder, CARD)) is not None else {}
    for part in PARTS:
        for name in files.sizes(folder / part) if (folder / part).is_dir() else ():
            path = f"{part}/{name}"
            rows = path.startswith(f"{layout.TEXTS}/") or path in (layout.ARTICLES, layout.ACTORS)
            if not rows and not (part == layout.LAYERS and name.endswith(".jsonl")):
                found |= files.chosen(folder, [path])
    return found


@contextmanager
def _extracted(root: Path, revision: str, parts: Sequence[str]) -> Iterator[str]:
    """A folder with some of a git revision, while the block lasts."""
    hint = "wanted a corpus folder, a built dataset, a layer, or a git revision"
    try:
        wanted = ("--verify", "--end-of-options", f"{revision}^{{commit}}")
        commit = _git(root, "rev-parse", *wanted)
        prefix = _git(root, "rev-parse", "--show-prefix").decode().strip().rstrip("/")
        top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip())
        tree = f"{commit.decode().strip()}:{prefix}"
        there = _git(top, "ls-tree", "--name-only", tree).decode().split("\n")
        names = [name for name in parts if name in there]
        archive = _git(top, "archive", "--format=tar", tree, *names)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        message = f"'{revision}' is none of {root}{': ' + said if said else ''}; {hint}"
        raise SamarkandError(message) from None
    except OSError:
        raise SamarkandError(f"'{revision}' is no folder, and there is no git; {hint}") from None
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            try:
                tar.extractall(folder, filter="data")
            except tarfile.TarError as error:
                raise SamarkandError(f"{revision}: {error}") from None
        yield folder


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    return done.stdout


def read_dataset(folder: Path, like: Corpus) -> Corpus:
    """The corpus that a dataset was built of. What a dataset does not hold is as in `like`:
    the actor table, the label schema, corpus.toml, and some of the provenance."""
    articles = _configuration(folder, "articles")
    columns: dict[str, Any] = {name: articles[name] for name in (*_ARTICLE, "split")}
    known = {*columns, *schema.TABLES}
    own = sorted(set(articles.column_names) - known)
    columns["metadata"] = [
        [{"name": name, "value": row[name]} for name in own if row[name] is not None]
        for row in articles.select(own).to_pylist()
    ]
    columns["sha256"] = [digest(text) for text in articles["text"].to_pylist()]
    documents = from_columns(schema.DOCUMENTS, columns, len(articles))
    rows = _configuration(folder, "layers")
    names = rows["layer"].unique().to_pylist()
    found = {n: _layer(n, rows.filter(pc.equal(rows["layer"], n)), like) for n in names}
    return replace(like, documents=documents, layers=found)


def _configuration(folder: Path, name: str) -> pa.Table:
    """One configuration of a dataset, its splits in a column."""
    parts = []
    for split in schema.SPLITS:
        path = folder / name / f"{split}.parquet"
        if path.is_file():
            try:
                part = pq.read_table(path, partitioning=None)
            except (pa.ArrowInvalid, OSError) as error:
                raise SamarkandError([Problem(str(path), 0, f"is no Parquet: {error}")]) from None
            parts.append(part.append_column("split", pa.array([split] * len(part), pa.string())))
    if not parts:
        message = "holds no such configuration; was it built by this version?"
        raise SamarkandError([Problem(str(folder / name), 0, message)])
    return pa.concat_tables(parts)


def _layer(name: str, rows: pa.Table, like: Corpus) -> Layer:
    tables = {}
    for table, wanted in schema.TABLES.items():
        kind = {"entities": "entity"}.get(table, table[:-1])
        mine = rows.filter(pc.equal(rows["kind"], kind))
        tables[table] = from_columns(wanted, {c: mine[c] for c in wanted.names}, len(mine))
    other = like.layers[name].provenance if name in like.layers else None
    said = {field: rows[field][0].as_py() for field in _MADE}
    kind = rows["layer_kind"][0].as_py()
    made = None
    if kind is not None:
        said = {k: v if v is not None or k == "is_human" else "" for k, v in said.items()}
        made = replace(other or Provenance(kind, ""), kind=kind, **said)
    return Layer(name, **tables, provenance=made)

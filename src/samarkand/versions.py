"""Versions to compare: corpus folders, built datasets, git revisions, layers of one corpus."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from samarkand import files, layout, revisions, schema, store
from samarkand.corpus import Corpus, Layer, Provenance, digest, from_columns
from samarkand.errors import Problem, SamarkandError

#: What a corpus folder is made of.
PARTS = ("corpus", "annotations")
CARD = "dataset_card.md"
#: The columns of the configuration `articles` that are not the corpus's own metadata.
_ARTICLES = pa.schema(
    [
        schema.DOCUMENTS.field(name)
        for name in ("doc", "text", "title", "published", "language", "event", "license", "split")
    ]
)
#: What `layers` says of who or what made an annotation.
_MADE = ("annotator", "is_human", "tool", "model", "guidelines", "date", "derived_from")
#: The columns of the configuration `layers`.
_LAYERS = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in ("layer", "kind")]
    + [
        pa.field(name, pa.bool_() if name == "is_human" else pa.string())
        for name in ("layer_kind", *_MADE)
    ]
    + [
        pa.field(name, kind)
        for name, kind in {f.name: f.type for t in schema.TABLES.values() for f in t}.items()
    ]
)


def pair(a: str, b: str, root: Path) -> tuple[Corpus, Corpus, str]:
    """Two versions and how their rows are matched ("id" or "content"), for `diff`.

    Each of `a` and `b` is a corpus folder, a built dataset, a git revision of `root`, or a layer of
    the corpus in `root`. Without `b`, `a` is two revisions (`v1.0.0..HEAD`), or what is compared
    with the folder `root`. Errors: SamarkandError for anything else, and for what cannot be read.
    """
    if not b and ".." in a and ".." not in a.split("/") and not Path(a).exists():
        if "..." in a:
            hint = "wanted two, such as v1.0.0..HEAD; `git merge-base` says what two have in common"
            raise SamarkandError(f"'{a}' has three dots; {hint}")
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
    there = (folder / "layer.toml").is_file() or any(folder.glob("*.jsonl"))
    return inside and not Path(name).exists() and there


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
        return store.read(folder)


def others(version: str, root: Path) -> dict[str, bytes]:
    """The files of a corpus that hold no rows: guidelines, the card, and all that is TOML.

    Of a folder or a git revision of `root`. Errors: SamarkandError.
    """
    if Path(version).is_dir():
        return _others(Path(version))
    with _extracted(root, version, (*PARTS, CARD)) as folder:
        return _others(folder)


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
def _extracted(root: Path, version: str, parts: Sequence[str]) -> Iterator[Path]:
    try:
        with revisions.extracted(root, version, parts) as folder:
            yield folder
    except revisions.NoRevisionError as error:
        raise SamarkandError(_no_version(root, version, str(error))) from None


_WANTED = "wanted a corpus folder, a built dataset, a layer, or a git revision"


def _no_version(root: Path, version: str, said: str) -> str:
    if _is_layer(version, root):
        return (
            f"'{version}' is a layer of {root}, and no revision; a layer is compared with a layer"
        )
    return f"'{version}' is none of {root}{': ' + said if said else ''}; {_WANTED}"


_HINT = "was this dataset built by this version?"


def read_dataset(folder: Path, like: Corpus) -> Corpus:
    """The corpus that a dataset was built of. What a dataset does not hold is as in `like`:
    the actor table, the label schema, corpus.toml, and some of the provenance."""
    articles = _configuration(folder, "articles", _ARTICLES)
    columns: dict[str, Any] = {name: articles[name] for name in _ARTICLES.names}
    own = sorted({*articles.column_names} - {*columns, *schema.TABLES})
    for name in own:
        if articles[name].type != pa.string():
            message = f"column '{name}' is {articles[name].type}, wanted string; {_HINT}"
            raise SamarkandError([Problem(str(folder / "articles"), 0, message)])
    columns["metadata"] = [
        [{"name": name, "value": row[name]} for name in own if row[name] is not None]
        for row in articles.select(own).to_pylist()
    ]
    columns["sha256"] = [digest(text) for text in articles["text"].to_pylist()]
    documents = from_columns(schema.DOCUMENTS, columns, len(articles))
    rows = _configuration(folder, "layers", _LAYERS)
    names = rows["layer"].unique().to_pylist()
    found = {n: _layer(n, rows.filter(pc.equal(rows["layer"], n)), like) for n in names}
    return replace(like, documents=documents, layers=found)


def _configuration(folder: Path, name: str, wanted: pa.Schema) -> pa.Table:
    """One configuration of a dataset, its splits in a column.

    Errors: SamarkandError where it is not there, or lacks a column that is wanted.
    """
    parts = []
    for split in schema.SPLITS:
        path = folder / name / f"{split}.parquet"
        if path.is_file():
            try:
                part = pq.read_table(path, partitioning=None)
            except (pa.ArrowInvalid, OSError) as error:
                raise SamarkandError([Problem(str(path), 0, f"is no Parquet: {error}")]) from None
            parts.append(_conforming(path, part, split, wanted))
    if not parts:
        message = f"holds no such configuration; {_HINT}"
        raise SamarkandError([Problem(str(folder / name), 0, message)])
    return pa.concat_tables(parts, promote_options="default")


def _conforming(path: Path, part: pa.Table, split: str, wanted: pa.Schema) -> pa.Table:
    """A split with the columns that are wanted, and its name in one of them.

    Errors: SamarkandError for a column that is missing, or of another type, or null.
    """
    part = part.append_column("split", pa.array([split] * len(part), pa.string()))
    for field in wanted:
        if field.name not in part.column_names:
            raise SamarkandError([Problem(str(path), 0, f"has no column '{field.name}'; {_HINT}")])
        column = part[field.name]
        alike = _alike(column.type, field.type)
        if not alike or (column.null_count and not field.nullable):
            got = "null in some rows" if alike else column.type
            message = f"column '{field.name}' is {got}, wanted {field.type}; {_HINT}"
            raise SamarkandError([Problem(str(path), 0, message)])
    return part


def _alike(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether two types are the same, but for what Parquet calls items and which may be null."""
    if pa.types.is_list(one) and pa.types.is_list(other):
        return _alike(one.value_type, other.value_type)
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = [[(field.name, field.type) for field in side] for side in (one, other)]
        return len(fields[0]) == len(fields[1]) and all(
            a == b and _alike(left, right) for (a, left), (b, right) in zip(*fields, strict=True)
        )
    return bool(one == other)


def _layer(name: str, rows: pa.Table, like: Corpus) -> Layer:
    tables = {}
    for table, wanted in schema.TABLES.items():
        mine = rows.filter(pc.equal(rows["kind"], schema.ROWS[table]))
        tables[table] = from_columns(wanted, {c: mine[c] for c in wanted.names}, len(mine))
    other = like.layers[name].provenance if name in like.layers else None
    said = {field: rows[field][0].as_py() for field in _MADE}
    kind = rows["layer_kind"][0].as_py()
    made = None
    if kind is not None:
        said = {k: v if v is not None or k == "is_human" else "" for k, v in said.items()}
        made = replace(other or Provenance(kind, ""), kind=kind, **said)
    return Layer(name, **tables, provenance=made)

"""Versions to compare: corpus folders, built datasets, git revisions, layers of one corpus."""

import os
import subprocess
import tempfile
from collections.abc import Callable
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
    """The corpus as it was in a git revision of the folder that it is in: the bytes it has there,
    whatever a checkout or an archive would make of them."""
    try:
        wanted = ("--verify", "--end-of-options", f"{revision}^{{commit}}")
        commit = _line(_git(root, "rev-parse", *wanted))
        prefix = _line(_git(root, "rev-parse", "--show-prefix")).rstrip("/")
        top = Path(_line(_git(root, "rev-parse", "--show-toplevel")))
        entries = _git(top, "ls-tree", "-r", "-z", f"{commit}:{prefix}", *PARTS)
        content, links = _blobs(top, revision, entries)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise SamarkandError(_no_version(root, revision, said)) from None
    except OSError:
        message = f"'{revision}' is no folder, and there is no git; {_WANTED}"
        raise SamarkandError(message) from None
    with tempfile.TemporaryDirectory() as folder:
        try:
            files.write_tree(Path(folder), content)
            for path, target in links.items():  # which store.read follows or refuses
                link = Path(folder) / path
                files.guard(link.parent, Path(folder))
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(target)
            return store.read(folder)
        except SamarkandError as error:
            raise SamarkandError(
                replace(problem, path=f"{revision}:{Path(problem.path).relative_to(folder)}")
                if problem.path.startswith(folder)
                else problem
                for problem in error.problems
            ) from None


_WANTED = "wanted a corpus folder, a built dataset, a layer, or a git revision"


def _no_version(root: Path, version: str, said: str) -> str:
    if _is_layer(version, root):
        return (
            f"'{version}' is a layer of {root}, and no revision; a layer is compared with a layer"
        )
    return f"'{version}' is none of {root}{': ' + said if said else ''}; {_WANTED}"


def _blobs(top: Path, revision: str, entries: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """The content of files, and the targets of symbolic links, from what `git ls-tree -z` says.

    Errors: SamarkandError for a submodule, which has its files elsewhere, and missing objects.
    """
    found: list[tuple[str, bytes, bytes]] = []
    for entry in entries.split(b"\0")[:-1]:
        said, _, path = entry.partition(b"\t")
        mode, _, id = said.split(b" ")
        if mode == b"160000":
            message = "a submodule, whose files are in no revision of this repository"
            raise SamarkandError([Problem(f"{revision}:{os.fsdecode(path)}", 0, message)])
        found.append((os.fsdecode(path), mode, id))
    ids = b"".join(id + b"\n" for *_, id in found)
    data = memoryview(_git(top, "cat-file", "--batch", given=ids))
    content: dict[str, bytes] = {}
    links: dict[str, str] = {}
    at = 0
    for name, mode, id in found:
        begin = bytes(data[at : at + 200]).index(b"\n") + at + 1
        kind, _, size = bytes(data[at + len(id) + 1 : begin - 1]).partition(b" ")
        if kind != b"blob":
            message = f"git has lost its content: {os.fsdecode(id)} is {os.fsdecode(kind)}"
            raise SamarkandError([Problem(f"{revision}:{name}", 0, message)])
        at = begin + int(size)
        blob = bytes(data[begin:at])
        at += 1  # a line end
        if mode == b"120000":
            links[name] = os.fsdecode(blob)
        else:
            content[name] = blob
    return content, links


def _line(said: bytes) -> str:
    return os.fsdecode(said.removesuffix(b"\n"))


def _git(root: Path, *arguments: str, given: bytes | None = None) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, check=True)  # noqa: S603
    return done.stdout


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

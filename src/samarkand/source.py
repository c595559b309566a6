"""A corpus from wherever it is: a corpus folder, a built dataset, or Parquet files of one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from samarkand import layout, schema, store
from samarkand.corpus import About, Corpus, Layer, from_columns, infer_labels
from samarkand.errors import Problem, SamarkandError
from samarkand.labels import Group, LabelSchema
from samarkand.text import whole

MANIFEST = "manifest.json"


def read(path: Path | str, layer: str = "") -> tuple[Corpus, str]:
    """The corpus with one layer, and that layer's name; no name means the one that is published.

    `path` is a corpus folder, a built dataset, or Parquet of its `articles` or `layers`: a file, or
    a folder of files called as the splits. What a dataset does not say (metadata, actors, relation
    types) is empty; groups of labels are known from its manifest.
    Errors: SamarkandError for a path that is none of these, and for a layer that is not there.
    """
    path = Path(path)
    if (path / layout.ARTICLES).is_file():
        return _from_folder(path, layer)
    if (path / MANIFEST).is_file():
        return _from_dataset(path, layer)
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not found or any(file.suffix != ".parquet" or not file.is_file() for file in found):
        message = "is no corpus folder, no built dataset and no Parquet of one"
        raise SamarkandError([Problem(str(path), 0, message)])
    return _from_files(found, layer)


def _from_folder(root: Path, layer: str) -> tuple[Corpus, str]:
    about = layout.parsed(root, layout.ABOUT, layout.parse_about, []) or About()
    names = store.layer_names(root)
    name = chosen(names, layer or about.layer, str(root))
    return store.read(root, [name]), name


def chosen(names: Sequence[str], wanted: str, where: str) -> str:
    """The layer wanted, or the only one. Errors: SamarkandError that lists the layers."""
    if wanted in names:
        return wanted
    if not wanted and len(names) == 1:
        return names[0]
    said = f"there is no layer '{wanted}'" if wanted else "which layer is not said"
    raise SamarkandError([Problem(where, 0, f"{said}; layers: {', '.join(names) or 'none'}")])


def _from_dataset(folder: Path, layer: str) -> tuple[Corpus, str]:
    published = _manifest(folder).get("layer", "")
    kind = "articles" if layer in ("", published) else "layers"
    return _from_files(sorted((folder / kind).glob("*.parquet")), layer)


def _manifest(folder: Path) -> dict[str, Any]:
    """What the manifest says; nothing where there is none. Errors: SamarkandError."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_bytes())
    except ValueError as error:
        raise SamarkandError([Problem(str(path), 0, f"is no JSON: {error}")]) from error
    if not isinstance(said, dict):
        raise SamarkandError([Problem(str(path), 0, "is no JSON object")])
    return said


def _from_files(files: Sequence[Path], layer: str) -> tuple[Corpus, str]:
    """Parquet of `articles`, or of `layers` with that of `articles` beside it."""
    if not files:
        raise SamarkandError("the dataset has no Parquet of its articles")
    said = _manifest(files[0].parent.parent)
    columns = set(_open(files[0]).schema_arrow.names)
    if {"layer", "kind"} <= columns:
        articles = sorted((files[0].parent.parent / "articles").glob("*.parquet"))
        if not articles:
            message = "has no texts, and there is no folder `articles` beside its own"
            raise SamarkandError([Problem(str(files[0]), 0, message)])
        rows = pa.concat_tables(_open(file).read() for file in files)
        name = chosen(sorted(rows["layer"].unique().to_pylist()), layer, str(files[0].parent))
        made = _of_layer(rows.filter(pc.equal(rows["layer"], name)), name)
        files = articles
    elif {"doc", "text", "entities"} <= columns:
        name = chosen([str(said.get("layer", layer or "gold"))], layer, str(files[0]))
        rows = pa.concat_tables(_open(file).read() for file in files)
        made = Layer(name, **{table: _unnested(rows, table) for table in schema.TABLES})
    else:
        message = "is Parquet of neither `articles` nor `layers`; use one of these configurations"
        raise SamarkandError([Problem(str(files[0]), 0, message)])
    about = About(str(said.get("name", "")), version=str(said.get("version", "0.0.0")), layer=name)
    return Corpus(_documents(files), _labels(said, made), layers={name: made}, about=about), name


def _open(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise SamarkandError([Problem(str(file), 0, f"is no Parquet: {error}")]) from error


def _documents(files: Sequence[Path]) -> pa.Table:
    """The documents; a file called as a split says it."""
    parts = [schema.empty(schema.DOCUMENTS)]
    for file in files:
        found = _open(file).read()
        columns = {
            name: found[name] for name in schema.DOCUMENTS.names if name in found.schema.names
        }
        if file.stem in schema.SPLITS:
            columns["split"] = pa.repeat(file.stem, len(found))
        parts.append(from_columns(schema.DOCUMENTS, columns, len(found)))
    return pa.concat_tables(parts)


def _unnested(articles: pa.Table, name: str) -> pa.Table:
    """A table of a layer from the lists of the documents' rows."""
    lists = whole(articles[name])
    flat = lists.flatten()
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    rows = pa.array(np.repeat(np.arange(len(lists)), sizes))
    columns = {field.name: pc.struct_field(flat, field.name) for field in flat.type}
    columns["doc"] = whole(articles["doc"]).take(rows)
    return from_columns(schema.TABLES[name], columns, len(flat))


def _of_layer(rows: pa.Table, name: str) -> Layer:
    """A layer from rows of the configuration `layers`."""
    tables = {}
    for table, wanted in schema.TABLES.items():
        mine = rows.filter(pc.equal(rows["kind"], schema.ROWS[table]))
        columns = {column: whole(mine[column]) for column in wanted.names}
        tables[table] = from_columns(wanted, columns, len(mine))
    return Layer(name, **tables)


def _labels(manifest: dict[str, Any], layer: Layer) -> LabelSchema:
    """The groups of labels that the manifest has; or all of the layer's labels as one."""
    said = manifest.get("label_schema", {}).get("groups")
    if not said:
        return infer_labels([layer])
    return LabelSchema(
        groups=tuple(
            Group(name, tuple(group["labels"]), bool(group["flat"])) for name, group in said.items()
        )
    )

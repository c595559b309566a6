"""The corpus in git: plain files that people can read, diff and merge, to and from a Corpus.

Which files these are, and what each holds: `samarkand.layout`.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import tomli_w

from samarkand import blocks, encode, files, jsonl, layout, lines, schema
from samarkand import labels as label_schema
from samarkand.corpus import About, Corpus, Layer, Provenance, digest, from_columns, unwritable
from samarkand.errors import CorpusError, Problem, SamarkandError

#: Documents are read in blocks, so that their lines are never all in memory as objects.
BLOCK = 1000
#: Annotations are written in blocks, so that no column of strings comes near its 2 GiB.
LINES = 10_000


def read(root: Path | str, layers: Iterable[str] | None = None, unlisted: bool = False) -> Corpus:
    """Read a corpus folder; `layers` names the layers wanted, all of them by default.

    With `unlisted`, texts that articles.jsonl does not list are passed over.

    Errors: CorpusError with every fault of every file at once: what cannot be decoded, files
    missing or not listed, ids that are not safe as file names, symbolic links out of the folder.
    """
    root = Path(root)
    if not (root / layout.ARTICLES).is_file():
        hint = "is this a corpus folder? `samarkand init` lays one out"
        raise CorpusError([Problem(str(root / layout.ARTICLES), 0, f"no such file; {hint}")])
    problems: list[Problem] = []
    documents = _read_documents(root, problems, unlisted)
    actors = _read_actors(root, problems)
    label_set = layout.parsed(root, layout.SCHEMA, label_schema.parse, problems)
    label_set = label_set or label_schema.LabelSchema()
    about = layout.parsed(root, layout.ABOUT, layout.parse_about, problems) or About()
    found = {}
    try:
        names = layer_names(root) if layers is None else layers
    except SamarkandError as error:
        problems += error.problems
        names = []
    for name in sorted(names):
        attributes = [attribute.name for attribute in label_set.attributes]
        found[name] = _read_layer(root, name, attributes, problems)
    if problems:
        raise CorpusError(sorted(problems))
    return Corpus(documents, label_set, actors, found, about)


def layer_names(root: Path) -> list[str]:
    """The layers of a corpus folder: the folders under `annotations` with a layer.toml or lines.

    Errors: SamarkandError for a symbolic link that leads out of the corpus.
    """
    home = root / layout.LAYERS
    if os.path.lexists(home) and not home.is_dir():
        raise CorpusError([Problem(str(home), 0, "is no folder")])
    found = []
    for folder, below, names in os.walk(home):
        for name in below:
            if (Path(folder) / name).is_symlink():
                files.guard(Path(folder) / name, root)
        if folder != str(home) and any(n == layout.LAYER or n.endswith(".jsonl") for n in names):
            found.append(Path(folder).relative_to(home).as_posix())
    return sorted(found)


def _read_documents(root: Path, problems: list[Problem], unlisted: bool) -> pa.Table:
    path = str(root / layout.ARTICLES)
    rows: dict[str, tuple[layout.Article, dict[str, str]]] = {}
    for number, line in enumerate(layout.read_lines(root, layout.ARTICLES, problems), 1):
        try:
            article, metadata = _article(line)
            if article.doc in rows:
                raise ValueError(f"document '{article.doc}' is listed twice")
            rows[article.doc] = article, metadata
        except (ValueError, msgspec.ValidationError) as error:
            problems.append(Problem(path, number, jsonl.explain(error)))
    listed = not problems and not unlisted
    texts = _texts(root, rows, listed, problems)
    columns: dict[str, Any] = {
        name: [getattr(article, name) for article, _ in rows.values()]
        for name in layout.Article.__struct_fields__
    }
    columns["text"] = [texts[doc] for doc in rows]
    columns["metadata"] = lines.pairs([metadata for _, metadata in rows.values()])
    return from_columns(schema.DOCUMENTS, columns, len(rows))


def _article(line: bytes) -> tuple[layout.Article, dict[str, str]]:
    value = jsonl.objects(line)
    article = msgspec.convert(value, layout.Article)
    if not files.is_slug(article.doc):
        raise ValueError(
            f"document id {article.doc!r} is not safe as a file name; use letters, digits, . _ -"
        )
    metadata = {k: v for k, v in value.items() if k not in layout.Article.__struct_fields__}
    for key, extra in metadata.items():
        if key in layout.TAKEN:
            raise ValueError(f"metadata may not be called '{key}': a column of the dataset is")
        if not isinstance(extra, str):
            raise ValueError(f"metadata '{key}' is a {type(extra).__name__}, wanted a string")
    return article, metadata


def _texts(
    root: Path, docs: Iterable[str], listed: bool, problems: list[Problem]
) -> dict[str, str]:
    """The text of each document. If all documents are `listed`, no other text may be there."""
    folder = root / layout.TEXTS
    texts = dict.fromkeys(docs, "")
    try:
        names = files.listed(folder, ".txt", root)
    except SamarkandError as error:
        problems += error.problems
        return texts
    there = {name.removesuffix(".txt") for name in names}
    problems += [
        Problem(f"{folder}/{doc}.txt", 0, f"no such file, but {layout.ARTICLES} lists the document")
        for doc in sorted(texts.keys() - there)
    ]
    if listed:
        problems += [
            Problem(f"{folder}/{doc}.txt", 0, f"is not listed in {layout.ARTICLES}")
            for doc in sorted(there - texts.keys())
        ]
    known = [doc for doc in texts if doc in there]
    try:
        contents = files.read_many(folder, [f"{doc}.txt" for doc in known])
    except SamarkandError as error:
        problems += error.problems
        return texts
    for doc, data in zip(known, contents, strict=True):
        texts[doc] = jsonl.utf8(f"{folder}/{doc}.txt", data, problems) or ""
    return texts


def _read_actors(root: Path, problems: list[Problem]) -> pa.Table:
    path = str(root / layout.ACTORS)
    found = layout.read_lines(root, layout.ACTORS, problems)
    actors = jsonl.decode(path, found, layout.Actor, problems)
    seen: set[str] = set()
    for number, actor in enumerate(actors, 1):
        if actor.actor in seen:
            problems.append(Problem(path, number, f"actor '{actor.actor}' is listed twice"))
        if not files.is_slug(actor.actor):
            problems.append(Problem(path, number, f"actor id {actor.actor!r} is not a slug"))
        seen.add(actor.actor)
    columns = {name: [getattr(a, name) for a in actors] for name in layout.Actor.__struct_fields__}
    return from_columns(schema.ACTORS, columns, len(actors))


def _read_layer(root: Path, name: str, attributes: Sequence[str], problems: list[Problem]) -> Layer:
    folder = root / layout.LAYERS / name
    provenance = None
    parts: dict[str, list[pa.Table]] = {table: [] for table in schema.TABLES}
    try:
        if not folder.is_dir():
            raise CorpusError([Problem(str(folder), 0, "no such layer")])
        files.guard(folder, root)
        provenance = layout.provenance(root, name)
        names = files.listed(folder, ".jsonl", root)
    except SamarkandError as error:
        problems += error.problems
        return Layer(name)
    for start in range(0, len(names), BLOCK):
        chosen = names[start : start + BLOCK]
        try:
            contents = files.read_many(folder, chosen)
        except SamarkandError as error:
            problems += error.problems
            continue
        block = [
            blocks.File(f"{folder}/{file}", file.removesuffix(".jsonl"), data)
            for file, data in zip(chosen, contents, strict=True)
        ]
        for table, part in blocks.read(block, attributes, problems).items():
            parts[table].append(part)
    tables = {table: pa.concat_tables(found) for table, found in parts.items() if found}
    return Layer(name, **tables, provenance=provenance)


def write(corpus: Corpus, root: Path | str, layers: Iterable[str] | None = None) -> None:
    """Write a corpus folder, or no more of its layers than `layers` names.

    Each file and each layer's folder is replaced whole or not at all. A document's hash is recorded
    now if it was not yet. Files that say the same already are left alone, so a label schema keeps
    its comments; other files in a layer's folder stay. Texts that the corpus lacks are not deleted.
    Errors: CorpusError for names that are not safe as file names, texts that start with a byte
    order mark, and metadata that is called as a column is; then nothing was written.
    """
    root = Path(root)
    chosen = [corpus.layers[name] for name in (corpus.layers if layers is None else layers)]
    for name in [*corpus.documents["doc"].to_pylist(), *_parts(chosen)]:
        _safe(name)
    if problems := unwritable(corpus.documents):
        raise CorpusError(problems)
    articles = jsonl.encode(_articles(corpus.documents))
    for doc, text in _rows(corpus.documents.select(["doc", "text"])):
        files.write(root / layout.TEXTS / f"{doc}.txt", text.encode())
    files.write(root / layout.ARTICLES, articles)
    for layer in chosen:
        write_layer(layer, root)
    if corpus.labels != layout.current(root, layout.SCHEMA, label_schema.parse):
        files.write(root / layout.SCHEMA, label_schema.dump(corpus.labels))
    if corpus.about != layout.current(root, layout.ABOUT, layout.parse_about):
        files.write(root / layout.ABOUT, layout.dump_about(corpus.about))
    actors = [layout.Actor(*row) for row in _rows(corpus.actors)]
    files.write(root / layout.ACTORS, jsonl.encode(actors))


def _parts(layers: Iterable[Layer]) -> list[str]:
    """What becomes the name of a file or folder in writing these layers."""
    parts = [part for layer in layers for part in layer.name.split("/")]
    docs = [
        doc for layer in layers for t in layer.tables() for doc in t["doc"].unique().to_pylist()
    ]
    return parts + docs


def write_layer(layer: Layer, root: Path | str) -> None:
    """Write one layer's folder, whole or not at all; files of others in it stay."""
    folder = Path(root) / layout.LAYERS / layer.name
    for part in _parts([layer]):
        _safe(part)
    content = layer_files(layer)
    old = layout.provenance(Path(root), layer.name)
    if old is not None and layer.provenance is not None:
        said = (folder / layout.LAYER).read_bytes()
        further = _further(said, old, layer.provenance)
        content[layout.LAYER] = further or content[layout.LAYER]
    with files.folder(folder) as new:
        files.write_tree(new, content)
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir() and not path.is_symlink():
                shutil.copytree(path, new / path.name, symlinks=True)
            elif path.suffix != ".jsonl" and path.name != layout.LAYER:
                shutil.copy2(path, new / path.name, follow_symlinks=False)


def _further(said: bytes, old: Provenance, new: Provenance) -> bytes | None:
    """A layer.toml as it was, with its comments, and further edits; None where more differs."""
    if new == old:
        return said
    last = tomli_w.dumps({"edits": old.edits}).encode() if old.edits else b""
    if replace(new, edits=old.edits) != old or not said.endswith(last):
        return None
    kept = said.removesuffix(last)
    end = b"" if kept.endswith(b"\n") or not kept else b"\n"
    return kept + end + tomli_w.dumps({"edits": new.edits}).encode()


def layer_files(layer: Layer) -> dict[str, bytes]:
    """What the files of a layer's folder say: layer.toml, and one JSONL file a document."""
    content: dict[str, bytes] = {}
    if layer.provenance is not None:
        content[layout.LAYER] = layout.dump_provenance(layer.provenance)
    parts: dict[str, list[str]] = {}
    for name in schema.TABLES:
        whole = layer.table(name)
        for start in range(0, len(whole), LINES):
            rows = whole.slice(start, LINES)
            written = encode.annotations(name, rows).to_pylist()
            for doc, line in zip(rows["doc"].to_pylist(), written, strict=True):
                parts.setdefault(doc, []).append(line)
    for doc, written in sorted(parts.items()):
        content[f"{doc}.jsonl"] = "\n".join([*written, ""]).encode()
    return content


def _articles(documents: pa.Table) -> list[dict[str, Any]]:
    listed = []
    for row in documents.to_pylist():
        row["sha256"] = row["sha256"] or digest(row["text"])
        taken = {pair["name"] for pair in row["metadata"]} & {*layout.Article.__struct_fields__}
        if taken:
            message = f"metadata of '{row['doc']}' is called '{min(taken)}', as a column is"
            raise CorpusError([Problem("", 0, message)])
        known = {n: row[n] for n in layout.Article.__struct_fields__ if row[n] is not None}
        listed.append(known | {pair["name"]: pair["value"] for pair in row["metadata"]})
    return listed


def _rows(table: pa.Table) -> Iterable[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _safe(name: str) -> None:
    if not files.is_slug(name):
        message = f"{name!r} is not safe as a file name; use letters, digits, . _ -"
        raise CorpusError([Problem("", 0, message)])

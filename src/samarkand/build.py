"""From a corpus to the dataset that the Hub would hold: Parquet, README.md, manifest.json.

Equal inputs give equal bytes: rows are in canonical order, and no time, path, host or hash seed
goes in. The dataset is written beside its place and put there whole.
"""

import hashlib
import json
import os
import subprocess
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import samarkand
from samarkand import card, check, figures, files, jsonl, layout, schema, store
from samarkand.configs import CONFIGS, Losses, of_documents, with_labels_of
from samarkand.corpus import Corpus, Layer
from samarkand.errors import Problem, SamarkandError
from samarkand.progress import Progress, silent

#: Libraries that the dataset's bytes depend on.
LIBRARIES = ("pyarrow", "spacy")


def build(
    root: Path,
    out: Path,
    layer: str | None = None,
    allow_errors: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Check the corpus in `root`, write its dataset to `out`, and return the manifest.

    `layer` is the layer that is published; by default the one that corpus.toml names, or the only
    one there is. Errors: SamarkandError for a corpus with errors (unless `allow_errors`), no
    layer, or an `out` that is there and is not a dataset built by this command.
    """
    _refuse_strangers(root, out)
    total = len(CONFIGS) + 3
    progress("reading", 0, total)
    corpus = store.read(root)
    chosen = published(corpus, layer)
    progress("checking", 1, total)
    findings = check.check(corpus)
    if not allow_errors:
        refuse_errors(findings, root)
    losses: Losses = {}
    corpus = of_documents(corpus, losses)
    chosen = corpus.layers.get(chosen.name, chosen)
    corpus = replace(corpus, labels=with_labels_of(corpus.labels, chosen))
    tables: dict[str, dict[str, pa.Table]] = {}
    for step, (name, make) in enumerate(CONFIGS.items()):
        progress(f"making {name}", 2 + step, total)
        tables[name] = _splits(make(corpus, chosen, losses))
    progress("writing", total - 1, total)
    human = _human(root, corpus)
    with files.folder(out) as new:
        manifest = _write(new, root, corpus, chosen, tables, losses, human, findings)
    progress("done", total, total)
    return manifest


def published(corpus: Corpus, layer: str | None) -> Layer:
    """The layer to publish. Errors: SamarkandError that lists the layers there are."""
    wanted = (
        layer
        or corpus.about.layer
        or (next(iter(corpus.layers), "") if len(corpus.layers) == 1 else "")
    )
    if wanted in corpus.layers:
        return corpus.layers[wanted]
    if not corpus.layers:
        return Layer("none")
    known = ", ".join(corpus.layers)
    said = f"no layer is called '{wanted}'" if wanted else "no layer was chosen"
    raise SamarkandError(
        f"{said}; there are {known}: name one with --layer, or as `layer` in {layout.ABOUT}"
    )


def refuse_errors(findings: list[check.Finding], root: Path) -> None:
    """Errors: SamarkandError with every finding that is an error."""
    found = [finding for finding in findings if finding.severity == check.ERROR]
    if found:
        said = check.render(found, root).splitlines()
        hint = "nothing was built; --allow-errors builds it all the same"
        raise SamarkandError("\n".join([*said[:-1], f"{said[-1].partition(',')[0]}; {hint}"]))


def _splits(table: pa.Table) -> dict[str, pa.Table]:
    """The table by split; documents without one are in train."""
    column = table["split"].fill_null("train") if len(table) else table["split"]
    rows = table.drop_columns(["split"])
    rows = rows.cast(pa.schema([_nullable(field) for field in rows.schema]))
    parts = {name: rows.filter(pc.equal(column, name)).combine_chunks() for name in schema.SPLITS}
    filled = {name: part for name, part in parts.items() if len(part)}
    return filled or {"train": parts["train"]}


def _nullable(field: pa.Field) -> pa.Field:
    """The field and all within it nullable: readers differ in what they make of `required`."""
    kind = field.type
    if pa.types.is_list(kind):
        kind = pa.list_(_nullable(kind.value_field))
    elif pa.types.is_struct(kind):
        kind = pa.struct([_nullable(child) for child in kind])
    return pa.field(field.name, kind)


def _write(
    new: Path,
    root: Path,
    corpus: Corpus,
    layer: Layer,
    tables: figures.Tables,
    losses: Losses,
    human: str,
    findings: list[check.Finding],
) -> dict[str, Any]:
    """Write the dataset's files into the folder `new`, and return the manifest."""
    for name, parts in tables.items():
        (new / name).mkdir()
        for split, part in parts.items():
            write_parquet(part, new / name / f"{split}.parquet")
    data = {
        path.relative_to(new).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(new.rglob("*.parquet"))
    }
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    readme = card.card(human, corpus, layer, tables, digest, losses).encode()
    (new / "README.md").write_bytes(readme)
    manifest = {
        "name": corpus.about.name,
        "version": corpus.about.version,
        "layer": layer.name,
        "label_schema": {
            "name": corpus.labels.name,
            "version": corpus.labels.version,
            "groups": {
                group.name: {"labels": group.labels, "flat": group.flat}
                for group in corpus.labels.groups
            },
        },
        "source": source(root),
        "content_sha256": digest,
        "rows": {n: {s: len(part) for s, part in parts.items()} for n, parts in tables.items()},
        "losses": dict(sorted(losses.items())),
        "files": {"README.md": hashlib.sha256(readme).hexdigest()} | data,
        "libraries": {"samarkand": samarkand.__version__}
        | {name: version(name) for name in LIBRARIES},
        "findings": dict(sorted(Counter(each.check for each in findings).items())),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (new / "manifest.json").write_text(text, encoding="utf-8")
    return manifest


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write one table as the dataset's Parquet: one row group, checksums, content-defined chunks.

    Source of the settings: https://arrow.apache.org/docs/python/parquet.html; content-defined
    chunks make a changed row change few bytes of the file, for storage that keeps chunks once.
    """
    pq.write_table(
        table.replace_schema_metadata(None),
        path,
        row_group_size=max(len(table), 1),
        compression="zstd",
        compression_level=3,
        write_page_index=True,
        write_page_checksum=True,
        use_content_defined_chunking={
            "min_chunk_size": 262_144,
            "max_chunk_size": 1_048_576,
            "norm_level": 0,
        },
    )


def source(root: Path) -> dict[str, Any]:
    """The git commit that the corpus is at, and whether its files differ from it."""

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(root), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "modified": None}
    changed = git("status", "--porcelain", "--", "corpus", "annotations", "dataset_card.md")
    return {"commit": commit, "modified": bool(changed)}


def _human(root: Path, corpus: Corpus) -> str:
    """The text of dataset_card.md, or a short one. Errors: SamarkandError for what is no text."""
    path = root / "dataset_card.md"
    if os.path.lexists(path):
        files.guard(path, root)
        problems: list[Problem] = []
        text = jsonl.utf8(str(path), files.read_many(root, [path.name])[0], problems)
        if text is None:
            raise SamarkandError(problems)
        return text
    about = corpus.about
    return (
        f"# {about.title or about.name}\n\n<!-- generated: splits -->\n\n"
        "## Entities\n\n<!-- generated: entities -->\n\n"
        "## Relations\n\n<!-- generated: relations -->\n\n## Layers\n\n<!-- generated: layers -->\n"
    )


def _refuse_strangers(root: Path, out: Path) -> None:
    """A folder that this command did not make is not replaced, and no source is built into."""
    for source in ("corpus", "annotations"):
        if out.resolve().is_relative_to((root / source).resolve()):
            message = f"is inside {root / source}; choose another --out"
            raise SamarkandError([Problem(str(out), 0, message)])
    if out.exists() and not (out / "manifest.json").is_file():
        if out.is_dir() and not any(out.iterdir()):
            return
        message = "is there already and is no built dataset; choose another --out"
        raise SamarkandError([Problem(str(out), 0, message)])

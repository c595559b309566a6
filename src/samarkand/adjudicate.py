"""Adjudication: a worksheet of what annotators said, blind to who said it; decisions as gold.

`sheet` writes the union of the layers (`adjudication.union`) as quotations, or as a corpus of its
own for doccano; `gold` brings the decisions back as a layer, with a file that says of each of them
what was taken from whom, and why.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import check as checks
from samarkand import convert, files, layout, lines, schema, store
from samarkand.adjudication import answers, decisions, sheet
from samarkand.adjudication.answers import UNION
from samarkand.adjudication.decisions import Decision, Settled
from samarkand.adjudication.union import Union, union
from samarkand.corpus import Corpus, Layer, Provenance
from samarkand.errors import Problem, SamarkandError
from samarkand.progress import Progress, silent
from samarkand.words import count

#: The file beside a layer that says what was decided.
DECISIONS = "decisions.tsv"


@dataclass(frozen=True)
class Report:
    """What a sheet is of, or what became of it; `left_out`: documents of one layer alone."""

    documents: int
    decisions: int
    said: str = ""
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{count(self.documents, 'document')}, {self.said}"]
        if self.left_out:
            parts.append(f"only one layer has annotations of {', '.join(self.left_out)}: left out")
        return "\n".join(parts)


def make(
    root: Path,
    layers: Sequence[str],
    target: Path,
    docs: Sequence[str] = (),
    as_corpus: bool = False,
    progress: Progress = silent,
) -> Report:
    """Write the worksheet of two or more layers to a new folder, of some documents or all that two
    layers have annotations of.

    Errors: SamarkandError for a folder that is there already, fewer than two layers, and documents
    and layers that are not there.
    """
    if len(set(layers)) < 2:
        raise SamarkandError("two layers or more are adjudicated: hand/a hand/b")
    if target.exists():
        message = "is there already; decisions in it would be lost. Remove it, or name another"
        raise SamarkandError([Problem(str(target), 0, message)])
    progress("reading the corpus", 0, 3)
    corpus = store.read(root)
    chosen, left_out = _documents(corpus, layers, docs)
    progress("comparing", 1, 3)
    unions = union(corpus, layers, chosen)
    progress("writing", 2, 3)
    content = {sheet.ABOUT: sheet.about(sheet.Sheet(tuple(layers), _hashes(unions)))}
    narrowed = _narrowed(corpus, unions)
    with files.folder(target) as folder:
        if as_corpus:
            store.write(narrowed, folder)
            guidelines = layout.optional(root, f"{layout.LAYERS}/guidelines.md")
            if guidelines is not None:
                content[f"{layout.LAYERS}/guidelines.md"] = guidelines
        else:
            content |= _quoted(narrowed, unions)
        files.write_tree(folder, content)
    questions = sum(_questions(each) for each in unions)
    agreed = sum(not variant.question for each in unions for variant in each.variants)
    said = f"{count(agreed, 'line')} said alike by all, {count(questions, 'question')} to decide"
    return Report(len(unions), questions, said, left_out)


def _questions(union: Union) -> int:
    every = [name.question for name in union.names]
    every += [variant.question for variant in union.variants]
    return len({*every} - {0})


def _documents(
    corpus: Corpus, layers: Sequence[str], docs: Sequence[str]
) -> tuple[list[str], tuple[str, ...]]:
    """Those that two of the layers have annotations of; and those that one has."""
    known = set(corpus.documents["doc"].to_pylist())
    unknown = [doc for doc in docs if doc not in known]
    if unknown:
        raise SamarkandError(f"there is no document '{unknown[0]}' in the corpus")
    having: dict[str, int] = {}
    for name in layers:
        of = corpus.layers[name].tables() if name in corpus.layers else ()
        for doc in {doc for table in of for doc in table["doc"].unique().to_pylist()}:
            having[doc] = having.get(doc, 0) + 1
    wanted = sorted(set(docs) or having)
    chosen = [doc for doc in wanted if having.get(doc, 0) > 1]
    if not chosen:
        missing = [name for name in layers if name not in corpus.layers]
        there = f"there is no layer '{missing[0]}'" if missing else "of which two have annotations"
        raise SamarkandError(there if missing else f"no document {there}: {' and '.join(layers)}")
    return chosen, tuple(doc for doc in wanted if doc not in chosen)


def _hashes(unions: Sequence[Union]) -> dict[str, str]:
    said = msgspec.json.Encoder(order="deterministic").encode
    return {each.doc: hashlib.sha256(said(each)).hexdigest() for each in unions}


def _narrowed(corpus: Corpus, unions: Sequence[Union]) -> Corpus:
    """The documents with all that was said of them as one layer."""
    docs = pa.array([each.doc for each in unions], pa.string())
    documents = corpus.documents.filter(pc.is_in(corpus.documents["doc"], docs))
    rows = {
        name: [(u.doc, v.line) for u in unions for v in u.variants if v.table == name]
        for name in schema.TABLES
    }
    made = Provenance(
        "adjudicated",
        "nobody yet",
        tool="samarkand adjudicate sheet",
        derived_from=", ".join(dict.fromkeys(name for u in unions for name in u.layers)),
        schema=corpus.labels.version,
    )
    return Corpus(
        documents,
        corpus.labels,
        corpus.actors,
        {UNION: replace(_layer(UNION, rows), provenance=made)},
        replace(corpus.about, layer=UNION),
    )


def _layer(name: str, rows: Mapping[str, Sequence[tuple[str, lines.Line]]]) -> Layer:
    tables = {
        table: lines.to_table(table, [doc for doc, _ in found], [line for _, line in found])
        for table, found in rows.items()
    }
    return Layer(name, **tables)


def _quoted(narrowed: Corpus, unions: Sequence[Union]) -> dict[str, bytes]:
    written = convert.get("quotes").write(narrowed, UNION)
    marked = {
        f"{each.doc}.jsonl": sheet.document(each, written[f"{each.doc}.jsonl"]) for each in unions
    }
    return {**written, **marked}


def gold(
    root: Path,
    folder: Path,
    layer: str,
    provenance: Provenance,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Report:
    """Bring a worksheet's decisions back, as what `layer` says of its documents.

    The layer's provenance counts what was taken from whom, over all its documents; decisions.tsv
    beside it says it of each line. Errors: SamarkandError for what is not decided, quotations that
    are not found, what `check` calls an error, layers and texts that were changed since the sheet
    was made, and documents that the layer has already, unless `overwrite`.
    """
    progress("reading the corpus", 0, 3)
    corpus = store.read(root)
    about = _about(folder)
    _overwrites(corpus, layer, about, overwrite)
    unions = union(corpus, about.layers, list(about.documents))
    stale = sorted(doc for doc, said in _hashes(unions).items() if said != about.documents[doc])
    if stale:
        message = f"{' or '.join(about.layers)} was changed since; make a new sheet of it"
        raise SamarkandError(Problem(str(folder / f"{doc}.jsonl"), 0, message) for doc in stale)
    progress("reading the sheet", 1, 3)
    settled = answers.read(folder, corpus, unions)
    rows = {
        name: [(doc, each.line) for doc, one in settled.items() for each in one.rows[name]]
        for name in schema.TABLES
    }
    _validate(corpus, _layer(layer, rows), settled)
    progress("writing", 2, 3)
    return _write(root, corpus, _layer(layer, rows), settled, about, provenance)


def _about(folder: Path) -> sheet.Sheet:
    path = folder / sheet.ABOUT
    data = layout.optional(folder, sheet.ABOUT)
    if data is None:
        hint = "`samarkand adjudicate sheet` makes one"
        raise SamarkandError([Problem(str(path), 0, f"no such file: this is no sheet; {hint}")])
    try:
        return sheet.parse_about(str(path), tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SamarkandError([Problem(str(path), 0, f"not TOML: {error}")]) from None


def _overwrites(corpus: Corpus, layer: str, about: sheet.Sheet, overwrite: bool) -> None:
    old = corpus.layers.get(layer)
    if old is None or overwrite:
        return
    has = {doc for table in old.tables() for doc in table["doc"].unique().to_pylist()}
    if again := sorted(has & about.documents.keys()):
        message = f"layer '{layer}' has annotations of '{again[0]}' already"
        raise SamarkandError(f"{message}; --overwrite replaces them")


def _validate(corpus: Corpus, made: Layer, settled: Mapping[str, Settled]) -> None:
    """Errors: SamarkandError for what `check` calls an error in these annotations."""
    docs = pa.array(list(settled), pa.string())
    documents = corpus.documents.filter(pc.is_in(corpus.documents["doc"], docs))
    alone = Corpus(documents, corpus.labels, corpus.actors, {made.name: made}, corpus.about)
    places = {
        (doc, name, getattr(each.line, lines.ID_KEYS[name])): each
        for doc, one in settled.items()
        for name in schema.TABLES
        for each in one.rows[name]
    }
    problems = []
    for finding in checks.check(alone):
        place = places.get((finding.doc, finding.table, finding.id))
        if finding.severity == "error" and place is not None:
            problems.append(Problem(place.path, place.number, finding.message))
    if problems:
        raise SamarkandError(problems)


def _write(
    root: Path,
    corpus: Corpus,
    new: Layer,
    settled: Mapping[str, Settled],
    about: sheet.Sheet,
    provenance: Provenance,
) -> Report:
    """The layer with these documents in it, and the decisions on all of it."""
    old = corpus.layers.get(new.name)
    name = f"{layout.LAYERS}/{new.name}/{DECISIONS}"
    said = layout.optional(root, name)
    before = decisions.parse(str(root / name), said) if said is not None else []
    docs = pa.array(list(settled), pa.string())
    tables = {}
    for table in schema.TABLES:
        rows = [new.table(table)]
        if old is not None:
            kept = pc.invert(pc.is_in(old.table(table)["doc"], docs))
            rows.append(old.table(table).filter(kept))
        tables[table] = pa.concat_tables(rows)
    found: list[Decision] = [each for each in before if each.doc not in settled]
    found += [each for one in settled.values() for each in one.decisions]
    found.sort(key=lambda each: each.doc)
    derived = old.provenance.derived_from.split(", ") if old and old.provenance else []
    provenance = replace(
        provenance,
        schema=corpus.labels.version,
        derived_from=", ".join(sorted({*about.layers, *derived} - {""})),
        notes=decisions.summary(found, {name: len(table) for name, table in tables.items()}),
    )
    layer = Layer(new.name, **tables, provenance=provenance)
    store.write_layer(layer, root)
    files.write(root / name, decisions.dump(found))
    own = [each for one in settled.values() for each in one.decisions]
    sizes = {table: len(new.table(table)) for table in schema.TABLES}
    return Report(len(settled), len(own), decisions.summary(own, sizes).replace("; ", "\n"))

"""Bring somebody's annotated files into a corpus, as documents and a layer."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import convert, files, layout, schema, store
from samarkand.corpus import KINDS, Corpus, Layer, Provenance, from_columns
from samarkand.errors import Problem, SamarkandError
from samarkand.formats.base import Reading
from samarkand.progress import Progress, silent
from samarkand.words import count


@dataclass(frozen=True)
class Report:
    """What was imported. `unread` counts what the files say that a corpus cannot hold."""

    documents: int
    new_documents: int
    sizes: tuple[tuple[str, int], ...]
    unread: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> str:
        sizes = ", ".join(count(size, schema.ROWS[name]) for name, size in self.sizes)
        return f"{count(self.documents, 'document')} ({self.new_documents:,} new), {sizes}"

    def __str__(self) -> str:
        unread = [f"not read, {what}: {count:,}" for what, count in self.unread]
        return "\n".join([self.counts, *self.notes, *unread])


def import_(
    source: Path,
    form: str,
    root: Path,
    layer: str,
    provenance: Provenance,
    lossy: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Report:
    """Read files of a format and add them to the corpus in `root`.

    Documents that the corpus has already must have the same text. Annotations that the layer has
    of these documents are replaced only with `overwrite`. A label schema without labels becomes
    what the files use, and an empty actor table the actors that they name. A layer that is there
    already keeps its provenance; what the import changes in it is recorded among its edits.
    Errors: SamarkandError for any of that, and for what would be lost unless `lossy`; then nothing
    was written.
    """
    _validate(layer, provenance)
    progress("reading the corpus", 0, 3)
    corpus = store.read(root, unlisted=True)  # an import that was cut short can be done again
    progress("reading the files", 1, 3)
    reading = _read(source, form, layer, corpus)
    new = reading.corpus.layers[layer]
    if corpus.labels.groups and not provenance.schema:
        provenance = replace(provenance, schema=corpus.labels.version)
    documents = _documents(corpus, reading.corpus)
    _no_other_texts(root, corpus, documents)
    merged = _layer(corpus.layers.get(layer), new, reading.corpus, provenance, overwrite)
    report = Report(
        len(reading.corpus.documents),
        len(documents) - len(corpus.documents),
        tuple((name, len(new.table(name))) for name in schema.TABLES),
        tuple(sorted(reading.unread.items())),
        reading.notes,
    )
    old = corpus.layers.get(layer)
    if old is not None and old.provenance is not None:
        merged, notes = _edited(old, old.provenance, merged, provenance, report)
        report = replace(report, notes=report.notes + notes)
    if reading.unread and not lossy:
        message = f"{report}\nnothing was imported; --lossy imports what can be imported"
        raise SamarkandError(message)
    progress("writing", 2, 3)
    about = corpus.about if corpus.about.layer else replace(corpus.about, layer=layer)
    labels, actors = corpus.labels, corpus.actors
    if not labels.groups:  # a fresh corpus: it allows what the files use
        labels = replace(reading.corpus.labels, name=labels.name, version=labels.version)
        actors = actors if len(actors) else _named_by_id(new)
    done = Corpus(documents, labels, actors, {**corpus.layers, layer: merged}, about)
    store.write(done, root, [layer])
    return report


def _validate(layer: str, provenance: Provenance) -> None:
    """Errors: SamarkandError for a layer's name or provenance that `check` would refuse."""
    if not all(files.is_slug(part) for part in layer.split("/")):
        message = f"'{layer}' cannot be a layer's name; use letters, digits, . _ - and / between"
        raise SamarkandError(message)
    if provenance.kind not in KINDS:
        raise SamarkandError(f"--kind is {', '.join(KINDS)}; got '{provenance.kind}'")
    try:
        date.fromisoformat(provenance.date)
    except ValueError:
        message = f"--date is a date as YYYY-MM-DD; got '{provenance.date}'"
        raise SamarkandError(message) from None


def _named_by_id(layer: Layer) -> pa.Table:
    """An actor table of the actors that a layer refers to, by their ids for want of names."""
    ids = layer.entities["actor"].unique().drop_null()
    return from_columns(schema.ACTORS, {"actor": ids, "name": ids}, len(ids))


def _read(source: Path, form: str, layer: str, corpus: Corpus) -> Reading:
    """Quotations of documents that the corpus has need no text beside them."""
    if form == convert.REPOSITORY:
        return convert.read(source, form, layer)
    found = convert.files_of(source, form)
    texts = dict(
        zip(corpus.documents["doc"].to_pylist(), corpus.documents["text"].to_pylist(), strict=True)
    )
    for path in [path for path in found if path.endswith(".jsonl") and form == "quotes"]:
        stem = path.removesuffix(".jsonl")
        if f"{stem}.txt" not in found and stem in texts:
            found[f"{stem}.txt"] = texts[stem].encode()
    return convert.reader(form).read(found, layer)


def _documents(corpus: Corpus, given: Corpus) -> pa.Table:
    """The corpus's documents and the new ones. Errors: SamarkandError where a text differs."""
    old, new = corpus.documents, given.documents
    place = pc.index_in(new["doc"], old["doc"].combine_chunks())
    known = place.is_valid()
    texts = old["text"].take(place.filter(known))
    same = pc.equal(new.filter(known)["text"], texts)
    if not pc.all(same, min_count=0).as_py():
        differ = new.filter(known)["doc"].filter(pc.invert(same)).to_pylist()
        raise SamarkandError(
            Problem(
                "", 0, f"document '{doc}' is in the corpus with another text; rename one of them"
            )
            for doc in differ
        )
    _same_splits(old.take(place.filter(known)), new.filter(known))
    return pa.concat_tables([old, new.filter(pc.invert(known))])


def _no_other_texts(root: Path, corpus: Corpus, documents: pa.Table) -> None:
    """Errors: SamarkandError for a new document whose file is there, unlisted, with other text."""
    new = documents.slice(len(corpus.documents))
    paths = [root / layout.TEXTS / f"{doc}.txt" for doc in new["doc"].to_pylist()]
    problems = [
        Problem(str(path), 0, "is there already, unlisted, with another text; move it away")
        for path, text in zip(paths, new["text"].to_pylist(), strict=True)
        if path.exists() and path.read_bytes() != text.encode()
    ]
    if problems:
        raise SamarkandError(problems)


def _same_splits(old: pa.Table, new: pa.Table) -> None:
    """Errors: SamarkandError where files are in a folder of another split than the document."""
    splits = (old["doc"].to_pylist(), old["split"].to_pylist(), new["split"].to_pylist())
    differ = [row for row in zip(*splits, strict=True) if row[2] not in (None, row[1])]
    if differ:
        raise SamarkandError(
            Problem(
                "", 0, f"document '{doc}' is in split {a or 'none'}, the files are in {b}'s folder"
            )
            for doc, a, b in differ
        )


def _layer(
    old: Layer | None, new: Layer, given: Corpus, provenance: Provenance, overwrite: bool
) -> Layer:
    if old is None:
        return replace(new, provenance=provenance)
    docs = given.documents["doc"].combine_chunks()
    tables = {}
    for name in schema.TABLES:
        again = pc.is_in(old.table(name)["doc"], docs)
        if pc.any(again, min_count=0).as_py() and not overwrite:
            doc = old.table(name)["doc"].filter(again)[0].as_py()
            message = (
                f"layer '{old.name}' has annotations of '{doc}' already; --overwrite replaces them"
            )
            raise SamarkandError(message)
        tables[name] = pa.concat_tables([old.table(name).filter(pc.invert(again)), new.table(name)])
    return Layer(old.name, **tables, provenance=old.provenance or provenance)


def _edited(
    old: Layer, made: Provenance, merged: Layer, given: Provenance, report: Report
) -> tuple[Layer, tuple[str, ...]]:
    """A layer that was there, with this import among its edits, and a note that says so.

    What the import says of itself stands in that line, as the layer's provenance is another's.
    """
    if old == merged:
        return merged, ()
    told = [f"by {given.annotator}"]
    if given.is_human is not None:
        told.append("human" if given.is_human else "not human")
    told += [
        f"{name} {value}"
        for name in ("kind", "guidelines")
        if (value := getattr(given, name)) and value != getattr(made, name)
    ]
    line = f"{given.date} {given.tool or 'import'}: {report.counts}; {', '.join(told)}"
    note = (
        f"layer '{old.name}' keeps its provenance; this import is recorded among its edits: {line}"
    )
    return replace(merged, provenance=replace(made, edits=(*made.edits, line))), (note,)

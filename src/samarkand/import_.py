"""Bring somebody's annotated files into a corpus, as documents and a layer."""

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import convert, files, store
from samarkand.corpus import Corpus, Layer, Provenance
from samarkand.errors import Problem, SamarkandError
from samarkand.formats.base import Reading
from samarkand.progress import Progress, silent


@dataclass(frozen=True)
class Report:
    """What was imported. `unread` counts what the files say that a corpus cannot hold."""

    documents: int
    new_documents: int
    sizes: tuple[tuple[str, int], ...]
    unread: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        sizes = ", ".join(f"{size:,} {name}" for name, size in self.sizes)
        first = f"{self.documents:,} documents ({self.new_documents:,} of them new), {sizes}"
        return "\n".join([first, *(f"not read, {what}: {n:,}" for what, n in self.unread)])


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
    what the files use. A layer that is there already keeps its provenance.
    Errors: SamarkandError for any of that, and for what would be lost unless `lossy`; then nothing
    was written.
    """
    progress("reading the corpus", 0, 3)
    corpus = store.read(root)
    progress("reading the files", 1, 3)
    reading = _read(source, form, layer, corpus)
    unread = tuple(sorted(reading.unread.items()))
    new = reading.corpus.layers[layer]
    if corpus.labels.groups and not provenance.schema:
        provenance = replace(provenance, schema=corpus.labels.version)
    documents = _documents(corpus, reading.corpus)
    merged = _layer(corpus.layers.get(layer), new, reading.corpus, provenance, overwrite)
    report = Report(
        len(reading.corpus.documents),
        len(documents) - len(corpus.documents),
        tuple((name, len(new.table(name))) for name in ("entities", "relations", "stances")),
        unread,
    )
    if unread and not lossy:
        message = f"{report}\nnothing was imported; --lossy imports what can be imported"
        raise SamarkandError(message)
    progress("writing", 2, 3)
    about = corpus.about
    if not about.layer:
        about = replace(about, layer=layer)
    labels = corpus.labels if corpus.labels.groups else reading.corpus.labels
    layers = {**corpus.layers, layer: merged}
    store.write(
        replace(corpus, documents=documents, labels=labels, layers=layers, about=about), root
    )
    return report


def _read(source: Path, form: str, layer: str, corpus: Corpus) -> Reading:
    """Quotations of documents that the corpus has need no text beside them."""
    if form != "quotes" or source.is_file():
        return convert.read(source, form, layer)
    found = files.tree(source, convert.get(form).SUFFIXES)
    texts = dict(
        zip(corpus.documents["doc"].to_pylist(), corpus.documents["text"].to_pylist(), strict=True)
    )
    for path in list(found):
        stem = path.removesuffix(".jsonl")
        if path.endswith(".jsonl") and f"{stem}.txt" not in found and stem in texts:
            found[f"{stem}.txt"] = texts[stem].encode()
    return convert.get(form).read(found, layer)


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
    return pa.concat_tables([old, new.filter(pc.invert(known))])


def _layer(
    old: Layer | None, new: Layer, given: Corpus, provenance: Provenance, overwrite: bool
) -> Layer:
    if old is None:
        return replace(new, provenance=provenance)
    docs = given.documents["doc"].combine_chunks()
    tables = {}
    for name in ("entities", "relations", "stances"):
        again = pc.is_in(old.table(name)["doc"], docs)
        if pc.any(again, min_count=0).as_py() and not overwrite:
            doc = old.table(name)["doc"].filter(again)[0].as_py()
            message = (
                f"layer '{old.name}' has annotations of '{doc}' already; --overwrite replaces them"
            )
            raise SamarkandError(message)
        tables[name] = pa.concat_tables([old.table(name).filter(pc.invert(again)), new.table(name)])
    return Layer(old.name, **tables, provenance=old.provenance or provenance)

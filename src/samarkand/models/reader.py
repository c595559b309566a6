"""spaCy's way to a layer: the corpus reader `samarkand.Corpus.v1`, for a training config.

    [corpora.train]
    @readers = "samarkand.Corpus.v1"
    path = "."
    split = "train"

https://spacy.io/api/corpus says what a reader is.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, source
from samarkand.corpus import Corpus, Layer
from samarkand.errors import SamarkandError
from samarkand.models import docs as on_docs
from samarkand.text import whole
from samarkand.words import count

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

#: So many documents are Docs at a time while they are made.
BLOCK = 1000


def corpus(
    path: Path | str,
    layer: str = "",
    split: str = "",
    ents: str = "",
    graph: bool = True,
    docs: Sequence[str] = (),
) -> Callable[["Language"], Iterator["Example"]]:
    """The reader: a function from a pipeline to Examples, one a document.

    `path` is a corpus folder, a built dataset, or Parquet of one; `layer` any layer in it, by
    default the published one; `split` one of the splits, by default all of them; `docs`, where
    given, the only documents wanted. `ents` and `graph` are those of `models.docs.made`.
    Spans that tokens cannot say are counted in a warning, which names the command that lists them.
    Errors: SamarkandError as `source.read` has them, and where there is no such document.
    """
    found, name = source.read(path, layer)
    chosen = some(found, split, docs)

    def examples(nlp: "Language") -> Iterator["Example"]:
        from spacy.training import Example

        lost = Unfit()
        for part in blocks(chosen, name, BLOCK):
            bare, full, fit = on_docs.made(part, name, nlp, ents, graph)
            lost = lost.plus(fit)
            yield from map(Example, bare, full)
        lost.warn(name)

    return examples


def some(found: Corpus, split: str = "", docs: Iterable[str] = ()) -> Corpus:
    """The corpus with the documents of one split, or those named. Errors: SamarkandError."""
    names = found.documents["doc"]
    kept = pa.array(np.ones(len(names), np.bool_))
    if split:
        kept = pc.equal(found.documents["split"], split).fill_null(False)
        if not pc.any(kept).as_py():
            there = found.documents["split"].unique().drop_null().to_pylist()
            said = f"there is no document of split '{split}'; splits: {', '.join(there) or 'none'}"
            raise SamarkandError(said)
    wanted = list(docs)
    if wanted:
        unknown = sorted(set(wanted) - set(names.to_pylist()))
        if unknown:
            raise SamarkandError(f"there is no document '{unknown[0]}' in the corpus")
        kept = pc.and_(kept, pc.is_in(names, pa.array(wanted, pa.string())))
    return replace(found, documents=found.documents.filter(kept))


def blocks(found: Corpus, layer: str, size: int) -> Iterator[Corpus]:
    """The corpus in parts of so many documents, with one layer of them."""
    made = found.layers[layer]
    for first in range(0, len(found.documents), size):
        documents = found.documents.slice(first, size)
        known = whole(documents["doc"])
        tables = {
            name: made.table(name).filter(pc.is_in(made.table(name)["doc"], known))
            for name in schema.TABLES
        }
        yield replace(found, documents=documents, layers={layer: Layer(layer, **tables)})


@dataclass(frozen=True)
class Unfit:
    """How many entities there are, and how many of them do not fit tokens, and how."""

    entities: int = 0
    inexact: int = 0
    untouched: int = 0
    pieces: int = 0

    def plus(self, fit: on_docs.Fit) -> "Unfit":
        """These and those of a further part."""
        whole = ~fit.pieces
        return Unfit(
            self.entities + len(fit.doc),
            self.inexact + int((fit.inexact & whole).sum()),
            self.untouched + int((fit.untouched & whole).sum()),
            self.pieces + int(fit.pieces.sum()),
        )

    def warn(self, layer: str) -> None:
        """Warn where there are any."""
        kinds = (
            (self.inexact, "widened to whole tokens"),
            (self.untouched, "without a token left out"),
            (self.pieces, "discontinuous left out"),
        )
        said = [f"{number:,} {what}" for number, what in kinds if number]
        if said:
            of = f"{layer}: of {count(self.entities, 'entity')} {', '.join(said)}"
            warnings.warn(f"{of}; `samarkand align {layer}` lists them", stacklevel=2)

"""DocBin: entities over given tokens written, and the same files read."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.common import DOCS, TOKENS, Clock, by_document, digest, spans, texts
from bench.generate import LABELS

if TYPE_CHECKING:
    from spacy.tokens import DocBin

FILES = "docbin"


def prepare(data: Path, _: int) -> None:
    """Our files, to be read."""
    from samarkand import files
    from samarkand.formats import docbin

    found = enumerate(docbin.dump(*_columns(data)), 1)
    files.write_tree(data / FILES, {f"{number:04}.spacy": packed for number, packed in found})


def ours(data: Path, clock: Clock) -> str:
    """From columns to files."""
    from spacy.tokens import DocBin  # loaded before the clock runs

    from samarkand.formats import docbin

    columns = _columns(data)
    with clock:
        files = list(docbin.dump(*columns))
    return _content(DocBin().from_bytes(file) for file in files)


def spacy_docs(data: Path, clock: Clock) -> str:
    """`Doc.char_span` for each entity, `DocBin.add` for each Doc, and `to_bytes`."""
    import spacy
    from spacy.tokens import DocBin

    vocab = spacy.blank("en").vocab
    docs = list(DocBin().from_disk(data / DOCS).get_docs(vocab))
    entities = by_document(data)
    with clock:
        made = DocBin(attrs=["ENT_IOB", "ENT_TYPE"])
        for doc, wanted in zip(docs, entities, strict=True):
            doc.ents = [doc.char_span(begin, end, label=label) for begin, end, label in wanted]
            made.add(doc)
        file = made.to_bytes()
    return _content([DocBin().from_bytes(file)])


def ours_read(data: Path, clock: Clock) -> str:
    """From files to tables."""
    from spacy.tokens import DocBin  # noqa: F401  loaded before the clock runs

    from samarkand import files
    from samarkand.formats import docbin

    found = files.tree(data / FILES)
    with clock:
        corpus = docbin.read(found, "hand/a").corpus
    entities = corpus.layers["hand/a"].entities
    columns = (entities[name].to_pylist() for name in ("doc", "begin", "end", "label"))
    return _spans(*columns)


def spacy_read(data: Path, clock: Clock) -> str:
    """`DocBin.get_docs`, and the entities of each Doc as columns."""
    import spacy
    from spacy.tokens import DocBin

    from samarkand import files

    vocab = spacy.blank("en").vocab
    found = files.tree(data / FILES)
    columns: tuple[list[Any], ...] = ([], [], [], [])
    with clock:
        for path, file in found.items():
            docs = DocBin().from_bytes(file).get_docs(vocab)
            for number, doc in enumerate(docs, 1):
                name = f"{path.removesuffix('.spacy')}-{number}"
                for ent in doc.ents:
                    columns[0].append(name)
                    columns[1].append(ent.start_char)
                    columns[2].append(ent.end_char)
                    columns[3].append(ent.label_)
    return _spans(*columns)


def _columns(data: Path) -> tuple[Any, ...]:
    """What `docbin.dump` is given."""
    import numpy as np
    import pyarrow as pa

    from samarkand.tokens import Tokens

    with np.load(data / TOKENS) as file:
        tokens = Tokens(**file)
    found = spans(data)
    label = pa.array(LABELS).take(pa.array(found["label"]))
    return texts(data), tokens, found["doc"], found["begin"], found["end"], label


def _content(bins: Iterable["DocBin"]) -> str:
    """A digest of the tokens of all documents."""
    import numpy as np

    made = list(bins)
    lengths = [len(tokens) for found in made for tokens in found.tokens]
    # As int64, so that no hash is rounded.
    tokens = np.concatenate([part for found in made for part in found.tokens]).view(np.int64)
    spaces = np.concatenate([part for found in made for part in found.spaces])
    return digest(tokens, spaces, np.array(lengths))


def _spans(doc: list[str], begin: list[int], end: list[int], label: list[str]) -> str:
    """A digest of spans, in the order of the documents' ids and of their places."""
    import numpy as np

    order = np.lexsort((np.array(begin), np.array(doc)))
    rows = order.tolist()
    places = (np.array(column)[order] for column in (begin, end))
    return digest([doc[row] for row in rows], *places, [label[row] for row in rows])

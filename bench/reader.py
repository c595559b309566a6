"""Annotated articles as Examples for spaCy's training: ours from Parquet, spaCy's from DocBin.

The articles are those of this repository, many times over: synthetic words are too easy to cut.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.common import Clock, digest

FOLDER, BIN = "reader", "reader.spacy"


def prepare(data: Path, docs: int) -> None:
    """About a twentieth as many documents, as the dataset's Parquet and as one DocBin."""
    import pyarrow as pa
    import spacy
    from spacy.tokens import DocBin

    from samarkand import configs, source
    from samarkand.build import write_parquet
    from samarkand.models import reader

    corpus, layer = source.read(Path(__file__).parents[1])
    made = configs.articles(corpus, corpus.layers[layer], {}).drop_columns(["split"])
    times = max(1, docs // 20 // len(made))
    copies = []
    for number in range(times):
        names = pa.array([f"{doc}-{number:03}" for doc in made["doc"].to_pylist()])
        copies.append(made.set_column(made.schema.get_field_index("doc"), "doc", names))
    folder = data / FOLDER / "articles"
    folder.mkdir(parents=True, exist_ok=True)
    write_parquet(
        pa.concat_tables(copies).combine_chunks().sort_by("doc"), folder / "train.parquet"
    )
    groups = {g.name: {"labels": g.labels, "flat": g.flat} for g in corpus.labels.groups}
    said = {"layer": layer, "label_schema": {"groups": groups}}
    (data / FOLDER / "manifest.json").write_text(json.dumps(said))
    found = DocBin(attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID", "ENT_ID"])
    for example in reader.corpus(data / FOLDER, graph=False)(spacy.blank("en")):
        found.add(example.reference)
    found.to_disk(data / BIN)


def ours(data: Path, clock: Clock) -> str:
    """`samarkand.Corpus.v1` of Parquet, read twice: as training and its evaluations do."""
    import spacy
    from spacy.training import Example  # noqa: F401  loaded before the clock runs

    from samarkand.models import reader

    nlp = spacy.blank("en")
    with clock:
        for _ in range(2):
            for example in reader.corpus(data / FOLDER, graph=False)(nlp):
                len(example)
    return _content(reader.corpus(data / FOLDER, graph=False)(nlp))


def spacy_corpus(data: Path, clock: Clock) -> str:
    """`spacy.Corpus.v1` of a DocBin with the same words, entities and spans, read twice."""
    import spacy
    from spacy.training import Corpus

    nlp = spacy.blank("en")
    with clock:
        for _ in range(2):
            for example in Corpus(data / BIN)(nlp):
                len(example)
    return _content(Corpus(data / BIN)(nlp))


def _content(examples: Iterable[Any]) -> str:
    """A digest of the words on both sides of each Example, of its entities, and of its spans."""
    import numpy as np

    rows = []
    for example in examples:
        words = example.predicted.to_array(["ORTH", "SPACY", "NORM"]).ravel()
        ents = example.reference.to_array(["ORTH", "ENT_IOB", "ENT_TYPE"]).ravel()
        spans = [
            (span.start, span.end, span.label)
            for name in sorted(example.reference.spans)
            for span in example.reference.spans[name]
        ]
        rows.append(np.concatenate([words, ents, np.array(spans, np.uint64).ravel()]))
    return digest(np.concatenate(rows).view(np.int64), np.array([len(row) for row in rows]))

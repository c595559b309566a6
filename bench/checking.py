"""`samarkand check` against reading the corpus that it checks."""

import datetime
from pathlib import Path
from typing import Any

from bench.common import CORPUS, Clock, peak
from bench.generate import LABELS, RELATION_LABELS, documents

LAYER = "hand/a"


def prepare(data: Path, count: int) -> None:
    """A corpus folder with everything that the checks look at: splits, dates, events, evidence."""
    import pyarrow as pa

    from samarkand import schema, store
    from samarkand.corpus import Corpus, Layer, Provenance, from_columns
    from samarkand.labels import Group, LabelSchema, RelationType

    columns: dict[str, dict[str, list[Any]]] = {
        "documents": {n: [] for n in ("doc", "text", "published", "event", "split")},
        "entities": {n: [] for n in ("doc", "id", "begin", "end", "text", "label")},
        "relations": {n: [] for n in ("doc", "id", "label", "head", "tail", "evidence")},
    }
    for row, document in enumerate(documents(count)):
        _add(columns, row, count, document)
    tables: dict[str, pa.Table] = {}
    wanted = {"documents": schema.DOCUMENTS} | schema.TABLES
    for name, values in columns.items():
        tables[name] = from_columns(wanted[name], values, len(values["doc"]))
    labels = LabelSchema(
        name="synthetic",
        version="1.0.0",
        groups=(Group("ents", LABELS, flat=True),),
        relations=tuple(RelationType(name, LABELS, LABELS) for name in RELATION_LABELS),
    )
    provenance = Provenance("hand", "ada", is_human=True, date="2026-01-01", schema="1.0.0")
    layer = Layer(LAYER, tables["entities"], tables["relations"], provenance=provenance)
    store.write(Corpus(tables["documents"], labels, layers={LAYER: layer}), data / CORPUS)


def _add(columns: dict[str, dict[str, list[Any]]], row: int, count: int, document: Any) -> None:
    """One document's rows: the newest tenth is test, the tenth before it validation."""
    split = ("train", "validation", "test")[max(0, 10 * row // count - 7)]
    published = datetime.date(2020, 1, 1) + datetime.timedelta(days=row * 1800 // count)
    told = (document.doc, document.text, published, f"event-{row}", split)
    text, begin, end = document.text, document.begin.tolist(), document.end.tolist()
    mentions = [
        (document.doc, f"T{number + 1}", a, b, text[a:b], LABELS[label])
        for number, (a, b, label) in enumerate(zip(begin, end, document.label, strict=True))
    ]
    joined = []
    pairs = zip(document.kind.tolist(), document.head.tolist(), document.tail.tolist(), strict=True)
    for number, (kind, head, tail) in enumerate(pairs, 1):
        a, b = min(begin[head], begin[tail]), max(end[head], end[tail])
        evidence = [{"begin": a, "end": b, "text": text[a:b]}]
        ends = (f"T{head + 1}", f"T{tail + 1}")
        joined.append((document.doc, f"R{number}", RELATION_LABELS[kind], *ends, evidence))
    for name, rows in (("documents", [told]), ("entities", mentions), ("relations", joined)):
        for column, values in zip(columns[name].values(), zip(*rows, strict=True), strict=True):
            column.extend(values)


def check(data: Path, clock: Clock) -> str:
    """Every check, on a corpus that is in memory. The peak counts the reading as well.

    Of the sizes, `growth` is what the peak is above the interpreter and its libraries, and `tables`
    what the Arrow tables of the corpus take.
    """
    import pandas  # as for `read`  # noqa: F401

    from samarkand import store
    from samarkand.check import check

    libraries = peak()
    corpus = store.read(data / CORPUS)
    with clock:
        findings = check(corpus)
    assert not findings, f"the synthetic corpus has a fault: {findings[0]}"
    layer = corpus.layers[LAYER]
    tables = [corpus.documents, corpus.actors, layer.entities, layer.relations, layer.stances]
    clock.sizes["growth"] = clock.peak - libraries
    clock.sizes["tables"] = sum(table.nbytes for table in tables) / 2**20
    return ""


def read(data: Path, clock: Clock) -> str:
    """Read the corpus folder."""
    import pandas  # pyarrow would import it inside the clock  # noqa: F401

    import samarkand.check  # so that both sides have the same libraries in memory  # noqa: F401
    from samarkand import store

    with clock:
        store.read(data / CORPUS)
    return ""

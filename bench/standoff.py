"""A brat folder to Parquet: documents, entities, relations."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from bench.common import BRAT, Clock, digest
from bench.generate import write_brat

TABLES = ("documents", "entities", "relations")


def prepare(data: Path, count: int) -> None:
    """The brat folder."""
    write_brat(data / BRAT, count)


def ours(data: Path, clock: Clock) -> str:
    """Read, compare every covered text, resolve every id, write three tables."""
    return _ours(data, clock, checked=False)


def ours_checked(data: Path, clock: Clock) -> str:
    """The same, and every check of `samarkand check` in between."""
    return _ours(data, clock, checked=True)


def _ours(data: Path, clock: Clock, checked: bool) -> str:
    import pandas  # pyarrow would import it inside the clock  # noqa: F401
    import pyarrow.parquet as pq

    from samarkand import files
    from samarkand.check import check
    from samarkand.formats import brat
    from samarkand.parallel import each

    out = Path(tempfile.mkdtemp(dir=data))
    with clock:
        reading = brat.read(files.tree(data / BRAT, brat.SUFFIXES), "hand/a")
        findings = check(reading.corpus) if checked else []
        layer = reading.corpus.layers["hand/a"]
        tables = dict(
            zip(TABLES, (reading.corpus.documents, layer.entities, layer.relations), strict=True)
        )

        def write(name: str) -> None:
            pq.write_table(tables[name], out / f"{name}.parquet", compression="zstd")

        each(write, TABLES)
    assert not findings, f"the synthetic corpus has a fault: {findings[0]}"
    return _flat_digest(out)


def edsnlp_columns(data: Path, clock: Clock) -> str:
    """EDS-NLP's records, without its Docs, put by hand into columns of the same three tables."""
    import edsnlp.data
    import pyarrow as pa
    import pyarrow.parquet as pq

    _hush()
    out = Path(tempfile.mkdtemp(dir=data))
    with clock:
        texts: list[tuple[str, str]] = []
        entities: list[tuple[Any, ...]] = []
        relations: list[tuple[str, ...]] = []
        for record in edsnlp.data.read_standoff(data / BRAT, converter=None):
            doc = record["doc_id"]
            texts.append((doc, record["text"]))
            for found in record["entities"]:
                text, id, [span], _, _, label = found.values()
                entities.append((doc, id, span["begin"], span["end"], text, label))
            relations += [(doc, *found.values()) for found in record["relations"]]
        columns = {
            "documents": (("doc", "text"), texts),
            "entities": (("doc", "id", "begin", "end", "text", "label"), entities),
            "relations": (("doc", "id", "label", "head", "tail"), relations),
        }
        for name, (names, rows) in columns.items():
            table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
            pq.write_table(table, out / f"{name}.parquet", compression="zstd")
    return _flat_digest(out)


def edsnlp_parquet(data: Path, clock: Clock) -> str:
    """EDS-NLP's records through its own Parquet writer: a row a document, annotations nested."""
    import edsnlp.data

    _hush()
    out = Path(tempfile.mkdtemp(dir=data))
    with clock:
        stream = edsnlp.data.read_standoff(data / BRAT, converter=None).map(_storable)
        stream.write_parquet(
            out, batch_size=2000, overwrite=True, pyarrow_write_kwargs={"compression": "zstd"}
        )
    return _nested_digest(out)


def edsnlp_docs(data: Path, clock: Clock) -> str:
    """EDS-NLP as its documentation has it: a spaCy Doc each; their entities put into columns.

    Its relations are not on the Docs, so what it gives is less and is not compared.
    """
    import edsnlp.data
    import pyarrow as pa
    import pyarrow.parquet as pq

    _hush()
    out = Path(tempfile.mkdtemp(dir=data))
    with clock:
        rows = [
            (doc._.note_id, entity.start_char, entity.end_char, entity.text, entity.label_)
            for doc in edsnlp.data.read_standoff(data / BRAT)
            for entity in doc.ents
        ]
        names = ("doc", "begin", "end", "text", "label")
        table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
        pq.write_table(table, out / "entities.parquet", compression="zstd")
    shutil.rmtree(out)
    return ""


def files_alone(data: Path, clock: Clock) -> str:
    """Read the bytes of all files, and nothing else."""
    from samarkand import files
    from samarkand.formats import brat

    with clock:
        files.tree(data / BRAT, brat.SUFFIXES)
    return ""


def _storable(record: dict[str, Any]) -> dict[str, Any]:
    """Parquet stores no struct without fields, such as EDS-NLP's empty attributes."""
    entities = [
        {key: value for key, value in found.items() if key not in ("attributes", "notes")}
        for found in record["entities"]
    ]
    return {key: record[key] for key in ("doc_id", "text", "relations")} | {"entities": entities}


def _hush() -> None:
    from loguru import logger

    logger.remove()


def _flat_digest(out: Path) -> str:
    import pyarrow.parquet as pq

    documents, entities, relations = (pq.read_table(out / f"{name}.parquet") for name in TABLES)
    shutil.rmtree(out)
    return _digest(
        documents.select(["doc", "text"]),
        entities.select(["doc", "id", "begin", "end", "text", "label"]),
        relations.select(["doc", "id", "label", "head", "tail"]),
    )


def _nested_digest(out: Path) -> str:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(out).combine_chunks()
    shutil.rmtree(out)
    doc = table["doc_id"].combine_chunks()
    columns: dict[str, dict[str, Any]] = {}
    for name in ("entities", "relations"):
        lists = table[name].combine_chunks()
        row = np.repeat(np.arange(len(doc)), lists.value_lengths().to_numpy())
        flat = lists.flatten()
        columns[name] = {"doc": doc.take(pa.array(row))}
        columns[name] |= {field.name: flat.field(field.name) for field in flat.type}
    spans = columns["entities"].pop("fragments").flatten()
    columns["entities"] |= {"begin": spans.field("begin"), "end": spans.field("end")}
    return _digest(
        pa.table({"doc": doc, "text": table["text"]}),
        pa.table(columns["entities"]).select(["doc", "entity_id", "begin", "end", "text", "label"]),
        pa.table(columns["relations"]).select(
            ["doc", "relation_id", "relation_label", "from_entity_id", "to_entity_id"]
        ),
    )


def _digest(*tables: Any) -> str:
    """Of tables with their first columns doc and id, rows in any order."""
    parts = []
    for table in tables:
        order = [(name, "ascending") for name in table.column_names[:2]]
        for column in table.sort_by(order).columns:
            kept = column.to_pylist()
            parts.append([str(value) for value in kept])
    return digest(*parts)

"""A file of doccano's server to Parquet: documents, entities, relations."""

import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.common import Clock, digest
from bench.generate import LABELS, RELATION_LABELS, documents

EXPORT, OWN = "doccano/all.jsonl", "doccano-own/annotations.jsonl"
COLUMNS = {
    "documents": ("doc", "text"),
    "entities": ("doc", "id", "begin", "end", "label"),
    "relations": ("doc", "id", "label", "head", "tail"),
}


def prepare(data: Path, count: int) -> None:
    """What the server exports, and what we write of the same."""
    from samarkand.formats import doccano

    path = data / EXPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        entities = relations = 0
        for number, document in enumerate(documents(count), 1):
            row = _row(number, document, entities, relations)
            entities, relations = entities + len(row["entities"]), relations + len(row["relations"])
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    reading = doccano.read({path.name: path.read_bytes()}, "hand/a")
    own = data / OWN
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(doccano.write(reading.corpus, "hand/a")[own.name])


def _row(number: int, document: Any, entities: int, relations: int) -> dict[str, Any]:
    """A line of the server: the ids of its spans and relations follow those of the lines before."""
    places = zip(document.begin.tolist(), document.end.tolist(), document.label, strict=True)
    pairs = zip(document.kind, document.head.tolist(), document.tail.tolist(), strict=True)
    first = entities + 1
    return {
        "id": number,
        "text": document.text,
        "entities": [
            {"id": id, "label": LABELS[label], "start_offset": begin, "end_offset": end}
            for id, (begin, end, label) in enumerate(places, first)
        ],
        "relations": [
            {"id": id, "from_id": first + a, "to_id": first + b, "type": RELATION_LABELS[kind]}
            for id, (kind, a, b) in enumerate(pairs, relations + 1)
        ],
        "Comments": [],
    }


def ours(data: Path, clock: Clock) -> str:
    """Read, check every offset, resolve every id, cut out what is covered, write three tables."""
    return _ours(data / EXPORT, clock)


def ours_own(data: Path, clock: Clock) -> str:
    """The same of a file that we wrote: every text's hash, and what the key says, besides."""
    return _ours(data / OWN, clock)


def _ours(path: Path, clock: Clock) -> str:
    import pandas  # pyarrow would import it inside the clock  # noqa: F401
    import pyarrow.parquet as pq

    from samarkand.formats import doccano

    out = Path(tempfile.mkdtemp(dir=path.parents[1]))

    def write(name: str, table: Any) -> None:
        words = [name for name in ("doc", "label") if name in table.column_names]
        pq.write_table(table, out / f"{name}.parquet", compression="zstd", use_dictionary=words)

    with clock:
        corpus = doccano.read({path.name: path.read_bytes()}, "hand/a").corpus
        layer = corpus.layers["hand/a"]
        tables = (corpus.documents, layer.entities, layer.relations)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, COLUMNS, tables))
    return _digest(out)


def datasets_map(data: Path, clock: Clock) -> str:
    """`load_dataset("json")`, and the lists put into rows by `Dataset.map` in batches."""
    import datasets

    datasets.disable_progress_bars()
    out = Path(tempfile.mkdtemp(dir=data))
    with clock:
        loaded = datasets.load_dataset(
            "json", data_files=str(data / EXPORT), split="train", cache_dir=str(out / "cache")
        )
        tables = {
            "documents": loaded.select_columns(["id", "text"]).rename_column("id", "doc"),
            "entities": loaded.map(_entities, batched=True, remove_columns=loaded.column_names),
            "relations": loaded.map(_relations, batched=True, remove_columns=loaded.column_names),
        }
        for name, table in tables.items():
            table.to_parquet(out / f"{name}.parquet")
    return _digest(out)


def _entities(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    rows = [
        (doc, span["id"], span["start_offset"], span["end_offset"], span["label"],
         text[span["start_offset"] : span["end_offset"]])
        for doc, text, spans in zip(batch["id"], batch["text"], batch["entities"], strict=True)
        for span in spans
    ]  # fmt: skip
    names = (*COLUMNS["entities"], "text")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _relations(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    rows = [
        (doc, link["id"], link["type"], link["from_id"], link["to_id"])
        for doc, links in zip(batch["id"], batch["relations"], strict=True)
        for link in links
    ]
    names = COLUMNS["relations"]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def bare(data: Path, clock: Clock) -> str:
    """pyarrow's JSON reader, told the types, and its Parquet writer: nested, nothing checked."""
    import pandas  # as for ours  # noqa: F401
    import pyarrow as pa
    import pyarrow.json
    import pyarrow.parquet as pq

    number, string = pa.int64(), pa.string()
    span = {"id": number, "label": string, "start_offset": number, "end_offset": number}
    link = {"id": number, "from_id": number, "to_id": number, "type": string}
    lists = {"entities": span, "relations": link, "Comments": {"id": number, "comment": string}}
    types = {"id": number, "text": string}
    types |= {name: pa.list_(pa.struct(list(of.items()))) for name, of in lists.items()}
    options = pa.json.ParseOptions(explicit_schema=pa.schema(list(types.items())))
    out = Path(tempfile.mkdtemp(dir=data))
    with clock:
        table = pa.json.read_json(str(data / EXPORT), parse_options=options)
        pq.write_table(table, out / "all.parquet", compression="zstd")
    shutil.rmtree(out)
    return ""


def _digest(out: Path) -> str:
    """Of the three tables, their rows in the order of their ids."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    parts = []
    for name, columns in COLUMNS.items():
        table = pq.read_table(out / f"{name}.parquet", columns=list(columns))
        key = "doc" if name == "documents" else "id"  # the server's ids are of the whole file
        rows = pc.sort_indices(table[key].cast("int64"))
        parts += [list(map(str, table[column].take(rows).to_pylist())) for column in columns]
    shutil.rmtree(out)
    return digest(*parts)

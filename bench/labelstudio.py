"""A Label Studio export to tables: documents, entities, relations."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import Clock, digest
from bench.generate import LABELS, RELATION_LABELS, SEED, Document, documents

EXPORT = "export.json"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
STAMP = "2026-03-01T14:51:55.388658Z"


def prepare(data: Path, count: int) -> None:
    """An export as Label Studio 1.23 writes it: on one line, each task with all of its keys."""
    chance = random.Random(SEED)
    with (data / EXPORT).open("w", encoding="utf-8") as file:
        for number, document in enumerate(documents(count), 1):
            file.write("," if number > 1 else "[")
            task = _task(document, number, chance)
            json.dump(task, file, ensure_ascii=False, separators=(",", ":"))
        file.write("]")


def _task(document: Document, number: int, chance: random.Random) -> dict[str, Any]:
    annotation = {
        "id": number, "completed_by": 1, "result": _results(document, chance),
        "was_cancelled": False, "ground_truth": False, "created_at": STAMP, "updated_at": STAMP,
        "draft_created_at": STAMP, "lead_time": 284.836, "prediction": {}, "result_count": 0,
        "unique_id": f"a6964ff4-f062-4437-90ee-{number:012}", "import_id": None,
        "last_action": None, "bulk_created": False, "task": number, "project": 1, "updated_by": 1,
        "parent_prediction": None, "parent_annotation": None, "last_created_by": None,
    }  # fmt: skip
    return {
        "id": number, "annotations": [annotation], "file_upload": "80ab6e48-tasks.json",
        "drafts": [], "predictions": [], "data": {"text": document.text}, "meta": {},
        "created_at": STAMP, "updated_at": STAMP, "allow_skip": True, "inner_id": number,
        "total_annotations": 1, "cancelled_annotations": 0, "total_predictions": 0,
        "comment_count": 0, "unresolved_comment_count": 0, "last_comment_updated_at": None,
        "project": 1, "updated_by": 1, "comment_authors": [],
    }  # fmt: skip


def _results(document: Document, chance: random.Random) -> list[dict[str, Any]]:
    """Labels and relations; regions are in no order, as people make them."""
    ids = ["".join(chance.choices(LETTERS, k=10)) for _ in document.begin]
    spans = (document.begin.tolist(), document.end.tolist(), document.label.tolist(), ids)
    results: list[dict[str, Any]] = []
    for begin, end, label, id in zip(*spans, strict=True):
        covered = document.text[begin:end]
        value = {"start": begin, "end": end, "text": covered, "labels": [LABELS[label]]}
        control = {"from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}
        results.append({"value": value, "id": id} | control)
    chance.shuffle(results)
    pairs = (document.head.tolist(), document.tail.tolist(), document.kind.tolist())
    for head, tail, kind in zip(*pairs, strict=True):
        ends = {"from_id": ids[head], "to_id": ids[tail], "type": "relation", "direction": "right"}
        results.append(ends | {"labels": [RELATION_LABELS[kind]]})
    return results


def ours(data: Path, clock: Clock) -> str:
    """Read the file, compare every covered text, resolve every id."""
    import pandas  # pyarrow would import it inside the clock  # noqa: F401

    from samarkand.formats import labelstudio

    with clock:
        files = {EXPORT: (data / EXPORT).read_bytes()}
        corpus = labelstudio.read(files, "hand/a").corpus
    layer = corpus.layers["hand/a"]
    return _digest(corpus.documents, layer.entities, layer.relations)


def json_load(data: Path, clock: Clock) -> str:
    """`json.load`, and loops that put what is there into lists; nothing is compared."""
    import pandas  # noqa: F401
    import pyarrow as pa

    with clock:
        with (data / EXPORT).open(encoding="utf-8") as file:
            tasks = json.load(file)
        documents: dict[str, list[str]] = {"doc": [], "text": []}
        names = ("doc", "id", "begin", "end", "text", "label")
        entities: dict[str, list[Any]] = {name: [] for name in names}
        relations: dict[str, list[str]] = {name: [] for name in ("doc", "label", "head", "tail")}
        for task in tasks:
            doc = str(task["id"])
            documents["doc"].append(doc)
            documents["text"].append(task["data"]["text"])
            for result in task["annotations"][0]["result"]:
                if result["type"] == "labels":
                    value = result["value"]
                    entities["doc"].append(doc)
                    entities["id"].append(result["id"])
                    entities["begin"].append(value["start"])
                    entities["end"].append(value["end"])
                    entities["text"].append(value["text"])
                    entities["label"].append(value["labels"][0])
                elif result["type"] == "relation":
                    relations["doc"].append(doc)
                    relations["label"].append(result["labels"][0])
                    relations["head"].append(result["from_id"])
                    relations["tail"].append(result["to_id"])
        tables = [pa.table(columns) for columns in (documents, entities, relations)]
    return _digest(*tables)


def _digest(documents: Any, entities: Any, relations: Any) -> str:
    """Of the same columns, rows in any order."""
    parts: list[Any] = []
    for table, names in (
        (documents, ("doc", "text")),
        (entities, ("doc", "id", "begin", "end", "text", "label")),
        (relations, ("doc", "head", "tail", "label")),
    ):
        ordered = table.select(names).sort_by([(name, "ascending") for name in names])
        for column in ordered.columns:
            values = column.to_pylist()
            whole = values and isinstance(values[0], int)
            parts.append(np.array(values, np.int64) if whole else values)
    return digest(*parts)

"""Prodigy's tasks from tables: tokens, and the spans and relations that point to them."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from samarkand import lines, tokens
from samarkand.corpus import Corpus, Layer, doc_codes
from samarkand.formats.prodigy import documents
from samarkand.formats.prodigy.task import OWN, Own


def tasks(corpus: Corpus, layer: str) -> list[dict[str, Any]]:
    """A task for each document. What its spans and relations cannot say is in its own key."""
    rows = corpus.documents.to_pylist()
    parts = _parts(corpus.documents, corpus.layers[layer])
    found = tokens.tokenize(corpus.documents["text"])
    edges = np.searchsorted(found.doc, np.arange(len(rows) + 1)).tolist()
    begin, end = found.begin.tolist(), found.end.tolist()
    made = []
    for row, own, first, last in zip(rows, parts, edges[:-1], edges[1:], strict=True):
        words = list(zip(begin[first:last], end[first:last], strict=True))
        made.append(_task(row, own, words))
    return made


def _parts(table: pa.Table, layer: Layer) -> list[dict[str, list[Any]]]:
    """The lines of each document, by table."""
    found: list[dict[str, list[Any]]] = [
        {"entities": [], "relations": [], "stances": []} for _ in range(len(table))
    ]
    for name in lines.KINDS:
        rows = layer.table(name)
        docs = doc_codes(table, rows["doc"]).tolist()
        for doc, line in zip(docs, lines.from_table(name, rows), strict=True):
            found[doc][name].append(line)
    return found


def _task(
    row: Mapping[str, Any], parts: Mapping[str, list[Any]], words: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    text: str = row["text"]
    edges = [(line.begin, line.end) for line in parts["entities"]]
    cut = tokenize(text, words, edges)
    first = {token["start"]: token["id"] for token in cut}
    last = {token["end"]: token["id"] for token in cut}
    spans = {
        line.entity: {
            "start": line.begin,
            "end": line.end,
            "token_start": first[line.begin],
            "token_end": last[line.end],
            "label": line.label,
        }
        for line in parts["entities"]
    }
    task: dict[str, Any] = {"text": text, "tokens": cut}
    task["spans"] = [{"text": text[s["start"] : s["end"]]} | s for s in spans.values()]
    if parts["relations"]:
        task["relations"] = [
            {
                "head": spans[line.head]["token_end"],
                "child": spans[line.tail]["token_end"],
                "head_span": spans[line.head],
                "child_span": spans[line.tail],
                "label": line.label,
            }
            for line in parts["relations"]
        ]
    if meta := documents.meta(row):
        task["meta"] = meta
    own = Own(row["doc"], row["split"], row["sha256"], **parts)
    return task | {"answer": "accept", OWN: own}


def tokenize(
    text: str, words: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Tokens as Prodigy has them, from spaCy's words: cut where a span begins or ends within one.

    As in spaCy, one space behind a token is not a token but its `ws`; all other white space is.
    A space is a token where a span begins with it or ends with it.
    """
    begins, ends = {begin for begin, _ in spans}, {end for _, end in spans}
    cuts = sorted(begins | ends)
    found: list[dict[str, Any]] = []

    def add(begin: int, end: int) -> None:
        inner = cuts[bisect_left(cuts, begin + 1) : bisect_left(cuts, end)]
        for a, b in zip([begin, *inner], [*inner, end], strict=True):
            found.append({"text": text[a:b], "start": a, "end": b, "id": len(found), "ws": False})

    at = 0
    for begin, end in [*words, (len(text), len(text))]:
        if at < begin and found and text[at] == " " and at not in begins and at + 1 not in ends:
            found[-1]["ws"] = True
            at += 1
        if at < begin:
            add(at, begin)
        if begin < end:
            add(begin, end)
        at = end
    return found

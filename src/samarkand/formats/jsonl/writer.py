"""Documents as JSON, straight from columns: see `samarkand.encode`."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from samarkand import schema
from samarkand.corpus import Layer, doc_codes
from samarkand.encode import annotations, joined, member, objects
from samarkand.text import Ints


def documents_of(documents: pa.Table, layer: Layer, block: int) -> Iterator[bytes]:
    """The line of each document, with its end. `block` is how many are worked on at once."""
    edges: dict[str, Ints] = {}
    for name in schema.TABLES:
        docs = doc_codes(documents, layer.table(name)["doc"])
        edges[name] = np.searchsorted(docs, np.arange(len(documents) + 1))
    for start in range(0, len(documents), block):
        chosen = documents.slice(start, block)
        members = [member(chosen, field.name, field) for field in schema.DOCUMENTS]
        for name, all_edges in edges.items():
            cut = all_edges[start : start + len(chosen) + 1]
            rows = layer.table(name).slice(cut[0], cut[-1] - cut[0])
            members.append((name, joined("[", cut - cut[0], annotations(name, rows), "]")))
        for line in objects(members).to_pylist():
            yield f"{line}\n".encode()

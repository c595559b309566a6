"""What a model found, as a table of entities."""

from collections.abc import Iterable

import pyarrow as pa

from samarkand import schema
from samarkand.corpus import Corpus, table

#: An entity that a model finds: begin and end in code points, label, score from 0 to 1 or None.
Found = tuple[int, int, str, float | None]


def entities(corpus: Corpus, found: Iterable[Iterable[Found]]) -> pa.Table:
    """A table of what was found in each document; ids count from T1 in each.

    White space at the edges is no part of a mention: some tokenisers make tokens of it, and models
    take them in. What has nothing else is no mention, and the same one is not said twice.
    """
    rows = []
    columns = (corpus.documents[name].to_pylist() for name in ("doc", "text"))
    for doc, text, spans in zip(*columns, found, strict=True):
        once: dict[tuple[int, int, str], float | None] = {}
        for begin, end, label, score in spans:
            covered = text[begin:end]
            low = begin + len(covered) - len(covered.lstrip())
            high = low + len(covered.strip())
            if low < high:
                once.setdefault((low, high, label), score)
        for number, ((begin, end, label), score) in enumerate(once.items(), 1):
            place = {"doc": doc, "id": f"T{number}", "begin": begin, "end": end}
            rows.append(place | {"text": text[begin:end], "label": label, "score": score})
    return table(schema.ENTITIES, rows)

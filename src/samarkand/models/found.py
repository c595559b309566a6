"""What a model found, as a table of entities."""

from collections.abc import Iterable

import pyarrow as pa

from samarkand import schema
from samarkand.corpus import Corpus, table

#: An entity that a model finds: begin and end in code points, label, score from 0 to 1 or None.
Found = tuple[int, int, str, float | None]


def entities(corpus: Corpus, found: Iterable[Iterable[Found]]) -> pa.Table:
    """A table of what was found in each document; ids count from T1 in each."""
    rows = []
    columns = (corpus.documents[name].to_pylist() for name in ("doc", "text"))
    for doc, text, spans in zip(*columns, found, strict=True):
        for number, (begin, end, label, score) in enumerate(spans, 1):
            place = {"doc": doc, "id": f"T{number}", "begin": begin, "end": end}
            rows.append(place | {"text": text[begin:end], "label": label, "score": score})
    return table(schema.ENTITIES, rows)

"""The lines that have our key, some at a time, each merged with what its key says."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from samarkand.errors import Problem
from samarkand.formats.doccano import keys
from samarkand.formats.doccano.made import Made, Merge
from samarkand.formats.doccano.match import Row
from samarkand.formats.doccano.merge import merge
from samarkand.formats.doccano.parsing import Numbers, Part
from samarkand.formats.doccano.placing import Given
from samarkand.formats.doccano.words import About

#: How many lines are objects at a time: they take many times what columns take.
_ROWS = 500


def merged(
    given: Given,
    abouts: dict[int, About],
    problems: list[Problem],
    unread: Counter[str],
    quick: bool,
) -> Iterator[Made]:
    """The annotations of these lines; what their keys say about documents goes to `abouts`."""
    rows = np.flatnonzero(given.keyed)
    for at in range(0, len(rows), _ROWS):
        made = Made()
        for now in _lines(given, rows[at : at + _ROWS], made, problems, unread):
            abouts[now.doc] = now.key.about
            merge(now, quick)
        yield made


def _lines(
    given: Given, rows: Numbers, made: Made, problems: list[Problem], unread: Counter[str]
) -> Iterator[Merge]:
    """Lines and their keys; keys with a fault go to `problems`."""

    def fault(row: int, message: str) -> None:
        problems.append(Problem(*given.where(row), message))

    chosen = pa.array(rows)
    said = given.columns.key.take(chosen).cast(pa.binary()).to_pylist()
    texts = given.columns.text.take(chosen).to_pylist()
    spans, links = given.columns.spans, given.columns.links
    of_spans = _lists(spans, rows, spans.id, spans.a, spans.b, spans.label, given.begin, given.end)
    of_links = _lists(links, rows, links.id, given.head, given.tail, links.label)
    found = zip(rows.tolist(), keys.read(said, texts), texts, of_spans, of_links, strict=True)
    for row, key, text, (first, (id, a, b, label, begin, end)), (_, link) in found:
        if isinstance(key, str):
            fault(row, key)
            continue
        link_id, head, tail, type = link
        ends = [at - first for at in head], [at - first for at in tail]
        now = Row(id, a, b, label, link_id, *ends, type)
        yield Merge(row, text, now, begin, end, key, made, unread, partial(fault, row))


def _lists(
    part: Part, rows: Numbers, *columns: Numbers | pa.Array
) -> Iterator[tuple[int, list[list[Any]]]]:
    """The columns of each of the lines, and where they begin."""
    lines = rows.astype(part.row.dtype)  # of one type, or all would be converted
    starts = np.searchsorted(part.row, lines, "left").tolist()
    stops = np.searchsorted(part.row, lines, "right").tolist()
    low, high = starts[0], stops[-1]
    listed = [column[low:high].tolist() for column in columns]
    for start, stop in zip(starts, stops, strict=True):
        yield start, [each[start - low : stop - low] for each in listed]

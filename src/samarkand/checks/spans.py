"""Checks of spans: whether they lie in their text, cover what they say, and keep apart."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import text
from samarkand.checks.view import Fault, LayerView, Spans, View, codes, rows_of, runs, show
from samarkand.labels import Group
from samarkand.text import Ints, Mask, whole
from samarkand.words import count

#: Covered texts are compared this many spans at a time, to bound the memory that it takes.
BLOCK = 1 << 16


def span_outside_text(view: View) -> Iterator[Fault]:
    """A span that begins before the document's text or ends behind it."""
    lengths = text.lengths(view.index)
    for spans in view.all_spans():
        length = _lengths(view, spans)
        low, high = np.minimum(spans.begin, spans.end), np.maximum(spans.begin, spans.end)
        for at in rows_of(view.known(spans.doc) & ((low < 0) | (high > length))):
            long = count(int(lengths[spans.doc[at]]), "character")
            yield spans.fault(
                at, f"{spans.name(at)} is at {_place(spans, at)}, but the text has {long}. "
                "Was the text edited after annotation?",
            )  # fmt: skip


def empty_span(view: View) -> Iterator[Fault]:
    """A span that covers nothing, or that ends before it begins."""
    for spans in view.all_spans():
        for at in rows_of(spans.end <= spans.begin):
            equal = spans.end[at] == spans.begin[at]
            fault = "covers nothing" if equal else "ends before it begins"
            yield spans.fault(at, f"{spans.name(at)} is at {_place(spans, at)}: it {fault}")


def span_edge_whitespace(view: View) -> Iterator[Fault]:
    """A span whose recorded text begins or ends with white space."""
    for spans in view.all_spans():
        trimmed = pc.utf8_trim_whitespace(spans.text)
        for at in rows_of(pc.not_equal(spans.text, trimmed)):
            said = spans.text[at].as_py()
            yield spans.fault(
                at, f"{spans.name(at)} covers {show(said)}, with white space at its edge; "
                f"wanted {show(said.strip())}",
            )  # fmt: skip


def covered_text_differs(view: View) -> Iterator[Fault]:
    """A span whose recorded text is not what it covers (fragments are joined by one space)."""
    for spans in view.all_spans():
        rows = np.flatnonzero(_sound(view, spans))
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            begin, end = spans.begin[block], spans.end[block]
            covered = text.cover(view.index, spans.doc[block], begin, end)
            same = pc.equal(covered, spans.text.take(pa.array(block)))
            for at in rows_of(pc.invert(same)):
                yield _differs(spans, int(block[at]), covered[at].as_py())
    for layer in view.layers:
        yield from _joined(_fragments(layer))


def _differs(spans: Spans, at: int, covered: str) -> Fault:
    said = spans.text[at].as_py()
    return spans.fault(
        at, f"{spans.name(at)} says {show(said)} but {_place(spans, at)} of the text is "
        f"{show(covered)}. Was the text edited after annotation?",
    )  # fmt: skip


def _joined(fragments: Spans) -> Iterator[Fault]:
    """Discontinuous mentions whose text is not that of their fragments, joined."""
    if not len(fragments.row):
        return
    rows, starts = np.unique(fragments.row, return_index=True)
    offsets = pa.array(np.append(starts, len(fragments.row)).astype(np.int32))
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, fragments.text), " ")
    said = whole(fragments.rows.table["text"]).take(pa.array(rows))
    for at in rows_of(pc.not_equal(said, joined)):
        row = int(rows[at])
        yield fragments.rows.fault(
            row, f"{fragments.rows.value('id', row)} says {show(said[at].as_py())} but its "
            f"fragments, joined by a space, say {show(joined[at].as_py())}",
        )  # fmt: skip


def fragments_order(view: View) -> Iterator[Fault]:
    """Fragments that are fewer than two, unsorted or overlapping, or not as long as the mention."""
    for layer in view.layers:
        pieces = _fragments(layer)
        table = pieces.rows.table
        sizes = pc.list_value_length(table["fragments"])
        for row in rows_of(pc.less(sizes, 2).fill_null(False)):
            yield pieces.rows.fault(
                row, f"{pieces.rows.value('id', row)} has fewer than two fragments; "
                "leave 'fragments' out for a mention in one piece",
            )  # fmt: skip
        if not len(pieces.row):
            continue
        apart = np.diff(pieces.row) > 0
        jumbled = ~apart & (pieces.begin[1:] < pieces.end[:-1])
        for row in np.unique(pieces.row[1:][jumbled]).tolist():
            yield pieces.rows.fault(
                row, f"the fragments of {pieces.rows.value('id', row)} overlap or are not in the "
                "order of the text",
            )  # fmt: skip
        first = runs(pieces.row)
        last = np.append(first[1:], len(pieces.row)) - 1
        rows, begin, end = pieces.row[first], pieces.begin[first], pieces.end[last]
        off = (table["begin"].to_numpy()[rows] != begin) | (table["end"].to_numpy()[rows] != end)
        for at in rows_of(off):
            row = int(rows[at])
            id, low, high = (pieces.rows.value(name, row) for name in ("id", "begin", "end"))
            yield pieces.rows.fault(
                row, f"{id} is at {low}-{high}, but its fragments run from {begin[at]} to {end[at]}"
            )


def overlap_in_flat_group(view: View) -> Iterator[Fault]:
    """Two mentions of one flat group that cross, or of which one lies in the other."""
    for layer in view.layers:
        for group in view.corpus.labels.groups:
            if group.flat:
                yield from _overlaps(view, layer, group)


def _overlaps(view: View, layer: LayerView, group: Group) -> Iterator[Fault]:
    """One fault for each mention that overlaps the one before it that reaches furthest."""
    rows = layer.tables["entities"]
    label = codes(rows.table["label"], group.labels)
    parts = [s for s in layer.spans if s.rows is rows]
    kept = [np.flatnonzero(_sound(view, s) & (label[s.row] >= 0)) for s in parts]
    row = np.concatenate([s.row[k] for s, k in zip(parts, kept, strict=True)])
    start = [view.index.points[s.doc[k]] for s, k in zip(parts, kept, strict=True)]
    begin = np.concatenate([p + s.begin[k] for p, s, k in zip(start, parts, kept, strict=True)])
    end = np.concatenate([p + s.end[k] for p, s, k in zip(start, parts, kept, strict=True)])
    order = np.lexsort((row, end, begin))
    row, begin, end = row[order], begin[order], end[order]
    before, at = _furthest_before(begin, end)
    twice = (begin[at] == begin[before]) & (end[at] == end[before])
    twice &= label[row[at]] == label[row[before]]  # duplicate-annotation says so
    different = (row[at] != row[before]) & ~twice
    pairs = np.stack([row[at][different], row[before][different]], axis=1)
    for mine, other in np.unique(pairs, axis=0).tolist():
        yield rows.fault(
            mine, f"{_mention(layer, mine)} overlaps {_mention(layer, other)}; mentions of the "
            f"group '{group.name}' may not overlap",
        )  # fmt: skip


def _furthest_before(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """For spans by begin: the earlier span that reaches furthest, where it overlaps, and which."""
    if not len(begin):
        return begin, begin
    reach = np.maximum.accumulate(end)
    grows = np.concatenate([[True], end[1:] > reach[:-1]])
    holder = np.maximum.accumulate(np.where(grows, np.arange(len(end)), 0))
    at = np.flatnonzero(begin[1:] < reach[:-1]) + 1
    return holder[at - 1], at


def _mention(layer: LayerView, row: int) -> str:
    rows = layer.tables["entities"]
    id, label, begin, end = (rows.value(name, row) for name in ("id", "label", "begin", "end"))
    return f"{id} ({label}, {begin}-{end})"


def _fragments(layer: LayerView) -> Spans:
    return next(spans for spans in layer.spans if spans.column == "fragments")


def _lengths(view: View, spans: Spans) -> Ints:
    """The length of each span's text; 0 where the document is unknown."""
    return np.append(text.lengths(view.index), 0)[np.minimum(spans.doc, len(view.index))]


def _sound(view: View, spans: Spans) -> Mask:
    """Which spans lie in their text and cover something."""
    inside = (spans.begin >= 0) & (spans.begin < spans.end)
    return view.known(spans.doc) & inside & (spans.end <= _lengths(view, spans))


def _place(spans: Spans, at: int) -> str:
    return f"{spans.begin[at]}-{spans.end[at]}"

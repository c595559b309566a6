"""doccano's lines as the tables of a layer.

Lines without our key stay columns from beginning to end. Those with it are taken together with what
the key says, a document at a time (see `doccano/merge`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines, schema, text
from samarkand.corpus import from_columns
from samarkand.errors import Problem
from samarkand.formats.doccano.keyed import merged
from samarkand.formats.doccano.made import Made, Place
from samarkand.formats.doccano.parsing import Numbers
from samarkand.formats.doccano.placing import Given, taken
from samarkand.formats.doccano.words import About, More, MoreOfRelation
from samarkand.text import TextIndex

T = TypeVar("T", "Entities", "Relations")

#: How many spans' covered text is cut out at a time, to bound the memory that it takes.
_SPANS = 1 << 16


@dataclass(frozen=True)
class Entities:
    """Mentions in columns; `doc` counts documents. `pieces` and `more` are by row, of a few."""

    doc: Numbers
    id: pa.Array
    begin: Numbers
    end: Numbers
    label: pa.Array
    pieces: Mapping[int, Sequence[Place]]
    more: Mapping[int, More]


@dataclass(frozen=True)
class Relations:
    """Relations in columns, likewise."""

    doc: Numbers
    id: pa.Array
    head: pa.Array
    tail: pa.Array
    label: pa.Array
    more: Mapping[int, MoreOfRelation]


def tables(
    given: Given, problems: list[Problem], unread: Counter[str], quick: bool
) -> tuple[dict[str, pa.Table], dict[int, About]]:
    """Entities, relations and stances, by name; and what the keys say about documents, by row.

    What the annotator did wrong goes to `problems`. `quick=False` merges every line with its key as
    if it had been edited, to the same result.
    """
    entities, relations = [_plain_entities(given)], [_plain_relations(given)]
    stance_doc: list[int] = []
    stances: list[lines.Stance] = []
    abouts: dict[int, About] = {}
    for made in merged(given, abouts, problems, unread, quick):
        entities.append(_made_entities(made))
        relations.append(_made_relations(made))
        stance_doc += made.stance_doc
        stances += made.stances
    if problems:
        return {}, abouts
    docs = given.docs.take(pa.array(stance_doc, pa.int64()))
    found = {
        "entities": _entities(given, _joined(entities)),
        "relations": _relations(given, _joined(relations)),
        "stances": lines.to_table("stances", docs, stances),
    }
    return found, abouts


def _plain_entities(given: Given) -> Entities:
    """The spans of the lines that have no key."""
    spans, begin, end = given.columns.spans, given.begin, given.end
    if given.keyed.any():
        own = np.flatnonzero(~given.keyed[spans.row])
        spans, begin, end = taken(spans, own), begin[own], end[own]
    id = pa.array(spans.id).cast(pa.string())
    return Entities(spans.row, id, begin, end, spans.label, {}, {})


def _plain_relations(given: Given) -> Relations:
    links = given.columns.links
    if given.keyed.any():
        links = taken(links, np.flatnonzero(~given.keyed[links.row]))
    id, head, tail = (pa.array(each).cast(pa.string()) for each in (links.id, links.a, links.b))
    return Relations(links.row, id, head, tail, links.label, {})


def _made_entities(made: Made) -> Entities:
    doc, begin, end = (np.array(each, np.int32) for each in (made.doc, made.begin, made.end))
    return Entities(
        doc, _strings(made.id), begin, end, _strings(made.label), made.pieces, made.more
    )


def _made_relations(made: Made) -> Relations:
    doc = np.array(made.relation_doc, np.int32)
    head, tail = _strings(made.head), _strings(made.tail)
    more = made.more_of_relation
    return Relations(doc, _strings(made.relation_id), head, tail, _strings(made.type), more)


def _joined(parts: list[T]) -> T:
    """Columns of several parts as one."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(vars(part)["doc"]) for part in parts)]).tolist()
    columns: dict[str, Any] = {}
    for name, first in vars(parts[0]).items():
        each = [vars(part)[name] for part in parts]
        if isinstance(first, pa.Array):
            columns[name] = pa.concat_arrays(each)
        elif isinstance(first, np.ndarray):
            columns[name] = np.concatenate(each)
        else:
            columns[name] = {
                row + start: value
                for start, one in zip(starts, each, strict=False)
                for row, value in one.items()
            }
    return type(parts[0])(**columns)


def _entities(given: Given, found: Entities) -> pa.Table:
    doc, begin, end, id, label = found.doc, found.begin, found.end, found.id, found.label
    pieces, more = found.pieces, found.more
    if not _in_order(doc, begin, end):  # canonical but for ties, so that the layer need not sort
        order = np.lexsort((end, begin, doc))
        doc, begin, end = doc[order], begin[order], end[order]
        id, label = id.take(pa.array(order)), label.take(pa.array(order))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        pieces = {int(place[at]): one for at, one in pieces.items()}
        more = {int(place[at]): one for at, one in more.items()}
    covered, fragments = _covered(given.ix, doc, begin, end, pieces)
    columns = {
        "doc": given.docs.take(pa.array(doc)),
        "id": id, "begin": begin, "end": end, "text": covered, "fragments": fragments,
        "label": label, "actor": _sparse(more, "actor", len(doc)),
        "score": _sparse(more, "score", len(doc)), "attributes": _attributes(more, len(doc)),
    }  # fmt: skip
    return from_columns(schema.ENTITIES, columns, len(doc))


def _in_order(doc: Numbers, begin: Numbers, end: Numbers) -> bool:
    """Whether spans are sorted by document, begin and end. A stretch at a time: it takes less."""
    for at in range(0, len(doc), _SPANS):
        here = slice(at, at + _SPANS + 1)
        steps = [np.diff(column[here]) for column in (doc, begin, end)]
        ahead = (steps[1] > 0) | (steps[1] == 0) & (steps[2] >= 0)
        if not ((steps[0] > 0) | (steps[0] == 0) & ahead).all():
            return False
    return True


def _covered(
    ix: TextIndex, doc: Numbers, begin: Numbers, end: Numbers, pieces: Mapping[int, Sequence[Place]]
) -> tuple[pa.Array, pa.Array | None]:
    """The text that each entity covers, and the pieces of those that have several."""
    parts = [pa.array([], pa.string())]
    for at in range(0, len(doc), _SPANS):
        here = slice(at, at + _SPANS)
        parts.append(text.cover(ix, doc[here], begin[here], end[here]))
    covered = pa.concat_arrays(parts)
    if not pieces:
        return covered, None
    rows = sorted(pieces)
    flat = [(doc[row], *piece) for row in rows for piece in pieces[row]]
    where = [np.array(column, np.int64) for column in zip(*flat, strict=True)]
    said = iter(text.cover(ix, *where).to_pylist())
    fragments: list[list[lines.Span] | None] = [None] * len(doc)
    joined = []
    for row in rows:
        spans = [lines.Span(*piece, next(said)) for piece in pieces[row]]
        fragments[row] = spans
        joined.append(" ".join(span.text for span in spans))
    mask = np.zeros(len(doc), np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(covered, mask, _strings(joined)), lines.spans(fragments)


def _relations(given: Given, found: Relations) -> pa.Table:
    rows, more = len(found.doc), found.more
    evidence = [more[row].evidence if row in more else [] for row in range(rows if more else 0)]
    columns = {
        "doc": given.docs.take(pa.array(found.doc)),
        "id": found.id, "label": found.label, "head": found.head, "tail": found.tail,
        "object": _sparse(more, "object", rows),
        "evidence": lines.spans(evidence) if more else _none(rows, schema.SPANS),
        "status": _sparse(more, "status", rows),
        "score": _sparse(more, "score", rows),
        "attributes": _attributes(more, rows),
    }  # fmt: skip
    return from_columns(schema.RELATIONS, columns, rows)


def _sparse(more: Mapping[int, Any], name: str, rows: int) -> list[Any] | None:
    """A column of what few rows have."""
    if not more:
        return None
    column: list[Any] = [None] * rows
    for row, found in more.items():
        column[row] = getattr(found, name)
    return column


def _attributes(more: Mapping[int, Any], rows: int) -> pa.Array:
    if not any(found.attributes for found in more.values()):
        return _none(rows, schema.PAIRS)
    return lines.pairs([more[row].attributes if row in more else {} for row in range(rows)])


def _none(rows: int, kind: pa.DataType) -> pa.Array:
    """A column of empty lists."""
    offsets = pa.array(np.zeros(rows + 1, np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array([], kind.value_type), type=kind)


def _strings(values: list[str]) -> pa.Array:
    return pa.array(values, pa.string())

"""What formats that say everything in JSON share: how their offsets and covered texts are read.

Files of others do not say what their offsets count, and write the covered text otherwise than the
document has it: without the white space at its edges, with other quotation marks, or in ASCII.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines, schema, text
from samarkand.corpus import Corpus, Layer, entity_rows
from samarkand.formats.base import frame
from samarkand.text import Ints, OffsetError, TextIndex
from samarkand.words import count

UNITS = (text.POINTS, text.UTF8, text.UTF16)

#: What the units are called in a message.
UNIT_NAMES = {
    text.POINTS: "code points",
    text.UTF8: "bytes of UTF-8",
    text.UTF16: "UTF-16 code units",
}
#: How a target that is a proposition starts.
PROPOSITION = "P:"

_QUOTES = str.maketrans(dict.fromkeys("'‘’‚‛“”„‟´`«»", '"'))
_WHITE = re.compile(r"\s+")
_OTHER = re.compile(r"[^\x00-\x7f]+")
#: As how many ASCII characters another one is written, at most.
_WIDEST = 8


def points(ix: TextIndex, unit: str, row: Ints, offset: Ints) -> tuple[Ints, dict[int, str]]:
    """Offsets as code points, and what is wrong with those that have no place, by their number.

    Shapes: `row` (of each text) and `offset`, in `unit`, alike; the result likewise.
    """
    if unit == text.POINTS:
        outside = np.flatnonzero(~text.inside(ix, row, offset)).tolist()
        return offset, {at: f"offset {offset[at]} is outside the text" for at in outside}
    try:
        return text.from_unit(ix, unit, row, offset), {}
    except OffsetError:  # which finds one fault, and all are to be told
        pass
    found, faults = offset.copy(), {}
    for at in range(len(row)):
        one = slice(at, at + 1)
        try:
            found[one] = text.from_unit(ix, unit, row[one], offset[one])
        except OffsetError as error:
            faults[at] = str(error)
    return found, faults


def alike(said: str, covered: str) -> bool:
    """Whether a text is the covered one, but for how it is written.

    White space, the form of quotation marks, and what is written in ASCII for another character
    (`a` for `α`, `-` for `‐`), if most of the text is ASCII, do not count. Time: linear.
    """
    if said == covered:
        return True
    said, covered = _plain(said), _plain(covered)
    if said == covered:
        return True
    pieces = _OTHER.split(covered)
    others = len(covered) - sum(map(len, pieces))
    if not said.isascii() or len(pieces) == 1 or len(said) > len(covered) + _WIDEST * others:
        return False
    if len(covered) > 1 and others * 2 > len(covered):
        return False  # too little is left to tell a spelling from another text
    first, *inner, last = pieces
    at = len(first)
    if not said.startswith(first) or not said.endswith(last) or at + len(last) > len(said):
        return False
    for piece in inner:
        place = said.find(piece, at)
        if place < 0:
            return False
        at = place + len(piece)
    return at + len(last) <= len(said)


def _plain(said: str) -> str:
    return _WHITE.sub("", said).translate(_QUOTES)


def differs(said: str, begin: int, end: int, covered: str) -> str:
    """The message for a span that does not say what it covers."""
    return (
        f"says {short(said)} but {begin}-{end} of the text is {short(covered)}. "
        "Was the text edited after annotation?"
    )


def short(value: object) -> str:
    """A value as it is shown in a message."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:40]} ... {shown[-15:]}"


def wrong(spans: Iterable[lines.Span], covered: str) -> Iterator[str]:
    """What is wrong with spans of our own, in code points of a document's text."""
    for span in spans:
        if not 0 <= span.begin <= span.end <= len(covered):
            long = count(len(covered), "character")
            yield f"{span.begin}-{span.end} is outside the text of {long}"
        elif covered[span.begin : span.end] != span.text:
            at = span.begin, span.end
            yield f"{at[0]}-{at[1]} {differs(span.text, *at, covered[at[0] : at[1]])}"


def refers(stance: lines.Stance, ids: Collection[str]) -> bool:
    """Whether all that a stance refers to is there."""
    named = [stance.holder, *stance.source_chain]
    if not stance.target.startswith(PROPOSITION):
        named.append(stance.target)
    return all(name in ids or name in schema.RESERVED for name in named)


def everything(corpus: Corpus, layer: str) -> Corpus:
    """All that there is to say of a layer's documents.

    Left out are spans that cover nothing, references to what is not there, and scores that are no
    numbers.
    """
    kept, documents = corpus.layers[layer], corpus.documents
    entities = kept.entities
    here = pc.is_in(entities["doc"], documents["doc"].combine_chunks())
    entities = _scored(entities.filter(pc.and_(here, pc.less(entities["begin"], entities["end"]))))
    many = pc.greater(pc.list_value_length(entities["fragments"]), 1).fill_null(False)
    entities = _set(entities, "fragments", many)
    relations = _scored(kept.relations)
    found = [_there(entities, relations, end) for end in ("head", "tail")]
    relations = relations.filter(pc.and_(*found))
    relations = _set(relations, "object", _there(entities, relations, "object"))
    stances = _scored(kept.stances)
    ids: dict[str, set[str]] = {doc: set() for doc in documents["doc"].to_pylist()}
    for doc, id in zip(entities["doc"].to_pylist(), entities["id"].to_pylist(), strict=True):
        ids[doc].add(id)
    docs, rows = stances["doc"].to_pylist(), lines.from_table("stances", stances)
    whole = [d in ids and refers(row, ids[d]) for d, row in zip(docs, rows, strict=True)]
    stances = stances.filter(pa.array(whole, pa.bool_()))
    return frame(documents, Layer(layer, entities, relations, stances))


def _there(entities: pa.Table, relations: pa.Table, column: str) -> pa.Array:
    return pa.array(entity_rows(entities, relations["doc"], relations[column]) >= 0)


def _scored(table: pa.Table) -> pa.Table:
    return _set(table, "score", pc.is_finite(table["score"]).fill_null(False))


def _set(table: pa.Table, column: str, mask: Any) -> pa.Table:
    """The table with that column null where the mask is false."""
    place = table.schema.get_field_index(column)
    field = table.schema.field(column)
    values = pc.if_else(mask, table[column], pa.scalar(None, field.type))
    return table.set_column(place, field, values)


def by_document(docs: Iterable[str], rows: Iterable[Any], table: pa.Table) -> dict[str, list[Any]]:
    """The rows of each document, documents without any among them."""
    found: dict[str, list[Any]] = {doc: [] for doc in docs}
    for doc, row in zip(table["doc"].to_pylist(), rows, strict=True):
        found[doc].append(row)
    return found


def written(value: Any) -> str | None:
    """A JSON value as a string: what is none stays JSON; None for what says nothing."""
    if value is None or value == [] or value == {}:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""What a CAS of ours can say of a corpus: everything, but for what has no place in it."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, text
from samarkand.corpus import Corpus, Layer, doc_codes, entity_rows, from_columns
from samarkand.formats.base import frame
from samarkand.text import Ints, Mask, TextIndex

#: What UIMA has for no language.
NO_LANGUAGE = "x-unspecified"


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents and the layer keep everything that has a place in the text.

    Lost are annotations of no text or outside it, what refers to entities that are not there,
    fragments that do not begin and end with their entity, and a text that an annotation was made
    on and that is not there any more: what a CAS covers is what its text says.
    """
    documents, kept = corpus.documents, corpus.layers[layer]
    language = documents["language"]
    unspecified = pc.fill_null(pc.equal(language, NO_LANGUAGE), False)
    documents = _with(documents, "language", pc.if_else(unspecified, None, language))
    ix = text.index(documents["text"])
    entities = _entities(documents, ix, kept.entities)
    relations = _relations(documents, ix, kept.relations, entities)
    stances = _stances(documents, ix, kept.stances, entities)
    return frame(documents, Layer(layer, entities, relations, stances))


def _entities(documents: pa.Table, ix: TextIndex, entities: pa.Table) -> pa.Table:
    docs = doc_codes(documents, entities["doc"])
    begin, end = _ints(entities["begin"]), _ints(entities["end"])
    good = _in_text(ix, docs, begin, end)
    entities, docs, begin, end = entities.filter(pa.array(good)), docs[good], begin[good], end[good]
    spans = _spans(ix, docs, entities["fragments"])
    fits = _fit(spans, text.whole(entities["fragments"]), begin, end)
    fragments = pc.if_else(pa.array(fits), spans, pa.scalar(None, schema.SPANS))
    pieces = pa.ListArray.from_arrays(
        spans.offsets, pc.struct_field(spans.values, "text"), mask=pc.is_null(spans)
    )
    joined = pc.binary_join(pieces, " ")
    covered = pc.if_else(pa.array(fits), joined, text.cover(ix, docs, begin, end))
    return _with(_with(entities, "fragments", fragments), "text", covered)


def _fit(spans: pa.ListArray, given: pa.Array, begin: Ints, end: Ints) -> Mask:
    """Whether an entity's fragments are several, in order, and reach from its begin to its end."""
    size = pc.fill_null(pc.list_value_length(spans), 0).to_numpy().astype(np.int64)
    was = pc.fill_null(pc.list_value_length(given), 0).to_numpy().astype(np.int64)
    fits: Mask = (size > 1) & (size == was)
    first = np.asarray(spans.offsets.to_numpy())[:-1].astype(np.int64)
    begins, ends = (_ints(pc.struct_field(spans.values, name)) for name in ("begin", "end"))
    rows = np.flatnonzero(fits)
    fits[rows] &= begins[first[rows]] == begin[rows]
    fits[rows] &= ends[first[rows] + size[rows] - 1] == end[rows]
    parent = np.repeat(np.arange(len(size)), size)
    crossing = (parent[1:] == parent[:-1]) & (ends[:-1] > begins[1:])
    fits[parent[1:][crossing]] = False
    return fits


def _relations(
    documents: pa.Table, ix: TextIndex, relations: pa.Table, entities: pa.Table
) -> pa.Table:
    docs = relations["doc"]
    good = doc_codes(documents, docs) >= 0
    for column in ("head", "tail"):
        good &= entity_rows(entities, docs, relations[column]) >= 0
    relations = relations.filter(pa.array(good))
    there = entity_rows(entities, relations["doc"], relations["object"]) >= 0
    object = pc.if_else(pa.array(there), relations["object"], None)
    evidence = _spans(ix, doc_codes(documents, relations["doc"]), relations["evidence"])
    return _with(_with(relations, "object", object), "evidence", evidence)


def _stances(documents: pa.Table, ix: TextIndex, stances: pa.Table, entities: pa.Table) -> pa.Table:
    docs = stances["doc"]
    good = doc_codes(documents, docs) >= 0
    for column in ("holder", "target"):
        good &= _someone(entities, docs, stances[column], column == "target")
    chain = text.whole(stances["source_chain"])
    parent = pc.list_parent_indices(chain)
    unknown = ~_someone(entities, docs.take(parent), chain.flatten())
    good[parent.to_numpy()[unknown].astype(np.int64)] = False
    stances = stances.filter(pa.array(good))
    codes = doc_codes(documents, stances["doc"])
    for column in schema.SPAN_COLUMNS["stances"]:
        stances = _with(stances, column, _spans(ix, codes, stances[column]))
    target = stances["target"]
    nowhere = pc.equal(pc.list_value_length(stances["target_spans"]), 0)
    nowhere = pc.and_(pc.equal(target, schema.SPAN_TARGET), nowhere)
    return _with(stances, "target", pc.if_else(nowhere, schema.UNSPECIFIED, target))


def _someone(
    entities: pa.Table, docs: pa.ChunkedArray, ids: pa.ChunkedArray, proposition: bool = False
) -> Mask:
    """Whether each id is that of an entity, or stands for somebody (or something) else."""
    found = entity_rows(entities, docs, ids) >= 0
    found |= _mask(pc.is_in(ids, pa.array(schema.RESERVED)))
    if proposition:
        found |= _mask(pc.starts_with(ids, schema.PROPOSITION))
    return found


def _spans(ix: TextIndex, docs: Ints, column: pa.ChunkedArray) -> pa.ListArray:
    """Lists of spans without those that are not in the text, with the text that they cover.

    `docs` gives the row of each list's text. The result has no offset, and what is null stays so.
    """
    given = text.whole(column)
    parent = pc.list_parent_indices(given).to_numpy().astype(np.int64)
    flat = given.flatten()
    begin, end = (_ints(pc.struct_field(flat, name)) for name in ("begin", "end"))
    good = _in_text(ix, docs[parent], begin, end)
    begin, end, parent = begin[good], end[good], parent[good]
    covered = text.cover(ix, docs[parent], begin, end)
    arrays = [pa.array(begin, pa.int32()), pa.array(end, pa.int32()), covered]
    values = pa.StructArray.from_arrays(arrays, fields=list(schema.SPAN))
    offsets = np.append(0, np.cumsum(np.bincount(parent, minlength=len(given)))).astype(np.int32)
    null = pc.is_null(given)
    found: pa.ListArray = pa.ListArray.from_arrays(
        pa.array(offsets), values, type=schema.SPANS, mask=null if len(given) else None
    )
    return found


def _in_text(ix: TextIndex, docs: Ints, begin: Ints, end: Ints) -> Mask:
    good: Mask = (docs >= 0) & (begin < end)
    rows = np.flatnonzero(good)
    good[rows] = text.inside(ix, docs[rows], begin[rows]) & text.inside(ix, docs[rows], end[rows])
    return good


def _ints(column: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(column.to_numpy()).astype(np.int64)


def _mask(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(values.to_numpy(zero_copy_only=False), np.bool_)


def _with(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    columns = {name: table[name] for name in table.column_names}
    return from_columns(table.schema, columns | {column: values}, len(table))

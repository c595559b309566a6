"""What of a layer doccano's rows can hold."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema
from samarkand.corpus import Layer, entity_rows
from samarkand.formats.doccano.words import FRAGMENT, LONGEST, MENTION, PROPOSITION, kind_of
from samarkand.text import Mask


def narrow(docs: pa.ChunkedArray, kept: Layer) -> Layer:
    """The layer without what doccano would refuse or take for something else.

    `docs` are the documents there are. Labels have 1 to 100 characters and are none of our own
    words; mentions, and the pieces of mentions, are not empty; what refers to an annotation that
    goes, goes too, or loses the reference where it can do without.
    """
    entities = _entities(docs, kept.entities)
    relations = _relations(kept.relations, entities)
    return Layer(kept.name, entities, relations, _stances(docs, kept.stances, entities))


def _entities(docs: pa.ChunkedArray, entities: pa.Table) -> pa.Table:
    label = entities["label"].combine_chunks().dictionary_encode()
    fits = pa.array([_fits(said) and kind_of(said) == MENTION
                     for said in label.dictionary.to_pylist()], pa.bool_())  # fmt: skip
    chosen = _mask(pc.less(entities["begin"], entities["end"]))
    chosen &= _mask(fits.take(label.indices)) & _mask(pc.is_in(entities["doc"], docs))
    chosen &= _mask(pc.not_equal(entities["id"], ""))
    pieces = entities["fragments"].combine_chunks()
    flat = pieces.flatten()
    empty = _mask(pc.greater_equal(flat.field("begin"), flat.field("end")))
    chosen[_mask_of(pc.list_parent_indices(pieces).filter(pa.array(empty)))] = False
    single = _mask(pc.less(pc.list_value_length(pieces), 2).fill_null(False))
    if single.any():
        entities = _with(entities, "fragments", _null_where(pa.array(single), pieces))
    return _finite(entities.filter(pa.array(chosen)))


def _relations(relations: pa.Table, entities: pa.Table) -> pa.Table:
    label = relations["label"].combine_chunks().dictionary_encode()
    fits = pa.array([_fits(said) and said != FRAGMENT
                     for said in label.dictionary.to_pylist()], pa.bool_())  # fmt: skip
    chosen = _mask(fits.take(label.indices))
    for end in ("head", "tail"):
        chosen &= entity_rows(entities, relations["doc"], relations[end]) >= 0
    relations = relations.filter(pa.array(chosen))
    lost = entity_rows(entities, relations["doc"], relations["object"]) < 0
    relations = _with(relations, "object", _null_where(pa.array(lost), relations["object"]))
    return _finite(relations)


def _stances(docs: pa.ChunkedArray, stances: pa.Table, entities: pa.Table) -> pa.Table:
    chosen = _mask(pc.is_in(stances["doc"], docs))
    words = pa.array(schema.RESERVED)
    for end in ("holder", "target"):
        known = entity_rows(entities, stances["doc"], stances[end]) >= 0
        known |= _mask(pc.is_in(stances[end], words))
        chosen &= known | _mask(pc.starts_with(stances[end], PROPOSITION))
    stances = stances.filter(pa.array(chosen))
    chains = stances["source_chain"].combine_chunks()
    ids, doc = chains.flatten(), stances["doc"].take(pc.list_parent_indices(chains))
    known = entity_rows(entities, doc, pa.chunked_array([ids], pa.string())) >= 0
    known |= _mask(pc.is_in(ids, words))
    if not known.all():
        left = iter(known.tolist())
        listed = [[id for id in chain if next(left)] for chain in chains.to_pylist()]
        stances = _with(stances, "source_chain", pa.array(listed, schema.STRINGS))
    return _finite(stances)


def _fits(label: str) -> bool:
    return 0 < len(label) <= LONGEST


def _finite(table: pa.Table) -> pa.Table:
    """Scores that are no number are no scores: JSON has none such."""
    odd = pc.invert(pc.is_finite(table["score"])).fill_null(False)
    if not pc.any(odd, min_count=0).as_py():
        return table
    return _with(table, "score", _null_where(odd, table["score"]))


def _null_where(mask: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(mask, pa.scalar(None, values.type), values)


def _with(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(column), values)


def _mask(values: pa.Array | pa.ChunkedArray) -> Mask:
    return np.array(values, dtype=np.bool_)


def _mask_of(rows: pa.Array) -> np.ndarray:
    return np.unique(np.asarray(rows))

"""The tables of a layer as the lines of standoff files, a column of lines for each kind."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.corpus import Layer
from samarkand.formats.brat.line import ACTOR, FLAG, REFERENCE
from samarkand.formats.brat.to_tables import ENDS, STATUS
from samarkand.text import Ints

_AS_SPACE = dict.fromkeys(map(ord, ENDS), " ")
#: Whose line it is (row of the document, ascending), and the line.
Owned = tuple[Ints, pa.ChunkedArray]


def entity_lines(entities: pa.Table) -> pa.ChunkedArray:
    """T lines, a row each."""
    offsets = _offsets(entities)
    fragmented = entities["fragments"].is_valid().combine_chunks()
    if pc.any(fragmented).as_py():
        pieces = entities["fragments"].combine_chunks().filter(fragmented)
        each = _offsets(pa.Table.from_struct_array(pieces.flatten()))
        sizes = pc.list_value_length(pieces).to_numpy()
        edges = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
        joined = pc.binary_join(pa.ListArray.from_arrays(edges, each.combine_chunks()), ";")
        offsets = pc.replace_with_mask(offsets, fragmented, joined)
    said = _on_one_line(entities["text"])
    return _joined(entities["id"], "\t", entities["label"], " ", offsets, "\t", said, "\n")


def relation_lines(relations: pa.Table) -> pa.ChunkedArray:
    """R lines, a row each."""
    label, head, tail = (relations[name] for name in ("label", "head", "tail"))
    return _joined(relations["id"], "\t", label, " Arg1:", head, " Arg2:", tail, "\n")


def attribute_lines(layer: Layer, entity_docs: Ints, relation_docs: Ints) -> Owned:
    """A lines: in each document those of entities, then those of relations, status first."""
    relations = layer.relations
    stated = np.flatnonzero(relations["status"].is_valid().to_numpy())
    of_entities = flatten(layer.entities["attributes"])
    of_relations = flatten(relations["attributes"])
    row = np.concatenate([of_entities[0], stated, of_relations[0]])
    is_relation = np.arange(len(row)) >= len(of_entities[0])
    docs = np.concatenate(
        [entity_docs[of_entities[0]], relation_docs[stated], relation_docs[of_relations[0]]]
    )
    order = np.lexsort((row, is_relation, docs))
    status_name = pa.array(np.repeat(STATUS, len(stated)), pa.string())
    status = relations["status"].take(stated)
    targets = [layer.entities["id"].take(of_entities[0]), relations["id"].take(row[is_relation])]
    target = _chained(*targets).take(order)
    name = _chained(of_entities[1], status_name, of_relations[1]).take(order)
    value = _chained(of_entities[2], status, of_relations[2]).take(order)
    said = pc.if_else(pc.equal(value, FLAG), "", _joined(" ", value))
    number = _count(docs[order])
    return docs[order], _joined("A", number, "\t", name, " ", target, said, "\n")


def actor_lines(entities: pa.Table, entity_docs: Ints) -> Owned:
    """N lines of the entities that refer to an actor."""
    row = np.flatnonzero(entities["actor"].is_valid().to_numpy())
    docs, chosen = entity_docs[row], entities.select(["id", "actor"]).take(row)
    start = _joined("N", _count(docs), f"\t{REFERENCE} ", chosen["id"])
    return docs, _joined(start, f" {ACTOR}:", chosen["actor"], "\t", chosen["actor"], "\n")


def by_document(lines: pa.ChunkedArray, docs: Ints, size: int) -> list[memoryview]:
    """The lines of each of `size` documents in one piece of UTF-8."""
    offsets, data = _buffers(lines)
    stops = offsets[np.searchsorted(docs, np.arange(size + 1))].tolist()
    view = data.data
    return [view[first:last] for first, last in pairwise(stops)]


def flatten(attributes: pa.ChunkedArray) -> tuple[Ints, pa.Array, pa.Array]:
    """An attributes column as row, name and value of each attribute."""
    array = attributes.combine_chunks()
    flat = array.flatten()
    row = pc.list_parent_indices(array).to_numpy().astype(np.int64)
    return row, pc.struct_field(flat, "name"), pc.struct_field(flat, "value")


def _offsets(spans: pa.Table) -> pa.ChunkedArray:
    begin, end = (spans[name].cast(pa.string()) for name in ("begin", "end"))
    return pc.binary_join_element_wise(begin, end, " ")


def _joined(*parts: pa.ChunkedArray | pa.Array | str) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*parts, "")


def _chained(*parts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    chunks = [c for p in parts for c in (p.chunks if isinstance(p, pa.ChunkedArray) else [p])]
    return pa.chunked_array(chunks, pa.string())


def _count(docs: Ints) -> pa.Array:
    """1, 2, 3 and so on within each document, as strings; `docs` is sorted."""
    place = np.arange(len(docs))
    return pa.array(place - np.searchsorted(docs, docs) + 1).cast(pa.string())


def _on_one_line(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts with spaces for what would end a line."""
    offsets, data = _buffers(texts)
    # Control characters, and the first bytes of U+0085, U+2028 and U+2029.
    odd = np.flatnonzero((data < 0x20) & (data != 0x09) | (data == 0xC2) | (data == 0xE2))
    rows = np.unique(np.searchsorted(offsets, odd, "right") - 1)
    mask = np.zeros(len(texts), np.bool_)
    mask[rows] = True
    written = [said.translate(_AS_SPACE) for said in texts.take(rows).to_pylist()]
    return pc.replace_with_mask(
        texts.combine_chunks(), pa.array(mask), pa.array(written, pa.string())
    )


def _buffers(strings: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Where each string begins and the last one ends, and the bytes from the first to the last."""
    array = strings.combine_chunks() if isinstance(strings, pa.ChunkedArray) else strings
    if not len(array):
        return np.zeros(1, np.int32), np.zeros(0, np.uint8)
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int32)[array.offset :][: len(array) + 1]
    return starts - starts[0], np.frombuffer(data or b"", np.uint8)[starts[0] : starts[-1]]

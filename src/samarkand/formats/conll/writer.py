"""A narrowed corpus as CoNLL files of our own, made of whole columns."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob, sentences, text, tokens
from samarkand.corpus import Corpus, doc_codes
from samarkand.formats.base import Files
from samarkand.formats.conll import own
from samarkand.labels import Group
from samarkand.text import Ints, Mask, TextIndex
from samarkand.tokens import Tokens

#: Documents are written in blocks, so that the working arrays of one fit the processor's cache.
BLOCK = 500


def write(narrowed: Corpus, layer: str) -> Files:
    """One file a document. No mention begins or ends in white space, or overlaps in its group."""
    documents, entities = narrowed.documents, narrowed.layers[layer].entities
    found = tokens.tokenize(documents["text"])
    doc = doc_codes(documents, entities["doc"])
    bounds = np.arange(0, len(documents) + BLOCK, BLOCK)
    token, mention = np.searchsorted(found.doc, bounds), np.searchsorted(doc, bounds)
    groups = narrowed.labels.groups or (Group("ents", ()),)
    files: dict[str, bytes] = {}
    for k, first in enumerate(bounds[:-1].tolist()):
        rows = slice(token[k], token[k + 1])
        mine = Tokens(found.doc[rows] - first, found.begin[rows], found.end[rows])
        some = entities.slice(mention[k], mention[k + 1] - mention[k])
        files |= _block(documents.slice(first, BLOCK), mine, some, groups)
    return files


def _block(
    documents: pa.Table, found: Tokens, entities: pa.Table, groups: Sequence[Group]
) -> Files:
    ix = text.index(documents["text"])
    doc = doc_codes(documents, entities["doc"])
    begin, end = (entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    cut = _cut(ix, found, np.concatenate([ix.points[doc] + begin, ix.points[doc] + end]))
    place, cut_place = (ix.points[some.doc] + some.begin for some in (found, cut))
    sentence = sentences.split(documents["text"], found)
    whole = np.searchsorted(place, cut_place, "right") - 1  # the token that each one is cut from
    new = (np.diff(sentence[whole], prepend=-1) != 0) | (np.diff(cut.doc, prepend=-1) != 0)
    columns = []
    for group in (*groups[1:], *groups[:1]):
        code = pc.index_in(entities["label"], pa.array(group.labels, pa.string()))
        mine = code.is_valid().to_numpy()
        label = code.fill_null(0).to_numpy().astype(np.int64)[mine]
        tagged = iob.tags(cut, doc[mine], begin[mine], end[mine], label, group.labels)
        columns.append(pa.array(tagged.names).take(pa.array(tagged.codes)))
        new &= (tagged.codes == 0) | (tagged.codes % 2 == 1)  # a mention stays in one sentence
    first = np.searchsorted(cut.doc, np.arange(len(ix) + 1))
    names = tuple(group.name for group in groups)
    headers = [own.header(own.Header(names, lead)) for lead in _leads(ix, cut, first)]
    rows = _rows(ix, cut, columns, np.append(new[1:], True)[: len(cut)])
    offsets = np.frombuffer(rows.buffers()[1], np.int64)[first] if len(cut) else 0 * first
    data = rows.buffers()[2] or b""
    files = zip(documents["doc"].to_pylist(), headers, offsets[:-1], offsets[1:], strict=True)
    return {f"{doc}.conll": f"{line}\n\n".encode() + bytes(data[a:b]) for doc, line, a, b in files}


def _cut(ix: TextIndex, found: Tokens, edges: Ints) -> Tokens:
    """The tokens, cut in two where an edge (code points over all texts) is inside one."""
    begin, end = (ix.points[found.doc] + offset for offset in (found.begin, found.end))
    edges = np.sort(edges)
    edges = edges[np.diff(edges, prepend=-1) > 0]
    token = np.searchsorted(begin, edges, "left") - 1  # the last that begins before the edge
    edges = edges[(token >= 0) & (edges < end[token])] if len(end) else edges[:0]
    begin, end = np.sort(np.concatenate([begin, edges])), np.sort(np.concatenate([end, edges]))
    doc = np.searchsorted(ix.points, begin, "right") - 1
    return Tokens(doc, begin - ix.points[doc], end - ix.points[doc])


def _leads(ix: TextIndex, cut: Tokens, first: Ints) -> list[str]:
    """The white space that each text begins with."""
    end = text.lengths(ix)
    some = first[1:] > first[:-1]
    end[some] = cut.begin[first[:-1][some]]
    zero = np.zeros(len(ix), np.int64)
    leads: list[str] = text.cover(ix, np.arange(len(ix)), zero, end).to_pylist()
    return leads


def _rows(ix: TextIndex, cut: Tokens, tags: list[pa.Array], closing: Mask) -> pa.LargeStringArray:
    """The lines of all tokens; `closing`: a sentence's last line has a blank one behind it."""
    last = np.diff(cut.doc, append=-1) != 0  # of its text
    until = np.append(cut.begin[1:], 0)[: len(cut)]
    until[last] = text.lengths(ix)[cut.doc[last]]
    gaps = text.cover(ix, cut.doc, cut.end, until).dictionary_encode()
    misc = pa.array([own.misc(gap) for gap in gaps.dictionary.to_pylist()], pa.string())
    lines = [
        text.cover(ix, cut.doc, cut.begin, cut.end),
        misc.take(gaps.indices),
        *tags,
        pa.array(["", "\n"]).take(pa.array(closing.astype(np.int8))),
    ]
    wide = [column.cast(pa.large_string()) for column in lines]
    joined = pc.binary_join_element_wise(*wide[:-1], pa.scalar("\t", pa.large_string()))
    newline = pa.scalar("\n", pa.large_string())
    return pc.binary_join_element_wise(joined, wide[-1], newline)

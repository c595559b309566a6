"""brat standoff: a text and, beside it, its annotations, one a line.

The format is told at brat.nlplab.org/standoff.html. A document is `<doc>.txt` with `<doc>.ann`;
without the latter it has no annotations. Offsets count code points. What the lines become:

    T   entity, discontinuous ones too; its text must be what the offsets cover
    R   relation from Arg1 to Arg2, or from the first to the second of two other roles
    A   attribute of an entity or a relation; A and M without a value have the value "true";
        the attribute `status` of a relation is its status, if its value is one
    N   of the resource `actor`: the actor that an entity refers to

Events, equivalences, notes, other normalizations, and what hangs on an event are counted as unread.
An annotation is a line: what ends a line, and NUL, are written as spaces in the covered text.
"""

import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import jsonl, schema, text
from samarkand.corpus import Corpus, Layer, doc_codes, from_columns, unwritable
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import (
    DOCUMENTS,
    Files,
    Reading,
    bare,
    doc_ids,
    frame,
    numbered,
    renamed,
)
from samarkand.formats.brat import lines as standoff
from samarkand.formats.brat import writer as lines_of
from samarkand.formats.brat.to_tables import STATUS, Block, divide, pairs, tables
from samarkand.parallel import each
from samarkand.text import Ints

SUFFIXES = (".txt", ".ann")
PARTS = DOCUMENTS

#: Documents are read in blocks, so that the working arrays of one stay small.
BLOCK = 4000
#: A label, an actor or an attribute's name; and an attribute's value.
_WORD = re.compile(r"[^ \t\r\n\0]+")
_VALUE = re.compile(r"[^ \t\r\n\0]([^\t\r\n\0]*[^ \t\r\n\0])?")


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Texts and standoff annotations as a corpus.

    Errors: FormatError with every line that is not of the format, whose text is not what its
    offsets cover, that repeats an id, or that points to what is not in the file.
    """
    return _read(files, layer)


def _read(files: Files, layer: str, plain: bool = True) -> Reading:
    """`plain=False` reads every line the exact way, to the same result."""
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    stems_of = {
        suffix: [path.removesuffix(suffix) for path in files if path.endswith(suffix)]
        for suffix in SUFFIXES
    }
    ids = doc_ids(stems_of[".txt"])
    alone = sorted(set(stems_of[".ann"]).difference(ids))
    problems += [Problem(f"{stem}.ann", 0, f"there is no {stem}.txt beside it") for stem in alone]
    stems = sorted(ids, key=lambda stem: ids[stem][0])

    def part(start: int) -> tuple[Block, tuple[pa.Table, ...]]:
        chosen = stems[start : start + BLOCK]
        block = _open(files, chosen, [ids[stem][0] for stem in chosen])
        splits = pa.array([ids[stem][1] for stem in chosen], pa.string())
        columns = {"doc": block.docs, "text": block.texts, "split": splits}
        documents = from_columns(schema.DOCUMENTS, columns, len(chosen))
        return block, (documents, *tables(block, plain))

    blocks, parts = zip(*each(part, range(0, max(len(stems), 1), BLOCK)), strict=True)
    for block in blocks:
        problems += block.problems
        unread += block.unread
    if problems:
        raise FormatError(sorted(problems))
    documents, entities, relations = (pa.concat_tables(same) for same in zip(*parts, strict=True))
    counts = {kind: count for kind, count in sorted(unread.items()) if count}
    notes = renamed(ids, documents)
    return Reading(frame(documents, Layer(layer, entities, relations)), counts, notes)


def _open(files: Files, stems: list[str], docs: list[str]) -> Block:
    """Decode the files of some documents; those that cannot be decoded are left empty."""
    problems: list[Problem] = []
    paths = [f"{stem}.ann" for stem in stems]
    texts, array = _decoded(files, [f"{stem}.txt" for stem in stems], problems)
    anns, _ = _decoded(files, paths, problems, in_lines=True)
    readable = [b"" if text is None else ann or b"" for text, ann in zip(texts, anns, strict=True)]
    lines = standoff.split(readable)
    column, unread = pa.array(docs, pa.string()), Counter[str]()
    return Block(column, array, text.index(array), paths, lines, problems, unread)


def _decoded(
    files: Files, paths: list[str], problems: list[Problem], in_lines: bool = False
) -> tuple[list[bytes | None], pa.Array]:
    """The files' bytes, and the same as a column of strings.

    None, and empty, for a file that is not plain UTF-8 or, `in_lines`, has other line ends.
    """
    found: list[bytes | None] = [files.get(path, b"") for path in paths]
    strings = _strings(found, in_lines)
    if strings is not None:
        return found, strings
    for row, path in enumerate(paths):
        data = files.get(path, b"")
        odd = next((byte for byte in _ODD if byte in data), None) if in_lines else None
        if jsonl.utf8(path, data, problems) is None:
            found[row] = None
        elif odd is not None:
            line = data.count(b"\n", 0, data.index(odd)) + 1
            problems.append(Problem(path, line, _ODD[odd]))
            found[row] = None
    return found, pa.array([data or b"" for data in found], pa.binary()).cast(pa.string())


#: What an .ann file may not hold, and what is said of it.
_ODD = {
    b"\0": "a NUL character; is this a text file?",
    b"\r": "carriage return; save the file with LF line ends",
}


def _strings(found: list[bytes | None], in_lines: bool) -> pa.Array | None:
    """The files as strings, unless there is something to say against one of them."""
    raw = pa.array(found, pa.binary())
    data = np.frombuffer(raw.buffers()[2] or b"", np.uint8)
    if in_lines and any((data == byte[0]).any() for byte in _ODD):
        return None
    try:
        strings = raw.cast(pa.string())
    except pa.ArrowInvalid:
        return None
    return None if pc.any(pc.starts_with(strings, "\ufeff")).as_py() else strings


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as a .txt and an .ann file for each document.

    Errors: FormatError for a text that starts with a byte order mark.
    """
    narrowed = narrow(corpus, layer)
    if problems := unwritable(narrowed.documents):
        raise FormatError(problems)
    documents, kept = narrowed.documents, narrowed.layers[layer]
    entity_docs = doc_codes(documents, kept.entities["doc"])
    relation_docs = doc_codes(documents, kept.relations["doc"])
    kinds = [
        (entity_docs, lines_of.entity_lines(kept.entities)),
        (relation_docs, lines_of.relation_lines(kept.relations)),
        lines_of.attribute_lines(kept, entity_docs, relation_docs),
        lines_of.actor_lines(kept.entities, entity_docs),
    ]
    parts = [lines_of.by_document(lines, docs, len(documents)) for docs, lines in kinds]
    written: dict[str, bytes] = {}
    texts = documents["text"].cast(pa.binary()).to_pylist()
    for doc, data, *lines in zip(documents["doc"].to_pylist(), texts, *parts, strict=True):
        written[f"{doc}.txt"] = data
        written[f"{doc}.ann"] = b"".join(lines)
    return written


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents keep their text; the layer keeps entities and relations, under brat's ids.

    Lost are stances, scores, and the object and the evidence of relations; of relations that differ
    in their object alone, all but one; labels, actors and attribute names that are not one word;
    attribute values that are empty, begin or end with a space, or hold a tab or a line end.
    """
    kept = corpus.layers[layer]
    entities = _narrow_entities(corpus.documents, kept.entities)
    relations = _narrow_relations(kept.relations, entities)
    narrowed = Layer(layer, entities, relations)
    return frame(bare(corpus.documents), numbered(narrowed, {"entities": "T", "relations": "R"}))


def _narrow_entities(documents: pa.Table, entities: pa.Table) -> pa.Table:
    kept = pc.and_(_are(_WORD, entities["label"]), pc.less(entities["begin"], entities["end"]))
    entities = entities.filter(pc.and_(kept, pc.is_in(entities["doc"], documents["doc"])))
    fragments = entities["fragments"]
    single = pc.less(pc.list_value_length(fragments), 2)
    if pc.any(single).as_py():
        fragments = _where(pc.invert(single), fragments)
    row, name, value = lines_of.flatten(entities["attributes"])
    said = pc.and_(_are(_WORD, name), _are(_VALUE, value))
    columns = {
        column: entities[column] for column in ("doc", "id", "begin", "end", "text", "label")
    }
    columns |= {
        "fragments": fragments,
        "actor": _where(_are(_WORD, entities["actor"]), entities["actor"]),
        "attributes": pairs(
            len(entities), row[said.to_numpy(False)], name.filter(said), value.filter(said)
        ),
    }
    return from_columns(schema.ENTITIES, columns, len(entities))


def _narrow_relations(relations: pa.Table, entities: pa.Table) -> pa.Table:
    kept = _are(_WORD, relations["label"])
    for end in ("head", "tail"):
        kept = pc.and_(kept, _among(relations["doc"], relations[end], entities))
    relations = _without_repeats(relations.filter(kept))
    row, name, value = lines_of.flatten(relations["attributes"])
    # A status is written as an attribute, in the place of one that is called so.
    stated = relations["status"].is_valid().to_numpy()
    others = ~(stated[row] & pc.equal(name, STATUS).to_numpy(False))
    row = np.concatenate([np.flatnonzero(stated), row[others]])
    name = _chained(pa.array([STATUS] * int(stated.sum()), pa.string()), name.filter(others))
    value = _chained(relations["status"].filter(stated), value.filter(others))
    said = pc.and_(_are(_WORD, name), _are(_VALUE, value)).to_numpy(False)
    order = np.flatnonzero(said)
    order = order[np.lexsort((standoff.ranks(name)[order], row[order]))]
    status, attributes = divide(len(relations), row[order], name.take(order), value.take(order))
    columns = {column: relations[column] for column in ("doc", "id", "label", "head", "tail")}
    columns |= {"status": status, "attributes": attributes}
    return from_columns(schema.RELATIONS, columns, len(relations))


def _among(docs: pa.ChunkedArray, ids: pa.ChunkedArray, entities: pa.Table) -> pa.Array:
    """Whether each id is that of an entity of its document."""
    all_docs, all_ids = (entities[name].unique() for name in ("doc", "id"))

    def codes(docs: pa.ChunkedArray, ids: pa.ChunkedArray) -> Ints:
        doc, id = (
            pc.index_in(values, known).fill_null(-1).to_numpy().astype(np.int64)
            for values, known in ((docs, all_docs), (ids, all_ids))
        )
        return np.where((doc < 0) | (id < 0), -1, doc * len(all_ids) + id)

    return pa.array(np.isin(codes(docs, ids), codes(entities["doc"], entities["id"])))


def _without_repeats(relations: pa.Table) -> pa.Table:
    """The relations without those with an object that say, without it, what another one says."""
    has_object = relations["object"].is_valid().to_numpy()
    if not has_object.any():
        return relations
    key = list(
        zip(*(relations[c].to_pylist() for c in ("doc", "label", "head", "tail")), strict=True)
    )
    seen = {key[row] for row in np.flatnonzero(~has_object).tolist()}
    kept = ~has_object
    for row in np.flatnonzero(has_object).tolist():
        kept[row] = key[row] not in seen
        seen.add(key[row])
    return relations.filter(pa.array(kept))


def _are(pattern: re.Pattern[str], values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Whether each value is of that form; what is null is not."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = array.dictionary_encode()
    fits = [bool(pattern.fullmatch(value)) for value in coded.dictionary.to_pylist()]
    return pa.array(fits, pa.bool_()).take(coded.indices).fill_null(False)


def _where(mask: pa.Array, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values where the mask is true, and else null."""
    return pc.if_else(pc.fill_null(mask, False), values, pa.scalar(None, values.type))


def _chained(*parts: pa.ChunkedArray | pa.Array) -> pa.Array:
    chunks = [p.combine_chunks() if isinstance(p, pa.ChunkedArray) else p for p in parts]
    return pa.concat_arrays(chunks)

"""spaCy's DocBin: tokens, entities and span groups, many documents a file (`*.spacy`).

A document's mentions stand in `doc.ents` if their labels are of the group called `ents`, or else of
the first flat group, and in `doc.spans[group]` if they are of another one. Where mentions of the
former overlap, the longest is in `doc.ents` and the others in `doc.spans` under the group's name.
The id of a mention is `span.id_`, its actor `span.kb_id_`. Everything else is the value of
`doc._.samarkand`, a dictionary (see `own.Extra`): the document's metadata, scores and
attributes, relations, stances, and under `unaligned` the mentions that are no span of spaCy's:
discontinuous ones, and those that begin or end within a token or in white space.

On reading, what spaCy sees is what counts. The text is exact: what spaCy's tokens leave out of
it is single spaces, and it knows behind which tokens these are. The format is told in
spacy/tokens/_serialize.py and span_group.pyx of spaCy 3.8 and at https://spacy.io/api/docbin.

Files are `train.spacy`, `dev.spacy`, `test.spacy`, and `docs.spacy` for documents of no such split;
where there are many documents, these are folders of files.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob, schema, text
from samarkand.corpus import Corpus, Layer, doc_codes
from samarkand.errors import FormatError
from samarkand.formats.base import DOCUMENTS, SPLIT_FOLDERS, Files, Reading, doc_ids, renamed
from samarkand.formats.docbin.own import extras, label_schema, settled
from samarkand.formats.docbin.packing import Spans, compressed, pack
from samarkand.formats.docbin.reader import Gathered, read_file
from samarkand.labels import Group, ents_group
from samarkand.text import Ints, Mask
from samarkand.tokens import Tokens, tokenize

SUFFIXES = (".spacy",)
PARTS = DOCUMENTS

#: The most that one file holds: documents, and bytes of text (one document may be more).
_DOCUMENTS, _BYTES = 2_000, 1 << 25

#: What the files of a split are called; documents of another one, or of none, are in `docs`.
_NAMES = {"train": "train", "validation": "dev", "test": "test"}
_REST = "docs"


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """DocBins as a corpus: ours with everything that they keep, others' with their spans.

    A folder or a file called train, dev or test says the split. Documents of others are called as
    the file, with their number in it if there are several.
    Errors: FormatError with every document that spaCy would refuse, or whose `doc._.samarkand` is
    not as we write it.
    """
    all = Gathered()

    @cache
    def stems() -> dict[str, tuple[str, str | None]]:
        return doc_ids([path.removesuffix(".spacy") for path in sorted(files)])

    def stem(path: str) -> str:
        return stems()[path.removesuffix(".spacy")][0]

    found: dict[str, list[pa.Table]] = {"documents": [schema.empty(schema.DOCUMENTS)]}
    found |= {name: [schema.empty(wanted)] for name, wanted in schema.TABLES.items()}
    for path in sorted(files):
        tables = read_file(path, files[path], stem, _split(path), all)
        for name, table in (tables or {}).items():
            found[name].append(table)
    if all.problems:
        raise FormatError(sorted(all.problems))
    tables = {name: pa.concat_tables(parts) for name, parts in found.items()}
    documents = tables.pop("documents")
    made, gone = settled(Layer(layer, **tables))
    all.unread.update(gone)
    corpus = Corpus(documents, label_schema(made, all.groups()), layers={layer: made})
    notes = [f"{what}: {count:,}" for what, count in all.notes.items()]
    if stems.cache_info().currsize:  # a document was called as its file
        notes += renamed(stems(), documents)
    return Reading(corpus, {kind: n for kind, n in sorted(all.unread.items()) if n}, tuple(notes))


def _split(path: str) -> str | None:
    """The split that a path says by a folder, or by the file's name."""
    parts = path.removesuffix(".spacy").lower().split("/")
    return next((SPLIT_FOLDERS[part] for part in reversed(parts) if part in SPLIT_FOLDERS), None)


def write(corpus: Corpus, layer: str) -> Files:
    """One layer, one file or folder a split."""
    narrowed = narrow(corpus, layer)
    splits = narrowed.documents["split"].to_pylist()
    names = np.array([_NAMES.get(split or "", _REST) for split in splits], object)
    order = np.concatenate([np.flatnonzero(names == name) for name in (*_NAMES.values(), _REST)])
    documents = narrowed.documents.take(pa.array(order))
    tokens = tokenize(documents["text"])
    files = dict(_shards(documents["text"], names[order]))
    parts = _parts(narrowed, layer, documents, files.values())
    packed = (
        _packed(part, layer, _cut(tokens, *edges))
        for part, edges in zip(parts, files.values(), strict=True)
    )
    return dict(zip(files, compressed(packed), strict=True))


def _shards(texts: pa.ChunkedArray, names: Sequence[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """The path of each file, and the rows of its documents, half-open; `names`: of their splits.

    Documents of one split stand together. One file without any stands for none.
    """
    sizes = pc.binary_length(texts).to_numpy().astype(np.int64)
    edges = [0]
    held = 0
    for row, size in enumerate(sizes.tolist()):
        full = row - edges[-1] == _DOCUMENTS or held + size > _BYTES
        if row > edges[-1] and (full or names[row] != names[row - 1]):
            edges.append(row)
            held = 0
        held += size
    found = list(pairwise([*edges, len(sizes)]))
    several = Counter(names[low] for low, high in found if low < high)
    number: Counter[str] = Counter()
    for low, high in found:
        name = names[low] if low < high else _REST
        number[name] += 1
        path = f"{name}/{number[name]:04}" if several[name] > 1 else name
        yield f"{path}.spacy", (low, high)


def _cut(tokens: Tokens, low: int, high: int) -> Tokens:
    """The tokens of some of the texts, in a row."""
    rows = slice(*np.searchsorted(tokens.doc, [low, high]))
    return Tokens(tokens.doc[rows] - low, tokens.begin[rows], tokens.end[rows])


def _parts(
    corpus: Corpus, layer: str, documents: pa.Table, edges: Iterable[tuple[int, int]]
) -> Iterator[Corpus]:
    """The corpora of documents `[low, high)`; each `edges` goes on where the last one ended."""
    tables, docs = {}, {}
    for name in schema.TABLES:
        table = corpus.layers[layer].table(name)
        doc = doc_codes(documents, table["doc"])
        order = np.argsort(doc, kind="stable")
        tables[name], docs[name] = table.take(pa.array(order)), doc[order]
    for low, high in edges:
        part = {}
        for name, table in tables.items():
            first, last = np.searchsorted(docs[name], [low, high]).tolist()
            part[name] = table.slice(first, last - first)
        some = documents.slice(low, high - low)
        yield Corpus(some, corpus.labels, layers={layer: Layer(layer, **part)})


def _packed(corpus: Corpus, layer: str, tokens: Tokens) -> bytes:
    """The documents of one file, not yet compressed."""
    entities, groups = corpus.layers[layer].entities, corpus.labels.groups
    texts = text.whole(corpus.documents["text"])
    doc = doc_codes(corpus.documents, entities["doc"])
    begin, end = (entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    first, last, exact = iob.touched(tokens, doc, begin, end)
    native = exact & _sayable(entities)
    place = _places(entities, groups, np.where(native, first, last), last)
    ents = ents_group(groups)

    def spans(number: int) -> Spans:
        rows = np.flatnonzero(place == number)
        label, id, actor = (
            text.whole(entities[c].take(pa.array(rows))) for c in ("label", "id", "actor")
        )
        return Spans(doc[rows], first[rows], last[rows], label, id, actor)

    used = {
        group.name: spans(number)
        for number, group in enumerate(groups)
        if group.name != ents or (place == number).any()
    }
    more = _more(texts, entities, np.flatnonzero(native), doc, begin, end)
    told = list(extras(corpus, layer, native, more))
    return pack(texts, tokens, None if ents is None else spans(len(groups)), used, told)


def _sayable(entities: pa.Table) -> Mask:
    """Which mentions spaCy could say, were they of whole tokens."""
    said: Mask = entities["fragments"].is_null().to_numpy()
    for name in ("id", "label", "actor"):
        said &= pc.fill_null(pc.not_equal(entities[name], ""), True).to_numpy()
    return said


def _places(entities: pa.Table, groups: Sequence[Group], first: Ints, last: Ints) -> Ints:
    """Where each mention of tokens `[first, last)` stands: the number of its group, or that of no
    group for `doc.ents`; -1 for an empty range."""
    number = {label: place for place, group in enumerate(groups) for label in group.labels}
    encoded = text.whole(entities["label"]).dictionary_encode()
    labels, code = encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)
    place: Ints = np.array([number[label] for label in labels], np.int64)[code]
    place[last <= first] = -1
    names = [group.name for group in groups]
    ents = ents_group(groups)
    mine = np.flatnonzero(place == names.index(ents)) if ents in names else np.zeros(0, np.int64)
    begin, end = (entities[name].to_numpy().astype(np.int64)[mine] for name in ("begin", "end"))
    lost = iob.overlapped(first[mine], last[mine], begin, end, code[mine], labels)
    place[mine[~lost]] = len(groups)
    return place


def _more(
    texts: pa.Array, entities: pa.Table, rows: Ints, doc: Ints, begin: Ints, end: Ints
) -> Mask:
    """Which mentions, of those in `rows`, say what a span of spaCy's does not."""
    covered = text.cover(text.index(texts), doc[rows], begin[rows], end[rows])
    chosen = entities.take(pa.array(rows))
    said = chosen["score"].is_valid().to_numpy()
    said |= pc.greater(pc.list_value_length(chosen["attributes"]), 0).to_numpy()
    said |= ~pc.equal(text.whole(chosen["text"]), covered).to_numpy(False)
    more = np.zeros(len(entities), np.bool_)
    more[rows] = said
    return more


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Everything stays, with the groups of labels; the rest of the label schema is what is used.

    Lost are annotations of documents that are not there, those whose id another one of the document
    has, and relations and stances of entities that are not there.
    """
    kept = corpus.layers[layer]
    tables = {name: _first(kept.table(name), corpus.documents) for name in schema.TABLES}
    made, _ = settled(Layer(layer, **tables))
    groups = corpus.labels.groups if len(corpus.documents) else ()
    return Corpus(corpus.documents, label_schema(made, groups), layers={layer: made})


def _first(table: pa.Table, documents: pa.Table) -> pa.Table:
    """The rows of known documents, the first of each id."""
    table = table.filter(pa.array(doc_codes(documents, table["doc"]) >= 0))
    key = pc.binary_join_element_wise(table["doc"], table["id"], "\0")
    if pc.count_distinct(key).as_py() == len(table):
        return table
    codes = text.whole(key).dictionary_encode().indices.to_numpy()
    return table.take(pa.array(np.sort(np.unique(codes, return_index=True)[1])))


def dump(
    texts: pa.Array | pa.ChunkedArray,
    tokens: Tokens,
    doc: Ints,
    begin: Ints,
    end: Ints,
    label: pa.Array | pa.ChunkedArray,
) -> Iterator[bytes]:
    """DocBins of texts whose tokens are given and whose `doc.ents` are these spans, and no more.

    `texts` is a pyarrow string column without nulls; `tokens` are sorted and hold no white space at
    their edges; spans, sorted by document, are rows of texts, and code points within them. Shapes
    of the spans' columns: (spans,). Each file holds up to 2,000 documents, in their order.
    Errors: ValueError for spans that do not begin and end with a token, or overlap.
    """
    first, last, exact = iob.touched(tokens, doc, begin, end)
    wrong = np.flatnonzero(~exact | (np.append(0, last[:-1]) > first))
    if len(wrong):
        place = (
            f"the first is characters {begin[wrong[0]]} to {end[wrong[0]]} of text {doc[wrong[0]]}"
        )
        said = f"spans that are not of whole tokens, or overlap: {len(wrong):,}"
        raise ValueError(f"{said}; {place}")
    yield from compressed(_given(texts, tokens, Spans(doc, first, last, text.whole(label))))


def _given(texts: pa.Array | pa.ChunkedArray, tokens: Tokens, ents: Spans) -> Iterator[bytes]:
    """The files of `dump`, not yet compressed."""
    for low, high in dict(_shards(texts, [_REST] * len(texts))).values():
        rows = slice(*np.searchsorted(ents.doc, [low, high]))
        before = int(np.searchsorted(tokens.doc, low))
        spans = Spans(
            ents.doc[rows] - low,
            ents.first[rows] - before,
            ents.last[rows] - before,
            ents.label.slice(rows.start, rows.stop - rows.start),
        )
        part = text.whole(texts.slice(low, high - low))
        yield pack(part, _cut(tokens, low, high), spans, {})

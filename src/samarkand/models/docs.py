"""A layer as spaCy's Docs: `doc.ents`, `doc.spans`, relations, stances, and what does not fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob
from samarkand.corpus import Corpus, doc_codes
from samarkand.labels import Group, ents_group
from samarkand.models import words
from samarkand.models.words import Hashes, Words
from samarkand.text import Ints, Mask, whole
from samarkand.tokens import Tokens

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

#: Tables of a layer that are on a Doc as lists of rows: `doc._.relations`, `doc._.stances`.
GRAPH = ("relations", "stances")


@dataclass(frozen=True, eq=False)
class Fit:
    """How a layer's entities lie on tokens. Shapes: (entities,), but `tokens`.

    A span is of tokens `[first, last)`: the rows of `tokens`, white space among them. `inexact`:
    it begins or ends within a token; `untouched`: it has no token; `pieces`: it is discontinuous;
    `overlapped`: it shares a token with a preferred one of its flat group (see `iob.overlapped`).
    """

    tokens: Tokens
    doc: Ints
    first: Ints
    last: Ints
    group: Ints
    inexact: Mask
    untouched: Mask
    pieces: Mask
    overlapped: Mask

    @property
    def lost(self) -> Mask:
        """Which are on no Doc."""
        return self.untouched | self.pieces


def made(
    corpus: Corpus, layer: str, nlp: "Language", ents: str = "", graph: bool = True
) -> tuple[list["Doc"], list["Doc"], Fit]:
    """For each document a Doc of its words alone and one with the layer on it; and how it fits.

    The group of labels called `ents` stands in `doc.ents` (by default the one of that name, or the
    first flat one); the others, and what overlaps in that one, in `doc.spans` under the group's
    name. `span.id_` is the mention's id, `span.kb_id_` its actor. A span that begins or ends within
    a token is widened to whole ones; a discontinuous one, and one without a token, is left out.
    With `graph`, `doc._.relations` and `doc._.stances` are lists of the layer's rows.
    """
    bare, at = words.docs(corpus.documents["text"], nlp)
    wanted = ents or ents_group(corpus.labels.groups) or ""
    found = fit(corpus, layer, at, wanted)
    full = [doc.copy() for doc in bare]
    entities = corpus.layers[layer].entities
    names = {name: _hashes(nlp, whole(entities[name])) for name in ("label", "actor", "id")}
    groups = corpus.labels.groups
    numbers = [number for number, group in enumerate(groups) if group.name == wanted]
    inside = np.isin(found.group, numbers) & ~found.overlapped & ~found.lost
    _set_ents(full, found, inside, names)
    for number, group in enumerate(groups):
        rest = (found.group == number) & ~inside & ~found.lost
        if group.name != wanted or rest.any():
            _set_spans(full, found, rest, names, group)
    if graph:
        _set_graph(full, corpus, layer)
    return bare, full, found


def fit(corpus: Corpus, layer: str, at: Words, ents: str = "") -> Fit:
    """How the layer's entities lie on these tokens of the corpus's documents.

    No span begins or ends with white space, which models may not find either.
    In the group called `ents`, as in every flat one, spans may not share a token.
    """
    entities = corpus.layers[layer].entities
    begin, end = (entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    doc = doc_codes(corpus.documents, entities["doc"])
    known = doc >= 0
    first, last = np.zeros((2, len(doc)), np.int64)
    exact = np.zeros(len(doc), np.bool_)
    visible = Tokens(
        *(column[at.rows] for column in (at.tokens.doc, at.tokens.begin, at.tokens.end))
    )
    low, high, exact[known] = iob.touched(visible, doc[known], begin[known], end[known])
    some = np.flatnonzero(known)[high > low]
    first[some] = at.rows[low[high > low]]
    last[some] = at.rows[high[high > low] - 1] + 1
    touching = (last > first) & (end > begin)
    pieces = entities["fragments"].is_valid().to_numpy()
    group, code = _groups(entities, corpus.labels.groups)
    overlapped = np.zeros(len(doc), np.bool_)
    labels = corpus.labels.labels
    for number, one in enumerate(corpus.labels.groups):
        if one.flat or one.name == ents:
            rows = np.flatnonzero((group == number) & touching & ~pieces)
            place = (first[rows], last[rows], begin[rows], end[rows], code[rows])
            overlapped[rows] = iob.overlapped(*place, labels)
    return Fit(at.tokens, doc, first, last, group, touching & ~exact, ~touching, pieces, overlapped)


def _groups(entities: pa.Table, groups: Sequence[Group]) -> tuple[Ints, Ints]:
    """The group of each entity, and the place of its label among all of them; -1 for none."""
    labels = [label for group in groups for label in group.labels]
    of = np.array([n for n, group in enumerate(groups) for _ in group.labels] + [-1], np.int64)
    found = pc.index_in(entities["label"], pa.array(labels, pa.string())).fill_null(-1)
    code = np.asarray(found.to_numpy()).astype(np.int64)
    return of[code], code


def _hashes(nlp: "Language", column: pa.Array) -> Hashes:
    """spaCy's numbers of these strings, 0 for null and for the empty one."""
    encoded = column.dictionary_encode()
    strings = nlp.vocab.strings
    codes = [strings.add(value) if value else 0 for value in encoded.dictionary.to_pylist()]
    rows = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
    found: Hashes = np.array([*codes, 0], np.uint64)[rows]
    return found


def _rows(found: Fit, chosen: Mask, docs: int) -> Iterator[tuple[int, Ints]]:
    """For each Doc that has any, the chosen entities of it."""
    rows = np.flatnonzero(chosen)
    edges = np.searchsorted(found.doc[rows], np.arange(docs + 1)).tolist()
    for doc, (low, high) in enumerate(pairwise(edges)):
        if low < high:
            yield doc, rows[low:high]


def _set_ents(docs: Sequence["Doc"], found: Fit, chosen: Mask, names: dict[str, Hashes]) -> None:
    """Set `doc.ents`, of spans that share no token. A Doc without any is known to have none."""
    from spacy.attrs import ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE

    table: Any = np.zeros((len(found.tokens), 4), np.uint64)
    table[:, 0] = 2  # outside
    rows = np.flatnonzero(chosen)
    size = found.last[rows] - found.first[rows]
    inside = _ranges(found.first[rows], size)
    table[inside, 0] = 1
    table[found.first[rows], 0] = 3
    for place, name in enumerate(("label", "actor", "id"), 1):
        table[inside, place] = np.repeat(names[name][rows], size)
    edges = np.searchsorted(found.tokens.doc, np.arange(len(docs) + 1)).tolist()
    for doc, low, high in zip(docs, edges[:-1], edges[1:], strict=True):
        doc.from_array([ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID], table[low:high])


def _ranges(first: Ints, size: Ints) -> Ints:
    """The numbers from each first on, so many."""
    found: Ints = np.arange(size.sum()) + np.repeat(first - (np.cumsum(size) - size), size)
    return found


def _set_spans(
    docs: Sequence["Doc"],
    found: Fit,
    chosen: Mask,
    names: dict[str, Hashes],
    group: Group,
) -> None:
    """Set `doc.spans` under the group's name; every Doc has it."""
    from spacy.tokens import Span

    for doc in docs:
        doc.spans[group.name] = []
    starts = np.searchsorted(found.tokens.doc, np.arange(len(docs)))
    for place, rows in _rows(found, chosen, len(docs)):
        doc = docs[place]
        columns = (
            (found.first[rows] - starts[place]).tolist(),
            (found.last[rows] - starts[place]).tolist(),
            *(names[name][rows].tolist() for name in ("label", "actor", "id")),
        )
        doc.spans[group.name] = [
            Span(doc, first, last, label=label, kb_id=actor, span_id=id)
            for first, last, label, actor, id in zip(*columns, strict=True)
        ]


def _set_graph(docs: Sequence["Doc"], corpus: Corpus, layer: str) -> None:
    """Set `doc._.relations` and `doc._.stances`."""
    register()
    for name in GRAPH:
        table = corpus.layers[layer].table(name)
        codes = doc_codes(corpus.documents, table["doc"])
        edges = np.searchsorted(codes, np.arange(len(docs) + 1)).tolist()
        rows: list[dict[str, Any]] = table.drop_columns(["doc"]).to_pylist()
        for doc, low, high in zip(docs, edges[:-1], edges[1:], strict=True):
            doc._.set(name, rows[low:high])


def register() -> None:
    """Make `doc._.relations` and `doc._.stances` known to spaCy, as the Docs are given them."""
    from spacy.tokens import Doc

    for name in GRAPH:
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=[])

"""A layer as CASes of dkpro-cassis, one a document."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines, schema, sentences, tokens
from samarkand.corpus import Corpus, Layer
from samarkand.formats.cas import types as types_of
from samarkand.formats.cas.types import DOCUMENT, MENTION, RELATION, SPAN, STANCE, encode

#: (begin, end) in code points.
Place = tuple[int, int]
Add = Callable[..., Any]
Named = Mapping[str, tuple[str, ...]]


def type_system(layer: Layer) -> Any:
    """Our types, with a feature for each attribute that can be one."""
    return types_of.type_system(tuple(_named(layer).items()))


def cases(corpus: Corpus, layer: str, in_xml: bool) -> Iterator[tuple[str, Any]]:
    """Each document's id and CAS; the corpus is narrowed already.

    `in_xml`: the text has a space for each character that XML cannot hold, and the CAS says which.
    """
    kept = corpus.layers[layer]
    named = _named(kept)
    types = type_system(kept)
    rows = {name: _by_document(name, kept.table(name)) for name in schema.TABLES}
    segments = _segments(corpus.documents["text"])
    documents = corpus.documents.to_pylist()
    for document, (parts, words) in zip(documents, segments, strict=True):
        mine = {name: found.get(document["doc"], []) for name, found in rows.items()}
        cas = types_of.library().Cas(types)
        text = document["text"]
        cas.sofa_string = types_of.NO_XML.sub(" ", text) if in_xml else text
        cas.sofa_mime = "text/plain"
        add = _adder(cas)
        title = document["title"] or document["doc"]
        about = {"documentTitle": encode(title), "documentId": document["doc"]}
        add(types_of.METADATA, (0, len(text)), about | _language(document))
        for place in parts:
            add(types_of.SENTENCE, place)
        for place in words:
            add(types_of.TOKEN, place)
        _layer(add, named, mine, (words or [(0, 0)])[0])
        add(DOCUMENT, (words or [(0, 0)])[0], _document(document, in_xml))
        yield document["doc"], cas


def _named(layer: Layer) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, kind in types_of.OF_TABLE.items():
        pairs = pc.list_flatten(layer.table(name)["attributes"])
        names = pc.struct_field(pairs, "name").unique().to_pylist()
        found[kind] = types_of.feature_names(kind, names)
    return found


def _by_document(name: str, table: pa.Table) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for doc, row in zip(table["doc"].to_pylist(), lines.from_table(name, table), strict=True):
        found.setdefault(doc, []).append(row)
    return found


def _segments(texts: pa.ChunkedArray) -> Iterator[tuple[list[Place], list[Place]]]:
    """The places of each text's sentences and tokens."""
    found = tokens.tokenize(texts)
    sentence = sentences.split(texts, found)
    edges = np.searchsorted(found.doc, np.arange(len(texts) + 1)).tolist()
    for first, last in pairwise(edges):
        begin, end = found.begin[first:last].tolist(), found.end[first:last].tolist()
        starts = np.flatnonzero(np.diff(sentence[first:last], prepend=-1)).tolist()
        bounds = [*starts, last - first]
        spans = [(begin[a], end[b - 1]) for a, b in pairwise(bounds)]
        yield spans, list(zip(begin, end, strict=True))


def _adder(cas: Any) -> Add:
    kinds: dict[str, Any] = {}

    def add(kind: str, place: Place, features: Mapping[str, Any] = {}) -> Any:
        if kind not in kinds:
            kinds[kind] = cas.typesystem.get_type(kind)
        made = kinds[kind](begin=place[0], end=place[1], **features)
        cas.add(made)
        return made

    return add


def _layer(add: Add, named: Named, rows: dict[str, list[Any]], anchor: Place) -> None:
    """`anchor` is where a stance stands that has no place: INCEpTION wants all within sentences."""
    entities = {}
    for row in rows["entities"]:
        features = _said({"value": row.label, "identifier": row.actor})
        entities[row.entity] = add(types_of.NAMED_ENTITY, (row.begin, row.end), features)
    for row in rows["entities"]:
        said = {"id": row.entity, "label": row.label, "score": _number(row.score)}
        features = _said(said) | _attributes(row.attributes, named[MENTION])
        add(MENTION, (row.begin, row.end), features)
    for row in rows["relations"]:
        said = {"id": row.relation, "label": row.label, "object": row.object}
        said |= {"status": row.status, "score": _number(row.score)}
        features = _said(said) | _attributes(row.attributes, named[RELATION])
        ends = {types_of.GOVERNOR: entities[row.head], types_of.DEPENDENT: entities[row.tail]}
        tail = ends[types_of.DEPENDENT]
        add(RELATION, (tail.begin, tail.end), features | ends)
    for row in rows["stances"]:
        about = [*row.cue, *row.target_spans, *row.content][:1]
        held = [entities[row.holder]] if row.holder in entities else []
        place = next(((at.begin, at.end) for at in [*about, *held]), anchor)
        add(STANCE, place, _stance(row) | _attributes(row.attributes, named[STANCE]))
    for role, (table, column) in types_of.ROLES.items():
        for row in rows[table]:
            owner = getattr(row, lines.ID_KEYS[table])
            for number, span in enumerate(getattr(row, column) or [], 1):
                features = _said({"owner": owner, "role": role, "place": str(number)})
                add(SPAN, (span.begin, span.end), features)


def _said(columns: Mapping[str, str | None]) -> dict[str, str]:
    return {name: encode(value) for name, value in columns.items() if value is not None}


def _attributes(attributes: Mapping[str, str], named: Sequence[str]) -> dict[str, str]:
    """Attributes as features of their names, and those that cannot be features as JSON."""
    own = {name: value for name, value in attributes.items() if name in named}
    rest = {name: value for name, value in attributes.items() if name not in named}
    return _said(own) | _said({"attributes": _json(rest) if rest else None})


def _stance(row: Any) -> dict[str, str]:
    return _said(
        {
            "id": row.stance,
            "holder": row.holder,
            "target": row.target,
            "polarity": None if row.polarity is None else str(row.polarity),
            "act": row.act,
            "source_chain": _json(row.source_chain) if row.source_chain else None,
            "explicit": None if row.explicit is None else str(row.explicit).lower(),
            "status": row.status,
            "score": _number(row.score),
        }
    )


def _document(row: Mapping[str, Any], in_xml: bool) -> dict[str, str]:
    metadata = {pair["name"]: pair["value"] for pair in row["metadata"]}
    controls = [
        f"{found.start()}:{ord(found[0]):04x}" for found in types_of.NO_XML.finditer(row["text"])
    ]
    columns = {name: row[name] for name in ("doc", "title", "event", "split", "license", "sha256")}
    published = row["published"]
    columns |= {
        "published": published and published.isoformat(),
        "metadata": _json(metadata) if metadata else None,
        "controls": " ".join(controls) if controls and in_xml else None,
    }
    return _said(columns)


def _language(row: Mapping[str, Any]) -> dict[str, str]:
    return _said({"language": row["language"]})


def _number(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

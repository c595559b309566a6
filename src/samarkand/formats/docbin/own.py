"""What spaCy cannot say of a document, as the value of `doc._.samarkand`.

DocBin keeps the user data of a Doc, that of a custom attribute under the key
`("._.", "samarkand", None, None)` (spacy/tokens/underscore.py), whether or not the attribute is
registered: `DocBin.get_docs` hands it back all the same, and `DocBin(store_user_data=True)` writes
it.
"""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines, schema
from samarkand.corpus import Corpus, Layer, doc_codes, entity_rows, infer_labels
from samarkand.labels import Group, LabelSchema, ents_group
from samarkand.text import Ints, Mask

NAME = "samarkand"
KEY = ("._.", NAME, None, None)

#: The group of labels that are in none.
OTHER = "other"


class Labels(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A group of the label schema, with the labels of it that the layer uses."""

    name: str
    labels: list[str]
    flat: bool = False


class Extra(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`doc._.samarkand`: the document's metadata, and what has no native place.

    `entities` are spans of the Doc that have a score, attributes or another text than they cover;
    `unaligned` are those that are no span of the Doc: discontinuous ones, and those that begin or
    end within a token.
    """

    doc: str
    title: str | None = None
    published: datetime.date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}
    groups: list[Labels] = []
    entities: list[lines.Entity] = []
    unaligned: list[lines.Entity] = []
    relations: list[lines.Relation] = []
    stances: list[lines.Stance] = []


_HEAD = b"\x81" + msgspec.msgpack.encode(KEY)


def extras(corpus: Corpus, layer: str, native: Mask, more: Mask) -> Iterator[bytes]:
    """The user data of each document, as MessagePack.

    `native`: which entities are spans of the Doc; `more`: which of them have what a span has not.
    """
    table = corpus.documents.drop_columns(["text"])
    kept = corpus.layers[layer]
    parts = {
        "entities": kept.entities.filter(pa.array(native & more)),
        "unaligned": kept.entities.filter(pa.array(~native)),
        "relations": kept.relations,
        "stances": kept.stances,
    }
    rows: dict[str, list[list[Any]]] = {}
    for name, part in parts.items():
        rows[name] = [[] for _ in range(len(table))]
        codes = doc_codes(table, part["doc"]).tolist()
        kind = name if name in schema.TABLES else "entities"
        for code, line in zip(codes, lines.from_table(kind, part), strict=True):
            rows[name][code].append(line)
    groups = [Labels(g.name, list(g.labels), g.flat) for g in corpus.labels.groups]
    for code, about in enumerate(table.to_pylist()):
        about |= {name: part[code] for name, part in rows.items()}
        about["metadata"] = {pair["name"]: pair["value"] for pair in about["metadata"]}
        yield _HEAD + msgspec.msgpack.encode(Extra(groups=groups, **about))


def label_schema(layer: Layer, groups: Sequence[Group]) -> LabelSchema:
    """The labels that a layer uses, in these groups; those of no group are the group `other`.

    A group without any is left out, unless its place is `doc.ents`: no other takes that place.
    """
    inferred = infer_labels([layer])
    used = set(inferred.labels)
    found: dict[str, Group] = {}
    for group in groups:
        found[group.name] = Group(group.name, tuple(sorted(used & set(group.labels))), group.flat)
        used -= set(group.labels)
    if used:
        others = found.get(OTHER, Group(OTHER, ())).labels
        found[OTHER] = Group(OTHER, tuple(sorted({*others, *used})))
    ents = ents_group(groups)
    kept = tuple(group for group in found.values() if group.labels or group.name == ents)
    return replace(inferred, groups=kept)


#: The columns that name entities of the same document, by table.
_REFERENCES = {
    "relations": ("head", "tail", "object"),
    "stances": ("holder", "target", "source_chain"),
}


def settled(layer: Layer) -> tuple[Layer, dict[str, int]]:
    """The layer without relations and stances of entities that it has not; how many these were."""
    tables = {"entities": layer.entities}
    counts: dict[str, int] = {}
    for name, columns in _REFERENCES.items():
        table = layer.table(name)
        gone = np.zeros(len(table), np.bool_)
        for column in columns:
            gone[_dangling(layer.entities, table, column)] = True
        tables[name] = table.filter(pa.array(~gone)) if gone.any() else table
        counts[f"{name} of a span that is gone"] = int(gone.sum())
    return Layer(layer.name, **tables, provenance=layer.provenance), counts


def _dangling(entities: pa.Table, table: pa.Table, column: str) -> Ints:
    """The rows of a table whose column names an entity that is not there."""
    ids, row = table[column].combine_chunks(), np.arange(len(table))
    if pa.types.is_list(ids.type):
        row, ids = pc.list_parent_indices(ids).to_numpy(), pc.list_flatten(ids)
    words = pc.is_in(ids, pa.array(schema.RESERVED))
    if column == "target":
        words = pc.or_(words, pc.starts_with(ids, schema.PROPOSITION))
    named = pc.and_(ids.is_valid(), pc.invert(pc.fill_null(words, True)))
    rows: Ints = row[named.to_numpy(False)]
    if not len(rows):
        return rows
    docs = table["doc"].take(pa.array(rows))
    return rows[entity_rows(entities, docs, pa.chunked_array([ids.filter(named)])) < 0]

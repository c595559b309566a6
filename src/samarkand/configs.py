"""The configurations of the published dataset: what each row of each of them is.

Each function makes one table for the whole corpus, with a `split` column that `build` takes out.
Offsets in every configuration are code points of the document's text, which each row carries or
names, so that no row is a dead end.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob, schema, sentences, text, tokens
from samarkand.corpus import Corpus, Layer, doc_codes, entity_rows
from samarkand.labels import Group, LabelSchema, RelationType
from samarkand.text import Ints

#: What was changed or left out so that annotations fit a configuration: counted, by kind.
Losses = dict[str, int]


def articles(corpus: Corpus, layer: Layer, losses: Losses) -> pa.Table:
    """One row a document: text, metadata, and its entities, relations and stances as lists."""
    documents = corpus.documents
    columns: dict[str, Any] = {
        name: documents[name]
        for name in ("doc", "text", "title", "published", "language", "event", "license")
    }
    columns |= metadata(documents)
    for name in schema.TABLES:
        columns[name] = _nested(documents, layer.table(name).drop_columns(["doc"]), layer, name)
    return pa.table(columns | {"split": documents["split"]})


def metadata(documents: pa.Table) -> dict[str, pa.Array]:
    """The corpus's own metadata, a column a name; null where a document has none of that name."""
    rows = [{p["name"]: p["value"] for p in row} for row in documents["metadata"].to_pylist()]
    names = sorted({name for row in rows for name in row})
    return {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}


def _nested(documents: pa.Table, rows: pa.Table, layer: Layer, name: str) -> pa.Array:
    """Rows in canonical order as one list a document."""
    codes = doc_codes(documents, layer.table(name)["doc"])
    offsets = np.searchsorted(codes, np.arange(len(documents) + 1)).astype(np.int32)
    arrays = [rows[column].combine_chunks() for column in rows.column_names]
    items = pa.StructArray.from_arrays(arrays, fields=list(rows.schema))
    return pa.ListArray.from_arrays(pa.array(offsets), items)


def ner(corpus: Corpus, layer: Layer, losses: Losses) -> pa.Table:
    """One row a sentence: tokens with IOB2 tags, a column of tags for each group of labels.

    Tokens are spaCy's English ones without white space; `begin` and `end` are theirs. The first
    group's tags are `ner_tags`, another's `<group>_tags`. What IOB2 cannot say is in `losses`.
    """
    documents = corpus.documents
    ix = text.index(documents["text"])
    found = tokens.tokenize(documents["text"])
    codes = doc_codes(documents, layer.entities["doc"])
    spans = _spans(layer, codes, losses)
    first, last, _ = iob.touched(found, *spans[:3])
    sentence = _joined(found.doc, sentences.split(documents["text"], found), first, last)
    starts = np.flatnonzero(np.diff(sentence, prepend=-1))
    offsets = np.append(starts, len(sentence)).astype(np.int32)
    docs = found.doc[starts]
    number = np.arange(len(starts)) - np.searchsorted(docs, docs)
    surface = text.cover(ix, found.doc, found.begin, found.end)
    columns: dict[str, Any] = {
        "id": _join(documents["doc"].take(pa.array(docs)), number + 1),
        "doc": documents["doc"].take(pa.array(docs)),
        "sentence": pa.array(number, pa.int32()),
        "tokens": pa.ListArray.from_arrays(offsets, surface),
    }
    for name, group in tag_columns(corpus.labels).items():
        tags = _tags(found, spans, group.labels, losses, name)
        columns[name] = pa.ListArray.from_arrays(offsets, tags)
    columns["begin"] = pa.ListArray.from_arrays(offsets, pa.array(found.begin, pa.int32()))
    columns["end"] = pa.ListArray.from_arrays(offsets, pa.array(found.end, pa.int32()))
    return pa.table(columns | {"split": documents["split"].take(pa.array(docs))})


def tag_columns(labels: LabelSchema) -> dict[str, Group]:
    """The columns of tags and the group of labels of each."""
    named = [f"{group.name}_tags" for group in labels.groups]
    return dict(zip(["ner_tags", *named[1:]], labels.groups, strict=False))


def _spans(layer: Layer, codes: Ints, losses: Losses) -> tuple[Ints, Ints, Ints, pa.Array]:
    """Document row, begin, end and label of each entity that is in one piece."""
    whole = layer.entities["fragments"].is_null()
    lost = len(whole) - pc.sum(whole).as_py() if len(whole) else 0
    if lost:
        losses["ner: discontinuous entities left out"] = lost
    kept = layer.entities.filter(whole)
    begin, end = (kept[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    return codes[np.asarray(whole.to_numpy())], begin, end, kept["label"].combine_chunks()


def _joined(docs: Ints, sentence: Ints, first: Ints, last: Ints) -> Ints:
    """A running number of sentences over all documents; no entity crosses a boundary."""
    fresh = np.ones(len(docs), bool)
    fresh[1:] = (np.diff(docs) != 0) | (np.diff(sentence) != 0)
    wide = last - first > 1
    inside = np.zeros(len(docs) + 1, np.int64)  # +1 behind a span's first token, -1 at its end
    np.add.at(inside, first[wide] + 1, 1)
    np.add.at(inside, last[wide], -1)
    return np.cumsum(fresh & (np.cumsum(inside[:-1]) == 0)).astype(np.int64)


def _tags(
    found: tokens.Tokens,
    spans: tuple[Ints, Ints, Ints, pa.Array],
    labels: Sequence[str],
    losses: Losses,
    name: str,
) -> pa.Array:
    """The tags of one group's spans; what they do not say of the spans goes to `losses`."""
    doc, begin, end, label = spans
    code = pc.index_in(label, pa.array(labels, pa.string()))
    mine = np.asarray(code.is_valid().to_numpy(zero_copy_only=False))
    numbers = code.drop_null().to_numpy().astype(np.int64)
    tagged = iob.tags(found, doc[mine], begin[mine], end[mine], numbers, labels)
    for what, rows in (
        ("widened to whole tokens", tagged.inexact),
        ("without a token left out", tagged.untouched),
        ("overlapped by a longer one left out", tagged.overlapped),
    ):
        if len(rows):
            losses[f"{name}: entities {what}"] = len(rows)
    return pa.array(tagged.names, pa.string()).take(pa.array(tagged.codes))


def _join(docs: pa.ChunkedArray, number: Ints) -> pa.ChunkedArray:
    digits = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 4, "0")
    return pc.binary_join_element_wise(docs, digits, "-")


def relations(corpus: Corpus, layer: Layer, losses: Losses) -> pa.Table:
    """One row a relation: the document's text, both arguments in full, and the evidence.

    `merged` is the label, or the parent of a type that the label schema merges into one.
    """
    rows = layer.relations
    merged = corpus.labels.merged
    columns: dict[str, Any] = {
        "id": pc.binary_join_element_wise(rows["doc"], rows["id"], "/"),
        "doc": rows["doc"],
        "text": _of_document(corpus, rows, "text"),
        "label": rows["label"],
        "merged": pa.array([merged.get(v, v) for v in rows["label"].to_pylist()], pa.string()),
    }
    for name in ("head", "tail", "object"):
        columns[name] = mention(layer, rows["doc"], rows[name])
    for name in ("evidence", "status", "score"):
        columns[name] = rows[name]
    return pa.table(columns | {"split": _of_document(corpus, rows, "split")})


def stance(corpus: Corpus, layer: Layer, losses: Losses) -> pa.Table:
    """One row a stance: the document's text, who holds it, toward whom or what, and how.

    `holder_kind` is entity, author or unspecified; `target_kind` is entity, proposition, span or
    unspecified. `holder` and `target` are null unless an entity.
    """
    rows = layer.stances
    wordings = dict(corpus.labels.propositions)
    names = dict(corpus.labels.polarity)
    target = rows["target"]
    columns: dict[str, Any] = {
        "id": pc.binary_join_element_wise(rows["doc"], rows["id"], "/"),
        "doc": rows["doc"],
        "text": _of_document(corpus, rows, "text"),
        "holder_kind": _kind(rows["holder"]),
        "holder": mention(layer, rows["doc"], rows["holder"]),
        "target_kind": _kind(target),
        "target": mention(layer, rows["doc"], target),
        "target_spans": rows["target_spans"],
        "proposition": pc.if_else(
            pc.starts_with(target, schema.PROPOSITION), target, pa.scalar(None, pa.string())
        ),
        "wording": pa.array([wordings.get(t) for t in target.to_pylist()], pa.string()),
        "polarity": pa.array(
            [None if p is None else names.get(p, str(p)) for p in rows["polarity"].to_pylist()],
            pa.string(),
        ),
        "polarity_value": rows["polarity"],
    }
    for name in ("act", "cue", "content", "source_chain", "explicit", "status", "score"):
        columns[name] = rows[name]
    return pa.table(columns | {"split": _of_document(corpus, rows, "split")})


def _kind(ids: pa.ChunkedArray) -> pa.Array:
    """What an argument of a stance is, by its id."""
    kinds = {schema.AUTHOR: "author", schema.UNSPECIFIED: "unspecified", schema.SPAN_TARGET: "span"}
    return pa.array(
        [
            kinds.get(i, "proposition" if i.startswith(schema.PROPOSITION) else "entity")
            for i in ids.to_pylist()
        ],
        pa.string(),
    )


def mention(layer: Layer, docs: pa.ChunkedArray, ids: pa.ChunkedArray) -> pa.StructArray:
    """The entities with those ids as structs; null where the id is no entity's."""
    names = ["id", "begin", "end", "text", "label", "actor"]
    found = entity_rows(layer.entities, docs, ids)
    rows = pa.array(found, mask=found < 0)
    arrays = [layer.entities[name].combine_chunks().take(rows) for name in names]
    fields = [pa.field(name, schema.ENTITIES.field(name).type) for name in names]
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=rows.is_null())


def _of_document(corpus: Corpus, rows: pa.Table, column: str) -> pa.ChunkedArray:
    codes = pa.array(doc_codes(corpus.documents, rows["doc"]))
    return corpus.documents[column].take(codes)


#: The columns of `layers` that say who or what made an annotation.
_MADE = ("annotator", "is_human", "tool", "model", "guidelines", "date", "derived_from")


def layers(corpus: Corpus, layer: Layer, losses: Losses) -> pa.Table:
    """One row an annotation of any layer, with its layer's provenance: for agreement and noise."""
    everyone = list(corpus.layers.values()) or [layer]
    parts = [_flat(corpus, each, name) for each in everyone for name in schema.TABLES]
    return pa.concat_tables(parts)


def _flat(corpus: Corpus, layer: Layer, name: str) -> pa.Table:
    rows = layer.table(name)
    size = len(rows)
    made = layer.provenance
    said: dict[str, Any] = {"layer": layer.name, "layer_kind": made.kind if made else None}
    said |= {column: getattr(made, column) if made else None for column in _MADE}
    kinds = {"is_human": pa.bool_()}
    columns: dict[str, Any] = {
        column: pa.repeat(
            pa.scalar(None if value == "" else value, kinds.get(column, pa.string())), size
        )
        for column, value in said.items()
    }
    columns["kind"] = pa.repeat(schema.ROWS[name], size)
    for table, wanted in schema.TABLES.items():
        for field in wanted:
            if table == name:
                columns[field.name] = rows[field.name]
            else:
                columns.setdefault(field.name, pa.nulls(size, field.type))
    return pa.table(_ordered(columns) | {"split": _of_document(corpus, rows, "split")})


def _ordered(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns in an order that does not depend on which table they came from."""
    known = [field.name for wanted in schema.TABLES.values() for field in wanted]
    first = [name for name in columns if name not in known]
    return {name: columns[name] for name in [*first, *dict.fromkeys(known)]}


def of_documents(corpus: Corpus, losses: Losses) -> Corpus:
    """The corpus without annotations of documents that it does not have."""
    kept = {}
    docs = corpus.documents["doc"].combine_chunks()
    for name, layer in corpus.layers.items():
        tables = {table: layer.table(table) for table in schema.TABLES}
        rows = {n: t.filter(pc.is_in(t["doc"], docs)) for n, t in tables.items()}
        lost = sum(len(tables[n]) - len(rows[n]) for n in tables)
        if lost:
            losses[f"{name}: annotations of documents that there are not left out"] = lost
        kept[name] = replace(layer, **rows)
    return replace(corpus, layers=kept)


def with_labels_of(labels: LabelSchema, layer: Layer) -> LabelSchema:
    """The label schema, and what the layer says beyond it: entity labels in a group `other`."""
    entities = _beyond(layer.entities["label"], labels.labels)
    kinds = _beyond(layer.relations["label"], tuple(kind.name for kind in labels.relations))
    scale = {str(value): (value, name) for value, name in labels.polarity}
    values = _beyond(layer.stances["polarity"].cast(pa.string()), tuple(scale))
    chunks = [*layer.relations["status"].chunks, *layer.stances["status"].chunks]
    statuses = _beyond(pa.chunked_array(chunks, pa.string()), labels.statuses)
    taken = {group.name for group in labels.groups}
    spare = next(name for name in ("other", "others", "more_others") if name not in taken)
    return replace(
        labels,
        groups=labels.groups + ((Group(spare, entities),) if entities else ()),
        relations=labels.relations + tuple(RelationType(name) for name in kinds),
        acts=labels.acts + _beyond(layer.stances["act"], labels.acts),
        statuses=labels.statuses + statuses,
        polarity=tuple(sorted([*labels.polarity, *((int(value), value) for value in values)])),
    )


def _beyond(column: pa.ChunkedArray, known: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(column.unique().drop_null().to_pylist()) - set(known)))


#: Every configuration, the default first. A new one is a function and a line here.
CONFIGS: dict[str, Callable[[Corpus, Layer, Losses], pa.Table]] = {
    "articles": articles,
    "ner": ner,
    "relations": relations,
    "stance": stance,
    "layers": layers,
}

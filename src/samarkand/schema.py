"""The Arrow schemas of a corpus: every column, its type and its unit, said once.

Offsets count Unicode code points of the document's text and are half-open: `[begin, end)`.
A `text` beside an offset is the text that the annotation was made on: it is recorded, not
derived, so that a text edited under its annotations is noticed (see `samarkand check`).
"""

import pyarrow as pa

#: A stretch of text: where it is, and what it said when it was annotated.
SPAN = pa.struct(
    [
        pa.field("begin", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
SPANS = pa.list_(pa.field("item", SPAN, nullable=False))

#: Names and values, sorted by name: Arrow maps are not read by every consumer.
PAIRS = pa.list_(
    pa.field(
        "item",
        pa.struct(
            [
                pa.field("name", pa.string(), nullable=False),
                pa.field("value", pa.string(), nullable=False),
            ]
        ),
        nullable=False,
    )
)
STRINGS = pa.list_(pa.field("item", pa.string(), nullable=False))


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


DOCUMENTS = pa.schema(
    [
        _required("doc", pa.string()),  # slug, safe as a file name
        _required("text", pa.string()),  # never normalised
        pa.field("title", pa.string()),
        pa.field("published", pa.date32()),
        pa.field("language", pa.string()),  # ISO 639
        pa.field("event", pa.string()),  # groups tellings of one event
        pa.field("split", pa.string()),  # train, validation, test
        pa.field("license", pa.string()),  # SPDX id
        pa.field("sha256", pa.string()),  # of the UTF-8 text, as recorded in the metadata
        _required("metadata", PAIRS),  # the corpus's own columns
    ]
)

ACTORS = pa.schema(
    [
        _required("actor", pa.string()),  # slug
        _required("name", pa.string()),
        pa.field("kind", pa.string()),  # person, state, organisation, ...
        pa.field("country", pa.string()),  # actor id of a state
        pa.field("wikidata", pa.string()),  # Q number
    ]
)

ENTITIES = pa.schema(
    [
        _required("doc", pa.string()),
        _required("id", pa.string()),
        _required("begin", pa.int32()),  # code points
        _required("end", pa.int32()),  # code points, exclusive
        _required("text", pa.string()),  # covered text; fragments are joined by one space
        pa.field("fragments", SPANS),  # null unless discontinuous
        _required("label", pa.string()),
        pa.field("actor", pa.string()),  # whom the mention refers to
        pa.field("score", pa.float64()),  # a model's confidence, 0 to 1
        _required("attributes", PAIRS),
    ]
)

RELATIONS = pa.schema(
    [
        _required("doc", pa.string()),
        _required("id", pa.string()),
        _required("label", pa.string()),
        _required("head", pa.string()),  # entity id, same layer and document
        _required("tail", pa.string()),  # entity id, same layer and document
        pa.field("object", pa.string()),  # entity id: what is supplied, deployed, ...
        _required("evidence", SPANS),
        pa.field("status", pa.string()),  # ASSERTED, FUTURE, ...
        pa.field("score", pa.float64()),
        _required("attributes", PAIRS),
    ]
)

STANCES = pa.schema(
    [
        _required("doc", pa.string()),
        _required("id", pa.string()),
        _required("holder", pa.string()),  # entity id, AUTHOR or UNSPECIFIED
        _required("target", pa.string()),  # entity id, P:proposition, SPAN or UNSPECIFIED
        _required("target_spans", SPANS),  # where target is SPAN
        pa.field("polarity", pa.int8()),  # -2 to 2; null for pure attribution
        pa.field("act", pa.string()),
        _required("cue", SPANS),
        _required("content", SPANS),
        _required("source_chain", STRINGS),  # AUTHOR first, then entity ids of who is quoted
        pa.field("explicit", pa.bool_()),
        pa.field("status", pa.string()),
        pa.field("score", pa.float64()),
        _required("attributes", PAIRS),
    ]
)

#: The tables of a layer, in the order in which a layer's file holds them.
#: What a row of each of a layer's tables is called.
ROWS = {"entities": "entity", "relations": "relation", "stances": "stance"}

TABLES: dict[str, pa.Schema] = {
    "entities": ENTITIES,
    "relations": RELATIONS,
    "stances": STANCES,
}

#: The columns that hold lists of spans, by table.
SPAN_COLUMNS: dict[str, tuple[str, ...]] = {
    "entities": ("fragments",),
    "relations": ("evidence",),
    "stances": ("target_spans", "cue", "content"),
}

#: Values that stand where an entity id may stand.
AUTHOR, UNSPECIFIED, SPAN_TARGET = "AUTHOR", "UNSPECIFIED", "SPAN"
RESERVED = (AUTHOR, UNSPECIFIED, SPAN_TARGET)
#: How a target starts that is a proposition of the label schema.
PROPOSITION = "P:"

SPLITS = ("train", "validation", "test")
STATUSES = ("ASSERTED", "FUTURE", "HYPOTHETICAL", "NEGATED", "HISTORICAL")


def empty(schema: pa.Schema) -> pa.Table:
    """A table of no rows."""
    table: pa.Table = schema.empty_table()
    return table

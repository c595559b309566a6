"""Random corpora for the laws: awkward text, awkward spans, awkward ids."""

from typing import Any

import hypothesis.strategies as st

from samarkand import schema
from samarkand.corpus import Corpus, Layer, infer_labels, table
from samarkand.formats import base

LAYER = "hand/a"

#: Pieces of text that break tools: emoji sequences, combining marks, right-to-left, odd white space.
PIECES = [
    *("Putin", "Xi", "the U.S.", "don't", "a", "I", "3,5%", "€", "state-run", "O'Neill", "(", ").", "“no"),
    *("👍", "👨‍👩‍👧", "🇺🇿", "👋🏽", "é", "e\u0301", "ก็", "हिन्दी", "שלום", "مرحبا", "\u202b", "中国", "ﬁ", "𝒳"),
    *(" ", "  ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2028", "\u3000", "\x85", "\x0b", "-", "#", "T1\t"),
]  # fmt: skip
LABELS = ("PER", "ORG", "GPE", "B-X")
RELATIONS = ("MEETS", "PART_OF")
IDS = st.one_of(
    st.from_regex(r"T[1-9][0-9]?", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9_-]{0,3}", fullmatch=True),
)
NAMES = st.sampled_from(["acts_as", "status", "mention"])
VALUES = st.sampled_from(["GOV", "true", "nominal", "with space", "é"])


def span(text: str, begin: int, end: int) -> dict[str, Any]:
    """A span as a row, with the text it covers."""
    return {"begin": begin, "end": end, "text": text[begin:end]}


@st.composite
def texts(draw: st.DrawFn) -> str:
    return "".join(draw(st.lists(st.sampled_from(PIECES), max_size=24)))


@st.composite
def spans(draw: st.DrawFn, text: str, most: int = 3) -> list[dict[str, Any]]:
    """Spans inside the text, none of them empty, sorted and not overlapping."""
    if not text:
        return []
    edges = draw(st.lists(st.integers(0, len(text)), unique=True, max_size=2 * most))
    edges = sorted(edges[: len(edges) // 2 * 2])
    return [span(text, *edges[i : i + 2]) for i in range(0, len(edges), 2)]


@st.composite
def attributes(draw: st.DrawFn) -> list[dict[str, str]]:
    chosen = draw(st.dictionaries(NAMES, VALUES, max_size=2))
    return [{"name": name, "value": value} for name, value in sorted(chosen.items())]


@st.composite
def entities(draw: st.DrawFn, doc: str, text: str) -> list[dict[str, Any]]:
    rows = []
    for id in draw(st.lists(IDS, max_size=6, unique=True)):
        pieces = draw(spans(text))
        if not pieces:
            continue
        whole = len(pieces) == 1
        rows.append(
            {
                "doc": doc,
                "id": id,
                "begin": pieces[0]["begin"],
                "end": pieces[-1]["end"],
                "text": " ".join(piece["text"] for piece in pieces),
                "fragments": None if whole else pieces,
                "label": draw(st.sampled_from(LABELS)),
                "actor": draw(st.sampled_from([None, "xi-jinping", "china"])),
                "score": draw(st.sampled_from([None, 0.5, 1.0])),
                "attributes": draw(attributes()),
            }
        )
    return rows


@st.composite
def relations(draw: st.DrawFn, doc: str, text: str, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    one = st.sampled_from(ids)
    return [
        {
            "doc": doc,
            "id": id,
            "label": draw(st.sampled_from(RELATIONS)),
            "head": draw(one),
            "tail": draw(one),
            "object": draw(st.none() | one),
            "evidence": draw(spans(text)),
            "status": draw(st.sampled_from([None, *schema.STATUSES])),
            "score": draw(st.sampled_from([None, 0.25])),
            "attributes": draw(attributes()),
        }
        for id in draw(st.lists(st.sampled_from(["R1", "R2", "R10", "r", "x1"]), unique=True))
    ]


@st.composite
def stances(draw: st.DrawFn, doc: str, text: str, ids: list[str]) -> list[dict[str, Any]]:
    someone = st.sampled_from([*ids, schema.AUTHOR, schema.UNSPECIFIED])
    rows = []
    for id in draw(st.lists(st.sampled_from(["S1", "S2", "s"]), unique=True)):
        about = draw(spans(text))
        rows.append(
            {
                "doc": doc,
                "id": id,
                "holder": draw(someone),
                "target": schema.SPAN_TARGET if about else draw(someone),
                "target_spans": about,
                "polarity": draw(st.sampled_from([None, -2, -1, 0, 1, 2])),
                "act": draw(st.sampled_from([None, "SUPPORT", "STATE"])),
                "cue": draw(spans(text)),
                "content": draw(spans(text)),
                "source_chain": [
                    schema.AUTHOR,
                    *draw(st.lists(st.sampled_from(ids or ["AUTHOR"]))),
                ],
                "explicit": draw(st.sampled_from([None, True, False])),
                "status": draw(st.sampled_from([None, *schema.STATUSES])),
                "score": draw(st.sampled_from([None, 0.75])),
                "attributes": draw(attributes()),
            }
        )
    return rows


@st.composite
def corpora(draw: st.DrawFn, given: dict[str, str] | None = None) -> Corpus:
    """A corpus of up to three documents, or of those given, with one layer, called LAYER."""
    rows: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    docs = draw(st.lists(st.sampled_from(["a", "b", "c-1"]), max_size=3, unique=True))
    written = {doc: draw(texts()) for doc in docs} if given is None else given
    for doc, text in written.items():
        found = draw(entities(doc, text))
        ids = [row["id"] for row in found]
        rows["entities"] += found
        rows["relations"] += draw(relations(doc, text, ids))
        rows["stances"] += draw(stances(doc, text, ids))
    tables = {name: table(schema.TABLES[name], rows[name]) for name in schema.TABLES}
    layer = Layer(LAYER, **tables)
    documents = base.documents((doc, text, None) for doc, text in written.items())
    return Corpus(documents, infer_labels([layer]), layers={LAYER: layer})


@st.composite
def versions(draw: st.DrawFn, old: Corpus) -> Corpus:
    """Another version of a corpus: rows removed, changed and added, sometimes a document."""
    rows: dict[str, list[Any]] = {
        name: list(old.layers[LAYER].table(name).to_pylist()) for name in schema.TABLES
    }
    texts = dict(
        zip(old.documents["doc"].to_pylist(), old.documents["text"].to_pylist(), strict=True)
    )
    for name in schema.TABLES:
        rows[name] = [row for row in rows[name] if draw(st.integers(0, 5))]
    drawn = draw(corpora(texts))
    for name in schema.TABLES:
        there = {(row["doc"], row["id"]): place for place, row in enumerate(rows[name])}
        for row in drawn.layers[LAYER].table(name).to_pylist():
            place = there.get((row["doc"], row["id"]))
            if place is None:
                rows[name].append(row)
            else:
                new = draw(st.sets(st.sampled_from(sorted(row))))
                if name == "entities" and new & {"begin", "end", "text", "fragments"}:
                    new |= {"begin", "end", "text", "fragments"}
                rows[name][place] = rows[name][place] | {k: row[k] for k in new}
    ids = {(row["doc"], row["id"]) for row in rows["entities"]}
    rows["relations"] = [
        row for row in rows["relations"]
        if all((row["doc"], row[c]) in ids for c in ("head", "tail", "object") if row[c])
    ]  # fmt: skip
    rows["stances"] = [
        row for row in rows["stances"]
        if all((row["doc"], id) in ids or id in schema.RESERVED for id in (row["holder"], row["target"], *row["source_chain"]))
    ]  # fmt: skip
    tables = {name: table(schema.TABLES[name], rows[name]) for name in schema.TABLES}
    layer = Layer(LAYER, **tables)
    documents = old.documents
    if draw(st.booleans()):
        documents = base.documents(
            (doc, text, draw(st.sampled_from([None, "train"]))) for doc, text in texts.items()
        )
    return Corpus(documents, old.labels, layers={LAYER: layer})

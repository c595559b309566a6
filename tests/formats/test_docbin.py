"""DocBin: malformed and good files, what spaCy sees of ours, what a script may change, hostile files."""

import json
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np
import pyarrow as pa
import pytest
import spacy
from hypothesis import given, settings
from spacy.strings import get_string_id
from spacy.tokens import Doc, DocBin, Span

from samarkand import files, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, brat, capabilities, docbin
from samarkand.formats.docbin import open as docbin_open
from samarkand.labels import Group, LabelSchema
from samarkand.tokens import Tokens, tokenize
from tests.corpora import LABELS, LAYER, attributes, corpora
from tests.formats.docbin import make
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "docbin"
BAD, GOOD = CASES / "bad", CASES / "good"
NLP = spacy.blank("en")
KEY = ("._.", "samarkand", None, None)


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


def tables_of(reading: base.Reading) -> dict[str, Any]:
    layer = reading.corpus.layers["hand/a"]
    return {
        "documents": said(reading.corpus.documents),
        "entities": said(layer.entities),
        "relations": said(layer.relations),
        "groups": {group.name: list(group.labels) for group in reading.corpus.labels.groups},
        "unread": dict(reading.unread),
        "notes": list(reading.notes),
    }


def docs_of(written: base.Files) -> list[Doc]:
    """The documents as spaCy reads them, in the order of the files."""
    bins = [DocBin().from_bytes(written[path]) for path in sorted(written)]
    return [doc for made in bins for doc in made.get_docs(NLP.vocab)]


def saved(docs: list[Doc], **options: Any) -> dict[str, bytes]:
    """The documents as spaCy writes them."""
    made = DocBin(**{"store_user_data": True} | options)
    for doc in docs:
        made.add(doc)
    return {"docs.spacy": made.to_bytes()}


def edited(corpus: Corpus, edit: Callable[[Doc], None]) -> base.Reading:
    """A corpus of one document, read back after a script has changed its Doc."""
    (doc,) = docs_of(docbin.write(corpus, LAYER))
    edit(doc)
    return docbin.read(saved([doc]), LAYER)


def entities_of(reading: base.Reading) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in said(reading.corpus.layers[LAYER].entities)}


# Files of others


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        docbin.read(files.tree(BAD / case, docbin.SUFFIXES), "hand/a")
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str) -> None:
    reading = docbin.read(files.tree(GOOD / case, docbin.SUFFIXES), "hand/a")
    assert tables_of(reading) == json.loads((GOOD / case / "expected.json").read_text())
    again = docbin.read(docbin.write(reading.corpus, "hand/a"), "hand/a")
    assert again.corpus == reading.corpus
    assert not again.unread


@pytest.mark.parametrize(("folder", "cases"), [(BAD, make.BAD), (GOOD, make.GOOD)])
def test_the_cases_are_what_their_source_says(
    folder: Path, cases: dict[str, Callable[[], dict[str, bytes]]]
) -> None:
    assert {path.name for path in folder.iterdir()} == set(cases)
    for case, made in cases.items():
        for path, data in made().items():
            found = (folder / case / path).read_bytes()
            assert found == data or zlib.decompress(found) == zlib.decompress(data), case


def test_fifty_megabytes_of_something_else_are_refused() -> None:
    with pytest.raises(FormatError) as caught:
        docbin.read({"a.spacy": b"x" * 50_000_000}, LAYER)
    assert "a.spacy: not a DocBin: incorrect header check" in str(caught.value)


def test_documents_of_others_are_called_as_their_file() -> None:
    one, two = saved([NLP("a")])["docs.spacy"], saved([NLP("b"), NLP("c")])["docs.spacy"]
    reading = docbin.read({"x y/n.spacy": one, "dev/m.spacy": two, "test.spacy": one}, LAYER)
    rows = reading.corpus.documents.select(["doc", "split"]).to_pylist()
    assert [(row["doc"], row["split"]) for row in rows] == [
        ("m-1", "validation"), ("m-2", "validation"), ("n", None), ("test", "test"),
    ]  # fmt: skip


# Ours, as spaCy sees it


def test_the_content_of_a_file_is_this() -> None:
    text = "👋 Xi\nmet Putin."
    rows = [
        {"doc": "a", "id": "T1", "begin": 2, "end": 4, "text": "Xi", "label": "PERSON"},
        {"doc": "a", "id": "T2", "begin": 9, "end": 14, "text": "Putin", "label": "ROLE",
         "actor": "putin", "score": 0.5},
    ]  # fmt: skip
    layer = Layer(LAYER, table(schema.ENTITIES, rows))
    labels = LabelSchema(groups=(Group("ner", ("PERSON",), True), Group("domain", ("ROLE",))))
    documents = base.documents([("a", text, "validation")])
    corpus = Corpus(documents, labels, layers={LAYER: layer})
    ((path, data),) = docbin.write(corpus, LAYER).items()
    assert path == "dev.spacy"
    content = msgspec.msgpack.decode(zlib.decompress(data))
    words = ["👋", "Xi", "\n", "met", "Putin", "."]
    h = get_string_id
    tokens = [[h(word), 2, 0, 0, 0] for word in words]
    tokens[1] = [h("Xi"), 3, h("PERSON"), 0, h("T1")]
    (groups,) = content.pop("span_groups")
    (user_data,) = content.pop("user_data")
    assert content == {
        "version": "0.1",
        "attrs": [65, 77, 78, 452, 454],
        "tokens": np.array(tokens, "<u8").tobytes(),
        "spaces": bytes([1, 0, 0, 1, 0, 0]),
        "lengths": np.array([6], "<i4").tobytes(),
        "strings": [*words, "PERSON", "T1", "T2", "putin", "ROLE"],
        "cats": [{}],
        "flags": [{"has_unknown_spaces": False}],
    }
    ((group, names),) = msgspec.msgpack.decode(groups).items()
    (span,) = msgspec.msgpack.decode(group)["spans"]
    assert (names, msgspec.msgpack.decode(group)["name"]) == (["domain"], "domain")
    numbers = [h("T2"), h("putin"), h("ROLE")]
    assert span == np.array(numbers, ">u8").tobytes() + np.array([4, 5, 9, 14], ">i4").tobytes()
    assert msgspec.msgpack.decode(user_data) == {
        KEY: {
            "doc": "a",
            "split": "validation",
            "groups": [
                {"name": "ner", "labels": ["PERSON"], "flat": True},
                {"name": "domain", "labels": ["ROLE"]},
            ],
            "entities": [
                {"entity": "T2", "label": "ROLE", "begin": 9, "end": 14, "text": "Putin",
                 "actor": "putin", "score": 0.5},
            ],
        }
    }  # fmt: skip


def test_spacy_sees_entities_spans_and_the_custom_attribute() -> None:
    corpus = capabilities.everything()
    (doc,) = docs_of(docbin.write(corpus, LAYER))
    assert [doc.text] == corpus.documents["text"].to_pylist()
    assert [(e.text, e.label_, e.id_, e.kb_id_) for e in doc.ents] == [
        ("Xi", "PERSON", "xi", "xi-jinping"),
        ("Putin", "PERSON", "T2", "vladimir-putin"),
        ("ministers", "PERSON", "T4", ""),
    ]
    assert [(s.text, s.label_, s.id_) for s in doc.spans["domain"]] == [
        ("foreign and defence ministers", "ROLE", "T5"),
        ("defence ministers", "ROLE", "T6"),
    ]
    assert not Doc.has_extension("samarkand")
    Doc.set_extension("samarkand", default=None)
    try:
        assert [row["text"] for row in doc._.samarkand["unaligned"]] == [
            "foreign ministers",
            "inisters",
        ]
        assert doc._.samarkand["relations"][0]["head"] == "xi"
    finally:
        Doc.remove_extension("samarkand")


@settings(max_examples=100)
@given(corpus=corpora())
def test_spacy_sees_its_own_tokens_and_all_of_the_text(corpus: Corpus) -> None:
    docs = docs_of(docbin.write(corpus, LAYER))
    assert [doc.text for doc in docs] == corpus.documents["text"].to_pylist()
    for doc in docs:
        wanted = NLP.make_doc(doc.text)
        assert [(t.text, t.whitespace_) for t in doc] == [(t.text, t.whitespace_) for t in wanted]


@settings(max_examples=100)
@given(corpus=corpora())
def test_what_spacy_reads_and_writes_again_is_the_same_corpus(corpus: Corpus) -> None:
    written = docbin.write(corpus, LAYER)
    reading = docbin.read(saved(docs_of(written)), LAYER)
    assert reading.corpus == docbin.narrow(corpus, LAYER)
    assert not reading.unread


@settings(max_examples=50)
@given(corpus=corpora())
def test_entities_stand_where_spacy_would_put_them(corpus: Corpus) -> None:
    docs = {doc.user_data[KEY]["doc"]: doc for doc in docs_of(docbin.write(corpus, LAYER))}
    native = [
        (name, s) for name, doc in docs.items() for s in (*doc.ents, *doc.spans.get("ents", ()))
    ]
    found = {(name, s.id_): (s.start_char, s.end_char, s.label_, s.text) for name, s in native}
    assert len(found) == len(native)
    for row in corpus.layers[LAYER].entities.to_pylist():
        span = docs[row["doc"]].char_span(row["begin"], row["end"])
        # spaCy's NER wants no white space at the edges of an entity.
        fits = span is not None and not span[0].is_space and not span[-1].is_space
        if fits and row["fragments"] is None:
            wanted = (row["begin"], row["end"], row["label"], row["text"])
            assert found.pop((row["doc"], row["id"])) == wanted
    assert not found


@st.composite
def grouped(draw: st.DrawFn) -> Corpus:
    """A corpus whose labels are in groups, or in none, and whose documents say more than a text."""
    corpus = draw(corpora())
    names = draw(st.lists(st.sampled_from(["ner", "ents", "sc", "other"]), max_size=3, unique=True))
    place = {label: draw(st.integers(0, 3)) for label in LABELS}
    groups = tuple(
        Group(name, tuple(k for k, v in place.items() if v == number), draw(st.booleans()))
        for number, name in enumerate(names)
    )
    rows = corpus.documents.to_pylist()
    for row in rows:
        row["split"] = draw(st.sampled_from([None, "train", "validation", "test", "odd"]))
        row["published"] = draw(st.sampled_from([None, date(2026, 11, 23)]))
        row["title"] = draw(st.sampled_from([None, "", "Xi 👋"]))
        row["metadata"] = draw(attributes())
    documents = table(schema.DOCUMENTS, rows)
    return Corpus(documents, LabelSchema(groups=groups), layers=corpus.layers)


@settings(max_examples=150)
@given(corpus=grouped())
def test_groups_splits_and_metadata_obey_the_laws(corpus: Corpus) -> None:
    written, narrowed = docbin.write(corpus, LAYER), docbin.narrow(corpus, LAYER)
    reading = docbin.read(written, LAYER)
    assert (reading.corpus, reading.unread, reading.notes) == (narrowed, {}, ())
    assert docbin.narrow(narrowed, LAYER) == narrowed
    assert docbin.write(reading.corpus, LAYER) == written
    assert reading.corpus.documents == corpus.documents


@pytest.mark.parametrize(
    "text", ["", " ", "  \n", " a", "a ", "a  b", "a\u00a0b", "\r\na\r\n", "\u3000a \u2028 b\n "]
)
def test_white_space_is_kept(text: str) -> None:
    corpus = base.frame(base.documents([("a", text, None)]), Layer(LAYER))
    (doc,) = docs_of(docbin.write(corpus, LAYER))
    assert doc.text == text
    assert [token.text for token in doc] == [token.text for token in NLP.make_doc(text)]


def test_the_longest_of_overlapping_entities_is_in_ents_and_no_mention_stands_twice() -> None:
    text = "the Bank of England board"
    places = [(4, 8), (4, 19), (12, 19), (12, 25)]
    rows = [
        {"doc": "a", "id": f"T{n}", "begin": b, "end": e, "text": text[b:e], "label": "ORG"}
        for n, (b, e) in enumerate(places)
    ]
    layer = Layer(LAYER, table(schema.ENTITIES, rows))
    (doc,) = docs_of(docbin.write(base.frame(base.documents([("a", text, None)]), layer), LAYER))
    assert [ent.text for ent in doc.ents] == ["Bank of England"]
    assert [span.id_ for span in doc.spans["ents"]] == ["T0", "T2", "T3"]


def test_without_a_flat_group_no_token_says_whether_it_is_in_an_entity() -> None:
    layer = Layer(LAYER, table(schema.ENTITIES, [
        {"doc": "a", "id": "T1", "begin": 0, "end": 2, "text": "Xi", "label": "PERSON"}]))  # fmt: skip
    labels = LabelSchema(groups=(Group("sc", ("PERSON",)),))
    corpus = Corpus(base.documents([("a", "Xi met", None)]), labels, layers={LAYER: layer})
    (doc,) = docs_of(docbin.write(corpus, LAYER))
    assert not doc.has_annotation("ENT_IOB")
    assert [span.text for span in doc.spans["sc"]] == ["Xi"]


# What a script changes


def test_a_script_may_change_labels_bounds_and_actors() -> None:
    def edit(doc: Doc) -> None:
        xi, putin, ministers = doc.ents
        longer = Span(doc, putin.start - 1, putin.end, "ORG", span_id=putin.id_, kb_id="putin")
        doc.ents = [Span(doc, xi.start, xi.end, "GPE"), longer, ministers]

    found = entities_of(edited(capabilities.everything(), edit))
    # spaCy leaves the id of a token that is labelled anew; its actor and its label are new.
    assert (found["xi"]["label"], found["xi"].get("actor"), found["xi"]["score"]) == (
        "GPE",
        None,
        0.5,
    )
    assert (found["T2"]["text"], found["T2"]["label"]) == ("met Putin", "ORG")
    assert found["T2"]["actor"] == "putin"
    assert found["T4"]["attributes"] == [{"name": "mention", "value": "nominal"}]


def test_what_is_said_of_a_span_that_is_gone_goes_with_it_and_is_counted() -> None:
    def edit(doc: Doc) -> None:
        doc.set_ents([ent for ent in doc.ents if ent.id_ != "xi"])

    reading = edited(capabilities.everything(), edit)
    assert "xi" not in entities_of(reading)
    assert not len(reading.corpus.layers[LAYER].relations)
    assert reading.unread == {
        "relations of a span that is gone": 1,
        "score or attributes of a span that is gone": 1,
        "stances of a span that is gone": 1,
    }


def test_a_new_span_gets_an_id_of_its_own() -> None:
    def edit(doc: Doc) -> None:
        doc.spans["domain"].append(Span(doc, 4, 5, "ROLE"))
        doc.spans["mine"] = [Span(doc, 0, 1, "MINE", span_id="T3"), Span(doc, 0, 1, "MINE")]

    reading = edited(capabilities.everything(), edit)
    found = entities_of(reading)
    assert found["T3"]["text"] == "foreign ministers"
    new = {id: row["text"] for id, row in found.items() if id in ("T1", "T8", "T9")}
    assert new == {"T1": "Xi", "T8": "Xi", "T9": "and"}
    assert [group.name for group in reading.corpus.labels.groups] == ["ents", "domain", "mine"]
    assert reading.unread == {"id of a span that another one has": 1}


def test_spans_without_user_data_keep_ids_and_actors() -> None:
    docs = docs_of(docbin.write(capabilities.everything(), LAYER))
    found = entities_of(docbin.read(saved(docs, store_user_data=False), LAYER))
    assert {id: row.get("actor") for id, row in found.items()} == {
        "xi": "xi-jinping", "T2": "vladimir-putin", "T4": None, "T5": None, "T6": None,
    }  # fmt: skip


def test_the_folder_of_a_file_says_the_split() -> None:
    (data,) = docbin.write(capabilities.everything(), LAYER).values()
    for path, split in (
        ("x.spacy", "test"),
        ("train/x.spacy", "train"),
        ("dev.spacy", "validation"),
    ):
        assert docbin.read({path: data}, LAYER).corpus.documents["split"].to_pylist() == [split]


# Hostile files


def deep(data: bytes) -> dict[str, bytes]:
    return {"a.spacy": zlib.compress(data)}


def strings_bomb() -> bytes:
    """A thousand times a word of ten thousand characters."""
    found = make.content(make.NLP("x" * 10_000))
    found |= {"tokens": found["tokens"] * 1000, "spaces": b"\0" * 1000}
    return make.encode(found | {"lengths": (1000).to_bytes(4, "little")})


def groups_bomb() -> bytes:
    """Ten thousand spans under each of a thousand names."""
    group = make.group(*[make.span(0, 1, 0, 2)] * 10_000)
    names = [str(number) for number in range(1000)]
    return make.encode(make.content() | {"span_groups": [make.encode({group: names})]})


def cover_bomb() -> bytes:
    """Two thousand spans that each cover a thousand characters."""
    doc = make.NLP("x" * 1000)
    group = make.group(*[make.span(0, 1, 0, 1000)] * 2000)
    return make.encode(make.content(doc) | {"span_groups": [make.encode({group: ["a"]})]})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0" * 5_000_000, "more than 1,000,000 bytes once decompressed"),
        (strings_bomb(), "more than 1,000,000 bytes of text"),
        (groups_bomb(), "too many spans in one file"),
        (cover_bomb(), "spans of 2,000,000 characters in all, at most 62,500"),
    ],
)
def test_a_small_file_cannot_take_all_memory(
    data: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docbin_open, "MOST", 1_000_000)
    with pytest.raises(FormatError) as caught:
        docbin.read(deep(data), LAYER)
    assert said in str(caught.value)
    assert str(caught.value).endswith("; divide the documents among several files")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of ours with a few bytes changed before it was compressed."""
    (data,) = docbin.write(capabilities.everything(), LAYER).values()
    content = bytearray(zlib.decompress(data))
    for place in draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[place] = draw(st.integers(0, 255))
    return zlib.compress(bytes(content))


@settings(max_examples=300)
@given(data=damaged())
def test_a_damaged_file_is_read_or_refused_but_never_a_crash(data: bytes) -> None:
    try:
        docbin.read({"a.spacy": data}, LAYER)
    except FormatError as error:
        assert all(problem.path == "a.spacy" for problem in error.problems)


# Files and columns


def test_documents_are_divided_among_files_by_split_and_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(docbin, "_DOCUMENTS", 2)
    splits = {"a": "train", "b": None, "c": "train", "d": "test", "e": "train", "f": "odd"}
    documents = base.documents((doc, f"Xi {doc}", split) for doc, split in splits.items())
    rows = [
        {"doc": doc, "id": "T1", "begin": 0, "end": 2, "text": "Xi", "label": "P"} for doc in splits
    ]
    corpus = base.frame(documents, Layer(LAYER, table(schema.ENTITIES, rows)))
    written = docbin.write(corpus, LAYER)
    held = {path: [d.text for d in docs_of({path: data})] for path, data in written.items()}
    assert held == {
        "train/0001.spacy": ["Xi a", "Xi c"],
        "train/0002.spacy": ["Xi e"],
        "test.spacy": ["Xi d"],
        "docs.spacy": ["Xi b", "Xi f"],
    }
    assert docbin.read(written, LAYER).corpus == corpus
    assert docbin.write(docbin.read(written, LAYER).corpus, LAYER) == written


def test_a_file_holds_no_more_text_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docbin, "_BYTES", 10)
    documents = base.documents(
        (f"d{n}", "x" * size, None) for n, size in enumerate((4, 6, 1, 30, 2))
    )
    written = docbin.write(base.frame(documents, Layer(LAYER)), LAYER)
    sizes = [[len(doc.text) for doc in docs_of({path: data})] for path, data in written.items()]
    assert sizes == [[4, 6], [1], [30], [2]]


def test_an_empty_corpus_is_one_empty_file() -> None:
    written = docbin.write(base.frame(base.documents([]), Layer(LAYER)), LAYER)
    assert list(written) == ["docs.spacy"]
    assert docs_of(written) == []
    assert docbin.read(written, LAYER).corpus == base.frame(base.documents([]), Layer(LAYER))


def test_annotations_without_a_place_are_left_out() -> None:
    rows = [
        {"doc": "a", "id": "T1", "begin": 0, "end": 2, "text": "Xi", "label": "P"},
        {"doc": "a", "id": "T1", "begin": 3, "end": 6, "text": "met", "label": "P"},
        {"doc": "b", "id": "T1", "begin": 0, "end": 2, "text": "Xi", "label": "P"},
    ]
    relation = {"doc": "a", "id": "R1", "label": "MEETS", "head": "T1", "tail": "T9"}
    layer = Layer(LAYER, table(schema.ENTITIES, rows), table(schema.RELATIONS, [relation]))
    corpus = base.frame(base.documents([("a", "Xi met", None)]), layer)
    kept = docbin.narrow(corpus, LAYER).layers[LAYER]
    assert (kept.entities["begin"].to_pylist(), len(kept.relations)) == ([0], 0)
    assert docbin.read(docbin.write(corpus, LAYER), LAYER).corpus == docbin.narrow(corpus, LAYER)


def columns() -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    yield "  Xi 👋 met Putin\u00a0.\r\n", [(2, 4, "PERSON"), (7, 16, "X")]
    yield "", []
    yield "The U.S. said: don't.", [(4, 8, "GPE")]


def test_given_columns_are_written_as_spacy_writes_the_same_docs() -> None:
    texts = pa.array([text for text, _ in columns()])
    spans = [(row, *span) for row, (_, spans) in enumerate(columns()) for span in spans]
    doc, begin, end = (np.array([span[place] for span in spans]) for place in range(3))
    label = pa.array([span[3] for span in spans])
    (ours,) = docbin.dump(texts, tokenize(texts), doc, begin, end, label)
    made = DocBin(attrs=["ENT_IOB", "ENT_TYPE"])
    for text, wanted in columns():
        one = NLP(text)
        one.ents = [one.char_span(*span) for span in wanted]
        made.add(one)
    mine, theirs = (
        msgspec.msgpack.decode(zlib.decompress(data)) for data in (ours, made.to_bytes())
    )
    for name in ("version", "attrs", "tokens", "lengths", "spaces", "cats", "flags", "span_groups"):
        assert mine[name] == theirs[name], name
    # spaCy also writes the empty string, and how the words are normalised.
    assert set(mine["strings"]) <= set(theirs["strings"])
    assert (ours,) == tuple(docbin.dump(texts, tokenize(texts), doc, begin, end, label))


@pytest.mark.parametrize(("begin", "end"), [([0], [3]), ([1], [2]), ([0, 0], [2, 6]), ([3], [3])])
def test_given_spans_that_are_no_entities_are_refused(begin: list[int], end: list[int]) -> None:
    texts = pa.array(["Xi met"])
    rows = np.zeros(len(begin), np.int64)
    with pytest.raises(ValueError, match="not of whole tokens, or overlap"):
        list(
            docbin.dump(
                texts,
                tokenize(texts),
                rows,
                np.array(begin),
                np.array(end),
                pa.array(["P"] * len(begin)),
            )
        )


def test_what_given_tokens_leave_out_becomes_tokens() -> None:
    texts = pa.array(["Xi met  Putin."])
    some = Tokens(*(np.array(column) for column in ([0], [8], [13])))
    (data,) = docbin.dump(texts, some, *(np.array(c) for c in ([0], [8], [13])), pa.array(["P"]))
    (doc,) = docs_of({"a.spacy": data})
    assert [(token.text, token.ent_type_) for token in doc] == [
        ("Xi met  ", ""),
        ("Putin", "P"),
        (".", ""),
    ]


# Other people's corpora


REAL_FOLDERS = {
    # Documents, entities; of these in doc.ents, in doc.spans, in no span of spaCy's.
    "turku-ner/standoff": (754, 11_448, 11_448, 0, 0),
    "litbank/entities/brat": (100, 13_912, 11_760, 2_141, 11),
    "wet-lab/standoff": (122, 15_972, 15_570, 0, 402),
}


@needs_real
@pytest.mark.parametrize("folder", REAL_FOLDERS)
def test_real_corpora_go_through_spacy_and_back(folder: str) -> None:
    assert REAL is not None
    corpus = brat.read(files.tree(REAL / folder, brat.SUFFIXES), LAYER).corpus
    written = docbin.write(corpus, LAYER)
    reading = docbin.read(written, LAYER)
    assert reading.corpus == corpus == docbin.narrow(corpus, LAYER)
    assert docbin.write(reading.corpus, LAYER) == written
    docs = docs_of(written)
    again = docbin.read(saved(docs, attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID", "ENT_ID"]), LAYER)
    assert (again.corpus.layers, again.unread) == (corpus.layers, {})
    ents, spans = (
        sum(len(doc.ents) for doc in docs),
        sum(len(g) for doc in docs for g in doc.spans.values()),
    )
    unaligned = sum(len(doc.user_data[KEY].get("unaligned", ())) for doc in docs)
    found = (len(docs), len(corpus.layers[LAYER].entities), ents, spans, unaligned)
    assert found == REAL_FOLDERS[folder]

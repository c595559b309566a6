"""BioC JSON: exactly what is written, what the library `bioc` makes of it, malformed and good cases."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from samarkand import files, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, bioc, capabilities
from tests.corpora import LAYER, corpora

CASES = Path(__file__).parent / "bioc"
BAD, GOOD = CASES / "bad", CASES / "good"


def case(folder: Path) -> dict[str, bytes]:
    found = files.tree(folder, bioc.SUFFIXES)
    return {path: data for path, data in found.items() if path != "expected.json"}


def layer_of(reading: base.Reading) -> Layer:
    return reading.corpus.layers[LAYER]


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        bioc.read(case(BAD / name), LAYER)
    assert f"{caught.value}\n" == (BAD / name / "expected.txt").read_text()


@pytest.mark.parametrize("name", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables_and_survives_writing(name: str) -> None:
    reading = bioc.read(case(GOOD / name), LAYER)
    layer = layer_of(reading)
    assert json.loads((GOOD / name / "expected.json").read_text()) == {
        "documents": said(reading.corpus.documents),
        **{table: said(layer.table(table)) for table in schema.TABLES},
        "unread": reading.unread,
        "notes": list(reading.notes),
    }
    assert bioc.read(bioc.write(reading.corpus, LAYER), LAYER) == base.Reading(reading.corpus)


@pytest.mark.parametrize(
    "data, message",
    [
        (
            b'{"documents":"' + b"x" * 50_000_000,
            "not JSON: Unterminated string starting at column 14",
        ),
        (b"[" * 100_000, "not JSON that BioC can be: nested too deeply"),
    ],
)
def test_what_is_huge_is_refused_in_a_few_words(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        bioc.read({"a.json": data}, LAYER)
    assert str(caught.value) in (f"a.json:1: {message}", f"a.json: {message}")


TEXT = "👋 Xi met Putin.\nThey spoke."
DOCUMENT = {
    "doc": "a", "text": TEXT, "title": "They meet", "published": date(2001, 2, 3), "split": "test",
    "metadata": [{"name": "genre", "value": "report"}, {"name": "samarkand", "value": "x"}],
}  # fmt: skip
ENTITIES = [
    {"doc": "a", "id": "T1", "begin": 2, "end": 4, "text": "Xi", "label": "PER", "actor": "xi",
     "score": 0.5, "attributes": [
        {"name": "identifier", "value": "Q1"}, {"name": "kind", "value": "name"},
        {"name": "score", "value": "high"}, {"name": "type", "value": "x"}]},
    {"doc": "a", "id": "T3", "begin": 2, "end": 14, "text": "Xi Putin", "label": "PER",
     "fragments": [{"begin": 2, "end": 4, "text": "Xi"}, {"begin": 9, "end": 14, "text": "Putin"}]},
    {"doc": "a", "id": "T2", "begin": 9, "end": 14, "text": "Putin", "label": "PER",
     "attributes": [{"name": "identifier", "value": "Q7747"}]},
]  # fmt: skip
RELATIONS = [
    {"doc": "a", "id": "R1", "label": "MEETS", "head": "T1", "tail": "T2", "object": "T3",
     "status": "FUTURE", "score": 1.0, "evidence": [{"begin": 5, "end": 8, "text": "met"}],
     "attributes": [{"name": "status", "value": "x"}, {"name": "sure", "value": "no"}]},
    {"doc": "a", "id": "R2", "label": "BINDS", "head": "T1", "tail": "T1", "attributes": [
        {"name": "head_role", "value": "Theme"}, {"name": "tail_role", "value": ""}]},
]  # fmt: skip
STANCES = [
    {"doc": "a", "id": "R1", "holder": "T1", "target": "P:peace", "polarity": 2, "act": "SUPPORT",
     "explicit": True, "cue": [{"begin": 5, "end": 8, "text": "met"}], "source_chain": ["AUTHOR"],
     "attributes": [{"name": "tone", "value": "warm"}]},
    {"doc": "a", "id": "S2", "holder": "AUTHOR", "target": "T2"},
]  # fmt: skip


def corpus_of(
    entities: Any = (), relations: Any = (), stances: Any = (), **document: Any
) -> Corpus:
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, relations),
        table(schema.STANCES, stances),
    )
    return Corpus(table(schema.DOCUMENTS, [DOCUMENT | document]), layers={LAYER: layer})


def test_what_is_written_is_bioc_with_infons_for_the_rest() -> None:
    corpus = corpus_of(ENTITIES, RELATIONS, STANCES)
    written = bioc.write(corpus, LAYER)
    (document,) = json.loads(written["annotations.json"])["documents"]
    assert document == {
        "id": "a",
        "infons": {
            "genre": "report",
            "samarkand": '{"title":"They meet","published":"2001-02-03","split":"test",'
            '"metadata":{"samarkand":"x"}}',
        },
        "passages": [{
            "offset": 0, "infons": {}, "text": TEXT, "sentences": [], "relations": [],
            "annotations": [
                {"id": "T1", "text": "Xi", "locations": [{"offset": 2, "length": 2}], "infons": {
                    "type": "PER", "identifier": "actor:xi", "score": "0.5", "kind": "name",
                    "samarkand": '{"attributes":{"identifier":"Q1","score":"high","type":"x"}}'}},
                {"id": "T3", "text": "Xi met Putin", "infons": {"type": "PER"}, "locations": [
                    {"offset": 2, "length": 2}, {"offset": 9, "length": 5}]},
                {"id": "T2", "text": "Putin", "locations": [{"offset": 9, "length": 5}],
                 "infons": {"type": "PER", "identifier": "Q7747"}},
            ],
        }],
        "annotations": [],
        "relations": [
            {"id": "R1", "infons": {
                "type": "MEETS", "status": "FUTURE", "score": "1.0", "sure": "no",
                "samarkand": '{"attributes":{"status":"x"},'
                '"evidence":[{"begin":5,"end":8,"text":"met"}]}'},
             "nodes": [{"refid": "T1", "role": "head"}, {"refid": "T2", "role": "tail"},
                       {"refid": "T3", "role": "object"}]},
            {"id": "R2", "infons": {"type": "BINDS"}, "nodes": [
                {"refid": "T1", "role": "Theme"}, {"refid": "T1", "role": ""}]},
            {"id": "R1", "infons": {
                "type": "STANCE", "polarity": "2", "explicit": "true", "act": "SUPPORT",
                "tone": "warm", "samarkand": '{"stance":{"target":"P:peace",'
                '"cue":[{"begin":5,"end":8,"text":"met"}],"source_chain":["AUTHOR"]}}'},
             "nodes": [{"refid": "T1", "role": "holder"}]},
            {"id": "S2", "infons": {"type": "STANCE", "samarkand": '{"stance":{"holder":"AUTHOR"}}'},
             "nodes": [{"refid": "T2", "role": "target"}]},
        ],
    }  # fmt: skip
    reading = bioc.read(written, LAYER)
    assert layer_of(reading) == corpus.layers[LAYER]
    assert reading.corpus.documents.equals(corpus.documents)
    assert not reading.unread and not reading.notes


def test_nothing_that_a_corpus_holds_is_lost() -> None:
    assert all(capabilities.carried(bioc).values())


def test_an_empty_corpus_is_a_collection_of_no_documents() -> None:
    written = bioc.write(Corpus(layers={LAYER: Layer(LAYER)}), LAYER)
    assert json.loads(written["annotations.json"])["documents"] == []
    assert not len(bioc.read(written, LAYER).corpus.documents)


def test_documents_without_an_id_are_numbered_from_the_first() -> None:
    data = b'{"passages":[]}\n{"passages":[]}\n'
    reading = bioc.read({"in/file a.json": data}, LAYER, first=5)
    assert reading.corpus.documents["doc"].to_pylist() == ["file-a-5", "file-a-6"]


def edited(corpus: Corpus, change: Any) -> base.Reading:
    """What is read after somebody changed the document that was written."""
    written = json.loads(bioc.write(corpus, LAYER)["annotations.json"])
    change(written["documents"][0])
    return bioc.read({"annotations.json": json.dumps(written).encode()}, LAYER)


def test_an_edit_of_what_bioc_says_itself_wins() -> None:
    def change(document: dict[str, Any]) -> None:
        first, _, last = document["passages"][0]["annotations"]
        first["infons"] |= {"type": "ORG", "score": "0.25", "kind": "place"}
        first["locations"], first["text"] = [{"offset": 5, "length": 3}], "met"
        last["infons"]["identifier"] = "actor:putin"
        meets, binds, stance, _ = document["relations"]
        meets["infons"] |= {"status": "NEGATED"}
        meets["nodes"].pop()
        binds["nodes"][0] = {"refid": "T2", "role": "Cause"}
        stance["infons"]["polarity"] = "-1"
        stance["nodes"].append({"refid": "T2", "role": "target"})

    reading = edited(corpus_of(ENTITIES, RELATIONS, STANCES), change)
    assert not reading.unread and not reading.notes
    layer = layer_of(reading)
    found = {row["id"]: row for row in said(layer.entities)}
    assert (found["T1"]["begin"], found["T1"]["label"], found["T1"]["score"]) == (5, "ORG", 0.25)
    assert found["T2"]["actor"] == "putin" and "attributes" not in found["T2"]
    meets, binds = said(layer.relations)
    assert meets["status"] == "NEGATED" and "object" not in meets
    assert (binds["head"], binds["attributes"][0]["value"]) == ("T2", "Cause")
    assert [(row["polarity"], row["target"]) for row in said(layer.stances)[:1]] == [(-1, "T2")]


def test_what_lost_its_arguments_is_counted() -> None:
    def change(document: dict[str, Any]) -> None:
        document["relations"][2]["nodes"] = []  # the holder of the first stance
        document["relations"][3]["nodes"] += [{"refid": "T1", "role": "friend"}]

    reading = edited(corpus_of(ENTITIES, RELATIONS, STANCES), change)
    assert reading.unread == {
        "argument of a stance that is neither its holder nor its target": 1,
        "stance that refers to an annotation that is not there": 1,
    }


@pytest.mark.parametrize(
    "division",
    [
        [(0, 15), (16, 27)],
        [(0, 5), (5, 5), (5, 27)],
        [(0, 27)],
        [(0, 8), (8, 27)],  # annotations that cross passages are the document's
    ],
)
def test_passages_are_kept(division: list[tuple[int, int]]) -> None:
    passages = [{"begin": b, "end": e, "infons": {"n": [n]}} for n, (b, e) in enumerate(division)]
    value = json.dumps(passages, ensure_ascii=False)
    corpus = corpus_of(ENTITIES, metadata=[{"name": "passages", "value": value}])
    written = bioc.write(corpus, LAYER)
    (document,) = json.loads(written["annotations.json"])["documents"]
    assert [(p["offset"], p["text"]) for p in document["passages"]] == [
        (begin, TEXT[begin:end]) for begin, end in division
    ]
    assert bioc.read(written, LAYER).corpus == bioc.narrow(corpus, LAYER)


@pytest.mark.parametrize(
    "value",
    [
        "x", "[]", "[1]", "{}", '[{"begin": 0, "end": 27, "infons": {}}]',
        '[{"begin": 0, "end": 15, "infons": {}}, {"begin": 17, "end": 27, "infons": {}}]',
        '[{"begin": 0, "end": 15, "infons": {}}, {"begin": 14, "end": 27, "infons": {}}]',
        '[{"begin": 0, "end": 15, "infons": {}}, {"begin": 16, "end": 26, "infons": {}}]',
        '[{"begin":0,"end":15,"infons":{}},{"begin":16,"end":27,"infons":{}}]',
        '[{"begin": 0, "end": 27, "infons": {"a": NaN}}]',
        '[{"begin": 0, "end": 27, "infons": {"a": 1e999}}]',
        '[{"begin": 0, "end": 27, "infons": {"a": 1}, "b": 2}]', "[" * 10_000,
    ],
)  # fmt: skip
def test_what_tells_no_passages_is_an_infon(value: str) -> None:
    corpus = corpus_of(ENTITIES, metadata=[{"name": "passages", "value": value}])
    written = bioc.write(corpus, LAYER)
    (document,) = json.loads(written["annotations.json"])["documents"]
    assert document["infons"]["passages"] == value
    assert bioc.read(written, LAYER).corpus == bioc.narrow(corpus, LAYER)


NAMES = (
    "type",
    "score",
    "status",
    "identifier",
    "samarkand",
    "head_role",
    "tail_role",
    "a",
    "polarity",
)
VALUES = ("", "1", "0.5", "ASSERTED", "actor:x", "head", "tail", "nan", "é", "object")
PAIRS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)).map(
    lambda said: [{"name": name, "value": value} for name, value in sorted(said.items())]
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_attributes_of_any_name_are_kept(data: st.DataObject) -> None:
    ends = st.sampled_from(["T1", "T2", "T3"])
    entities = [row | {"attributes": data.draw(PAIRS)} for row in ENTITIES]
    entities[0]["actor"] = data.draw(st.sampled_from([None, "x", ""]))
    relations = [
        {
            "doc": "a", "id": f"R{n}", "label": "X", "head": data.draw(ends), "tail": data.draw(ends),
            "object": data.draw(st.none() | ends), "attributes": data.draw(PAIRS),
            "status": data.draw(st.sampled_from([None, "ASSERTED", "x", ""])),
        }
        for n in range(2)
    ]  # fmt: skip
    stances = [
        STANCES[0] | {"attributes": data.draw(PAIRS), "status": data.draw(st.none() | st.just("y"))}
    ]
    corpus = corpus_of(entities, relations, stances, metadata=data.draw(PAIRS))
    reading = bioc.read(bioc.write(corpus, LAYER), LAYER)
    assert layer_of(reading) == corpus.layers[LAYER]
    assert reading.corpus.documents.equals(corpus.documents)


@settings(max_examples=100, deadline=None)
@given(corpus=corpora())
def test_the_library_finds_no_fault_and_hands_everything_back(corpus: Corpus) -> None:
    library = pytest.importorskip("bioc")
    from bioc import biocjson

    collection = biocjson.loads(bioc.write(corpus, LAYER)["annotations.json"].decode())
    library.validate(collection)
    texts = {doc.id: library.get_text(doc)[1] for doc in collection.documents}
    assert texts == dict(
        zip(*(corpus.documents[c].to_pylist() for c in ("doc", "text")), strict=True)
    )
    again = {"annotations.json": biocjson.dumps(collection).encode()}
    assert bioc.read(again, LAYER).corpus == bioc.narrow(corpus, LAYER)


def test_infons_survive_the_librarys_xml() -> None:
    library = pytest.importorskip("bioc")
    from bioc import biocjson

    corpus = corpus_of(ENTITIES, RELATIONS, STANCES)
    collection = biocjson.loads(bioc.write(corpus, LAYER)["annotations.json"].decode())
    again = biocjson.dumps(library.loads(library.dumps(collection)))
    assert layer_of(bioc.read({"a.json": again.encode()}, LAYER)) == corpus.layers[LAYER]


@pytest.mark.parametrize("name", ["pubtator3", "pmc", "sentences", "bytes"])
def test_gaps_are_filled_as_the_library_fills_them(name: str) -> None:
    library = pytest.importorskip("bioc")
    from bioc import biocjson

    (data,) = case(GOOD / name).values()
    value = json.loads(data)
    value = value[0] if isinstance(value, list) else value
    for document in value.get("documents", value.get("PubTator3")):
        text = library.get_text(biocjson.fromJSON(document, "BioCDocument"))[1]
        ours = bioc.read({"a.json": json.dumps(document).encode()}, LAYER).corpus.documents
        if name != "bytes":  # the library pads by code points
            assert ours["text"].to_pylist() == [text]

"""re3d's tables: exactly what is written, malformed and good cases, and the dataset itself."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from samarkand import files, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, capabilities, re3d
from samarkand.jsonl import MAX_LINE
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "re3d"
BAD, GOOD = CASES / "bad", CASES / "good"
LAYER = "hand/a"


def case(folder: Path) -> dict[str, bytes]:
    found = files.tree(folder, re3d.SUFFIXES)
    return {path: data for path, data in found.items() if path != "expected.json"}


def layer_of(reading: base.Reading) -> Layer:
    return reading.corpus.layers[LAYER]


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [
        {k: str(v) if k == "published" else v for k, v in row.items() if v not in (None, [])}
        for row in rows.to_pylist()
    ]


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        re3d.read(case(BAD / name), LAYER)
    assert f"{caught.value}\n" == (BAD / name / "expected.txt").read_text()


@pytest.mark.parametrize("name", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables_and_survives_writing(name: str) -> None:
    reading = re3d.read(case(GOOD / name), LAYER)
    layer = layer_of(reading)
    assert json.loads((GOOD / name / "expected.json").read_text()) == {
        "documents": said(reading.corpus.documents),
        **{table: said(layer.table(table)) for table in schema.TABLES},
        "unread": reading.unread,
        "notes": list(reading.notes),
    }
    assert re3d.read(re3d.write(reading.corpus, LAYER), LAYER) == base.Reading(reading.corpus)


def test_fifty_megabytes_in_one_line_are_refused() -> None:
    line = b'{"_id":"' + b"x" * 50_000_000 + b'"}\n'
    with pytest.raises(FormatError) as caught:
        re3d.read({"documents.json": line}, LAYER)
    said = f"a line of 50,000,010 bytes; a line has at most {MAX_LINE:,}"
    assert str(caught.value) == f"documents.json:1: {said}"


TEXT = "👋 Xi met Putin."
DOCUMENT = {
    "doc": "a", "text": TEXT, "title": "They meet", "published": date(2001, 2, 3), "language": "en",
    "event": "e", "split": "test", "license": "CC0-1.0", "sha256": "00",
    "metadata": [
        {"name": "genre", "value": "report"},
        {"name": "sentenceCount", "value": "one"},
        {"name": "sourceUrl", "value": "https://example.org"},
        {"name": "wordCount", "value": "4"},
    ],
}  # fmt: skip
ENTITIES = [
    {"doc": "a", "id": "T1", "begin": 2, "end": 4, "text": "Xi", "label": "Person", "actor": "xi",
     "score": 0.5, "attributes": [{"name": "kind", "value": "name"}]},
    {"doc": "a", "id": "T2", "begin": 9, "end": 14, "text": "Putin", "label": "Person"},
    {"doc": "a", "id": "T3", "begin": 2, "end": 14, "text": "Xi Putin", "label": "Group",
     "fragments": [{"begin": 2, "end": 4, "text": "Xi"}, {"begin": 9, "end": 14, "text": "Putin"}]},
    {"doc": "a", "id": "T4", "begin": 9, "end": 14, "text": "Putin", "label": "Role"},
]  # fmt: skip
RELATIONS = [
    {"doc": "a", "id": "R1", "label": "CommWith", "head": "T1", "tail": "T4", "object": "T3",
     "status": "FUTURE", "score": 1.0, "attributes": [{"name": "sure", "value": "no"}],
     "evidence": [{"begin": 5, "end": 8, "text": "met"}, {"begin": 0, "end": 1, "text": "👋"}]},
    {"doc": "a", "id": "R2", "label": "Likes", "head": "T1", "tail": "T1"},
]  # fmt: skip
STANCES = [
    {"doc": "a", "id": "S1", "holder": "T1", "target": "T2", "polarity": 2, "explicit": False,
     "cue": [{"begin": 5, "end": 8, "text": "met"}], "source_chain": ["AUTHOR"]},
]  # fmt: skip


def corpus_of(entities: Any = (), relations: Any = (), stances: Any = ()) -> Corpus:
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, relations),
        table(schema.STANCES, stances),
    )
    return Corpus(table(schema.DOCUMENTS, [DOCUMENT]), layers={LAYER: layer})


def test_what_is_written_is_re3d_with_a_key_for_the_rest() -> None:
    corpus = corpus_of(ENTITIES, RELATIONS, STANCES)
    written = re3d.write(corpus, LAYER)
    assert {path: data.decode() for path, data in written.items()} == {
        "documents.json": '{"_id":"a","sourceUrl":"https://example.org","wordCount":4,'
        '"sentenceCount":"one","title":"They meet","text":"👋 Xi met Putin.","samarkand":{'
        '"published":"2001-02-03","language":"en","event":"e","split":"test","license":"CC0-1.0",'
        '"sha256":"00","metadata":{"genre":"report"}}}\n',
        "entities.json": '{"_id":"a-T1","begin":2,"end":4,"type":"Person","value":"Xi",'
        '"documentId":"a","confidence":0.5,"samarkand":{"actor":"xi","attributes":{"kind":"name"}}}\n'
        '{"_id":"a-T3","begin":2,"end":14,"type":"Group","value":"Xi met Putin","documentId":"a",'
        '"samarkand":{"fragments":[{"begin":2,"end":4,"text":"Xi"},{"begin":9,"end":14,"text":"Putin"}]}}\n'
        '{"_id":"a-T2","begin":9,"end":14,"type":"Person","value":"Putin","documentId":"a"}\n'
        '{"_id":"a-T4","begin":9,"end":14,"type":"Role","value":"Putin","documentId":"a"}\n',
        "relations.json": '{"_id":"a-R1","begin":5,"end":8,"sourceBegin":2,"sourceEnd":4,'
        '"source":"Xi","targetBegin":9,"targetEnd":14,"target":"Putin","type":"CommWith",'
        '"value":"met","documentId":"a","confidence":1.0,"samarkand":{"target":"T4","object":"T3",'
        '"evidence":[{"begin":0,"end":1,"text":"👋"}],"status":"FUTURE","attributes":{"sure":"no"}}}\n'
        '{"_id":"a-R2","sourceBegin":2,"sourceEnd":4,"source":"Xi","targetBegin":2,"targetEnd":4,'
        '"target":"Xi","type":"Likes","documentId":"a"}\n',
        "stances.json": '{"stance":"S1","holder":"T1","target":"T2","polarity":2,"cue":[{"begin":5,'
        '"end":8,"text":"met"}],"source_chain":["AUTHOR"],"explicit":false,"documentId":"a"}\n',
    }
    reading = re3d.read(written, LAYER)
    assert layer_of(reading) == corpus.layers[LAYER]
    assert reading.corpus.documents.equals(corpus.documents)
    assert not reading.unread and not reading.notes


def test_nothing_that_a_corpus_holds_is_lost() -> None:
    assert all(capabilities.carried(re3d).values())


def test_what_has_no_place_is_left_out() -> None:
    empty = ENTITIES[1] | {"id": "T5", "end": 9, "text": ""}
    relations = [RELATIONS[1] | {"id": "R3", "tail": "T5"}, RELATIONS[1] | {"object": "T5"}]
    stances = [STANCES[0] | {"id": "S2", "source_chain": ["AUTHOR", "T5"]}]
    corpus = corpus_of([*ENTITIES, empty], relations, stances)
    kept = re3d.narrow(corpus, LAYER).layers[LAYER]
    assert kept.entities["id"].to_pylist() == ["T1", "T3", "T2", "T4"]
    assert said(kept.relations) == [RELATIONS[1]]
    assert not len(kept.stances)
    assert layer_of(re3d.read(re3d.write(corpus, LAYER), LAYER)) == kept


def test_an_empty_corpus_is_three_empty_tables() -> None:
    corpus = Corpus(layers={LAYER: Layer(LAYER)})
    written = re3d.write(corpus, LAYER)
    assert written == {f"{name}.json": b"" for name in ("documents", "entities", "relations")}
    assert not len(re3d.read(written, LAYER).corpus.documents)


#: Folder: documents, entities, relations, values that are written otherwise, ends that name a place
#: where several entities are.
REAL_FOLDERS = {
    "CENTCOM": (23, 1439, 538, 272, 36),
    "UK Government": (26, 945, 236, 121, 10),
    "US State Department": (22, 720, 177, 78, 10),
    "": (71, 3104, 951, 471, 56),
}


@needs_real
@pytest.mark.parametrize("folder", REAL_FOLDERS)
def test_the_dataset_is_read_whole_and_survives_writing(folder: str) -> None:
    assert REAL is not None
    reading = re3d.read(files.tree(REAL / "re3d" / folder, re3d.SUFFIXES), LAYER)
    layer = layer_of(reading)
    *counts, white, ambiguous = REAL_FOLDERS[folder]
    assert [len(reading.corpus.documents), len(layer.entities), len(layer.relations)] == counts
    assert not reading.unread
    assert reading.notes == (
        "values that are written otherwise than in the document (white space, quotation marks, "
        f"ASCII), whose text was taken: {white}",
        "ends of relations that are where several entities are, of which the most certain one was "
        f"taken: {ambiguous}",
    )
    written = re3d.write(reading.corpus, LAYER)
    again = re3d.read(written, LAYER)
    assert again == base.Reading(reading.corpus)
    assert re3d.write(again.corpus, LAYER) == written


@needs_real
def test_the_rows_that_are_written_are_those_of_the_dataset() -> None:
    assert REAL is not None
    folder = REAL / "re3d" / "CENTCOM"
    reading = re3d.read(files.tree(folder, re3d.SUFFIXES), LAYER)
    written = re3d.write(reading.corpus, LAYER)
    differ = {}
    for name in ("documents", "entities", "relations"):
        path = f"{name}.json"
        given = {row["_id"]: row for row in map(json.loads, (folder / path).open("rb"))}
        made = {row["_id"]: row for row in map(json.loads, written[path].splitlines())}
        assert given.keys() == made.keys()
        differ[name] = {
            (key, white(row.get(key)) == white(given[id].get(key)))
            for id, row in made.items()
            for key in row.keys() | given[id].keys()
            if row.get(key) != given[id].get(key)
        }
    assert differ == {
        "documents": set(),
        "entities": {("value", True), ("value", False)},  # False: other quotation marks
        "relations": {
            ("value", True), ("value", False), ("source", False), ("target", False),
            ("samarkand", False),
        },
    }  # fmt: skip


def white(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


@needs_real
def test_some_rows_of_the_dataset() -> None:
    assert REAL is not None
    reading = re3d.read(files.tree(REAL / "re3d", re3d.SUFFIXES), LAYER)
    doc = "1101048768E50FA1F8DA3F7B7CD105AB"
    (document,) = (row for row in said(reading.corpus.documents) if row["doc"] == doc)
    assert document["title"] == "Foreign Secretary bilateral meeting with Russian Foreign Minister"
    assert {"name": "wordCount", "value": "155"} in document["metadata"]
    found = {row["id"]: row for row in said(layer_of(reading).entities) if row["doc"] == doc}
    assert found["0-67-76-Person"] == {
        "doc": doc, "id": "0-67-76-Person", "begin": 67, "end": 76, "text": "Johnson\nA",
        "label": "Person", "score": 0.0,
    }  # fmt: skip
    relations = said(layer_of(reading).relations)
    (row,) = (r for r in relations if r["id"] == "2-106-110-100-104-CoLocated")
    assert row == {
        "doc": "204532F7EDD22A40E15407ADA16AC058", "id": "2-106-110-100-104-CoLocated",
        "label": "CoLocated", "head": "2-106-110-Organisation", "tail": "2-100-104-Location",
        "score": 0.997, "evidence": [{
            "begin": 494, "end": 584, "text": "Through its illicit oil operations and trafficking "
            "in looted archaeological material from ",
        }],
    }  # fmt: skip

"""Prodigy's JSON Lines: malformed and good cases, what is written, edits, other people's exports."""

import copy
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
import spacy
from hypothesis import given, settings

from samarkand import files, schema, tokens
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, prodigy
from samarkand.formats.capabilities import everything
from samarkand.formats.prodigy import writer as prodigy_write
from samarkand.jsonl import MAX_LINE
from tests.corpora import LAYER, corpora, texts
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "prodigy"
BAD, GOOD = CASES / "bad", CASES / "good"
PAGE = Path(__file__).parents[2] / "docs" / "formats" / "prodigy.md"


def layer_of(reading: base.Reading) -> Layer:
    return reading.corpus.layers[LAYER]


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


def tasks(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def encoded(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def read(*values: Any) -> base.Reading:
    """What a file of these tasks says."""
    return prodigy.read({"a.jsonl": encoded(*values)}, LAYER)


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        prodigy.read(files.tree(BAD / case, prodigy.SUFFIXES), LAYER)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str) -> None:
    reading = prodigy.read(files.tree(GOOD / case, prodigy.SUFFIXES), LAYER)
    layer = layer_of(reading)
    documents = said(reading.corpus.documents)
    for row in documents:
        if "published" in row:
            row["published"] = row["published"].isoformat()
    assert json.loads((GOOD / case / "expected.json").read_text()) == {
        "documents": documents,
        **{name: said(layer.table(name)) for name in schema.TABLES},
        "unread": reading.unread,
        "notes": list(reading.notes),
    }


@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_survives_writing(case: str) -> None:
    corpus = prodigy.read(files.tree(GOOD / case, prodigy.SUFFIXES), LAYER).corpus
    again = prodigy.read(prodigy.write(corpus, LAYER), LAYER)
    assert again == base.Reading(corpus)


def test_fifty_megabytes_in_one_line_are_refused() -> None:
    line = b'{"text":"' + b"x" * 50_000_000 + b'"}\n'
    with pytest.raises(FormatError) as caught:
        prodigy.read({"a.jsonl": line}, LAYER)
    message = f"a line of 50,000,011 bytes; a line has at most {MAX_LINE:,}"
    assert str(caught.value) == f"a.jsonl:1: {message}"


def test_a_document_too_long_for_a_line_is_not_written() -> None:
    corpus = base.frame(base.documents([("a", "x " * 150_000, None)]), Layer(LAYER))
    with pytest.raises(FormatError, match=r"annotations.jsonl:1: document 'a' makes .* cut"):
        prodigy.write(corpus, LAYER)


def test_deep_nesting_and_long_numbers_are_faults_of_their_line() -> None:
    deep = b'{"text":"a","meta":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n"
    long = b'{"text":"a","x":' + b"9" * 5000 + b"}\n"
    for line in (deep, long):
        with pytest.raises(FormatError, match=r"a\.jsonl:1: "):
            prodigy.read({"a.jsonl": line}, LAYER)


TEXT = "Go 👍! Xi met Putin-aide\n Ivan."


def small() -> Corpus:
    """A span behind an emoji, one within a token, one in pieces, two in one place."""

    def entity(id: str, exact: str, label: str, **more: Any) -> dict[str, Any]:
        begin = TEXT.index(exact)
        place = {"begin": begin, "end": begin + len(exact), "text": exact}
        return {"doc": "a", "id": id, "label": label, **place, **more}

    pieces = [
        {"begin": 6, "end": 8, "text": "Xi"},
        {"begin": 13, "end": 18, "text": "Putin"},
    ]
    entities = [
        entity("T1", "Xi", "PER", actor="xi-jinping", score=0.5),
        entity("x", "Putin", "PER", attributes=[{"name": "mention", "value": "name"}]),
        entity("T2", "Xi met Putin", "PAIR") | {"text": "Xi Putin", "fragments": pieces},
        entity("T3", "tin-aide", "ROLE"),
    ]
    relation = {
        **{"doc": "a", "id": "R1", "label": "MEETS", "head": "T1", "tail": "x", "object": "T3"},
        "evidence": [{"begin": 9, "end": 12, "text": "met"}],
    }
    stance = {
        **{"doc": "a", "id": "S1", "holder": "T1", "target": "x", "polarity": 1},
        "source_chain": ["AUTHOR"],
    }
    document = {"doc": "a", "text": TEXT, "title": "Go", "split": "train"} | {
        "metadata": [{"name": "genre", "value": "report"}]
    }
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, [relation]),
        table(schema.STANCES, [stance]),
    )
    return base.frame(table(schema.DOCUMENTS, [document]), layer)


WRITTEN = """
{"text":"Go 👍! Xi met Putin-aide\\n Ivan.","tokens":[
{"text":"Go","start":0,"end":2,"id":0,"ws":true},
{"text":"👍","start":3,"end":4,"id":1,"ws":false},
{"text":"!","start":4,"end":5,"id":2,"ws":true},
{"text":"Xi","start":6,"end":8,"id":3,"ws":true},
{"text":"met","start":9,"end":12,"id":4,"ws":true},
{"text":"Pu","start":13,"end":15,"id":5,"ws":false},
{"text":"tin","start":15,"end":18,"id":6,"ws":false},
{"text":"-","start":18,"end":19,"id":7,"ws":false},
{"text":"aide","start":19,"end":23,"id":8,"ws":false},
{"text":"\\n ","start":23,"end":25,"id":9,"ws":false},
{"text":"Ivan","start":25,"end":29,"id":10,"ws":false},
{"text":".","start":29,"end":30,"id":11,"ws":false}],"spans":[
{"text":"Xi","start":6,"end":8,"token_start":3,"token_end":3,"label":"PER"},
{"text":"Xi met Putin","start":6,"end":18,"token_start":3,"token_end":6,"label":"PAIR"},
{"text":"Putin","start":13,"end":18,"token_start":5,"token_end":6,"label":"PER"},
{"text":"tin-aide","start":15,"end":23,"token_start":6,"token_end":8,"label":"ROLE"}],"relations":[
{"head":3,"child":6,"head_span":{"start":6,"end":8,"token_start":3,"token_end":3,"label":"PER"},
"child_span":{"start":13,"end":18,"token_start":5,"token_end":6,"label":"PER"},"label":"MEETS"}],
"meta":{"title":"Go","genre":"report"},"answer":"accept","samarkand":{"doc":"a","split":"train",
"entities":[
{"entity":"T1","label":"PER","begin":6,"end":8,"text":"Xi","actor":"xi-jinping","score":0.5},
{"entity":"T2","label":"PAIR","begin":6,"end":18,"text":"Xi Putin","fragments":[
{"begin":6,"end":8,"text":"Xi"},{"begin":13,"end":18,"text":"Putin"}]},
{"entity":"x","label":"PER","begin":13,"end":18,"text":"Putin","attributes":{"mention":"name"}},
{"entity":"T3","label":"ROLE","begin":15,"end":23,"text":"tin-aide"}],
"relations":[{"relation":"R1","label":"MEETS","head":"T1","tail":"x","object":"T3",
"evidence":[{"begin":9,"end":12,"text":"met"}]}],
"stances":[{"stance":"S1","holder":"T1","target":"x","polarity":1,"source_chain":["AUTHOR"]}]}}
"""


def test_what_is_written() -> None:
    written = prodigy.write(small(), LAYER)
    assert written == {"annotations.jsonl": WRITTEN.replace("\n", "").encode() + b"\n"}
    assert prodigy.read(written, LAYER) == base.Reading(small())


def test_everything_is_carried() -> None:
    corpus = everything()
    narrowed = prodigy.narrow(corpus, LAYER)
    assert narrowed.documents == corpus.documents
    assert narrowed.layers == corpus.layers
    assert prodigy.read(prodigy.write(corpus, LAYER), LAYER) == base.Reading(narrowed)


def test_narrow_leaves_out_what_has_no_place() -> None:
    corpus = small()
    layer = corpus.layers[LAYER]
    row = layer.entities.to_pylist()[0]
    entities = [
        *layer.entities.to_pylist(),
        row | {"id": "T8", "doc": "b"},
        row | {"id": "T9", "end": 6, "text": ""},
        row | {"id": "T10", "end": 99},
        row | {"id": "T11", "score": float("nan")},
    ]
    relation = layer.relations.to_pylist()[0]
    relations = [relation | {"object": "T9"}, relation | {"id": "R2", "head": "T10"}]
    stance = layer.stances.to_pylist()[0]
    stances = [stance, stance | {"id": "S2", "source_chain": ["AUTHOR", "T8"]}]
    document = corpus.documents.to_pylist()[0]
    document["metadata"] = [{"name": n, "value": "v"} for n in ("genre", "id", "title")]
    broken = Corpus(
        table(schema.DOCUMENTS, [document]),
        layers={
            LAYER: Layer(
                LAYER,
                table(schema.ENTITIES, entities),
                table(schema.RELATIONS, relations),
                table(schema.STANCES, stances),
            )
        },
    )
    kept = prodigy.narrow(broken, LAYER)
    scores = {row["id"]: row["score"] for row in kept.layers[LAYER].entities.to_pylist()}
    assert scores == {"T1": 0.5, "T2": None, "T3": None, "T11": None, "x": None}
    assert [(r["id"], r["object"]) for r in kept.layers[LAYER].relations.to_pylist()] == [
        ("R1", None)
    ]
    assert kept.layers[LAYER].stances["id"].to_pylist() == ["S1"]
    assert kept.documents["metadata"].to_pylist() == [[{"name": "genre", "value": "v"}]]
    assert prodigy.read(prodigy.write(broken, LAYER), LAYER) == base.Reading(kept)


@cache
def nlp() -> spacy.language.Language:
    return spacy.blank("en")


@settings(max_examples=200)
@given(text=texts())
def test_tokens_are_spacys_with_its_white_space(text: str) -> None:
    found = tokens.tokenize(pa.array([text], pa.string()))
    words = list(zip(found.begin.tolist(), found.end.tolist(), strict=True))
    made = [(t["text"], t["start"], t["ws"]) for t in prodigy_write.tokenize(text, words, [])]
    assert made == [(token.text, token.idx, bool(token.whitespace_)) for token in nlp()(text)]


@settings(max_examples=100)
@given(corpus=corpora())
def test_tokens_make_up_the_text_and_every_span_is_made_of_them(corpus: Corpus) -> None:
    for task in tasks(prodigy.write(corpus, LAYER)["annotations.jsonl"]):
        made = task["tokens"]
        assert "".join(t["text"] + " " * t["ws"] for t in made) == task["text"]
        assert [t["id"] for t in made] == list(range(len(made)))
        for span in task["spans"]:
            first, last = made[span["token_start"]], made[span["token_end"]]
            assert (first["start"], last["end"]) == (span["start"], span["end"])


def in_utf16(task: dict[str, Any]) -> dict[str, Any]:
    """The task with its offsets as another program would count them."""

    def moved(value: dict[str, Any]) -> dict[str, Any]:
        units = {
            n: len(task["text"][: value[n]].encode("utf-16-le")) // 2 for n in ("start", "end")
        }
        return value | units

    changed = task | {name: [moved(v) for v in task[name]] for name in ("tokens", "spans")}
    changed["relations"] = [
        r | {n: moved(r[n]) for n in ("head_span", "child_span")} for r in task.get("relations", ())
    ]
    return changed


@settings(max_examples=100)
@given(corpus=corpora())
def test_offsets_in_utf16_are_recognised_by_the_tokens(corpus: Corpus) -> None:
    written = tasks(prodigy.write(corpus, LAYER)["annotations.jsonl"])
    reading = read(*map(in_utf16, written))
    assert reading.corpus == prodigy.narrow(corpus, LAYER)
    astral = any(character > "\uffff" for task in written for character in task["text"])
    assert bool(reading.notes) == astral and not reading.unread


@settings(max_examples=100)
@given(corpus=corpora(), data=st.data())
def test_what_is_deleted_in_the_tool_is_gone(corpus: Corpus, data: st.DataObject) -> None:
    """As the tool does it: a span goes with its relations."""
    written = tasks(prodigy.write(corpus, LAYER)["annotations.jsonl"])
    wanted: Counter[Any] = Counter()
    for task in written:
        keys = {(s["start"], s["end"], s["label"]) for s in task["spans"]}
        gone = data.draw(st.sets(st.sampled_from(sorted(keys)))) if keys else set()
        doc = task["samarkand"]["doc"]

        def key(span: dict[str, Any]) -> tuple[int, int, str]:
            return span["start"], span["end"], span["label"]

        kept = [s for s in task["spans"] if key(s) not in gone]
        related = [
            r
            for r in task.get("relations", ())
            if not {key(r["head_span"]), key(r["child_span"])} & gone
        ]
        wanted.update((doc, *key(span)) for span in kept)
        wanted.update((doc, r["label"]) for r in related)
        task |= {"spans": kept, "relations": related}
    reading = read(*written)
    layer, before = layer_of(reading), prodigy.narrow(corpus, LAYER).layers[LAYER]
    rows = layer.entities.to_pylist()
    found = Counter((row["doc"], row["begin"], row["end"], row["label"]) for row in rows)
    found.update((row["doc"], row["label"]) for row in layer.relations.to_pylist())
    assert found == wanted
    old = [repr(row) for row in before.entities.to_pylist()]
    assert all(repr(row) in old for row in rows)
    lost = {name: len(before.table(name)) - len(layer.table(name)) for name in schema.TABLES}
    assert reading.unread.get("entity whose span is gone", 0) == lost["entities"]
    assert reading.unread.get("relation that is gone from its task", 0) == lost["relations"]
    assert reading.unread.get("stance about a span that is gone", 0) == lost["stances"]


def test_of_two_spans_in_one_place_a_relation_knows_its_own() -> None:
    rows = [
        {"doc": "a", "id": id, "begin": 0, "end": 2, "text": "Xi", "label": "PER"}
        for id in ("T1", "T2", "T3")
    ]
    relations = [
        {"doc": "a", "id": id, "label": "MEETS", "head": head, "tail": tail}
        for id, head, tail in (("R1", "T2", "T3"), ("R2", "T3", "T1"), ("R3", "T1", "T1"))
    ]
    layer = Layer(LAYER, table(schema.ENTITIES, rows), table(schema.RELATIONS, relations))
    corpus = base.frame(base.documents([("a", "Xi", None)]), layer)
    written = prodigy.write(corpus, LAYER)
    assert prodigy.read(written, LAYER) == base.Reading(corpus)
    (task,) = tasks(written["annotations.jsonl"])
    reading = read(task | {"spans": task["spans"][:1]})
    assert reading.unread == {"entity whose span is gone": 2}
    ends = {(r["head"], r["tail"]) for r in layer_of(reading).relations.to_pylist()}
    assert ends == {("T1", "T1")}


def test_keys_that_the_tool_adds_to_our_tasks_are_read() -> None:
    """Hashes, sessions and the answer's time are no annotations; keys of spans are attributes."""
    (task,) = tasks(prodigy.write(small(), LAYER)["annotations.jsonl"])
    kept = {"_input_hash": 1, "_task_hash": 2, "_view_id": "relations", "_timestamp": 1658923692}
    spans = [span | {"type": "span"} for span in task["spans"]]
    spans[0] |= {"score": 0.25, "sure": True}
    reading = read(task | kept | {"spans": spans, "_is_binary": False})
    assert not reading.unread
    rows = {row["id"]: row for row in layer_of(reading).entities.to_pylist()}
    assert rows["T1"]["score"] == 0.25
    assert rows["T1"]["attributes"] == [{"name": "sure", "value": "true"}]
    assert rows["x"] == layer_of(base.Reading(small())).entities.to_pylist()[2]


def test_an_answer_given_twice_is_one_document() -> None:
    (task,) = tasks(prodigy.write(small(), LAYER)["annotations.jsonl"])
    other = task | {"spans": task["spans"][:3], "_annotator_id": "ann"}
    reading = read(task | {"relations": []}, other, task | {"answer": "reject"})
    assert reading.corpus.layers[LAYER].entities == small().layers[LAYER].entities
    assert len(layer_of(reading).relations) == 1
    assert reading.unread == {"task with the answer 'reject'": 1}


def test_unnamed_sessions_are_one_annotator() -> None:
    task = {"text": "Xi", "spans": [{"start": 0, "end": 2, "label": "PER"}], "answer": "accept"}
    names = ["2023-10-16_12-25-01", "news-2023-10-17_12-25-01", "ann", None]
    reading = read(*(task | {"_session_id": name} for name in names))
    assert len(layer_of(reading).entities) == 1
    assert reading.notes[-1] == "annotators named in the tasks: ann"


def test_the_number_of_the_first_line_counts_in_ids_and_messages() -> None:
    found = {"a.jsonl": encoded({"text": "Xi", "answer": "accept"})}
    reading = prodigy.read(found, LAYER, first=501)
    assert reading.corpus.documents["doc"].to_pylist() == ["a-501"]
    with pytest.raises(FormatError, match=r"a\.jsonl:501: "):
        prodigy.read({"a.jsonl": b"{}\n"}, LAYER, first=501)


ODD = st.sampled_from([None, True, -1, 0, 3, 1e9, "", "x", [], ["x"], {}, {"start": 1}, "reject"])


@st.composite
def mutated(draw: st.DrawFn) -> list[Any]:
    """Tasks in which a few values are odd, or gone."""
    path = draw(st.sampled_from(sorted(GOOD.glob("*/*.jsonl"))))
    values = [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    for _ in range(draw(st.integers(1, 3))):
        inner: Any = values
        while True:
            keys = sorted(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(inner[key], dict | list) and draw(st.integers(0, 3)):
                inner = inner[key]
                continue
            if draw(st.booleans()):
                inner[key] = copy.deepcopy(draw(ODD))
            else:
                del inner[key]
            break
    return values


@settings(max_examples=300)
@given(values=mutated())
def test_odd_values_are_a_format_error_or_are_read(values: list[Any]) -> None:
    try:
        reading = read(*values)
    except FormatError as error:
        assert all(problem.line and problem.path == "a.jsonl" for problem in error.problems)
        return
    again = prodigy.read(prodigy.write(reading.corpus, LAYER), LAYER)
    assert again == base.Reading(reading.corpus)


def test_the_example_of_the_page_is_what_is_written() -> None:
    """docs/formats/prodigy.md shows a file; it is exactly ours, and reads without loss."""
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    reading = prodigy.read({"annotations.jsonl": encoded(json.loads(example))}, LAYER)
    assert not reading.unread and not reading.notes
    (task,) = tasks(prodigy.write(reading.corpus, LAYER)["annotations.jsonl"])
    assert task == json.loads(example)


#: Of a folder: documents, entities, relations, what is not read, and how many tokens would not
#: cover what they say if offsets counted UTF-16.
REAL_EXPORTS = {
    "ner_drugs": (1977, 1467, 0, {"match pattern": 118}, 152),
    "ner_fashion_brands": (1735, 765, 0, {"match pattern": 100}, 675),
    "rel_component": (149, 466, 267, {}, 0),
}


@needs_real
@pytest.mark.parametrize("folder", REAL_EXPORTS)
def test_a_real_export_is_read_whole_and_survives_writing(folder: str) -> None:
    assert REAL is not None
    reading = prodigy.read(files.tree(REAL / "prodigy" / folder, prodigy.SUFFIXES), LAYER)
    layer = layer_of(reading)
    counts = len(reading.corpus.documents), len(layer.entities), len(layer.relations)
    documents, entities, relations, unread, _ = REAL_EXPORTS[folder]
    assert counts == (documents, entities, relations)
    assert reading.unread == unread and not reading.notes
    assert prodigy.narrow(reading.corpus, LAYER) == reading.corpus
    written = prodigy.write(reading.corpus, LAYER)
    assert prodigy.read(written, LAYER) == base.Reading(reading.corpus)


@needs_real
def test_real_rows() -> None:
    assert REAL is not None
    drugs = prodigy.read(files.tree(REAL / "prodigy/ner_drugs", prodigy.SUFFIXES), LAYER)
    assert said(layer_of(drugs).entities)[0] == {
        **{"doc": "drugs_eval-1", "id": "T1", "begin": 63, "end": 75},
        **{"text": "Promethazine", "label": "DRUG"},
    }
    assert said(drugs.corpus.documents)[1]["metadata"] == [{"name": "section", "value": "opiates"}]
    brands = prodigy.read(files.tree(REAL / "prodigy/ner_fashion_brands", (".jsonl",)), LAYER)
    named = Counter(str(row.get("attributes")) for row in said(layer_of(brands).entities))
    assert named["[{'name': 'source', 'value': 'tmp/rule-based-model'}]"] == 86
    assert named["[{'name': 'source', 'value': './rule-based-model'}]"] == 77
    events = prodigy.read(files.tree(REAL / "prodigy/rel_component", (".jsonl",)), LAYER)
    labels = Counter(layer_of(events).relations["label"].to_pylist())
    assert labels == {"Pos-Reg": 107, "Reg": 49, "Neg-Reg": 42, "Binds": 35, "No-rel": 34}
    assert said(layer_of(events).relations)[0] == {
        **{"doc": "annotations-1", "id": "R1", "label": "Pos-Reg", "head": "T1", "tail": "T2"},
    }


@needs_real
@pytest.mark.parametrize("folder", REAL_EXPORTS)
def test_real_exports_count_code_points(folder: str) -> None:
    assert REAL is not None
    found = files.tree(REAL / "prodigy" / folder, prodigy.SUFFIXES)
    points = others = 0
    for task in (task for data in found.values() for task in tasks(data) if "text" in task):
        wide = task["text"].encode("utf-16-le")
        for token in task["tokens"]:
            begin, end = token["start"], token["end"]
            points += task["text"][begin:end] != token["text"]
            others += wide[2 * begin : 2 * end] != token["text"].encode("utf-16-le")
    assert (points, others) == (0, REAL_EXPORTS[folder][4])


@needs_real
def test_a_file_of_match_patterns_alone_has_no_documents() -> None:
    assert REAL is not None
    folder = REAL / "prodigy" / "spancat_food_ingredients"
    reading = prodigy.read(files.tree(folder, prodigy.SUFFIXES), LAYER)
    assert (len(reading.corpus.documents), reading.unread) == (0, {"match pattern": 4})

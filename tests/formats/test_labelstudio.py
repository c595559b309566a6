"""Label Studio: malformed and good exports, what is written, what an edit does, real exports."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from samarkand import schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, labelstudio
from samarkand.jsonl import MAX_LINE
from tests.corpora import LAYER, corpora
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "labelstudio"
BAD, GOOD, WRITTEN = CASES / "bad", CASES / "good", CASES / "written"
BOTH_WAYS = pytest.mark.parametrize("plain", [True, False], ids=["plain", "exact"])
TEXT = "👋 Xi met Putin.\nThe foreign and defence ministers backed “talks”, he said."


def layer_of(reading: base.Reading) -> Layer:
    return reading.corpus.layers[LAYER]


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str, plain: bool) -> None:
    found = {"tasks.json": (BAD / case / "tasks.json").read_bytes()}
    with pytest.raises(FormatError) as caught:
        labelstudio._read(found, LAYER, plain=plain)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str, plain: bool) -> None:
    found = {"project-5.json": (GOOD / case / "project-5.json").read_bytes()}
    reading = labelstudio._read(found, LAYER, plain=plain)
    tables = {name: said(layer_of(reading).table(name)) for name in schema.TABLES}
    assert json.loads((GOOD / case / "expected.json").read_text()) == {
        "documents": said(reading.corpus.documents),
        **tables,
        "unread": reading.unread,
        "notes": list(reading.notes),
    }
    again = labelstudio.read(labelstudio.write(reading.corpus, LAYER), LAYER)
    assert again.corpus == labelstudio.narrow(reading.corpus, LAYER) == reading.corpus
    assert not again.unread


def place(exact: str) -> dict[str, Any]:
    begin = TEXT.index(exact)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def mention(id: str, label: str, *exact: str, **more: Any) -> dict[str, Any]:
    pieces = [place(piece) for piece in exact]
    ends = {"begin": pieces[0]["begin"], "end": pieces[-1]["end"], "text": " ".join(exact)}
    fragments = pieces if len(pieces) > 1 else None
    return {"doc": "d", "id": id, "label": label, "fragments": fragments} | ends | more


def full() -> Corpus:
    """A corpus that uses everything that Label Studio can be told."""
    entities = [
        mention("T1", "PERSON", "Xi", actor="xi-jinping", score=0.5,
                attributes=pairs(mention="named", note='sure? "yes" & <no>', text="odd", empty="")),
        mention("T2", "PERSON", "Putin"),
        mention("T3", "ROLE", "foreign", "ministers"),
        mention("a b#1", "R&D <x>", "Putin.\nThe"),
    ]  # fmt: skip
    relations = [
        {"id": "R1", "label": "MEETS", "head": "T1", "tail": "T2", "object": "T3", "score": 0.5,
         "evidence": [place("met")], "status": "ASSERTED", "attributes": pairs(k="v")},
        {"id": "R2", "label": "SEES", "head": "T1", "tail": "T2"},
        {"id": "R3", "label": "SAME", "head": "T2", "tail": "T3",
         "attributes": pairs(direction="bi")},
    ]  # fmt: skip
    stances = [
        {"id": "S1", "holder": "T1", "target": "T2", "polarity": 2, "act": "SUPPORT", "score": 0.25,
         "cue": [place("backed"), place("said")], "content": [place("talks")], "explicit": True,
         "source_chain": ["AUTHOR", "T2"], "status": "ASSERTED", "attributes": pairs(k="v")},
        {"id": "T2", "holder": "AUTHOR", "target": "SPAN", "target_spans": [place("talks")],
         "cue": [place("he")]},
        {"id": "S3", "holder": "AUTHOR", "target": "P:talks", "polarity": -1},
    ]  # fmt: skip
    document = {
        "doc": "d", "text": TEXT, "title": "A meeting", "language": "en", "split": "test",
        "metadata": pairs(genre="report", text="a name that data has already"),
    }  # fmt: skip
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, [row | {"doc": "d"} for row in relations]),
        table(schema.STANCES, [row | {"doc": "d"} for row in stances]),
    )
    documents = table(schema.DOCUMENTS, [document, {"doc": "e", "text": "nothing here"}])
    return Corpus(documents, layers={LAYER: layer})


def test_what_is_written_is_exactly_this() -> None:
    assert labelstudio.write(full(), LAYER) == {
        path.name: path.read_bytes() for path in WRITTEN.iterdir()
    }


def test_everything_is_kept() -> None:
    corpus = full()
    reading = labelstudio.read(labelstudio.write(corpus, LAYER), LAYER)
    assert (reading.unread, reading.notes) == ({}, ())
    assert reading.corpus.documents == corpus.documents
    assert layer_of(reading) == corpus.layers[LAYER]


def test_the_configuration_has_all_that_the_results_name() -> None:
    files = labelstudio.write(full(), LAYER)
    root = ET.fromstring(files["label_config.xml"])  # noqa: S314
    names = {tag.get("name") for tag in root.iter() if tag.get("name")}
    values = {tag.get("value") for tag in root.iter()}
    (task, _) = json.loads(files["annotations.json"])
    for result in task["annotations"][0]["result"]:
        if result["type"] == "relation":
            assert set(result["labels"]) <= values
        else:
            assert {result["from_name"], result["to_name"]} <= names
            said = [v for key in ("labels", "choices") for v in result["value"].get(key, ())]
            assert set(said) <= values


def test_a_layer_without_labels_needs_no_controls() -> None:
    corpus = Corpus(base.documents([("a", "x", None)]), layers={LAYER: Layer(LAYER)})
    config = labelstudio.write(corpus, LAYER)["label_config.xml"]
    assert config == b'<View>\n  <Text name="text" value="$text"/>\n</View>\n'


def edited(change: Any) -> base.Reading:
    """What is read after a change of the results that were written."""
    files = dict(labelstudio.write(full(), LAYER))
    tasks = json.loads(files["annotations.json"])
    results = tasks[0]["annotations"][0]["result"]
    tasks[0]["annotations"][0]["result"] = change(results) or results
    return labelstudio.read({"annotations.json": json.dumps(tasks).encode()}, LAYER)


def without(*ids: str) -> Any:
    """Remove regions, and their relations, as Label Studio does."""

    def change(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ends = ("id", "from_id", "to_id")
        return [result for result in results if not {result.get(end) for end in ends} & set(ids)]

    return change


def test_a_new_label_and_place_win() -> None:
    def change(results: list[dict[str, Any]]) -> None:
        for result in results:
            if result.get("id") == "T2" and result["type"] == "labels":
                begin = TEXT.index("met Putin")
                result["value"] = {"start": begin, "end": begin + 9, "labels": ["EVENT"]}

    reading = edited(change)
    (row,) = [row for row in said(layer_of(reading).entities) if row["id"] == "T2"]
    assert (row["label"], row["text"]) == ("EVENT", "met Putin")
    assert not reading.unread
    assert layer_of(reading).relations == full().layers[LAYER].relations


def test_what_hung_on_a_mention_that_is_gone_is_counted() -> None:
    reading = edited(without("T2"))
    layer = layer_of(reading)
    assert layer.relations.num_rows == 0
    stances = {row["id"]: row for row in layer.stances.to_pylist()}
    assert (stances["S1"]["target"], stances["S1"]["source_chain"]) == ("UNSPECIFIED", ["AUTHOR"])
    assert reading.unread == {
        "details of a relation that is gone": 2,
        "mention that is gone, of a stance": 1,
    }


def test_a_piece_whose_mention_is_gone_becomes_one() -> None:
    reading = edited(without("T3"))
    rows = {row["id"]: row for row in said(layer_of(reading).entities)}
    assert rows["T3-1"]["text"] == "ministers"
    assert reading.unread == {
        "details of a relation that is gone": 1,
        "mention that is gone, object of a relation": 1,
        "piece of a mention that is gone, read as a mention": 1,
    }


def test_a_piece_that_is_gone_leaves_a_mention_of_one() -> None:
    reading = edited(without("T3-1"))
    (row,) = [row for row in said(layer_of(reading).entities) if row["id"] == "T3"]
    assert (row["text"], row.get("fragments")) == ("foreign", None)
    assert not reading.unread


def test_a_relation_drawn_in_label_studio_gets_an_id_of_its_own() -> None:
    def change(results: list[dict[str, Any]]) -> None:
        ends = {"from_id": "T3-1", "to_id": "T1", "type": "relation", "direction": "right"}
        results.append(ends | {"labels": ["SEES"]})

    reading = edited(change)
    rows = {row["id"]: row for row in said(layer_of(reading).relations)}
    assert rows.keys() == {"R1", "R2", "R3", "R4"}
    assert (rows["R4"]["head"], rows["R4"]["tail"], rows["R4"]["label"]) == ("T3", "T1", "SEES")
    assert not reading.unread


def test_a_relation_with_another_label_loses_its_details() -> None:
    def change(results: list[dict[str, Any]]) -> None:
        for result in results:
            if result.get("labels") == ["MEETS", "SEES"]:
                result["labels"] = ["SEES", "AVOIDS"]

    reading = edited(change)
    rows = said(layer_of(reading).relations)
    assert [(row["id"], row["label"]) for row in rows] == [
        ("R1", "AVOIDS"),
        ("R2", "SEES"),
        ("R3", "SAME"),
    ]
    assert "evidence" not in rows[0]
    assert reading.unread == {"details of a relation that is gone": 1}


def test_a_stance_is_edited_by_its_label_answers_and_relations() -> None:
    def change(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for result in results:
            if result.get("from_id") == "r2":
                result["to_id"] = "T3"
            elif result.get("from_name") == "samarkand-polarity":
                result["value"]["choices"] = ["-2"]
            elif result.get("from_name") == "samarkand-stance":
                result["value"]["labels"] = ["REJECT"]
        kept = [result for result in results if result.get("labels") != ["holder"]]
        return [*kept, {"from_id": "r2", "to_id": "T1", "type": "relation", "labels": ["target"]}]

    reading = edited(change)
    stances = {row["id"]: row for row in layer_of(reading).stances.to_pylist()}
    one, two = stances["S1"], stances["T2"]
    assert (one["holder"], one["target"], one["polarity"], one["act"]) == (
        "UNSPECIFIED", "T2", -2, "REJECT",
    )  # fmt: skip
    assert one["content"] and [piece["text"] for piece in one["cue"]] == ["backed", "said"]
    assert (two["holder"], two["target"], two["target_spans"], two["act"]) == (
        "AUTHOR", "T1", [], "REJECT",
    )  # fmt: skip
    assert not reading.unread


def test_what_label_studio_copies_is_read_once() -> None:
    def change(results: list[dict[str, Any]]) -> None:
        meta = {r["id"]: r["meta"] for r in results if "meta" in r and "parentID" not in r}
        for result in results:
            if result.get("id") in meta:
                result["meta"] = meta[
                    result["id"]
                ]  # the editor puts it on every result of a region

    assert edited(change).corpus == labelstudio.narrow(full(), LAYER)


def narrowed(entities: list[dict[str, Any]], **others: list[dict[str, Any]]) -> Layer:
    """What Label Studio can say of a corpus; reading what is written must give just that."""
    rows = {"entities": entities, **others}
    layer = Layer(LAYER, **{name: table(schema.TABLES[name], rows[name]) for name in rows})
    corpus = Corpus(table(schema.DOCUMENTS, [{"doc": "d", "text": TEXT}]), layers={LAYER: layer})
    kept = labelstudio.narrow(corpus, LAYER)
    assert labelstudio.read(labelstudio.write(corpus, LAYER), LAYER).corpus == kept
    assert labelstudio.narrow(kept, LAYER) == kept
    return kept.layers[LAYER]


def test_what_cannot_be_shown_is_narrowed_away() -> None:
    layer = narrowed(
        [
            mention("T1", "PERSON", "Xi", score=float("nan")),
            mention("T2", "bell \x07", "Putin"),
            mention("T3", "", "Putin"),
            mention("T4", "PERSON", "talks") | {"end": TEXT.index("talks"), "text": ""},
        ],
        relations=[
            {"doc": "d", "id": "R1", "label": "SEES", "head": "T1", "tail": "T1", "object": "T2"},
            {"doc": "d", "id": "R2", "label": "SEES", "head": "T1", "tail": "T2"},
            {"doc": "d", "id": "R3", "label": "\x0b", "head": "T1", "tail": "T1"},
        ],
        stances=[
            {"doc": "d", "id": "S1", "holder": "T2", "target": "T1", "act": "bell \x07",
             "cue": [place("said")], "status": "\x0b", "source_chain": ["AUTHOR", "T4"]},
        ],
    )  # fmt: skip
    assert said(layer.entities) == [
        {k: v for k, v in mention("T1", "PERSON", "Xi").items() if v is not None}
    ]
    assert said(layer.relations) == [
        {"doc": "d", "id": "R1", "label": "SEES", "head": "T1", "tail": "T1"}
    ]
    (stance,) = said(layer.stances)
    assert (stance["holder"], stance["source_chain"]) == ("UNSPECIFIED", ["AUTHOR"])
    assert (stance["act"], stance["status"]) == ("bell \x07", "\x0b")


def test_relations_of_one_pair_are_kept_apart() -> None:
    common = {"doc": "d", "head": "T1", "tail": "T2"}
    rows = [
        common | {"id": "R1", "label": "SEES", "attributes": pairs(direction="bi")},
        common | {"id": "R2", "label": "SEES"},
        common | {"id": "R3", "label": "MEETS", "attributes": pairs(direction="left")},
    ]
    layer = narrowed(
        [mention("T1", "PERSON", "Xi"), mention("T2", "PERSON", "Putin")], relations=rows
    )
    assert said(layer.relations) == [{k: v for k, v in row.items() if v} for row in rows]


def test_a_part_of_an_array_counts_from_its_first_item() -> None:
    data = json.dumps([{"data": {"text": "a"}}, {"data": {}}]).encode()
    with pytest.raises(FormatError, match=r"^x\.json: item 8: 'data' has no 'text'"):
        labelstudio.read({"x.json": data}, LAYER, first=7)
    reading = labelstudio.read({"x.json": b'[{"data":{"text":"a"}}]'}, LAYER, first=7)
    assert reading.corpus.documents["doc"].to_pylist() == ["x-7"]


def test_tasks_are_kept_apart_in_many_blocks_and_files() -> None:
    files: dict[str, bytes] = {}
    for name in "ab":
        tasks = []
        for number in range(labelstudio.BLOCK + 1):
            word = f"{name}{number}"
            value = {"start": 2, "end": 2 + len(word), "text": word, "labels": ["X"]}
            result = {"id": "r", "type": "labels", "value": value, "from_name": "l"}
            results = [result | {"to_name": "t"}]
            if number % 7 == 0:  # not plain
                results[0]["meta"] = {"text": ["seventh"]}
            tasks.append({"data": {"text": f"é {word}"}, "annotations": [{"result": results}]})
        files[f"{name}.json"] = json.dumps(tasks).encode()
    layer = layer_of(labelstudio.read(files, LAYER))
    wanted = sorted(
        (f"{name}-{number + 1}", f"{name}{number}")
        for name in "ab"
        for number in range(labelstudio.BLOCK + 1)
    )
    found = zip(*(layer.entities[c].to_pylist() for c in ("doc", "text")), strict=True)
    assert list(found) == wanted


def test_a_task_of_fifty_megabytes_is_refused() -> None:
    data = b'[{"data":{"text":"' + b"x" * 50_000_000 + b'"}}]'
    with pytest.raises(FormatError) as caught:
        labelstudio.read({"x.json": data}, LAYER)
    message = f"x.json: item 1: 50,000,020 bytes; a task has at most {MAX_LINE:,}"
    assert str(caught.value) == message


def test_an_empty_array_is_an_empty_corpus() -> None:
    reading = labelstudio.read({"x.json": b" [ ]\n"}, LAYER)
    assert (len(reading.corpus.documents), reading.unread) == (0, {})


def test_faults_are_told_by_file_and_item() -> None:
    tasks = [{"data": {"text": "a"}, "annotations": [{"result": [{}]}]}] * 11 + [{}]
    data = json.dumps([task | {"id": n} for n, task in enumerate(tasks)]).encode()
    with pytest.raises(FormatError) as caught:
        labelstudio.read({"b.json": data, "a.json": b"[7]"}, LAYER)
    places = [f"{found.path} {found.message.split(':')[0]}" for found in caught.value.problems]
    assert places == ["a.json item 1", *(f"b.json item {n}" for n in range(1, 13))]


PIECES = (
    "",
    '"',
    "}",
    "]",
    ",",
    "0",
    "9",
    "-1",
    "1.5",
    "null",
    "[]",
    "é",
    "👋",
    "T1",
    "\\n",
    "\\ud800",
)


@st.composite
def exports(draw: st.DrawFn) -> bytes:
    """Good exports and our own files, perhaps with a few things out of place."""
    known = [path / "project-5.json" for path in sorted(GOOD.iterdir())]
    text = draw(st.sampled_from([*known, WRITTEN / "annotations.json"])).read_text()
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 3))
        text = text[:begin] + draw(st.sampled_from(PIECES)) + text[end:]
    return text.encode()


@settings(max_examples=200, deadline=None)
@given(data=exports())
def test_a_plain_task_reads_as_it_does_the_exact_way(data: bytes) -> None:
    results: list[Any] = []
    for plain in (True, False):
        try:
            results.append(labelstudio._read({"x.json": data}, LAYER, plain=plain))
        except FormatError as error:
            results.append(error.problems)
    assert results[0] == results[1]


WORDS = 'Xi met Putin {in} Samarkand 👋 and said "no" to it . from_id'


def at(word: str, **value: Any) -> dict[str, Any]:
    begin = WORDS.index(word)
    return {"start": begin, "end": begin + len(word), "text": word, "labels": ["A"]} | value


#: Changes of a result, most of which make it another shape; and of those that are plain.
PLAIN: tuple[dict[str, Any], ...] = (
    {},
    {"from_name": "other"},
    {"origin": "prediction"},
    {"value": at("Samarkand")},
)
ODD: tuple[dict[str, Any], ...] = (
    {"score": 0.5},
    {"meta": {"text": ["note"]}},
    {"from_name": "samarkand-stance"},
    {"value": at("{in}")},
    {"value": at("from_id")},
    {"value": at('"no"')},
    {"value": at("it", labels=["A", "B"])},
    {"value": at("it", labels=[])},
    {"value": at("it", start=5)},
    {"value": at("it", end=900)},
    {"value": {"labels": ["A"], "text": "Xi", "end": 2, "start": 0}},
)
LINKS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"labels": ["MEETS", "SEES"]},
    {"direction": "left"},
    {"to_id": "nobody"},
)


@st.composite
def arrays(draw: st.DrawFn) -> bytes:
    """Some tasks: results of one shape, and others among them."""
    tasks = []
    for number in range(draw(st.integers(1, 5))):
        results: list[dict[str, Any]] = []
        for id in draw(st.lists(st.sampled_from("abcde"), max_size=4)):
            change = draw(st.sampled_from(PLAIN) | st.sampled_from(PLAIN) | st.sampled_from(ODD))
            ours = {"value": at("Putin"), "id": id, "from_name": "l", "to_name": "t"}
            results.append(ours | {"type": "labels", "origin": "manual"} | change)
        ids = [result["id"] for result in results] or ["a"]
        for _ in range(draw(st.integers(0, 2))):
            ends = {name: draw(st.sampled_from(ids)) for name in ("from_id", "to_id")}
            plain = ends | {"type": "relation", "direction": "right", "labels": ["MEETS"]}
            results.append(plain | draw(st.sampled_from(LINKS)))
        if draw(st.integers(0, 9)) == 0:
            results.reverse()
        tasks.append({"id": number, "data": {"text": WORDS}, "annotations": [{"result": results}]})
    indent = draw(st.sampled_from([None, 0, 2]))
    return json.dumps(tasks, indent=indent, ensure_ascii=draw(st.booleans())).encode()


@settings(max_examples=300, deadline=None)
@given(data=arrays())
def test_tasks_of_one_shape_read_as_they_do_one_by_one(data: bytes) -> None:
    results: list[Any] = []
    for plain in (True, False):
        try:
            results.append(labelstudio._read({"x.json": data}, LAYER, plain=plain))
        except FormatError as error:
            results.append(error.problems)
    assert results[0] == results[1]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpus=corpora())
def test_what_is_written_reads_as_it_does_the_exact_way(corpus: Corpus) -> None:
    found = labelstudio.write(corpus, LAYER)
    assert labelstudio._read(found, LAYER, plain=False) == labelstudio.read(found, LAYER)


@needs_real
def test_a_real_export_is_read_whole_and_survives_writing() -> None:
    assert REAL is not None
    data = (REAL / "label-studio/testing_ls_full.json").read_bytes()
    reading = labelstudio.read({"testing_ls_full.json": data}, LAYER)
    layer = layer_of(reading)
    assert reading.corpus.documents["doc"].to_pylist() == ["17423", "17424"]
    assert reading.unread == {"data field 'sentences'": 2}
    assert (len(layer.entities), len(layer.relations), reading.notes) == (13, 7, ())
    assert said(layer.entities)[0] == {
        "doc": "17423", "id": "ZbDDW1BkiB", "begin": 0, "end": 7, "text": "KAREL I",
        "label": "Person",
    }  # fmt: skip
    assert said(layer.relations)[0] == {
        "doc": "17423", "id": "R1", "label": "bio:lived_in:loc", "head": "ZbDDW1BkiB",
        "tail": "vE2xeKCmbL",
    }  # fmt: skip
    assert labelstudio._read({"x.json": data}, LAYER, plain=False).corpus == reading.corpus
    again = labelstudio.read(labelstudio.write(reading.corpus, LAYER), LAYER)
    assert (again.corpus, again.unread) == (reading.corpus, {})


@needs_real
def test_json_min_is_refused() -> None:
    assert REAL is not None
    data = (REAL / "label-studio/testing_ls.json").read_bytes()
    with pytest.raises(FormatError, match="item 1: this is JSON-MIN, which leaves out relations"):
        labelstudio.read({"testing_ls.json": data}, LAYER)


@needs_real
def test_real_tasks_about_other_things_than_text_are_refused() -> None:
    assert REAL is not None
    read = {}
    for path in sorted((REAL / "label-studio/sdk").glob("*.json")):
        try:
            reading = labelstudio.read({path.name: path.read_bytes()}, LAYER)
            read[path.name.partition("__data__")[2]] = reading.unread
        except FormatError as error:
            assert any(
                reason in str(error)
                for reason in ("marks an image", "marks a dialogue", "has no 'text'", "an array")
            )
    question = {"choices about the whole text": 1}
    assert read == {
        "test_export_csv__csv_test_history.json": question,
        "test_export_csv__csv_test_colliding_keys.json": question,
        "test_export_csv__csv_test_colliding_keys_mixed.json": question,
    }

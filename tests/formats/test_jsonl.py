"""Our layout as one JSON Lines file: what is wrong with it, its two ways of reading, its readers."""

import json
from pathlib import Path
from typing import Any

import datasets
import hypothesis.strategies as st
import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from datasets.packaged_modules.json.json import JsonConfig
from hypothesis import HealthCheck, given, settings

from samarkand import files, lines, schema, store
from samarkand.check import check
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, capabilities, jsonl
from samarkand.formats.jsonl import columns as jsonl_columns
from samarkand.formats.jsonl import lines as jsonl_lines
from samarkand.jsonl import MAX_LINE
from samarkand.losses import losses
from tests.corpora import LAYER, corpora

CASES = Path(__file__).parent / "jsonl"
BAD, GOOD = CASES / "bad", CASES / "good"
REPOSITORY = Path(__file__).parents[2]
BOTH_WAYS = pytest.mark.parametrize("plain", [True, False], ids=["plain", "exact"])


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


def tables(reading: base.Reading) -> dict[str, Any]:
    """What an expected.json holds."""
    layer = reading.corpus.layers["hand/a"]
    found: dict[str, Any] = {"documents": said(reading.corpus.documents)}
    found |= {name: said(layer.table(name)) for name in schema.TABLES}
    return found | {"unread": dict(reading.unread), "notes": list(reading.notes)}


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str, plain: bool) -> None:
    with pytest.raises(FormatError) as caught:
        jsonl._read(files.tree(BAD / case, jsonl.SUFFIXES), "hand/a", plain=plain)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str, plain: bool) -> None:
    reading = jsonl._read(files.tree(GOOD / case, jsonl.SUFFIXES), "hand/a", plain=plain)
    wanted = json.loads((GOOD / case / "expected.json").read_text())
    assert json.loads(json.dumps(tables(reading), default=str)) == wanted


@BOTH_WAYS
def test_fifty_megabytes_in_one_line_are_refused(plain: bool) -> None:
    line = b'{"doc":"a","text":"' + b"x" * 50_000_000 + b'"}\n'
    with pytest.raises(FormatError) as caught:
        jsonl._read({"a.jsonl": line}, "hand/a", plain=plain)
    message = f"a line of 50,000,021 bytes; a line has at most {MAX_LINE:,}"
    assert str(caught.value) == f"a.jsonl:1: {message}"


def test_a_document_too_long_to_be_read_again_is_not_written() -> None:
    corpus = Corpus(base.documents([("a", "x" * MAX_LINE, None)]), layers={LAYER: Layer(LAYER)})
    with pytest.raises(FormatError) as caught:
        jsonl.write(corpus, LAYER)
    size = MAX_LINE + len('{"doc":"a","text":"","entities":[],"relations":[],"stances":[]}')
    assert str(caught.value) == (
        f"documents.jsonl: document 'a' is a line of {size:,} bytes; a line has at most "
        f"{MAX_LINE:,}. Cut the document in two"
    )


@BOTH_WAYS
@pytest.mark.parametrize("key", ["other", "entities", "metadata"])
def test_what_nests_without_end_is_refused(key: str, plain: bool) -> None:
    deep = b'{"doc":"b","text":"","%b":{"x":%b%b}}' % (key.encode(), b"[" * 200_000, b"]" * 200_000)
    known = b'{"doc":"a","text":"","metadata":{"x":"y"}}'
    with pytest.raises(FormatError) as caught:
        jsonl._read({"a.jsonl": b"\n".join([known] * jsonl.BLOCK + [deep])}, "hand/a", plain=plain)
    wanted = f"a.jsonl:{jsonl.BLOCK + 1}: not JSON that a line here can hold: nested too deeply"
    assert wanted in str(caught.value).splitlines()


ENTITY = {"doc": "a", "id": "T1", "begin": 2, "end": 4, "text": "Xi", "label": "PERSON"}


def test_what_is_written_is_one_document_a_line() -> None:
    text = '👋 Xi met "Putin"\n'
    entities = [
        ENTITY | {"actor": "xi-jinping", "attributes": [{"name": "b", "value": "\t"}]},
        ENTITY | {"id": "T2", "begin": 10, "end": 15, "text": "Putin", "score": 0.5},
    ]
    relation = {"doc": "a", "id": "R1", "label": "MEETS", "head": "T1", "tail": "T2"}
    evidence = {"evidence": [{"begin": 5, "end": 9, "text": 'met "'}]}
    layer = Layer(
        LAYER, table(schema.ENTITIES, entities), table(schema.RELATIONS, [relation | evidence])
    )
    documents = base.documents([("a", text, "train"), ("b", "", None)])
    assert (
        jsonl.write(Corpus(documents, layers={LAYER: layer}), LAYER)["documents.jsonl"]
        == (
            '{"doc":"a","text":"👋 Xi met \\"Putin\\"\\n","split":"train","entities":['
            '{"entity":"T1","label":"PERSON","begin":2,"end":4,"text":"Xi","actor":"xi-jinping",'
            '"attributes":{"b":"\\t"}},'
            '{"entity":"T2","label":"PERSON","begin":10,"end":15,"text":"Putin","score":0.5}],'
            '"relations":[{"relation":"R1","label":"MEETS","head":"T1","tail":"T2",'
            '"evidence":[{"begin":5,"end":9,"text":"met \\""}]}],"stances":[]}\n'
            '{"doc":"b","text":"","entities":[],"relations":[],"stances":[]}\n'
        ).encode()
    )


@settings(max_examples=100)
@given(corpus=corpora())
def test_columns_are_written_as_objects_would_be(corpus: Corpus) -> None:
    layer = jsonl.narrow(corpus, LAYER).layers[LAYER]
    rows = {name: lines.from_table(name, layer.table(name)) for name in schema.TABLES}
    docs = {name: layer.table(name)["doc"].to_pylist() for name in schema.TABLES}
    wanted = []
    for row in corpus.documents.to_pylist():
        known = {k: v for k, v in row.items() if v is not None and k != "metadata"}
        listed = {
            name: [r for doc, r in zip(docs[name], rows[name], strict=True) if doc == row["doc"]]
            for name in schema.TABLES
        }
        wanted.append(msgspec.json.encode(known | listed) + b"\n")
    assert jsonl.write(corpus, LAYER) == {"documents.jsonl": b"".join(wanted)}


@settings(max_examples=100)
@given(corpus=corpora())
def test_what_is_written_is_read_in_columns(corpus: Corpus) -> None:
    (data,) = jsonl.write(corpus, LAYER).values()
    assert jsonl._read({"a.jsonl": data}, LAYER, plain=False) == jsonl.read(
        {"a.jsonl": data}, LAYER
    )
    block = data.split(b"\n")[:-1]
    names = {key: {"acts_as", "status", "mention"} for key in jsonl_columns.names()}
    assert not block or jsonl_columns.read(block, names) is not None


PIECES = (
    *(
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b" ",
        b"\n",
        b"\\",
        b"\\u0000",
        b"\\ud83d",
        b"\xff",
    ),
    *(b"0", b"1", b"-1", b"99", b"1.0", b"1e2", b"1e999", b"null", b"NaN", b"Infinity", b"true"),
    *(b'"x":"y",', b'"doc":"b",', b'"score":0.5,', b'"attributes":{"a":"b"},', b'"T9"', b'"../a"'),
    *(
        b'"published":"2021-02-29",',
        b'"published":"0000-01-01",',
        b"{}",
        b"[]",
        b"null,",
        "é".encode(),
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with a few things out of place."""
    case = draw(st.sampled_from(["every-key", "as-other-tools-write"]))
    data = (GOOD / case / "a.jsonl").read_bytes()
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(data)))
        end = begin + draw(st.sampled_from([0, 0, 1, 1, 2, 5]))
        data = data[:begin] + draw(st.sampled_from([b"", *PIECES])) + data[end:]
    return data


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(data=damaged())
def test_a_file_reads_in_columns_as_it_does_by_line(data: bytes) -> None:
    # The first file teaches the names of metadata and attributes.
    found = {
        "a.jsonl": (GOOD / "every-key" / "a.jsonl").read_bytes().replace(b'"doc":"', b'"doc":"0')
    }
    found["b.jsonl"] = data
    results = []
    for plain in (True, False):
        try:
            results.append(jsonl._read(found, "hand/a", plain=plain))
        except FormatError as error:
            results.append(error.problems)
    assert results[0] == results[1]


@settings(max_examples=50)
@given(corpus=corpora())
def test_lines_are_parts_that_can_be_read_alone(corpus: Corpus) -> None:
    (data,) = jsonl.write(corpus, LAYER).values()
    whole = jsonl.read({"a.jsonl": data}, LAYER).corpus
    parts = [
        jsonl.read({"a.jsonl": line + b"\n"}, LAYER, number).corpus
        for number, line in enumerate(data.split(b"\n")[:-1], 1)
    ]
    empty = jsonl.read({"a.jsonl": b""}, LAYER).corpus
    assert whole.documents.equals(
        pa.concat_tables([part.documents for part in [empty, *parts]]).combine_chunks()
    )
    for name in schema.TABLES:
        joined = pa.concat_tables([c.layers[LAYER].table(name) for c in [empty, *parts]])
        assert whole.layers[LAYER].table(name).equals(joined.combine_chunks())


def test_a_part_counts_its_lines_from_where_it_begins() -> None:
    with pytest.raises(FormatError) as caught:
        jsonl.read({"a.jsonl": b'{"doc":"a","text":""}\n{"doc":"b"}\n'}, "hand/a", 1001)
    assert str(caught.value) == "a.jsonl:1002: key 'text' is missing"


def test_documents_are_kept_apart_in_many_blocks() -> None:
    entities, rows = [], []
    for number in range(2 * jsonl.BLOCK + 1):
        doc, word = f"d{number}", f"w{number}"
        rows.append((doc, f"é {word}", None))
        name = {"name": f"name{number % 150}", "value": "x"}  # more names than columns are made of
        entities.append(
            {"doc": doc, "id": "T1", "label": "X", "begin": 2, "end": 2 + len(word), "text": word}
            | {"attributes": [name]}
        )
    layer = Layer(LAYER, table(schema.ENTITIES, entities))
    corpus = base.frame(base.documents(rows), layer)
    assert jsonl.read(jsonl.write(corpus, LAYER), LAYER).corpus == corpus


def test_nothing_is_lost() -> None:
    corpus = capabilities.everything()
    assert losses(corpus, jsonl.narrow(corpus, LAYER), LAYER) == []
    assert all(capabilities.carried(jsonl).values())
    read = jsonl.read(jsonl.write(corpus, LAYER), LAYER).corpus
    assert read.documents.equals(corpus.documents)
    assert read.layers[LAYER] == corpus.layers[LAYER]


def test_a_score_that_is_no_number_is_left_out() -> None:
    scores = [0.5, np.nan, np.inf, None]
    entities = [ENTITY | {"id": f"T{n}", "score": score} for n, score in enumerate(scores)]
    documents = base.documents([("a", "a Xi", None)])
    layer = Layer(LAYER, table(schema.ENTITIES, entities))
    corpus = Corpus(documents, layers={LAYER: layer})
    kept = jsonl.narrow(corpus, LAYER)
    assert kept.layers[LAYER].entities["score"].to_pylist() == [0.5, None, None, None]
    assert jsonl.read(jsonl.write(corpus, LAYER), LAYER).corpus == kept


@pytest.fixture(scope="module")
def shipped() -> Corpus:
    return store.read(REPOSITORY)


def test_the_corpus_here_survives_whole(shipped: Corpus) -> None:
    written = jsonl.write(shipped, "hand/a")
    assert written["documents.jsonl"].count(b"\n") == len(shipped.documents)
    read = jsonl.read(written, "hand/a").corpus
    layer = shipped.layers["hand/a"]
    assert read.documents.equals(shipped.documents)
    assert all(read.layers["hand/a"].table(n).equals(layer.table(n)) for n in schema.TABLES)
    errors = {found.check for found in check(read) if found.severity == "error"}
    assert errors <= {"layer-without-provenance"}


def test_a_text_edited_afterwards_is_still_noticed(shipped: Corpus) -> None:
    (data,) = jsonl.write(shipped, "hand/a").values()
    document = msgspec.json.decode(data.split(b"\n")[0], type=jsonl_lines.Document)
    document.text += "And more."
    corpus = jsonl.read({"a.jsonl": msgspec.json.encode(document)}, "hand/a").corpus
    assert "text-changed" in {found.check for found in check(corpus)}


def loaded(folder: Path, shipped: Corpus, fast: bool) -> datasets.Dataset:
    """The corpus here through load_dataset; `fast` has columns of structs, not JSON."""
    files.write_tree(folder, jsonl.write(shipped, "hand/a"))
    known = JsonConfig.__dataclass_fields__  # in datasets 5, not before
    options = {"on_mixed_types": None} if fast and "on_mixed_types" in known else {}
    return datasets.load_dataset(
        "json",
        data_files=str(folder / "documents.jsonl"),
        split="train",
        cache_dir=str(folder / "cache"),
        **options,
    )


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "default"])
def test_load_dataset_reads_the_corpus_here(fast: bool, shipped: Corpus, tmp_path: Path) -> None:
    dataset = loaded(tmp_path, shipped, fast)
    assert dataset["doc"][:] == shipped.documents["doc"].to_pylist()
    assert dataset["text"][:] == shipped.documents["text"].to_pylist()
    for name in schema.TABLES:
        rows = [row for document in dataset[name] for row in document]
        layer = shipped.layers["hand/a"].table(name)
        assert [row[lines.ID_KEYS[name]] for row in rows] == layer["id"].to_pylist()
    for text, entities in zip(dataset["text"], dataset["entities"], strict=True):
        whole = [entity for entity in entities if not entity.get("fragments")]
        assert all(text[e["begin"] : e["end"]] == e["text"] for e in whole)
    if fast:
        kinds = dataset.features["entities"].feature
        assert kinds["begin"].dtype == "int64"
        assert set(kinds["attributes"]) == {"acts_as", "mention"}


def test_pandas_reads_the_corpus_here(shipped: Corpus, tmp_path: Path) -> None:
    files.write_tree(tmp_path, jsonl.write(shipped, "hand/a"))
    frame = pd.read_json(tmp_path / "documents.jsonl", lines=True, dtype_backend="pyarrow")
    assert frame["doc"].tolist() == shipped.documents["doc"].to_pylist()
    assert sum(map(len, frame["entities"])) == len(shipped.layers["hand/a"].entities)


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "default"])
def test_what_datasets_writes_of_it_is_read_again(
    fast: bool, shipped: Corpus, tmp_path: Path
) -> None:
    dataset = loaded(tmp_path, shipped, fast)
    dataset = dataset.remove_columns("published")  # which datasets takes for a time of day
    dataset.to_json(tmp_path / "again.jsonl")
    read = jsonl.read({"again.jsonl": (tmp_path / "again.jsonl").read_bytes()}, "hand/a").corpus
    layer = shipped.layers["hand/a"]
    assert all(read.layers["hand/a"].table(n).equals(layer.table(n)) for n in schema.TABLES)

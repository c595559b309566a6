"""brat standoff: malformed and good cases, the two ways of reading a line, other people's corpora."""

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from samarkand import files, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, brat
from samarkand.jsonl import MAX_LINE
from tests.corpora import LAYER, corpora
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "brat"
BAD, GOOD = CASES / "bad", CASES / "good"
BOTH_WAYS = pytest.mark.parametrize("plain", [True, False], ids=["plain", "exact"])


def layer_of(reading: base.Reading, name: str = "hand/a") -> Layer:
    return reading.corpus.layers[name]


def one(text: str, *lines: str) -> dict[str, bytes]:
    """A document and its annotations."""
    return {"a.txt": text.encode(), "a.ann": "".join(f"{line}\n" for line in lines).encode()}


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str, plain: bool) -> None:
    found = {
        path: data
        for path, data in files.tree(BAD / case, brat.SUFFIXES).items()
        if path != "expected.txt"
    }
    with pytest.raises(FormatError) as caught:
        brat._read(found, "hand/a", plain)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str, plain: bool) -> None:
    reading = brat._read(files.tree(GOOD / case, brat.SUFFIXES), "hand/a", plain)
    documents = reading.corpus.documents.select(["doc", "split"]).to_pylist()
    assert json.loads((GOOD / case / "expected.json").read_text()) == {
        "documents": [[row["doc"], row["split"]] for row in documents],
        "entities": said(layer_of(reading).entities),
        "relations": said(layer_of(reading).relations),
        "unread": reading.unread,
    }


@BOTH_WAYS
def test_fifty_megabytes_in_one_line_are_refused(plain: bool) -> None:
    line = b"T1\tX 0 5\t" + b"x" * 50_000_000 + b"\n"
    with pytest.raises(FormatError) as caught:
        brat._read({"a.txt": b"hello", "a.ann": line}, "hand/a", plain)
    message = f"a line of 50,000,009 bytes; a line has at most {MAX_LINE:,}"
    assert str(caught.value) == f"a.ann:1: {message}"


def test_the_text_is_kept_byte_for_byte() -> None:
    text = "one\r\ntwo\u2028three\x00 \n\n"
    reading = brat.read(one(text), "hand/a")
    assert reading.corpus.documents["text"].to_pylist() == [text]
    assert brat.write(reading.corpus, "hand/a") == {"a.txt": text.encode(), "a.ann": b""}


def test_documents_are_kept_apart_in_many_blocks() -> None:
    found: dict[str, bytes] = {}
    for number in range(2 * brat.BLOCK + 1):
        word = f"w{number}"
        found[f"d{number}.txt"] = f"é {word}".encode()
        found[f"d{number}.ann"] = (
            f"T1\tX 2 {2 + len(word)}\t{word}\nR1\tR Arg1:T1 Arg2:T1\n".encode()
        )
    reading = brat.read(found, "hand/a")
    layer = layer_of(reading)
    wanted = sorted((f"d{number}", f"w{number}") for number in range(2 * brat.BLOCK + 1))
    assert (
        list(zip(*(layer.entities[c].to_pylist() for c in ("doc", "text")), strict=True)) == wanted
    )
    assert layer.relations["doc"].to_pylist() == [doc for doc, _ in wanted]
    assert brat.write(reading.corpus, "hand/a") == found


def test_what_is_written_is_what_brat_writes() -> None:
    lines = (
        "T1\tPER 0 2\tXi",
        "T2\tPER 7 12;13 18\tPutin today",
        "T3\tX 7 18\tPutin today",
        "R1\tMEETS Arg1:T1 Arg2:T2",
        "A1\tkind T1 named one",
        "A2\tsure T2",
        "A3\tstatus R1 FUTURE",
        "A4\tsure R1",
        "N1\tReference T1 actor:xi\txi",
    )
    found = one("Xi met Putin\ntoday", *lines)
    reading = brat.read(found, "hand/a")
    assert not reading.unread
    written = brat.write(reading.corpus, "hand/a")["a.ann"].decode().splitlines()
    assert sorted(written) == sorted(lines)


ENTITY = {"doc": "a", "begin": 0, "end": 2, "text": "Xi", "label": "PER"}


def corpus_of(entities: list[dict[str, Any]], relations: list[dict[str, Any]]) -> Corpus:
    layer = Layer("hand/a", table(schema.ENTITIES, entities), table(schema.RELATIONS, relations))
    documents = base.documents([("a", "Xi met Putin", None)])
    return Corpus(documents, layers={"hand/a": layer})


def narrowed(corpus: Corpus) -> Layer:
    """What brat can say of a corpus; reading what is written must give just that."""
    kept = brat.narrow(corpus, "hand/a")
    assert brat.read(brat.write(corpus, "hand/a"), "hand/a").corpus == kept
    assert brat.narrow(kept, "hand/a") == kept
    return kept.layers["hand/a"]


def test_what_is_no_word_cannot_be_a_label_an_actor_or_an_attributes_name() -> None:
    entities = [
        ENTITY | {"id": "T1", "label": "HEAD OF STATE"},
        ENTITY | {"id": "T2", "label": ""},
        ENTITY | {"id": "T3", "label": "tab\t"},
        ENTITY | {"id": "T4", "actor": "Xi Jinping", "attributes": [{"name": "a b", "value": "c"}]},
    ]
    relations = [
        {"doc": "a", "id": "R1", "label": "A", "head": "T1", "tail": "T4"},
        {"doc": "a", "id": "R2", "label": "A", "head": "T4", "tail": "T4"},
        {"doc": "a", "id": "R3", "label": "A B", "head": "T4", "tail": "T4"},
    ]
    layer = narrowed(corpus_of(entities, relations))
    assert said(layer.entities) == [ENTITY | {"id": "T4"}]
    assert layer.relations["id"].to_pylist() == ["R2"]


def test_an_attribute_value_keeps_its_inner_spaces_only() -> None:
    values = {"a": "x  y", "b": " x", "c": "x ", "d": "", "e": "x\ty", "f": "x\ny", "g": "é\u00a0"}
    pairs = [{"name": name, "value": value} for name, value in values.items()]
    layer = narrowed(corpus_of([ENTITY | {"id": "T1", "attributes": pairs}], []))
    assert layer.entities["attributes"].to_pylist() == [
        [{"name": "a", "value": "x  y"}, {"name": "g", "value": "é\u00a0"}]
    ]


def test_relations_that_differ_in_their_object_alone_become_one() -> None:
    relations = [
        {"doc": "a", "id": f"R{n}", "label": "AIDS", "head": "T1", "tail": tail, "object": object_}
        for n, (tail, object_) in enumerate(
            [("T1", "T1"), ("T1", "T2"), ("T2", "T1"), ("T2", None)]
        )
    ]
    layer = narrowed(corpus_of([ENTITY | {"id": "T1"}, ENTITY | {"id": "T2"}], relations))
    assert layer.relations["id"].to_pylist() == ["R0", "R3"]
    assert layer.relations["object"].null_count == 2


def test_a_status_goes_before_an_attribute_of_that_name() -> None:
    both = [{"name": "status", "value": "FUTURE"}, {"name": "a", "value": "b"}]
    rows: list[dict[str, Any]] = [
        {"status": "NEGATED", "attributes": both},
        {"status": None, "attributes": both},
        {"status": "PERHAPS", "attributes": []},
    ]
    common = {"doc": "a", "label": "AIDS", "head": "T1", "tail": "T1"}
    relations = [common | {"id": f"R{n}"} | row for n, row in enumerate(rows)]
    layer = narrowed(corpus_of([ENTITY | {"id": "T1"}], relations))
    assert layer.relations["status"].to_pylist() == ["NEGATED", "FUTURE", None]
    assert layer.relations["attributes"].to_pylist()[1:] == [
        [{"name": "a", "value": "b"}],
        [{"name": "status", "value": "PERHAPS"}],
    ]


TEXT = "hello big\nworld 👍 x"
LINES = (
    *("T1\tPER 0 5\thello", "T2\tORG 6 9\tbig", "T3\tX 0 5;10 15\thello world", "T4\tX 0 5\thello"),
    *("T5\tORG 6 15\tbig world", "R1\tREL Arg1:T1 Arg2:T2", "R2\tREL Arg1:T1 Arg2:T3\t"),
    *("R3\tREL Arg1:E1 Arg2:T2", "R4\tREL Who:T1 Whom:T2", "A1\tstatus R1 FUTURE", "A2\tflag T1"),
    *("A3\tvalue T2 GOV", "A4\tvalue T3 two words", "A5\tflag E1", "M1\tflag R2", "", "E1\tPER:T1"),
    *("N1\tReference T1 actor:xi\txi", "N2\tReference T2 actor:xi\tXi", "N3\tReference T3 x:y\tz"),
    *("*\tEquiv T1 T2", "#1\tNote T1\thi"),
)
PIECES = (
    *(
        "\t",
        " ",
        "\n",
        "T1",
        "T9",
        "T01",
        "R1",
        "E1",
        "0",
        "5",
        "12",
        "007",
        ";",
        "-",
        ":",
        "é",
        "👍",
    ),
    *("Arg1:", "Arg2:T1", "actor:", "Reference", "true", "\x0b", "9999999999", "*", "#"),
)


@st.composite
def annotations(draw: st.DrawFn) -> bytes:
    """Lines of every kind in any order, perhaps with a few things out of place."""
    text = "\n".join(draw(st.permutations(LINES))[: draw(st.integers(0, len(LINES)))])
    if draw(st.booleans()):  # else most files would be without a fault, or all with one
        text = "\n".join(LINES)
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 3))
        text = text[:begin] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return text.encode()


@settings(max_examples=300, deadline=None)
@given(first=annotations(), second=annotations())
def test_a_plain_line_reads_as_it_does_the_exact_way(first: bytes, second: bytes) -> None:
    found = {"a.txt": TEXT.encode(), "a.ann": first, "b.txt": TEXT.encode(), "b.ann": second}
    results = []
    for plain in (True, False):
        try:
            results.append(brat._read(found, "hand/a", plain))
        except FormatError as error:
            results.append(error.problems)
    assert results[0] == results[1]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpus=corpora())
def test_what_is_written_reads_as_it_does_the_exact_way(corpus: Corpus) -> None:
    found = brat.write(corpus, LAYER)
    assert brat._read(found, LAYER, plain=False) == brat.read(found, LAYER)


#: What there is in other people's corpora: documents, entities, relations, and what is not read.
REAL_CORPORA: dict[str, tuple[int, int, int, dict[str, int]]] = {
    "turku-ner/standoff": (754, 11448, 0, {}),
    "litbank/entities/brat": (100, 13912, 0, {}),
    "wet-lab/standoff": (
        122, 15972, 3448, {"event": 4050, "note": 6, "relation of an event": 2045}
    ),
    "brat-agreement/example-files/example-project": (28, 1567, 0, {}),
    "brat-agreement/data/agreement/agree-2": (4, 33, 0, {}),
}  # fmt: skip


@needs_real
@pytest.mark.parametrize("folder", REAL_CORPORA)
def test_a_real_corpus_is_read_whole_and_survives_writing(folder: str) -> None:
    assert REAL is not None
    reading = brat.read(files.tree(REAL / folder, brat.SUFFIXES), "hand/a")
    layer = layer_of(reading)
    counts = len(reading.corpus.documents), len(layer.entities), len(layer.relations)
    assert (*counts, reading.unread) == REAL_CORPORA[folder]
    again = brat.read(brat.write(reading.corpus, "hand/a"), "hand/a")
    assert layer_of(again) == layer
    assert again.corpus == brat.narrow(reading.corpus, "hand/a")


@needs_real
@pytest.mark.parametrize("folder", REAL_CORPORA)
def test_a_real_corpus_reads_the_same_the_exact_way(folder: str) -> None:
    assert REAL is not None
    found = files.tree(REAL / folder, brat.SUFFIXES)
    assert brat._read(found, "hand/a", plain=False) == brat.read(found, "hand/a")


@needs_real
def test_turku_says_its_splits() -> None:
    assert REAL is not None
    reading = brat.read(files.tree(REAL / "turku-ner/standoff", brat.SUFFIXES), "hand/a")
    splits = reading.corpus.documents["split"].to_pylist()
    assert {split: splits.count(split) for split in schema.SPLITS} == {
        "train": 602,
        "validation": 76,
        "test": 76,
    }

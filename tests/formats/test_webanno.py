"""WebAnno TSV: malformed and good cases, what is written, what edits do, INCEpTION's own pairs."""

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from samarkand import files, jsonl, lines, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, webanno
from samarkand.formats.base import Reading
from samarkand.formats.capabilities import everything
from samarkand.formats.webanno import escapes as escapes
from samarkand.formats.webanno import own
from samarkand.jsonl import MAX_LINE
from samarkand.losses import losses
from tests.corpora import LAYER, corpora
from tests.formats.inception import Importer
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "webanno"
BAD, GOOD = CASES / "bad", CASES / "good"


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty."""
    return [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]


def tables(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    layer = reading.corpus.layers["hand/a"]
    return {name: said(layer.table(name)) for name in schema.TABLES}


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        webanno.read(files.tree(BAD / case, webanno.SUFFIXES), "hand/a")
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str) -> None:
    reading = webanno.read(files.tree(GOOD / case, webanno.SUFFIXES), "hand/a")
    found = tables(reading) | {
        "documents": said(reading.corpus.documents),
        "unread": reading.unread,
    }
    wanted = json.loads((GOOD / case / "expected.json").read_text())
    assert {key: found[key] for key in wanted} == wanted
    assert all(
        not found[key]
        for key in ("entities", "relations", "stances", "unread")
        if key not in wanted
    )
    again = webanno.read(webanno.write(reading.corpus, "hand/a"), "hand/a")
    assert again == Reading(webanno.narrow(reading.corpus, "hand/a"))
    assert again.corpus == reading.corpus


def test_fifty_megabytes_in_one_line_are_refused() -> None:
    data = b"#FORMAT=WebAnno TSV 3.3\n\n\n#Text=" + b"x" * 50_000_000 + b"\n"
    with pytest.raises(FormatError) as caught:
        webanno.read({"a.tsv": data}, "hand/a")
    assert (
        str(caught.value) == f"a.tsv:4: a line of 50,000,006 bytes; a line has at most {MAX_LINE:,}"
    )


TEXT = "👋 Xi met Putin. He backed “talks”.\r\n"


def span(exact: str, text: str = TEXT) -> dict[str, Any]:
    begin = text.index(exact)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def corpus_of(text: str = TEXT, **rows: list[dict[str, Any]]) -> Corpus:
    made = {
        name: table(schema.TABLES[name], [{"doc": "a"} | row for row in rows.get(name, [])])
        for name in schema.TABLES
    }
    documents = base.documents([("a", text, None)])
    return Corpus(documents, layers={"hand/a": Layer("hand/a", **made)})


XI = {"id": "T1", "label": "PERSON", **span("Xi")}
PUTIN = {"id": "p", "label": "PERSON", **span("Putin")}
HE = {"id": "T3", "label": "PERSON", **span("He")}


def written(corpus: Corpus) -> str:
    return webanno.write(corpus, "hand/a")["a.tsv"].decode()


def back(text: str) -> Reading:
    return webanno.read({"a.tsv": text.encode()}, "hand/a")


def test_a_small_corpus_is_written_like_this() -> None:
    corpus = corpus_of(
        entities=[
            {**XI, "actor": "xi-jinping", "attributes": [{"name": "mention", "value": "named"}]},
            {**PUTIN, "score": 0.5},
            {"id": "T3", "label": "X_Y", **span("He backed")},
        ],
        relations=[{"id": "R1", "label": "MEETS", "head": "T1", "tail": "p", "status": "ASSERTED"}],
        stances=[
            {
                **{
                    "id": "S1",
                    "holder": "T3",
                    "target": "P:talks",
                    "polarity": 2,
                    "act": "SUPPORT",
                },
                **{"cue": [span("backed")], "source_chain": ["AUTHOR", "p"], "explicit": True},
            }
        ],
    )
    assert written(corpus) == (CASES / "written" / "a.tsv").read_bytes().decode()
    assert back(written(corpus)).corpus == webanno.narrow(corpus, "hand/a")
    assert not losses(corpus, webanno.narrow(corpus, "hand/a"), "hand/a")


def test_nothing_is_lost_of_a_corpus_that_has_everything() -> None:
    corpus = everything()
    narrowed = webanno.narrow(corpus, LAYER)
    assert not losses(corpus, narrowed, LAYER)
    assert webanno.read(webanno.write(corpus, LAYER), LAYER).corpus == narrowed


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "  Xi", "\n\nXi", "\tXi", "Xi", "Xi\n", "Xi  \n\n ", "Xi\r\nPutin\r\n", "a\n\n\nb"),
        *("a.  B.", "a\n  b", "a \n \n b ", "a\u2028b\x85c", "a\x0bb\x0cc\x1cd", "nul\x00 \x00", "\ufeffXi"),
        *("\\n \\", "#Text=x\n#Text=y", "1-1\t0-2\tXi\t", "a\x01\x07\x08\x0e\x1fb"),
    ],
)  # fmt: skip
def test_the_text_is_kept_exactly(text: str) -> None:
    written = webanno.write(corpus_of(text), "hand/a")
    reading = webanno.read(written, "hand/a")
    assert reading.corpus.documents["text"].to_pylist() == [text]
    assert not reading.unread
    if text.strip():
        lead = len(text) - len(text.lstrip())
        read = Importer(written["a.tsv"]).read().text
        assert read.removesuffix("\n") in (text, text.removesuffix("\n"), " " * lead + text[lead:])


@settings(max_examples=150, deadline=None)
@given(corpus=corpora())
def test_inception_reads_what_is_written(corpus: Corpus) -> None:
    narrowed = webanno.narrow(corpus, LAYER)
    layer, found = narrowed.layers[LAYER], webanno.write(corpus, LAYER)
    for doc, text in zip(
        *(narrowed.documents[c].to_pylist() for c in ("doc", "text")), strict=True
    ):
        rows = {
            name: [row for row in layer.table(name).to_pylist() if row["doc"] == doc]
            for name in schema.TABLES
        }
        if not text.strip():
            continue
        read = Importer(found[f"{doc}.tsv"]).read()
        inner = text.lstrip()
        assert read.text == " " * (len(text) - len(inner)) + inner + "\n"
        entities = {a.values[own.ID]: a for a in read.annotations if a.layer == own.ENTITY}
        assert len(entities) == len(rows["entities"])
        for row in rows["entities"]:
            mine = entities[row["id"]]
            whole = text[row["begin"] : row["end"]].strip()
            assert read.covered(mine.begin, mine.end) == whole
            assert (mine.values["value"], mine.values.get("actor")) == (row["label"], row["actor"])
        for row in rows["relations"]:
            (mine,) = [
                a
                for a in read.annotations
                if (a.layer, a.values[own.ID]) == (own.RELATION, row["id"])
            ]
            assert mine.ends == (entities[row["head"]], entities[row["tail"]])
            assert mine.values.get("status") == row["status"]
        for row in rows["stances"]:
            (mine,) = [
                a
                for a in read.annotations
                if (a.layer, a.values[own.ID]) == (own.STANCE, row["id"])
            ]
            linked = {(role, to.values[own.ID]) for role, to in mine.links.get(own.ARGUMENTS, [])}
            assert (("holder", row["holder"]) in linked) == (row["holder"] in entities)
            assert mine.values.get("act") == row["act"]


def test_an_edit_in_the_tool_counts_and_the_rest_gives_way() -> None:
    pieces = [span("Xi"), span("Putin")]
    both = {**XI, "id": "b", "end": PUTIN["end"], "text": "Xi Putin", "fragments": pieces}
    attributes = [{"name": "acts-as", "value": "GOV"}, {"name": "mention", "value": "named"}]
    corpus = corpus_of(
        entities=[{**both, "score": 0.5, "attributes": attributes}, HE],
        relations=[
            {"id": "R1", "label": "MEETS", "head": "b", "tail": "b", "object": "T3"},
            {"id": "R2", "label": "MEETS", "head": "b", "tail": "T3", "status": "FUTURE"},
        ],
    )
    text = written(corpus)
    moved = text.replace("1-4\t10-15\tPutin\t*", "1-4\t10-15\tPutin\t_").splitlines(keepends=True)
    row = next(n for n, line in enumerate(moved) if line.startswith("1-4\t"))
    moved[row] = "1-4\t10-15\tPutin\t" + "_\t" * (moved[row].count("\t") - 3) + "\n"
    row = next(n for n, line in enumerate(moved) if line.startswith("2-1\t"))
    moved[row] = (
        moved[row].replace("PERSON", "ROLE").replace("named", "pronoun").replace("FUTURE", "*")
    )
    reading = back("".join(moved))
    first, second = tables(reading)["entities"]
    assert first == {
        **{"doc": "a", "id": "b", "label": "PERSON", "score": 0.5, "attributes": attributes},
        **span("Xi met"),
    }
    assert second == {"doc": "a", "id": "T3", "label": "ROLE", **span("He")}
    assert reading.unread == {"exact place of an entity that was moved": 1}
    assert tables(reading)["relations"][1] == {
        "doc": "a", "id": "R2", "label": "MEETS", "head": "b", "tail": "T3",
    }  # fmt: skip


def test_what_was_deleted_or_made_in_the_tool() -> None:
    corpus = corpus_of(
        entities=[XI, PUTIN, HE],
        relations=[{"id": "R1", "label": "MEETS", "head": "T1", "tail": "p", "object": "T3"}],
    )
    rows = written(corpus).splitlines(keepends=True)
    rows = [
        row.replace("T3", "*") if row.startswith("2-1\t") else row for row in rows
    ]  # He goes, and somebody new comes
    reading = back("".join(rows))
    assert [row["id"] for row in tables(reading)["entities"]] == ["T1", "p", "T2"]
    assert "object" not in tables(reading)["relations"][0]
    assert reading.unread == {"object of a relation that is not there any more": 1}


def test_a_stance_stands_on_its_cue_or_on_what_it_is_about_or_on_the_first_word() -> None:
    common = {"holder": "AUTHOR", "target": "UNSPECIFIED", "source_chain": ["AUTHOR"]}
    places: dict[str, dict[str, Any]] = {
        "backed": {"cue": [span("backed")]},
        "met": {"cue": [span("met"), span("backed")]},
        "talks": {"content": [span("talks")]},
        "Putin": {"target": "SPAN", "target_spans": [span("Putin")]},
        "👋": {},
    }
    rows = [{"id": place, **common, **row} for place, row in places.items()]
    corpus = corpus_of(stances=rows)
    read = Importer(written(corpus).encode()).read()
    found = {a.values[own.ID]: read.covered(a.begin, a.end) for a in read.annotations}
    assert found == {place: place for place in places}
    reading = back(written(corpus))
    assert reading.corpus == webanno.narrow(corpus, "hand/a")
    assert tables(reading)["stances"][0]["id"] == "👋"
    moved = back(written(corpus).replace('"at":\\[5,8\\]', '"at":\\[5,9\\]'))
    (stance,) = [row for row in tables(moved)["stances"] if row["id"] == "met"]
    assert stance["cue"] == [span("met")]
    assert moved.unread == {"exact place of a stance that was moved": 1}


def test_who_holds_a_stance_is_a_link_or_a_word() -> None:
    rows = [
        {"id": "S1", "holder": "T1", "target": "p", "source_chain": ["AUTHOR", "T3", "T1"]},
        {"id": "S2", "holder": "UNSPECIFIED", "target": "P:peace", "source_chain": []},
        {"id": "S3", "holder": "nobody", "target": "AUTHOR", "source_chain": ["T1", "AUTHOR"]},
    ]
    corpus = corpus_of(entities=[XI, PUTIN, HE], stances=rows)
    reading = back(written(corpus))
    assert reading.corpus == webanno.narrow(corpus, "hand/a")
    found = [{key: row.get(key, []) for key in rows[0]} for row in tables(reading)["stances"]]
    assert found == rows


def test_what_has_no_word_to_stand_on_is_dropped() -> None:
    text = "Xi  \n"
    blank = {"id": "T2", "label": "X", "begin": 2, "end": 4, "text": "  "}
    empty = {"id": "T3", "label": "X", "begin": 1, "end": 1, "text": ""}
    out = {"id": "T4", "label": "X", "begin": 1, "end": 9, "text": ""}
    wide = {"id": "T5", "label": "X", "begin": 0, "end": 4, "text": "Xi  "}
    common = {"target": "UNSPECIFIED", "source_chain": ["AUTHOR"]}
    corpus = corpus_of(
        text,
        entities=[blank, empty, out, wide],
        relations=[
            {"id": "R1", "label": "A", "head": "T5", "tail": "T2"},
            {"id": "R2", "label": "A", "head": "T5", "tail": "T5", "object": "T2"},
        ],
        stances=[{"id": "S1", "holder": "T2", **common}, {"id": "S2", "holder": "T5", **common}],
    )
    kept = webanno.narrow(corpus, "hand/a")
    found = tables(Reading(kept))
    assert found["entities"] == [{"doc": "a"} | wide]
    assert found["relations"] == [
        {"doc": "a", "id": "R2", "label": "A", "head": "T5", "tail": "T5"}
    ]
    assert [row["id"] for row in found["stances"]] == ["S2"]
    assert back(written(corpus)).corpus == kept
    assert webanno.narrow(
        corpus_of(" \n", stances=[{"id": "S", "holder": "AUTHOR", **common}]), "hand/a"
    ) == webanno.narrow(corpus_of(" \n"), "hand/a")


VALUES = (
    "",
    "a\\",
    "\\",
    "[1]",
    "a|b",
    "a;b",
    "*",
    "_",
    "->",
    "a->1-1",
    "a\tb",
    "a\nb",
    "a\rb",
    "\x00",
    "]",
    "a[1]",
    "{}",
    "#",
    "é\u2028",
)


@pytest.mark.parametrize("value", VALUES)
def test_any_value_is_kept(value: str) -> None:
    attributes = [{"name": name, "value": value} for name in ("a", "b-c", "type", "value")]
    rows = [
        {**XI, "label": value, "actor": value, "attributes": attributes},
        {**XI, "id": "T2", "label": value, "attributes": attributes[:1]},
    ]
    relation = {"id": value or "R", "label": value, "head": "T1", "tail": "T2", "status": value}
    corpus = corpus_of(entities=rows, relations=[{**relation, "attributes": attributes}])
    assert back(written(corpus)).corpus == webanno.narrow(corpus, "hand/a")
    assert not losses(corpus, webanno.narrow(corpus, "hand/a"), "hand/a")
    tool = Importer(written(corpus).encode()).read()
    said = [a.values.get("value") for a in tool.annotations]
    assert said == [value if escapes.sayable(value) else None] * 3


def test_more_sub_tokens_than_inception_can_name_are_numbered() -> None:
    text = "abcdefghijkl"
    rows = [
        {"id": f"T{n}", "label": "X", "begin": n, "end": n + 1, "text": text[n]} for n in range(12)
    ]
    relation = {"id": "R1", "label": "A", "head": "T11", "tail": "T0"}
    corpus = corpus_of(text, entities=rows, relations=[relation])
    read = Importer(written(corpus).encode()).read()
    (arc,) = [a for a in read.annotations if a.ends]
    assert arc.ends is not None
    assert [read.covered(a.begin, a.end) for a in arc.ends] == ["l", "a"]
    assert back(written(corpus)).corpus == webanno.narrow(corpus, "hand/a")


SEEDS = [path.read_text() for path in sorted(GOOD.glob("*/a.tsv"))]
PIECES = [
    *("\t", "\n", "|", "[1]", "[9]", "[1_2]", "_", "*", ";", "->1-1", "\\", "1-1", "1-1.1", "2-1", "0-2", "0-0"),
    *("3-2", "99-100", "👋", "é", "\0", "#", "#Text=", "#T_SP=", "#T_RL=", "ROLE_", "BT_", "#samarkand={}", "{"),
    *("webanno.custom.SamarkandEntity", "webanno.custom.SamarkandStance", "samarkand", "samarkandId", '{"id":1}'),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([*SEEDS, (CASES / "written" / "a.tsv").read_bytes().decode()]))
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = begin + data.draw(st.integers(0, 12))
        text = text[:begin] + data.draw(st.sampled_from(["", *PIECES])) + text[end:]
    try:
        reading = back(text)
    except FormatError as error:
        assert error.problems
    else:
        again = webanno.read(webanno.write(reading.corpus, "hand/a"), "hand/a")
        assert again == Reading(webanno.narrow(reading.corpus, "hand/a"))


def test_offsets_in_code_points_are_read_and_noted() -> None:
    rows = "1-1\t0-1\t👋\t_\t\n1-2\t2-4\tXi\tPER\t\n\n#Text=He 👋\n2-1\t5-7\tHe\tPER\t\n2-2\t8-9\t👋\t_\t\n"
    head = "#FORMAT=WebAnno TSV 3.2\n#T_SP=webanno.custom.Span|value\n\n\n#Text=👋 Xi\n"
    found = {"a.tsv": (head + rows).encode(), "b.tsv": written(corpus_of(entities=[XI])).encode()}
    reading = webanno.read(found, "hand/a")
    assert reading.corpus.documents["text"].to_pylist() == ["👋 Xi\nHe 👋", TEXT]
    assert [row["text"] for row in tables(reading)["entities"]] == ["Xi", "He", "Xi"]
    assert reading.notes == (
        "the offsets of 1 file count code points, and not the UTF-16 code units of the format "
        "(first: a.tsv)",
    )


def test_files_are_kept_apart_in_many_blocks() -> None:
    rows = [
        {
            "doc": f"d{n}",
            "id": "T1",
            "label": "X",
            "begin": 2,
            "end": 2 + len(f"w{n}"),
            "text": f"w{n}",
        }
        for n in range(2 * webanno.BLOCK + 1)
    ]
    documents = base.documents((row["doc"], f"𝒳 {row['text']}", None) for row in rows)
    layer = Layer("hand/a", table(schema.ENTITIES, rows))
    corpus = Corpus(documents, layers={"hand/a": layer})
    again = webanno.read(webanno.write(corpus, "hand/a"), "hand/a")
    assert again.corpus.layers["hand/a"] == layer


def test_the_type_system_is_one() -> None:
    cassis = pytest.importorskip("cassis")
    found = webanno.write(everything(), LAYER)["TypeSystem.xml"]
    types = cassis.load_typesystem(found.decode())
    names = {
        layer: {f.name for f in types.get_type(layer).features} for layer in own.LAYERS.values()
    }
    assert names[own.ENTITY] == {"actor", "mention", "samarkand", "samarkandId", "value"}
    assert {"Governor", "Dependent", "status", "value"} < names[own.RELATION]
    assert {"arguments", "polarity", "holder", "target"} < names[own.STANCE]
    assert {f.name for f in types.get_type(own.LINK).features} == {"role", "target"}
    declared = [
        line
        for line in webanno.write(everything(), LAYER)["d.tsv"].decode().splitlines()
        if line.startswith("#T_")
    ]
    for line in declared:
        layer, *used = line.partition("=")[2].split("|")
        plain = {name for name in used if "." not in name}
        assert plain <= names[layer]


def test_the_example_of_the_documentation_says_what_it_is_said_to_say() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats" / "webanno.md").read_text()
    example, same = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("text", "json"))
    layer = back(example).corpus.layers["hand/a"]
    rows = [row for name in schema.TABLES for row in lines.from_table(name, layer.table(name))]
    assert jsonl.encode(rows).decode() == same
    assert written(back(example).corpus) == example


@needs_real
def test_gum_is_read_whole_and_survives_writing() -> None:
    assert REAL is not None
    reading = webanno.read(files.tree(REAL / "gum-news" / "tsv", webanno.SUFFIXES), "hand/a")
    layer = reading.corpus.layers["hand/a"]
    counts = len(reading.corpus.documents), len(layer.entities), len(layer.relations)
    assert (*counts, reading.unread) == (24, 5018, 2535, {"line of comment": 120})
    assert Counter(layer.relations["label"].to_pylist()) == {"coref": 2273, "bridge": 262}
    rows = [row for row in said(layer.entities) if row["doc"] == "GUM_news_nasa"]
    nested = [(row["id"], row["text"], row["label"]) for row in rows[:3]]
    assert nested == [
        ("T1", "NASA", "organization"),
        ("T2", "30th anniversary of first shuttle launch", "event"),
        ("T3", "first shuttle launch", "event"),
    ]
    assert {pair["name"]: pair["value"] for pair in rows[0]["attributes"]} == {
        **{"identity": "NASA", "infstat": "new", "salience": "sssss"},
        "layer": "webanno.custom.Referent",
    }
    relation = next(row for row in said(layer.relations) if row["doc"] == "GUM_news_nasa")
    assert (relation["label"], relation["head"], relation["tail"]) == ("coref", "T12", "T1")
    assert webanno.narrow(reading.corpus, "hand/a") == reading.corpus
    assert webanno.read(webanno.write(reading.corpus, "hand/a"), "hand/a") == Reading(
        reading.corpus
    )


@needs_real
def test_curation_diffs_are_words_only() -> None:
    assert REAL is not None
    reading = webanno.read(files.tree(REAL / "inception" / "casdiff", webanno.SUFFIXES), "hand/a")
    assert not len(reading.corpus.layers["hand/a"].entities)
    assert reading.unread == {
        "annotation of the layer Lemma": 52,
        "annotation of the layer POS": 78,
        "relation of the layer Dependency": 77,
    }


def load_xmi(path: Path) -> tuple[Any, dict[str, dict[str, str]]]:
    """A reference CAS, and the attributes of each of its elements by their ids.

    Its type system is not beside it: types and features are those that it uses.
    """
    cassis = pytest.importorskip("cassis")
    types: dict[str, set[str]] = {}
    elements = {}
    for element in ElementTree.parse(path).getroot():  # noqa: S314
        space, _, name = element.tag[1:].partition("}")
        if space.startswith("http:///uima") or not space.startswith("http:///"):
            continue
        full = f"{space.removeprefix('http:///').removesuffix('.ecore').replace('/', '.')}.{name}"
        names = {key for key in element.attrib if not key.startswith("{")}
        types.setdefault(full, set()).update(names)
        elements[element.attrib["{http://www.omg.org/XMI}id"]] = {"type": full, **element.attrib}
    system = cassis.TypeSystem()
    for full, names in types.items():
        parent = (
            "tcas.Annotation"
            if "begin" in names
            else "cas.AnnotationBase"
            if "sofa" in names
            else "cas.TOP"
        )
        made = system.create_type(full, supertypeName=f"uima.{parent}")
        for name in names - {"begin", "end", "sofa"}:
            system.create_feature(made, name, "uima.cas.String")
    return cassis.load_cas_from_xmi(path.open("rb"), typesystem=system), elements


@needs_real
def test_the_pairs_of_inceptions_own_tests_say_the_same() -> None:
    """Each reference.tsv, and the reference.xmi that it was written from or read into."""
    assert REAL is not None
    suite = REAL / "inception" / "tsv3-suite"
    pairs = sorted(path.parent for path in suite.glob("*/reference.xmi"))
    assert len(pairs) == 73
    spans = relations = 0
    for folder in pairs:
        cas, elements = load_xmi(folder / "reference.xmi")
        data = (folder / "reference.tsv").read_bytes()
        reading = webanno.read({"a.tsv": data}, "hand/a")
        (text,) = reading.corpus.documents["text"].to_pylist()
        assert text == cas.sofa_string.rstrip(" ")
        places = {}
        for found in cas.select("uima.tcas.Annotation"):
            inner = found.get_covered_text().strip()
            begin = (
                found.begin + len(found.get_covered_text()) - len(found.get_covered_text().lstrip())
            )
            places[str(found.xmiID)] = begin, begin + len(inner), inner
        wanted = Counter(
            (*places[id], element.get("value", ""))
            for id, element in elements.items()
            if element["type"].startswith(("webanno.", "de.tudarmstadt.ukp.dkpro.core.api.ner"))
            and places.get(id, ("", "", ""))[2]
            and "Governor" not in element
        )
        layer = reading.corpus.layers["hand/a"]
        got = Counter(
            (row["begin"], row["end"], row["text"], value(row))
            for row in layer.entities.to_pylist()
        )
        assert got == wanted, folder.name
        arcs = Counter(ends(elements, places))
        entity = {
            row["id"]: (row["begin"], row["end"], row["text"]) for row in layer.entities.to_pylist()
        }
        said = Counter(
            (entity[row["head"]], entity[row["tail"]]) for row in layer.relations.to_pylist()
        )
        assert said == arcs, folder.name
        spans, relations = spans + len(layer.entities), relations + len(layer.relations)
        again = webanno.read(webanno.write(reading.corpus, "hand/a"), "hand/a")
        assert again == Reading(reading.corpus)
    assert (spans, relations) == (179, 43)


def value(row: dict[str, Any]) -> str:
    """The value that the label is, unless it is the layer's name for want of one."""
    layers = {
        "Span",
        "SimpleSpan",
        "SimpleLink",
        "SimpleLinkHost",
        "ComplexLinkHost",
        "FlexLinkHost",
    }
    return "" if row["label"] in {*layers, "NamedEntity"} else row["label"]


def ends(elements: dict[str, dict[str, str]], places: dict[str, Any]) -> Any:
    """Where relations, links of slots and links of chains lead from and to."""
    for id, element in elements.items():
        custom = element["type"].startswith("webanno.")
        if "Governor" in element and custom:
            pair = element["Governor"], element["Dependent"]
            if not any(elements[one]["type"].endswith(".Token") for one in pair):
                yield tuple(places[one] for one in pair)
        for link in element.get("links", "").split():
            target = places.get(elements[link].get("target", ""), ("", "", ""))
            if target[2] and places[id][2]:
                yield places[id], target
        if "first" in element and element["type"].endswith("Chain"):
            chain, at = [], element["first"]
            while at:
                chain.append(places[at])
                at = elements[at].get("next", "")
            seen = [place for place in chain if place[2]]
            yield from pairwise(seen)

"""The checks: each on its smallest failing corpus, and against slower, plainer versions."""

import datetime
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import example, given

from samarkand import labels, schema, store
from samarkand.check import CHECKS, Finding, check, locate, name, render, table, to_json
from samarkand.checks import near
from samarkand.corpus import Corpus, Layer, Provenance, infer_labels
from samarkand.corpus import table as rows_table
from samarkand.labels import Attribute, Group, LabelSchema, RelationType
from tests.corpora import LAYER, corpora

HERE = Path(__file__).parent / "checks"
DOCS = Path(__file__).parents[1] / "docs" / "checks.md"
IDS = [name(function) for function in CHECKS]
PROVENANCE = Provenance("hand", "someone", True, "2026-01-31")


def make(
    documents: list[dict[str, Any]],
    labels: LabelSchema | None = None,
    actors: list[dict[str, Any]] | None = None,
    **tables: list[dict[str, Any]],
) -> Corpus:
    """A corpus of rows, with one layer."""
    made = {key: rows_table(schema.TABLES[key], rows) for key, rows in tables.items()}
    layer = Layer("hand", **made, provenance=PROVENANCE)
    return Corpus(
        rows_table(schema.DOCUMENTS, documents),
        labels or infer_labels([layer], "own"),
        rows_table(schema.ACTORS, actors or []),
        {"hand": layer},
    )


def entity(id: str, label: str, begin: int, text: str, **more: Any) -> dict[str, Any]:
    end = begin + len(text)
    return {"doc": "a", "id": id, "label": label, "begin": begin, "end": end, "text": text} | more


def ids(findings: list[Finding]) -> list[str]:
    return sorted(finding.check for finding in findings)


def test_every_check_has_its_case() -> None:
    assert sorted(IDS) == sorted(path.name for path in HERE.iterdir())


def test_a_homonym_may_have_two_labels() -> None:
    case = store.read(HERE / "one-form-two-labels")
    assert ids(check(case)) == ["one-form-two-labels"]
    listed = replace(case.labels, homonyms=(("Kenya", "a state and a ship"),))
    assert check(replace(case, labels=listed)) == []
    assert labels.parse("", labels.dump(listed)) == listed
    other = replace(case.labels, homonyms=(("Kenyan", "a people and a ship"),))
    assert ids(check(replace(case, labels=other))) == ["one-form-two-labels"]


def test_two_labels_are_not_told_of_where_nobody_will_read_again() -> None:
    case = store.read(HERE / "one-form-two-labels")
    ((name, layer),) = case.layers.items()
    made = Provenance("model", "m", date="2026-01-01")
    assert check(replace(case, layers={name: replace(layer, provenance=made)})) == []
    gold = Layer(
        "gold",
        provenance=Provenance("adjudicated", "a", date="2026-01-01", derived_from=f"{name}, x"),
    )
    assert check(replace(case, layers={name: layer, "gold": gold})) == []


@pytest.mark.parametrize("id", IDS)
def test_it_alone_fires_on_its_case(id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / id)
    findings = check(store.read("."))
    assert {finding.check for finding in findings} == {id}
    expected = (HERE / id / "expected.txt").read_text(encoding="utf-8")
    assert render(findings, Path()) + "\n" == expected


def test_the_documentation_lists_the_checks() -> None:
    page = DOCS.read_text(encoding="utf-8")
    listed = page.partition("<!-- table: begin -->\n")[2].partition("\n<!-- table: end -->")[0]
    assert listed == table(), "put what samarkand.check.table() returns between the markers"


GOOD = "Kenya and Egypt 🤝 signed a pact, Xinhua said.\nThe «pact» pleases Kenya.\n"


def good() -> Corpus:
    """A correct corpus with something in every column."""
    labels = LabelSchema(
        name="own",
        groups=(Group("ents", ("GPE", "ORG"), flat=True), Group("domain", ("PACT",), flat=True)),
        relations=(
            RelationType("PARTNER_OF", ("GPE",), ("GPE",), symmetric=True),
            RelationType("SIGNS", ("GPE", "ORG+actor"), ("PACT",), ("PACT",)),
        ),
        acts=("SUPPORT",),
        polarity=((-1, "against"), (1, "for")),
        propositions=(("P:trade", "Trade should be freed."),),
    )
    at = GOOD.index
    evidence = [{"begin": 0, "end": 31, "text": GOOD[:31]}]
    cue = [{"begin": at("pleases"), "end": at("pleases") + 7, "text": "pleases"}]
    return make(
        [{"doc": "a", "text": GOOD, "published": datetime.date(2026, 1, 31), "split": "train"}],
        labels,
        [{"actor": "kenya", "name": "Kenya", "country": "kenya"}],
        entities=[
            entity("T1", "GPE", 0, "Kenya", actor="kenya", score=1.0),
            entity("T2", "GPE", 10, "Egypt"),
            entity("T3", "PACT", at("pact"), "pact"),
            entity("T4", "ORG", at("Xinhua"), "Xinhua", actor="kenya", score=0.0),
            entity("T5", "GPE", at("Kenya", 9), "Kenya"),
        ],
        relations=[
            {"doc": "a", "id": "R1", "label": "PARTNER_OF", "head": "T1", "tail": "T2",
             "evidence": evidence},
            {"doc": "a", "id": "R2", "label": "SIGNS", "head": "T4", "tail": "T3", "object": "T3",
             "evidence": evidence, "status": "ASSERTED"},
        ],
        stances=[
            {"doc": "a", "id": "S1", "holder": "AUTHOR", "target": "P:trade", "polarity": 1,
             "act": "SUPPORT", "cue": cue, "explicit": True, "source_chain": ["AUTHOR", "T4"]},
            {"doc": "a", "id": "S2", "holder": "UNSPECIFIED", "target": "SPAN",
             "target_spans": cue},
            {"doc": "a", "id": "S3", "holder": "T1", "target": "UNSPECIFIED"},
        ],
    )  # fmt: skip


def test_a_correct_corpus_gives_no_finding() -> None:
    assert check(good()) == []
    assert render([], Path()) == "0 errors, 0 warnings"
    assert to_json([], Path()) == "[]"


@pytest.mark.parametrize("rows", [[], [{"doc": "a", "text": ""}]])
def test_an_empty_corpus_gives_no_finding(rows: list[dict[str, Any]]) -> None:
    assert check(make(rows)) == []
    assert check(Corpus(rows_table(schema.DOCUMENTS, rows))) == []


def test_tables_without_a_chunk_give_no_finding() -> None:
    labels = LabelSchema(relations=(RelationType("MEETS", symmetric=True),))
    empty = rows_table(schema.RELATIONS, [])
    hollow = pa.table([pa.chunked_array([], field.type) for field in empty.schema], empty.schema)
    made = Provenance("hand", "ada", is_human=True, date="2026-01-01", schema=labels.version)
    layer = Layer("hand/a", relations=hollow, provenance=made)
    assert check(Corpus(labels=labels, layers={"hand/a": layer})) == []


def test_all_faults_are_found_in_one_pass(tmp_path: Path) -> None:
    corpus = make(
        [
            {"doc": "a", "text": "Kenya\r\nmet\u200b Egypt", "split": "dev"},
            {"doc": "b", "text": "x", "sha256": "0"},
        ],
        LabelSchema("own", groups=(Group("ents", ("GPE",)),)),
        entities=[
            entity("T1", "CITY", 0, "Kenia"),
            entity("T2", "GPE", 12, "Egypt", score=1.5, actor="x"),
            entity("T3", "GPE", 90, "Mali"),
            entity("T1", "GPE", 0, "x") | {"doc": "b"},
        ],
        relations=[{"doc": "a", "id": "R1", "label": "MET", "head": "T1", "tail": "T9"}],
        stances=[{"doc": "a", "id": "S1", "holder": "SPAN", "target": "SPAN", "polarity": 3}],
    )
    store.write(corpus, tmp_path)
    findings = check(store.read(tmp_path))
    assert ids(findings) == [
        *("control-character", "covered-text-differs"),
        *("dangling-argument", "dangling-argument", "dangling-argument"),
        *("polarity-off-scale", "score-off-scale", "span-outside-text", "text-changed"),
        *("unknown-actor", "unknown-label", "unknown-label", "unknown-split"),
        "zero-width-character",
    ]
    assert findings == sorted(findings)


def test_findings_are_located_and_said_in_json(tmp_path: Path) -> None:
    (tmp_path / "corpus/articles").mkdir(parents=True)
    (tmp_path / "corpus/articles.jsonl").write_text('{"doc":"b"}\n\n{"doc":"a"}\n')
    (tmp_path / "corpus/articles/a.txt").write_text("one\ntwo\n")
    root = str(tmp_path)

    def finding(doc: str, table: str, id: str = "", where: int = -1) -> Finding:
        return Finding("x", "warning", "l", doc, table, id, "why", where)

    assert locate(tmp_path, finding("a", "documents")) == (f"{root}/corpus/articles.jsonl", 3)
    assert locate(tmp_path, finding("a", "documents", where=3)) == (
        f"{root}/corpus/articles/a.txt",
        1,
    )
    assert locate(tmp_path, finding("a", "documents", where=4))[1] == 2
    assert locate(tmp_path, finding("c", "documents", where=4))[1] == 0
    assert locate(tmp_path, finding("", "actors", "x")) == (f"{root}/corpus/actors.jsonl", 0)
    assert locate(tmp_path, finding("", "layer")) == (f"{root}/annotations/l/layer.toml", 0)
    assert locate(tmp_path, finding("a", "stances", "S1")) == (f"{root}/annotations/l/a.jsonl", 0)
    assert json.loads(to_json([finding("a", "documents")], tmp_path)) == [
        {
            "path": f"{root}/corpus/articles.jsonl",
            "line": 3,
            "check": "x",
            "severity": "warning",
            "layer": "l",
            "doc": "a",
            "table": "documents",
            "id": "",
            "message": "why",
        }
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\r\nb", ["control-character"]),
        ("a\tb\nc", []),
        ("\x00", ["control-character"]),
        ("\x7f \x9f", ["control-character"] * 2),
        ("\xa0", []),
        ("\ufeffa", ["zero-width-character"]),
        ("co\xadoperate", ["zero-width-character"]),
        ("a\u200db", ["zero-width-character"]),
        ("\u200d", ["zero-width-character"]),
        ("\u202bשלום\u202c", ["zero-width-character"] * 2),
        ("👨\u200d👩\u200d👧 🏳️\u200d🌈 👩🏽\u200d🚀 ❤️\u200d🔥 🇺🇿", []),
        ("👍\u200da", ["zero-width-character"]),
        ("می\u200cخواهم क्\u200dष ක්\u200dර", []),
        ("e\u0301", ["not-nfc"]),
        ("\u212b", ["not-nfc"]),
        ("é ﬁ 𝒳", []),
    ],
)
def test_characters(text: str, found: list[str]) -> None:
    assert ids(check(make([{"doc": "a", "text": text}]))) == found


DAYS = [datetime.date(2024, 5, day) for day in range(1, 5)]


@given(st.lists(st.tuples(
    st.sampled_from([None, "train", "validation", "test"]), st.sampled_from([None, "x", "y"]),
    st.sampled_from([None, *DAYS])), max_size=6))  # fmt: skip
def test_splits_against_the_plain_version(rows: list[tuple[Any, Any, Any]]) -> None:
    documents = [
        {"doc": f"d{n}", "text": "", "split": split, "event": event, "published": day}
        for n, (split, event, day) in enumerate(rows)
    ]
    findings = check(make(documents))
    across = {e for e in ("x", "y") if len({s for s, of, _ in rows if of == e and s}) > 1}
    assert ids(findings).count("event-across-splits") == len(across)
    order = {"train": 0, "validation": 1, "test": 2}
    dated = [(order[s], e or n, day) for n, (s, e, day) in enumerate(rows) if s and day]
    older = {
        (split, event)
        for split, event, day in dated
        if any(other < split and last > day for other, _, last in dated)
    }
    assert ids(findings).count("test-event-older") == len(older)


@given(st.lists(st.tuples(
    st.sampled_from([None, "train", "validation", "test"]),
    st.lists(st.sampled_from("ab"), max_size=12)), max_size=5))  # fmt: skip
def test_near_duplicates_against_the_plain_version(rows: list[tuple[Any, list[str]]]) -> None:
    documents = [
        {"doc": f"d{n}", "text": " ".join(words).upper() if n % 2 else "\n".join(words), "split": s}
        for n, (s, words) in enumerate(rows)
    ]
    order = {"train": 0, "validation": 1, "test": 2}
    grams = [{tuple(words[i : i + 5]) for i in range(len(words) - 4)} for _, words in rows]
    wanted = set()
    for a, b in combinations([n for n, (s, _) in enumerate(rows) if s], 2):
        if rows[a][0] != rows[b][0] and grams[a] and grams[b]:
            share = len(grams[a] & grams[b]) / min(len(grams[a]), len(grams[b]))
            if share >= 0.5:
                wanted.add(f"d{max(a, b, key=lambda n: order[rows[n][0]])}")
    findings = check(make(documents))
    assert {f.doc for f in findings if f.check == "near-duplicate-across-splits"} == wanted


def test_a_copy_is_found_among_many_copies() -> None:
    text = "all of these say the very same and nothing else at all"
    documents = [{"doc": f"d{n}", "text": text, "split": "train"} for n in range(60)]
    documents += [{"doc": f"e{n}", "text": text, "split": "test"} for n in range(30)]
    findings = check(make(documents))
    assert ids(findings) == ["near-duplicate-across-splits"] * 30
    assert "share 100% of" in findings[0].message


def test_a_copy_is_found_whatever_the_size_of_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    splits = ("train", "validation", "test")
    documents = [
        {"doc": f"d{n:04}", "split": splits[n % 3], "text": f"x {n} y {n} z {n} all different"}
        for n in range(2100)
    ]
    documents[1501]["text"] = documents[3]["text"]
    documents[1502]["text"] = documents[4]["text"]
    documents[2099]["text"] = documents[2097]["text"]
    for block, pairs in ((1000, 1 << 20), (7, 1)):
        monkeypatch.setattr(near, "BLOCK", block)
        monkeypatch.setattr(near, "PAIRS", pairs)
        assert [finding.doc for finding in check(make(documents))] == ["d1501", "d1502", "d2099"]


SPAN = st.tuples(st.integers(-2, 9), st.integers(-2, 9))


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), SPAN), max_size=6))
def test_spans_against_the_plain_version(rows: list[tuple[str, tuple[int, int]]]) -> None:
    text = "ab d👍fg"
    entities = [
        entity(f"T{n}", label, begin, "") | {"end": end, "text": text[max(begin, 0) : max(end, 0)]}
        for n, (label, (begin, end)) in enumerate(rows)
    ]
    groups = (Group("flat", ("A", "B"), flat=True), Group("free", ("C",)))
    corpus = make(
        [{"doc": "a", "text": text}], LabelSchema("own", groups=groups), entities=entities
    )
    found: dict[str, set[str]] = {}
    for finding in check(corpus):
        found.setdefault(finding.check, set()).add(finding.id)

    def of(*kept: bool) -> set[str]:
        return {f"T{n}" for n, is_kept in enumerate(kept) if is_kept}

    places = [place for _, place in rows]
    sound = [0 <= b < e <= len(text) for b, e in places]
    assert found.get("empty-span", set()) == of(*(e <= b for b, e in places))
    assert found.get("span-outside-text", set()) == of(
        *(min(place) < 0 or max(place) > len(text) for place in places)
    )
    assert "covered-text-differs" not in found
    flat = sorted(
        {(b, e, label) for ok, (label, (b, e)) in zip(sound, rows, strict=True) if ok}
        & {(b, e, label) for label, (b, e) in rows if label != "C"}
    )
    overlap = any(x[1] > y[0] for x, y in combinations(flat, 2))
    assert ("overlap-in-flat-group" in found) == overlap
    twice = [row for row in rows if rows.count(row) > 1]
    assert len(found.get("duplicate-annotation", set())) == len(twice) - len(set(twice))


def test_each_mention_that_overlaps_is_named_with_one_that_it_overlaps() -> None:
    labels = LabelSchema("own", groups=(Group("g", ("A", "B"), flat=True),))
    entities = [
        entity("T1", "A", 0, "abcdefgh"),
        entity("T2", "A", 1, "b"),
        entity("T3", "B", 3, "d"),
        entity("T4", "B", 8, "i"),
    ]
    found = check(make([{"doc": "a", "text": "abcdefghi"}], labels, entities=entities))
    assert [(f.id, f.message) for f in found] == [
        ("T2", "T2 (A, 1-2) overlaps T1 (A, 0-8); mentions of the group 'g' may not overlap"),
        ("T3", "T3 (B, 3-4) overlaps T1 (A, 0-8); mentions of the group 'g' may not overlap"),
    ]


def pieces(*parts: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"begin": at, "end": at + len(text), "text": text} for at, text in parts]


@pytest.mark.parametrize(
    ("begin", "end", "text", "fragments", "found"),
    [
        (0, 5, "a c", pieces((0, "a"), (4, "c")), []),
        (0, 5, "a  c", pieces((0, "a"), (4, "c")), ["covered-text-differs"]),
        (0, 5, "a x", pieces((0, "a"), (4, "x")), ["covered-text-differs"]),
        (0, 5, "c a", pieces((4, "c"), (0, "a")), ["fragments-order"] * 2),
        (0, 3, "a c", pieces((0, "a"), (4, "c")), ["fragments-order"]),
        (0, 1, "a", pieces((0, "a")), ["fragments-order"]),
        (0, 1, "a", [], ["fragments-order"]),
        (0, 2, "a  ", pieces((0, "a"), (1, " ")), ["span-edge-whitespace"]),
    ],
)
def test_fragments(
    begin: int, end: int, text: str, fragments: list[dict[str, Any]], found: list[str]
) -> None:
    mention = entity("T1", "A", begin, text) | {"end": end, "fragments": fragments}
    other = entity("T2", "A", 2, "b")  # stands in the gap, and so does not overlap
    labels = LabelSchema("own", groups=(Group("g", ("A",), flat=True),))
    corpus = make([{"doc": "a", "text": "a b c"}], labels, entities=[mention, other])
    assert ids(check(corpus)) == found


def test_an_edited_text_shows_in_every_kind_of_span() -> None:
    span = pieces((0, "old"))
    corpus = make(
        [{"doc": "a", "text": "new words"}],
        entities=[entity("T1", "A", 0, "new"), entity("T2", "A", 4, "words")],
        relations=[{"doc": "a", "id": "R1", "label": "R", "head": "T1", "tail": "T2",
                    "evidence": span}],
        stances=[{"doc": "a", "id": "S1", "holder": "T1", "target": "SPAN", "target_spans": span,
                  "cue": span, "content": span}],
    )  # fmt: skip
    assert sorted(finding.message.split(" says ")[0] for finding in check(corpus)) == [
        "the content of S1",
        "the cue of S1",
        "the evidence of R1",
        "the target_spans of S1",
    ]


@pytest.mark.parametrize(
    ("head", "tail", "object", "found"),
    [
        ("gpe", "gpe", None, []),
        ("norp-actor", "gpe", None, []),
        ("norp", "gpe", None, ["norp, a NORP without an actor; wanted GPE, NORP+actor"]),
        ("gpe", "norp-actor", None, ["norp-actor, a NORP; wanted GPE"]),
        ("gpe", "gpe", "gpe", ["gpe, a GPE; SENDS has no object"]),
    ],
)
def test_argument_types(head: str, tail: str, object: str | None, found: list[str]) -> None:
    labels = LabelSchema(
        "own",
        groups=(Group("g", ("GPE", "NORP")),),
        relations=(RelationType("SENDS", ("GPE", "NORP+actor"), ("GPE",)),),
    )
    entities = [
        entity("gpe", "GPE", 0, "a"),
        entity("norp", "NORP", 2, "b"),
        entity("norp-actor", "NORP", 4, "c", actor="x"),
    ]
    relation = {"doc": "a", "id": "R1", "label": "SENDS", "head": head, "tail": tail,
                "object": object, "evidence": pieces((0, "a"))}  # fmt: skip
    documents = [{"doc": "a", "text": "a b c"}]
    actors = [{"actor": "x", "name": "X"}]
    corpus = make(documents, labels, actors, entities=entities, relations=[relation])
    said = [f.message.split(" is ")[1] for f in check(corpus) if f.check == "argument-type"]
    assert said == found


@given(corpora())
def test_any_corpus_is_checked_and_what_it_refers_to_is_found(corpus: Corpus) -> None:
    findings = check(corpus)
    layer = corpus.layers[LAYER]
    known = {(row["doc"], row["id"]) for row in layer.entities.select(["doc", "id"]).to_pylist()}
    dangling = [
        (row["doc"], row["id"])
        for row in layer.stances.to_pylist()
        for column, words in (("holder", ("AUTHOR", "UNSPECIFIED")),
                              ("target", ("UNSPECIFIED", "SPAN")))
        if (row["doc"], row[column]) not in known and row[column] not in words
    ]  # fmt: skip
    found = [(f.doc, f.id) for f in findings if f.check == "dangling-argument"]
    assert sorted(found) == sorted(dangling)
    never = {"span-outside-text", "empty-span", "covered-text-differs", "fragments-order",
             "duplicate-id", "unknown-label", "unknown-document", "unknown-actor",
             "layer-without-provenance"}  # fmt: skip
    assert not never & {finding.check for finding in findings}


def test_the_same_id_in_another_document_is_another_entity() -> None:
    relation = {"doc": "b", "id": "R1", "label": "R", "head": "T1", "tail": "T1"}
    documents = [{"doc": doc, "text": "a"} for doc in "ab"]
    corpus = make(documents, entities=[entity("T1", "A", 0, "a")], relations=[relation])
    assert ids(check(corpus)) == ["dangling-argument", "dangling-argument", "self-relation"]


@pytest.mark.parametrize(
    ("provenance", "message"),
    [
        (Provenance("robot", "m", False, "2026-01-31"), "kind 'robot'; wanted hand, model, adjudicated"),
        (Provenance("model", "m", False, "31.1.2026"), "date '31.1.2026'; wanted a date as in 2024-12-31"),
        (Provenance("model", "m", False), "date ''; wanted a date as in 2024-12-31"),
        (Provenance("model", "", False, "2026-01-31"), "annotator is empty; wanted who or what made it"),
    ],
)  # fmt: skip
def test_provenance(provenance: Provenance, message: str) -> None:
    corpus = Corpus(layers={"m": Layer("m", provenance=provenance)})
    assert [finding.message for finding in check(corpus)] == [message]


def test_ids_in_memory() -> None:
    documents = [{"doc": "../a", "text": ""}, {"doc": "b", "text": ""}, {"doc": "b", "text": ""}]
    entities = [
        entity(id, "A", 0, "a") | {"doc": "b"} for id in ("P:x", "T 1", "", "SPAN", "T\u00a01")
    ]
    corpus = Corpus(
        rows_table(schema.DOCUMENTS, documents),
        infer_labels([], "own"),
        rows_table(schema.ACTORS, [{"actor": "x y", "name": "X"}]),
        {"up/../and": Layer("up/../and", rows_table(schema.ENTITIES, entities),
                            provenance=PROVENANCE)},
    )  # fmt: skip
    found = {(f.check, f.table, f.id or f.doc or f.layer) for f in check(corpus)}
    assert {row for row in found if row[0] in ("unsafe-id", "duplicate-id")} == {
        ("duplicate-id", "documents", "b"),
        ("unsafe-id", "documents", "../a"),
        ("unsafe-id", "actors", "x y"),
        ("unsafe-id", "entities", "b"),  # the empty id
        ("unsafe-id", "entities", "P:x"),
        ("unsafe-id", "entities", "SPAN"),
        ("unsafe-id", "entities", "T 1"),
        ("unsafe-id", "entities", "T\u00a01"),
        ("unsafe-id", "layer", "up/../and"),
    }


ENDS = st.sampled_from(["T1", "T2", "T3"])


@example([("SAME", "T1", "T2", None), ("SAME", "T2", "T1", "ASSERTED")])
@example([("SAME", "T1", "T2", None), ("SAME", "T2", "T1", None)] * 2)
@given(st.lists(st.tuples(st.sampled_from(["SAME", "ONE_WAY"]), ENDS, ENDS,
                          st.sampled_from([None, "ASSERTED"])), max_size=6))  # fmt: skip
def test_relations_twice_against_the_plain_version(rows: list[tuple[str, str, str, Any]]) -> None:
    labels = LabelSchema(
        "own",
        groups=(Group("g", ("A",)),),
        relations=(RelationType("SAME", symmetric=True), RelationType("ONE_WAY")),
    )
    relations = [
        {"doc": "a", "id": f"R{n}", "label": label, "head": head, "tail": tail, "status": status}
        for n, (label, head, tail, status) in enumerate(rows)
    ]
    entities = [entity(f"T{n + 1}", "A", n, "abc"[n]) for n in range(3)]
    corpus = make([{"doc": "a", "text": "abc"}], labels, entities=entities, relations=relations)
    distinct = set(rows)
    turned = {
        (frozenset((head, tail)), status)
        for label, head, tail, status in distinct
        if label == "SAME" and head != tail and (label, tail, head, status) in distinct
    }
    wanted = ["duplicate-annotation"] * (len(rows) - len(distinct))
    wanted += ["self-relation"] * sum(head == tail for _, head, tail, _ in rows)
    assert ids(check(corpus)) == wanted + ["symmetric-twice"] * len(turned)


def test_a_stance_twice_has_the_same_cue() -> None:
    stance = {"doc": "a", "holder": "AUTHOR", "target": "UNSPECIFIED", "act": "STATE"}
    cues = [pieces((0, "a")), pieces((2, "a")), pieces((0, "a"))]
    stances = [stance | {"id": f"S{n}", "cue": cue} for n, cue in enumerate(cues)]
    found = check(make([{"doc": "a", "text": "a a"}], stances=stances))
    assert [(f.check, f.id) for f in found] == [("duplicate-annotation", "S2")]


@pytest.mark.parametrize(
    ("target", "spans", "found"),
    [
        ("SPAN", pieces((0, "a")), []),
        ("SPAN", [], ["dangling-argument"]),
        ("AUTHOR", [], ["dangling-argument"]),
        ("UNSPECIFIED", pieces((0, "a")), ["dangling-argument"]),
        ("P:x", [], ["unknown-proposition"]),
    ],
)
def test_targets(target: str, spans: list[dict[str, Any]], found: list[str]) -> None:
    stance = {"doc": "a", "id": "S1", "holder": "AUTHOR", "target": target, "target_spans": spans}
    assert ids(check(make([{"doc": "a", "text": "a"}], stances=[stance]))) == found


def test_attributes() -> None:
    labels = LabelSchema(
        "own",
        groups=(Group("g", ("A", "B")),),
        attributes=(Attribute("acts_as", ("A",), ("GOV",)), Attribute("mention")),
    )
    given_pairs = [("A", "acts_as", "GOV"), ("B", "acts_as", "GOV"), ("A", "acts_as", "X"),
                   ("B", "mention", "any"), ("B", "other", "x")]  # fmt: skip
    entities = [
        entity(f"T{n}", label, n, "abcde"[n], attributes=[{"name": key, "value": value}])
        for n, (label, key, value) in enumerate(given_pairs)
    ]
    found = check(make([{"doc": "a", "text": "abcde"}], labels, entities=entities))
    assert [finding.message for finding in found] == [
        "T1 is a B and has acts_as, as only A may",
        "T2 has acts_as 'X'; wanted GOV",
        "T4 has the attribute 'other'; wanted acts_as, mention",
    ]


def test_a_corpus_from_another_format_is_not_held_against_what_that_has_no_place_for() -> None:
    corpus = good()
    layer = corpus.layers["hand"]
    bare = Layer("hand", layer.entities, layer.relations, layer.stances)
    assert check(Corpus(corpus.documents, infer_labels([bare]), layers={"hand": bare})) == []

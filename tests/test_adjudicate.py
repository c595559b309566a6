"""Adjudication: nothing of any layer is lost on the way to a sheet, and what is decided is gold."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samarkand import adjudicate, lines, schema, store
from samarkand.adjudication import decisions
from samarkand.adjudication.union import content, union
from samarkand.check import check
from samarkand.corpus import Corpus, Layer, Provenance, table
from samarkand.errors import SamarkandError
from samarkand.labels import Group, LabelSchema, RelationType
from samarkand.store import layer_files

TEXT = "Macron met Scholz at the Elysée. He praised Scholz.\n"
LABELS = LabelSchema(
    groups=(Group("ents", ("PERSON", "ORG", "FAC")),),
    relations=(RelationType("MEETS_WITH", symmetric=True), RelationType("VISITS")),
    acts=("SUPPORT", "STATE"),
)
MADE = Provenance("hand", "ada", True, date="2026-01-01")


def span(exact: str, at: int = 0) -> dict[str, object]:
    begin = TEXT.index(exact, at)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def entity(id: str, label: str, exact: str, actor: str | None = None, at: int = 0) -> dict:
    return {"doc": "d", "id": id, "label": label, "actor": actor, **span(exact, at)}


def layer(name: str, entities: list, relations: list = [], stances: list = []) -> Layer:  # noqa: B006
    rows = {"entities": entities, "relations": relations, "stances": stances}
    made = {key: table(schema.TABLES[key], some) for key, some in rows.items()}
    return Layer(name, **made, provenance=MADE)


A = layer(
    "hand/a",
    [
        entity("T1", "PERSON", "Macron", "macron"),
        entity("T2", "PERSON", "Scholz", "scholz"),
        entity("T3", "FAC", "Elysée"),
        entity("T4", "PERSON", "He", "macron"),
        entity("T5", "PERSON", "Scholz", "scholz", 40),
    ],
    [
        {"doc": "d", "id": "R1", "label": "MEETS_WITH", "head": "T1", "tail": "T2",
         "evidence": [span("Macron met Scholz")]},
        {"doc": "d", "id": "R2", "label": "VISITS", "head": "T2", "tail": "T3",
         "evidence": [span("at the Elysée")], "status": "ASSERTED"},
    ],
    [{"doc": "d", "id": "S1", "holder": "T4", "target": "T5", "polarity": 2, "act": "SUPPORT",
      "cue": [span("praised")], "source_chain": ["AUTHOR", "T4"]}],
)  # fmt: skip
B = layer(
    "hand/b",
    [
        entity("T9", "PERSON", "Macron", "emmanuel-macron"),
        entity("T8", "PERSON", "Scholz", "scholz"),
        entity("T7", "ORG", "the Elysée", "elysee"),
        entity("T6", "PERSON", "He", "emmanuel-macron"),
        entity("T5", "PERSON", "Scholz", "scholz", 40),
    ],
    [
        {"doc": "d", "id": "R7", "label": "MEETS_WITH", "head": "T8", "tail": "T9",
         "evidence": [span("Macron met Scholz")], "status": "ASSERTED"},
        {"doc": "d", "id": "R8", "label": "VISITS", "head": "T8", "tail": "T7",
         "evidence": [span("at the Elysée")], "status": "ASSERTED"},
    ],
    [{"doc": "d", "id": "S3", "holder": "T6", "target": "T5", "polarity": 1, "act": "SUPPORT",
      "cue": [span("praised")], "source_chain": ["AUTHOR", "T6"], "status": "ASSERTED"}],
)  # fmt: skip


def corpus(*layers: Layer) -> Corpus:
    documents = table(schema.DOCUMENTS, [{"doc": "d", "text": TEXT}])
    names = ("macron", "emmanuel-macron", "scholz", "elysee")
    actors = table(schema.ACTORS, [{"actor": name, "name": name} for name in names])
    return Corpus(documents, LABELS, actors, {each.name: each for each in layers})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store.write(corpus(A, B), tmp_path / "corpus")
    return tmp_path / "corpus"


def decide(path: Path, keep: Callable[[dict], bool | None], **more: str) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if "question" in row:
            row |= {"keep": keep(row)} | more
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def message(call: Callable[[], object]) -> str:
    with pytest.raises(SamarkandError) as error:
        call()
    return str(error.value)


def test_a_sheet_says_once_what_is_alike_and_asks_for_the_rest(root: Path, tmp_path: Path) -> None:
    said = adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "sheet")
    assert str(said) == "1 document, 6 lines said alike by all, 3 questions to decide"
    assert (tmp_path / "sheet" / "d.txt").read_text() == TEXT
    asked = [row for row in rows(tmp_path / "sheet" / "d.jsonl") if "question" in row]
    assert [(next(iter(row.values())), row["question"], row["keep"]) for row in asked] == [
        ("emmanuel-macron", 1, None),
        ("macron", 1, None),
        ("T3", 2, None),
        ("T3b", 2, None),
        ("S1", 3, None),
        ("S1b", 3, None),
    ]
    everything = (tmp_path / "sheet" / "d.jsonl").read_text()
    assert "hand" not in everything


def test_what_is_decided_is_gold(root: Path, tmp_path: Path) -> None:
    adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "sheet")
    stays = {"macron", "T3b", "S1"}
    decide(tmp_path / "sheet" / "d.jsonl", lambda row: next(iter(row.values())) in stays)
    made = Provenance("adjudicated", "bea", True, date="2026-01-02")
    adjudicate.gold(root, tmp_path / "sheet", "gold", made)
    found = store.read(root)
    gold = found.layers["gold"]
    assert [finding for finding in check(found) if finding.severity == "error"] == []
    assert gold.entities["actor"].to_pylist() == ["macron", "scholz", None, "macron", "scholz"]
    assert gold.entities["id"].to_pylist() == ["T1", "T2", "T3", "T4", "T5"]
    assert gold.relations["tail"].to_pylist() == ["T2", "T3"]
    assert gold.provenance is not None
    assert gold.provenance.derived_from == "hand/a, hand/b"
    assert gold.provenance.notes == (
        "entities: 4 said alike by all, 1 from hand/a, 0 edited, 0 new, 1 refused; "
        "relations: 2 said alike by all, 0 edited, 0 new, 0 refused; "
        "stances: 0 said alike by all, 1 from hand/b, 0 edited, 0 new, 1 refused"
    )
    data = (root / "annotations/gold/decisions.tsv").read_bytes()
    assert decisions.dump(decisions.parse("", data)) == data
    assert [(d.table, d.id, d.made, d.by) for d in decisions.parse("", data)] == [
        ("entities", "T3", "taken", "hand/a"),
        ("stances", "S1", "taken", "hand/b"),
        ("entities", "", "refused", "hand/b"),
        ("stances", "", "refused", "hand/a"),
        ("actors", "", "refused", "hand/b"),
        ("actors", "macron", "taken", "hand/a"),
    ]


def test_edits_additions_and_reasons_are_recorded(root: Path, tmp_path: Path) -> None:
    adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "sheet")
    path = tmp_path / "sheet" / "d.jsonl"
    stays = {"macron", "T3b", "S1"}
    decide(path, lambda row: next(iter(row.values())) in stays, why="see 3.1")
    edited = path.read_text().replace('"polarity": 1', '"polarity": 0')
    path.write_text(edited + '{"entity":"X1","label":"ORG","exact":"praised"}\n')
    adjudicate.gold(root, tmp_path / "sheet", "gold", MADE)
    data = (root / "annotations/gold/decisions.tsv").read_bytes()
    found = {(d.table, d.id, d.made): d for d in decisions.parse("", data)}
    assert found["stances", "S1", "edited"].why == "see 3.1"
    assert found["stances", "S1", "edited"].by == "hand/b"
    assert found["entities", "X1", "new"].by == ""
    assert found["entities", "", "refused"].why == "see 3.1"


def test_a_stance_without_polarity_or_act_is_decided_too(root: Path, tmp_path: Path) -> None:
    bare = {"doc": "d", "id": "S9", "holder": "T1", "target": "UNSPECIFIED", "cue": [span("met")]}
    stances = table(schema.STANCES, [*A.stances.to_pylist(), bare])
    store.write_layer(replace(A, stances=stances), root)
    adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "sheet")
    stays = {"macron", "T3b", "S2"}
    decide(tmp_path / "sheet" / "d.jsonl", lambda row: next(iter(row.values())) in stays)
    adjudicate.gold(root, tmp_path / "sheet", "gold", MADE)
    data = (root / "annotations/gold/decisions.tsv").read_bytes()
    said = [(d.made, d.said) for d in decisions.parse("", data) if d.table == "stances"]
    assert [made for made, _ in said] == ["taken", "refused", "refused"]
    assert {text for _, text in said[1:]} == {"T1 on UNSPECIFIED: none", "SUPPORT T4 on T5: 2"}


def test_what_all_said_may_be_refused(root: Path, tmp_path: Path) -> None:
    adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "sheet")
    path = tmp_path / "sheet" / "d.jsonl"
    decide(path, lambda row: next(iter(row.values())) in {"macron", "T3b", "S1"})
    kept = [row for row in rows(path) if next(iter(row.values())) != "R2"]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    adjudicate.gold(root, tmp_path / "sheet", "gold", MADE)
    assert store.read(root).layers["gold"].relations["id"].to_pylist() == ["R1"]
    data = (root / "annotations/gold/decisions.tsv").read_bytes()
    assert ("relations", "refused", "hand/a, hand/b") in {
        (d.table, d.made, d.by) for d in decisions.parse("", data)
    }


def test_every_error_says_where_and_what(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet"

    def gold() -> object:
        return adjudicate.gold(root, sheet, "gold", MADE)

    assert message(gold) == (
        f"{sheet}/sheet.toml: no such file: this is no sheet; `samarkand adjudicate sheet` makes one"
    )
    adjudicate.make(root, ["hand/a", "hand/b"], sheet)
    path = sheet / "d.jsonl"
    whole = path.read_text()
    lines_of = message(gold).splitlines()
    assert lines_of[0] == (
        f"{path}:1: emmanuel-macron is not decided: 'keep' is true or false, got null"
    )
    assert len(lines_of) == 7  # the actor's two names have no one that stays
    decide(path, lambda row: True)
    assert message(gold) == (
        f"{path}: emmanuel-macron and macron are ids of one actor; keep one of them, got 2"
    )
    decide(path, lambda row: next(iter(row.values())) == "macron")
    assert message(gold) == (
        f"{path}:10: R2 names T3, which does not stay; refuse it too, or name another"
    )
    path.write_text(whole.replace('"Macron met Scholz"', '"Macron saw Scholz"'))
    decide(path, lambda row: next(iter(row.values())) in {"macron", "T3b", "S1"})
    assert message(gold).startswith(f"{path}:9: 'Macron saw Scholz' is not in the text")
    path.write_text(whole.replace('"label": "FAC"', '"label": "PLACE"'))
    decide(path, lambda row: next(iter(row.values())) in {"macron", "T3b", "S1"})
    assert message(gold).startswith(f"{path}:6: T3 has the label 'PLACE', which")
    assert not (root / "annotations/gold").exists()
    assert message(lambda: adjudicate.make(root, ["hand/a", "hand/b"], sheet)) == (
        f"{sheet}: is there already; decisions in it would be lost. Remove it, or name another"
    )
    assert message(lambda: adjudicate.make(root, ["hand/a"], tmp_path / "x")) == (
        "two layers or more are adjudicated: hand/a hand/b"
    )
    assert message(lambda: adjudicate.make(root, ["hand/a", "x"], tmp_path / "x")) == (
        "there is no layer 'x'"
    )


def test_a_sheet_of_layers_that_changed_is_refused(root: Path, tmp_path: Path) -> None:
    adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "sheet")
    decide(
        tmp_path / "sheet" / "d.jsonl",
        lambda row: next(iter(row.values())) in {"macron", "T3", "T3b", "S1"},
    )
    store.write_layer(replace(B, relations=B.relations.slice(1)), root)
    assert message(lambda: adjudicate.gold(root, tmp_path / "sheet", "gold", MADE)) == (
        f"{tmp_path}/sheet/d.jsonl: hand/a or hand/b was changed since; make a new sheet of it"
    )


def test_gold_is_replaced_only_when_told_to(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet"
    adjudicate.make(root, ["hand/a", "hand/b"], sheet)
    decide(sheet / "d.jsonl", lambda row: next(iter(row.values())) in {"macron", "T3b", "S1"})
    adjudicate.gold(root, sheet, "gold", MADE)
    before = layer_files(store.read(root).layers["gold"])
    assert message(lambda: adjudicate.gold(root, sheet, "gold", MADE)) == (
        "layer 'gold' has annotations of 'd' already; --overwrite replaces them"
    )
    adjudicate.gold(root, sheet, "gold", MADE, overwrite=True)
    assert layer_files(store.read(root).layers["gold"]) == before


def test_a_sheet_that_is_a_corpus_keeps_what_is_left_in_it(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet"
    adjudicate.make(root, ["hand/a", "hand/b"], sheet, as_corpus=True)
    found = store.read(sheet)
    union = found.layers["union"]
    assert len(union.entities) == 6
    gone = ["T3", "S1b"]  # the alternatives that do not stay
    left = {
        name: union.table(name).filter(pc.invert(pc.is_in(union.table(name)["id"], pa.array(gone))))
        for name in schema.TABLES
    }
    store.write_layer(replace(union, **left), sheet)
    adjudicate.gold(root, sheet, "gold", MADE)
    gold = store.read(root).layers["gold"]
    assert gold.entities["label"].to_pylist() == ["PERSON", "PERSON", "FAC", "PERSON", "PERSON"]
    assert gold.stances["polarity"].to_pylist() == [1]
    assert gold.relations["tail"].to_pylist() == ["T2", "T3"]


def test_three_layers_and_an_identical_one(root: Path, tmp_path: Path) -> None:
    store.write(corpus(A, B, replace(A, name="hand/c")), root)
    adjudicate.make(root, ["hand/a", "hand/b", "hand/c"], tmp_path / "three")
    adjudicate.make(root, ["hand/a", "hand/b"], tmp_path / "two")
    sheets = [(tmp_path / name / "d.jsonl").read_bytes() for name in ("three", "two")]
    assert sheets[0] == sheets[1]  # how many said it is not told
    adjudicate.make(root, ["hand/a", "hand/c"], tmp_path / "same")
    assert "question" not in (tmp_path / "same" / "d.jsonl").read_text()
    adjudicate.gold(root, tmp_path / "same", "gold", MADE)
    found = store.read(root)
    assert found.layers["gold"].entities == found.layers["hand/a"].entities


def test_a_symmetric_relation_has_the_earlier_mention_as_head() -> None:
    words = ["Macron", "met", "Scholz", "at", "the", "Elysée", ".", "He", "praised"]
    places = [entity(f"T{n}", "ORG", word) for n, word in enumerate(words, 1) if word != "."]
    places += [entity("T20", "PERSON", "praised Scholz"), entity("T21", "PERSON", "Scholz", at=40)]
    meets = {"doc": "d", "id": "R1", "label": "MEETS_WITH", "evidence": [span("met")]}
    one = layer("hand/a", places, [meets | {"head": "T21", "tail": "T2"}])
    two = layer("hand/b", places, [meets | {"head": "T2", "tail": "T21"}])
    (found,) = union(corpus(one, two), ["hand/a", "hand/b"], ["d"])
    [said] = [each for each in found.variants if each.table == "relations"]
    assert (said.question, said.line.head, said.line.tail) == (0, "T2", "T10")


LABEL = st.sampled_from(["PERSON", "ORG", "FAC"])
WORDS = ("Macron", "Scholz", "the Elysée", "Elysée", "He", "praised")


@st.composite
def some_layer(draw: st.DrawFn, name: str) -> Layer:
    chosen = draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=5))
    actor = st.sampled_from([None, "macron", "scholz", "emmanuel-macron"])
    entities = [entity(f"T{n}", draw(LABEL), word, draw(actor)) for n, word in enumerate(chosen, 1)]
    ids = [each["id"] for each in entities]
    relations, stances = [], []
    if ids:
        for n in range(draw(st.integers(0, 3))):
            head, tail = draw(st.sampled_from(ids)), draw(st.sampled_from(ids))
            label = draw(st.sampled_from(["MEETS_WITH", "VISITS"]))
            evidence = [span(draw(st.sampled_from(WORDS)))]
            relations.append(
                {"doc": "d", "id": f"R{n}", "label": label, "head": head, "tail": tail,
                 "evidence": evidence}
            )  # fmt: skip
            stances.append(
                {"doc": "d", "id": f"S{n}", "holder": head, "target": "UNSPECIFIED",
                 "cue": evidence, "polarity": draw(st.sampled_from([None, -1, 2]))}
            )  # fmt: skip
    return layer(name, entities, relations, stances)


@settings(max_examples=60, deadline=None)
@given(some_layer("hand/a"), some_layer("hand/b"), some_layer("hand/c"))
def test_a_union_has_every_line_of_every_layer_once(a: Layer, b: Layer, c: Layer) -> None:
    both = corpus(a, b, c)
    (found,) = union(both, ["hand/a", "hand/b", "hand/c"], ["d"])
    for name in schema.TABLES:
        variants = [each for each in found.variants if each.table == name]
        said = [(layer, content(each.line)) for each in variants for layer in each.by]
        for each in (a, b, c):
            rows = lines.from_table(name, each.table(name))
            assert sum(layer == each.name for layer, _ in said) == len(rows)
    ids = [getattr(v.line, lines.ID_KEYS[v.table]) for v in found.variants]
    assert len(ids) == len(set(ids))
    for each in found.variants:
        assert (each.question == 0) <= (each.by == found.layers)


@settings(max_examples=60, deadline=None)
@given(some_layer("hand/a"), some_layer("hand/b"))
def test_a_sheet_does_not_tell_which_layer_is_which(a: Layer, b: Layer) -> None:
    one = union(corpus(a, b), ["hand/a", "hand/b"], ["d"])[0]
    turned = corpus(replace(b, name="hand/a"), replace(a, name="hand/b"))
    two = union(turned, ["hand/a", "hand/b"], ["d"])[0]
    shown = [
        [content(v.line) for v in each.variants if v.table == "entities"] for each in (one, two)
    ]
    assert shown[0] == shown[1]

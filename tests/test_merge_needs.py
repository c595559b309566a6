"""What one side removed and the other needs, and conflicts that a preferred side decides."""

from dataclasses import replace
from typing import Any

import pytest

from samarkand import schema
from samarkand.check import ERROR, check
from samarkand.corpus import Corpus, Layer, table
from samarkand.formats import base as formats
from samarkand.labels import Attribute, Group, LabelSchema, RelationType
from samarkand.merge import Merged, merge
from tests.corpora import LAYER
from tests.test_diff import RELATION, STANCE, TEXT, entity
from tests.test_diff import corpus as bare
from tests.test_merge import BASE, ids, row, said

ACTORS = [
    {"actor": "china", "name": "China"},
    {"actor": "xi-jinping", "name": "Xi", "country": "china"},
]
LABELS = LabelSchema(
    name="small",
    version="1.0.0",
    groups=(Group("ents", ("PERSON", "GPE", "EVENT", "NORP", "ROLE"), flat=True),),
    attributes=(Attribute("mention"),),
    relations=(RelationType("MEETS_WITH"), RelationType("PART_OF", head=("EVENT",))),
    acts=("SUPPORT", "STATE"),
    polarity=((-2, "against"), (0, "neutral"), (2, "for")),
    propositions=(("P:talks", "Talks are good."),),
)
PROVENANCE = {"kind": "hand", "annotator": "ada", "date": "2026-01-01"}


def corpus(
    *args: Any, text: str = TEXT, labels: LabelSchema = LABELS, actors: Any = ACTORS
) -> Corpus:
    return replace(bare(*args, text=text), labels=labels, actors=table(schema.ACTORS, actors))


def valid(merged: Merged, *sides: Corpus) -> bool:
    """Whether check finds no error that it does not find in one of the sides."""
    known = {str(f) for side in sides for f in check(side)}
    return not [f for f in check(merged.corpus) if f.severity == ERROR and str(f) not in known]


def three_ways(base: Corpus, ours: Corpus, theirs: Corpus) -> list[Merged]:
    """Merged without preference, by ours, and by theirs; with one the outcome is valid."""
    found = [merge(base, ours, theirs, prefer) for prefer in ("", "ours", "theirs")]
    assert all(valid(merged, base, ours, theirs) for merged in found[1:])
    return found


def test_a_relation_to_an_entity_that_the_other_side_removed() -> None:
    ours, theirs = corpus([BASE[0], BASE[2]]), corpus(BASE, [RELATION])
    neither, mine, other = three_ways(corpus(BASE), ours, theirs)
    told = (
        "hand/a a: ours removed entity T2 PERSON (7-12 'Putin'), which relation R1 MEETS_WITH "
        "(T1 -> T2) of theirs refers to; "
    )
    assert neither.corpus == other.corpus == theirs
    assert mine.corpus == ours
    assert said(neither) == [f"{told}it was kept"]
    assert said(mine) == [f"{told}ours was taken: relation R1 MEETS_WITH (T1 -> T2) was left out"]
    assert said(other) == [f"{told}theirs was taken: it was kept"]


def test_a_relation_turned_to_an_entity_that_the_other_side_removed() -> None:
    base = corpus(BASE, [RELATION])
    ours = corpus(BASE[:2], [RELATION])
    theirs = corpus(BASE, [RELATION | {"tail": "T3"}])
    _, mine, other = three_ways(base, ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    assert said(mine) == [
        "hand/a a: ours removed entity T3 GPE (18-23 'Kazan'), which relation R1 MEETS_WITH "
        "(T1 -> T3) of theirs refers to; ours was taken: relation R1 MEETS_WITH (T1 -> T3) is as "
        "ours has it"
    ]


def test_what_refers_to_what_was_left_out_is_left_out() -> None:
    ours = corpus(BASE, labels=without("label", "EVENT"))
    theirs = corpus([*BASE, entity("T4", "met", "EVENT")], [RELATION | {"tail": "T4"}])
    neither, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert mine.corpus == ours
    assert other.corpus.layers == neither.corpus.layers == theirs.layers
    assert other.corpus.labels.groups == theirs.labels.groups
    told = (
        "hand/a a: ours removed label EVENT, which entity T4 EVENT (3-6 'met') of theirs has; "
        "ours was taken: entity T4 EVENT (3-6 'met') was left out",
        "hand/a a: relation R1 MEETS_WITH (T1 -> T4) of theirs refers to entity T4 EVENT "
        "(3-6 'met'), which was left out; relation R1 MEETS_WITH (T1 -> T4) was left out",
    )
    assert set(told) <= set(said(mine))


def test_a_layer_that_one_side_removed_and_the_other_changed() -> None:
    ours, theirs = replace(corpus(BASE), layers={}), corpus(BASE[:2])
    _, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    told = "hand/a: ours removed this layer, theirs changed it; "
    assert said(mine) == [f"{told}ours was taken: it was removed"]
    assert said(other) == [f"{told}theirs was taken: it was kept"]


def test_a_document_that_one_side_removed_and_the_other_annotated() -> None:
    ours = replace(corpus([]), documents=corpus([]).documents.slice(0, 0))
    theirs = corpus([*BASE, entity("T4", "He", "PERSON")])
    _, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    told = "a: ours removed this document, theirs annotated it; "
    assert said(mine) == [f"{told}ours was taken: it was removed"]
    assert said(other) == [f"{told}theirs was taken: it was kept"]


def test_a_document_removed_by_one_side_of_which_the_other_changed_metadata() -> None:
    ours = replace(corpus([]), documents=corpus([]).documents.slice(0, 0))
    listed = formats.documents([("a", TEXT, "train")])
    theirs = replace(corpus(BASE), documents=listed)
    neither, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert neither.corpus == other.corpus == theirs  # with its annotations
    assert mine.corpus == ours
    assert said(neither) == ["a: ours removed this document, theirs changed it; it was kept"]


def test_a_text_that_both_sides_changed() -> None:
    ours = corpus([entity("T1", "Xi", "NORP") | {"begin": 1, "end": 3}], text="X" + TEXT)
    theirs = corpus([entity("T1", "Xi", "ROLE") | {"begin": 1, "end": 3}], text="Y" + TEXT)
    _, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    assert said(mine) == [
        "a: both sides changed the text; ours was taken: the other text was left out, with what "
        "was annotated in it"
    ]


def test_a_text_that_both_sides_added() -> None:
    nothing = replace(Corpus(layers={LAYER: Layer(LAYER)}), labels=LABELS, actors=corpus([]).actors)
    ours = corpus([entity("T1", "Xi", "NORP")])
    theirs = corpus([entity("T2", "Putin", "ROLE")], text=TEXT + " More.")
    _, mine, other = three_ways(nothing, ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    assert said(other) == [
        "a: both sides added this document, with different texts; theirs was taken: the other "
        "text was left out, with what was annotated in it"
    ]


def test_annotations_that_are_off_the_text_that_was_taken() -> None:
    moved = [
        found | {"begin": int(str(found["begin"])) + 10, "end": int(str(found["end"])) + 10}
        for found in BASE
    ]
    ours = corpus(moved, text="On Monday " + TEXT)
    theirs = corpus([BASE[0] | {"label": "NORP"}, *BASE[1:], entity("T4", "He", "PERSON")])
    neither, mine, other = three_ways(corpus(BASE), ours, theirs)
    told = (
        "hand/a a: ours changed the text; entity T4 PERSON (25-27 'He') of theirs says 'He' but "
        "25-27 of it is 'in'; "
    )
    assert said(neither) == [f"{told}it was kept as it is"]
    assert said(mine) == [f"{told}ours was taken: entity T4 PERSON (25-27 'He') was left out"]
    assert row(mine, "T1")["label"] == "NORP"  # what fits is kept
    assert ids(mine) == ["T1", "T2", "T3"]
    assert said(other) == [
        f"{told}theirs was taken: the text stays, and what ours changed in this document was left out"
    ]
    assert other.corpus == theirs


def test_what_one_side_removed_and_the_other_changed() -> None:
    ours, theirs = corpus(BASE[:2]), corpus([*BASE[:2], BASE[2] | {"label": "NORP"}])
    _, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    told = "hand/a a: ours removed entity T3 GPE (18-23 'Kazan'), theirs changed it; "
    assert said(mine) == [f"{told}ours was taken: it was removed, and the change left out"]
    assert said(other) == [f"{told}theirs was taken: it was kept as changed"]


def test_what_both_sides_changed() -> None:
    ours, theirs = (corpus([BASE[0] | {"label": label}, *BASE[1:]]) for label in ("NORP", "ROLE"))
    _, mine, other = three_ways(corpus(BASE), ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    assert said(mine) == [
        "hand/a a: both sides changed entity T1 PERSON (0-2 'Xi'): label 'NORP' (ours), "
        "'ROLE' (theirs); ours was taken"
    ]


def test_mentions_that_are_wrong_only_together() -> None:
    ours = corpus([*BASE[:1], entity("T4", "met", "EVENT")])
    theirs = corpus([*BASE[:1], entity("T7", "met Putin", "EVENT")])
    base = corpus(BASE[:1])
    neither, mine, other = three_ways(base, ours, theirs)
    assert neither.conflicts == ()
    assert not valid(neither, ours, theirs)
    assert (mine.corpus, other.corpus) == (ours, theirs)
    assert said(mine) == [
        "hand/a a: together they are wrong (overlap-in-flat-group): T7 (EVENT, 3-12) overlaps T4 "
        "(EVENT, 3-6); mentions of the group 'ents' may not overlap; ours was taken: what theirs "
        "did there was left out"
    ]


def without(kind: str, name: str) -> LabelSchema:
    """The label schema less one thing that it lists."""
    if kind == "label":
        labels = tuple(label for label in LABELS.labels if label != name)
        group = replace(LABELS.groups[0], labels=labels)
        return replace(LABELS, groups=(group,), relations=LABELS.relations[:1])
    if kind == "proposition":
        return replace(LABELS, propositions=())
    if kind == "act":
        return replace(LABELS, acts=tuple(act for act in LABELS.acts if act != name))
    return replace(LABELS, relations=tuple(k for k in LABELS.relations if k.name != name))


NEEDED = [
    ("label", "EVENT", "entities", entity("T4", "met", "EVENT"), "entity T4 EVENT (3-6 'met')", "has"),
    ("relation type", "MEETS_WITH", "relations", RELATION, "relation R1 MEETS_WITH (T1 -> T2)", "has"),
    ("proposition", "P:talks", "stances", STANCE, "stance S1 (T1 on P:talks: 2)", "refers to"),
    ("act", "SUPPORT", "stances", STANCE | {"act": "SUPPORT", "target": "T2"}, "stance S1 (T1 on T2: 2)", "has"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "where", "new", "called", "verb"), NEEDED)
def test_what_the_label_schema_lost_and_annotations_need(
    kind: str, name: str, where: str, new: dict[str, Any], called: str, verb: str
) -> None:
    base = corpus(BASE)
    rows = {"entities": BASE, "relations": [], "stances": []}
    rows[where] = [*rows[where], new]
    ours = corpus(BASE, labels=without(kind, name))
    theirs = corpus(*rows.values())
    neither, mine, other = three_ways(base, ours, theirs)
    told = f"hand/a a: ours removed {kind} {name}, which {called} of theirs {verb}; "
    assert said(neither) == [f"{told}it was kept"]
    assert said(mine) == [f"{told}ours was taken: {called} was left out"]
    assert said(other) == [f"{told}theirs was taken: it was kept"]
    assert mine.corpus == ours
    for merged in (neither, other):
        assert valid(merged, ours, theirs)
        assert merged.corpus.layers == theirs.layers


def test_an_actor_that_one_side_removed_and_the_others_mention_needs() -> None:
    ours = corpus(BASE, actors=[])
    theirs = corpus([BASE[0] | {"actor": "xi-jinping"}, *BASE[1:]])
    neither, mine, other = three_ways(corpus(BASE), ours, theirs)
    told = (
        "hand/a a: ours removed actor xi-jinping, which entity T1 PERSON (0-2 'Xi') of theirs "
        "refers to; "
    )
    country = "ours removed actor china, which actor xi-jinping of theirs refers to; "
    assert said(neither) == [f"{told}it was kept", f"{country}it was kept"]
    assert said(mine) == [f"{told}ours was taken: entity T1 PERSON (0-2 'Xi') is as ours has it"]
    assert mine.corpus == ours
    assert neither.corpus == other.corpus == theirs


def test_a_label_that_one_side_removed_and_a_relation_type_of_the_other_needs() -> None:
    base = corpus(BASE)
    ours = corpus(BASE, labels=without("label", "EVENT"))
    kinds = (*LABELS.relations, RelationType("CAUSES", head=("EVENT",)))
    theirs = corpus(BASE, labels=replace(LABELS, relations=kinds))
    neither, mine, other = three_ways(base, ours, theirs)
    told = "ours removed label EVENT, which relation type CAUSES of theirs has; "
    assert said(neither) == [f"{told}it was kept"]
    assert said(mine) == [f"{told}ours was taken: relation type CAUSES was left out"]
    assert mine.corpus.labels == ours.labels
    assert other.corpus.labels.relation("CAUSES") is not None
    assert "EVENT" in other.corpus.labels.labels


def test_label_schemas_are_merged_label_by_label() -> None:
    def with_(first: str, second: str) -> LabelSchema:
        groups = (Group("ents", ("PERSON", first)), Group(second, ("X",)))
        return replace(LABELS, groups=groups, acts=(*LABELS.acts, first))

    base = corpus([], labels=replace(LABELS, groups=(Group("ents", ("PERSON",)),)))
    merged = merge(
        base, corpus([], labels=with_("A", "more")), corpus([], labels=with_("B", "more"))
    )
    assert merged.conflicts == ()
    assert merged.corpus.labels.groups == (
        Group("ents", ("PERSON", "A", "B")),
        Group("more", ("X",)),
    )
    assert merged.corpus.labels.acts == ("SUPPORT", "STATE", "A", "B")
    ours, theirs = (corpus([], labels=with_("A", name)) for name in ("one", "two"))
    told = "both sides changed the label schema: label X; "
    neither, mine, other = three_ways(base, ours, theirs)
    assert [said(each) for each in (neither, mine, other)] == [
        [f"{told}kept as it was"],
        [f"{told}ours was taken"],
        [f"{told}theirs was taken"],
    ]
    assert "X" in neither.corpus.labels.labels

"""Three-way merge of annotations: its laws, and each kind of conflict in its words."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings

from samarkand import diff, schema
from samarkand.check import check
from samarkand.corpus import Corpus, Layer, Provenance, table
from samarkand.errors import SamarkandError
from samarkand.formats import base as formats
from samarkand.merge import Merged, merge
from samarkand.merge.three_way import Conflict
from tests.corpora import LAYER, corpora, versions
from tests.test_diff import RELATION, STANCE, TEXT, corpus, entity

lawful = settings(max_examples=60)


@lawful
@given(data=st.data())
def test_where_one_side_changed_nothing_the_merge_is_the_other(data: st.DataObject) -> None:
    base = data.draw(corpora())
    side = data.draw(versions(base))
    for merged in (merge(base, base, side), merge(base, side, base), merge(base, side, side)):
        assert merged.conflicts == ()
        assert merged.corpus == side


def mirrored(conflict: Conflict) -> Conflict:
    """The conflict with the sides exchanged, but for its words."""
    return replace(conflict, ours=conflict.theirs, theirs=conflict.ours, words="")


@lawful
@given(data=st.data())
def test_the_sides_may_be_exchanged(data: st.DataObject) -> None:
    base = data.draw(corpora())
    ours, theirs = data.draw(versions(base)), data.draw(versions(base))
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.corpus == other.corpus
    assert sorted(map(repr, map(mirrored, other.conflicts))) == sorted(
        repr(replace(conflict, words="")) for conflict in one.conflicts
    )


@lawful
@given(data=st.data())
def test_nothing_dangles_and_nothing_stands_twice(data: st.DataObject) -> None:
    base = data.draw(corpora())
    ours, theirs = data.draw(versions(base)), data.draw(versions(base))

    def faults(corpus: Corpus) -> set[str]:
        wanted = {"dangling-argument", "duplicate-id", "unknown-document"}
        return {found.check for found in check(corpus) if found.check in wanted}

    assert faults(merge(base, ours, theirs).corpus) <= faults(ours) | faults(theirs)


@lawful
@given(data=st.data())
def test_what_one_side_alone_edited_is_as_that_side_has_it(data: st.DataObject) -> None:
    base = data.draw(corpora())
    ours, theirs = data.draw(versions(base)), data.draw(versions(base))
    merged = merge(base, ours, theirs).corpus.layers[LAYER].entities.to_pylist()
    rows = {(row["doc"], row["id"]): row for row in merged}
    mine, other = (
        diff.diff(base, side).layers[LAYER].tables["entities"] for side in (ours, theirs)
    )
    touched = {
        (row["doc"], row["id"]) for part in (other.removed, other.old) for row in part.to_pylist()
    }
    for row in mine.new.to_pylist():
        if (row["doc"], row["id"]) not in touched:
            assert rows[row["doc"], row["id"]] == row


BASE = [entity("T1", "Xi", "PERSON"), entity("T2", "Putin", "PERSON"), entity("T3", "Kazan", "GPE")]


def said(merged: Merged) -> list[str]:
    return [str(conflict) for conflict in merged.conflicts]


def ids(merged: Merged, name: str = "entities") -> list[str]:
    found: list[str] = merged.corpus.layers[LAYER].table(name)["id"].to_pylist()
    return found


def row(merged: Merged, id: str, name: str = "entities") -> dict[str, Any]:
    table = merged.corpus.layers[LAYER].table(name)
    return next(found for found in table.to_pylist() if found["id"] == id)


def test_edits_of_other_columns_of_one_annotation_are_both_kept() -> None:
    ours = corpus([BASE[0] | {"label": "NORP"}, *BASE[1:]])
    moved = entity("T1", "Xi met", "PERSON", attributes=[{"name": "mention", "value": "nominal"}])
    merged = merge(corpus(BASE), ours, corpus([moved, *BASE[1:]]))
    assert merged.conflicts == ()
    assert row(merged, "T1")["label"] == "NORP"
    assert row(merged, "T1")["text"] == "Xi met"
    assert row(merged, "T1")["attributes"] == [{"name": "mention", "value": "nominal"}]


def test_attributes_are_merged_name_by_name() -> None:
    def with_(**said: str) -> Corpus:
        pairs = [{"name": name, "value": value} for name, value in sorted(said.items())]
        return corpus([BASE[0] | {"attributes": pairs}])

    merged = merge(
        with_(a="1", b="1", c="1"), with_(a="2", b="1"), with_(a="1", b="2", c="1", d="3")
    )
    assert merged.conflicts == ()
    assert merged.corpus == with_(a="2", b="2", d="3")
    merged = merge(with_(a="1"), with_(a="2"), with_(a="3"))
    assert merged.corpus == with_(a="1")
    assert said(merged) == [
        "hand/a a: both sides changed entity T1 PERSON (0-2 'Xi'): "
        "attributes [a=2] (ours), [a=3] (theirs); kept as it was"
    ]


def test_new_annotations_with_one_id_get_two() -> None:
    ours = corpus([*BASE, entity("T4", "met", "EVENT")], [RELATION | {"tail": "T4"}])
    theirs = corpus([*BASE, entity("T4", "He", "PERSON")], [RELATION | {"id": "R2", "head": "T4"}])
    merged = merge(corpus(BASE), ours, theirs)
    assert merged.conflicts == ()
    assert ids(merged) == ["T1", "T4", "T2", "T3", "T5"]
    assert row(merged, "T4")["text"] == "met"
    assert row(merged, "T5")["text"] == "He"
    assert row(merged, "R1", "relations")["tail"] == "T4"
    assert row(merged, "R2", "relations")["head"] == "T5"


def test_one_new_annotation_with_two_ids_gets_one() -> None:
    ours = corpus([*BASE, entity("T4", "He", "PERSON", actor="xi-jinping")])
    theirs = corpus([*BASE, entity("T9", "He", "PERSON", score=0.5)], [RELATION | {"head": "T9"}])
    merged = merge(corpus(BASE), ours, theirs)
    assert merged.conflicts == ()
    assert ids(merged) == ["T1", "T2", "T3", "T4"]
    assert (row(merged, "T4")["actor"], row(merged, "T4")["score"]) == ("xi-jinping", 0.5)
    assert row(merged, "R1", "relations")["head"] == "T4"


def test_an_annotation_changed_in_two_ways_stays_as_it_was() -> None:
    ours, theirs = (corpus([BASE[0] | {"label": label}, *BASE[1:]]) for label in ("NORP", "ROLE"))
    merged = merge(corpus(BASE), ours, theirs)
    assert merged.corpus == corpus(BASE)
    assert said(merged) == [
        "hand/a a: both sides changed entity T1 PERSON (0-2 'Xi'): "
        "label 'NORP' (ours), 'ROLE' (theirs); kept as it was"
    ]
    (conflict,) = merged.conflicts
    assert conflict.columns == ("label",)
    assert conflict.ours is not None
    assert conflict.ours["label"] == "NORP"


def test_what_one_side_removed_and_the_other_changed_is_kept_as_changed() -> None:
    theirs = corpus([*BASE[:2], BASE[2] | {"label": "LOC"}])
    merged = merge(corpus(BASE), corpus(BASE[:2]), theirs)
    assert merged.corpus == theirs
    assert said(merged) == [
        "hand/a a: ours removed entity T3 GPE (18-23 'Kazan'), theirs changed it; "
        "it was kept as changed"
    ]


def test_an_entity_that_a_relation_of_the_other_side_needs_is_kept() -> None:
    theirs = corpus(BASE, [RELATION], [STANCE | {"source_chain": ["AUTHOR", "T2"]}])
    merged = merge(corpus(BASE), corpus([BASE[0], BASE[2]]), theirs)
    assert merged.corpus == theirs
    assert said(merged) == [
        "hand/a a: ours removed entity T2 PERSON (7-12 'Putin'), which relation R1 MEETS_WITH "
        "(T1 -> T2) of theirs refers to; it was kept"
    ]


def test_an_entity_removed_with_its_relation_goes() -> None:
    base = corpus(BASE, [RELATION])
    ours = corpus([BASE[0], BASE[2]])
    merged = merge(base, ours, corpus([*BASE, entity("T4", "He", "PERSON")], [RELATION]))
    assert merged.conflicts == ()
    assert ids(merged) == ["T1", "T3", "T4"]
    assert ids(merged, "relations") == []


def test_a_relation_changed_by_one_side_keeps_the_entity_that_the_other_removed() -> None:
    base = corpus(BASE, [RELATION])
    theirs = corpus(BASE, [RELATION | {"status": "FUTURE"}])
    merged = merge(base, corpus([BASE[0], BASE[2]]), theirs)
    assert merged.corpus == theirs
    assert len(merged.conflicts) == 2


def test_annotations_that_the_other_sides_text_puts_off_are_named() -> None:
    text = "On Monday " + TEXT
    moved = [
        found | {"begin": int(str(found["begin"])) + 10, "end": int(str(found["end"])) + 10}
        for found in BASE
    ]
    theirs = corpus([BASE[0] | {"label": "NORP"}, *BASE[1:], entity("T4", "He", "PERSON")])
    merged = merge(corpus(BASE), corpus(moved, text=text), theirs)
    assert row(merged, "T1") | {"label": "PERSON"} == row(
        merge(corpus(BASE), corpus(moved, text=text), corpus(BASE)), "T1"
    )
    assert said(merged) == [
        "hand/a a: ours changed the text; entity T4 PERSON (25-27 'He') of theirs says 'He' but "
        "25-27 of it is 'in'; it was kept as it is"
    ]


def test_a_text_that_both_sides_changed_stays_with_its_annotations() -> None:
    ours = corpus([entity("T1", "Xi", "NORP")], text="X" + TEXT)
    theirs = corpus([entity("T1", "Xi", "ROLE")], text="Y" + TEXT)
    merged = merge(corpus(BASE), ours, theirs)
    assert merged.corpus == corpus(BASE)
    assert said(merged) == [
        "a: both sides changed the text; it and its annotations were kept as they were"
    ]


def test_a_document_that_both_sides_added_with_other_texts_is_one_of_them() -> None:
    nothing = Corpus(layers={LAYER: Layer(LAYER)})
    ours = corpus([entity("T1", "Xi", "NORP")])
    theirs = corpus([entity("T2", "Xi", "ROLE")], text="Z" + TEXT)
    merged = merge(nothing, ours, theirs)
    assert merged.corpus == ours
    assert said(merged) == [
        "a: both sides added this document, with different texts; one of them was kept"
    ]


def test_a_document_removed_by_one_side_and_annotated_by_the_other_is_kept() -> None:
    nothing = Corpus(layers={LAYER: Layer(LAYER)})
    theirs = corpus([*BASE, entity("T4", "He", "PERSON")])
    merged = merge(corpus(BASE), nothing, theirs)
    assert merged.corpus == theirs
    assert said(merged) == ["a: ours removed this document, theirs annotated it; it was kept"]
    assert merge(corpus(BASE), nothing, corpus(BASE)).corpus == nothing


def test_layers_actors_schema_and_provenance_are_merged() -> None:
    made = Provenance("hand", "ada", True, date="2026-01-01", guidelines="1.0.0")
    layer = replace(corpus(BASE).layers[LAYER], provenance=made)
    base = replace(corpus(BASE), layers={LAYER: layer, "hand/b": Layer("hand/b")})
    ours = replace(base, layers={LAYER: replace(layer, provenance=replace(made, tool="x"))})
    theirs = replace(
        base,
        labels=replace(base.labels, version="2.0.0"),
        layers={
            **base.layers,
            LAYER: replace(layer, provenance=replace(made, guidelines="2.0.0")),
            "hand/c": Layer("hand/c"),
        },
    )
    merged = merge(base, ours, theirs)
    assert merged.conflicts == ()
    assert set(merged.corpus.layers) == {LAYER, "hand/c"}
    assert merged.corpus.layers[LAYER].provenance == replace(made, tool="x", guidelines="2.0.0")
    assert merged.corpus.labels.version == "2.0.0"
    other = replace(base, labels=replace(base.labels, version="3.0.0"))
    changed = replace(made, guidelines="3.0.0")
    other = replace(other, layers={**base.layers, LAYER: replace(layer, provenance=changed)})
    assert said(merge(base, theirs, other)) == [
        "hand/a: both sides changed provenance: guidelines '2.0.0' (ours), '3.0.0' (theirs); "
        "kept as it was",
        "both sides changed the label schema: version '2.0.0' (ours), '3.0.0' (theirs); "
        "kept as it was",
    ]


def test_a_layer_removed_by_one_side_and_changed_by_the_other_is_kept() -> None:
    base = corpus(BASE)
    ours = replace(base, layers={})
    theirs = corpus(BASE[:2])
    merged = merge(base, ours, theirs)
    assert merged.corpus == theirs
    assert said(merged) == ["hand/a: ours removed this layer, theirs changed it; it was kept"]
    assert formats.bare(merged.corpus.documents).equals(formats.bare(base.documents))
    assert schema.TABLES.keys() == {"entities", "relations", "stances"}


def test_two_annotations_of_one_id_are_refused() -> None:
    twice = corpus([*BASE, entity("T1", "met", "EVENT")])
    with pytest.raises(SamarkandError) as caught:
        merge(corpus(BASE), twice, corpus(BASE))
    assert str(caught.value) == ("ours has a/T1 twice in hand/a; give each an id of its own")


@pytest.mark.parametrize("name", schema.TABLES)
@pytest.mark.parametrize("side", ["the base", "ours", "theirs"])
def test_two_rows_of_one_id_are_refused_in_every_table(name: str, side: str) -> None:
    good = corpus(BASE, [RELATION], [STANCE])
    rows = good.layers[LAYER].table(name)
    twice = replace(good.layers[LAYER], **{name: pa.concat_tables([rows, rows[:1]])})
    bad = replace(good, layers={LAYER: twice})
    sides = [bad if side == each else good for each in ("the base", "ours", "theirs")]
    with pytest.raises(SamarkandError, match=f"^{side} has a/[TRS]1 twice in hand/a; "):
        merge(sides[0], sides[1], sides[2])


def test_two_documents_or_actors_of_one_id_are_refused() -> None:
    good = corpus(BASE)
    bad = replace(good, documents=pa.concat_tables([good.documents, good.documents]))
    with pytest.raises(SamarkandError) as caught:
        merge(good, good, bad)
    assert str(caught.value) == "theirs has a twice in documents; give each an id of its own"
    actors = table(schema.ACTORS, [{"actor": "china", "name": name} for name in ("a", "b")])
    with pytest.raises(SamarkandError) as caught:
        merge(replace(good, actors=actors), good, good)
    assert str(caught.value) == "the base has china twice in actors; give each an id of its own"


def test_what_both_sides_added_is_merged_as_if_the_base_had_it_empty() -> None:
    span = [{"begin": 3, "end": 6, "text": "met"}]
    ours = corpus(BASE, [RELATION | {"evidence": span}])
    theirs = corpus(BASE, [RELATION | {"status": "FUTURE"}])
    merged = merge(corpus(BASE), ours, theirs)
    assert merged.conflicts == ()
    assert row(merged, "R1", "relations")["evidence"] == span
    assert row(merged, "R1", "relations")["status"] == "FUTURE"

"""What changed: the law of diff and apply, the terms of annotation, and what a diff refuses."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from samarkand import changes, diff, schema
from samarkand.corpus import Corpus, Layer, Provenance, table
from samarkand.errors import SamarkandError
from samarkand.formats import base
from tests.corpora import LAYER, corpora, versions

TEXT = "Xi met Putin 👋 in Kazan. He backed talks."
BY = pytest.mark.parametrize("by", ["id", "content"])


@BY
@settings(max_examples=60)
@given(data=st.data())
def test_applying_a_diff_gives_the_other_version(by: str, data: st.DataObject) -> None:
    a = data.draw(corpora())
    b = data.draw(versions(a))
    found = diff.diff(a, b, by)
    assert diff.apply(a, found) == b
    assert bool(found) == (a != b)
    assert len(changes.changes(found)) == sum(
        len(part)
        for delta in (found.documents, found.actors, *found.layers[LAYER].tables.values())
        for part in (delta.removed, delta.added, delta.old)
    )


@BY
@settings(max_examples=50)
@given(a=corpora(), b=corpora())
def test_applying_a_diff_of_unlike_corpora_gives_the_other(by: str, a: Corpus, b: Corpus) -> None:
    assert diff.apply(a, diff.diff(a, b, by)) == b


@settings(max_examples=60)
@given(a=corpora())
def test_renumbered_annotations_are_the_same_ones(a: Corpus) -> None:
    layer = base.numbered(a.layers[LAYER], {"entities": "N", "relations": "M", "stances": "O"})
    found = diff.diff(a, replace(a, layers={LAYER: layer}), by="content")
    kinds = {kind for change in changes.changes(found) for kind in change.kinds}
    assert kinds <= {changes.RENUMBERED}


def entity(id: str, exact: str, label: str, **more: object) -> dict[str, object]:
    begin = TEXT.index(exact)
    place = {"begin": begin, "end": begin + len(exact), "text": exact}
    return {"doc": "a", "id": id, "label": label} | place | more


def corpus(
    entities: list[dict[str, object]],
    relations: list[dict[str, object]] | None = None,
    stances: list[dict[str, object]] | None = None,
    text: str = TEXT,
) -> Corpus:
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, relations or []),
        table(schema.STANCES, stances or []),
    )
    return Corpus(base.documents([("a", text, None)]), layers={LAYER: layer})


RELATION = {"doc": "a", "id": "R1", "label": "MEETS_WITH", "head": "T1", "tail": "T2"}
STANCE = {"doc": "a", "id": "S1", "holder": "T1", "target": "P:talks", "polarity": 2}
OLD = corpus(
    [entity("T1", "Xi", "PERSON"), entity("T2", "Putin", "PERSON"), entity("T3", "Kazan", "GPE")],
    [RELATION],
    [STANCE],
)


def test_changes_are_said_in_the_terms_of_annotation() -> None:
    new = corpus(
        [
            entity("T1", "Xi met", "PERSON", actor="xi-jinping"),
            entity("T3", "Kazan", "LOC"),
            entity("T4", "He", "PERSON"),
        ],
        [RELATION | {"tail": "T3", "status": "FUTURE"}],
        [STANCE | {"polarity": -1}],
        TEXT + " More.",
    )
    assert changes.text(diff.diff(OLD, new)) == (
        "documents: 1 text changed\n"
        "hand/a entities: 1 actor changed, 1 added, 1 boundary moved, 1 covered text changed, "
        "1 relabelled, 1 removed\n"
        "  LOC: 1 relabelled\n"
        "  PERSON: 1 actor changed, 1 added, 1 boundary moved, 1 covered text changed, 1 removed\n"
        "hand/a relations: 1 rewired, 1 status changed\n"
        "  MEETS_WITH: 1 rewired, 1 status changed\n"
        "hand/a stances: 1 stance flipped\n"
        "\n"
        "a\n"
        "  ~ a: text changed\n"
        "\n"
        "hand/a a\n"
        "  - T2 PERSON 7-12 'Putin'\n"
        "  + T4 PERSON 25-27 'He'\n"
        "  ~ T1 PERSON 0-6 'Xi met': boundary moved, covered text changed, actor changed: "
        "end 2 -> 6; text 'Xi' -> 'Xi met'; actor none -> 'xi-jinping'\n"
        "  ~ T3 LOC 18-23 'Kazan': relabelled: label 'GPE' -> 'LOC'\n"
        "  ~ R1 MEETS_WITH T1 -> T3: rewired, status changed: "
        "tail 'T2' -> 'T3'; status none -> 'FUTURE'\n"
        "  ~ S1 T1 on P:talks: -1: stance flipped: polarity 2 -> -1"
    )
    assert changes.text(diff.diff(OLD, OLD)) == "no difference"


def test_an_id_that_another_entity_has_now_is_another_reference() -> None:
    """By content ids mean nothing: `T2` of one side and `T2` of the other are two entities."""
    new = corpus(
        [entity("T1", "Xi", "PERSON"), entity("T2", "He", "PERSON"), entity("T3", "Kazan", "GPE")],
        [RELATION],
        [STANCE | {"source_chain": ["AUTHOR", "T2"]}],
    )
    old = replace(
        OLD, layers={LAYER: replace(OLD.layers[LAYER], stances=new.layers[LAYER].stances)}
    )
    found = diff.diff(old, new, by="content")
    assert changes.text(found).splitlines()[-4:] == [
        "  - T2 PERSON 7-12 'Putin'",
        "  + T2 PERSON 25-27 'He'",
        "  ~ R1 MEETS_WITH T1 -> T2: rewired: tail 'T2' -> another 'T2'",
        "  ~ S1 T1 on P:talks: 2: source chain changed: "
        "source_chain ['AUTHOR', 'T2'] -> another ['AUTHOR', 'T2']",
    ]
    assert diff.apply(old, found) == new
    renamed = base.numbered(old.layers[LAYER], {"entities": "N", "relations": "M", "stances": "O"})
    again = diff.diff(old, replace(old, layers={LAYER: renamed}), by="content")
    assert {kind for change in changes.changes(again) for kind in change.kinds} == {
        changes.RENUMBERED
    }


def test_layers_schema_and_provenance_are_compared() -> None:
    made = Provenance("hand", "ada", True, date="2026-01-01")
    layer = replace(OLD.layers[LAYER], provenance=made)
    remade = replace(layer, provenance=replace(made, date="2026-02-01"))
    one = replace(OLD, layers={LAYER: layer, "hand/b": Layer("hand/b")})
    two = replace(OLD, layers={LAYER: remade, "hand/c": Layer("hand/c")})
    two = replace(two, labels=replace(two.labels, version="9.0.0"))
    found = diff.diff(one, two)
    assert changes.text(found) == (
        "label schema: changed: version\n"
        "layer hand/a: provenance changed: date\n"
        "layer hand/b: removed\n"
        "layer hand/c: added"
    )
    assert diff.apply(one, found) == two


def test_a_diff_of_another_version_is_refused() -> None:
    new = corpus([entity("T1", "Xi", "GPE")])
    with pytest.raises(SamarkandError) as caught:
        diff.apply(new, diff.diff(OLD, new))
    assert str(caught.value) == (
        "the diff is of another version: a/T2 is not there, or not as it says"
    )

"""Agreement between layers of a corpus: laws, small cases, what the command says."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings

from samarkand import schema
from samarkand.agree import Agreement, agree
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import SamarkandError
from samarkand.formats import base
from tests.corpora import LAYER, corpora, versions

TEXT = "Xi met Putin in Kazan. He backed talks. The two countries will trade more, they said."
OTHER = "hand/b"


def values(found: Agreement) -> dict[tuple[str, str], float]:
    return {(f.name, f.label): f.value for f in found.pairs[0].figures}


def two(a: Corpus, b: Corpus) -> Corpus:
    return replace(a, layers={LAYER: a.layers[LAYER], OTHER: replace(b.layers[LAYER], name=OTHER)})


def entity(id: str, exact: str, label: str, **more: Any) -> dict[str, Any]:
    begin = TEXT.index(exact)
    place = {"begin": begin, "end": begin + len(exact), "text": exact}
    return {"doc": "a", "id": id, "label": label} | place | more


def span(exact: str) -> dict[str, Any]:
    begin = TEXT.index(exact)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def corpus(**layers: tuple[list[Any], list[Any], list[Any]]) -> Corpus:
    made = {
        name: Layer(
            name,
            *(table(schema.TABLES[t], rows) for t, rows in zip(schema.TABLES, tables, strict=True)),
        )
        for name, tables in layers.items()
    }
    return Corpus(base.documents([("a", TEXT, None)]), layers=made)


XI = entity("T1", "Xi", "PERSON", actor="xi-jinping")
HE = entity("T2", "He", "PERSON", actor="xi-jinping")
PUTIN = entity("T3", "Putin", "PERSON", actor="vladimir-putin")
MEETS = {"doc": "a", "id": "R1", "label": "MEETS_WITH", "head": "T1", "tail": "T3"}
BACKED = {
    "doc": "a", "id": "S1", "holder": "T2", "target": "P:talks", "polarity": 2, "act": "SUPPORT",
    "cue": [span("backed")], "content": [span("talks")], "source_chain": ["AUTHOR"],
}  # fmt: skip


@settings(max_examples=40)
@given(data=st.data())
def test_a_layer_agrees_with_itself(data: st.DataObject) -> None:
    a = data.draw(corpora())
    assume(len(a.documents))
    ids = {"entities": "N", "relations": "M", "stances": "O"}
    same = replace(a, layers={LAYER: base.numbered(a.layers[LAYER], ids)})
    found = agree(two(a, same), [LAYER, OTHER], a.documents["doc"].to_pylist(), rounds=5)
    for figure in found.pairs[0].figures:
        assert np.isnan(figure.value) or figure.value == pytest.approx(1), figure


@settings(max_examples=40)
@given(data=st.data())
def test_the_order_of_layers_does_not_matter(data: st.DataObject) -> None:
    a = data.draw(corpora())
    assume(len(a.documents))
    both = two(a, data.draw(versions(a)))
    docs = a.documents["doc"].to_pylist()
    one, other = (agree(both, order, docs, rounds=0) for order in ([LAYER, OTHER], [OTHER, LAYER]))
    mirrored = values(other)
    for key, value in values(one).items():
        assert value == pytest.approx(mirrored[key], nan_ok=True), key
        assert np.isnan(value) or value <= 1
    assert np.array_equal(one.pairs[0].confusion, other.pairs[0].confusion.T)


def test_another_mention_of_one_actor_is_another_argument_by_mention_only() -> None:
    both = corpus(
        a=([XI, HE, PUTIN], [MEETS], []), b=([XI, HE, PUTIN], [MEETS | {"head": "T2"}], [])
    )
    found = values(agree(both, ["a", "b"], rounds=0))
    assert found["relations mention F1", ""] == 0
    assert found["relations actor F1", ""] == 1


def test_relations_of_entities_that_one_layer_lacks_are_not_counted_given_entities() -> None:
    both = corpus(a=([XI, PUTIN], [MEETS], []), b=([XI], [], []))
    found = values(agree(both, ["a", "b"], rounds=0))
    assert found["relations actor F1", ""] == 0
    assert np.isnan(found["relations actor F1 given entities", ""])


def test_stances_are_compared_field_by_field() -> None:
    """The same cue and holder; another target, and so no tuple."""
    both = corpus(
        a=([XI, HE], [], [BACKED]),
        b=(
            [XI, HE],
            [],
            [BACKED | {"holder": "T1", "target": "SPAN", "target_spans": [span("talks")]}],
        ),
    )
    found = values(agree(both, ["a", "b"], rounds=0))
    assert found["stances cue F1", ""] == found["stances attribution F1", ""] == 1
    assert found["stances tuple F1", ""] == 0
    milder = corpus(a=([HE], [], [BACKED]), b=([HE], [], [BACKED | {"polarity": 1}]))
    found = values(agree(milder, ["a", "b"], rounds=0))
    assert (found["stances tuple F1", ""], found["stances strict F1", ""]) == (1, 0)


def test_three_layers_are_compared_in_pairs_and_together() -> None:
    three = corpus(a=([XI], [], []), b=([XI], [], []), c=([PUTIN], [], []))
    found = agree(three, ["a", "b", "c"], rounds=20)
    assert [pair.layers for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [(f.name, f.items) for f in found.together] == [("tokens alpha", (1, 1, 1))]


def test_intervals_are_the_same_again() -> None:
    both = corpus(a=([XI, HE], [], []), b=([XI, PUTIN], [], []))
    one, other = (agree(both, ["a", "b"], rounds=50) for _ in range(2))
    assert repr(one.pairs[0].figures) == repr(other.pairs[0].figures)


@pytest.mark.parametrize(
    ("layers", "docs", "message"),
    [
        (["a"], None, "two layers or more are compared: samarkand agree hand/a hand/b"),
        (["a", "x"], None, "there is no layer 'x'; layers: a, b"),
        (["a", "b"], None, "no document is annotated in a and b"),
        (["a", "b"], ["z"], "there is no document 'z' in the corpus"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    layers: list[str], docs: list[str] | None, message: str
) -> None:
    both = corpus(a=([XI], [], []), b=([], [], []))
    with pytest.raises(SamarkandError) as caught:
        agree(both, layers, docs)
    assert str(caught.value) == message

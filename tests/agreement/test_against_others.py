"""The figures of agreement, next to what kept libraries and publications say of the same things."""

import warnings
from collections.abc import Sequence

import hypothesis.strategies as st
import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from nervaluate import Evaluator
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from sklearn.metrics import cohen_kappa_score

from samarkand.agreement import actors, alpha, entities, resample, spans
from samarkand.agreement.spans import Spans

LABELS = ("PERSON", "GPE", "ORG")
Row = tuple[int, int, int, int]  # document, begin, end, label


@st.composite
def flat(draw: st.DrawFn, documents: int = 3) -> list[Row]:
    """Spans that do not overlap each other, as taggers give them."""
    rows = []
    for doc in range(documents):
        at = 0
        for _ in range(draw(st.integers(0, 5))):
            begin = at + draw(st.integers(0, 3))
            end = begin + draw(st.integers(1, 3))
            rows.append((doc, begin, end, draw(st.integers(0, len(LABELS) - 1))))
            at = end
    return rows


def columns(rows: Sequence[Row]) -> Spans:
    table = np.array(rows, np.int64).reshape(-1, 4).T
    none = np.zeros(table.shape[1], np.int64)
    return Spans(table[0], table[1], table[2], table[3], none, none)


def f1_of(a: list[Row], b: list[Row], documents: int = 3) -> dict[tuple[str, str], float]:
    one, other = columns(a), columns(b)
    found = entities.counts(one, other, spans.paired(one, other), ("",), LABELS, documents)
    return {(f.name, f.label): f.value for f in resample.figures(found, rounds=0)}


def lonely(a: list[Row], b: list[Row]) -> bool:
    """Whether no span overlaps two of the other side: nervaluate takes the first, ours the best."""
    one, other = spans.overlaps(*((s.doc, s.begin, s.end) for s in (columns(a), columns(b))))
    return len(set(one.tolist())) == len(one) and len(set(other.tolist())) == len(other)


@settings(max_examples=150)
@given(a=flat(), b=flat())
def test_entities_are_those_of_nervaluate(a: list[Row], b: list[Row]) -> None:
    """Strict and exact F1 always; the others where no span overlaps two of the other side."""
    if not a or not b:
        return
    sides = [
        [
            [
                {"label": LABELS[number], "start": begin, "end": end - 1}
                for d, begin, end, number in side
                if d == doc
            ]
            for doc in range(3)
        ]
        for side in (a, b)
    ]
    theirs = Evaluator(*sides, tags=list(LABELS), loader="dict").evaluate()["overall"]
    ours = f1_of(a, b)
    assert ours["entities strict F1", ""] == pytest.approx(theirs["strict"].f1)
    if lonely(a, b):
        assert ours["entities exact F1", ""] == pytest.approx(theirs["exact"].f1)
        assert ours["entities partial F1", ""] == pytest.approx(theirs["partial"].f1)
        assert ours["entities type F1", ""] == pytest.approx(theirs["ent_type"].f1)


@settings(max_examples=100)
@given(a=flat(), b=flat())
def test_strict_entities_are_those_of_seqeval(a: list[Row], b: list[Row]) -> None:
    tags = [[["O"] * 40 for _ in range(3)] for _ in range(2)]
    for side, rows in zip(tags, (a, b), strict=True):
        for doc, begin, end, label in rows:
            names = [f"B-{LABELS[label]}", *[f"I-{LABELS[label]}"] * (end - begin - 1)]
            side[doc][begin:end] = names
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = f1_score(*tags, mode="strict", scheme=IOB2, zero_division=0)
    ours = f1_of(a, b).get(("entities strict F1", ""), np.nan)
    assert np.nan_to_num(ours) == pytest.approx(theirs)


def test_each_span_is_in_one_pair_at_most() -> None:
    """One long span over two short ones is one partial match, not two."""
    ours = f1_of([(0, 0, 10, 0)], [(0, 0, 4, 0), (0, 5, 10, 0)])
    assert ours["entities partial F1", ""] == pytest.approx(2 * 0.5 / 3)
    assert ours["entities strict F1", ""] == 0


@st.composite
def coded(draw: st.DrawFn) -> np.ndarray:
    """What two to four coders say of some units: 0 to 4, or nothing."""
    coders, units = draw(st.integers(2, 4)), draw(st.integers(2, 12))
    values = st.lists(st.integers(-1, 4), min_size=units, max_size=units)
    return np.array([draw(values) for _ in range(coders)], np.int64)


@settings(max_examples=150)
@given(values=coded())
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_is_that_of_krippendorff(level: str, values: np.ndarray) -> None:
    pairable = values[:, (values >= 0).sum(0) > 1]
    if len(set(pairable[pairable >= 0].tolist())) < 2:
        return
    theirs = krippendorff.alpha(
        np.where(values < 0, np.nan, values), level_of_measurement=level, value_domain=range(5)
    )
    table = alpha.coincidences(np.arange(values.shape[1]) % 2, values, 5, 2)
    ours = getattr(alpha, level)(5)(table.sum(0, keepdims=True))[0]
    assert ours == pytest.approx(theirs)


@settings(max_examples=150)
@given(values=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_kappa_is_that_of_scikit_learn(values: list[tuple[int, int]]) -> None:
    one, other = np.array(values, np.int64).T
    if len(set(one.tolist())) == len(set(other.tolist())) == 1:
        return
    table = alpha.table(np.zeros(len(one), np.int64), one, other, 4, 1)
    assert alpha.kappa(4)(table)[0] == pytest.approx(cohen_kappa_score(one, other))


def coreference(key: list[str], response: list[str]) -> dict[str, tuple[float, float]]:
    """Recall and precision of chains of mentions, each mention a letter."""
    letters = sorted(set("".join(key + response)))
    ids = [
        np.array([next((n for n, chain in enumerate(side) if x in chain), -1) for x in letters])
        for side in (key, response)
    ]
    rows = np.arange(len(letters))
    doc = np.zeros(len(letters), np.int64)
    chains = actors.chains((doc, doc), (ids[0], ids[1]), rows, rows)
    found = actors.counts(chains, (ids[0], ids[1]), 1)[:4]
    return {
        each.name.split()[1]: (
            each.by_doc[0, 0] / each.by_doc[0, 1],
            each.by_doc[0, 2] / each.by_doc[0, 3],
        )
        for each in found
    }


def test_coreference_is_that_of_moosavi_and_strube() -> None:
    """Moosavi & Strube 2016, section 4: key {a,b,c} {d,e,f,g}, response {a,b} {c,d} {f,g,h,i}."""
    found = coreference(["abc", "defg"], ["ab", "cd", "fghi"])
    assert found["LEA"] == pytest.approx(((3 * 1 / 3 + 4 * 1 / 6) / 7, (2 * 1 + 0 + 4 * 1 / 6) / 8))


def test_coreference_is_that_of_luo() -> None:
    """Luo 2005, table 1: the key {1 to 5} {6, 7} {8 to 12}, here a letter each; two responses."""
    key = ["abcde", "fg", "hijkl"]
    joined = coreference(key, ["abcde", "fghijkl"])
    assert joined["MUC"] == pytest.approx((9 / 9, 9 / 10))
    assert joined["B3"] == pytest.approx((1.0, (5 + (4 + 25) / 7) / 12))
    wrong = coreference(key, ["abcdehijkl", "fg"])
    assert wrong["MUC"] == pytest.approx((9 / 9, 9 / 10))
    assert wrong["B3"] == pytest.approx((1.0, (50 / 10 + 2) / 12))
    # of two chains that fit none but one well: 2 * 5 / (5 + 10), and {6, 7} whole
    assert wrong["CEAF"] == pytest.approx(((2 / 3 + 1) / 3, (2 / 3 + 1) / 2))

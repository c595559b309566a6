"""Gamma, which another library computes: what goes in and out, and what is said without it."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from samarkand import schema, store
from samarkand.agree import agree
from samarkand.corpus import Corpus, table
from samarkand.errors import SamarkandError

ROOT = Path(__file__).parents[2]
DOCS = ["asmara-declaration", "prespa-signing"]

installed = find_spec("pygamma_agreement") is not None
needs_it = pytest.mark.skipif(not installed, reason="pygamma-agreement is not installed")


def two(shifted: int) -> Corpus:
    """A layer beside itself, where every so manieth entity that is a GPE or PERSON is an ORG."""
    corpus = store.read(ROOT, ["hand/a"])
    one = corpus.layers["hand/a"]
    rows = one.entities.to_pylist()
    if shifted:
        for row in rows[::shifted]:
            row |= {"label": "ORG"} if row["label"] in ("GPE", "PERSON") else {}
    other = replace(one, name="other", entities=table(schema.ENTITIES, rows))
    return replace(corpus, layers={"hand/a": one, "other": other})


def gamma(corpus: Corpus) -> dict[str, float]:
    found = agree(corpus, ["hand/a", "other"], DOCS, rounds=10, with_gamma=True)
    return {f.label: f.value for f in found.together if f.name == "entities gamma"}


@needs_it
def test_equal_layers_have_a_gamma_of_1() -> None:
    assert gamma(two(0)) == pytest.approx({"ents": 1, "domain": 1})


@needs_it
def test_gamma_falls_with_what_differs_and_is_the_same_again() -> None:
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    little, much = gamma(two(10)), gamma(two(2))
    assert 0 < much["ents"] < little["ents"] < 1
    assert little["domain"] == pytest.approx(1)
    assert gamma(two(10)) == little
    assert (np.random.get_state()[1] == before).all()


@pytest.mark.skipif(installed, reason="pygamma-agreement is installed")
def test_without_the_extra_it_says_how_to_install_it() -> None:
    with pytest.raises(SamarkandError) as error:
        gamma(two(0))
    wanted = "pygamma-agreement is not installed; pip install 'samarkand[gamma]'"
    assert str(error.value) == wanted

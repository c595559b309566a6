"""The laws of every format, over random corpora."""

import pytest
from hypothesis import given, settings

from samarkand.check import check
from samarkand.corpus import Corpus
from samarkand.formats import FORMATS
from tests.corpora import LAYER, corpora

pytestmark = pytest.mark.parametrize("name", sorted(FORMATS))
lawful = settings(max_examples=150)


@lawful
@given(corpus=corpora())
def test_reading_what_was_written_gives_what_narrow_says(name: str, corpus: Corpus) -> None:
    form = FORMATS[name]
    assert form.read(form.write(corpus, LAYER), LAYER).corpus == form.narrow(corpus, LAYER)


@lawful
@given(corpus=corpora())
def test_narrowing_twice_narrows_no_further(name: str, corpus: Corpus) -> None:
    narrowed = FORMATS[name].narrow(corpus, LAYER)
    assert FORMATS[name].narrow(narrowed, LAYER) == narrowed


@lawful
@given(corpus=corpora())
def test_narrowing_brings_no_error_that_was_not_there(name: str, corpus: Corpus) -> None:
    before = {found.check for found in check(corpus) if found.severity == "error"}
    narrowed = FORMATS[name].narrow(corpus, LAYER)
    after = {found.check for found in check(narrowed) if found.severity == "error"}
    assert after - before <= {"layer-without-provenance"}


@lawful
@given(corpus=corpora())
def test_writing_what_was_read_gives_the_same_bytes(name: str, corpus: Corpus) -> None:
    form = FORMATS[name]
    files = form.write(corpus, LAYER)
    reading = form.read(files, LAYER)
    assert not reading.unread
    assert form.write(reading.corpus, LAYER) == files

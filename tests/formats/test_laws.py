"""The laws of every format, over random corpora."""

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings

from samarkand import schema
from samarkand.check import check
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import FORMATS, JOINED, base
from tests.corpora import LAYER, corpora

pytestmark = pytest.mark.parametrize("name", sorted(FORMATS))
lawful = settings(max_examples=150)


@lawful
@given(corpus=corpora())
def test_reading_what_was_written_gives_what_narrow_says(name: str, corpus: Corpus) -> None:
    form = FORMATS[name]
    assert form.read(form.write(corpus, LAYER), LAYER).corpus == form.narrow(corpus, LAYER)


def test_a_text_that_starts_with_a_byte_order_mark_comes_back_or_is_refused(name: str) -> None:
    text = "\ufeffXi met \ufeff."
    mention = {"doc": "a", "id": "T1", "begin": 1, "end": 3, "label": "PER", "text": "Xi"}
    layer = Layer(LAYER, entities=table(schema.ENTITIES, [mention]))
    corpus = Corpus(base.documents([("a", text, None)]), layers={LAYER: layer})
    form = FORMATS[name]
    if name not in ("brat", "quotes"):  # whose text is a file of its own
        assert form.read(form.write(corpus, LAYER), LAYER).corpus == form.narrow(corpus, LAYER)
        return
    with pytest.raises(FormatError, match=r"^document 'a': the text starts with U\+FEFF"):
        form.write(corpus, LAYER)


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


@settings(max_examples=40)  # writes as many corpora as there are documents
@given(corpus=corpora())
def test_what_belongs_to_all_documents_is_joined_of_what_each_has(
    name: str, corpus: Corpus
) -> None:
    once: dict[str, bytes] = {}
    for doc in corpus.documents["doc"].to_pylist():
        for path, data in of_all(name, _only(corpus, doc)).items():
            once[path] = JOINED[name][path](once[path], data) if path in once else data
    assert once == (of_all(name, corpus) if len(corpus.documents) else {})


def of_all(name: str, corpus: Corpus) -> dict[str, bytes]:
    """The files that are none of documents: a suffix that is a whole name is of such a file."""
    ends = tuple(end for end in FORMATS[name].SUFFIXES if not end[0].isalpha())
    written = FORMATS[name].write(corpus, LAYER)
    return {path: data for path, data in written.items() if not path.endswith(ends)}


def _only(corpus: Corpus, doc: str) -> Corpus:
    """The corpus with one document."""
    documents = corpus.documents.filter(pc.equal(corpus.documents["doc"], doc))
    layer = corpus.layers[LAYER]
    tables = {n: layer.table(n).filter(pc.equal(layer.table(n)["doc"], doc)) for n in schema.TABLES}
    return Corpus(documents, corpus.labels, corpus.actors, {LAYER: Layer(LAYER, **tables)})

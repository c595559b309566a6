"""spaCy reads a layer from a corpus folder, a dataset and Parquet, and is given what DocBin gives."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from spacy.tokens import DocBin
from spacy.util import registry

from samarkand import source, store
from samarkand.build import build
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import SamarkandError
from samarkand.formats import docbin
from samarkand.labels import Group, LabelSchema
from samarkand.models import docs
from samarkand.schema import DOCUMENTS, ENTITIES
from tests.corpora import LAYER, corpora

REPOSITORY = Path(__file__).parents[2]
SMALL = REPOSITORY / "tests" / "store" / "good"


def reader(*arguments, **options):
    return registry.readers.get("samarkand.Corpus.v1")(*arguments, **options)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reader") / "dataset"
    build(REPOSITORY, out)
    return out


def placed(spans) -> list[tuple]:
    """Spans by all that they say."""
    return sorted((s.start_char, s.end_char, s.label_, s.kb_id_, s.id_) for s in spans)


def said(doc) -> dict:
    """All of a layer that is on a Doc."""
    return {
        "text": doc.text,
        "ents": placed(doc.ents),
        "spans": {name: placed(group) for name, group in doc.spans.items()},
        "relations": doc._.relations,
        "stances": doc._.stances,
    }


def test_a_folder_a_dataset_and_parquet_give_the_same(dataset: Path) -> None:
    nlp = spacy.blank("en")
    corpus, name = source.read(REPOSITORY)
    wanted = [said(example.reference) for example in reader(REPOSITORY)(nlp)]
    assert [len(one["relations"]) for one in wanted] != [0] * len(wanted)
    for path, layer in (
        (dataset, ""),
        (dataset, name),
        (dataset / "articles", ""),
        (dataset / "layers", name),
    ):
        assert [said(example.reference) for example in reader(path, layer)(nlp)] == wanted
    some = [said(example.reference) for example in reader(dataset / "articles/test.parquet")(nlp)]
    assert some == [said(e.reference) for e in reader(REPOSITORY, split="test")(nlp)]
    assert 0 < len(some) < len(wanted)
    assert source.read(dataset)[0].layers[name].entities.equals(corpus.layers[name].entities)


def test_the_reference_is_annotated_and_the_prediction_is_not() -> None:
    for example in reader(SMALL)(spacy.blank("en")):
        assert not example.predicted.ents
        assert not example.predicted.has_annotation("ENT_IOB")
        assert example.reference.has_annotation("ENT_IOB")
        assert [token.text for token in example.predicted] == [t.text for t in example.reference]


@settings(deadline=None, max_examples=100)
@given(corpora())
def test_it_is_what_our_docbin_holds(corpus: Corpus) -> None:
    """The same Docs two ways: written as DocBin and unpacked by spaCy, and made from columns."""
    nlp = spacy.blank("en")
    kept = docbin.narrow(corpus, LAYER)
    unpacked = [
        doc
        for _, data in sorted(docbin.write(corpus, LAYER).items())
        for doc in DocBin().from_bytes(data).get_docs(nlp.vocab)
    ]
    _, made, fit = docs.made(kept, LAYER, nlp, graph=False)
    assert sorted(doc.text for doc in unpacked) == sorted(doc.text for doc in made)
    for row, doc in enumerate(made):
        others = [other for other in unpacked if other.text == doc.text]
        if len(others) == 1 and not (fit.inexact | fit.lost)[fit.doc == row].any():
            (other,) = others
            assert placed(doc.ents) == placed(other.ents)
            for name in {*doc.spans, *other.spans}:
                assert placed(doc.spans.get(name, ())) == placed(other.spans.get(name, ()))


def small(*spans: tuple[int, int, str], text: str = "EU-backed Tbilisi talks") -> Corpus:
    rows = [
        {"doc": "a", "id": f"T{n}", "begin": b, "end": e, "text": text[b:e], "label": label}
        for n, (b, e, label) in enumerate(spans, 1)
    ]
    groups = (Group("ents", ("ORG", "GPE"), True), Group("domain", ("MEETING",)))
    documents = table(DOCUMENTS, [{"doc": "a", "text": text}])
    layer = Layer("hand/a", table(ENTITIES, rows))
    return Corpus(documents, LabelSchema(groups=groups), layers={"hand/a": layer})


def test_what_does_not_fit_is_widened_or_left_out_and_counted(tmp_path: Path) -> None:
    text = "against ISIL in camps"
    corpus = small((5, 12, "ORG"), (12, 13, "GPE"), (16, 20, "MEETING"), text=text)
    store.write(corpus, tmp_path)
    with pytest.warns(UserWarning) as caught:
        (example,) = reader(tmp_path)(spacy.blank("en"))
    assert [str(warning.message) for warning in caught] == [
        "hand/a: of 3 entities 2 widened to whole tokens, 1 without a token left out; "
        "`samarkand align hand/a` lists them"
    ]
    assert [(e.text, e.label_, e.id_) for e in example.reference.ents] == [
        ("against ISIL", "ORG", "T1")
    ]
    assert [s.text for s in example.reference.spans["domain"]] == ["camps"]


def test_nothing_is_warned_of_where_all_fits() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(reader(REPOSITORY, split="test")(spacy.blank("en")))


def test_overlaps_in_the_entities_stand_beside_them() -> None:
    corpus = small((0, 9, "ORG"), (10, 17, "GPE"), (10, 23, "MEETING"), (10, 23, "ORG"))
    _, (doc,), fit = docs.made(corpus, "hand/a", spacy.blank("en"))
    assert [e.text for e in doc.ents] == ["EU-backed", "Tbilisi talks"]
    assert {name: [s.text for s in group] for name, group in doc.spans.items()} == {
        "ents": ["Tbilisi"],
        "domain": ["Tbilisi talks"],
    }
    assert fit.overlapped.tolist().count(True) == 1
    _, (doc,), _ = docs.made(corpus, "hand/a", spacy.blank("en"), ents="domain")
    assert [e.text for e in doc.ents] == ["Tbilisi talks"]
    assert [s.text for s in doc.spans["ents"]] == ["EU-backed", "Tbilisi", "Tbilisi talks"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "x"}, "there is no layer 'x'; layers: hand/a"),
        ({"split": "dev"}, "there is no document of split 'dev'; splits: train"),
        ({"docs": ["zz"]}, "there is no document 'zz' in the corpus"),
    ],
)
def test_what_is_not_there_is_said(options: dict, message: str) -> None:
    with pytest.raises(SamarkandError) as caught:
        reader(SMALL, **options)
    assert str(caught.value).endswith(message)


def test_what_is_no_source_is_said(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    for path, message in (
        (
            dataset / "ner",
            "is Parquet of neither `articles` nor `layers`; use one of these configurations",
        ),
        (tmp_path / "no", "is no corpus folder, no built dataset and no Parquet of one"),
        (tmp_path / "broken.parquet", "is no Parquet: "),
    ):
        with pytest.raises(SamarkandError) as caught:
            reader(path)
        assert message in str(caught.value)


def test_spacy_finds_the_reader_by_its_entry_point() -> None:
    script = "from spacy.util import registry; print(registry.readers.get('samarkand.Corpus.v1'))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "function corpus" in done.stdout

"""Each span that tokens cannot say is named, with what would mend it."""

import json

import spacy
from spacy.symbols import ORTH
from typer.testing import CliRunner

from samarkand import store
from samarkand.align import align, text
from samarkand.cli import app
from samarkand.corpus import Corpus, Layer, table
from samarkand.labels import Group, LabelSchema
from samarkand.schema import DOCUMENTS, ENTITIES

TEXT = "Saint-Petersburgbased envoys met"
SPANS_OF = [(0, 16, "GPE"), (6, 21, "GPE"), (22, 28, "ORG"), (28, 29, "ORG"), (22, 32, "MEETING")]


def corpus() -> Corpus:
    rows = [
        {"doc": "a", "id": f"T{n}", "begin": b, "end": e, "text": TEXT[b:e], "label": label}
        for n, (b, e, label) in enumerate(SPANS_OF, 1)
    ]
    rows[4]["fragments"] = [
        {"begin": 22, "end": 28, "text": "envoys"},
        {"begin": 29, "end": 32, "text": "met"},
    ]
    groups = (Group("ents", ("ORG", "GPE"), True), Group("domain", ("MEETING",)))
    documents = table(DOCUMENTS, [{"doc": "a", "text": TEXT}])
    layer = Layer("hand/a", table(ENTITIES, rows))
    return Corpus(documents, LabelSchema(groups=groups), layers={"hand/a": layer})


def test_each_misfit_is_told_with_what_mends_it() -> None:
    found = align(corpus(), "hand/a", spacy.blank("en"))
    assert text(found).splitlines() == [
        "a:0-16: T1 GPE 'Saint-Petersburg' ends within the token 'Petersburgbased'; annotate "
        "'Saint-Petersburgbased', or split 'Petersburg' + 'based' (nlp.tokenizer.add_special_case)",
        "a:6-21: T2 GPE 'Petersburgbased' shares a token with a longer one of its group; "
        "annotate one of them",
        "a:22-32: T5 MEETING 'envoys met' is discontinuous; annotate its parts, or one span over "
        "all of them",
        "a:28-29: T4 ORG ' ' has no token; is it white space, or of no length?",
        "hand/a ents: tokens can say 1 of 4 entities; recall is 0.2500 at most",
        "hand/a domain: tokens can say 0 of 1 entity; recall is 0.0000 at most",
    ]


def test_the_fix_mends_it() -> None:
    nlp = spacy.blank("en")
    word = "Saint-Petersburgbased"
    nlp.tokenizer.add_special_case(
        word, [{ORTH: "Saint"}, {ORTH: "-"}, {ORTH: "Petersburg"}, {ORTH: "based"}]
    )
    found = align(corpus(), "hand/a", nlp)
    assert "T1" not in [misfit.id for misfit in found.misfits]


def test_the_command(tmp_path) -> None:
    store.write(corpus(), tmp_path)
    done = CliRunner().invoke(app, ["align", "--root", str(tmp_path), "--format", "json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert [each["recall"] for each in said["ceilings"]] == [0.25, 0.0]
    assert len(said["misfits"]) == 4
    done = CliRunner().invoke(app, ["align", "--root", str(tmp_path), "--model", "no_such_model"])
    assert done.exit_code == 1
    assert "no_such_model: is no pipeline that spaCy can load: " in done.stderr

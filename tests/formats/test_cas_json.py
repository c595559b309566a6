"""UIMA CAS as JSON: the malformed cases, the exact file, and real ones."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from samarkand import files
from samarkand.corpus import Corpus
from samarkand.errors import FormatError
from samarkand.formats import cas_json, cas_xmi
from tests.corpora import corpora
from tests.formats.cases_of_cas import LAYER, corpus
from tests.formats.test_cas_xmi import as_json
from tests.real import REAL, needs_real

HERE = Path(__file__).parent / "cas_json"
BAD, GOOD = HERE / "bad", HERE / "good"


def tree(folder: Path) -> dict[str, bytes]:
    return files.tree(folder, cas_json.SUFFIXES)


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        cas_json.read(tree(BAD / case), LAYER)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


def test_fifty_megabytes_in_one_line_are_refused() -> None:
    data = b'{"%TYPES":{},"%VIEWS":{},"%FEATURE_STRUCTURES":[{"sofaString":"' + b"x" * 50_000_000
    with pytest.raises(FormatError) as caught:
        cas_json.read({"a.json": data + b'"}]}'}, LAYER)
    wanted = "a.json: 'sofaString' holds 50,000,000 characters; it may hold 10,000,000"
    assert str(caught.value) == wanted


@pytest.mark.parametrize("start", [b"[", b'{"a":'])
def test_what_is_nested_without_end_is_refused(start: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        cas_json.read({"a.json": start * 200_000}, LAYER)
    assert str(caught.value) == "a.json: not JSON that a CAS can be: nested too deeply"


def test_a_small_corpus_gives_exactly_these_files() -> None:
    written = cas_json.write(corpus(), LAYER)
    assert written == files.tree(GOOD / "written", ("",))
    reading = cas_json.read(tree(GOOD / "written"), LAYER)
    assert (reading.corpus, reading.unread, reading.notes) == (corpus(), {}, ())


def test_what_inception_exports_gives_the_expected_tables() -> None:
    reading = cas_json.read(tree(GOOD / "inception"), LAYER)
    assert as_json(reading) == json.loads((HERE.parent / "cas_expected.json").read_text())


@settings(max_examples=60)
@given(corpus=corpora())
def test_json_and_xmi_of_a_corpus_say_the_same(corpus: Corpus) -> None:
    as_xmi = cas_xmi.read(cas_xmi.write(corpus, LAYER), LAYER)
    assert cas_json.read(cas_json.write(corpus, LAYER), LAYER) == as_xmi


def said() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cas_json.write(corpus(), LAYER)["d.json"])
    return found


def test_feature_structures_may_be_an_object_by_id() -> None:
    cas = said()
    structures = cas["%FEATURE_STRUCTURES"]
    cas["%FEATURE_STRUCTURES"] = {str(each.pop("%ID")): each for each in structures}
    assert cas_json.read({"d.json": json.dumps(cas).encode()}, LAYER).corpus == corpus()


def test_a_second_view_is_counted() -> None:
    cas = said()
    kind = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"
    cas["%FEATURE_STRUCTURES"] += [
        {"%ID": 90, "%TYPE": "uima.cas.Sofa", "sofaNum": 2, "sofaID": "b", "sofaString": "other"},
        {"%ID": 91, "%TYPE": kind, "@sofa": 90, "begin": 0, "end": 5},
    ]
    cas["%VIEWS"]["b"] = {"%SOFA": 90, "%MEMBERS": [91]}
    reading = cas_json.read({"d.json": json.dumps(cas).encode()}, LAYER)
    assert reading.corpus == corpus()
    assert reading.unread == {"annotation of another view": 1, "view beside the first": 1}


def test_control_characters_stand_in_the_text_itself() -> None:
    odd = corpus(text="a\x0b\x00\uffff")
    written = cas_json.write(odd, LAYER)
    assert '"sofaString": "a\\u000b\\u0000\uffff"' in written["d.json"].decode()
    assert b"controls" not in written["d.json"].rpartition(b"%FEATURE_STRUCTURES")[2]
    reading = cas_json.read(written, LAYER)
    assert reading.corpus.documents["text"].equals(odd.documents["text"])


#: Files of dkpro-cassis: length of the text, and what is said of the spans.
CASSIS = {
    "one-way/casWithBadSofaFsOrder": (16, []),
    "one-way/tsv3-testSimpleSlotFeature": (16, ["This", "is", "a"]),
    "ser-ref/casExtendingDocumentAnnotation": (16, []),
    "ser-ref/casWithEmojiUnicodeTextAndAnnotations": (
        32,
        ["🥳", "This", "👳🏻\u200d♀️", "is", "✆", "a", "🧔🏾\u200d♂️", "test", "👻"],
    ),
    "ser-ref/casWithLeftToRightTextAndAnnotations": (10, ["هذا", "اختبار"]),
    "ser-ref/casWithText": (15, []),
    "ser-ref/casWithTextAndAnnotations": (14, ["This", "is", "a", "test"]),
    "ser-ref/casWithTraditionalChineseTextAndAnnotations": (6, ["這", "是", "一個", "測試"]),
    "ser-ref/emptyCas": (0, []),
}


@needs_real
@pytest.mark.parametrize("name", CASSIS)
def test_files_of_dkpro_cassis(name: str) -> None:
    assert REAL is not None
    folder = REAL / "cassis" / "test_files" / "json" / "fs_as_array" / name
    reading = cas_json.read({"a.json": (folder / "data.json").read_bytes()}, LAYER)
    length, texts = CASSIS[name]
    assert len(reading.corpus.documents["text"][0].as_py()) == length
    assert reading.corpus.layers[LAYER].entities["text"].to_pylist() == texts
    again = cas_json.read(cas_json.write(reading.corpus, LAYER), LAYER)
    assert (again.corpus, again.unread) == (reading.corpus, {})
    as_xmi, types = folder / "debug.xmi", folder / "debug-typesystem.xml"
    if as_xmi.is_file() and "sofaString" in as_xmi.read_text():
        pair = {"a.xmi": as_xmi.read_bytes(), "TypeSystem.xml": types.read_bytes()}
        twin = cas_xmi.read(pair, LAYER)
        assert (twin.corpus, twin.unread) == (reading.corpus, reading.unread)


#: Files of dkpro-cassis that have no text in them, or one id twice, and the first thing said.
REFUSED = {
    "casWithSofaDataArray": "its text is not in the file, but in 'sofaArray'; write a sofaString",
    "casWithSofaDataURI": "its text is not in the file, but in "
    "'classpath:/ProgrammaticallyCreatedCasDataSuite/document.txt'; write a sofaString",
    "casWithoutTextButWithAnnotations": "Annotation 2: end 4 is outside the text of 0 UTF-16 "
    "code units",
    "casWithFloatingPointSpecialValues": "id 1 stands on another place already",
}


@needs_real
@pytest.mark.parametrize("name", REFUSED)
def test_files_without_a_text_are_refused(name: str) -> None:
    assert REAL is not None
    folder = REAL / "cassis" / "test_files" / "json" / "fs_as_array" / "ser-ref" / name
    with pytest.raises(FormatError) as caught, warnings.catch_warnings():
        warnings.simplefilter("error")
        cas_json.read({"a.json": (folder / "data.json").read_bytes()}, LAYER)
    assert caught.value.problems[0].message == REFUSED[name]

"""UIMA CAS as XMI: the malformed cases, the exact files, what XML cannot hold, and real ones."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from samarkand import files
from samarkand.errors import FormatError, SamarkandError
from samarkand.formats import cas_xmi
from samarkand.formats.base import Reading
from samarkand.losses import losses
from tests.formats.cases_of_cas import LAYER, corpus
from tests.real import REAL, needs_real

HERE = Path(__file__).parent / "cas_xmi"
BAD, GOOD = HERE / "bad", HERE / "good"


def tree(folder: Path) -> dict[str, bytes]:
    return files.tree(folder, cas_xmi.SUFFIXES)


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        cas_xmi.read(tree(BAD / case), LAYER)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


def test_fifty_megabytes_in_one_line_are_refused() -> None:
    written = cas_xmi.write(corpus(), LAYER)
    long = written["d.xmi"].replace(b'sofaString="', b'sofaString="' + b"x" * 50_000_000)
    with pytest.raises(FormatError) as caught:
        cas_xmi.read({**written, "d.xmi": long}, LAYER)
    wanted = "d.xmi:33: an element of 50,000,147 bytes; one has at most 10,000,000"
    assert str(caught.value) == wanted


def test_elements_within_elements_without_end_are_refused() -> None:
    with pytest.raises(FormatError) as caught:
        cas_xmi.read({"a.xmi": b"<a>" * 200_000}, LAYER)
    assert str(caught.value) == "a.xmi:1: elements more than 16 deep; a CAS has none such"


def test_a_small_corpus_gives_exactly_these_files() -> None:
    written = cas_xmi.write(corpus(), LAYER)
    assert written == files.tree(GOOD / "written", ("",))
    reading = cas_xmi.read(tree(GOOD / "written"), LAYER)
    assert (reading.corpus, reading.unread, reading.notes) == (corpus(), {}, ())


def test_what_inception_exports_gives_the_expected_tables() -> None:
    reading = cas_xmi.read(tree(GOOD / "inception"), LAYER)
    assert as_json(reading) == json.loads((HERE.parent / "cas_expected.json").read_text())
    again = cas_xmi.read(cas_xmi.write(reading.corpus, LAYER), LAYER)
    assert (again.corpus, again.unread) == (reading.corpus, {})


def as_json(reading: Reading) -> dict[str, object]:
    """A reading as JSON, without what is null or empty."""
    kept = reading.corpus.layers[LAYER]
    tables = {"documents": reading.corpus.documents, "entities": kept.entities}
    tables |= {"relations": kept.relations, "stances": kept.stances}
    rows = {
        name: [{k: v for k, v in row.items() if v not in (None, [])} for row in table.to_pylist()]
        for name, table in tables.items()
    }
    return {**rows, "unread": dict(reading.unread)}


def test_without_a_type_system_the_types_are_dkpros_and_ours() -> None:
    written = dict(cas_xmi.write(corpus(), LAYER))
    del written["TypeSystem.xml"]
    plain = written["d.xmi"].replace(b' mention="name"', b"")
    reading = cas_xmi.read({"d.xmi": plain}, LAYER)
    assert reading.notes == (
        "XMI without a TypeSystem.xml: its types are taken to be those of DKPro Core",
    )
    (change,) = losses(corpus(), reading.corpus, LAYER)
    assert (change.table, change.column) == ("entities", "attributes")


def test_the_nearest_type_system_counts() -> None:
    types, document = (cas_xmi.write(corpus(), LAYER)[name] for name in ("TypeSystem.xml", "d.xmi"))
    far = {"TypeSystem.xml": b"<wrong/>", "x/typesystem.xml": types, "x/y/d.xmi": document}
    assert cas_xmi.read(far, LAYER).corpus == corpus()
    named = {"debugTypeSystem.xml": types, "d.xmi": document}
    assert cas_xmi.read(named, LAYER).corpus == corpus()


@pytest.mark.parametrize(
    "text", ["a\x0bb", "\x00", "👋\x01 \x1f.", "x\ufffe\uffff y", "\x7f\x9f\x85"]
)
def test_characters_that_xml_cannot_hold_come_back(text: str) -> None:
    odd = corpus(text=text + corpus().documents["text"][0].as_py(), title=text, event=text)
    narrowed = cas_xmi.narrow(odd, LAYER)
    written = cas_xmi.write(odd, LAYER)
    assert cas_xmi.read(written, LAYER).corpus == narrowed
    assert narrowed.documents["text"].equals(odd.documents["text"])
    assert narrowed.documents["title"].equals(odd.documents["title"])
    assert not set(written["d.xmi"].decode()) & set("\x00\x01\x0b\x1f\ufffe\uffff")


def test_line_ends_and_tabs_are_references_which_no_reader_makes_spaces_of() -> None:
    assert b"Putin.&#13;&#10;He backed&#9;" in cas_xmi.write(corpus(), LAYER)["d.xmi"]


def test_a_control_character_is_put_back_only_where_its_space_still_is() -> None:
    written = cas_xmi.write(corpus(text="a\x0bb"), LAYER)
    edited = written["d.xmi"].replace(b'sofaString="a b"', b'sofaString="a-b"')
    reading = cas_xmi.read({**written, "d.xmi": edited}, LAYER)
    assert reading.corpus.documents["text"].to_pylist() == ["a-b"]
    assert reading.unread["control character whose place is gone"] == 1


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cassis", None)
    with pytest.raises(SamarkandError) as caught:
        cas_xmi.read({"a.xmi": b"<a/>", "TypeSystem.xml": b"<types/>"}, LAYER)
    assert "pip install 'samarkand[cas]'" in str(caught.value)


def test_a_second_view_is_counted() -> None:
    written = cas_xmi.write(corpus(), LAYER)
    more = (
        b'<cas:Sofa xmi:id="90" sofaNum="2" sofaID="other" sofaString="other"/>'
        b'<type0:Token xmi:id="91" sofa="90" begin="0" end="5"/>'
        b'<cas:View sofa="90" members="91"/></xmi:XMI>'
    )
    both = written["d.xmi"].replace(b"</xmi:XMI>", more)
    reading = cas_xmi.read({**written, "d.xmi": both}, LAYER)
    assert reading.corpus == corpus()
    assert reading.unread == {"annotation of another view": 1, "view beside the first": 1}


#: Files of dkpro-cassis and the type system of each: entities, what is not read, labels.
CASSIS = {
    ("small_cas", "small_typesystem"): (13, {}, {"Sentence": 2, "NN": 2, "VBD": 2}),
    ("cas_with_smileys", "important_dkpro_types"): (5, {}, {"OTH": 5}),
    ("cas_with_inheritance", "typesystem_with_inheritance"): (5, {}, {"Child": 1}),
    ("cas_with_references", "webanno_types"): (
        3,
        {"SemArgLink": 2, "SemPred.arguments": 1},
        {"SemArg": 2},
    ),
    ("cas_with_two_sofas", "small_typesystem"): (
        0,
        {"annotation of another view": 1, "view beside the first": 1},
        {},
    ),
    ("cas_has_fs_with_no_namespace", "typesystem_has_types_with_no_namespace"): (
        1,
        {},
        {"TypeWithNoNameSpace": 1},
    ),
}


@needs_real
@pytest.mark.parametrize(("name", "types"), CASSIS)
def test_files_of_dkpro_cassis(name: str, types: str) -> None:
    assert REAL is not None
    folder = REAL / "cassis" / "test_files"
    entities, unread, labels = CASSIS[name, types]
    given = {
        "a.xmi": (folder / "xmi" / f"{name}.xmi").read_bytes(),
        "TypeSystem.xml": (folder / "typesystems" / f"{types}.xml").read_bytes(),
    }
    reading = cas_xmi.read(given, LAYER)
    found = reading.corpus.layers[LAYER].entities
    assert (len(found), reading.unread) == (entities, unread)
    assert labels.items() <= Counter(found["label"].to_pylist()).items()
    again = cas_xmi.read(cas_xmi.write(reading.corpus, LAYER), LAYER)
    assert (again.corpus, again.unread) == (reading.corpus, {})


@needs_real
def test_offsets_of_smileys_are_code_points() -> None:
    """Its text has characters of two UTF-16 units before every entity."""
    assert REAL is not None
    folder = REAL / "cassis" / "test_files"
    given = {
        "a.xmi": (folder / "xmi" / "cas_with_smileys.xmi").read_bytes(),
        "TypeSystem.xml": (folder / "typesystems" / "important_dkpro_types.xml").read_bytes(),
    }
    reading = cas_xmi.read(given, LAYER)
    assert reading.corpus.documents["doc"].to_pylist() == ["huggingface"]
    found = reading.corpus.layers[LAYER].entities.to_pylist()
    assert [(row["begin"], row["end"], row["text"]) for row in found] == SMILEYS


SMILEYS = [
    (2, 14, "Transformers"),
    (284, 296, "Transformers"),
    (613, 625, "Transformers"),
    (685, 692, "PyTorch"),
    (697, 707, "TensorFlow"),
]


@needs_real
def test_inceptions_suite_reads_and_survives() -> None:
    """All 73 of its files; the type system lacks two features that some of them have."""
    import cassis

    assert REAL is not None
    path = REAL / "cassis" / "test_files" / "typesystems" / "webanno_types.xml"
    types = cassis.load_typesystem(path)
    for kind, feature in (
        ("de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token", "order"),
        ("webanno.custom.ComplexRelation", "intValue"),
    ):
        types.create_feature(types.get_type(kind), feature, "uima.cas.Integer")
    system = types.to_xml().encode()
    counts: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    for source in sorted((REAL / "inception").rglob("*.xmi")):
        reading = cas_xmi.read({"a.xmi": source.read_bytes(), "TypeSystem.xml": system}, LAYER)
        kept = reading.corpus.layers[LAYER]
        counts += Counter(files=1, entities=len(kept.entities), relations=len(kept.relations))
        unread += Counter(reading.unread)
        again = cas_xmi.read(cas_xmi.write(reading.corpus, LAYER), LAYER)
        assert (again.corpus, again.unread) == (reading.corpus, {}), source
    assert counts == INCEPTION
    assert unread == INCEPTION_UNREAD


INCEPTION = {"files": 73, "entities": 179, "relations": 12}
INCEPTION_UNREAD = {
    **{"ComplexLinkHost.links": 3, "ComplexLinkType": 6, "LinkType": 20, "SimpleChain": 5},
    **{"SimpleLink.next": 9, "SimpleLinkHost.links": 10},
    **{"Dependency": 1, "Lemma": 1, "MorphologicalFeatures": 1, "POS": 3, "POS_NOUN": 1, "Stem": 1},
    **{"NamedEntity of no text": 16, "SimpleLink of no text": 1, "SimpleLinkHost of no text": 1},
    **{"SimpleSpan of no text": 8},
    "ComplexRelation between what are no entities": 1,
    "Relation between what are no entities": 2,
}

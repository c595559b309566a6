"""A CAS edited in a tool: what the tool shows wins, and what lost its owner is counted."""

from typing import Any

import pytest

from samarkand import schema
from samarkand.corpus import Corpus, Layer, infer_labels, table
from samarkand.formats import cas_json, cas_xmi
from samarkand.formats.cas import writer as cas_write
from samarkand.formats.cas.types import decode, encode, feature_names
from tests.formats.cases_of_cas import LAYER, TEXT, corpus, span


def edited(*changes: tuple[str, str]) -> tuple[dict[str, list[dict[str, Any]]], dict[str, int]]:
    """The rows of each table after changes to the XMI, and what was not read."""
    written = cas_xmi.write(corpus(), LAYER)
    data = written["d.xmi"].decode()
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    reading = cas_xmi.read({**written, "d.xmi": data.encode()}, LAYER)
    kept = reading.corpus.layers[LAYER]
    return {name: kept.table(name).to_pylist() for name in schema.TABLES}, dict(reading.unread)


def add(structure: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The changes that put in one more structure, number 99."""
    before = '<cas:Sofa xmi:id="1"'
    said = structure.replace(" ", ' xmi:id="99" sofa="1" ', 1)
    line = f"<{said}/>\n  {before}"
    return (before, line), (' 30"/>', ' 30 99"/>')


def gone(id: int) -> tuple[tuple[str, str], ...]:
    """The changes that take a structure out of the view, as a tool that deletes it does."""
    return ((f" {id} ", " "),)


def test_a_new_label_actor_and_place_win_and_the_rest_stays() -> None:
    old = 'end="5" value="PERSON" identifier="xi-jinping"'
    rows, unread = edited((old, 'end="5" value="LEADER" identifier="xi"'))
    (first,) = (row for row in rows["entities"] if row["id"] == "T1")
    assert (first["label"], first["actor"], first["score"]) == ("LEADER", "xi", 0.5)
    assert not unread


def test_an_entity_that_was_moved_has_what_its_features_say_alone() -> None:
    rows, unread = edited(
        ('begin="10" end="15" value="PERSON"', 'begin="10" end="16" value="PERSON"')
    )
    moved = next(row for row in rows["entities"] if row["text"] == "Putin.")
    assert (moved["id"], moved["attributes"]) == ("T2", [])
    assert unread == {"SamarkandMention of an entity that is gone": 1}


def test_fragments_go_when_their_entity_is_moved_with_what_we_say_of_it() -> None:
    rows, unread = edited(('begin="6" end="20"', 'begin="6" end="16"'))
    moved = next(row for row in rows["entities"] if row["id"] == "T3")
    assert (moved["text"], moved["fragments"]) == ("met Putin.", None)
    assert unread == {"fragments of an entity that was moved": 1}


def test_a_fragment_that_was_moved_is_where_it_is_now() -> None:
    rows, _ = edited(('begin="6" end="9" owner', 'begin="6" end="8" owner'))
    assert next(row for row in rows["entities"] if row["id"] == "T3")["text"] == "me He"


def test_what_hangs_on_an_entity_that_was_deleted_is_counted() -> None:
    rows, unread = edited(*gone(16))
    assert [row["id"] for row in rows["entities"]] == ["T3", "T2"]
    assert not rows["relations"]
    assert not rows["stances"]
    assert unread == {
        "SamarkandMention of an entity that is gone": 1,
        "SamarkandRelation of an entity that is gone": 1,
        "SamarkandSpan of what is gone": 4,
        "SamarkandStance of an entity that is gone": 1,
    }


def test_the_object_of_a_relation_may_be_deleted() -> None:
    rows, unread = edited(*gone(17), *gone(20), *gone(24), *gone(25))
    assert rows["relations"][0]["object"] is None
    assert unread == {"object of a relation that is gone": 1}


def test_the_target_of_a_stance_may_be_deleted() -> None:
    rows, unread = edited(*gone(27))
    assert (rows["stances"][0]["target"], rows["stances"][0]["target_spans"]) == ("UNSPECIFIED", [])
    assert unread == {"target of a stance that is gone": 1}


@pytest.mark.parametrize(
    ("structure", "name", "id", "wanted"),
    [
        (
            'type1:NamedEntity begin="29" end="34" value="EVENT"',
            "entities",
            "T4",
            {"text": "talks"},
        ),
        (
            'custom:SamarkandRelation begin="3" end="5" Governor="18" Dependent="16" label="KNOWS"',
            "relations",
            "R2",
            {"head": "T2", "tail": "T1", "label": "KNOWS"},
        ),
        (
            'custom:SamarkandStance begin="29" end="34" holder="AUTHOR" polarity="-1"',
            "stances",
            "S2",
            {"holder": "AUTHOR", "target": "UNSPECIFIED", "polarity": -1, "cue": [span("talks")]},
        ),
    ],
)
def test_what_was_added_gets_the_next_id(
    structure: str, name: str, id: str, wanted: dict[str, Any]
) -> None:
    rows, unread = edited(*add(structure))
    (row,) = (row for row in rows[name] if row["id"] == id)
    assert wanted.items() <= row.items()
    assert not unread


def test_a_span_that_was_added_is_the_last_of_its_list() -> None:
    structure = 'custom:SamarkandSpan begin="3" end="5" owner="S1" role="cue"'
    rows, _ = edited(*add(structure))
    assert [each["text"] for each in rows["stances"][0]["cue"]] == ["backed", "Xi"]


def test_spans_without_a_role_or_text_and_of_nothing_are_counted() -> None:
    for structure, said in {
        'custom:SamarkandSpan begin="3" end="5"': "SamarkandSpan without a role or an owner",
        'custom:SamarkandSpan begin="3" end="3" owner="S1" role="cue"': "SamarkandSpan of no text",
        'custom:SamarkandSpan begin="3" end="5" owner="S9" role="cue"': "SamarkandSpan of what is gone",
    }.items():
        assert edited(*add(structure))[1] == {said: 1}


def test_an_attribute_changed_in_the_tool_wins() -> None:
    rows, _ = edited(('mention="name"', 'mention="title"'))
    entity = next(row for row in rows["entities"] if row["id"] == "T2")
    assert entity["attributes"] == [{"name": "mention", "value": "title"}]


def test_stacked_entities_keep_their_own_when_a_label_is_changed() -> None:
    stacked = [
        {"doc": "d", "id": f"T{n}", "label": label, **span("Xi"), "score": n / 10}
        for n, label in enumerate(["A", "B", "C"], 1)
    ]
    layer = Layer(LAYER, table(schema.ENTITIES, stacked))
    given = Corpus(corpus().documents, infer_labels([layer]), layers={LAYER: layer})
    written = cas_xmi.write(given, LAYER)
    data = written["d.xmi"].replace(b'value="A"', b'value="Z"')
    found = cas_xmi.read({**written, "d.xmi": data}, LAYER).corpus.layers[LAYER].entities
    assert {(row["label"], row["id"], row["score"]) for row in found.to_pylist()} == {
        ("Z", "T1", 0.1),
        ("B", "T2", 0.2),
        ("C", "T3", 0.3),
    }


def test_inceptions_own_title_names_the_document_when_ours_is_gone() -> None:
    """As FormatSupport.addOrUpdateDocumentMetadata of INCEpTION writes it."""
    written = cas_xmi.write(corpus(), LAYER)
    data = written["d.xmi"].decode()
    for old, new in (
        ('documentTitle="Xi met Putin" documentId="d"', 'documentTitle="d.xmi" documentId="ada"'),
        (' 30"/>', '"/>'),
    ):
        data = data.replace(old, new)
    named = data.replace('documentId="ada"', 'documentId="ada" documentUri="news/d.xmi"')
    types = written["TypeSystem.xml"].replace(
        b"<name>documentId</name>",
        b"<name>documentUri</name><description/><rangeTypeName>uima.cas.String</rangeTypeName>"
        b"</featureDescription><featureDescription><name>documentId</name>",
    )
    for text, doc, title in ((named, "d", None), (data, "ada", "d.xmi")):
        given = {"annotation/d.xmi/ada.xmi": text.encode(), "TypeSystem.xml": types}
        documents = cas_xmi.read(given, LAYER).corpus.documents
        assert documents.select(["doc", "title"]).to_pylist() == [{"doc": doc, "title": title}]


@pytest.mark.parametrize("form", [cas_xmi, cas_json])
def test_what_has_no_place_is_lost_and_the_loss_told(form: Any) -> None:
    """Spans outside the text, empty ones, unknown documents and entities; a text that was edited."""
    base = corpus().layers[LAYER]
    place = {"begin": 0, "end": 1, "text": "👋"}
    bad = [
        {"doc": "d", "id": "E1", "label": "X", "begin": 30, "end": 99, "text": "x"},
        {"doc": "d", "id": "E2", "label": "X", "begin": 3, "end": 3, "text": ""},
        {"doc": "x", "id": "E3", "label": "X", **place},
        {"doc": "d", "id": "E4", "label": "X", **place, "text": "was"},
        {
            "doc": "d",
            "id": "E5",
            "label": "X",
            **span("Xi"),
            "fragments": [span("met"), span("He")],
        },
    ]
    loose = [
        {"doc": "d", "id": "Q1", "label": "X", "head": "T1", "tail": "E1"},
        {"doc": "d", "id": "Q2", "label": "X", "head": "T1", "tail": "T2", "object": "E1"},
        {"doc": "d", "id": "Q3", "label": "X", "head": "T1", "tail": "T2",
         "evidence": [place, {"begin": 9, "end": 99, "text": "x"}]},
    ]  # fmt: skip
    held = [
        {"doc": "d", "id": "P1", "holder": "E1", "target": "UNSPECIFIED"},
        {"doc": "d", "id": "P2", "holder": "AUTHOR", "target": "P:peace", "source_chain": ["E9"]},
        {"doc": "d", "id": "P3", "holder": "AUTHOR", "target": "P:peace"},
        {"doc": "d", "id": "P4", "holder": "AUTHOR", "target": "SPAN"},
    ]
    tables = {"entities": bad, "relations": loose, "stances": held}
    both = {
        name: table(schema.TABLES[name], [*base.table(name).to_pylist(), *rows])
        for name, rows in tables.items()
    }
    documents = table(schema.DOCUMENTS, [{"doc": "d", "text": TEXT, "language": "x-unspecified"}])
    layer = Layer(LAYER, **both)
    given = Corpus(documents, infer_labels([layer]), layers={LAYER: layer})
    narrowed = form.narrow(given, LAYER)
    kept = narrowed.layers[LAYER]
    assert {row["id"]: row["text"] for row in kept.entities.to_pylist() if row["id"][0] == "E"} == {
        "E4": "👋",
        "E5": "Xi",
    }
    assert kept.entities["fragments"].null_count == len(kept.entities) - 1
    relations = {row["id"]: row for row in kept.relations.to_pylist()}
    assert set(relations) == {"R1", "Q2", "Q3"}
    assert (relations["Q2"]["object"], relations["Q3"]["evidence"]) == (None, [place])
    stances = {row["id"]: row["target"] for row in kept.stances.to_pylist()}
    assert stances == {"S1": "SPAN", "P3": "P:peace", "P4": "UNSPECIFIED"}
    assert narrowed.documents["language"].to_pylist() == [None]
    reading = form.read(form.write(given, LAYER), LAYER)
    assert (reading.corpus, reading.unread) == (narrowed, {})


def test_inception_can_make_layers_of_our_types() -> None:
    """What its TypeSystemAnalysis asks of a span layer and of a relation layer.

    A span layer inherits from Annotation and has features of primitive types alone; a relation
    layer has two others, Governor and Dependent, of one span type. Names are not those of
    WebAnnoConst.RESTRICTED_FEATURE_NAMES.
    """
    restricted = {
        *("address", "begin", "end", "coveredtext", "booleanvalue", "doublevalue", "bytevalue"),
        *("cas", "casimpl", "class", "featurevalue", "floatvalue", "longvalue", "lowlevelcas"),
        *("printrefs", "sofa", "stringvalue", "type", "typeindexid", "view"),
    }
    types = cas_write.type_system(corpus().layers[LAYER])
    for kind in types.get_types():
        if kind.name.startswith("webanno.custom."):
            assert kind.supertype.name == "uima.tcas.Annotation"
            others = {f.name: f.rangeType.name for f in kind.features}
            assert not {name.lower() for name in others} & restricted
            linked = {name: of for name, of in others.items() if of != "uima.cas.String"}
            entity = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
            ends = {"Governor": entity, "Dependent": entity}
            assert linked == (ends if kind.name.endswith("Relation") else {})


def test_inceptions_checks_find_nothing() -> None:
    """What its CasDoctor asks of a file that is imported, of what could be wrong in ours."""
    ((_, cas),) = cas_write.cases(corpus(), LAYER, in_xml=True)
    sentences = cas.select("Sentence")
    assert len(cas.select("uima.tcas.DocumentAnnotation")) == 1
    for fs in cas.select_all_fs():
        if fs.type.short_name == "DocumentMetaData":
            continue
        covered = fs.get_covered_text()
        assert covered
        assert covered == covered.strip()
        for offset in (fs.begin, fs.end):
            assert any(sentence.begin <= offset <= sentence.end for sentence in sentences)
    for relation in cas.select("SamarkandRelation"):
        dependent = relation.Dependent
        assert (relation.begin, relation.end) == (dependent.begin, dependent.end)


@pytest.mark.parametrize(
    "value", ["", "a", "a\x00b", "samarkand:", 'samarkand:"a"', "\ufffe", "😀\x1f"]
)
def test_any_string_can_be_a_feature(value: str) -> None:
    assert decode(encode(value)) == value
    assert not set(encode(value)) & set("\x00\x1f\ufffe")


def test_attributes_are_features_where_their_names_can_be() -> None:
    kind = "webanno.custom.SamarkandRelation"
    names = ["mention", "acts_as", "status", "class", "begin", "Type", "a b", "größe", "a__b", "x1"]
    assert feature_names(kind, names) == ("acts_as", "mention", "x1")


def test_attributes_of_any_name_come_back() -> None:
    names = [
        "class",
        "begin",
        "type",
        "a b",
        "größe",
        "attributes",
        "id",
        "value",
        "",
        "\x00",
        "sofa",
    ]
    attributes = [{"name": name, "value": "é\x01"} for name in sorted(names)]
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, [{"doc": "d", "id": "T1", "label": "", **span("Xi"),
                                 "attributes": attributes, "actor": "a b\x02"}]),
    )  # fmt: skip
    given = Corpus(corpus().documents, infer_labels([layer]), layers={LAYER: layer})
    for form in (cas_xmi, cas_json):
        assert form.read(form.write(given, LAYER), LAYER).corpus == given

"""File names that cannot be document ids: what becomes of them is said, in every format."""

import json
from pathlib import Path

import cassis
import pytest
import spacy
from spacy.tokens import DocBin

from samarkand import convert, store
from samarkand.corpus import Provenance
from samarkand.formats import READERS
from samarkand.import_ import import_
from samarkand.init import init

HERE = Path(__file__).parent
LAYER = "hand/a"


def cas() -> cassis.Cas:
    made = cassis.Cas()
    made.sofa_string = "Xi met."
    return made


def docbin() -> bytes:
    return DocBin(docs=[spacy.blank("en")("Xi met.")]).to_bytes()


#: A file of each format whose documents have no ids of their own.
NAMELESS = {
    "bioc": (".json", json.dumps({"documents": [{"id": "", "passages": [{"offset": 0, "text": "Xi met."}]}]}).encode()),
    "brat": (".txt", b"Xi met."),
    "cas-json": (".json", cas().to_json().encode()),
    "cas-xmi": (".xmi", cas().to_xmi().encode()),
    "conll": (".conll", b"Xi\tB-PER\nmet\tO\n\n"),
    "docbin": (".spacy", docbin()),
    "doccano": (".jsonl", b'{"text":"Xi met.","entities":[],"relations":[]}\n'),
    "gate": (".xml", (HERE / "gate/good/numbered-by-code-points/a.xml").read_bytes()),
    "labelstudio": (".json", b'[{"data":{"text":"Xi met."}}]'),
    "prodigy": (".jsonl", b'{"text":"Xi met."}\n'),
    "quotes": (".txt", b"Xi met."),
    "webanno": (".tsv", b"#FORMAT=WebAnno TSV 3.3\n\n\n#Text=Xi met.\n1-1\t0-2\tXi\t\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", sorted(NAMELESS))
def test_a_name_that_is_no_id_is_said(form: str) -> None:
    suffix, data = NAMELESS[form]
    reading = READERS[form].read({f"my (first) file{suffix}": data}, LAYER)
    (doc,) = reading.corpus.documents["doc"].to_pylist()
    assert doc in ("my-first-file", "my-first-file-1")
    assert (
        "'my (first) file' cannot be a document's id; it is called 'my-first-file'" in reading.notes
    )
    good = READERS[form].read({f"my-first-file{suffix}": data}, LAYER)
    assert good.corpus == reading.corpus
    assert not [note for note in good.notes if "cannot be" in note]


def test_a_folder_that_is_in_an_id_is_said() -> None:
    row = json.dumps({"_id": "no slug", "text": "Xi met."}).encode()
    folders = ("Press Office", "other")
    reading = READERS["re3d"].read({f"{name}/documents.json": row for name in folders}, LAYER)
    assert reading.corpus.documents["doc"].to_pylist() == [
        "Press-Office-documents-1",
        "other-documents-1",
    ]
    said = [note for note in reading.notes if "cannot be" in note]
    assert said == [
        "'Press Office/documents' cannot be a document's id; it is called 'Press-Office-documents'"
    ]


def test_formats_that_name_documents_by_their_files_are_all_tried() -> None:
    assert READERS.keys() - NAMELESS.keys() == {"jsonl", "re3d"}  # their files have names of ours


def test_convert_and_import_say_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a b", "c", "d'e"):
        (tmp_path / "in" / f"{name}.txt").write_text(name)
    notes = (
        "'a b' cannot be a document's id; it is called 'a-b'",
        "'d'e' cannot be a document's id; it is called 'd-e'",
    )
    said = convert.convert(tmp_path / "in", tmp_path / "out", "brat", "jsonl", size=1)
    assert said.notes == notes
    init(tmp_path / "root", "root")
    made = Provenance("hand", "ada", True, "2024-01-01")
    again = import_(tmp_path / "in", "brat", tmp_path / "root", LAYER, made)
    assert again.notes == notes
    assert store.read(tmp_path / "root").documents["doc"].to_pylist() == ["a-b", "c", "d-e"]

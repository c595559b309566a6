"""The layout in git: what is written is read back, and what is wrong is said exactly."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given

from samarkand import blocks, jsonl, lines, schema, store
from samarkand.corpus import About, Corpus, Provenance, table
from samarkand.errors import CorpusError, Problem, SamarkandError
from samarkand.jsonl import MAX_LINE
from tests.corpora import LAYER, corpora

HERE = Path(__file__).parent / "store"
BAD = sorted(path.name for path in (HERE / "bad").iterdir())


def overlay(case: str, root: Path) -> None:
    """The good corpus with the case's files over it, less what its DELETE names."""
    shutil.copytree(HERE / "good", root)
    folder = HERE / "bad" / case
    for path in sorted(folder.rglob("*")):
        target = root / path.relative_to(folder)
        if path.is_symlink():
            target.unlink(missing_ok=True)
            target.symlink_to(path.readlink())
        elif path.is_file() and path.name not in ("DELETE", "expected.txt"):
            target.write_bytes(path.read_bytes())
    if (folder / "DELETE").exists():
        for name in (folder / "DELETE").read_text().split():
            (root / name).unlink()


@pytest.mark.parametrize("case", BAD)
def test_a_malformed_corpus_gives_exactly_its_message(case: str, tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    overlay(case, root)
    with pytest.raises(CorpusError) as caught:
        store.read(root)
    said = str(caught.value).replace(f"{root}/", "") + "\n"
    assert said == (HERE / "bad" / case / "expected.txt").read_text()


def test_fifty_megabytes_in_one_line_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(HERE / "good", root)
    path = root / "annotations/hand/a/a.jsonl"
    path.write_bytes(b'{"entity":"' + b"x" * 50_000_000 + b'"}\n')
    with pytest.raises(CorpusError) as caught:
        store.read(root)
    assert str(caught.value) == (
        f"{path}:1: a line of 50,000,013 bytes; a line has at most {MAX_LINE:,}"
    )


def test_the_good_corpus_is_read_and_written_back_byte_for_byte(tmp_path: Path) -> None:
    corpus = store.read(HERE / "good")
    assert corpus.layers["hand/a"].entities["text"].to_pylist() == ["Xi", "Putin"]
    assert corpus.layers["hand/a"].provenance == Provenance("hand", "ada", True, "2024-01-01")
    shutil.copytree(HERE / "good", tmp_path / "copy")
    store.write(corpus, tmp_path / "copy")
    for path in (HERE / "good").rglob("*"):
        if path.is_file() and path.name != "articles.jsonl":  # which gets the text's hash
            copy = tmp_path / "copy" / path.relative_to(HERE / "good")
            assert copy.read_bytes() == path.read_bytes()


@given(corpus=corpora())
def test_what_was_written_is_read_back(
    corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("corpus")
    store.write(corpus, root)
    again = store.read(root, [LAYER])  # git keeps no empty folder, so an empty layer is named
    assert dict(again.layers) == dict(corpus.layers)
    assert again.documents.drop_columns(["sha256"]) == corpus.documents.drop_columns(["sha256"])
    assert (again.labels, again.about) == (corpus.labels, About())
    shutil.rmtree(root)


def test_an_unsafe_name_is_not_written(tmp_path: Path) -> None:
    corpus = store.read(HERE / "good")
    layer = corpus.layers["hand/a"]
    object.__setattr__(layer, "name", "../../out")
    with pytest.raises(SamarkandError, match=r"'\.\.' is not safe as a file name"):
        store.write_layer(layer, tmp_path / "corpus")
    assert not list(tmp_path.iterdir())


def test_a_text_that_starts_with_a_byte_order_mark_is_not_written(tmp_path: Path) -> None:
    documents = table(schema.DOCUMENTS, [{"doc": "a", "text": "\ufeffXi met."}])
    with pytest.raises(CorpusError) as caught:
        store.write(Corpus(documents), tmp_path / "root")
    assert str(caught.value) == (
        "document 'a': the text starts with U+FEFF, which a file has as its byte order mark; "
        "remove it from the text, and count offsets without it"
    )
    assert not (tmp_path / "root").exists()


@given(corpus=corpora())
def test_what_is_written_from_columns_is_what_is_written_from_lines(corpus: Corpus) -> None:
    layer = corpus.layers[LAYER]
    wanted: dict[str, bytes] = {}
    for name in schema.TABLES:
        table = layer.table(name)
        for doc, row in zip(table["doc"].to_pylist(), lines.from_table(name, table), strict=True):
            wanted[f"{doc}.jsonl"] = wanted.get(f"{doc}.jsonl", b"") + jsonl.encode([row])
    assert store.layer_files(layer) == wanted


@given(corpus=corpora())
def test_lines_become_the_table_that_they_come_from(corpus: Corpus) -> None:
    for name in schema.TABLES:
        table = corpus.layers[LAYER].table(name)
        rows = lines.from_table(name, table)
        assert lines.to_table(name, table["doc"].to_pylist(), rows).equals(table)


@given(corpus=corpora())
def test_the_quick_way_and_the_way_line_by_line_read_alike(corpus: Corpus) -> None:
    written = store.layer_files(corpus.layers[LAYER])
    files = [
        blocks.File(name, name.removesuffix(".jsonl"), data)
        for name, data in written.items()
        if name.endswith(".jsonl")
    ]
    problems: list[Problem] = []
    names = [attribute.name for attribute in corpus.labels.attributes]
    quick = blocks._quickly(files, names)
    assert quick is not None
    by_line = blocks._by_line(files, problems)
    assert (quick, problems) == (by_line, [])


def test_metadata_that_is_called_as_a_column_is_refused(tmp_path: Path) -> None:
    row = {"doc": "a", "text": "b", "metadata": [{"name": "title", "value": "c"}]}
    with pytest.raises(CorpusError) as caught:
        store.write(Corpus(table(schema.DOCUMENTS, [row])), tmp_path / "root")
    assert str(caught.value) == "metadata of 'a' is called 'title', as a column is"
    assert not (tmp_path / "root").exists()

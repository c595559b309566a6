"""Converting a source that is read in parts: the same result, the same losses, bounded memory."""

from pathlib import Path

import pytest

from samarkand import convert, files, parts
from samarkand.errors import SamarkandError
from samarkand.formats import FORMATS, JOINED, READERS
from samarkand.formats.base import DOCUMENTS, LINES

REPOSITORY = Path(__file__).parents[1]
LAYER = "hand/a"


def written(folder: Path, form: str) -> Path:
    """The corpus of this repository in that format."""
    convert.convert(REPOSITORY, folder, convert.REPOSITORY, form, LAYER, lossy=True)
    return folder


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_source_read_in_parts_says_the_same(form: str, tmp_path: Path) -> None:
    source = written(tmp_path / "source", form)
    sizes = files.sizes(source, READERS[form].SUFFIXES)
    found = parts.parts(source, READERS[form].SUFFIXES, READERS[form].PARTS, 40_000)
    whole = READERS[form].read(files.tree(source, READERS[form].SUFFIXES), LAYER)
    docs = []
    for part in found:
        content = parts.read(source, part, READERS[form].PARTS)
        reading = READERS[form].read(content, LAYER, part.first)
        docs += reading.corpus.documents["doc"].to_pylist()
        layer = reading.corpus.layers[LAYER].entities
        mine = whole.corpus.layers[LAYER].entities
        assert set(layer["id"].to_pylist()) <= set(mine["id"].to_pylist())
    assert sorted(docs) == whole.corpus.documents["doc"].to_pylist()
    if READERS[form].PARTS in (DOCUMENTS, LINES) and len(sizes) != 1:
        assert len(found) > 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_parts_are_converted_to_what_the_whole_is(jobs: int, tmp_path: Path) -> None:
    source = written(tmp_path / "source", "brat")
    said = convert.convert(source, tmp_path / "whole", "brat", "conll", lossy=True)
    again = convert.convert(
        source, tmp_path / "parts", "brat", "conll", lossy=True, jobs=jobs, size=50_000
    )
    assert str(again) == str(said)
    assert files.tree(tmp_path / "parts") == files.tree(tmp_path / "whole")


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_reads_what_was_written_in_parts(form: str, tmp_path: Path) -> None:
    source = written(tmp_path / "source", "jsonl")
    said = convert.convert(source, tmp_path / "out", "jsonl", form, lossy=True, size=200_000)
    assert len(parts.parts(source, (".jsonl",), LINES, 200_000)) > 2
    reading = convert.read(tmp_path / "out", form, LAYER)
    assert len(reading.corpus.documents) == said.documents == 24
    whole = convert.read(source, "jsonl", LAYER).corpus
    narrowed = FORMATS[form].narrow(whole, LAYER)
    assert reading.corpus.documents.equals(narrowed.documents)
    mine, wanted = (c.layers[LAYER].entities for c in (reading.corpus, narrowed))
    assert mine.equals(wanted)
    for path in JOINED.get(form, {}):  # belongs to all documents
        again = files.tree(tmp_path / "out")
        assert again[path] == FORMATS[form].write(whole, LAYER)[path]
        assert sum(other.endswith(path[path.rindex(".") :]) for other in again) == 1


def test_losses_are_refused_with_nothing_written(tmp_path: Path) -> None:
    source = written(tmp_path / "source", "brat")
    with pytest.raises(SamarkandError, match="nothing was written; --lossy"):
        convert.convert(source, tmp_path / "out", "brat", "conll", size=50_000)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_document_in_two_parts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    for name in ("a b.txt", "a-b.txt"):
        (tmp_path / "s" / name).write_text("text " * 100)
    with pytest.raises(SamarkandError) as caught:
        convert.convert(tmp_path / "s", tmp_path / "out", "brat", "quotes", size=100)
    assert str(caught.value) == (
        "document 'a-b' stands twice in the source; documents are told apart by their ids"
    )
    assert not (tmp_path / "out").exists()


def test_tasks_of_one_text_are_one_document_however_far_apart(tmp_path: Path) -> None:
    task = (
        '{"text":"Xi met Putin.","_input_hash":1,"spans":[{"start":%d,"end":%d,"label":"PER"}]}\n'
    )
    other = "".join(f'{{"text":"number {n}","_input_hash":{n}}}\n' for n in range(2, 50))
    (tmp_path / "news.jsonl").write_text(task % (0, 2) + other + task % (7, 12))
    said = convert.convert(
        tmp_path / "news.jsonl", tmp_path / "out", "prodigy", "jsonl", lossy=True, size=100
    )
    assert (said.documents, said.entities) == (49, 2)


def test_lines_and_items_are_cut_between_them(tmp_path: Path) -> None:
    lines = [f'{{"text": "é {number}"}}\n'.encode() for number in range(1000)]
    (tmp_path / "l.jsonl").write_bytes(b"".join(lines))
    found = parts.parts(tmp_path / "l.jsonl", (".jsonl",), LINES, 500)
    assert len(found) > 20
    read = [parts.read(tmp_path / "l.jsonl", part, LINES)["l.jsonl"] for part in found]
    assert b"".join(read) == b"".join(lines)
    for part, content in zip(found, read, strict=True):
        assert content.startswith(lines[part.first - 1])
    items = [f'{{"a": "x]}},\\"[ {number}"}}'.encode() for number in range(1000)]
    (tmp_path / "i.json").write_bytes(b"[\n" + b" ,\n".join(items) + b"]\n")
    found = parts.parts(tmp_path / "i.json", (".json",), "items", 500)
    read = [parts.read(tmp_path / "i.json", part, "items")["i.json"] for part in found]
    assert len(found) > 20
    assert [part.first for part in found][:2] == [1, 1 + read[0].count(b'"a"')]
    assert b"".join(content[1:-1] for content in read).count(b'"a"') == 1000
    for part, content in zip(found, read, strict=True):
        assert content[1:].startswith(items[part.first - 1])


def test_what_is_no_array_is_one_part(tmp_path: Path) -> None:
    (tmp_path / "i.json").write_bytes(b'{"a": [' + b"1," * 1000)
    assert parts.parts(tmp_path / "i.json", (".json",), "items", 10) == [parts.Part(("i.json",))]

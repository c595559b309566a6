"""CoNLL: malformed files, other people's schemes, our own files, other people's corpora."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from samarkand import files, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, conll
from samarkand.labels import Group, LabelSchema
from tests.corpora import LABELS, LAYER, corpora
from tests.real import REAL, needs_real

BAD = Path(__file__).parent / "conll" / "bad"


def read(*lines: str, path: str = "a.conll") -> base.Reading:
    """One file of those lines."""
    return conll.read({path: "".join(f"{line}\n" for line in lines).encode()}, "x")


def mentions(corpus: Corpus, layer: str = "x") -> list[tuple[str, str, str]]:
    """(document, covered text, label), in order."""
    rows = corpus.layers[layer].entities.select(["doc", "text", "label"]).to_pylist()
    return [tuple(row.values()) for row in rows]


def found(*lines: str) -> list[tuple[str, str]]:
    return [(text, label) for _, text, label in mentions(read(*lines).corpus)]


def corpus(text: str, rows: list[dict[str, Any]], groups: tuple[Group, ...] = ()) -> Corpus:
    """A document called a, and mentions given by begin, end and label."""
    entities = [
        {"doc": "a", "id": f"e{n}", "text": text[row["begin"] : row["end"]]} | row
        for n, row in enumerate(rows)
    ]
    layer = Layer("x", table(schema.ENTITIES, entities))
    return Corpus(
        base.documents([("a", text, None)]), LabelSchema(groups=groups), layers={"x": layer}
    )


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        conll.read(files.tree(BAD / case, conll.SUFFIXES), "x")
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


def test_a_file_without_line_ends_is_an_error_that_says_how_long_its_line_is() -> None:
    data = b"Xi\tB-PER\n" + b"word\tO " * (50 * 1024 * 1024 // 7)
    with pytest.raises(FormatError) as caught:
        conll.read({"a.conll": data}, "x")
    message = "a.conll:2: a line of 52,428,796 bytes; a line has at most 8,388,608"
    assert str(caught.value) == message


def test_no_files_are_an_empty_corpus() -> None:
    assert conll.read({}, "x") == base.Reading(conll.narrow(Corpus(layers={"x": Layer("x")}), "x"))


def test_conll_2003_is_read_by_its_last_column_and_says_what_it_left() -> None:
    reading = read(
        "-DOCSTART- -X- -X- O", "", "U.N. NNP B-NP B-ORG", "official NN I-NP O", "",
        "Ekeus NNP B-NP B-PER", "left VBD B-VP O",
    )  # fmt: skip
    assert reading.corpus.documents["text"].to_pylist() == ["U.N. official\nEkeus left"]
    assert mentions(reading.corpus) == [("a", "U.N.", "ORG"), ("a", "Ekeus", "PER")]
    assert reading.unread == {"value of a column between token and tag": 8}


def test_columns_of_nothing_but_tags_are_read_all_also_where_lines_end_in_a_tab() -> None:
    reading = read("the\tO\tB-PER\t", "King\tO\tI-PER\t", "of\tO\tI-PER\t", "Fez\tB-GPE\tI-PER\t")
    assert mentions(reading.corpus) == [("a", "the King of Fez", "PER"), ("a", "Fez", "GPE")]
    assert not reading.unread


def test_each_scheme_is_found_out_and_read() -> None:
    wanted = [("Xi Jinping", "PER"), ("Putin", "PER"), ("China", "GPE")]
    words = ["Xi", "Jinping", "Putin", "in", "China"]
    for tags in (
        ["I-PER", "I-PER", "B-PER", "O", "I-GPE"],
        ["B-PER", "I-PER", "B-PER", "O", "B-GPE"],
        ["B-PER", "E-PER", "S-PER", "O", "S-GPE"],
        ["B-PER", "L-PER", "U-PER", "O", "U-GPE"],
    ):
        reading = read(*(f"{word} {tag}" for word, tag in zip(words, tags, strict=True)))
        assert [row[1:] for row in mentions(reading.corpus)] == wanted, tags
        assert not reading.unread


def test_broken_tags_are_repaired_counted_and_placed() -> None:
    reading = read("Xi B-PER", "", "Jinping I-PER", "in O", "Fez I-GPE", "now B-DATE")
    assert [row[1:] for row in mentions(reading.corpus)] == [
        ("Xi", "PER"), ("Jinping", "PER"), ("Fez", "GPE"), ("now", "DATE"),
    ]  # fmt: skip
    kind = "broken IOB2 tag, repaired as conlleval does (first: a.conll:3)"
    assert reading.unread == {kind: 2}


def test_a_label_may_hold_hyphens() -> None:
    assert found("5\tB-Measure-Type", "ml\tI-Measure-Type") == [("5 ml", "Measure-Type")]


def test_a_hash_is_a_token_where_the_columns_say_so_and_a_comment_where_not() -> None:
    reading = read("# sent_id\t=\t1", "#\tO", "# tag\tB-X", "Xi\tB-PER")
    assert reading.corpus.documents["text"].to_pylist() == ["# # tag Xi"]
    assert reading.unread == {"comment line": 1}


def test_rows_without_a_token_go_and_are_counted() -> None:
    reading = read("\tO", "Xi\tB-PER", "", " \tO", "\tO", "left\tO", " ", "then\tO")
    assert reading.corpus.documents["text"].to_pylist() == ["Xi\nleft\nthen"]
    assert reading.unread == {"row without a token": 3}


def test_documents_are_numbered_and_a_file_s_name_or_folder_is_their_split() -> None:
    several = b"Xi O\n\n-DOCSTART- O\n\nin B-X\n\n-DOCSTART- O\n-DOCSTART- O\nFez I-X\n"
    reading = conll.read({"dev.tsv": several, "test/one.conll": b"a O\n"}, "x")
    rows = reading.corpus.documents.select(["doc", "text", "split"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("dev-0001", "Xi", "validation"), ("dev-0002", "in", "validation"),
        ("dev-0003", "", "validation"), ("dev-0004", "Fez", "validation"), ("one", "a", "test"),
    ]  # fmt: skip
    assert mentions(reading.corpus) == [("dev-0002", "in", "X"), ("dev-0004", "Fez", "X")]


def test_our_own_file_is_as_documented() -> None:
    text = " Xi met U.N. staff.\n\nDone,\tall  of it"
    groups = (Group("ents", ("PER", "ORG")), Group("domain", ("EVENT",)))
    given = corpus(
        text,
        [
            {"begin": 0, "end": 4, "label": "PER"},
            {"begin": 8, "end": 10, "label": "ORG"},  # inside a token
            {"begin": 8, "end": 18, "label": "EVENT"},
            {"begin": text.index("of"), "end": text.index("of") + 3, "label": "NEW"},
        ],
        groups,
    )
    assert conll.write(given, "x")["a.conll"].decode().split("\n") == [
        "-DOCSTART-\tcolumns=FORM,MISC,NER:domain,NER:other,NER:ents\tSpacesBefore=\\s",
        "",
        "Xi\t_\tO\tO\tB-PER",
        "met\t_\tO\tO\tO",
        "U.\tSpaceAfter=No\tB-EVENT\tO\tB-ORG",
        "N.\t_\tI-EVENT\tO\tO",
        "staff\tSpaceAfter=No\tI-EVENT\tO\tO",
        ".\tSpacesAfter=\\n\\n\tO\tO\tO",
        "",
        "Done\tSpaceAfter=No\tO\tO\tO",
        ",\tSpacesAfter=\\t\tO\tO\tO",
        "all\tSpacesAfter=\\s\\s\tO\tO\tO",
        "of\t_\tO\tB-NEW\tO",
        "it\tSpaceAfter=No\tO\tO\tO",
        "",
        "",
    ]
    again = conll.read(conll.write(given, "x"), "x").corpus
    assert again.labels.groups == (
        Group("ents", ("ORG", "PER"), flat=True),
        Group("domain", ("EVENT",), flat=True),
        Group("other", ("NEW",), flat=True),
    )
    assert again.layers["x"].entities["id"].to_pylist() == ["T1", "T2", "T3", "T4"]
    assert again.documents["text"].to_pylist() == [text]


def test_narrow_says_what_is_lost() -> None:
    text = "the King of Fez spoke"
    rows = [
        {"begin": 0, "end": 8, "label": "B"},
        {"begin": 4, "end": 15, "label": "A"},  # longer: stays
        {"begin": 12, "end": 21, "label": "B"},
        {"begin": 16, "end": 22, "label": "B"},  # outside the text
        {"begin": 3, "end": 4, "label": "A"},  # white space
        {"begin": 5, "end": 5, "label": "A"},  # empty
        {"begin": 0, "end": 3, "label": "two words"},
        {"begin": 15, "end": 21, "label": "C"},  # trimmed
    ]  # fmt: skip
    groups = (Group("ents", ("A", "B")), Group("more", ("C",)))
    kept = conll.narrow(corpus(text, rows, groups), "x").layers["x"].entities
    assert kept.select(["id", "begin", "end", "text", "label"]).to_pylist() == [
        {"id": "T1", "begin": 4, "end": 15, "text": "King of Fez", "label": "A"},
        {"id": "T2", "begin": 16, "end": 21, "text": "spoke", "label": "C"},
    ]


def test_a_mention_over_two_lines_stays_one() -> None:
    given = corpus("the White\nHouse. It", [{"begin": 4, "end": 15, "label": "FAC"}])
    lines = conll.write(given, "x")["a.conll"].decode().split("\n")[2:]
    assert [line.split("\t")[0] for line in lines] == [
        "the", "White", "House", ".", "", "It", "", "",
    ]  # fmt: skip
    assert mentions(conll.read(conll.write(given, "x"), "x").corpus) == [
        ("a", "White\nHouse", "FAC")
    ]


@given(data=st.data(), whole=corpora())
def test_the_laws_hold_with_groups(data: st.DataObject, whole: Corpus) -> None:
    names = st.sampled_from(["ents", "domain", "other", "with, comma=% and\tmore", "né"])
    where = {label: data.draw(st.none() | names) for label in LABELS}
    labels = {
        name: tuple(label for label in LABELS if where[label] == name)
        for name in sorted({name for name in where.values() if name})
    }
    groups = tuple(Group(name, members) for name, members in labels.items())
    given = Corpus(whole.documents, LabelSchema(groups=groups), layers=whole.layers)
    narrowed = conll.narrow(given, LAYER)
    written = conll.write(given, LAYER)
    reading = conll.read(written, LAYER)
    assert reading == base.Reading(narrowed)
    assert conll.narrow(narrowed, LAYER) == narrowed
    assert conll.write(reading.corpus, LAYER) == written


@given(corpora())
def test_another_reader_finds_a_token_first_and_a_tag_last(whole: Corpus) -> None:
    for data in conll.write(whole, LAYER).values():
        for line in data.decode().split("\n")[1:]:
            cells = line.split("\t")
            assert line == "" or (
                len(cells) == 3 and cells[0] and cells[2][:2] in {"O", "B-", "I-"}
            )


def test_files_of_many_blocks_come_back_in_order() -> None:
    rows = [(f"d{n:04}", f"Xi {n} left" if n % 7 else "", None) for n in range(1203)]
    entities = [
        {"doc": doc, "id": "T1", "begin": 0, "end": 2, "text": "Xi", "label": "PER"}
        for doc, text, _ in rows
        if text
    ]
    layer = Layer("x", table(schema.ENTITIES, entities))
    given = Corpus(base.documents(rows), layers={"x": layer})
    assert conll.read(conll.write(given, "x"), "x").corpus == conll.narrow(given, "x")


def survives(reading: base.Reading) -> Corpus:
    """Read, write and read again; what comes back."""
    written = conll.write(reading.corpus, "x")
    again = conll.read(written, "x")
    assert again == base.Reading(conll.narrow(reading.corpus, "x"))
    assert conll.write(again.corpus, "x") == written
    return again.corpus


@needs_real
def test_turku_ner_says_the_same_in_conll_and_in_brat() -> None:
    assert REAL is not None
    reading = conll.read(files.tree(REAL / "turku-ner" / "conll", conll.SUFFIXES), "x")
    assert not reading.unread
    splits = reading.corpus.documents["split"].to_pylist()
    assert Counter(splits) == {"train": 602, "validation": 76, "test": 76}
    said = mentions(reading.corpus)
    assert len(said) == 11448
    for split, folder in (("train", "train"), ("dev", "dev"), ("test", "test")):
        ours = Counter(
            (label, "".join(text.split())) for doc, text, label in said if doc.startswith(split)
        )
        standoff: Counter[tuple[str, str]] = Counter()
        for path in (REAL / "turku-ner" / "standoff" / folder).glob("*.ann"):
            text = path.with_suffix(".txt").read_text()
            for line in path.read_text().splitlines():
                if line.startswith("T"):
                    label, begin, end = line.split("\t")[1].split(" ")
                    standoff[label, "".join(text[int(begin) : int(end)].split())] += 1
        assert ours == standoff, split
    assert mentions(survives(reading)) == said


@needs_real
def test_wet_lab_is_read() -> None:
    assert REAL is not None
    reading = conll.read(files.tree(REAL / "wet-lab" / "conll", conll.SUFFIXES), "x")
    assert not reading.unread
    said = mentions(reading.corpus)
    assert (len(reading.corpus.documents), len(said)) == (123, 15904)
    assert Counter(label for *_, label in said)["Measure-Type"] == 329
    assert mentions(survives(reading)) == said


@needs_real
def test_the_broad_twitter_corpus_is_read() -> None:
    assert REAL is not None
    reading = conll.read(files.tree(REAL / "btc", (".conll",)), "x")
    assert reading.unread == {"row without a token": 7}
    said = mentions(reading.corpus)
    assert Counter(label for *_, label in said) == {"PER": 7928, "ORG": 4135, "LOC": 2822}
    texts = reading.corpus.documents["text"].to_pylist()
    assert sum(character > "\uffff" for text in texts for character in text) == 529
    assert mentions(survives(reading)) == said


@needs_real
def test_litbank_s_nested_mentions_are_read_and_narrowed() -> None:
    assert REAL is not None
    reading = conll.read(files.tree(REAL / "litbank" / "entities" / "tsv", conll.SUFFIXES), "x")
    assert not reading.unread
    assert (len(reading.corpus.documents), len(mentions(reading.corpus))) == (100, 13912)
    flat = survives(reading).layers["x"].entities
    assert len(flat) == 11769
    rows = flat.select(["doc", "begin", "end"]).to_pylist()
    assert all(a["doc"] != b["doc"] or a["end"] <= b["begin"] for a, b in pairwise(rows))

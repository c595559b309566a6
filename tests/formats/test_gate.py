"""GATE XML: malformed and good cases, what it refuses, and the Broad Twitter Corpus."""

import html
import json
from bisect import bisect
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from samarkand import convert, files
from samarkand.corpus import Corpus
from samarkand.errors import FormatError, SamarkandError
from samarkand.formats import conll, gate, jsonl
from samarkand.formats.gate import xml as gate_xml
from samarkand.jsonl import MAX_LINE
from tests.formats.test_jsonl import tables
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "gate"
BAD, GOOD = CASES / "bad", CASES / "good"


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        gate.read(files.tree(BAD / case, gate.SUFFIXES), "hand/a")
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str) -> None:
    reading = gate.read(files.tree(GOOD / case, gate.SUFFIXES), "hand/a")
    assert tables(reading) == json.loads((GOOD / case / "expected.json").read_text())


@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_what_is_read_converts_without_loss(case: str) -> None:
    corpus = gate.read(files.tree(GOOD / case, gate.SUFFIXES), "hand/a").corpus
    assert jsonl.read(jsonl.write(corpus, "hand/a"), "hand/a").corpus == corpus


def document(text: str = "Xi", feature: str = "x", type_: str = "Person") -> bytes:
    """A file with one annotation."""
    name = f"<Feature><Name>{feature}</Name><Value>y</Value></Feature>"
    annotation = f'<Annotation Id="1" Type="{type_}" StartNode="0" EndNode="1">{name}</Annotation>'
    return (
        f'<GateDocument version="3"><TextWithNodes><Node id="0"/>{text}<Node id="1"/>'
        f"</TextWithNodes><AnnotationSet>{annotation}</AnnotationSet></GateDocument>"
    ).encode()


def test_only_a_text_may_be_very_long() -> None:
    long = "x" * 50_000_000
    corpus = gate.read({"a.xml": document(long)}, "hand/a").corpus
    assert corpus.documents["text"].to_pylist() == [long]
    many = f"has 50,000,000 characters; only a text has more than {MAX_LINE:,}"
    for found, name in (
        (document(feature=long), "<Name>"),
        (document(type_=long), "Type of <Annotation>"),
    ):
        with pytest.raises(FormatError) as caught:
            gate.read({"a.xml": found}, "hand/a")
        assert str(caught.value) == f"a.xml:1: {name} {many}"


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_xml, "MAX_FILE", 100)
    with pytest.raises(FormatError) as caught:
        gate.read({"a.xml": b"x" * 101}, "hand/a")
    assert str(caught.value) == "a.xml: a file of 101 bytes; a document has at most 100"


def test_it_is_only_read() -> None:
    assert convert.reader("gate") is gate
    with pytest.raises(SamarkandError) as caught:
        convert.get("gate")
    assert str(caught.value).startswith("gate is only read; ")


PIECES = (
    *(
        "<",
        ">",
        "/",
        '"',
        "&amp;",
        "&#1;",
        "&#xd83d;",
        "]]>",
        "<![CDATA[",
        "<!--",
        "<?x?>",
        "é",
        "👋",
    ),
    *('<Node id="3"/>', "<Annotation/>", "<Feature/>", "<Name/>", "<Value/>", "<TextWithNodes/>"),
    *("<AnnotationSet>", "</AnnotationSet>", 'Id="1"', "0", "99", " ", "<!DOCTYPE x>", "\x00"),
)


@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(["every-kind-of-element", "relations"]))
    text = (GOOD / case / "a.xml").read_text("utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = begin + data.draw(st.integers(0, 12))
        text = text[:begin] + data.draw(st.sampled_from(["", *PIECES])) + text[end:]
    try:
        corpus = gate.read({"a.xml": text.encode()}, "hand/a").corpus
    except FormatError as error:
        assert all(problem.path == "a.xml" for problem in error.problems)
        return
    (whole,) = corpus.documents["text"].to_pylist()
    for row in corpus.layers["hand/a"].entities.to_pylist():
        assert whole[row["begin"] : row["end"]] == row["text"] != ""


#: The Broad Twitter Corpus's section E: what its hundred GATE files hold.
ENTITIES = {
    ("Key", "Hashtag"): 151,
    ("Key", "URL"): 68,
    ("Key", "UserID"): 24,
    ("crowdResults", "Location"): 447,
    ("crowdResults", "Organization"): 367,
    ("crowdResults", "Person"): 87,
    ("crowdResults", "Product"): 223,
    ("maxRecall", "Location"): 212,
    ("maxRecall", "Organization"): 259,
    ("maxRecall", "Person"): 35,
    ("merged", "Location"): 136,
    ("merged", "Organization"): 138,
    ("merged", "Person"): 23,
}
UNREAD = {
    "Sentence annotation": 177,
    "SpaceToken annotation": 3646,
    "Split annotation": 299,
    "Token annotation": 4576,
    "annotation of the original mark-up": 200,
}


@pytest.fixture(scope="module")
def twitter() -> Corpus:
    assert REAL is not None
    reading = gate.read(files.tree(REAL / "btc/e.gatexml", gate.SUFFIXES), "hand/a")
    assert (dict(reading.unread), reading.notes) == (UNREAD, ())
    return reading.corpus


def features(row: dict[str, Any]) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in row["attributes"]}


@needs_real
def test_every_annotation_of_the_twitter_corpus_is_read(twitter: Corpus) -> None:
    rows = twitter.layers["hand/a"].entities.to_pylist()
    assert len(twitter.documents) == 100
    assert Counter((features(row)["set"], row["label"]) for row in rows) == ENTITIES
    assert jsonl.read(jsonl.write(twitter, "hand/a"), "hand/a").corpus == twitter


@needs_real
def test_entities_cover_what_their_own_features_say(twitter: Corpus) -> None:
    for row in twitter.layers["hand/a"].entities.to_pylist():
        said = features(row)
        if row["label"] in ("Hashtag", "URL"):
            assert said["string"] == row["text"]
        if row["label"] == "UserID":  # its string has the @ before it, which it does not cover
            assert (said["string"], said["user"]) == (f"@{row['text']}", row["text"])
        if "length" in said:
            assert int(said["length"]) == len(row["text"])


#: What tags the CoNLL files have for GATE's types.
TAGS = {"Location": "LOC", "Organization": "ORG", "Person": "PER"}
Mention = tuple[int, int, str]  # begin and end, white space not counted, and tag


def packed(text: str) -> str:
    return "".join(text.split())


def tweets_of(corpus: Corpus) -> dict[str, set[Mention]]:
    """The tweets of the CoNLL file, a line each, without white space, and their mentions."""
    (text,) = corpus.documents["text"].to_pylist()
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    found: dict[str, set[Mention]] = {packed(line): set() for line in lines}
    for row in corpus.layers["hand/a"].entities.to_pylist():
        line = bisect(starts, row["begin"]) - 1
        begin = len(packed(lines[line][: row["begin"] - starts[line]]))
        mention = begin, begin + len(packed(row["text"])), row["label"]
        found[packed(lines[line])].add(mention)
    return found


def compared(mention: Mention, others: set[Mention]) -> str:
    """How the other side marks what is marked on this one."""
    begin, end, tag = mention
    over = [other for other in others if begin < other[1] and other[0] < end]
    if mention in others:
        return "the same"
    if not over:
        return "nothing"
    bounds = "same" if (begin, end) in [other[:2] for other in over] else "other"
    same = "same" if tag in [other[2] for other in over] else "other"
    return f"{bounds} bounds, {same} tag"


#: How the mentions of one side are marked on the other: 297 of the crowd's, 195 of the experts'.
CROWD = {
    "the same": 110,
    "other bounds, same tag": 54,
    "other bounds, other tag": 6,
    "same bounds, other tag": 2,
    "nothing": 125,
}
EXPERTS = {
    "the same": 110,
    "other bounds, same tag": 62,
    "other bounds, other tag": 4,
    "same bounds, other tag": 2,
    "nothing": 17,
}


@needs_real
def test_gate_and_conll_files_of_the_same_tweets(twitter: Corpus) -> None:
    """The texts agree; the annotations as far as crowd and experts do.

    In the GATE files, `merged` is what the crowd marked, put together; the CoNLL file has what the
    experts made of it. They took flight numbers (MH17) for no entity, and many a word that is none;
    they let hashtags begin with their # and cut user names behind their @. `&amp;` is escaped twice
    in the GATE files of five tweets.
    """
    assert REAL is not None
    data = (REAL / "btc/e.conll").read_bytes()
    others = tweets_of(conll.read({"e.conll": data}, "hand/a").corpus)
    texts = dict(
        zip(*(twitter.documents[name].to_pylist() for name in ("doc", "text")), strict=True)
    )
    assert len(others) == 200
    assert sum(packed(text) in others for text in texts.values()) == 95
    mine: dict[str, dict[Mention, str]] = {doc: {} for doc in texts}
    for row in twitter.layers["hand/a"].entities.to_pylist():
        if features(row)["set"] == "merged":
            begin = len(packed(html.unescape(texts[row["doc"]][: row["begin"]])))
            end = begin + len(packed(html.unescape(row["text"])))
            mine[row["doc"]][begin, end, TAGS[row["label"]]] = row["text"]
    theirs = {doc: others[packed(html.unescape(text))] for doc, text in texts.items()}
    for doc, text in texts.items():
        whole = packed(html.unescape(text))
        assert all(packed(said) == whole[b:e] for (b, e, _), said in mine[doc].items())
    crowd = [(compared(m, theirs[doc]), said) for doc in texts for m, said in mine[doc].items()]
    experts = [compared(m, set(mine[doc])) for doc in texts for m in theirs[doc]]
    assert Counter(how for how, _ in crowd) == CROWD
    assert Counter(experts) == EXPERTS
    flight = {"mh17", "mh370", "mh", "17"}
    assert sum(how == "nothing" and said.lower() in flight for how, said in crowd) == 71

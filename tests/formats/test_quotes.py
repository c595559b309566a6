"""Annotating by quotation: the malformed cases, and what a user writes."""

from pathlib import Path

import pytest

from samarkand import files
from samarkand.errors import FormatError
from samarkand.formats import quotes
from samarkand.jsonl import MAX_LINE

BAD = Path(__file__).parent / "quotes" / "bad"
TEXT = "Xi met Putin 👋. He, Xi, backed “talks” and the foreign and defence ministers.\r\n"


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str) -> None:
    with pytest.raises(FormatError) as caught:
        quotes.read(files.tree(BAD / case, (".jsonl", "a.txt")), "hand/a")
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


def test_fifty_megabytes_in_one_line_are_refused() -> None:
    line = b'{"entity":"' + b"x" * 50_000_000 + b'"}\n'
    with pytest.raises(FormatError) as caught:
        quotes.read({"a.txt": b"", "a.jsonl": line}, "hand/a")
    assert (
        str(caught.value)
        == f"a.jsonl:1: a line of 50,000,013 bytes; a line has at most {MAX_LINE:,}"
    )


def test_everything_that_a_line_can_quote_is_anchored() -> None:
    lines = """
{"entity":"T1","label":"PERSON","exact":"Xi","occurrence":2,"actor":"xi-jinping"}
{"entity":"T2","label":"PERSON","exact":"Xi","suffix":" met"}
{"entity":"T3","label":"ROLE","fragments":["foreign",{"exact":"ministers"}],"attributes":{"b":"2","a":"1"}}
{"entity":"T4","label":"X","exact":"utin","part":true,"score":0.5}
{"relation":"R1","label":"MEETS_WITH","head":"T2","tail":"T4","evidence":["met Putin"],"status":"ASSERTED"}
{"stance":"S1","holder":"T1","target":"SPAN","target_spans":["talks"],"polarity":2,"act":"SUPPORT","cue":["backed"],"source_chain":["AUTHOR"],"explicit":true}
"""
    reading = quotes.read({"a.txt": TEXT.encode(), "a.jsonl": lines.strip().encode()}, "hand/a")
    layer = reading.corpus.layers["hand/a"]
    found = {row["id"]: row for row in layer.entities.to_pylist()}
    assert [(row["id"], row["begin"]) for row in found.values()] == [
        ("T2", 0),
        ("T4", 8),
        ("T1", 20),
        ("T3", TEXT.index("foreign")),
    ]
    assert found["T3"]["text"] == "foreign ministers"
    assert [TEXT[f["begin"] : f["end"]] for f in found["T3"]["fragments"]] == [
        "foreign",
        "ministers",
    ]
    assert found["T3"]["attributes"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    (relation,), (stance,) = layer.relations.to_pylist(), layer.stances.to_pylist()
    assert relation["evidence"] == [{"begin": 3, "end": 12, "text": "met Putin"}]
    assert stance["target_spans"] == [
        {"begin": TEXT.index("talks"), "end": TEXT.index("talks") + 5, "text": "talks"}
    ]

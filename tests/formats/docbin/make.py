"""Writes the files in `bad` and `good`, which nobody can read: `python -m tests.formats.docbin.make`.

What is expected of them stands beside them, in expected.txt and expected.json.
"""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import spacy
from spacy.tokens import Doc, DocBin, Span

HERE = Path(__file__).parent
NAME = ("._.", "samarkand", None, None)
NLP = spacy.blank("en")
encode = msgspec.msgpack.encode

Content = dict[str, Any]


def text() -> Doc:
    """A document with an entity, and with spans in a group."""
    doc = NLP("Xi 👋 met Putin.")
    doc.ents = [Span(doc, 0, 1, "PERSON", span_id="T1")]
    doc.spans["role"] = [Span(doc, 3, 4, "PERSON", span_id="T2")]
    return doc


def content(*docs: Doc, attrs: tuple[str, ...] = ("ENT_IOB", "ENT_TYPE", "ENT_ID")) -> Content:
    """What a DocBin of these documents holds."""
    made = DocBin(attrs=attrs, store_user_data=True)
    for doc in docs or (text(),):
        made.add(doc)
    found: Content = msgspec.msgpack.decode(zlib.decompress(made.to_bytes()))
    return found


def packed(value: Any) -> bytes:
    return zlib.compress(encode(value), 9)


def patched(**values: Any) -> bytes:
    """A good file with other values."""
    return packed(content() | values)


def extra(**values: Any) -> bytes:
    """A good file whose `doc._.samarkand` says this."""
    doc = text()
    doc.user_data[NAME] = values
    return packed(content(doc))


def group(*spans: bytes, name: str = "role", **more: Any) -> bytes:
    return encode({"name": name, "attrs": {}, "spans": list(spans)} | more)


def spans(*groups: bytes) -> bytes:
    """A good file with these span groups."""
    return patched(span_groups=[encode({packed: ["role"] for packed in groups})])


def span(start: int, end: int, start_char: int, end_char: int, label: str = "PERSON") -> bytes:
    numbers = (0, 0, NLP.vocab.strings.add(label), start, end, start_char, end_char)
    return struct.pack(">QQQllll", *numbers)


def tokens(column: int, *values: int) -> bytes:
    """A good file with other values of one attribute of the five tokens."""
    found = content()
    numbers = list(struct.unpack("<20Q", found["tokens"]))
    numbers[column : column + 4 * len(values) : 4] = values
    return packed(found | {"tokens": struct.pack("<20Q", *numbers)})


def entity(id: str, **more: Any) -> dict[str, Any]:
    return {"entity": id, "label": "PERSON", "begin": 0, "end": 2, "text": "Xi"} | more


def twice(data: bytes, key: bytes) -> bytes:
    """A packed map, with one more entry at its end."""
    head = data[0] + 1
    return bytes([head]) + data[1:] + key


PIECE = [{"begin": 0, "end": 2, "text": "Xi"}]
RELATION = {"relation": "R1", "label": "MEETS", "head": "T1", "tail": "T2"}
OBJECTS = {b"nd": True, b"type": "|O", b"kind": b"", b"shape": [1], b"data": b"8 bytes."}

BAD: dict[str, Callable[[], dict[str, bytes]]] = {
    "text": lambda: {"a.spacy": b"Xi met Putin.\n"},
    "byte-order-mark": lambda: {"a.spacy": b"\xef\xbb\xbf" + patched()},
    "nul": lambda: {"a.spacy": bytes(1000)},
    "nothing": lambda: {"a.spacy": b""},
    "cut-short": lambda: {"a.spacy": patched()[:-40]},
    "two-files-in-one": lambda: {"a.spacy": patched() + patched()},
    "no-map": lambda: {"a.spacy": packed(["tokens"])},
    "nested-too-deeply": lambda: {"a.spacy": patched(cats=[msgspec.Raw(b"\x81\xa1a" + b"\x91" * 9999 + b"\xc0")])},
    "key-twice": lambda: {
        "a.spacy": zlib.compress(twice(encode(content()), encode("attrs") + encode([])))
    },
    "key-missing": lambda: {"a.spacy": packed({k: v for k, v in content().items() if k != "cats"})},
    "wrong-type": lambda: {"a.spacy": patched(lengths=[5])},
    "invalid-utf8": lambda: {
        "a.spacy": zlib.compress(encode(content()).replace(b"\xa5Putin", b"\xa5Put\xffn"))
    },
    "array-of-objects": lambda: {"a.spacy": patched(tokens=OBJECTS)},
    "unknown-attribute": lambda: {"a.spacy": patched(attrs=[65, 77, 78, 9999])},
    "no-words": lambda: {"a.spacy": patched(attrs=[67, 77, 78, 454])},
    "tokens-cut": lambda: {"a.spacy": patched(tokens=bytes(8 * 19))},
    "tokens-odd": lambda: {"a.spacy": patched(tokens=bytes(7))},
    "lengths-differ": lambda: {"a.spacy": patched(lengths=struct.pack("<i", 6))},
    "negative-length": lambda: {
        "a.spacy": patched(lengths=struct.pack("<ii", 6, -1), cats=[{}] * 2)
    },
    "spaces-cut": lambda: {"a.spacy": patched(spaces=b"\1\1")},
    "one-document-less": lambda: {"a.spacy": patched(user_data=[])},
    "unknown-word": lambda: {"a.spacy": tokens(0, 12345678901)},
    "empty-word": lambda: {"a.spacy": tokens(8, 0)},
    "inside-of-nothing": lambda: {"a.spacy": tokens(1, 2, 1)},
    "inside-of-the-document-before": lambda: {"a.spacy": first_token_inside()},
    "unknown-state": lambda: {"a.spacy": tokens(1, 4)},
    "unknown-label": lambda: {"a.spacy": tokens(2, 12345678901)},
    "span-outside": lambda: {"a.spacy": spans(group(span(4, 6, 14, 15)))},
    "span-inverted": lambda: {"a.spacy": spans(group(span(4, 3, 14, 14)))},
    "span-negative": lambda: {"a.spacy": spans(group(span(-1, 3, 0, 8)))},
    "span-in-utf16": lambda: {"a.spacy": spans(group(span(3, 4, 10, 15)))},
    "span-cut": lambda: {"a.spacy": spans(group(bytes(39)))},
    "span-of-unknown-label": lambda: {
        "a.spacy": spans(group(span(3, 4, 9, 14, label="not in the strings")))
    },
    "group-twice": lambda: {
        "a.spacy": spans(group(span(0, 1, 0, 2)), group(span(3, 4, 9, 14)))
    },
    "groups-no-map": lambda: {"a.spacy": patched(span_groups=[encode("role")])},
    "group-without-spans": lambda: {
        "a.spacy": patched(span_groups=[encode({encode({"name": "", "attrs": {}}): ["role"]})])
    },
    "user-data-no-map": lambda: {"a.spacy": patched(user_data=[encode([1, 2])])},
    "user-data-key-twice": lambda: {
        "a.spacy": patched(user_data=[b"\x82" + 2 * (encode("a") + encode(1))])
    },
    "extra-no-map": lambda: {
        "a.spacy": patched(user_data=[b"\x81" + encode(NAME) + encode("relations")])
    },
    "extra-without-doc": lambda: {"a.spacy": extra(language="en")},
    "extra-unknown-key": lambda: {"a.spacy": extra(doc="a", relation=[])},
    "extra-key-twice": lambda: {
        "a.spacy": patched(user_data=[b"\x81" + encode(NAME) + b"\x82" + 2 * (encode("doc") + encode("a"))])
    },
    "extra-key-missing": lambda: {
        "a.spacy": extra(doc="a", relations=[{"relation": "R1", "label": "MEETS", "head": "T1"}])
    },
    "extra-wrong-type": lambda: {"a.spacy": extra(doc="a", entities=[entity("T1", score="high")])},
    "extra-no-date": lambda: {"a.spacy": extra(doc="a", published="yesterday")},
    "extra-huge-offset": lambda: {"a.spacy": extra(doc="a", unaligned=[entity("T9", end=2**40)])},
    "extra-path-as-id": lambda: {"a.spacy": extra(doc="../../etc/passwd")},
    "extra-relation-twice": lambda: {"a.spacy": extra(doc="a", relations=[RELATION, RELATION])},
    "extra-entity-twice": lambda: {
        "a.spacy": extra(doc="a", entities=[entity("T1", score=0.5), entity("T1", score=0.6)])
    },
    "extra-fragments": lambda: {
        "a.spacy": extra(doc="a", entities=[entity("T1", fragments=PIECE)])
    },
    "one-id-in-two-files": lambda: {"a.spacy": extra(doc="d"), "b.spacy": extra(doc="d")},
    "several-faults": lambda: {"a.spacy": b"no", "b.spacy": tokens(1, 4), "c.spacy": extra()},
}  # fmt: skip


def first_token_inside() -> bytes:
    """Two documents; the second begins within an entity."""
    first = NLP("Xi met")
    first.ents = [Span(first, 1, 2, "PERSON")]
    found = content(first, NLP("Xi met"))
    numbers = list(struct.unpack("<16Q", found["tokens"]))
    numbers[9] = 1
    return packed(found | {"tokens": struct.pack("<16Q", *numbers)})


def of_a_pipeline() -> bytes:
    """What a trained pipeline leaves: tags, heads, categories, custom attributes."""
    doc = Doc(
        NLP.vocab,
        ["Xi", "met", "Putin", "."],
        [True, True, False, False],
        tags=["NNP", "VBD", "NNP", "."],
        pos=["PROPN", "VERB", "PROPN", "PUNCT"],
        deps=["nsubj", "ROOT", "dobj", "punct"],
        heads=[1, 1, 1, 1],
        lemmas=["Xi", "meet", "Putin", "."],
        morphs=["Number=Sing", "", "Number=Sing", ""],
        ents=["B-PERSON", "O", "B-PERSON", "O"],
    )
    doc.cats = {"diplomacy": 0.75, "sport": 0.25}
    doc.user_data = {("._.", "url", None, None): "x", ("._.", "seen", 0, None): True, "key": [1]}
    return packed(content(doc, attrs=tuple(spacy.tokens.doc.DOCBIN_ALL_ATTRS)))


def of_a_script() -> bytes:
    """Several documents made by hand: entities with knowledge base ids, overlapping spans."""
    first = NLP("  Xi met the Russian president\u00a0Putin.\r\n")
    first.ents = [
        first.char_span(2, 4, "PERSON", kb_id="Q15031"),
        first.char_span(31, 36, "PERSON", kb_id="Q7747"),
    ]
    first.spans["sc"] = [
        first.char_span(9, 30, "ROLE"),
        first.char_span(13, 20, "NORP", span_id="n1"),
        first.char_span(9, 36, "ROLE"),
    ]
    second = NLP("He 👋 left.")
    second.set_ents([second[0:1]], default="outside")  # without a label: no entity
    second.spans["errors"] = [second[1:2], Span(second, 2, 2, "EMPTY")]
    third = NLP("")
    return packed(content(first, second, third, attrs=("ENT_IOB", "ENT_TYPE", "ENT_KB_ID")))


def of_rules() -> bytes:
    """An entity ruler's ids, which name a thing and not a mention; spans that are entities too."""
    doc = NLP("Apple and Apple Inc. sued Google.")
    doc.ents = [
        Span(doc, 0, 1, "ORG", span_id="apple"),
        Span(doc, 2, 4, "ORG", span_id="apple"),
        Span(doc, 5, 6, "ORG", span_id="google"),
    ]
    doc.spans["sc"] = list(doc.ents)
    return packed(content(doc))


def of_words() -> bytes:
    """Words whose white space nobody knows, some of them with no word on entities."""
    first = Doc(NLP.vocab, ["Xi", "met", "Putin"])
    first.set_ents([Span(first, 0, 1, "PERSON")], missing=[first[1:2]], blocked=[first[2:3]])
    return packed(content(first))


def of_version_3_0() -> bytes:
    """As spaCy 3.0 wrote it: no flags, span groups as a list, a number for a span's id."""
    doc = text()
    doc.spans["role"] = [Span(doc, 3, 4, "PERSON", span_id=98765432109876)]
    found = content(doc)
    (groups,) = found["span_groups"]
    del found["flags"], found["version"]
    return packed(found | {"span_groups": [encode(list(msgspec.msgpack.decode(groups)))]})


GOOD: dict[str, Callable[[], dict[str, bytes]]] = {
    "pipeline": lambda: {"train.spacy": of_a_pipeline()},
    "script": lambda: {"docs.spacy": of_a_script()},
    "rules": lambda: {"test/news.spacy": of_rules()},
    "words": lambda: {"a.spacy": of_words()},
    "version-3.0": lambda: {"a.spacy": of_version_3_0()},
    "relation-of-a-span-that-is-gone": lambda: {
        "a.spacy": extra(
            doc="d", relations=[RELATION, RELATION | {"relation": "R2", "tail": "T3"}],
            entities=[entity("T9", score=0.5)],
        )
    },
    "empty": lambda: {"a.spacy": packed(content(NLP("")) | {"lengths": b"", "cats": [], "flags": [], "span_groups": [], "user_data": []})},
}  # fmt: skip


def main() -> None:
    for folder, cases in (("bad", BAD), ("good", GOOD)):
        for case, make in cases.items():
            for path, data in make().items():
                file = HERE / folder / case / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)


if __name__ == "__main__":
    main()

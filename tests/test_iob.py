"""Spans as tags: nothing is lost in silence; tags as spans: what conlleval says."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from samarkand import iob
from samarkand.iob import BILOU, BIOES, IOB1, IOB2, Tagged
from samarkand.tokens import Tokens

LABELS = ("PER", "GPE", "A-B")


def ints(values: Any) -> iob.Ints:
    return np.array(list(values), np.int64)


def words(text: str) -> Tokens:
    """The words of one text as tokens."""
    begin = [at for at in range(len(text)) if text[at] != " " and " " in f" {text}"[at]]
    end = [at + len(text[at:].split(" ")[0]) for at in begin]
    return Tokens(ints(0 for _ in begin), ints(begin), ints(end))


def tag(text: str, *spans: tuple[int, int, str]) -> tuple[list[str], Tagged]:
    columns = [
        ints(column) for column in zip(*[(b, e, LABELS.index(k)) for b, e, k in spans], strict=True)
    ]
    begin, end, label = columns or [ints([])] * 3
    tagged = iob.tags(words(text), ints(0 for _ in spans), begin, end, label, LABELS)
    return [tagged.names[code] for code in tagged.codes], tagged


def test_tags_follow_the_labels_given() -> None:
    tags, tagged = tag("Xi Jinping met Putin", (0, 10, "PER"), (15, 20, "A-B"))
    assert tags == ["B-PER", "I-PER", "O", "B-A-B"]
    assert tagged.names == ("O", "B-PER", "I-PER", "B-GPE", "I-GPE", "B-A-B", "I-A-B")
    assert tagged.codes.dtype == np.int32
    assert not len(tagged.inexact) and not len(tagged.untouched) and not len(tagged.overlapped)


def test_no_spans_and_no_tokens() -> None:
    assert tag("Xi left")[0] == ["O", "O"]
    tags, tagged = tag("", (0, 0, "PER"))
    assert (tags, tagged.untouched.tolist()) == ([], [0])


def test_what_the_tags_do_not_say_is_reported() -> None:
    tags, tagged = tag(
        "ab cd  ef gh", (1, 4, "PER"), (5, 7, "PER"), (8, 8, "PER"), (10, 12, "GPE"), (7, 10, "PER")
    )
    assert tags == ["B-PER", "I-PER", "B-PER", "B-GPE"]
    assert tagged.inexact.tolist() == [0, 4]
    assert tagged.untouched.tolist() == [1, 2]
    assert tagged.overlapped.tolist() == []


@pytest.mark.parametrize(
    ("spans", "stay"),
    [
        ([(0, 2, "PER"), (0, 5, "PER"), (3, 8, "PER")], 1),  # the longest; of two, the earliest
        ([(3, 5, "PER"), (3, 5, "GPE"), (3, 5, "PER")], 1),  # by the alphabet, not by LABELS
        ([(3, 5, "PER"), (3, 5, "PER")], 0),  # the first
        ([(3, 4, "GPE"), (4, 5, "GPE")], 0),  # two in one token
    ],
)
def test_of_overlapping_spans_one_stays(spans: list[tuple[int, int, str]], stay: int) -> None:
    _, tagged = tag("ab cd ef", *spans)
    assert tagged.overlapped.tolist() == [row for row in range(len(spans)) if row != stay]


def test_what_overlaps_only_a_loser_stays() -> None:
    _, tagged = tag("a b c d e f", (0, 5, "PER"), (4, 7, "PER"), (6, 9, "GPE"), (10, 11, "PER"))
    assert tagged.overlapped.tolist() == [1]


def test_texts_do_not_run_into_each_other() -> None:
    two = Tokens(ints([0, 1]), ints([0, 0]), ints([5, 5]))
    tagged = iob.tags(two, ints([1, 0]), ints([0, 5]), ints([9, 7]), ints([0, 0]), LABELS)
    assert tagged.codes.tolist() == [0, 1]
    assert (tagged.inexact.tolist(), tagged.untouched.tolist()) == ([0], [1])


RANGES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 4), st.integers(0, 2)),
    max_size=12,
)


@settings(max_examples=300)
@given(RANGES)
def test_overlaps_are_settled_as_one_by_one(drawn: list[tuple[int, int, int, int]]) -> None:
    text = 20  # so that texts stand apart
    first = ints(doc * text + begin for doc, begin, _, _ in drawn)
    last = first + ints(size for _, _, size, _ in drawn)
    label = ints(code for *_, code in drawn)
    lost = iob.overlapped(first, last, first, last, label, LABELS)
    taken: set[int] = set()
    rows = range(len(drawn))
    for row in sorted(rows, key=lambda r: (first[r] - last[r], first[r], LABELS[label[r]], r)):
        places = set(range(first[row], last[row]))
        assert lost[row] == bool(places & taken)
        taken |= places if not lost[row] else set()


def conlleval(tags: list[str], new: list[bool]) -> list[tuple[int, int, str]]:
    """startOfChunk and endOfChunk of the script, with S, L and U as E and B of one token."""
    spans: list[tuple[int, int, str]] = []
    begun: int | None = None
    before, kind_before = "O", ""
    for at, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        if at < len(tags) and new[at]:
            if begun is not None:
                spans.append((begun, at, kind_before))
            begun, before, kind_before = None, "O", ""
        ends = before != "O" and (prefix in "BSUO" or before in "ELSU" or kind != kind_before)
        starts = prefix != "O" and (prefix in "BSU" or before in "OELSU" or kind != kind_before)
        if ends and begun is not None:
            spans.append((begun, at, kind_before))
            begun = None
        if starts:
            begun = at
        before, kind_before = prefix, kind
    return spans


def spans_of(found: iob.Decoded) -> list[tuple[int, int, str]]:
    names = [found.labels[code] for code in found.label]
    return list(zip(found.first.tolist(), found.last.tolist(), names, strict=True))


COLUMNS = st.lists(
    st.tuples(
        st.one_of(
            st.just("O"),
            st.builds("{}-{}".format, st.sampled_from("BIESLU"), st.sampled_from(LABELS)),
        ),
        st.booleans(),
    ),
    max_size=14,
)


@settings(max_examples=400)
@given(COLUMNS)
def test_broken_tags_are_read_as_conlleval_reads_them(column: list[tuple[str, bool]]) -> None:
    tags, new = (
        [tag for tag, _ in column],
        [True, *(start for _, start in column[1:])][: len(column)],
    )
    found = iob.decode(pa.array(tags, pa.string()), np.array(new, np.bool_))
    assert spans_of(found) == conlleval(tags, new)


def encode(length: int, spans: list[tuple[int, int, str]], scheme: str) -> list[str]:
    """Tags of spans that do not overlap, the plain way."""
    tags = ["O"] * length
    for at, (begin, end, label) in enumerate(spans):
        adjoins = at > 0 and spans[at - 1][1:] == (begin, label)
        prefixes = ["I"] * (end - begin)
        if scheme == IOB2 or (scheme == IOB1 and adjoins):
            prefixes[0] = "B"
        if scheme in (BIOES, BILOU):
            prefixes[0], prefixes[-1] = "B", "E" if scheme == BIOES else "L"
            if end - begin == 1:
                prefixes[0] = "S" if scheme == BIOES else "U"
        tags[begin:end] = [f"{prefix}-{label}" for prefix in prefixes]
    return tags


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(LABELS)), max_size=6),
    st.sampled_from([IOB1, IOB2, BIOES, BILOU]),
)
def test_every_scheme_is_decoded(drawn: list[tuple[int, int, str]], scheme: str) -> None:
    spans, at = [], 0
    for gap, size, label in drawn:
        spans.append((at + gap, at + gap + size, label))
        at += gap + size
    column = pa.chunked_array([pa.array(encode(at, spans, scheme), pa.string())])
    new = np.arange(at) == 0
    found = iob.decode(column, new, scheme)
    assert (spans_of(found), found.repaired.tolist()) == (spans, [])
    guessed = iob.decode(column, new)
    assert (spans_of(guessed), guessed.repaired.tolist()) == (spans, [])


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("", IOB2),
        ("O O", IOB2),
        ("B-X I-X", IOB2),
        ("I-X B-X O", IOB1),
        ("B-X O I-X", IOB2),  # neither allows it
        ("B-X E-X O", BIOES),
        ("S-X", BIOES),
        ("U-X", BILOU),
        ("B-X L-X S-X", BILOU),
    ],
)
def test_the_scheme_is_found_out(tags: str, scheme: str) -> None:
    column = pa.array(tags.split(), pa.string())
    assert iob.detect(column, np.arange(len(column)) == 0) == scheme


@pytest.mark.parametrize(
    ("tags", "scheme", "repaired"),
    [
        ("O I-X I-X B-X I-Y", IOB2, [1, 4]),
        ("B-X I-X B-X I-Y", IOB1, [0]),
        ("B-X O E-X I-X S-X I-X E-X", BIOES, [0, 2, 3, 5]),
        ("B-X U-X L-X U-Y", BILOU, [0, 2]),
    ],
)
def test_repairs_are_placed(tags: str, scheme: str, repaired: list[int]) -> None:
    column = pa.array(tags.split())
    found = iob.decode(column, np.arange(len(column)) == 0, scheme)
    assert found.repaired.tolist() == repaired


def test_what_is_no_tag_is_refused() -> None:
    column = pa.array(["O", "B-X", "X", "B-", "", "b-X", "S-X", "-X", "BX"])
    assert iob.unknown(column).tolist() == [2, 3, 4, 5, 7, 8]
    assert iob.unknown(column, IOB2).tolist() == [2, 3, 4, 5, 6, 7, 8]
    with pytest.raises(ValueError, match=r"row 2: 'X' is no tag"):
        iob.decode(column, np.arange(len(column)) == 0)


@settings(max_examples=200)
@given(RANGES)
def test_what_tags_say_is_decoded_again(drawn: list[tuple[int, int, int, int]]) -> None:
    count = 14
    tokens = Tokens(np.repeat(np.arange(3), count), np.tile(np.arange(count) * 2, 3),
                    np.tile(np.arange(count) * 2 + 1, 3))  # fmt: skip
    doc, begin, size, label = (
        (ints(column) for column in zip(*drawn, strict=True)) if drawn else [ints([])] * 4
    )
    tagged = iob.tags(tokens, doc, begin * 2, (begin + size) * 2 - 1, label, LABELS)
    column = pa.array(tagged.names).take(pa.array(tagged.codes))
    found = iob.decode(column, np.arange(3 * count) % count == 0, IOB2)
    stay = np.ones(len(drawn), np.bool_)
    stay[np.concatenate([tagged.overlapped, tagged.untouched])] = False
    wanted = sorted(
        (int(d * count + b), int(d * count + b + s), LABELS[k])
        for d, b, s, k in zip(doc[stay], begin[stay], size[stay], label[stay], strict=True)
    )
    assert (spans_of(found), len(found.repaired)) == (wanted, 0)

"""Offsets in every unit, for whole columns, against Python's own slicing and encoding."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samarkand import text
from tests.corpora import texts

COLUMNS = st.lists(texts() | st.text(max_size=12), min_size=1, max_size=5)
UNITS = {text.UTF8: ("utf-8", 1), text.UTF16: ("utf-16-le", 2)}


def every_offset(column: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Every offset of every text: rows and offsets."""
    rows = np.repeat(np.arange(len(column)), [len(value) + 1 for value in column])
    return rows, np.concatenate([np.arange(len(value) + 1) for value in column])


@pytest.mark.parametrize("unit", UNITS)
@given(column=COLUMNS)
def test_every_offset_converts_as_slicing_and_encoding_says(unit: str, column: list[str]) -> None:
    encoding, size = UNITS[unit]
    rows, offsets = every_offset(column)
    wanted = [
        len(column[r][:o].encode(encoding)) // size for r, o in zip(rows, offsets, strict=True)
    ]
    ix = text.index(pa.array(column))
    converted = text.to_unit(ix, unit, rows, offsets)
    assert converted.tolist() == wanted
    assert text.from_unit(ix, unit, rows, converted).tolist() == offsets.tolist()


@pytest.mark.parametrize("unit", UNITS)
@given(column=COLUMNS)
def test_an_offset_inside_a_character_is_refused(unit: str, column: list[str]) -> None:
    encoding, size = UNITS[unit]
    ix = text.index(pa.array(column))
    for row, value in enumerate(column):
        edges = {len(value[:o].encode(encoding)) // size for o in range(len(value) + 1)}
        for offset in set(range(max(edges))) - edges:
            with pytest.raises(text.OffsetError, match=f"{unit} offset {offset} is inside"):
                text.from_unit(ix, unit, np.array([row]), np.array([offset]))


@given(column=COLUMNS, data=st.data())
def test_covered_text_is_the_slice(column: list[str], data: st.DataObject) -> None:
    rows, ends = every_offset(column)
    begins = np.array([data.draw(st.integers(0, int(end))) for end in ends])
    wanted = [column[r][b:e] for r, b, e in zip(rows, begins, ends, strict=True)]
    assert text.cover(text.index(pa.array(column)), rows, begins, ends).to_pylist() == wanted


@pytest.mark.parametrize("offset", [-1, 4])
def test_an_offset_outside_its_text_is_refused_and_its_row_named(offset: int) -> None:
    ix = text.index(pa.array(["abc", "abc"]))
    assert text.inside(ix, np.array([0, 1]), np.array([3, offset])).tolist() == [True, False]
    for convert in (text.to_unit, text.from_unit):
        with pytest.raises(
            text.OffsetError, match=f"^offset {offset} is outside the text$"
        ) as caught:
            convert(ix, text.UTF16, np.array([0, 1]), np.array([3, offset]))
        assert caught.value.row == 1


def test_a_sliced_column_and_chunks_are_indexed_alike() -> None:
    whole = pa.array(["x😀", "né", "", "z"])
    chunked = pa.chunked_array([whole[1:2], whole[2:]])
    for column in (whole[1:], chunked):
        ix = text.index(column)
        assert text.lengths(ix).tolist() == [2, 0, 1]
        assert text.cover(ix, *(np.array([v]) for v in (0, 1, 2))).to_pylist() == ["é"]
    assert len(text.index(pa.array([], pa.string()))) == 0


def test_no_text_may_be_null() -> None:
    with pytest.raises(ValueError, match="a text may not be null"):
        text.index(pa.array(["a", None]))


def test_tokens_over_spans() -> None:
    begin, end = np.array([0, 3, 6, 9]), np.array([2, 5, 8, 12])
    spans = {
        (0, 2): (0, 1, True),
        (0, 5): (0, 2, True),
        (1, 7): (0, 3, False),
        (2, 3): (1, 1, False),
    }
    got = text.tokens_over(begin, end, *(np.array(v) for v in zip(*spans, strict=True)))
    assert list(zip(*(column.tolist() for column in got), strict=True)) == list(spans.values())
    nothing = np.zeros(0, np.int64)
    assert text.tokens_over(nothing, nothing, np.array([0]), np.array([1]))[2].tolist() == [False]


@pytest.mark.parametrize("unit", [text.POINTS, *UNITS])
@given(column=COLUMNS)
def test_the_unit_is_inferred_from_the_covered_texts(unit: str, column: list[str]) -> None:
    column = ["👋é met 👋é.", *column]  # where no two units agree
    rows, ends = every_offset(column)
    begins = np.maximum(ends - 3, 0)
    ix = text.index(pa.array(column))
    covered = text.cover(ix, rows, begins, ends)
    if unit != text.POINTS:
        begins, ends = (text.to_unit(ix, unit, rows, offset) for offset in (begins, ends))
    for units in ((text.POINTS, text.UTF16, text.UTF8), (text.UTF8, text.UTF16, text.POINTS)):
        assert text.infer_unit(ix, rows, begins, ends, covered, units) == unit


def test_where_units_agree_the_first_is_inferred() -> None:
    ix = text.index(pa.array(["plain"]))
    span = np.array([0]), np.array([0]), np.array([5])
    for units in ((text.POINTS, text.UTF16), (text.UTF16, text.POINTS)):
        assert text.infer_unit(ix, *span, pa.array(["plain"]), units) == units[0]


@pytest.mark.parametrize("unit", text.UNITS)
@given(column=COLUMNS, data=st.data())
def test_every_offset_without_a_place_is_told(
    unit: str, column: list[str], data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(column) - 1), max_size=8)), np.int64)
    offsets = np.array([data.draw(st.integers(-2, 14)) for _ in rows], np.int64)
    ix = text.index(pa.array(column))
    found, faults = text.points(ix, unit, rows, offsets)
    for at, (row, offset) in enumerate(zip(rows.tolist(), offsets.tolist(), strict=True)):
        one = np.array([row]), np.array([offset])
        if unit == text.POINTS:
            assert (at in faults) == (not 0 <= offset <= len(column[row]))
            assert found[at] == offset
            continue
        try:
            wanted = text.from_unit(ix, unit, *one)[0]
        except text.OffsetError as error:
            assert (found[at], faults[at]) == (offset, str(error))
        else:
            assert (found[at], faults.get(at)) == (wanted, None)

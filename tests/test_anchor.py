"""Quotations are anchored exactly, or reported with their candidates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samarkand.anchor import Quote, anchor, quote
from tests.corpora import texts

TEXT = "He met her there. The “others” met him, he said.\nХе met 👋👋."


@pytest.mark.parametrize(
    ("chosen", "begin"),
    [
        (Quote("He"), 0),
        (Quote("he"), 40),
        (Quote("met", occurrence=2), 31),
        (Quote("met", prefix="He "), 3),
        (Quote("met", suffix=" him"), 31),
        (Quote("met", prefix="others” ", suffix=" him"), 31),
        (Quote("er", occurrence=1, part=True), 8),
        (Quote("👋", occurrence=2), 57),
    ],
)
def test_a_quotation_that_can_mean_one_place_is_put_there(chosen: Quote, begin: int) -> None:
    assert anchor(TEXT, chosen) == begin


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Quote("Putin"), "'Putin' is not in the text: was the text edited, or the quotation shortened?"),
        (Quote("HER"), "'HER' is not in the text: it occurs with other capitals"),
        (Quote('"others"'), "'\"others\"' is not in the text: it occurs with other quotation marks, dashes or spaces"),
        (Quote("thers"), "'thers' is not in the text: it occurs, but only as a part of words; say so with \"part\": true"),
        (Quote("her", prefix="by "), "'her' is not in the text: it occurs, but not with that prefix and suffix"),
        (Quote(""), "'' is not in the text: it occurs, but only as a part of words; say so with \"part\": true"),
        (
            Quote("met", prefix="", suffix=" h"),
            "'met' occurs 2 times; give its occurrence, or a prefix or suffix: "
            "1: 'He [met] her there. The ', 2: 'e. The “others” [met] him, he said.\\nХ'",
        ),
        (
            Quote("her", occurrence=2),
            "'her' has 1 occurrence, wanted number 2: 1: 'He met [her] there. The “oth'",
        ),
    ],
)  # fmt: skip
def test_any_other_quotation_is_reported(chosen: Quote, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        anchor(TEXT, chosen)
    assert str(caught.value) == message


@given(text=texts(), data=st.data())
def test_the_shortest_quotation_of_a_span_is_anchored_at_the_span(
    text: str, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, max(len(text) - 1, 0)))
    end = data.draw(st.integers(begin + 1, max(len(text), begin + 1)))
    if text:
        assert anchor(text, quote(text, begin, end)) == begin

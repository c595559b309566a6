"""Numbers in what is said."""

import pytest

from samarkand.corpus import Layer, table
from samarkand.schema import ENTITIES
from samarkand.words import count


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "document", "0 documents"),
        (1, "document", "1 document"),
        (2, "document", "2 documents"),
        (1234, "UTF-16 code unit", "1,234 UTF-16 code units"),
        (1, "entity", "1 entity"),
        (0, "entity", "0 entities"),
    ],
)
def test_one_is_singular(number: int, noun: str, said: str) -> None:
    assert count(number, noun) == said


def test_a_layer_is_shown_with_its_sizes() -> None:
    rows = [{"doc": "a", "id": "T1", "begin": 0, "end": 1, "text": "X", "label": "PER"}]
    layer = Layer("hand/a", entities=table(ENTITIES, rows))
    assert repr(layer) == "<Layer hand/a: 1 entity, 0 relations, 0 stances>"

"""Ids of what two sides added: the next free number of each prefix, whatever stands in the way."""

import re
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from samarkand.merge.reconcile import reconcile

DOC = "a"


def entity(id: str, begin: int) -> dict[str, Any]:
    return {"doc": DOC, "id": id, "begin": begin, "end": begin + 1, "fragments": None, "label": "X"}


def added(ids: list[str], first: int) -> dict[tuple[str, ...], dict[str, Any]]:
    """New entities, each in a place of its own."""
    return {(DOC, id): entity(id, first + place) for place, id in enumerate(ids)}


def highest(prefix: str, ids: set[str]) -> int:
    """The highest number after a prefix, by its definition."""
    form = re.compile(re.escape(prefix) + "[0-9]{1,9}")
    return max((int(id[len(prefix) :]) for id in ids if form.fullmatch(id)), default=0)


IDS = st.lists(st.from_regex(r"(T|T1x|é\n|)[0-9]{1,3}|name", fullmatch=True), unique=True)


@given(ours=IDS, theirs=IDS, base=IDS)
def test_a_clashing_id_becomes_the_next_number_of_its_prefix(
    ours: list[str], theirs: list[str], base: list[str]
) -> None:
    found = reconcile("entities", added(ours, 0), added(theirs, 100), [(DOC, id) for id in base])
    used = set(base)
    everywhere = {*base, *ours, *theirs}
    sides = ((found[0], ours), (found[1], theirs))
    for ids, old in sides if ours and theirs else ():
        for id in old:
            new = ids.get((DOC, id), id)
            if id in used:
                prefix = re.sub(r"[0-9]+$", "", id)
                assert new == f"{prefix}{highest(prefix, everywhere) + 1}"
            else:
                assert new == id
            assert new not in used
            used.add(new)
            everywhere.add(new)


def test_ten_thousand_clashing_ids_of_one_document() -> None:
    ids = [f"T{number}" for number in range(1, 10_001)]
    ours, theirs = reconcile("entities", added(ids, 0), added(ids, 10_000), [])
    assert ours == {}
    assert list(theirs.values()) == [f"T{number}" for number in range(10_001, 20_001)]


def test_numbers_of_nine_digits_do_not_run_out() -> None:
    taken = [(DOC, "T999999999")]
    _, theirs = reconcile("entities", added(["T1", "T2"], 0), added(["T1", "T2"], 9), taken)
    assert theirs == {(DOC, "T1"): "T1000000000", (DOC, "T2"): "T1000000001"}

"""The examples on the pages of formats are what is written."""

import re
from pathlib import Path

from samarkand.formats import bioc, re3d

PAGES = Path(__file__).parents[2] / "docs" / "formats"


def examples(page: str) -> list[bytes]:
    found = re.findall(r"```json\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
    return [example.encode() for example in found]


def test_the_examples_of_the_pages_are_what_is_written() -> None:
    tables = ("documents.json", "entities.json", "relations.json")
    for form, found in (
        (bioc, dict(zip(["annotations.json"], examples("bioc.md"), strict=True))),
        (re3d, dict(zip(tables, examples("re3d.md"), strict=True))),
    ):
        reading = form.read(found, "hand/a")
        assert not reading.unread and not reading.notes
        assert form.write(reading.corpus, "hand/a") == found

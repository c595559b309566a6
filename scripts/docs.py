"""Write the generated tables into the pages of docs/; the tests fail where a page is behind."""

import sys
from pathlib import Path

from samarkand import check
from samarkand.formats import FORMATS
from samarkand.formats.capabilities import capability_table, fidelity_table

DOCS = Path(__file__).parents[1] / "docs"

#: The generated tables: the page, and what makes its table.
TABLES = {
    "checks.md": check.table,
    "formats.md": lambda: capability_table(FORMATS),
    "fidelity.md": lambda: fidelity_table(FORMATS),
}
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"


def filled(page: str, table: str) -> str:
    """The page with the table between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"no {BEGIN.strip()} and {END} in the page")
    return f"{before}{BEGIN}{table}\n{END}{after}"


def main() -> None:
    for page, make in TABLES.items():
        path = DOCS / page
        path.write_text(filled(path.read_text("utf-8"), make()), "utf-8")


if __name__ == "__main__":
    main()

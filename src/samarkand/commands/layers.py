"""The commands on layers of annotation: how far they agree."""

from pathlib import Path
from typing import Annotated

import typer

from samarkand import words
from samarkand.cli_errors import clean
from samarkand.errors import SamarkandError

app = typer.Typer()

FORMS = ("text", "json", "html")


@app.command()
@clean
def agree(
    layers: Annotated[list[str], typer.Argument(metavar="LAYER LAYER ...", help="Two or more.")],
    root: Annotated[Path, typer.Option(help="The corpus folder.")] = Path(),
    docs: Annotated[
        str, typer.Option(help="Documents to compare, with commas; by default those of all layers.")
    ] = "",
    layout: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file to write, instead of printing.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what is not the same.")] = False,
    rounds: Annotated[
        int, typer.Option(help="Resamples of the documents for the intervals; 0 for none.", min=0)
    ] = 1000,
    gamma: Annotated[
        bool, typer.Option("--gamma", help="Gamma too: a second a document; an extra.")
    ] = False,
) -> None:
    """Say how far annotators agree: entities, relations, stances, actors, with 95 % intervals.

    docs/agree.md says what each figure is.
    Example: samarkand agree hand/a hand/b, or
    samarkand agree hand/a hand/b hand/c --format html --out agreement.html
    """
    from samarkand import agree as agreement
    from samarkand import files, store
    from samarkand.agreement import report
    from samarkand.progress import progress

    if layout not in FORMS:
        raise SamarkandError(f"--format is {', '.join(FORMS)}; got '{layout}'")
    corpus = store.read(root)
    chosen = [doc.strip() for doc in docs.split(",")] if docs else None
    with progress("comparing") as show:
        found = agreement.agree(corpus, layers, chosen, rounds, show, gamma)
    differ = agreement.differences(corpus, found) if listed or layout != "text" else []
    if layout == "html":
        said = report.page(found, corpus, differ)
    else:
        said = report.to_json(found, differ) if layout == "json" else report.text(found, differ)
    if out is None:
        print(said)
    else:
        files.write(out, said.encode())
        print(f"{out}: {words.count(len(found.docs), 'document')} compared")

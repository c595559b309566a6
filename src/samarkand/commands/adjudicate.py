"""The commands `samarkand adjudicate`: a worksheet of several layers, and its decisions as gold."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from samarkand.cli_errors import clean

app = typer.Typer(
    help="Decide between annotators: a worksheet of what they said, and the decisions as a layer.",
    epilog="A first try: samarkand adjudicate sheet hand/a hand/b --to sheet, set every `keep` in "
    "sheet/*.jsonl to true or false, samarkand adjudicate gold sheet.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Root = Annotated[Path, typer.Option(help="The corpus folder.")]


@app.command()
@clean
def sheet(
    layers: Annotated[list[str], typer.Argument(metavar="LAYER LAYER ...", help="Two or more.")],
    to: Annotated[Path, typer.Option(help="The folder to make.")] = Path("sheet"),
    docs: Annotated[
        str, typer.Option(help="Documents, with commas; by default those that two layers have.")
    ] = "",
    as_corpus: Annotated[
        bool, typer.Option("--corpus", help="Make a corpus of it, to be pushed to doccano.")
    ] = False,
    root: Root = Path(),
) -> None:
    """Write what the layers say, blind to who says it: what is alike once, the rest to decide.

    Example: samarkand adjudicate sheet hand/a hand/b --to sheet
    """
    from samarkand import adjudicate
    from samarkand.progress import progress

    chosen = [doc.strip() for doc in docs.split(",")] if docs else []
    with progress("adjudication") as show:
        print(adjudicate.make(root, layers, to, chosen, as_corpus, show))
    print(f"{to}: decide, then bring it back with `samarkand adjudicate gold {to}`")


@app.command()
@clean
def gold(
    folder: Annotated[Path, typer.Argument(metavar="SHEET", help="The worksheet's folder.")],
    layer: Annotated[str, typer.Option(help="The layer to write.")] = "gold",
    annotator: Annotated[str, typer.Option(help="Who or what decided.")] = "unknown",
    human: Annotated[
        bool | None, typer.Option("--human/--not-human", help="Whether that is a person.")
    ] = None,
    made: Annotated[
        str, typer.Option("--date", help="When, as YYYY-MM-DD; by default today.")
    ] = "",
    guidelines: Annotated[str, typer.Option(help="The version of the guidelines used.")] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what the layer says of these documents.")
    ] = False,
    root: Root = Path(),
) -> None:
    """Bring the decisions back as a layer, with what was taken from whom, and why.

    Example: samarkand adjudicate gold sheet --annotator ada --human
    """
    from samarkand import adjudicate
    from samarkand.corpus import Provenance
    from samarkand.progress import progress

    provenance = Provenance(
        "adjudicated",
        annotator,
        human,
        date=made or date.today().isoformat(),
        tool="samarkand adjudicate gold",
        guidelines=guidelines,
    )
    with progress("adjudication") as show:
        print(adjudicate.gold(root, folder, layer, provenance, overwrite, show))

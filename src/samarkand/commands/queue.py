"""The command that says what to look at next."""

from pathlib import Path
from typing import Annotated

import typer

from samarkand.cli_errors import clean
from samarkand.errors import SamarkandError

app = typer.Typer()


@app.command()
@clean
def queue(
    layer: Annotated[str, typer.Argument(help="The layer to look at.")],
    others: Annotated[
        list[str], typer.Argument(metavar="LAYER ...", help="What speaks against it.")
    ],
    root: Annotated[Path, typer.Option(help="The corpus folder.")] = Path(),
    top: Annotated[int, typer.Option(help="How many places.", min=1)] = 50,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    sheet: Annotated[
        Path | None, typer.Option(help="Write their documents as a worksheet to this new folder.")
    ] = None,
    doccano: Annotated[
        bool, typer.Option("--doccano", help="Push their documents to doccano (see doccano push).")
    ] = False,
) -> None:
    """List what to look at next: what models, annotators and the layer itself contradict.

    Example: samarkand queue gold model/ner hand/a hand/b --top 20 --sheet second-look
    """
    from samarkand import adjudicate, store
    from samarkand import queue as ranked

    if form not in ("text", "json"):
        raise SamarkandError(f"--format is text or json; got '{form}'")
    corpus = store.read(root)
    every = ranked.queue(corpus, layer, others)
    found = every[:top]
    if sheet is not None:
        print(adjudicate.make(root, [layer, *others], sheet, sorted(ranked.docs(found))))
        print(f"{sheet}: decide, then bring it back with `samarkand adjudicate gold {sheet}`")
    elif doccano:
        from samarkand.commands.login import connected
        from samarkand.doccano.push import push

        print(push(root, layer, connected("", None), sorted(ranked.docs(found))))
    elif form == "json":
        print(ranked.to_json(found))
    else:
        print(ranked.text(found, len(every)) if every else "nothing speaks against it")

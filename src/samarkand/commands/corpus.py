"""The commands on a corpus as a whole: what its splits share."""

from pathlib import Path
from typing import Annotated

import typer

from samarkand.cli_errors import clean
from samarkand.errors import SamarkandError

app = typer.Typer()


@app.command()
@clean
def leaks(
    root: Annotated[Path, typer.Argument(help="The corpus folder.", show_default=True)] = Path(),
    similarity: Annotated[
        float,
        typer.Option(help="Jaccard similarity of two texts' 5-word sequences, from which on."),
    ] = 0.3,
    passage: Annotated[
        int, typer.Option("--words", help="Words of a passage, from which on.")
    ] = 12,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Find what the splits share: events, near-duplicate texts, long passages.

    Exit code 1 if there is any. docs/leaks.md says how it is found.
    Example: samarkand leaks my-corpus --words 20
    """
    from samarkand import leaks as search
    from samarkand import store
    from samarkand.progress import progress

    if form not in ("text", "json"):
        raise SamarkandError(f"--format is text or json; got '{form}'")
    with progress("comparing") as show:
        found = search.leaks(store.read(root, []), similarity, passage, show)
    print(search.to_json(found) if form == "json" else search.text(found))
    raise typer.Exit(bool(found))

"""The commands on a corpus as a whole: what is in it, and what its splits share."""

from pathlib import Path
from typing import Annotated

import typer

from samarkand.cli_errors import clean
from samarkand.errors import SamarkandError
from samarkand.words import count

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


@app.command()
@clean
def stats(
    root: Annotated[Path, typer.Argument(help="The corpus folder.", show_default=True)] = Path(),
    layer: Annotated[
        list[str] | None, typer.Option(help="A layer; may be repeated. By default all of them.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file to write, instead of printing.")] = None,
) -> None:
    """Say what is in a corpus: sizes, labels, actors, stances, and what only one split has.

    docs/stats.md says what each figure is.
    Example: samarkand stats my-corpus --layer hand/a --format html --out stats.html
    """
    from samarkand import files, store
    from samarkand import stats as figures

    if form not in ("text", "json", "html"):
        raise SamarkandError(f"--format is text, json or html; got '{form}'")
    corpus = store.read(root)
    found = figures.stats(corpus, layer or ())
    if form == "html":
        said = figures.page(found, corpus.about.title or corpus.about.name)
    else:
        said = figures.to_json(found) if form == "json" else figures.text(found)
    if out is None:
        print(said)
    else:
        files.write(out, said.encode())
        print(f"{out}: {count(len(found), 'table')}")

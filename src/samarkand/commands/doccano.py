"""The commands `samarkand doccano`: a server of one's own, and a layer there and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samarkand.cli_errors import clean
from samarkand.commands.login import connected

if TYPE_CHECKING:
    pass

app = typer.Typer(
    help="Annotate with doccano: a local server, and layers pushed to it and pulled back.",
    epilog="A first try: samarkand doccano up, samarkand doccano push hand/a, annotate in the "
    "browser, samarkand doccano pull hand/a.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Home = Annotated[
    Path | None, typer.Option(help="The server's folder; by default the user's data folder.")
]
LayerName = Annotated[str, typer.Argument(metavar="LAYER", help="The layer.")]
Root = Annotated[Path, typer.Option(help="The corpus folder.")]
Server = Annotated[str, typer.Option("--server", help="Its URL; by default the one of `up`.")]


@app.command()
@clean
def up(
    home: Home = None,
    port: Annotated[
        int, typer.Option(help="The port on this machine; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
) -> None:
    """Install doccano if it is not, once, and start it on this machine alone.

    Example: samarkand doccano up --port 8001
    """
    from samarkand.doccano import server
    from samarkand.progress import progress

    with progress("doccano") as report:
        print(server.up(home or server.default_home(), port, report))


@app.command()
@clean
def down(home: Home = None) -> None:
    """Stop the server; what is in it stays.

    Example: samarkand doccano down
    """
    from samarkand.doccano import server

    print("stopped" if server.down(home or server.default_home()) else "no doccano ran")


@app.command()
@clean
def status(home: Home = None) -> None:
    """Whether the server runs, and where.

    Example: samarkand doccano status
    """
    from samarkand.doccano import server

    print(server.status(home or server.default_home()))


@app.command()
@clean
def push(
    layer: LayerName,
    docs: Annotated[
        list[str] | None, typer.Option("--doc", help="A document; several times for several.")
    ] = None,
    url: Server = "",
    root: Root = Path(),
    home: Home = None,
) -> None:
    """Send a layer to its project: labels, guidelines, entities, relations and stances.

    Credentials come from DOCCANO_TOKEN, or DOCCANO_USERNAME and DOCCANO_PASSWORD, or are asked for.
    Example: samarkand doccano push hand/a
    """
    from samarkand.doccano.push import push
    from samarkand.progress import progress

    client = connected(url, home)
    with progress("pushing") as report:
        print(push(root, layer, client, docs or (), report))


@app.command()
@clean
def pull(
    layer: LayerName,
    url: Server = "",
    take: Annotated[str, typer.Option(help="In a conflict: ours (the corpus), theirs.")] = "",
    root: Root = Path(),
    home: Home = None,
) -> None:
    """Bring what was edited in a layer's project into the layer, as a three-way merge.

    Credentials come from DOCCANO_TOKEN, or DOCCANO_USERNAME and DOCCANO_PASSWORD, or are asked for.
    Example: samarkand doccano pull hand/a
    """
    from samarkand.doccano.pull import pull
    from samarkand.progress import progress

    client = connected(url, home)
    with progress("pulling") as report:
        print(pull(root, layer, client, take, report))

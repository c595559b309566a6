"""The command `samarkand`: parse, call, print. Every command is a function of its module."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from samarkand import __version__
from samarkand.cli_errors import clean
from samarkand.commands.adjudicate import app as adjudicate
from samarkand.commands.corpus import app as corpus
from samarkand.commands.doccano import app as doccano
from samarkand.commands.layers import app as layers
from samarkand.commands.models import app as models
from samarkand.commands.queue import app as queue
from samarkand.commands.versions import app as versions
from samarkand.errors import SamarkandError

app = typer.Typer(
    name="samarkand",
    help="Keep an annotated corpus in git: check it, convert it, build it into a dataset.",
    epilog="A first try: samarkand init my-corpus, samarkand import FILES --from brat my-corpus "
    "--layer hand/a, samarkand build my-corpus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

#: The formats that are written and read, and those that are only read.
FORMS = (
    "bioc, brat, cas-json, cas-xmi, conll, docbin, doccano, jsonl, labelstudio, "
    "prodigy, quotes, re3d, webanno"
)
READ_ONLY = "gate"


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


Root = Annotated[Path, typer.Argument(help="The corpus folder.", show_default=True)]


@app.command()
@clean
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    name: Annotated[str, typer.Option(help="The corpus's name; by default the folder's.")] = "",
) -> None:
    """Lay out an empty corpus: corpus/, annotations/ and dataset_card.md.

    Example: samarkand init my-corpus
    """
    from samarkand.init import init

    init(folder, name or folder.resolve().name)
    print(f"{folder}: an empty corpus; fill it with `samarkand import SRC --from brat {folder}`")


@app.command("import")
@clean
def import_(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A file or folder.")],
    root: Root = Path(),
    form: Annotated[str, typer.Option("--from", help=f"Its format: {FORMS}, {READ_ONLY}.")] = ...,  # type: ignore[assignment]
    layer: Annotated[str, typer.Option(help="The layer to fill.")] = "hand/a",
    kind: Annotated[str, typer.Option(help="hand, model or adjudicated.")] = "hand",
    annotator: Annotated[str, typer.Option(help="Who or what annotated.")] = "unknown",
    human: Annotated[
        bool | None, typer.Option("--human/--not-human", help="Whether the annotator is a person.")
    ] = None,
    made: Annotated[
        str, typer.Option("--date", help="When, as YYYY-MM-DD; by default today.")
    ] = "",
    guidelines: Annotated[str, typer.Option(help="The version of the guidelines used.")] = "",
    lossy: Annotated[bool, typer.Option("--lossy", help="Import what can be imported.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what the layer says of these documents.")
    ] = False,
) -> None:
    """Bring annotated files into a corpus, as documents and a layer.

    A layer that is there already keeps its provenance: who imported what is among its edits.

    Example: samarkand import standoff/ --from brat my-corpus --layer hand/a --annotator ada --human
    """
    from samarkand.corpus import Provenance
    from samarkand.import_ import import_
    from samarkand.progress import progress

    provenance = Provenance(
        kind,
        annotator,
        human,
        date=made or date.today().isoformat(),
        tool=f"samarkand import --from {form}",
        guidelines=guidelines,
    )
    with progress("importing") as report:
        said = import_(source, form, root, layer, provenance, lossy, overwrite, report)
    print(said)


@app.command()
@clean
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A file or folder.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="A folder to make.")],
    form: Annotated[
        str,
        typer.Option(
            "--from", help=f"Its format: {FORMS}, {READ_ONLY}, or samarkand for a corpus folder."
        ),
    ] = "samarkand",
    to: Annotated[str, typer.Option("--to", help=f"The format wanted: {FORMS}.")] = ...,  # type: ignore[assignment]
    layer: Annotated[str, typer.Option(help="The layer to take from a corpus folder.")] = "hand/a",
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Convert what can be converted, and say what is lost.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Parts of a large source to convert at a time.")] = 1,
) -> None:
    """Convert annotations from one format to another; refuses to lose anything unless told to.

    Example: samarkand convert standoff/ tagged/ --from brat --to conll --lossy
    """
    from samarkand.convert import convert
    from samarkand.progress import progress

    with progress("converting") as report:
        said = convert(source, target, form, to, layer, lossy, report, jobs)
    print(said)


@app.command()
@clean
def check(
    root: Root = Path(),
    layout: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Find everything that is wrong with a corpus, in one pass: file, line, what and why.

    Exits with 1 where there are errors (or, with --strict, warnings), or files that cannot be
    read. docs/checks.md lists the checks.
    """
    from samarkand import store
    from samarkand.check import check, problems_to_json, render, to_json
    from samarkand.errors import CorpusError

    if layout not in ("text", "json"):
        raise SamarkandError(f"--format is text or json, got '{layout}'")
    try:
        findings = check(store.read(root))
    except CorpusError as error:
        if layout == "json":
            print(problems_to_json(error.problems))
        raise
    print(to_json(findings, root) if layout == "json" else render(findings, root))
    if any(strict or finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@app.command()
@clean
def build(
    root: Root = Path(),
    out: Annotated[Path, typer.Option(help="The dataset's folder.")] = Path("dist/samarkand"),
    layer: Annotated[str, typer.Option(help="The layer to publish; see corpus/corpus.toml.")] = "",
    allow_errors: Annotated[
        bool, typer.Option("--allow-errors", help="Build a corpus with errors all the same.")
    ] = False,
) -> None:
    """Check a corpus and write its dataset: Parquet, README.md and manifest.json.

    Load it with datasets.load_dataset("dist/samarkand", "ner").
    """
    from samarkand.build import build
    from samarkand.progress import progress

    with progress("building") as report:
        manifest = build(root, out, layer or None, allow_errors, report)
    for name, parts in manifest["rows"].items():
        rows = ", ".join(f"{size:,} {split}" for split, size in parts.items())
        print(f"{name}: {rows}")
    for what, count in manifest["losses"].items():
        print(f"does not fit, {what}: {count:,}")
    print(f'{out}: load it with datasets.load_dataset("{out}")')


app.add_typer(versions)
app.add_typer(layers)
app.add_typer(corpus)
app.add_typer(models)
app.add_typer(queue)
app.add_typer(adjudicate, name="adjudicate")
app.add_typer(doccano, name="doccano")

if __name__ == "__main__":
    app()

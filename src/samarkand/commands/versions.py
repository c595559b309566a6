"""The commands on versions of a corpus: what changed, and both sides put together."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from samarkand import words
from samarkand.cli_errors import clean
from samarkand.errors import SamarkandError

app = typer.Typer()


@app.command()
@clean
def diff(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A corpus folder, dataset, revision, layer.")
    ],
    b: Annotated[
        str, typer.Argument(metavar="B", help="Another; by default the corpus folder.")
    ] = "",
    root: Annotated[Path, typer.Option(help="The corpus folder of revisions and layers.")] = Path(),
    layout: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file to write, instead of printing.")] = None,
) -> None:
    """Say what changed between two versions, in the terms of annotation.

    Example: samarkand diff v1.0.0..HEAD, samarkand diff hand/a hand/b, or
    samarkand diff HEAD --format html --out changes.html
    """
    from samarkand import changes, files, versions
    from samarkand.diff import diff
    from samarkand.page import page

    forms = ("text", "json", "html")
    if layout not in forms:
        raise SamarkandError(f"--format is {', '.join(forms)}; got '{layout}'")
    old, new, by = versions.pair(a, b, root)
    found = diff(old, new, by)
    if layout == "html":
        said = page(found, old, new, f"{a} {b}".strip())
    else:
        said = changes.text(found) if layout == "text" else changes.to_json(found)
    if out is None:
        print(said)
    else:
        files.write(out, said.encode())
        print(f"{out}: {words.count(len(changes.changes(found)), 'change')}")


@app.command()
@clean
def merge(
    base: Annotated[str, typer.Argument(metavar="BASE", help="What both sides come from.")],
    ours: Annotated[str, typer.Argument(metavar="OURS", help="One side.")],
    theirs: Annotated[str, typer.Argument(metavar="THEIRS", help="The other side.")],
    out: Annotated[Path, typer.Option(help="The corpus folder to write.")] = ...,  # type: ignore[assignment]
    root: Annotated[Path, typer.Option(help="The corpus folder of revisions.")] = Path(),
    partly: Annotated[
        bool, typer.Option("--partly", help="Write what can be merged; say what was kept.")
    ] = False,
    take: Annotated[str, typer.Option(help="ours or theirs: whose side decides conflicts.")] = "",
) -> None:
    """Merge what two sides changed, as annotations; conflicts are told in words, and exit with 1.

    BASE, OURS and THEIRS are corpus folders or git revisions. Written are corpus/, annotations/
    and dataset_card.md; what else a repository holds is not.
    Example: samarkand merge v1.0.0 HEAD ../other --out merged --take ours
    """
    from samarkand.merge.versions import merge_versions

    merged, conflicts = merge_versions(base, ours, theirs, root, out, partly, take)
    for conflict in conflicts:
        print(conflict, file=sys.stderr)
    if partly or take or not conflicts:
        print(f"{out}: {merged}")
    if conflicts and not take:
        hint = "" if partly else "; nothing was written, --take or --partly writes a merge"
        raise SamarkandError(f"{words.count(len(conflicts), 'conflict')}{hint}")


@app.command("install-merge-driver")
@clean
def install_merge_driver(
    root: Annotated[Path, typer.Argument(help="The corpus folder.")] = Path(),
) -> None:
    """Let git merge annotations as annotations, in this clone.

    Example: samarkand install-merge-driver, and commit .gitattributes
    """
    from samarkand.merge.driver import install

    print(install(root))


@app.command("merge-driver", hidden=True)
@clean
def merge_driver(base: Path, ours: Path, theirs: Path, path: str) -> None:
    """What git calls: merge three versions of one file into the second."""
    from samarkand.merge.driver import run

    conflicts = run(base, ours, theirs, path)
    for conflict in conflicts:
        print(f"{path}: {conflict}", file=sys.stderr)
    if conflicts:
        raise typer.Exit(1)

"""The commands on models: what fits their tokens, training, evaluation, model layers."""

from pathlib import Path
from typing import Annotated

import typer

from samarkand import words
from samarkand.cli_errors import clean
from samarkand.errors import SamarkandError

app = typer.Typer()

Root = Annotated[Path, typer.Option(help="A corpus folder, a built dataset, or Parquet of one.")]
Layer = Annotated[str, typer.Option(help="The layer; by default the published one.")]


@app.command()
@clean
def align(
    layer: Annotated[str, typer.Argument(help="The layer; by default the published one.")] = "",
    root: Root = Path(),
    model: Annotated[
        str,
        typer.Option(
            help="A pipeline of spaCy's: a folder or a package; by default its "
            "English tokenizer alone."
        ),
    ] = "",
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """List the spans that a tokenizer cannot represent, what would mend each, and what they cost.

    Example: samarkand align hand/a --model en_core_web_sm
    """
    from samarkand import align as alignment
    from samarkand import source
    from samarkand.models import pipeline

    if form not in ("text", "json"):
        raise SamarkandError(f"--format is text or json; got '{form}'")
    corpus, name = source.read(root, layer)
    found = alignment.align(corpus, name, pipeline.load(model))
    print(alignment.to_json(found) if form == "json" else alignment.text(found))


@app.command()
@clean
def train(
    recipe: Annotated[str, typer.Argument(help="ner, spancat, transformer, relations or stance.")],
    out: Annotated[Path, typer.Option(help="The model's folder.")],
    root: Root = Path(),
    layer: Layer = "",
    seed: Annotated[int, typer.Option(help="Where chance starts from.")] = 0,
    gpu: Annotated[int, typer.Option(help="The number of a GPU; -1 for the processor.")] = -1,
    config: Annotated[
        Path | None, typer.Option(help="A configuration of spaCy's, instead of the recipe's.")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A value of the configuration."),
    ] = None,
    encoder: Annotated[Path | None, typer.Option(help="The folder of a transformer.")] = None,
    show: Annotated[bool, typer.Option("--show-config", help="Print the configuration.")] = False,
) -> None:
    """Train a model on the split train, and keep what is best on validation.

    docs/train.md says what the recipes are.
    Example: samarkand train ner --out models/ner --set training.max_steps=2000
    """
    from samarkand import train as training
    from samarkand.models.request import Request

    if show:
        print(training.configuration(recipe, config))
        return
    options_of = training.parsed(options or [])
    wanted = Request(
        recipe, root, layer, seed, gpu, config=config, options=options_of, encoder=encoder
    )
    said = training.train(wanted, out)
    print(f"{out}: {recipe}, trained on {words.count(len(said['documents']), 'document')}")


@app.command()
@clean
def evaluate(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    root: Root = Path(),
    layer: Layer = "",
    split: Annotated[str, typer.Option(help="A split, or all.")] = "test",
    names: Annotated[
        Path | None,
        typer.Option("--map", help="Names for both sides' labels; docs/evaluate.md."),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file to write, instead of printing.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what is not the same.")] = False,
    rounds: Annotated[
        int, typer.Option(help="Resamples of the documents for the intervals; 0 for none.", min=0)
    ] = 1000,
) -> None:
    """Say how well a model finds what a layer has: precision, recall, F1, with 95 % intervals.

    Example: samarkand evaluate models/ner --layer gold --format html --out errors.html
    """
    from samarkand import evaluate as evaluation
    from samarkand import files, source
    from samarkand.models import model as models

    if form not in ("text", "json", "html"):
        raise SamarkandError(f"--format is text, json or html; got '{form}'")
    corpus, name = source.read(root, layer)
    given = evaluation.mapping(names) if names else None
    found = evaluation.of_model(
        models.load(model, scores=False),
        corpus,
        name,
        "" if split == "all" else split,
        given,
        rounds,
    )
    said = evaluation.said(found, form, listed)
    if out is None:
        print(said)
    else:
        files.write(out, said.encode())
        print(f"{out}: {words.count(len(found.agreement.docs), 'document')} evaluated")


@app.command()
@clean
def annotate(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    source: Annotated[
        Path, typer.Argument(help="A corpus folder, or a folder of texts (*.txt).")
    ] = Path(),
    layer: Annotated[str, typer.Option(help="The layer to make: model/NAME.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="The corpus to lay out, for a folder of texts.")
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="The layer in which relations and stances are found.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the layer.")] = False,
) -> None:
    """Let a model annotate a corpus or a folder of texts; what was cut short goes on.

    Example: samarkand annotate models/ner my-texts --out my-corpus --layer model/ner
    """
    from samarkand import annotate as annotation
    from samarkand import layout
    from samarkand.models import model as models
    from samarkand.progress import progress

    asked = models.load(model)
    name = layer or f"model/{asked.recipe}"
    root = source
    with progress("annotating") as report:
        if not (source / layout.ARTICLES).is_file():
            if out is None:
                raise SamarkandError("a folder of texts is laid out as a corpus: say where, --out")
            annotation.gather(source, out, report)
            root = out
        made = annotation.annotate(asked, root, name, start, overwrite, report)
    before = f", {made.before:,} of them before" if made.before else ""
    said = words.count(made.annotations, "annotation")
    print(f"{root}: {name}, {said} in {words.count(made.documents, 'document')}{before}")


@app.command()
@clean
def crossval(
    recipe: Annotated[str, typer.Argument(help="What to train: see docs/train.md.")],
    root: Annotated[Path, typer.Option(help="The corpus folder.")] = Path(),
    layer: Layer = "",
    to: Annotated[str, typer.Option(help="The layer to make; by default model/RECIPE.")] = "",
    folds: Annotated[int, typer.Option(help="How many parts, and models.", min=3)] = 5,
    seed: Annotated[int, typer.Option(help="Where chance starts from.")] = 0,
    gpu: Annotated[int, typer.Option(help="The number of a GPU; -1 for the processor.")] = -1,
    encoder: Annotated[Path | None, typer.Option(help="The folder of a transformer.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A value of the configuration."),
    ] = None,
) -> None:
    """Make a model layer of all documents, each by a model that never saw it.

    Example: samarkand crossval ner --layer gold --to model/ner
    """
    from samarkand import crossval as validation
    from samarkand import train as training
    from samarkand.models.request import Request
    from samarkand.progress import progress

    of = training.parsed(options or [])
    wanted = Request(recipe, root, layer, seed, gpu, options=of, encoder=encoder)
    with progress("cross-validation") as show:
        made = validation.crossval(wanted, to or f"model/{recipe}", folds, show)
    print(f"{root}: {made.name}, {words.count(len(made.entities), 'entity')} by {folds} models")


@app.command()
@clean
def curve(
    recipe: Annotated[str, typer.Argument(help="What to train: see docs/train.md.")] = "ner",
    root: Root = Path(),
    layer: Layer = "",
    sizes: Annotated[str, typer.Option(help="Numbers of documents, with commas.")] = "5,10,20,40",
    seeds: Annotated[int, typer.Option(help="Models of each size.", min=1)] = 3,
    split: Annotated[str, typer.Option(help="The split to evaluate on.")] = "test",
    encoder: Annotated[Path | None, typer.Option(help="The folder of a transformer.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A value of the configuration."),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help="A file to write, instead of printing.")] = None,
) -> None:
    """Draw the learning curve: documents trained on against strict F1, with 95 % intervals.

    Example: samarkand curve ner --sizes 10,20,40,80 --format html --out curve.html
    """
    from samarkand import curve as learning
    from samarkand import files
    from samarkand import train as training
    from samarkand.models.request import Request
    from samarkand.progress import progress

    if form not in ("text", "json", "html"):
        raise SamarkandError(f"--format is text, json or html; got '{form}'")
    if not all(size.strip().isdecimal() for size in sizes.split(",")):
        raise SamarkandError(f"--sizes is numbers with commas; got '{sizes}'")
    of = training.parsed(options or [])
    wanted = Request(recipe, root, layer, options=of, encoder=encoder)
    with progress("learning curve") as show:
        found = learning.curve(wanted, [int(n) for n in sizes.split(",")], seeds, split, show)
    if form == "html":
        said = learning.page(found, f"{recipe}: documents and strict F1 on {split}")
    else:
        said = learning.to_json(found) if form == "json" else learning.text(found)
    if out is None:
        print(said)
    else:
        files.write(out, said.encode())
        print(f"{out}: {words.count(len(found), 'size')}")

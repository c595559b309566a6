"""Train a model on a layer of a corpus, from a recipe, into a folder."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from samarkand import files
from samarkand.errors import Problem, SamarkandError
from samarkand.models import card, pairs, pipeline, transformer, tuples
from samarkand.models.request import Request

#: What can be trained: what it learns, and what trains it.
RECIPES: dict[str, tuple[str, Callable[[Request, Path], None]]] = {
    "ner": ("named entities (a flat group of labels), with a small CNN", pipeline.train),
    "spancat": ("spans that may overlap (the group `domain`), with a small CNN", pipeline.train),
    "transformer": ("named entities, by fine-tuning a transformer", transformer.train),
    "relations": ("relations between given entities, a linear baseline", pairs.train),
    "stance": ("polarity and act of given stances, a linear baseline", tuples.train),
}


def train(request: Request, out: Path) -> dict[str, Any]:
    """Train a recipe on the split train, and return the card of the model in the folder `out`.

    What is best on the split validation is kept. With one seed and one machine, the same model
    comes out. Errors: SamarkandError for an unknown recipe, a corpus that cannot be read, a
    configuration that is refused, a library that is not there, and an `out` that holds something
    else than a model; then `out` is as it was.
    """
    if request.recipe not in RECIPES:
        known = ", ".join(RECIPES)
        raise SamarkandError(f"no recipe is called '{request.recipe}'; there are {known}")
    refuse_strangers(out)
    _, make = RECIPES[request.recipe]
    with files.folder(out) as new:
        try:
            make(request, new)
        except ModuleNotFoundError as error:
            hint = "pip install 'samarkand[models]' has what training needs"
            raise SamarkandError(f"{error.name} is not installed; {hint}") from error
    return card.read(out)


def configuration(recipe: str, config: Path | None = None) -> str:
    """The configuration of a recipe, or of the user's own. Errors: SamarkandError."""
    path = pipeline.configuration(recipe, config)
    if not path.is_file():
        raise SamarkandError([Problem(str(path), 0, "no such file")])
    return path.read_text(encoding="utf-8").rstrip("\n")


def parsed(options: Sequence[str]) -> dict[str, Any]:
    """Values of a configuration from KEY=VALUE; a value is JSON, or else a string."""
    found: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or "." not in key:
            raise SamarkandError(f"--set is SECTION.KEY=VALUE; got '{option}'")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def refuse_strangers(out: Path) -> None:
    """A folder that holds something else than a model is not replaced."""
    if out.exists() and not (out / card.META).is_file() and any(out.iterdir()):
        message = "is there already and is no model; choose another --out"
        raise SamarkandError([Problem(str(out), 0, message)])

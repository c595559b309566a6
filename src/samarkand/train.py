"""Train a model on a layer of a corpus, from a recipe, into a folder."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samarkand import files
from samarkand.errors import Problem, SamarkandError
from samarkand.models import card, pipeline

#: What can be trained, and what it learns.
RECIPES = {
    "ner": "named entities (a flat group of labels), with a small CNN",
    "spancat": "spans that may overlap (the group `domain`), with a small CNN",
}


def train(
    recipe: str,
    root: Path,
    out: Path,
    layer: str = "",
    seed: int = 0,
    gpu: int = -1,
    docs: Sequence[str] = (),
    config: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train a recipe on the split train, keep what is best on validation, and return its card.

    `root` is a corpus folder, a built dataset, or Parquet of one. `docs` are the only documents to
    train on; by default all of the split. `config` is a configuration of the user's own, `options`
    are values of it by their dotted names. With one seed and one machine, the same model comes out.
    Errors: SamarkandError for an unknown recipe, a corpus that cannot be read, a configuration that
    is refused, and an `out` that holds something else than a model; then `out` is as it was.
    """
    chosen = config or pipeline.RECIPES / f"{_known(recipe)}.cfg"
    refuse_strangers(out)
    with files.folder(out) as new:
        wanted = {"paths.train": str(root.resolve()), "system.seed": seed, "vars.layer": layer}
        wanted |= {"vars.docs": list(docs)} if docs else {}
        pipeline.train(chosen, new, wanted | dict(options or {}), gpu)
        shutil.rmtree(new / "all")
    return card.read(out)


def configuration(recipe: str, config: Path | None = None) -> str:
    """The configuration of a recipe, or of the user's own. Errors: SamarkandError."""
    path = config or pipeline.RECIPES / f"{_known(recipe)}.cfg"
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


def _known(recipe: str) -> str:
    if recipe not in RECIPES:
        raise SamarkandError(f"no recipe is called '{recipe}'; there are {', '.join(RECIPES)}")
    return recipe


def refuse_strangers(out: Path) -> None:
    """A folder that holds something else than a model is not replaced."""
    if out.exists() and not (out / card.META).is_file() and any(out.iterdir()):
        message = "is there already and is no model; choose another --out"
        raise SamarkandError([Problem(str(out), 0, message)])

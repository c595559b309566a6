"""A model of any recipe: loaded from its folder, it annotates documents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from samarkand.corpus import Corpus, Layer, Provenance
from samarkand.errors import SamarkandError
from samarkand.models import card, pairs, pipeline, transformer, tuples
from samarkand.models.found import entities

#: From documents, and a layer of theirs that some recipes start from, to a layer's tables.
Annotate = Callable[[Corpus, str], dict[str, pa.Table]]


@dataclass(frozen=True)
class Model:
    """What is asked for annotations. `labels`: those of entities that it may give; `said`: its card
    (see `models.card`), empty for one that was not trained here.
    """

    folder: Path
    recipe: str
    labels: tuple[str, ...]
    said: dict[str, Any]
    sha256: str
    annotate: Annotate

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The documents that it was trained on, where it says so."""
        return tuple(self.said.get("documents", ()))


def load(folder: Path, scores: bool = True) -> Model:
    """The model in a folder. Errors: SamarkandError for what is no model.

    With `scores`, entities have them where the model can give them, which takes longer.
    """
    said = card.read(folder)
    recipe = str(said.get("recipe", "spacy"))
    labels, annotate = RECIPES.get(recipe, _pipeline)(folder, scores)
    return Model(folder, recipe, labels, said, card.model_hash(folder), annotate)


def _pipeline(folder: Path, scores: bool) -> tuple[tuple[str, ...], Annotate]:
    nlp = pipeline.load(folder)
    named = {label for name in ("ner", "spancat") for label in nlp.pipe_labels.get(name, ())}

    def annotate(corpus: Corpus, layer: str) -> dict[str, pa.Table]:
        found = pipeline.entities(nlp, corpus.documents["text"], scores)
        return {"entities": entities(corpus, found)}

    return tuple(sorted(named)), annotate


def layer(model: Model, name: str, corpus: Corpus, start: str = "") -> Layer:
    """What a model says of the corpus's documents, as a layer of that name.

    `start` is the layer that relations and stances are found in.
    """
    return Layer(name, **model.annotate(corpus, start), provenance=provenance(model, start))


def provenance(model: Model, start: str = "", notes: str = "") -> Provenance:
    """Who made it: the model's recipe, corpus and version, its hash, and today's date."""
    said = model.said
    made = f"{said.get('corpus', '')} {said.get('version', '')}".strip()
    libraries = ", ".join(f"{name} {number}" for name, number in said.get("libraries", {}).items())
    trained = f"trained on {made}, layer {said['layer']}" if "layer" in said else ""
    return Provenance(
        "model",
        f"{model.recipe} model",
        is_human=False,
        date=date.today().isoformat(),
        tool=libraries,
        model=", ".join(part for part in (model.recipe, trained) if part),
        model_sha256=model.sha256,
        derived_from=start,
        notes=notes,
    )


#: Recipes whose models are not pipelines of spaCy's: a function that loads one.
RECIPES: dict[str, Callable[[Path, bool], tuple[tuple[str, ...], Annotate]]] = {
    "relations": pairs.load,
    "stance": tuples.load,
    "transformer": transformer.load,
}


def check_name(name: str) -> None:
    """Errors: SamarkandError for a layer that is not called as those of models are."""
    if not name.startswith("model/"):
        raise SamarkandError(f"a model's layer is called model/NAME; got '{name}'")

"""What a recipe is asked to train."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samarkand import source
from samarkand.corpus import Corpus
from samarkand.errors import SamarkandError
from samarkand.models import reader


@dataclass(frozen=True)
class Request:
    """`docs`: the only documents to train on, and `dev` to validate on, none for those of the
    splits train and validation; `options`: values by their dotted names; `encoder`: the folder of a
    transformer; `gpu`: the number of one, or -1.
    """

    recipe: str
    root: Path
    layer: str = ""
    seed: int = 0
    gpu: int = -1
    docs: Sequence[str] = ()
    dev: Sequence[str] = ()
    config: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    encoder: Path | None = None


def parts(request: Request) -> tuple[Corpus, Corpus, str]:
    """What is trained on, what is validated on, and the layer. Errors: SamarkandError."""
    corpus, layer = source.read(request.root, request.layer)
    train = reader.some(corpus, "" if request.docs else "train", request.docs)
    found = []
    dev = reader.some(corpus, "" if request.dev else "validation", request.dev)
    for chosen in (train, dev):
        (part,) = reader.blocks(chosen, layer, max(len(chosen.documents), 1))
        found.append(part)
    return found[0], found[1], layer


def settings(request: Request, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's values, with those of the options. Errors: SamarkandError for an unknown one."""
    unknown = sorted(set(request.options) - set(defaults))
    if unknown:
        known = ", ".join(f"{name}={value}" for name, value in defaults.items())
        raise SamarkandError(f"the recipe has no value '{unknown[0]}'; it has {known}")
    return {**defaults, **request.options}

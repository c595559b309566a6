"""Pipelines of spaCy's: loaded, trained, and asked for entities."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from samarkand import sentences, source
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError
from samarkand.models import card, reader, words
from samarkand.models.found import Found
from samarkand.models.request import Request

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

#: The recipes that this package comes with.
RECIPES = Path(__file__).parent / "recipes"

#: Begin and end in code points, and label.
Place = tuple[int, int, str]


def load(model: str | Path = "") -> "Language":
    """The pipeline in a folder or package; none means spaCy's English tokenizer alone.

    Errors: SamarkandError for what is not there or is no pipeline.
    """
    import spacy

    if not str(model):
        return spacy.blank("en")
    try:
        return spacy.load(model)
    except (OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        message = f"is no pipeline that spaCy can load: {said}"
        raise SamarkandError([Problem(str(model), 0, message)]) from error


def configuration(recipe: str, config: Path | None = None) -> Path:
    """The configuration of a recipe, or the user's own. Errors: SamarkandError."""
    path = config or RECIPES / f"{recipe}.cfg"
    if not path.is_file():
        named = f"the recipe '{recipe}' has no configuration of spaCy's" if not config else ""
        raise SamarkandError(named or [Problem(str(path), 0, "no such file")])
    return path


def train(request: Request, out: Path) -> None:
    """Train a pipeline as `python -m spacy train` does, and put the best one into the folder `out`.

    The model's meta.json says what it was made of (see `models.card`). Errors: SamarkandError for a
    configuration that spaCy refuses, a corpus that cannot be read, and a GPU that is not there.
    """
    from spacy import util
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as loop

    config, gpu = configuration(request.recipe, request.config), request.gpu
    overrides: dict[str, Any] = {
        "paths.train": str(request.root.resolve()),
        "system.seed": request.seed,
    }
    overrides |= {"vars.layer": request.layer} if request.layer else {}
    if request.docs:
        overrides |= {"vars.docs": list(request.docs), "vars.train_split": ""}
    if request.dev:
        overrides |= {"vars.dev_docs": list(request.dev), "vars.dev_split": ""}
    with _told(config):
        _use(gpu)
        wanted = util.load_config(config, overrides=overrides | dict(request.options))
        nlp = init_nlp(wanted, use_gpu=gpu)
        (out / "all").mkdir()
        loop(nlp, out / "all", use_gpu=gpu, stdout=sys.stderr)
        best = util.load_model(out / "all" / "model-best")
        shutil.rmtree(out / "all")
    settled = best.config.interpolate()
    corpus, layer = _trained_on(settled)
    # No path of this machine goes into the model.
    best.config["paths"] = util.load_config(config, interpolate=False)["paths"]
    best.meta["name"] = f"{corpus.about.name}_{request.recipe}".replace("-", "_")
    best.meta["version"] = corpus.about.version
    seed = int(settled["training"]["seed"] or 0)
    best.to_disk(out)
    written = best.config.to_str()
    card.write(out, card.card(request.recipe, corpus, layer, seed, written, ("spacy", "thinc")))


def _trained_on(config: Mapping[str, Any]) -> tuple[Corpus, str]:
    """The documents that a configuration trains on, and the layer; empty for another reader's."""
    said = config["corpora"]["train"]
    if said.get("@readers") != "samarkand.Corpus.v1":
        raise SamarkandError("corpora.train is not read by samarkand.Corpus.v1; use spacy train")
    corpus, layer = source.read(said["path"], said.get("layer", ""))
    chosen = reader.some(corpus, said.get("split", ""), said.get("docs", ()))
    (part,) = reader.blocks(chosen, layer, len(chosen.documents))
    return part, layer


@contextmanager
def _told(config: Path) -> Iterator[None]:
    """What spaCy refuses is told without a traceback."""
    try:
        yield
    except (ValueError, KeyError, OSError) as error:
        said = " ".join(str(error).split())
        raise SamarkandError([Problem(str(config), 0, f"spaCy refuses it: {said}")]) from error


def _use(gpu: int) -> None:
    from thinc.api import require_cpu, require_gpu

    if gpu < 0:
        require_cpu()
    else:
        require_gpu(gpu)


def entities(
    nlp: "Language", texts: pa.ChunkedArray, scores: bool = False
) -> Iterator[tuple[Found, ...]]:
    """The entities that a pipeline finds in each text: of `doc.ents` and of all `doc.spans`.

    With `scores`, those of a transition-based `ner` have theirs from `shares`, 0 where no parse of
    the beam has them; those of `spancat` always have their own.
    """
    docs, _ = words.docs(texts, nlp)
    sure = shares(nlp, texts) if scores and has_beam(nlp) else None
    for doc in nlp.pipe(docs):
        known = next(sure) if sure else None
        found = [*_ents(doc, known), *_spans(doc)]
        yield tuple(sorted(found, key=lambda one: one[:3]))


def _ents(doc: "Doc", known: Mapping[Place, float] | None) -> Iterator[Found]:
    for ent in doc.ents:
        place = ent.start_char, ent.end_char, ent.label_
        yield *place, None if known is None else known.get(place, 0.0)


def _spans(doc: "Doc") -> Iterator[Found]:
    for group in doc.spans.values():
        scores = group.attrs.get("scores")
        for number, span in enumerate(group):
            score = None if scores is None else round(float(scores[number]), 4)
            yield span.start_char, span.end_char, span.label_, score


#: How many parses a beam holds, and below which share of the best one's weight they are dropped.
_WIDTH, _DENSITY = 32, 0.0001


def has_beam(nlp: "Language") -> bool:
    """Whether a pipeline has a transition-based `ner`, which can weigh several parses."""
    return "ner" in nlp.pipe_names and hasattr(nlp.get_pipe("ner"), "beam_parse")


def shares(nlp: "Language", texts: pa.ChunkedArray) -> Iterator[dict[Place, float]]:
    """For each text how likely each entity is that `ner` considered: the share of a beam's parses
    that have it, by their weights, in steps of 0.0001.

    A beam keeps few parses, which in a long text all agree on what was read long ago: so there is
    one for each sentence.
    """
    docs, at = words.docs(texts, nlp)
    tokens = at.tokens
    number = sentences.split(texts, tokens)
    ner: Any = nlp.get_pipe("ner")
    edges = np.searchsorted(tokens.doc, np.arange(len(docs) + 1))
    with nlp.select_pipes(disable=["ner"]):
        for row, doc in enumerate(nlp.pipe(docs)):
            of = number[edges[row] : edges[row + 1]]
            cut = [*np.flatnonzero(np.diff(of, prepend=-1)).tolist(), len(of)]
            parts = [doc[low:high].as_doc() for low, high in pairwise(cut)]
            found: dict[Place, float] = {}
            beams = ner.beam_parse(parts, beam_width=_WIDTH, beam_density=_DENSITY) if parts else []
            for low, part, beam in zip(cut, parts, beams, strict=False):
                _weigh(found, ner.moves.get_beam_parses(beam), part, doc[low].idx)
            yield {place: round(min(share, 1.0), 4) for place, share in found.items()}


def _weigh(found: dict[Place, float], parses: Iterable[Any], part: "Doc", origin: int) -> None:
    """Add the weights of a part's parses to the entities that they have."""
    for share, ents in parses:
        for start, end, label in ents:
            begin = origin + part[start].idx
            stop = origin + part[end - 1].idx + len(part[end - 1])
            place = begin, stop, label
            found[place] = found.get(place, 0.0) + share

"""How far two or more layers agree: entities, tokens, relations, stances and actors.

Every figure is computed on everything that the layers have, and has an interval by resampling
documents (`agreement.resample`). Where they differ is listed by `diff`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import changes, diff
from samarkand.agreement import actors, alpha, entities, gamma, relations, resample, spans, stances
from samarkand.agreement import sides as sides_of
from samarkand.agreement.resample import Counts, Figure
from samarkand.agreement.sides import NOWHERE, Shared, Side
from samarkand.agreement.spans import EXACT
from samarkand.changes import Change
from samarkand.corpus import Corpus, Layer
from samarkand.errors import SamarkandError
from samarkand.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class Pair:
    """How far two layers agree. `confusion`: the labels that overlapping entities have, rows for
    the first layer's, columns for the second's, in the order of `labels` and, last, none; shape
    (labels + 1, labels + 1).
    """

    layers: tuple[str, str]
    figures: tuple[Figure, ...]
    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far each two layers agree, and all of them together. `docs`: what was compared."""

    layers: tuple[str, ...]
    docs: tuple[str, ...]
    pairs: tuple[Pair, ...]
    together: tuple[Figure, ...]


def agree(
    corpus: Corpus,
    layers: Sequence[str],
    docs: Sequence[str] | None = None,
    rounds: int = resample.ROUNDS,
    progress: Progress = silent,
    with_gamma: bool = False,
) -> Agreement:
    """Compare two or more layers of a corpus over the documents that all of them annotate.

    `docs` names the documents, where it is to be others; `rounds` is how often they are resampled
    for the intervals, 0 for none; `with_gamma` adds gamma, which takes about a second a document.
    Errors: SamarkandError for fewer than two layers, one that is not there, no document in common,
    and gamma without its extra.
    """
    if len(set(layers)) < 2:
        raise SamarkandError("two layers or more are compared: samarkand agree hand/a hand/b")
    chosen = [_layer(corpus, name) for name in layers]
    names = _documents(corpus, chosen, docs)
    shared, sides = sides_of.sides(corpus, chosen, names)
    every = list(combinations(sides, 2))
    found = []
    for done, (a, b) in enumerate(every):
        progress(f"{a.layer.name} and {b.layer.name}", done, len(every))
        found.append(_pair(a, b, shared, rounds))
    of_all = _alphas(sides, shared)
    if with_gamma:
        of_all += gamma.counts(sides, shared, progress)
    together = resample.figures(of_all, rounds)
    return Agreement(tuple(layers), tuple(names.to_pylist()), tuple(found), tuple(together))


def differences(corpus: Corpus, found: Agreement) -> list[list[Change]]:
    """For each pair what is not the same in its layers, matched by what it says (see `match`)."""
    kept = pa.array(found.docs, pa.string())
    listed = []
    for pair in found.pairs:
        old, new = (sides_of.of(corpus.layers[name], kept) for name in pair.layers)
        bare = {"shown": diff.layers(old, new, by="content")}
        said = replace(diff.diff(Corpus(), Corpus()), layers=bare)
        rows = changes.changes(said)
        listed.append(
            [replace(row, layer="") for row in rows if row.kinds != (changes.RENUMBERED,)]
        )
    return listed


def _layer(corpus: Corpus, name: str) -> Layer:
    if name not in corpus.layers:
        there = ", ".join(corpus.layers) or "none"
        raise SamarkandError(f"there is no layer '{name}'; layers: {there}")
    return corpus.layers[name]


def _documents(corpus: Corpus, layers: Sequence[Layer], docs: Sequence[str] | None) -> pa.Array:
    """The documents to compare, in order."""
    names = corpus.documents["doc"].combine_chunks()
    if docs is not None:
        unknown = sorted(set(docs) - set(names.to_pylist()))
        if unknown:
            raise SamarkandError(f"there is no document '{unknown[0]}' in the corpus")
        names = names.filter(pc.is_in(names, pa.array(docs, pa.string())))
    else:
        for layer in layers:
            chunks = [chunk for table in layer.tables() for chunk in table["doc"].chunks]
            names = names.filter(pc.is_in(names, pa.chunked_array(chunks, pa.string()).unique()))
    if not len(names):
        both = " and ".join(layer.name for layer in layers)
        raise SamarkandError(f"no document is annotated in {both}")
    return names


def _pair(a: Side, b: Side, shared: Shared, rounds: int) -> Pair:
    documents = len(shared.docs)
    found = spans.paired(a.spans, b.spans)
    made = entities.counts(a.spans, b.spans, found, shared.groups, shared.labels, documents)
    made += _kappas(a, b, shared)
    same = found.kind <= EXACT
    left, right = found.left[same], found.right[same]
    chains = actors.chains((a.spans.doc, b.spans.doc), (a.actor, b.actor), left, right)
    by_mention = sides_of.by_mention(a, b, left, right)
    by_actor = sides_of.by_actor(by_mention, chains)
    for name, names in (("mention", by_mention), ("actor", by_actor)):
        edges = sides_of.edges(a, b, names, shared)
        made += relations.counts(name, edges, shared.symmetric, shared.relations, documents)
    held = [
        sides_of.stances(side, names, nowhere, shared)
        for side, names, nowhere in zip((a, b), by_actor, NOWHERE, strict=True)
    ]
    made += stances.counts(held[0], held[1], shared.acts, documents)
    made += actors.counts(chains, (a.actor[left], b.actor[right]), documents)
    return Pair(
        (a.layer.name, b.layer.name),
        tuple(resample.figures(made, rounds)),
        shared.labels,
        entities.confusion(a.spans, b.spans, found, len(shared.labels)),
    )


def _kappas(a: Side, b: Side, shared: Shared) -> list[Counts]:
    """Cohen's kappa on the label of each token, by group."""
    size = len(shared.labels) + 1
    made = []
    for group, one, other in zip(shared.groups, a.tags, b.tags, strict=True):
        if one.any() or other.any():
            table = alpha.table(shared.tokens.doc, one, other, size, len(shared.docs))
            items = (int((one > 0).sum()), int((other > 0).sum()))
            made.append(Counts("tokens kappa", group, table, alpha.kappa(size), items))
    return made


def _alphas(sides: Sequence[Side], shared: Shared) -> list[Counts]:
    """Krippendorff's alpha on the label of each token, by group, of all layers together."""
    size = len(shared.labels) + 1
    made = []
    for place, group in enumerate(shared.groups):
        values = np.stack([side.tags[place] for side in sides])
        if values.any():
            table = alpha.coincidences(shared.tokens.doc, values, size, len(shared.docs))
            items = tuple(int(count) for count in (values > 0).sum(1))
            made.append(Counts("tokens alpha", group, table, alpha.nominal(size), items))
    return made

"""Which spans of a layer a tokenizer cannot represent, what would mend each, and what they cost.

A model that labels tokens can find a span only if it begins and ends with a token and, where
spans may not overlap, shares no token with another. What cannot be found bounds its recall.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from samarkand import text as texts
from samarkand.corpus import Corpus
from samarkand.labels import ents_group
from samarkand.models import docs, words
from samarkand.models.docs import Fit
from samarkand.text import TextIndex
from samarkand.words import count

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class Misfit:
    """An entity that tokens cannot say: where, why, and what would mend it."""

    doc: str
    id: str
    label: str
    begin: int
    end: int
    text: str
    problem: str
    fix: str


@dataclass(frozen=True)
class Ceiling:
    """How many entities of a group of labels there are, and how many of them tokens can say."""

    group: str
    entities: int
    sayable: int

    @property
    def recall(self) -> float:
        """The highest recall that a model of these tokens can have; 1 where there is nothing."""
        return self.sayable / self.entities if self.entities else 1.0


@dataclass(frozen=True)
class Alignment:
    """How a layer's entities fit a tokenizer."""

    layer: str
    ceilings: tuple[Ceiling, ...]
    misfits: tuple[Misfit, ...]


def align(corpus: Corpus, layer: str, nlp: "Language") -> Alignment:
    """Hold each entity of a layer against the tokens that a pipeline's tokenizer makes."""
    ix = texts.index(corpus.documents["text"])
    _, at = words.docs(corpus.documents["text"], nlp)
    found = docs.fit(corpus, layer, at, ents_group(corpus.labels.groups) or "")
    wrong = found.inexact | found.lost | found.overlapped
    ceilings = [
        Ceiling(group.name, int((mine := found.group == number).sum()), int((mine & ~wrong).sum()))
        for number, group in enumerate(corpus.labels.groups)
    ]
    rows = np.flatnonzero(wrong)
    chosen = corpus.layers[layer].entities.take(pa.array(rows)).to_pylist()
    misfits = []
    for row, said in zip(rows.tolist(), chosen, strict=True):
        begin, end = said["begin"], said["end"]
        problem, fix = _told(found, ix, row, begin, end)
        place = said["doc"], said["id"], said["label"], begin, end
        misfits.append(Misfit(*place, said["text"], problem, fix))
    return Alignment(layer, tuple(c for c in ceilings if c.entities), tuple(misfits))


def _told(found: Fit, ix: TextIndex, row: int, begin: int, end: int) -> tuple[str, str]:
    """What is wrong with an entity, and what would mend it."""
    if found.pieces[row]:
        return "is discontinuous", "annotate its parts, or one span over all of them"
    if found.untouched[row]:
        return "has no token", "is it white space, or of no length?"
    if found.inexact[row]:
        return _within(found, ix, row, begin, end)
    return "shares a token with a longer one of its group", "annotate one of them"


def _within(found: Fit, ix: TextIndex, row: int, begin: int, end: int) -> tuple[str, str]:
    """What is told of a span that begins or ends within a token."""
    tokens, span = found.tokens, slice(found.first[row], found.last[row])
    first, last = tokens.begin[span], tokens.end[span]
    covered = texts.cover(ix, tokens.doc[span], first, last).to_pylist()
    (wide,) = texts.cover(ix, tokens.doc[span][:1], first[:1], last[-1:]).to_pylist()
    sides = []
    for how, word, at in (
        ("begins", covered[0], begin - int(first[0])),
        ("ends", covered[-1], end - int(first[-1])),
    ):
        if 0 < at < len(word):
            sides.append((f"{how} within the token {word!r}", f"{word[:at]!r} + {word[at:]!r}"))
    problem, split = (" and ".join(part) for part in zip(*sides, strict=True))
    return problem, f"annotate {wide!r}, or split {split} (nlp.tokenizer.add_special_case)"


def text(found: Alignment) -> str:
    """The findings for people: each entity on a line, then the ceilings."""
    lines = [
        f"{m.doc}:{m.begin}-{m.end}: {m.id} {m.label} {m.text!r} {m.problem}; {m.fix}"
        for m in found.misfits
    ]
    lines += [
        f"{found.layer} {each.group}: tokens can say {each.sayable:,} of "
        f"{count(each.entities, 'entity')}; recall is {each.recall:.4f} at most"
        for each in found.ceilings
    ]
    return "\n".join(lines) or f"{found.layer}: no entities"


def to_json(found: Alignment) -> str:
    """The findings as a JSON object."""
    said = {
        "layer": found.layer,
        "ceilings": [
            {name: getattr(each, name) for name in ("group", "entities", "sayable", "recall")}
            for each in found.ceilings
        ],
        "misfits": found.misfits,
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()

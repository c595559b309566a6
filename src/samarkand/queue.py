"""What to look at next: entities of a layer that other layers, or the layer itself, speak against.

A model's layer must not be by models that saw the documents (see `crossval`). How much another
layer's word counts is learnt from how often it and the layer say the same: of its label, and of
the form in question. So a model that confuses two labels often is not heard about them, and a
disagreement about what it otherwise always finds comes first. No model's own probabilities are
needed, only its scores where it gives them; the idea that what a model contradicts out of sample is
likely wrong is that of confident learning (Northcutt et al. 2021, https://arxiv.org/abs/1911.00068).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.agreement import sides as sides_of
from samarkand.agreement import spans
from samarkand.agreement.sides import Side
from samarkand.agreement.spans import EXACT, STRICT, Paired
from samarkand.corpus import Corpus, Layer
from samarkand.errors import SamarkandError

#: How much a disagreement counts that is about boundaries alone.
BOUNDARY = 0.5
#: How many cases of a label stand in for what is known of a form.
_PRIOR = 2.0


@dataclass(frozen=True)
class Item:
    """A place to look at. `label`: what the layer says, empty for nothing; `suggested`: what others
    say, empty for nothing; `suspicion`: from 0 to 1; `reasons`: who says what.
    """

    doc: str
    begin: int
    end: int
    text: str
    label: str
    suggested: str
    suspicion: float
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        said = f"{self.label or '(none)'} -> {self.suggested or '(none)'}"
        place = f"{self.doc}:{self.begin}-{self.end}: {self.text!r} {said}"
        return f"{self.suspicion:.2f}  {place}; {'; '.join(self.reasons)}"


#: A place, what the layer says there, what is said against it, how sure that is, and the reason.
_Doubt = tuple[tuple[str, int, int, str], str, float, str]


def queue(corpus: Corpus, layer: str, others: Sequence[str]) -> list[Item]:
    """The places of a layer that others doubt, the most suspicious first.

    `others` are layers of the same corpus. What several of them doubt is more suspicious than what
    one does. Errors: SamarkandError for a layer that is not there.
    """
    for name in (layer, *others):
        if name not in corpus.layers:
            there = ", ".join(corpus.layers) or "none"
            raise SamarkandError(f"there is no layer '{name}'; layers: {there}")
    doubts = list(_homonyms(corpus, corpus.layers[layer]))
    for name in others:
        doubts += _against(corpus, layer, name)
    texts = dict(zip(*(corpus.documents[n].to_pylist() for n in ("doc", "text")), strict=True))
    found: dict[tuple[str, int, int, str], list[_Doubt]] = {}
    for doubt in doubts:
        found.setdefault(doubt[0], []).append(doubt)
    items = []
    for (doc, begin, end, label), some in found.items():
        some = sorted(some, key=lambda doubt: -doubt[2])
        sure = 1 - float(np.prod([1 - doubt[2] for doubt in some]))
        reasons = tuple(doubt[3] for doubt in some)
        text = texts[doc][begin:end]
        items.append(Item(doc, begin, end, text, label, some[0][1], round(sure, 4), reasons))
    return sorted(items, key=lambda item: (-item.suspicion, item.doc, item.begin, item.end))


def _against(corpus: Corpus, layer: str, other: str) -> Iterator[_Doubt]:
    """What another layer says otherwise, of labels that it uses at all."""
    used = corpus.layers[other].entities["label"].unique()
    docs = corpus.layers[other].entities["doc"].unique()
    names = corpus.documents["doc"].combine_chunks()
    names = names.filter(pc.is_in(names, docs))
    if not len(names):
        return
    pair = [Layer(name, _of(corpus.layers[name].entities, used)) for name in (layer, other)]
    _, (a, b) = sides_of.sides(corpus, pair, names)
    found = spans.paired(a.spans, b.spans)
    mine, theirs = (side.layer.entities.to_pylist() for side in (a, b))
    sure = [_sure(a, mine, found.left, found), _sure(b, theirs, found.right, found)]
    for left, right, kind in zip(found.left, found.right, found.kind, strict=True):
        if kind != STRICT:
            weight = 1.0 if kind == EXACT else BOUNDARY
            said = "labels it" if kind == EXACT else f"has {theirs[right]['text']!r} as"
            yield _doubt(mine[left], theirs[right], sure[1][right] * weight, other, said)
    for left in np.setdiff1d(np.arange(len(mine)), found.left):
        row = mine[left]
        yield _place(row), "", float(sure[0][left]), f"{other} has nothing here"
    for right in np.setdiff1d(np.arange(len(theirs)), found.right):
        row = theirs[right]
        place = row["doc"], row["begin"], row["end"], ""
        share = _score(row) * float(sure[1][right])
        yield place, row["label"], share, f"{other} says {row['label']}{_told(row)}"


def _of(entities: pa.Table, labels: pa.Array) -> pa.Table:
    return entities.filter(pc.is_in(entities["label"], labels))


def _doubt(
    mine: dict[str, Any], theirs: dict[str, Any], sure: float, other: str, said: str
) -> _Doubt:
    share = float(sure) * _score(theirs)
    return _place(mine), theirs["label"], share, f"{other} {said} {theirs['label']}{_told(theirs)}"


def _place(row: dict[str, Any]) -> tuple[str, int, int, str]:
    return row["doc"], row["begin"], row["end"], row["label"]


def _score(row: dict[str, Any]) -> float:
    return 1.0 if row["score"] is None else float(row["score"])


def _told(row: dict[str, Any]) -> str:
    return "" if row["score"] is None else f" ({row['score']:.2f})"


def _sure(side: Side, rows: Sequence[dict[str, Any]], paired: Any, found: Paired) -> Any:
    """For each entity of a side, how often the other side has such ones exactly: those of the label
    and form, leaving this one out, and as a prior those of the label.
    """
    same = np.zeros(len(rows), np.float64)
    same[paired[found.kind == STRICT]] = 1
    labels = np.bincount(side.spans.label, minlength=1), np.bincount(side.spans.label, same, 1)
    keys = [(row["text"], row["label"]) for row in rows]
    many, right = Counter(keys), Counter[tuple[str, str]]()
    for key, each in zip(keys, same.tolist(), strict=True):
        right[key] += int(each)
    made = np.zeros(len(rows), np.float64)
    for place, (key, label) in enumerate(zip(keys, side.spans.label.tolist(), strict=True)):
        prior = labels[1][label] / labels[0][label]
        above = right[key] - same[place] + _PRIOR * prior
        made[place] = above / (many[key] - 1 + _PRIOR)
    return made


def _homonyms(corpus: Corpus, layer: Layer) -> Iterator[_Doubt]:
    """Names that the layer labels in several ways within one group: the rarer ways of each."""
    known = {form for form, _ in corpus.labels.homonyms}
    group = {label: g.name for g in corpus.labels.groups for label in g.labels}
    rows = [
        row
        for row in layer.entities.to_pylist()
        if row["text"] not in known
        and not any(pair["name"] == "mention" for pair in row["attributes"])
    ]
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        key = row["text"], group.get(row["label"], "")
        counts.setdefault(key, Counter())[row["label"]] += 1
    for row in rows:
        ways = counts[row["text"], group.get(row["label"], "")]
        label, most = ways.most_common(1)[0]
        if row["label"] != label and ways[row["label"]] < most:
            share = most / (sum(ways.values()) + _PRIOR)
            said = f"elsewhere it is {label} ({most} of {sum(ways.values())})"
            yield _place(row), label, share, said


def docs(items: Iterable[Item]) -> list[str]:
    """The documents of the items, in the order of the first item of each."""
    return list(dict.fromkeys(item.doc for item in items))


def text(items: Sequence[Item], of: int) -> str:
    """The items for people, and how many there are in all."""
    lines = [str(item) for item in items]
    return "\n".join([*lines, f"{len(items):,} of {of:,} places"])


def to_json(items: Sequence[Item]) -> str:
    """The items as a JSON array."""
    return msgspec.json.format(msgspec.json.encode(items), indent=2).decode()

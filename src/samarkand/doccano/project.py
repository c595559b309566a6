"""A layer's project on a doccano server, and what is remembered of it between push and pull.

What was sent is the base of the three-way merge that brings edits back. It is kept beside the
corpus in `.samarkand/doccano/`, which git passes over: a project belongs to the folder that it was
pushed from.
"""

import colorsys
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
from doccano_client import DoccanoClient

from samarkand import files, schema
from samarkand.corpus import Corpus, Layer
from samarkand.doccano.remote import RefusedError, call, pages
from samarkand.errors import SamarkandError
from samarkand.formats import doccano, jsonl

FOLDER = ".samarkand/doccano"
#: What a project is, so that the annotator sees what the layer says. Overlapping spans would be
#: dropped otherwise, an annotator would not see what others did, and offsets count UTF-16.
SETTINGS = {
    "resourcetype": "SequenceLabelingProject",
    "project_type": "SequenceLabeling",
    "use_relation": True,
    "allow_overlapping": True,
    "grapheme_mode": False,
    "collaborative_annotation": True,
    "random_order": False,
    "tags": [],
}


@dataclass(frozen=True, eq=False)
class Pushed:
    """The project of a layer, and what it was sent: documents, and one layer of that name.

    `sent` is when, by the server's clock, in ISO 8601; empty before anything was. `first` has the
    server's number of the first span and of the first relation of each document, where they are
    known: those that were sent with it follow in their order.
    """

    url: str
    project: int
    layer: str
    base: Corpus
    sent: str = ""
    first: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def _path(root: Path, layer: str, end: str) -> Path:
    return root / FOLDER / f"{quote(layer, safe='')}{end}"


def load(root: Path, layer: str) -> Pushed | None:
    """What was pushed of a layer; None if nothing was. Errors: SamarkandError for broken files."""
    path = _path(root, layer, ".json")
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        url, project, sent = str(told["url"]), int(told["project"]), str(told["sent"])
        first = {str(doc): (int(a), int(b)) for doc, (a, b) in told["first"].items()}
        content = _path(root, layer, ".jsonl").read_bytes()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = f"{path} is broken; remove it to push to a new project"
        raise SamarkandError(message) from None
    base = jsonl.read({str(_path(root, layer, ".jsonl")): content}, layer).corpus
    return Pushed(url, project, layer, base, sent, first)


def save(root: Path, pushed: Pushed) -> None:
    """Remember what was pushed."""
    files.write(root / FOLDER / ".gitignore", b"*\n")
    (content,) = jsonl.write(pushed.base, pushed.layer).values()
    files.write(_path(root, pushed.layer, ".jsonl"), content)
    told = {
        "url": pushed.url,
        "project": pushed.project,
        "layer": pushed.layer,
        "sent": pushed.sent,
        "first": dict(sorted(pushed.first.items())),
    }
    files.write(_path(root, pushed.layer, ".json"), json.dumps(told, indent=2).encode())


def exists(client: DoccanoClient, project: int) -> bool:
    """Whether the project is still there."""
    try:
        call(client, "GET", f"v1/projects/{project}")
    except RefusedError as error:
        if error.status in (403, 404):
            return False
        raise
    return True


def create(client: DoccanoClient, corpus: Corpus, layer: str, guidelines: str) -> int:
    """A new project for a layer."""
    about = corpus.about
    asked = SETTINGS | {
        "name": f"{about.name} {layer}"[:100],
        "description": f"{about.title or about.name} {about.version}, layer {layer}",
        "guideline": guidelines,
    }
    return int(call(client, "POST", "v1/projects", json=asked)["id"])


def update(client: DoccanoClient, project: int, guidelines: str) -> None:
    """Give a project the guidelines as they are now, and the settings that it needs."""
    asked = SETTINGS | {"guideline": guidelines}
    call(client, "PATCH", f"v1/projects/{project}", json=asked)


def labels(client: DoccanoClient, project: int, corpus: Corpus, layer: str) -> None:
    """Make the labels that the project lacks: the scheme's, and what shows stances."""
    stances = [doccano.stance_label(value) for value in (*range(-2, 3), None)]
    propositions = [name for name, _ in corpus.labels.propositions]
    used = corpus.layers[layer]
    targets = [t for t in used.stances["target"].unique().to_pylist() if t.startswith("P:")]
    spans = [*corpus.labels.labels, *used.entities["label"].unique().to_pylist()]
    kinds = [kind.name for kind in corpus.labels.relations]
    links = [*kinds, *used.relations["label"].unique().to_pylist()]
    shown = (doccano.HOLDER, doccano.TARGET, doccano.FRAGMENT)
    _labels(client, project, "span", [*spans, *stances, *sorted({*propositions, *targets})])
    _labels(client, project, "relation", [*links, *shown])


def _labels(client: DoccanoClient, project: int, kind: str, wanted: Iterable[str]) -> None:
    path = f"v1/projects/{project}/{kind}-types"
    there = {each["text"] for each in call(client, "GET", path)}
    names = list(dict.fromkeys(wanted))
    new = [
        {"text": name, "backgroundColor": _colour(place, len(names)), "textColor": "#000000"}
        for place, name in enumerate(names)
        if name not in there
    ]
    if new:
        file = {"file": ("labels.json", json.dumps(new).encode(), "application/json")}
        call(client, "POST", f"v1/projects/{project}/{kind}-type-upload", files=file)


def _colour(place: int, of: int) -> str:
    """One of so many light colours, as far apart as there is room; on them, black can be read."""
    red, green, blue = colorsys.hls_to_rgb(place / max(of, 1), 0.8 if place % 2 else 0.7, 0.7)
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


@dataclass(frozen=True)
class Example:
    """A document of the project: the server's number of it, and ours; empty for a stranger's."""

    number: int
    doc: str


def examples(client: DoccanoClient, project: int) -> list[Example]:
    """What documents the project has."""
    rows = pages(client, f"v1/projects/{project}/examples")
    return [Example(int(row["id"]), doc_of(row.get("meta") or {})) for row in rows]


def numbering(
    client: DoccanoClient,
    project: int,
    sent: Sequence[Example],
    counts: Mapping[str, tuple[int, int]],
) -> dict[str, tuple[int, int]]:
    """The number of the first span and of the first relation of each document that was sent.

    The server numbers those of one upload in their order, document after document. It is asked for
    the first and the last; where there are others between them, nothing is known.
    `counts` has how many spans and relations each document was sent with.
    """
    firsts = []
    for place, kind in enumerate(("spans", "relations")):
        sizes = [counts[example.doc][place] for example in sent]
        filled = [example for example, size in zip(sent, sizes, strict=True) if size]
        if filled:
            ends = [
                [int(row["id"]) for row in call(client, "GET", f"{_of(project, one)}/{kind}")]
                for one in (filled[0], filled[-1])
            ]
            start = min(ends[0], default=0)
            if max(ends[1], default=0) - start + 1 != sum(sizes):
                return {}
        else:
            start = 0
        firsts.append([start + sum(sizes[:row]) for row in range(len(sizes))])
    pairs = zip(*firsts, strict=True)
    return {example.doc: pair for example, pair in zip(sent, pairs, strict=True)}


def _of(project: int, example: Example) -> str:
    return f"v1/projects/{project}/examples/{example.number}"


def doc_of(metadata: dict[str, Any]) -> str:
    """The document that a row's metadata names; empty where it names none."""
    try:
        return str(json.loads(metadata[doccano.KEY])["doc"])
    except (KeyError, ValueError, TypeError):
        return ""


def delete(client: DoccanoClient, project: int, numbers: Sequence[int]) -> None:
    """Delete documents of the project."""
    for start in range(0, len(numbers), 500):  # SQLite takes no more at a time
        asked = {"ids": list(numbers[start : start + 500])}
        call(client, "DELETE", f"v1/projects/{project}/examples", json=asked)


def of(corpus: Corpus, layer: str, docs: Iterable[str]) -> Corpus:
    """The corpus with these documents alone, and with that layer alone."""
    chosen = pa.array(sorted(docs), pa.string())

    def kept(table: pa.Table) -> pa.Table:
        return table.filter(pc.is_in(table["doc"], chosen))

    tables = {name: kept(corpus.layers[layer].table(name)) for name in schema.TABLES}
    made = corpus.layers[layer].provenance
    layers = {layer: Layer(layer, **tables, provenance=made)}
    return Corpus(kept(corpus.documents), corpus.labels, corpus.actors, layers, corpus.about)


def without(layer: Layer, docs: Iterable[str]) -> Layer:
    """The layer without its annotations of these documents."""
    chosen = pa.array(sorted(docs), pa.string())
    tables = {
        name: layer.table(name).filter(pc.invert(pc.is_in(layer.table(name)["doc"], chosen)))
        for name in schema.TABLES
    }
    return Layer(layer.name, **tables, provenance=layer.provenance)


def joined(a: Corpus, b: Corpus) -> Corpus:
    """Two corpora of other documents and the same one layer as one; the rest is the second's."""
    layers = {}
    for name, layer in b.layers.items():
        parts = {t: [side.layers[name].table(t) for side in (a, b)] for t in schema.TABLES}
        tables = {t: pa.concat_tables(found) for t, found in parts.items()}
        layers[name] = Layer(name, **tables, provenance=layer.provenance)
    documents = pa.concat_tables([a.documents, b.documents])
    return Corpus(documents, b.labels, b.actors, layers, b.about)

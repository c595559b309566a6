"""A layer's project on a doccano server: its settings, labels and documents."""

import colorsys
import json
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from doccano_client import DoccanoClient

from samarkand import schema
from samarkand.corpus import Corpus, Layer
from samarkand.doccano.answers import LabelType, Project
from samarkand.doccano.remote import RefusedError, call, request
from samarkand.formats import doccano

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


def exists(client: DoccanoClient, project: int) -> bool:
    """Whether the project is still there."""
    try:
        call(client, Project, "GET", f"v1/projects/{project}")
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
    return call(client, Project, "POST", "v1/projects", json=asked).id


def update(client: DoccanoClient, project: int, guidelines: str) -> None:
    """Give a project the guidelines as they are now, and the settings that it needs."""
    asked = SETTINGS | {"guideline": guidelines}
    request(client, "PATCH", f"v1/projects/{project}", json=asked)


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
    there = {each.text for each in call(client, list[LabelType], "GET", path)}
    names = list(dict.fromkeys(wanted))
    new = [
        {"text": name, "backgroundColor": _colour(place, len(names)), "textColor": "#000000"}
        for place, name in enumerate(names)
        if name not in there
    ]
    if new:
        file = {"file": ("labels.json", json.dumps(new).encode(), "application/json")}
        request(client, "POST", f"v1/projects/{project}/{kind}-type-upload", files=file)


def _colour(place: int, of: int) -> str:
    """One of so many light colours, as far apart as there is room; on them, black can be read."""
    red, green, blue = colorsys.hls_to_rgb(place / max(of, 1), 0.8 if place % 2 else 0.7, 0.7)
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


def delete(client: DoccanoClient, project: int, numbers: Sequence[int]) -> None:
    """Delete documents of the project."""
    for start in range(0, len(numbers), 500):  # SQLite takes no more at a time
        asked = {"ids": list(numbers[start : start + 500])}
        request(client, "DELETE", f"v1/projects/{project}/examples", json=asked)


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

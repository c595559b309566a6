"""The dataset's README.md: the human text of `dataset_card.md`, with YAML, figures and tables.

The YAML is what makes `datasets.load_dataset` type the columns: Parquet holds label columns as
plain strings, and the YAML declares them as `class_label`, nested ones too. In the human text,
`<!-- generated: NAME -->` on a line of its own becomes the table of that name.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import yaml

from samarkand import figures
from samarkand.configs import Losses, tag_columns
from samarkand.corpus import Corpus, Layer
from samarkand.errors import Problem, SamarkandError
from samarkand.figures import Tables
from samarkand.iob import tag_names
from samarkand.labels import LabelSchema

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(
    human: str, corpus: Corpus, layer: Layer, tables: Tables, digest: str, losses: Losses
) -> str:
    """The README.md of the dataset. `digest` identifies its content.

    Errors: SamarkandError where the human text asks for a table that there is not.
    """
    front, body = split_front(human)
    generated: dict[str, Callable[[], str]] = {
        "splits": lambda: figures.splits(tables),
        "entities": lambda: figures.labels(corpus, layer, "entities"),
        "relations": lambda: figures.labels(corpus, layer, "relations"),
        "stances": lambda: figures.stances(corpus, layer),
        "events": lambda: figures.events(corpus),
        "actors": lambda: figures.actors(corpus, layer),
        "layers": lambda: figures.layers(corpus),
        "agreement": lambda: figures.agreement(corpus),
        "adjudication": lambda: figures.adjudication(layer),
        "models": lambda: figures.models(corpus, layer),
        "stats": lambda: figures.audit(corpus, layer),
        "leaks": lambda: figures.shared(corpus),
        "losses": lambda: figures.losses(losses),
    }

    def table(match: re.Match[str]) -> str:
        if match[1] not in generated:
            known = ", ".join(generated)
            message = f"no generated table is called '{match[1]}'; there are {known}"
            raise SamarkandError([Problem("dataset_card.md", 0, message)])
        return generated[match[1]]()

    body = re.sub(r"^<!-- generated: (.*?) -->$", table, body, flags=re.MULTILINE)
    meta = front | header(corpus, layer, tables, digest)
    said = yaml.safe_dump(meta, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{said}---\n{body}"


def split_front(human: str) -> tuple[dict[str, Any], str]:
    """The YAML front matter of a card and the text under it.

    Errors: SamarkandError for what is no YAML mapping, or says what is generated.
    """

    def fault(line: int, message: str) -> SamarkandError:
        return SamarkandError([Problem("dataset_card.md", line, message)])

    match = re.match(r"---\n(.*?)^---\n", human, re.DOTALL | re.MULTILINE)
    if not match:
        return {}, human
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise fault(0, f"the front matter is not YAML: {error}") from None
    if front is not None and not isinstance(front, dict):
        raise fault(1, "the front matter is no mapping of keys to values")
    for key in ("configs", "dataset_info"):
        if key in (front or {}):
            raise fault(1, f"'{key}' is generated; take it out of the front matter")
    return front or {}, human[match.end() :]


def header(corpus: Corpus, layer: Layer, tables: Tables, digest: str) -> dict[str, Any]:
    """The generated part of the YAML: name, licence, size, configurations and features."""
    about = corpus.about
    rows = sum(len(part) for part in tables["articles"].values())
    meta: dict[str, Any] = {"pretty_name": about.title or about.name}
    if about.license:
        meta["license"] = about.license
    if about.languages:
        meta["language"] = list(about.languages)
    meta["size_categories"] = [next((name for most, name in SIZES if rows < most), "n>1M")]
    # datasets keys its cache by this YAML, not by the files: the digest keeps it from going stale.
    meta["configs"] = [
        {"config_name": name}
        | ({"default": True} if place == 0 else {})
        | {
            "version": about.version,
            "description": f"content {digest}",
            "data_files": [{"split": s, "path": f"{name}/{s}.parquet"} for s in parts],
        }
        for place, (name, parts) in enumerate(tables.items())
    ]
    meta["dataset_info"] = [
        dataset_info(name, parts, class_names(corpus.labels, name))
        for name, parts in tables.items()
    ]
    return meta


def dataset_info(
    name: str, parts: Mapping[str, pa.Table], names: Mapping[tuple[str, ...], list[str]]
) -> dict[str, Any]:
    """One entry of `dataset_info`: features, and the splits with their sizes."""
    wanted = next(iter(parts.values())).schema
    splits = [
        {"name": split, "num_bytes": part.nbytes, "num_examples": len(part)}
        for split, part in parts.items()
    ]
    return {
        "config_name": name,
        "features": [feature(field, (field.name,), names) for field in wanted],
        "splits": splits,
        "download_size": sum(part.nbytes for part in parts.values()),
        "dataset_size": sum(part.nbytes for part in parts.values()),
    }


def feature(
    field: pa.Field, path: tuple[str, ...], names: Mapping[tuple[str, ...], list[str]]
) -> dict[str, Any]:
    """One column as the YAML of datasets' features says it."""
    return {"name": field.name} | _type(field.type, path, names)


def _type(
    kind: pa.DataType, path: tuple[str, ...], names: Mapping[tuple[str, ...], list[str]]
) -> dict[str, Any]:
    if names.get(path):
        labels = {str(number): label for number, label in enumerate(names[path])}
        return {"dtype": {"class_label": {"names": labels}}}
    if pa.types.is_list(kind):
        item = kind.value_type
        if pa.types.is_struct(item):
            return {"list": [feature(field, (*path, field.name), names) for field in item]}
        inner = _type(item, (*path, "[]"), names)["dtype"]
        return {"list": inner}
    if pa.types.is_struct(kind):
        return {"struct": [feature(field, (*path, field.name), names) for field in kind]}
    known = {"bool": "bool", "double": "float64", "date32[day]": "date32"}
    return {"dtype": known.get(str(kind), str(kind))}


def class_names(labels: LabelSchema, config: str) -> dict[tuple[str, ...], list[str]]:
    """The names of each column that is a class label, by its path; `[]` is a list's item."""
    entity, relation = list(labels.labels), [kind.name for kind in labels.relations]
    acts, statuses = list(labels.acts), list(labels.statuses)
    argument: dict[tuple[str, ...], list[str]] = {
        (name, "label"): entity for name in ("head", "tail", "object", "holder", "target")
    }
    tags: dict[tuple[str, ...], list[str]] = {
        (name, "[]"): list(tag_names(group.labels)) for name, group in tag_columns(labels).items()
    }
    columns: dict[str, dict[tuple[str, ...], list[str]]] = {
        "articles": {
            ("entities", "label"): entity,
            ("relations", "label"): relation,
            ("relations", "status"): statuses,
            ("stances", "act"): acts,
            ("stances", "status"): statuses,
        },
        "ner": tags,
        "relations": argument
        | {
            ("label",): relation,
            ("merged",): list(dict.fromkeys(labels.merged.values())),
            ("status",): statuses,
        },
        "stance": argument
        | {
            ("polarity",): [name for _, name in labels.polarity],
            ("act",): acts,
            ("status",): statuses,
        },
    }
    return columns.get(config, {})

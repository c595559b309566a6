"""The dataset's README.md: the human text of `dataset_card.md`, with YAML, figures and tables.

The YAML is what makes `datasets.load_dataset` type the columns: Parquet holds label columns as
plain strings, and the YAML declares them as `class_label`, nested ones too. In the human text,
`<!-- generated: NAME -->` on a line of its own becomes the table of that name.
"""

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import yaml

from samarkand import schema
from samarkand.configs import Losses, tag_columns
from samarkand.corpus import Corpus, Layer
from samarkand.errors import Problem, SamarkandError
from samarkand.iob import tag_names
from samarkand.labels import LabelSchema

Tables = Mapping[str, Mapping[str, pa.Table]]

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(
    human: str, corpus: Corpus, layer: Layer, tables: Tables, digest: str, losses: Losses
) -> str:
    """The README.md of the dataset. `digest` identifies its content.

    Errors: SamarkandError where the human text asks for a table that there is not.
    """
    front, body = split_front(human)
    generated = {
        "splits": splits_table(tables),
        "entities": labels_table(corpus, layer, "entities"),
        "relations": labels_table(corpus, layer, "relations"),
        "stances": stances_table(corpus, layer),
        "events": events_table(corpus),
        "actors": actors_table(corpus, layer),
        "layers": layers_table(corpus),
        "losses": losses_table(losses),
    }

    def table(match: re.Match[str]) -> str:
        if match[1] not in generated:
            known = ", ".join(generated)
            message = f"no generated table is called '{match[1]}'; there are {known}"
            raise SamarkandError([Problem("dataset_card.md", 0, message)])
        return generated[match[1]]

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
        "relations": argument | {("label",): relation, ("status",): statuses},
        "stance": argument
        | {
            ("polarity",): [name for _, name in labels.polarity],
            ("act",): acts,
            ("status",): statuses,
        },
    }
    return columns.get(config, {})


def _table(head: list[str], rows: list[list[Any]]) -> str:
    if not rows:
        return "none"
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or "").replace("|", "\\|")


def splits_table(tables: Tables) -> str:
    """Rows by configuration and split."""
    names = list(dict.fromkeys(split for parts in tables.values() for split in parts))
    rows = [
        [f"`{name}`", *(len(parts[s]) if s in parts else 0 for s in names)]
        for name, parts in tables.items()
    ]
    return _table(["configuration", *names], rows)


def _by_split(corpus: Corpus, table: pa.Table, column: str, values: list[Any]) -> list[list[Any]]:
    split_of = dict(
        zip(corpus.documents["doc"].to_pylist(), corpus.documents["split"].to_pylist(), strict=True)
    )
    splits = [split_of.get(doc) or "train" for doc in table["doc"].to_pylist()]
    counts: dict[tuple[Any, str], int] = {}
    for value, split in zip(table[column].to_pylist(), splits, strict=True):
        counts[value, split] = counts.get((value, split), 0) + 1
    rows = [[counts.get((value, split), 0) for split in schema.SPLITS] for value in values]
    return [[value, *row, sum(row)] for value, row in zip(values, rows, strict=True)]


def labels_table(corpus: Corpus, layer: Layer, name: str) -> str:
    """How often each label of entities or relations is used, by split."""
    table = layer.table(name)
    labels = corpus.labels
    known = list(labels.labels) if name == "entities" else [kind.name for kind in labels.relations]
    return _table(["label", *schema.SPLITS, "all"], _by_split(corpus, table, "label", known))


def stances_table(corpus: Corpus, layer: Layer) -> str:
    """How often each polarity is used, by split; `none` is pure attribution."""
    names = dict(corpus.labels.polarity)
    rows = _by_split(corpus, layer.stances, "polarity", [*names, None])
    said = [[names.get(row[0], "none") if row[0] is not None else "none", *row[1:]] for row in rows]
    return _table(["polarity", *schema.SPLITS, "all"], said)


def events_table(corpus: Corpus) -> str:
    """The events, their documents, and the day of the first of them."""
    documents = corpus.documents.filter(corpus.documents["event"].is_valid())
    grouped = documents.group_by("event").aggregate([("doc", "count"), ("published", "min")])
    rows = sorted(grouped.to_pylist(), key=lambda row: (str(row["published_min"]), row["event"]))
    return _table(
        ["event", "first told", "documents"],
        [[row["event"], row["published_min"], row["doc_count"]] for row in rows],
    )


def actors_table(corpus: Corpus, layer: Layer, most: int = 10) -> str:
    """The actors that the most documents mention, and in what share of them."""
    pairs = layer.entities.select(["doc", "actor"]).filter(layer.entities["actor"].is_valid())
    counted = pairs.group_by("actor").aggregate([("doc", "count_distinct")]).to_pylist()
    ranked = sorted(counted, key=lambda row: (-row["doc_count_distinct"], row["actor"]))[:most]
    names = dict(
        zip(corpus.actors["actor"].to_pylist(), corpus.actors["name"].to_pylist(), strict=True)
    )
    rows: list[list[Any]] = []
    for row in ranked:
        count, actor = row["doc_count_distinct"], row["actor"]
        rows.append([names.get(actor, actor), count, f"{count / len(corpus.documents):.0%}"])
    return _table(["actor", "documents", "share"], rows)


def layers_table(corpus: Corpus) -> str:
    """The layers, who or what made them, and how much they say."""
    rows: list[list[Any]] = []
    for layer in corpus.layers.values():
        made = layer.provenance
        said = ("", "", "not said", "")
        if made:
            human = {True: "yes", False: "no", None: "not said"}[made.is_human]
            said = (made.kind, made.annotator, human, made.date)
        rows.append([f"`{layer.name}`", *said, *(len(table) for table in layer.tables())])
    head = ["layer", "kind", "annotator", "human", "date", *schema.TABLES]
    return _table(head, rows)


def losses_table(losses: Losses) -> str:
    """What does not fit a configuration, counted."""
    return _table(["what", "count"], [[what, count] for what, count in sorted(losses.items())])

"""The files of a corpus folder: where each is, and what each may hold.

corpus/corpus.toml             name, version, licence, and the layer that is published
corpus/articles/<doc>.txt      raw text, UTF-8, never normalised
corpus/articles.jsonl          one line an article: metadata
corpus/actors.jsonl            one line an actor
annotations/schema.toml        the label schema
annotations/<layer>/layer.toml provenance
annotations/<layer>/<doc>.jsonl  one annotation a line, each with the text it covers
"""

import datetime
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import msgspec
import tomli_w

from samarkand import files, jsonl, schema
from samarkand.corpus import About, Provenance
from samarkand.errors import CorpusError, Problem, SamarkandError
from samarkand.labels import parse_toml

ARTICLES, ACTORS, ABOUT = "corpus/articles.jsonl", "corpus/actors.jsonl", "corpus/corpus.toml"
LAYER = "layer.toml"
TEXTS, LAYERS, SCHEMA = "corpus/articles", "annotations", "annotations/schema.toml"

#: Columns of the dataset, which metadata may not replace.
TAKEN = ("id", "text", "metadata", *schema.TABLES)

T = TypeVar("T")


class Article(msgspec.Struct, omit_defaults=True):
    doc: str
    title: str | None = None
    published: datetime.date | None = None
    language: str | None = None
    event: str | None = None
    split: str | None = None
    license: str | None = None
    sha256: str | None = None


class Actor(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    actor: str
    name: str
    kind: str | None = None
    country: str | None = None
    wikidata: str | None = None


def optional(root: Path, name: str) -> bytes | None:
    """A file's content; None where there is no such file.

    Errors: SamarkandError for a link that leads out or nowhere, and what is no file.
    """
    path = root / name
    if not os.path.lexists(path):
        return None
    files.guard(path, root)
    return files.read_many(path.parent, [path.name])[0]


def current(root: Path, name: str, parse: Callable[[str, bytes], T]) -> T | None:
    """What a file says; None where there is no such file. Errors: SamarkandError."""
    data = optional(root, name)
    return None if data is None else parse(str(root / name), data)


def parsed(
    root: Path, name: str, parse: Callable[[str, bytes], T], problems: list[Problem]
) -> T | None:
    """What a file says; None where there is no such file, or where it is a problem."""
    try:
        return current(root, name, parse)
    except SamarkandError as error:
        problems += error.problems
        return None


def read_lines(root: Path, name: str, problems: list[Problem]) -> list[bytes]:
    """The lines of a file; none where there is no such file, or where it is a problem."""
    data = parsed(root, name, lambda path, data: data, problems)
    return jsonl.split(str(root / name), data or b"", problems)


def parse_about(path: str, data: bytes) -> About:
    """Read a corpus.toml. Errors: CorpusError for a name or version that a dataset cannot have."""
    about = parse_toml(path, data, About)
    if not files.is_slug(about.name):
        message = f"name {about.name!r} is not safe as a file name; use letters, digits, . _ -"
        raise CorpusError([Problem(path, 0, message)])
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", about.version):
        message = f"version {about.version!r}; wanted three numbers, such as '0.1.0'"
        raise CorpusError([Problem(path, 0, message)])
    return about


def dump_about(about: About) -> bytes:
    """Write a corpus.toml that `parse_about` reads back equal (without its comments)."""
    said = asdict(about) | {"languages": list(about.languages)}
    return tomli_w.dumps(said).encode()


def provenance(root: Path, layer: str) -> Provenance | None:
    """Who or what made a layer; None where it does not say. Errors: SamarkandError."""
    return current(root, f"{LAYERS}/{layer}/{LAYER}", parse_provenance)


def parse_provenance(path: str, data: bytes) -> Provenance:
    """Read a layer.toml. Errors: CorpusError."""
    return parse_toml(path, data, Provenance)


def dump_provenance(made: Provenance) -> bytes:
    """Write a layer.toml that `parse_provenance` reads back equal (without its comments)."""
    said = {k: v for k, v in asdict(made).items() if v not in ("", None, ())}
    return tomli_w.dumps(said).encode()

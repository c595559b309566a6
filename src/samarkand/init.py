"""Lay out an empty corpus."""

from pathlib import Path

from samarkand import files, layout, store
from samarkand.corpus import About, Corpus
from samarkand.errors import Problem, SamarkandError
from samarkand.labels import LabelSchema

CARD = """---
task_categories:
- token-classification
---
# {title}

Say here what the texts are, where they come from, who annotated them and how, and what the
dataset is not to be used for.

<!-- generated: splits -->

## Entities

<!-- generated: entities -->

## Relations

<!-- generated: relations -->

## Stances

<!-- generated: stances -->

## Layers

<!-- generated: layers -->

## What does not fit

<!-- generated: losses -->
"""

GUIDELINES = """# Annotation guidelines

Version 0.1.0. Say here, for each label of `schema.toml`: what it is, a question that tests for it,
two texts that differ in little and in the label, and what it is not.
"""


def init(root: Path, name: str) -> None:
    """Lay out an empty corpus called `name` in a folder that is not there yet, or empty.

    Errors: SamarkandError where the folder holds something, or the name is not safe.
    """
    if not files.is_slug(name):
        raise SamarkandError(f"'{name}' cannot be a corpus's name; use letters, digits, . _ -")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise SamarkandError([Problem(str(root), 0, "is there already and is not an empty folder")])
    about = About(name=name, title=name, version="0.1.0")
    with files.folder(root) as new:
        store.write(Corpus(about=about, labels=LabelSchema(name=name, version="0.1.0")), new)
        (new / layout.TEXTS).mkdir(parents=True)
        (new / layout.LAYERS / "guidelines.md").write_text(GUIDELINES, encoding="utf-8")
        (new / "dataset_card.md").write_text(CARD.format(title=name), encoding="utf-8")

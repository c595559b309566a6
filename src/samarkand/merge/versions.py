"""Three versions of a corpus merged into a new folder, with the files beside its tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from samarkand import files, layout, store, versions
from samarkand.corpus import Corpus
from samarkand.errors import SamarkandError
from samarkand.merge import merge
from samarkand.merge.edits import SIDES

#: Files whose content is merged as what it says, and kept here for its comments.
TOML = (layout.SCHEMA, layout.ABOUT)

Files = Mapping[str, bytes]


def merge_versions(
    base: str, ours: str, theirs: str, root: Path, out: Path, partly: bool, take: str = ""
) -> tuple[Corpus, list[str]]:
    """Merge corpus folders or git revisions of `root` into the folder `out`; conflicts in words.

    Where there are conflicts nothing is written, unless `partly`, or unless `take` ("ours" or
    "theirs") says whose side decides them. Other files of `corpus`,
    `annotations` and the card are taken from the side that changed them, or else as ours has them.
    Errors: SamarkandError for a folder that is there already, and what cannot be read.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SamarkandError(f"{out}: is there already; choose another place")
    if take not in ("", *SIDES):
        raise SamarkandError(f"--take is ours or theirs; got '{take}'")
    three = [versions.corpus(version, root) for version in (base, ours, theirs)]
    merged = merge(three[0], three[1], three[2], take)
    said = [str(conflict) for conflict in merged.conflicts]
    beside = _merged_files(
        [versions.others(each, root) for each in (base, ours, theirs)], said, take
    )
    gone = set().union(*(each.layers for each in three)) - merged.corpus.layers.keys()
    folders = tuple(f"{layout.LAYERS}/{layer}/" for layer in gone)
    if partly or take or not said:
        with files.folder(out) as new:
            kept = {name: data for name, data in beside.items() if not name.startswith(folders)}
            files.write_tree(new, kept)
            store.write(merged.corpus, new)
    return merged.corpus, said


def _merged_files(three: Sequence[Files], said: list[str], take: str) -> Files:
    """Whole files: as the side has them that changed them; `said` is told of what both changed."""
    found: dict[str, bytes] = {}
    for name in sorted(set().union(*three)):
        old, mine, other = (side.get(name) for side in three)
        both = mine not in (old, other) and other != old
        data = other if mine == old or (both and take == SIDES[1]) else mine
        if data is not None:
            found[name] = data
        if both and not (name in TOML or name.endswith(f"/{layout.LAYER}")):
            said.append(f"{name}: both sides changed this file; {take or SIDES[0]} was taken")
    return found

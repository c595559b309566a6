"""Open a corpus, or load a configuration of its dataset, from a checkout or an installed wheel."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

import samarkand
from samarkand import layout, store
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError

if TYPE_CHECKING:
    import datasets

#: What a built dataset depends on, besides the code.
SOURCES = ("corpus", "annotations", "dataset_card.md")


def home() -> Path:
    """The corpus that this package comes with: the checkout it runs from, or the wheel's copy."""
    package = Path(__file__).resolve().parent
    for root in (package.parents[1], package / "data"):
        if (root / layout.ARTICLES).is_file():
            return root
    raise SamarkandError([Problem(str(package), 0, "the package came without its corpus")])


def open(root: Path | str | None = None) -> Corpus:
    """The corpus in a folder; by default the one that this package comes with.

    Errors: CorpusError with every fault of every file.
    """
    return store.read(home() if root is None else root)


def load(
    config: str = "articles",
    split: str | None = None,
    *,
    root: Path | str | None = None,
    cache: Path | str | None = None,
    **options: Any,
) -> "datasets.Dataset | datasets.DatasetDict | Any":
    """A configuration of the dataset, as `datasets.load_dataset` gives it.

    The dataset is built on the first call and kept under `cache` (by default the user's cache
    folder), in a folder named by the content of the corpus and of the code: after a change in
    either it is built anew. No network is used. `options` go to `datasets.load_dataset`
    (`streaming=True`, say). Errors: SamarkandError for a configuration that there is not.
    """
    from samarkand.configs import CONFIGS

    if config not in CONFIGS:
        known = ", ".join(CONFIGS)
        raise SamarkandError(f"no configuration is called '{config}'; there are {known}")
    folder = built(home() if root is None else Path(root), cache)
    import datasets

    options.setdefault("cache_dir", str(folder.parent / "loaded"))
    return datasets.load_dataset(str(folder), config, split=split, **options)


def built(root: Path, cache: Path | str | None = None) -> Path:
    """The folder of the built dataset of that corpus, which is built if it is not there."""
    base = Path(cache) if cache is not None else Path(platformdirs.user_cache_dir("samarkand"))
    out = base / fingerprint(root) / "samarkand"
    if not (out / "manifest.json").is_file():
        from samarkand.build import build
        from samarkand.progress import progress

        with progress("building the dataset") as report:
            build(root, out, progress=report)
    return out


def fingerprint(root: Path) -> str:
    """A hash of what the dataset depends on: the corpus's files, this package's code, libraries."""
    from samarkand.build import LIBRARIES

    versions = {name: version(name) for name in LIBRARIES}
    hashed = hashlib.sha256(f"{samarkand.__version__} {versions}".encode())
    package = Path(__file__).resolve().parent
    code = [(path.name, path) for path in sorted(package.rglob("*.py"))]
    sources = [root / name for name in SOURCES]
    found = [
        path
        for source in sources
        for path in ([source] if source.is_file() else sorted(source.rglob("*")))
    ]
    named = [(path.relative_to(root).as_posix(), path) for path in found if path.is_file()]
    for name, path in [*code, *named]:
        hashed.update(f"{name}\0".encode())
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()[:32]

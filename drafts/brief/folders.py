"""Make the folders of one pass: python folders.py PASS OUT DOC...; texts and guidelines only."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


def text(doc: str) -> Path:
    paths = (HERE / part / f"{doc}.txt" for part in ("drafts/articles", "corpus/articles"))
    return next(path for path in paths if path.exists())


def main() -> None:
    name, out, *docs = sys.argv[1:]
    for start in range(0, len(docs), 5):
        folder = Path(out, f"{name}-{start // 5 + 1:02}")
        folder.mkdir(parents=True)
        shutil.copy(HERE / "annotations/guidelines.md", folder)
        for doc in docs[start : start + 5]:
            shutil.copy(text(doc), folder)


main()

"""Measure Samarkand against what people would use instead, and print a Markdown table.

    python -m bench.run                              everything, 20,000 documents, 5 rounds
    python -m bench.run --only tokens --docs 2000    one subject, on less

Each measurement is a fresh process, ours and the others in turn, round after round; both sides must
give the same result. This process itself imports nothing heavy: on Linux a child's peak memory
starts at its parent's.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

SHOWN = ("samarkand", "numpy", "pyarrow", "spacy", "edsnlp", "datasets")


@dataclass(frozen=True)
class Row:
    """One line of the table. Sides are `module.function` within this package.

    `target` is met where peer / ours is at least `target`; where it is `at_most`, ours / peer at
    most it. `of` names the two figures that are compared, of ours and of the peer; those other than
    seconds are in MB.
    """

    subject: str
    work: str
    ours: str
    other: str
    peer: str
    target: float
    at_most: bool = False
    of: tuple[str, str] = ("seconds", "seconds")


ROWS = (
    Row("standoff", "brat folder to Parquet", "standoff.ours",
        "EDS-NLP's records, columns by hand", "standoff.edsnlp_columns", 10),
    Row("standoff", "the same", "standoff.ours",
        "EDS-NLP, its own Parquet writer", "standoff.edsnlp_parquet", 10),
    Row("standoff", "the same", "standoff.ours",
        "reading the files' bytes", "standoff.files_alone", 7, at_most=True),
    Row("standoff", "the same, with every check", "standoff.ours_checked",
        "reading the files' bytes", "standoff.files_alone", 7, at_most=True),
    Row("documented", "brat folder to Parquet", "standoff.ours",
        "EDS-NLP's Docs, as documented", "standoff.edsnlp_docs", 10),
    Row("doccano", "doccano's JSON Lines to Parquet", "doccano.ours",
        '`load_dataset("json")` and `map`', "doccano.datasets_map", 3),
    Row("doccano", "the same", "doccano.ours",
        "a bare parse and a bare write", "doccano.bare", 2, at_most=True),
    Row("doccano", "the same: memory", "doccano.ours",
        '`load_dataset("json")` and `map`', "doccano.datasets_map", 1, at_most=True,
        of=("peak", "peak")),
    Row("doccano", "the same, with our key", "doccano.ours_own",
        "without it", "doccano.ours", 4, at_most=True),
    Row("diff", "`diff` of two versions of a layer", "changes.ours",
        "dictionaries by document and id", "changes.dictionaries", 5),
    Row("doccano-push", "`doccano push`, up to 1,000 documents", "server.push",
        "the server's own import", "server.upload", 1.3, at_most=True),
    Row("doccano-pull", "`doccano pull`, up to 1,000 documents", "server.pull",
        "the server's own export", "server.export", 1.3, at_most=True),
    Row("labelstudio", "Label Studio JSON to tables", "labelstudio.ours",
        "`json.load`, flattened in Python", "labelstudio.json_load", 4),
    Row("tags", "spans to IOB2 over given tokens", "tags.ours_given",
        "spaCy `offsets_to_biluo_tags`", "tags.spacy_given", 40),
    Row("tokens", "text to English tokens and IOB2", "tags.ours_text",
        'spaCy `blank("en")`', "tags.spacy_text", 8),
    Row("docbin", "entities over given tokens to DocBin", "docbin.ours",
        "spaCy `Doc.char_span`, `DocBin.add`", "docbin.spacy_docs", 8),
    Row("docbin-read", "DocBin to tables", "docbin.ours_read",
        "spaCy `DocBin.get_docs`, `doc.ents`", "docbin.spacy_read", 1.5),
    Row("reader", "annotated articles to spaCy's Examples", "reader.ours",
        "spaCy `Corpus.v1` of DocBin", "reader.spacy_corpus", 3),
    Row("offsets", "code points to UTF-16 and bytes", "offsets.ours",
        "slicing and encoding each", "offsets.slices", 20),
    Row("check", "`check`", "checking.check",
        "`store.read`", "checking.read", 3, at_most=True),
    Row("check", "reading and checking: memory", "checking.check",
        "the tables' own size", "checking.check", 4, at_most=True, of=("growth", "tables")),
    Row("agree-f1", "F1 of 2 x 80,000 entities", "agreement.ours_f1",
        "nervaluate", "agreement.nervaluate_f1", 100),
    Row("agree-alpha", "Krippendorff's alpha of 2 x 80,000 labels", "agreement.ours_alpha",
        "NLTK", "agreement.nltk_alpha", 50),
    Row("startup", "`samarkand --help`", "startup.ours",
        "`import datasets`", "startup.datasets", 0.4, at_most=True),
)  # fmt: skip

#: What a subject needs on disk: steps `module.function`, run once for a data folder.
STEPS = {
    "standoff": ("standoff.prepare",),
    "documented": ("standoff.prepare",),
    "doccano": ("doccano.prepare",),
    "diff": ("checking.prepare", "changes.prepare"),
    "doccano-push": ("server.prepare",),
    "doccano-pull": ("server.prepare",),
    "labelstudio": ("labelstudio.prepare",),
    "tags": ("common.write_inputs", "tags.prepare"),
    "tokens": ("common.write_inputs",),
    "docbin": ("common.write_inputs", "tags.prepare"),
    "docbin-read": ("common.write_inputs", "tags.prepare", "docbin.prepare"),
    "reader": ("reader.prepare",),
    "offsets": ("common.write_inputs",),
    "check": ("checking.prepare",),
    "agree-f1": ("common.write_inputs", "agreement.prepare"),
    "agree-alpha": ("common.write_inputs", "agreement.prepare"),
    "startup": (),
}

#: Subjects that are measured only when they are named: they take too long on the full corpus, or
#: install a server.
SLOW = ("documented", "doccano-push", "doccano-pull")

Measured = dict[str, list[dict[str, Any]]]


def prepare(data: Path, subjects: Iterable[str], docs: int) -> None:
    """Make what the subjects need and the folder has not got yet."""
    data.mkdir(parents=True, exist_ok=True)
    stamp = data / "made.json"
    made = json.loads(stamp.read_text()) if stamp.is_file() else {"docs": docs, "steps": []}
    if made["docs"] != docs:
        sys.exit(f"{data} holds {made['docs']} documents, wanted {docs}; choose another --data")
    for step in dict.fromkeys(step for subject in subjects for step in STEPS[subject]):
        if step not in made["steps"]:
            print(f"preparing: {step}", file=sys.stderr)
            _child(step, data, str(docs))
            made["steps"].append(step)
            stamp.write_text(json.dumps(made))


def measure(rows: Iterable[Row], data: Path, rounds: int) -> Measured:
    """Every side of the rows, in turn, `rounds` times. Exits where two sides differ."""
    rows = list(rows)
    found: Measured = {side: [] for row in rows for side in (row.ours, row.peer)}
    for subject in dict.fromkeys(row.subject for row in rows):
        sides = dict.fromkeys(
            side for row in rows if row.subject == subject for side in (row.ours, row.peer)
        )
        for number in range(rounds):
            for side in sides:
                found[side].append(json.loads(_child(side, data)))
                seconds = found[side][-1]["seconds"]
                print(f"round {number + 1}: {side} {seconds:.3f} s", file=sys.stderr)
            digests = {found[side][-1]["digest"] for side in sides} - {""}
            if len(digests) > 1:
                sys.exit(f"{subject}: the sides give different results: {list(sides)}")
    return found


def _child(side: str, data: Path, *more: str) -> str:
    module, name = side.split(".")
    command = [sys.executable, "-m", "bench.side", module, name, str(data), *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    if done.returncode:
        sys.exit(f"{side} failed")
    return done.stdout


def table(rows: Iterable[Row], found: Measured) -> Iterator[str]:
    """The Markdown table of medians."""
    yield "| work | ours | against | theirs | ratio | target | met |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        mine, other = _median(found[row.ours], row.of[0]), _median(found[row.peer], row.of[1])
        ratio = mine / other if row.at_most else other / mine
        met = ratio <= row.target if row.at_most else ratio >= row.target
        shown = f"{ratio:.2g} of it" if row.at_most else f"{ratio:.3g} times faster"
        target = f"at most {row.target:g}" if row.at_most else f"at least {row.target:g}"
        cells = [
            row.work,
            _cell(found[row.ours], row.of[0]),
            row.other,
            _cell(found[row.peer], row.of[1]),
            shown,
            target,
            "yes" if met else "no",
        ]
        yield f"| {' | '.join(cells)} |"


def _cell(runs: list[dict[str, Any]], figure: str) -> str:
    if figure != "seconds":
        return f"{_median(runs, figure):.0f} MB"
    return f"{_median(runs, 'seconds'):.3g} s, {_median(runs, 'peak'):.0f} MB"


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=STEPS, action="append", help="a subject; may be repeated")
    parser.add_argument("--docs", type=int, default=20_000, help="how many documents")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="keep the inputs there, and use them again")
    options = parser.parse_args()
    wanted = options.only or [subject for subject in STEPS if subject not in SLOW]
    rows = [row for row in ROWS if row.subject in wanted]
    with tempfile.TemporaryDirectory(prefix="samarkand-bench-") as temporary:
        data = (options.data or Path(temporary)).resolve()
        prepare(data, [row.subject for row in rows], options.docs)
        found = measure(rows, data, options.rounds)
    print(f"{options.docs:,} documents, medians of {options.rounds} rounds, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{n} {version(n)}" for n in SHOWN))
    print("\n" + "\n".join(table(rows, found)))


if __name__ == "__main__":
    main()

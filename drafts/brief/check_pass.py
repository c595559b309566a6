"""Check a folder of quotation files against the label schema: python check_pass.py FOLDER.

Prints what does not resolve and what `samarkand check` calls an error; silent where all is well.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
SAMARKAND = Path(sys.executable).with_name("samarkand")
QUIET = re.compile(r"unknown-actor|^[0-9,]+ errors?,|corpus/articles|near-duplicate")


def run(*args: object) -> str:
    command = [str(a) for a in (SAMARKAND, *args)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    return "" if done.returncode == 0 and args[0] == "import" else done.stdout + done.stderr


def main() -> None:
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        source, root = Path(name, "source"), Path(name, "root")
        source.mkdir()
        run("init", root)
        shutil.copy(HERE / "annotations/schema.toml", root / "annotations/schema.toml")
        for notes in sorted(folder.glob("*.jsonl")):
            shutil.copy(notes, source)
            shutil.copy(notes.with_suffix(".txt"), source)
        if out := run("import", source, root, "--from", "quotes", "--lossy"):
            print(out)
            return
        lines = [line for line in run("check", root).splitlines() if not QUIET.search(line)]
        print("\n".join(lines))


main()

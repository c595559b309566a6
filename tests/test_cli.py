"""The command line: help, exit codes, messages, and three commands from files to a dataset."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samarkand import __version__, store
from samarkand.cli import FORMS, READ_ONLY, app
from samarkand.formats import FORMATS, READERS

REPOSITORY = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "store" / "good"
COMMANDS = (
    *("init", "import", "convert", "check", "build"),
    *("diff", "merge", "install-merge-driver", "agree", "adjudicate", "stats", "leaks", "doccano"),
    *("align", "train", "evaluate", "annotate", "crossval", "curve", "queue"),
)


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_or_a_pointer(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage:" in out
    assert any(
        word in out for word in ("Example:", "A first try:", "Load it with", "docs/checks.md")
    )


def test_help_lists_every_command_and_the_readme_does() -> None:
    _, out, _ = run("--help")
    readme = (REPOSITORY / "README.md").read_text()
    for command in COMMANDS:
        assert f"\n  {command} " in out
        assert f"| `samarkand {command}` |" in readme
    assert run("--version") == (0, f"{__version__}\n", "")


def test_help_lists_every_format() -> None:
    assert ", ".join(FORMATS) == FORMS
    assert ", ".join(name for name in READERS if name not in FORMATS) == READ_ONLY


def test_help_needs_none_of_the_heavy_libraries() -> None:
    script = (
        "import sys; from samarkand.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'datasets', 'spacy', 'pyarrow', 'numpy', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\n[]\n")


def test_check_prints_file_line_and_exits_by_what_it_finds(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    assert run("check", root) == (0, "0 errors, 0 warnings\n", "")
    path = root / "annotations/hand/a/a.jsonl"
    path.write_text(path.read_text().replace('"end":12,"text":"Putin"', '"end":11,"text":"Putin"'))
    code, out, _ = run("check", root)
    assert code == 1
    assert out.startswith(f"{path}:2: error covered-text-differs: ")
    code, out, _ = run("check", root, "--format", "json")
    assert code == 1
    (finding,) = json.loads(out)
    assert (finding["path"], finding["line"], finding["check"]) == (
        str(path),
        2,
        "covered-text-differs",
    )


def test_check_says_in_json_what_it_cannot_read(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (root / "corpus/actors.jsonl").write_text("{}\n")
    code, out, error = run("check", root, "--format", "json")
    path = str(root / "corpus/actors.jsonl")
    assert code == 1
    assert json.loads(out) == [
        {
            "path": path,
            "line": 1,
            "message": "key 'actor' is missing",
            "severity": "error",
            "check": "unreadable",
        }
    ]
    assert error == f"{path}:1: key 'actor' is missing\n"


def test_strict_makes_a_warning_fail(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    path = root / "annotations/hand/a/a.jsonl"
    path.write_text(path.read_text().replace('"tail":"T2"', '"tail":"T1"'))
    assert run("check", root)[0] == 0
    code, out, _ = run("check", root, "--strict")
    assert code == 1
    assert "warning self-relation" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "nowhere"), "nowhere/corpus/articles.jsonl: no such file; is this a corpus folder? `samarkand init` lays one out\n"),
        (("build", "nowhere"), "nowhere/corpus/articles.jsonl: no such file; is this a corpus folder? `samarkand init` lays one out\n"),
        (("check", SMALL, "--format", "xml"), "--format is text or json, got 'xml'\n"),
        (("convert", "nowhere", "out", "--from", "brat", "--to", "conll"), "nowhere: no such file or folder\n"),
        (("convert", SMALL, "out", "--from", "brta", "--to", "conll"), f"no format is called 'brta'; there are {', '.join(sorted(READERS))}\n"),
        (("convert", SMALL, "out", "--to", "brta"), f"no format is called 'brta'; there are {', '.join(sorted(FORMATS))}\n"),
        (("convert", SMALL, "out", "--to", "gate"), f"gate is only read; {', '.join(sorted(FORMATS))} are written\n"),
        (("init", "my corpus"), "'my corpus' cannot be a corpus's name; use letters, digits, . _ -\n"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_and_nothing_is_written(
    arguments: tuple[object, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == (1, "", message)
    assert not list(tmp_path.iterdir())


def test_init_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert run("init", tmp_path, "--name", "x") == (
        1,
        "",
        f"{tmp_path}: is there already and is not an empty folder\n",
    )


def standoff(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.txt").write_text("Xi met Putin.\n")
    (folder / "a.ann").write_text(
        "T1\tPERSON 0 2\tXi\nT2\tPERSON 7 12\tPutin\nR1\tMEETS_WITH Arg1:T1 Arg2:T2\t\n"
    )
    return folder


def test_three_commands_from_files_to_a_dataset(tmp_path: Path) -> None:
    source, root, out = standoff(tmp_path / "in"), tmp_path / "corpus", tmp_path / "out"
    assert run("init", root)[0] == 0
    code, told, _ = run(
        "import",
        source,
        "--from",
        "brat",
        root,
        "--layer",
        "hand/x",
        "--annotator",
        "ada",
        "--human",
    )
    assert (code, told) == (0, "1 document (1 new), 2 entities, 1 relation, 0 stances\n")
    code, told, _ = run("build", root, "--out", out)
    assert code == 0, told
    assert "relations: 1 train\n" in told
    assert json.loads((out / "manifest.json").read_text())["layer"] == "hand/x"


def test_a_second_import_replaces_only_when_told_to(tmp_path: Path) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    run("init", root)
    command = ("import", source, "--from", "brat", root, "--layer", "hand/x")
    assert run(*command)[0] == 0
    message = "layer 'hand/x' has annotations of 'a' already; --overwrite replaces them\n"
    assert run(*command) == (1, "", message)
    assert run(*command, "--overwrite")[0] == 0
    (source / "a.txt").write_text("Xi met Putin!\n")
    message = "document 'a' is in the corpus with another text; rename one of them\n"
    assert run(*command, "--overwrite") == (1, "", message)


def test_convert_says_what_is_lost_and_refuses_to_lose_it(tmp_path: Path) -> None:
    source, out = standoff(tmp_path / "in"), tmp_path / "out"
    command = ("convert", source, out, "--from", "brat", "--to", "conll")
    code, told, error = run(*command)
    assert (code, told) == (1, "")
    assert error == (
        "1 document, 2 entities, 1 relation, 0 stances\n"
        "not written, relations: 1 of 1 lost, as a/R1\n"
        "nothing was written; --lossy converts what can be converted\n"
    )
    assert not out.exists()
    code, told, _ = run(*command, "--lossy")
    assert (code, told) == (
        0,
        "1 document, 2 entities, 1 relation, 0 stances\nnot written, relations: 1 of 1 lost, as a/R1\n",
    )
    assert "Putin\tSpaceAfter=No\tB-PERSON" in (out / "a.conll").read_text()
    assert run(*command)[2] == f"{out}: is there already; choose another place\n"
    back = tmp_path / "back"
    assert run("convert", out, back, "--from", "conll", "--to", "brat")[0] == 0
    assert (back / "a.txt").read_text() == "Xi met Putin.\n"


def test_what_a_corpus_cannot_hold_is_counted_and_refused(tmp_path: Path) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    with (source / "a.ann").open("a") as file:
        file.write("E1\tPERSON:T1\n")
    run("init", root)
    command = ("import", source, "--from", "brat", root)
    code, _, error = run(*command)
    assert code == 1
    assert "not read, event: 1" in error
    assert error.endswith("nothing was imported; --lossy imports what can be imported\n")
    code, told, _ = run(*command, "--lossy")
    assert code == 0
    assert "not read, event: 1" in told


def test_quotations_are_imported_for_documents_that_are_there(tmp_path: Path) -> None:
    root, quotes = tmp_path / "corpus", tmp_path / "quotes"
    shutil.copytree(SMALL, root)
    quotes.mkdir()
    (quotes / "a.jsonl").write_text('{"entity":"T1","label":"PERSON","exact":"Putin"}\n')
    assert (
        run("import", quotes, "--from", "quotes", root, "--layer", "hand/b", "--annotator", "ada")[
            0
        ]
        == 0
    )
    written = (root / "annotations/hand/b/a.jsonl").read_text()
    assert written == '{"entity":"T1","label":"PERSON","begin":7,"end":12,"text":"Putin"}\n'
    assert '"sha256":' in (root / "corpus/articles.jsonl").read_text()


def test_an_import_leaves_alone_what_is_not_its_own(tmp_path: Path) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (source / "a.ann").write_text("T1\tPERSON 0 2\tXi\n")
    layer = root / "annotations" / "hand" / "a"
    (layer / "NOTES.md").write_text("mine")
    with (layer / "layer.toml").open("a") as file:
        file.write("# why\n")
    before = {path: path.read_bytes() for path in layer.rglob("*") if path.is_file()}
    assert run("import", source, "--from", "brat", root, "--layer", "hand/b")[0] == 0
    assert {path: path.read_bytes() for path in layer.rglob("*") if path.is_file()} == before
    assert run("import", source, "--from", "brat", root, "--layer", "hand/a", "--overwrite")[0] == 0
    assert (layer / "NOTES.md").read_text() == "mine"
    assert (layer / "layer.toml").read_bytes().startswith(before[layer / "layer.toml"])  # "# why"


def test_an_import_into_a_layer_says_what_becomes_of_its_provenance(tmp_path: Path) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    run("init", root)
    command = ("import", source, "--from", "brat", root, "--date", "2026-01-02")
    assert run(*command, "--annotator", "ada", "--human", "--guidelines", "1")[0] == 0
    first = (root / "annotations/hand/a/layer.toml").read_bytes()
    code, told, _ = run(*command, "--overwrite", "--annotator", "bob")
    assert (code, told) == (0, "1 document (0 new), 2 entities, 1 relation, 0 stances\n")
    assert (root / "annotations/hand/a/layer.toml").read_bytes() == first  # nothing has changed
    edits = []
    for label, options in (
        ("GPE", ("--annotator", "bob", "--kind", "model")),
        ("ROLE", ("--not-human",)),
    ):
        (source / "a.ann").write_text(f"T1\t{label} 0 2\tXi\n")
        code, told, _ = run(*command, "--overwrite", *options)
        who = "by bob, kind model" if label == "GPE" else "by unknown, not human"
        edits.append(
            "2026-01-02 samarkand import --from brat: "
            f"1 document (0 new), 1 entity, 0 relations, 0 stances; {who}"
        )
        note = "layer 'hand/a' keeps its provenance; this import is recorded among its edits: "
        assert (code, told.splitlines()[1]) == (0, note + edits[-1])
    made = store.read(root).layers["hand/a"].provenance
    assert made is not None
    assert (made.annotator, made.is_human, made.guidelines) == ("ada", True, "1")
    assert made.edits == tuple(edits)
    assert (root / "annotations/hand/a/layer.toml").read_bytes().startswith(first)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--layer", "../../x"), "'../../x' cannot be a layer's name; use letters, digits, . _ - and / between\n"),
        (("--kind", "robot"), "--kind is hand, model, adjudicated; got 'robot'\n"),
        (("--date", "yesterday"), "--date is a date as YYYY-MM-DD; got 'yesterday'\n"),
    ],
)  # fmt: skip
def test_a_refused_import_writes_nothing(
    options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    run("init", root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert run("import", source, "--from", "brat", root, *options) == (1, "", message)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_an_imported_corpus_is_checked_like_any_other(tmp_path: Path) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    run("init", root)
    run("import", source, "--from", "brat", root, "--layer", "hand/x")
    (root / "annotations/hand/x/layer.toml").unlink()
    assert "error layer-without-provenance" in run("check", root)[1]


def test_files_of_another_split_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (tmp_path / "in").mkdir()
    standoff(tmp_path / "in" / "test")
    code, _, error = run("import", tmp_path / "in", "--from", "brat", root, "--layer", "hand/z")
    assert (code, error) == (1, "document 'a' is in split train, the files are in test's folder\n")


def test_a_corpus_whose_text_was_edited_is_not_converted(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (root / "corpus/articles/a.txt").write_text("He met Putin.\n")
    code, _, error = run("convert", root, tmp_path / "out", "--to", "quotes", "--lossy")
    assert code == 1
    assert "error covered-text-differs" in error
    assert not (tmp_path / "out").exists()


def test_an_unreadable_file_is_named_in_full(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    path = root / "annotations/hand/a/a.jsonl"
    path.unlink()
    path.mkdir()
    (root / "corpus/articles/a.txt").unlink()
    (root / "corpus/articles/a.txt").mkdir()
    _, _, error = run("check", root)
    assert error.splitlines() == [
        f"{path}: cannot be read: is no file",
        f"{root}/corpus/articles/a.txt: cannot be read: is no file",
    ]
    file = tmp_path / "file"
    file.touch()
    assert run("init", file / "x")[0] == 1


def test_an_import_that_was_cut_short_can_be_done_again(tmp_path: Path) -> None:
    source, root = standoff(tmp_path / "in"), tmp_path / "corpus"
    run("init", root)
    path = root / "corpus/articles/a.txt"
    path.write_text("Mine.\n")
    command = ("import", source, "--from", "brat", root)
    message = f"{path}: is there already, unlisted, with another text; move it away\n"
    assert run(*command) == (1, "", message)
    path.write_text("Xi met Putin.\n")
    assert run(*command)[0] == 0
    assert run("check", root)[0] == 0


def test_this_corpus_goes_through_quotations_and_back_byte_for_byte(tmp_path: Path) -> None:
    root, quotes = tmp_path / "corpus", tmp_path / "quotes"
    for part in ("corpus", "annotations"):
        shutil.copytree(REPOSITORY / part, root / part)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert run("convert", root, quotes, "--to", "quotes", "--lossy")[0] == 0
    assert run("import", quotes, "--from", "quotes", root, "--overwrite")[0] == 0
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before

"""Comparing and merging versions from the command line, and in a real git repository."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from samarkand import diff, store, versions
from samarkand.build import build
from samarkand.versions import pair
from tests.test_cli import run

REPOSITORY = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "store" / "good"
LINES = "annotations/hand/a/a.jsonl"


def git(root: Path, *arguments: str, code: int = 0) -> str:
    """Run git as somebody, and return what it printed."""
    who = {
        f"GIT_{role}_{what}": "a@b.c"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-c", "commit.gpgsign=false", *arguments],
        cwd=root, env=os.environ | who | quiet, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The small corpus in a git repository, one commit old."""
    shutil.copytree(SMALL, tmp_path / "root")
    git(tmp_path / "root", "init", "-q", "-b", "main")
    git(tmp_path / "root", "add", "-A")
    git(tmp_path / "root", "commit", "-q", "-m", "first")
    return tmp_path / "root"


def edit(root: Path, *changes: tuple[str, str], path: str = LINES) -> None:
    """Replace pieces of a file that occur in it once."""
    text = (root / path).read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (root / path).write_text(text)


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


RELABEL = '"label":"PERSON","begin":7', '"label":"GPE","begin":7'


def test_revisions_folders_and_the_working_tree_are_compared(root: Path, tmp_path: Path) -> None:
    assert run("diff", "HEAD", "--root", root) == (0, "no difference\n", "")
    shutil.copytree(root, tmp_path / "old")
    edit(root, RELABEL)
    wanted = (
        "hand/a entities: 1 relabelled\n  GPE: 1 relabelled\n\nhand/a a\n"
        "  ~ T2 GPE 7-12 'Putin': relabelled: label 'PERSON' -> 'GPE'\n"
    )
    assert run("diff", "HEAD", "--root", root) == (0, wanted, "")
    assert run("diff", tmp_path / "old", root) == (0, wanted, "")
    commit(root, "second")
    assert run("diff", "HEAD~1..HEAD", "--root", root) == (0, wanted, "")
    assert run("diff", "HEAD~1", "HEAD", "--root", root) == (0, wanted, "")
    assert run("diff", "HEAD~1..", "--root", root) == (0, wanted, "")


def test_a_revision_is_read_with_the_bytes_it_has(root: Path) -> None:
    attributes = "*.txt text eol=crlf\nannotations/hand/a export-ignore\n"
    (root / ".gitattributes").write_text(attributes + "articles.jsonl export-ignore\n")
    git(root, "config", "core.autocrlf", "true")
    text = b"Xi met Putin.\nNow.\n"
    (root / "corpus/articles/a.txt").write_bytes(text)
    lines = (root / "corpus/articles.jsonl").read_text().splitlines(keepends=True)
    (root / "corpus/articles.jsonl").write_text("".join(lines))
    commit(root, "attributes")
    corpus = versions.read_revision(root, "HEAD")
    assert corpus.documents["text"][0].as_py().encode() == text
    assert corpus == store.read(root)
    assert len(corpus.layers["hand/a"].entities) == 2


def test_links_of_a_revision_are_followed_as_in_a_folder(root: Path, tmp_path: Path) -> None:
    (root / "annotations/hand/b").mkdir()
    (root / "annotations/hand/b/a.jsonl").symlink_to("../a/a.jsonl")
    commit(root, "link")
    found = versions.read_revision(root, "HEAD")
    assert found == store.read(root)
    assert found.layers["hand/b"].entities.equals(found.layers["hand/a"].entities)
    outside = tmp_path / "outside.jsonl"
    shutil.copy(root / LINES, outside)
    (root / "annotations/hand/b/a.jsonl").unlink()
    (root / "annotations/hand/b/a.jsonl").symlink_to(outside)
    commit(root, "link out")
    said = "annotations/hand/b/a.jsonl: a symbolic link out of the folder\n"
    assert run("diff", "HEAD", "HEAD~1", "--root", root) == (1, "", f"HEAD:{said}")
    assert run("diff", "HEAD~1", root) == (1, "", f"{root}/{said}")


def test_a_submodule_in_a_revision_is_refused(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "annotations/hand/a", tmp_path / "b")
    git(tmp_path / "b", "init", "-q", "-b", "main")
    commit(tmp_path / "b", "b")
    allowed = ("-c", "protocol.file.allow=always")
    git(root, *allowed, "submodule", "--quiet", "add", str(tmp_path / "b"), "annotations/hand/b")
    commit(root, "submodule")
    assert run("diff", "HEAD", "--root", root) == (
        1, "", "HEAD:annotations/hand/b: a submodule, whose files are in no revision of this repository\n",
    )  # fmt: skip
    assert run("diff", "HEAD~1", "HEAD~1", "--root", root) == (0, "no difference\n", "")


def test_a_corpus_in_a_folder_of_its_repository_is_found(root: Path, tmp_path: Path) -> None:
    git(root, "mv", "corpus", "deep")  # the folder must not be taken for the root
    (root / "deep").rename(root / "c")
    (root / "inner").mkdir()
    (root / "c").rename(root / "inner" / "corpus")
    (root / "annotations").rename(root / "inner" / "annotations")
    commit(root, "moved")
    assert run("diff", "HEAD", "--root", root / "inner") == (0, "no difference\n", "")


def test_a_diff_is_json_and_a_page_as_well(root: Path, tmp_path: Path) -> None:
    edit(root, RELABEL)
    _, out, _ = run("diff", "HEAD", "--root", root, "--format", "json")
    (change,) = json.loads(out)["changes"]
    assert (change["id"], change["kinds"], change["columns"]) == ("T2", ["relabelled"], ["label"])
    assert (change["before"]["label"], change["after"]["label"]) == ("PERSON", "GPE")
    page = tmp_path / "page.html"
    code, out, _ = run("diff", "HEAD", "--root", root, "--format", "html", "--out", page)
    assert (code, out) == (0, f"{page}: 1 change\n")
    assert '">Putin</mark>.' in page.read_text()
    assert (
        'class="changed" title="hand/a ~ T2 GPE 7-12 &#x27;Putin&#x27;: relabelled'
        in page.read_text()
    )


def test_layers_are_compared_by_what_they_say(root: Path) -> None:
    shutil.copytree(root / "annotations/hand/a", root / "annotations/hand/b")
    text = (root / "annotations/hand/b/a.jsonl").read_text().replace("T2", "T9")
    (root / "annotations/hand/b/a.jsonl").write_text(text)
    code, out, _ = run("diff", "hand/a", "hand/b", "--root", root)
    assert code == 0
    assert "relabelled" not in out
    assert "renumbered" in out
    (root / "annotations/hand/b/a.jsonl").unlink()  # layer.toml alone: nothing annotated yet
    code, out, _ = run("diff", "hand/a", "hand/b", "--root", root)
    assert (code, out.splitlines()[0]) == (0, "hand/b entities: 2 removed")


def test_a_corpus_and_the_dataset_built_of_it_are_the_same(tmp_path: Path) -> None:
    build(REPOSITORY, tmp_path / "out")
    for a, b in ((REPOSITORY, tmp_path / "out"), (tmp_path / "out", REPOSITORY)):
        old, new, by = pair(str(a), str(b), REPOSITORY)
        assert by == "id"
        assert not diff.diff(old, new)
    corpus = store.read(REPOSITORY)
    assert len(corpus.layers["hand/a"].entities) > 2000


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("v9", "'v9' is none of {root}: Needed a single revision; wanted a corpus folder, a built dataset, a layer, or a git revision"),
        ("../missing", "'../missing' is none of {root}: Needed a single revision; wanted a corpus folder, a built dataset, a layer, or a git revision"),
        ("HEAD...HEAD", "'HEAD...HEAD' has three dots; wanted two, such as v1.0.0..HEAD; `git merge-base` says what two have in common"),
        ("HEAD..v9", "'v9' is none of {root}: Needed a single revision; wanted a corpus folder, a built dataset, a layer, or a git revision"),
        ("hand/a", "'hand/a' is a layer of {root}, and no revision; a layer is compared with a layer"),
        ("--help-me", "'--help-me' is none of {root}: Needed a single revision; wanted a corpus folder, a built dataset, a layer, or a git revision"),
    ],
)  # fmt: skip
def test_what_is_no_version_is_refused(root: Path, version: str, message: str) -> None:
    code, _, err = run("diff", "--root", root, "--", version)
    assert (code, err) == (1, message.format(root=root) + "\n")


def test_a_dataset_of_others_is_refused(tmp_path: Path) -> None:
    build(SMALL, tmp_path / "out")
    for name, table, said in (
        ("layers", pa.table({"a": [1]}), "has no column 'layer'; was this"),
        ("articles", pa.table({"a": [1]}), "has no column 'doc'; was this"),
        ("articles", pa.table({"doc": [1]}), "column 'doc' is int64, wanted string; was this"),
        ("articles", pa.table({"doc": pa.array([None], pa.string())}), "column 'doc' is null in some rows, wanted string; was this"),
    ):  # fmt: skip
        path = tmp_path / "out" / name / "train.parquet"
        pq.write_table(table, path)
        code, _, err = run("diff", tmp_path / "out", SMALL)
        assert (code, err) == (1, f"{path}: {said} dataset built by this version?\n")
    build(SMALL, tmp_path / "out")
    path = tmp_path / "out/articles/train.parquet"
    whole = pq.read_table(path)
    pq.write_table(whole.append_column("size", pa.array([1] * len(whole))), path)
    code, _, err = run("diff", tmp_path / "out", SMALL)
    said = "column 'size' is int64, wanted string; was this dataset built by this version?"
    assert (code, err) == (1, f"{path.parent}: {said}\n")


def test_a_fault_in_a_revision_is_named_with_it(root: Path) -> None:
    edit(root, ('"begin":7', '"begin":"7"'))
    commit(root, "broken")
    code, _, err = run("diff", "HEAD", "HEAD~1", "--root", root)
    assert code == 1
    assert err.startswith(f"HEAD:{LINES}:2: ")


def test_three_folders_are_merged_or_the_conflict_is_told(root: Path, tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        shutil.copytree(root, tmp_path / name)
    edit(tmp_path / "ours", RELABEL)
    edit(tmp_path / "theirs", ('"label":"PERSON","begin":0', '"label":"NORP","begin":0'))
    out = tmp_path / "merged"
    code, printed, err = run("merge", root, tmp_path / "ours", tmp_path / "theirs", "--out", out)
    assert (code, err) == (0, "")
    assert printed.startswith(f"{out}: <Corpus ")
    labels = store.read(out).layers["hand/a"].entities["label"].to_pylist()
    assert labels[:2] == ["NORP", "GPE"]
    edit(tmp_path / "theirs", ('"label":"PERSON","begin":7', '"label":"ROLE","begin":7'))
    again = tmp_path / "again"
    code, _, err = run("merge", root, tmp_path / "ours", tmp_path / "theirs", "--out", again)
    told = (
        "hand/a a: both sides changed entity T2 PERSON (7-12 'Putin'): "
        "label 'GPE' (ours), 'ROLE' (theirs); kept as it was\n1 conflict"
    )
    assert (code, err) == (1, f"{told}; nothing was written, --take or --partly writes a merge\n")
    assert not again.exists()
    code, _, err = run(
        "merge", root, tmp_path / "ours", tmp_path / "theirs", "--out", again, "--partly"
    )
    assert (code, err) == (1, f"{told}\n")
    assert store.read(again).layers["hand/a"].entities["label"].to_pylist()[:2] == [
        "NORP",
        "PERSON",
    ]


def test_a_merge_has_the_files_beside_the_tables(root: Path, tmp_path: Path) -> None:
    """Guidelines and the card come along, and comments where the merge says what a side says."""
    (root / "annotations/guidelines.md").write_text("one\n")
    (root / "annotations/hand/a/notes.md").write_text("of the layer\n")
    (root / "dataset_card.md").write_text("card\n")
    (root / "README.md").write_text("no part of the corpus\n")
    edit(root, ("name", "# what it is called\nname"), path="corpus/corpus.toml")
    commit(root, "beside")
    for name in ("ours", "theirs"):
        shutil.copytree(root, tmp_path / name)
    edit(tmp_path / "ours", RELABEL)
    (tmp_path / "ours/annotations/CHANGELOG.md").write_text("new\n")
    (tmp_path / "theirs/annotations/guidelines.md").write_text("two\n")
    for base in (root, "HEAD"):
        out = tmp_path / f"merged-{Path(base).name}"
        sides = tmp_path / "ours", tmp_path / "theirs"
        code, _, err = run("merge", base, *sides, "--out", out, "--root", root)
        assert (code, err) == (0, "")
        assert (out / "annotations/guidelines.md").read_text() == "two\n"
        assert (out / "annotations/CHANGELOG.md").read_text() == "new\n"
        assert (out / "annotations/hand/a/notes.md").read_text() == "of the layer\n"
        assert (out / "dataset_card.md").read_text() == "card\n"
        assert "# what it is called" in (out / "corpus/corpus.toml").read_text()
        assert not (out / "README.md").exists()
        assert store.read(out).layers["hand/a"].entities["label"].to_pylist()[1] == "GPE"


def test_a_layer_that_goes_takes_its_files_with_it(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "annotations/hand/a", root / "annotations/hand/b")
    for name in ("ours", "theirs"):
        shutil.copytree(root, tmp_path / name)
    shutil.rmtree(tmp_path / "theirs/annotations/hand/b")
    out = tmp_path / "merged"
    assert run("merge", root, tmp_path / "ours", tmp_path / "theirs", "--out", out)[0] == 0
    assert list(store.read(out).layers) == ["hand/a"]
    assert not (out / "annotations/hand/b").exists()


def test_a_file_beside_the_tables_that_both_sides_changed_is_told(
    root: Path, tmp_path: Path
) -> None:
    for name in ("ours", "theirs"):
        shutil.copytree(root, tmp_path / name)
        (tmp_path / name / "annotations/guidelines.md").write_text(f"{name}\n")
    out = tmp_path / "merged"
    arguments = ("merge", root, tmp_path / "ours", tmp_path / "theirs", "--out", out)
    told = "annotations/guidelines.md: both sides changed this file; ours was taken\n1 conflict"
    code, _, err = run(*arguments)
    assert (code, err) == (1, f"{told}; nothing was written, --take or --partly writes a merge\n")
    assert not out.exists()
    assert run(*arguments, "--partly")[2] == f"{told}\n"
    assert (out / "annotations/guidelines.md").read_text() == "ours\n"


def test_a_side_that_is_named_decides_the_conflicts(root: Path, tmp_path: Path) -> None:
    for name, label in (("ours", "GPE"), ("theirs", "ROLE")):
        shutil.copytree(root, tmp_path / name)
        (tmp_path / name / "annotations/guidelines.md").write_text(f"{name}\n")
        edit(tmp_path / name, ('"label":"PERSON","begin":7', f'"label":"{label}","begin":7'))
    sides = ("merge", root, tmp_path / "ours", tmp_path / "theirs")
    for side, label in (("ours", "GPE"), ("theirs", "ROLE")):
        out = tmp_path / f"merged-{side}"
        code, printed, err = run(*sides, "--out", out, "--take", side)
        assert (code, printed[: len(str(out))]) == (0, str(out))
        assert f"annotations/guidelines.md: both sides changed this file; {side} was taken" in err
        assert store.read(out).layers["hand/a"].entities["label"].to_pylist()[1] == label
        assert (out / "annotations/guidelines.md").read_text() == f"{side}\n"
    code, _, err = run(*sides, "--out", tmp_path / "x", "--take", "mine")
    assert (code, err) == (1, "--take is ours or theirs; got 'mine'\n")


@pytest.fixture
def driven(root: Path) -> Path:
    code, out, _ = run("install-merge-driver", root)
    assert code == 0
    assert out == (
        f"git merges annotations as annotations in this clone; {root}/.gitattributes names the files: commit it\n"
    )
    commit(root, "driver")
    assert run("install-merge-driver", root)[1].endswith("as it did\n")
    return root


def branch(root: Path, name: str, *changes: tuple[str, str], path: str = LINES) -> None:
    git(root, "checkout", "-q", "-b", name, "main")
    edit(root, *changes, path=path)
    commit(root, name)


ADDED = '{{"entity":"T9","label":"{}","begin":{},"end":{},"text":"{}"}}\n'


def test_two_branches_that_annotate_one_article_merge(driven: Path) -> None:
    first = '{"entity":"T1"'
    relation = '{"relation":"R2","label":"MEETS_WITH","head":"T9","tail":"T1"}\n'
    branch(driven, "one", RELABEL, (first, ADDED.format("EVENT", 3, 6, "met") + first))
    git(driven, "checkout", "-q", "-b", "two", "main")
    text = (driven / LINES).read_text()
    lines = text.splitlines(keepends=True)
    rest = [line for line in lines if not line.startswith('{"entity"')]
    entities = [line for line in lines if line.startswith('{"entity"')]
    added = ADDED.format("ROLE", 0, 6, "Xi met")
    (driven / LINES).write_text("".join([added, *entities, relation, *rest]))
    commit(driven, "two")
    git(driven, "merge", "-q", "-m", "merged", "one")
    layer = store.read(driven).layers["hand/a"]
    found = {row["id"]: (row["label"], row["text"]) for row in layer.entities.to_pylist()}
    assert found["T2"] == ("GPE", "Putin")
    assert {found["T9"], found["T10"]} == {("EVENT", "met"), ("ROLE", "Xi met")}
    (new,) = [row for row in layer.relations.to_pylist() if row["id"] == "R2"]
    assert found[new["head"]] == ("ROLE", "Xi met")
    assert run("check", driven)[0] in (0, 1)


def test_a_conflict_stands_in_the_file_and_in_words(driven: Path) -> None:
    branch(driven, "one", RELABEL)
    branch(driven, "two", ('"label":"PERSON","begin":7', '"label":"ROLE","begin":7'))
    said = git(driven, "merge", "-q", "one", code=1)
    assert (
        f"{LINES}: hand/a a: both sides changed entity T2 PERSON (7-12 'Putin'): "
        "label 'ROLE' (ours), 'GPE' (theirs); kept as it was"
    ) in said
    text = (driven / LINES).read_text()
    start = text.index("<<<<<<< ours\n")
    marked = text[start:].splitlines()
    assert [line[:7] for line in marked[::2][:3]] == ["<<<<<<<", "|||||||", "======="]
    assert '"ROLE"' in marked[1]
    assert '"PERSON"' in marked[3]
    assert '"GPE"' in marked[5]
    code, _, err = run("check", driven)
    assert code == 1
    assert "a conflict that git left; keep one version of the line, without markers" in err
    kept = [
        line
        for line in text.splitlines()
        if line[:7] not in ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
    ]
    resolved = [
        line for line in kept if '"GPE"' not in line and '"label":"PERSON","begin":7' not in line
    ]
    (driven / LINES).write_text("\n".join(resolved) + "\n")
    commit(driven, "resolved")
    assert store.read(driven).layers["hand/a"].entities["label"].to_pylist()[1] == "ROLE"


def test_an_entity_that_a_relation_needs_is_a_conflict_in_words(driven: Path) -> None:
    text = (driven / LINES).read_text().splitlines(keepends=True)
    bare = [line for line in text if not line.startswith(('{"relation"', '{"stance"'))]
    (driven / LINES).write_text("".join(bare))
    commit(driven, "entities alone")
    git(driven, "checkout", "-q", "-b", "one")
    (driven / LINES).write_text("".join(line for line in bare if '"T2"' not in line))
    commit(driven, "one")
    git(driven, "checkout", "-q", "-b", "two", "main")
    new = '{"relation":"R7","label":"MEETS_WITH","head":"T1","tail":"T2"}\n'
    (driven / LINES).write_text("".join([*bare, new]))
    commit(driven, "two")
    said = git(driven, "merge", "-q", "one", code=1)
    assert (
        "theirs removed entity T2 PERSON (7-12 'Putin'), which relation R7 MEETS_WITH (T1 -> T2) "
        "of ours refers to; it was kept"
    ) in said


def test_articles_and_actors_merge_by_their_ids(driven: Path) -> None:
    path = "corpus/articles.jsonl"
    first = (driven / path).read_text().splitlines()[0]
    assert first.endswith("}")
    branch(driven, "one", (first, first[:-1] + ',"desk":"east"}'), path=path)
    branch(driven, "two", (first, first[:-1] + ',"region":"asia"}'), path=path)
    git(driven, "merge", "-q", "-m", "merged", "one")
    row = store.read(driven).documents.to_pylist()[0]
    assert {pair["name"]: pair["value"] for pair in row["metadata"]}.items() >= {
        ("desk", "east"), ("region", "asia"),
    }  # fmt: skip


LAYER_TOML = "annotations/hand/a/layer.toml"
DATED = 'date = "2024-01-01"'


def edited(lines: str) -> tuple[str, str]:
    return DATED, f"# who did it\n{DATED}\nedits = [\n{lines}]"


def test_lines_appended_to_the_provenance_by_two_branches_are_both_kept(driven: Path) -> None:
    branch(driven, "zero", edited('    "first",\n'), path=LAYER_TOML)
    git(driven, "checkout", "-q", "main")
    git(driven, "merge", "-q", "zero")
    more = '    "first",\n'
    branch(driven, "one", (more, more + '    "one",\n    "same",\n'), path=LAYER_TOML)
    branch(driven, "two", (more, more + '    "same",\n    "two",\n'), path=LAYER_TOML)
    git(driven, "merge", "-q", "-m", "merged", "one")
    made = store.read(driven).layers["hand/a"].provenance
    assert made is not None
    assert made.edits == ("first", "same", "two", "one")


def test_fields_of_toml_files_are_merged_with_their_comments(driven: Path) -> None:
    for path, first, second in (
        (LAYER_TOML, ("ada", "eva"), (DATED, f'# later\n{DATED[:-2]}2"\ntool = "x"')),
        ("corpus/corpus.toml", ("Small", "Smaller"), ('["en"]', '["en", "fr"]')),
    ):
        git(driven, "checkout", "-q", "main")
        branch(driven, "one", first, path=path)
        branch(driven, "two", second, path=path)
        git(driven, "merge", "-q", "-m", "merged", "one")
        assert first[1] in (driven / path).read_text()
        assert second[1] in (driven / path).read_text()
        git(driven, "checkout", "-q", "main")
        git(driven, "branch", "-q", "-D", "one", "two")


def test_a_field_of_a_toml_file_that_both_branches_changed_is_a_conflict(driven: Path) -> None:
    branch(driven, "one", ("ada", "eva"), path=LAYER_TOML)
    branch(driven, "two", ("ada", "ida"), path=LAYER_TOML)
    said = git(driven, "merge", "-q", "one", code=1)
    assert (
        f"{LAYER_TOML}: both sides changed provenance: annotator 'ida' (ours), 'eva' (theirs); "
        "kept as it was"
    ) in said
    text = (driven / LAYER_TOML).read_text()
    assert 'ida"\n=======\n' in text
    assert 'eva"\n>>>>>>> theirs' in text


def test_the_files_that_git_hands_to_the_driver(driven: Path) -> None:
    assert (driven / ".gitattributes").read_text() == (
        "annotations/**/*.jsonl merge=samarkand\n"
        "annotations/**/layer.toml merge=samarkand\n"
        "corpus/articles.jsonl merge=samarkand\n"
        "corpus/actors.jsonl merge=samarkand\n"
        "corpus/corpus.toml merge=samarkand\n"
    )


def test_what_cannot_be_read_is_merged_as_text(driven: Path) -> None:
    branch(driven, "one", ('"begin":7', '"begin":x'))
    branch(driven, "two", RELABEL)
    said = git(driven, "merge", "-q", "one", code=1)
    assert f"{LINES}:2: not JSON" in said
    assert "; it was merged as text" in said
    assert "<<<<<<<" in (driven / LINES).read_text()


def test_outside_git_there_is_nothing_to_install(tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "root")
    code, _, err = run("install-merge-driver", tmp_path / "root")
    assert code == 1
    assert err.startswith(f"{tmp_path}/root: not a git repository")

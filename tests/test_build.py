"""From a corpus to the dataset: typed, reproducible, whole or not at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import datasets
import duckdb
import polars
import pyarrow.parquet as pq
import pytest

from samarkand import labels, store
from samarkand.build import build
from samarkand.configs import CONFIGS
from samarkand.corpus import Layer, Provenance
from samarkand.errors import SamarkandError

REPOSITORY = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "store" / "good"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's dataset."""
    out = tmp_path_factory.mktemp("built") / "samarkand"
    build(REPOSITORY, out)
    return out


def fresh(script: str, *arguments: object, **environment: str) -> str:
    """What a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


LOAD = """
import json, sys, datasets
folder, cache = sys.argv[1:3]
told = {}
for config in sys.argv[3:]:
    loaded = datasets.load_dataset(folder, config, cache_dir=cache)
    streamed = datasets.load_dataset(folder, config, streaming=True)
    for split, rows in loaded.items():
        told[f"{config}/{split}"] = len(rows)
        for row, other in zip(rows, streamed[split], strict=True):
            assert row == other, (row, other)
print(json.dumps(told))
"""


def test_every_configuration_loads_in_a_fresh_process_and_streams_alike(
    dataset: Path, tmp_path: Path
) -> None:
    told = json.loads(fresh(LOAD, dataset, tmp_path, *CONFIGS, HF_HUB_OFFLINE="1"))
    rows = json.loads((dataset / "manifest.json").read_text())["rows"]
    assert told == {
        f"{name}/{split}": n for name, parts in rows.items() for split, n in parts.items()
    }
    assert all(set(parts) == {"train", "validation", "test"} for parts in rows.values())


def test_labels_are_class_labels_and_offsets_lead_back_to_the_text(
    dataset: Path, tmp_path: Path
) -> None:
    import datasets

    articles = datasets.load_dataset(str(dataset), cache_dir=str(tmp_path))["train"]
    texts = dict(zip(articles["doc"], articles["text"], strict=True))
    names = articles.features["entities"].feature["label"].names
    for row in articles:
        for entity in row["entities"]:
            assert (
                entity["fragments"]
                or row["text"][entity["begin"] : entity["end"]] == entity["text"]
            )
            assert 0 <= entity["label"] < len(names)
    ner = datasets.load_dataset(str(dataset), "ner", cache_dir=str(tmp_path))["train"]
    assert ner.features["ner_tags"].feature.names[:3] == ["O", "B-PERSON", "I-PERSON"]
    assert ner.features["domain_tags"].feature.names[:3] == ["O", "B-ROLE", "I-ROLE"]
    for row in ner:
        places = zip(row["begin"], row["end"], strict=True)
        assert [texts[row["doc"]][begin:end] for begin, end in places] == row["tokens"]
    relations = datasets.load_dataset(str(dataset), "relations", cache_dir=str(tmp_path))["train"]
    for row in relations:
        for argument in (row["head"], row["tail"], *row["evidence"]):
            assert row["text"][argument["begin"] : argument["end"]] == argument["text"]
    stance = datasets.load_dataset(str(dataset), "stance", cache_dir=str(tmp_path))["train"]
    scale = stance.features["polarity"].names
    for row in stance:
        polarity, value = row["polarity"], row["polarity_value"]
        assert (polarity is None) == (value is None)
        assert value is None or scale[polarity] == scale[value + 2]


def test_other_readers_see_plain_strings(dataset: Path) -> None:
    path = dataset / "ner" / "train.parquet"
    tags = set(pq.read_table(path)["ner_tags"].combine_chunks().flatten().to_pylist())
    assert {"O", "B-GPE"} <= tags
    assert set(polars.read_parquet(path)["ner_tags"].explode().to_list()) == tags
    query = f"select distinct unnest(ner_tags) from '{path}'"  # noqa: S608
    assert {tag for (tag,) in duckdb.sql(query).fetchall()} == tags
    assert not pq.read_schema(path).metadata


def test_two_builds_are_equal_whatever_the_folder_time_zone_and_hash_seed(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from samarkand.build import build; build(Path(sys.argv[1]), Path(sys.argv[2]))"
    outs = []
    for name, zone, seed in (("a", "Asia/Samarkand", "1"), ("b/c", "Pacific/Apia", "2")):
        root, out = tmp_path / name / "corpus", tmp_path / name / "out"
        for part in ("corpus", "annotations"):
            shutil.copytree(REPOSITORY / part, root / part)
        shutil.copy(REPOSITORY / "dataset_card.md", root)
        fresh(script, root, out, TZ=zone, PYTHONHASHSEED=seed)
        outs.append(
            {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        )
    assert outs[0] == outs[1]
    assert len(outs[0]) == 3 * len(CONFIGS) + 2


def test_a_rebuilt_dataset_is_not_served_from_an_old_cache(tmp_path: Path) -> None:
    script = "import sys, datasets; print(datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2])['train'][0]['text'])"
    root, out, cache = tmp_path / "corpus", tmp_path / "out", tmp_path / "cache"
    shutil.copytree(SMALL, root)
    build(root, out)
    assert fresh(script, out, cache) == "Xi met Putin.\n\n"
    (root / "corpus/articles/a.txt").write_text("Xi met Putin!\n")  # of the same size
    build(root, out)
    assert fresh(script, out, cache) == "Xi met Putin!\n\n"


def test_a_corpus_with_errors_is_refused_unless_asked_for(tmp_path: Path) -> None:
    root, out = tmp_path / "corpus", tmp_path / "out"
    shutil.copytree(SMALL, root)
    build(root, out)
    before = (out / "manifest.json").read_bytes()
    path = root / "annotations/hand/a/a.jsonl"
    path.write_text(
        path.read_text().replace('"label":"PERSON","begin":7', '"label":"PRSON","begin":7')
    )
    with pytest.raises(SamarkandError, match=r"a\.jsonl:2: error unknown-label: "):
        build(root, out)
    assert (out / "manifest.json").read_bytes() == before
    assert build(root, out, allow_errors=True)["rows"]["relations"] == {"train": 1}


def test_a_build_with_every_error_loads_all_the_same(tmp_path: Path) -> None:
    root, out = tmp_path / "corpus", tmp_path / "out"
    shutil.copytree(SMALL, root)
    (root / "annotations/hand/a/zzz.jsonl").write_text(
        '{"entity":"T1","label":"PERSON","begin":0,"end":2,"text":"Xi"}\n'
    )
    (root / "annotations/hand/a/a.jsonl").write_text(
        """\
{"entity":"T1","label":"PERSON","begin":0,"end":2,"text":"Xi"}
{"entity":"T2","label":"CITY","begin":7,"end":99,"text":"Putin"}
{"entity":"T3","label":"PERSON","begin":5,"end":3,"text":""}
{"relation":"R1","label":"HATES","head":"T1","tail":"T9","status":"MAYBE"}
{"stance":"S1","holder":"T1","target":"P:none","polarity":7,"act":"SING","status":"NEVER"}
"""
    )
    manifest = build(root, out, allow_errors=True)
    assert manifest["losses"] == {
        "hand/a: annotations of documents that there are not left out": 1,
        "ner_tags: entities without a token left out": 1,
        "other_tags: entities widened to whole tokens": 1,
    }
    told = json.loads(fresh(LOAD, out, tmp_path / "cache", *CONFIGS))
    assert told == {f"{name}/train": 5 if name == "layers" else 1 for name in CONFIGS}


def test_a_killed_build_leaves_the_previous_one_whole(tmp_path: Path) -> None:
    root, out = tmp_path / "corpus", tmp_path / "out"
    shutil.copytree(SMALL, root)
    build(root, out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    script = (
        "import sys, time; from pathlib import Path; from samarkand import build as b, card\n"
        "card.card = lambda *a: (print('writing', flush=True), time.sleep(60))\n"
        "b.build(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(root), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    build(root, out)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_folder_that_is_no_dataset_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(SamarkandError) as caught:
        build(SMALL, tmp_path)
    assert (
        str(caught.value)
        == f"{tmp_path}: is there already and is no built dataset; choose another --out"
    )


def test_a_layer_must_be_chosen_where_there_are_several(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    shutil.copytree(root / "annotations/hand/a", root / "annotations/hand/b")
    about = root / "corpus/corpus.toml"
    about.write_text(about.read_text().replace('layer = "hand/a"', ""))
    with pytest.raises(SamarkandError) as caught:
        build(root, tmp_path / "out")
    assert str(caught.value) == (
        "no layer was chosen; there are hand/a, hand/b: name one with --layer, or as `layer` in "
        "corpus/corpus.toml"
    )
    assert build(root, tmp_path / "out", layer="hand/b")["layer"] == "hand/b"


def test_the_card_asks_for_tables_that_there_are(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (root / "dataset_card.md").write_text("# Small\n\n<!-- generated: colours -->\n")
    with pytest.raises(
        SamarkandError, match="no generated table is called 'colours'; there are splits"
    ):
        build(root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dataset_card.md", b"\xff", "byte 0 of the file is not UTF-8; save the file as UTF-8"),
        ("dataset_card.md", b"\xef\xbb\xbf# x", "starts with a byte order mark; save the file as plain UTF-8"),
        ("dataset_card.md", b"---\nconfigs: []\n---\n", "'configs' is generated; take it out of the front matter"),
        ("dataset_card.md", b"---\n- a\n---\n", "the front matter is no mapping of keys to values"),
        ("corpus/corpus.toml", b'version = "one"', "version 'one'; wanted three numbers, such as '0.1.0'"),
        ("corpus/corpus.toml", b'name = "../x"', "name '../x' is not safe as a file name; use letters, digits, . _ -"),
        ("corpus/articles.jsonl", b'{"doc":"a","text":"x"}\n', "metadata may not be called 'text': a column of the dataset is"),
        ("annotations/schema.toml", b'name="s"\nversion="1"\n[groups.a]\nlabels=["PERSON"]\n[groups.ner]\nlabels=["X"]\n', "a group called 'ner' stands first, as its tags are the column ner_tags"),
        ("annotations/schema.toml", b'name="s"\nversion="1"\n[stance]\nacts=["A","A"]\n', "stance.acts lists one name twice"),
    ],
)  # fmt: skip
def test_what_would_make_a_dataset_that_does_not_load_is_refused(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    root, out = tmp_path / "corpus", tmp_path / "out"
    shutil.copytree(SMALL, root)
    (root / name).write_bytes(content)
    with pytest.raises(SamarkandError) as caught:
        build(root, out)
    assert caught.value.problems[0].message == message
    assert not out.exists()


def test_nothing_is_built_into_the_sources(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    out = root / "annotations" / "out"
    with pytest.raises(SamarkandError) as caught:
        build(root, out)
    assert str(caught.value) == f"{out}: is inside {root}/annotations; choose another --out"


def test_the_card_says_agreement_adjudication_audit_and_leaks(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (root / "dataset_card.md").write_text(
        "# Small\n\n<!-- generated: agreement -->\n\n<!-- generated: adjudication -->\n\n"
        "<!-- generated: stats -->\n\n<!-- generated: leaks -->\n"
    )
    build(root, tmp_path / "one")
    said = (tmp_path / "one" / "README.md").read_text()
    assert "\nnone: there are not two layers to compare\n" in said
    shutil.copytree(root / "annotations/hand/a", root / "annotations/hand/b")
    build(root, tmp_path / "two")
    said = (tmp_path / "two" / "README.md").read_text()
    assert "| figure | `hand/a` and `hand/b`, " in said
    assert "| entities strict F1 ents | 1.000 (1.000 to 1.000) |" in said
    assert "```text\n" in said


def test_the_card_says_how_far_models_agree_with_what_is_published(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    (root / "dataset_card.md").write_text("# Small\n\n<!-- generated: models -->\n")
    build(root, tmp_path / "none")
    assert (tmp_path / "none" / "README.md").read_text().endswith("\n\nnone\n")
    layer = store.read(root).layers["hand/a"]
    made = Provenance("model", "ner model", False, date="2026-01-01")
    store.write_layer(Layer("model/ner", layer.entities.slice(1), provenance=made), root)
    build(root, tmp_path / "some")
    said = (tmp_path / "some" / "README.md").read_text()
    assert "| layer | documents | figure | value |" in said
    assert "| `model/ner` | 1 | entities strict F1 " in said
    assert "relations" not in said.partition("| layer |")[2]


def test_a_relation_type_with_a_parent_is_merged_into_it(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(SMALL, root)
    before = labels.parse("", (root / "annotations/schema.toml").read_bytes())
    kinds = tuple(replace(kind, parent="WITH") for kind in before.relations)
    scheme = replace(before, relations=kinds)
    assert labels.parse("", labels.dump(scheme)) == scheme
    (root / "annotations/schema.toml").write_bytes(labels.dump(scheme))
    (root / "dataset_card.md").write_text("# Small\n\n<!-- generated: relations -->\n")
    build(root, tmp_path / "out")
    [row] = pq.read_table(tmp_path / "out/relations/train.parquet").to_pylist()
    assert (row["label"], row["merged"]) == ("MEETS_WITH", "WITH")
    said = (tmp_path / "out" / "README.md").read_text()
    assert "| MEETS_WITH (merged: WITH) | 1 |" in said
    features = datasets.load_dataset(str(tmp_path / "out"), "relations", cache_dir=str(tmp_path))
    assert features["train"].features["merged"].names == ["WITH"]

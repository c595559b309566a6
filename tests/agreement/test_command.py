"""`samarkand agree`: what it prints, as text, JSON and a page."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samarkand import store
from samarkand.cli import app
from samarkand.corpus import Corpus
from tests.agreement.test_agree import BACKED, HE, MEETS, PUTIN, XI, corpus, entity


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    kazan = entity("T4", "Kazan", "GPE")
    both: Corpus = corpus(
        **{
            "hand/a": ([XI, HE, PUTIN, kazan], [MEETS], [BACKED]),
            "hand/b": ([XI, HE, PUTIN, kazan | {"label": "LOC"}], [], [BACKED | {"polarity": 1}]),
        }
    )
    store.write(both, tmp_path / "corpus")
    return tmp_path / "corpus"


def test_the_text_has_figures_labels_and_what_was_confused(root: Path) -> None:
    code, out, err = run("agree", "hand/a", "hand/b", "--root", root, "--rounds", 0, "--list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == ["1 document annotated in hand/a, hand/b", "", "hand/a and hand/b"]
    words = [line.split() for line in lines]
    assert ["entities", "strict", "F1", "0.750", "4", "/", "4"] in words
    assert ["stances", "tuple", "F1", "1.000", "1", "/", "1"] in words
    assert ["stances", "strict", "F1", "0.000", "1", "/", "1"] in words
    end = lines.index("all together")
    assert lines[end + 1].split() == ["tokens", "alpha", "0.855", "4", "/", "4"]
    assert lines[end - 8 : end - 1] == [
        "hand/a said, hand/b said, how often",
        "  GPE          LOC               1",
        "",
        "a",
        "  ~ T4 LOC 16-21 'Kazan': relabelled: label 'GPE' -> 'LOC'",
        "  - R1 MEETS_WITH T1 -> T3",
        "  ~ S1 SUPPORT T2 on P:talks: 1: polarity changed: polarity 2 -> 1",
    ]


def test_json_and_the_page_say_the_same(root: Path, tmp_path: Path) -> None:
    code, out, _ = run("agree", "hand/a", "hand/b", "--root", root, "--format", "json")
    said = json.loads(out)
    assert (code, said["layers"], said["documents"]) == (0, ["hand/a", "hand/b"], ["a"])
    [pair] = said["pairs"]
    strict = next(
        f for f in pair["figures"] if f["name"] == "entities strict F1" and not f["label"]
    )
    assert (strict["value"], strict["items"]) == (0.75, [4, 4])
    assert pair["confusion"] == [["GPE", "LOC", 1]]
    assert [change["id"] for change in pair["differences"]] == ["T4", "R1", "S1"]
    page = tmp_path / "page.html"
    command = ("agree", "hand/a", "hand/b", "--root", root, "--format", "html", "--out", page)
    assert run(*command)[:2] == (0, f"{page}: 1 document compared\n")
    html = page.read_text()
    assert "<h1>Agreement of hand/a, hand/b</h1>" in html
    assert '<td style="background:rgba(229,72,77,1.00)">1</td>' in html
    assert '<a href="#a">a</a> 3' in html
    assert "<script" not in html


def test_what_is_asked_wrongly_is_refused(root: Path) -> None:
    assert run("agree", "hand/a", "hand/b", "--root", root, "--format", "pdf") == (
        1, "", "--format is text, json, html; got 'pdf'\n",
    )  # fmt: skip
    assert run("agree", "hand/a", "--root", root)[2] == (
        "two layers or more are compared: samarkand agree hand/a hand/b\n"
    )

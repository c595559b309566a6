"""What is remembered of a push: as it was saved, or a clear message; never half of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from samarkand import store
from samarkand.doccano import project as projects
from samarkand.doccano import state
from samarkand.doccano.state import Pushed, Sent
from samarkand.errors import SamarkandError

REPOSITORY = Path(__file__).parents[1]
LAYER = "hand/a"
WAY = (
    "what was pushed is not known any more. If there are edits in doccano, export them there; then "
    "remove the file, and the next push makes a new project"
)


def saved(root: Path) -> tuple[Pushed, Path]:
    corpus = store.read(REPOSITORY, [LAYER])
    docs = corpus.documents["doc"].to_pylist()[:2]
    sent = {doc: Sent(number, (3, 4), ()) for number, doc in enumerate(docs, 1)}
    base = projects.of(corpus, LAYER, docs)
    pushed = Pushed("http://127.0.0.1:8000/", 1, LAYER, base, sent, {7: "0" * 64})
    state.save(root, pushed)
    return pushed, root / ".samarkand/doccano/hand%2Fa.jsonl"


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    assert state.load(tmp_path, LAYER) is None
    pushed, path = saved(tmp_path)
    found = state.load(tmp_path, LAYER)
    assert found is not None
    assert (found.url, found.project, found.sent, found.left) == (
        (pushed.url, pushed.project, pushed.sent, pushed.left)
    )
    for name in ("entities", "relations", "stances"):
        assert found.base.layers[LAYER].table(name) == pushed.base.layers[LAYER].table(name)
    assert found.base.documents == pushed.base.documents
    before = path.read_bytes()
    state.save(tmp_path, found)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda data: b"", "it is empty"),
        (lambda data: b"[]", "wanted object, got array"),
        (lambda data: b"\xff\n", "JSON is malformed: invalid character (byte 0)"),
        (lambda data: data.partition(b"\n")[2], "unknown key 'url'"),
        (lambda data: data.replace(b'"project":1', b'"project":2'), "its lines are not those that were written"),
        (lambda data: data[:-20], "its lines are not those that were written"),
        (lambda data: data.partition(b"\n")[0], "its lines are not those that were written"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_the_way_out(
    tmp_path: Path, broken: Callable[[bytes], bytes], said: str
) -> None:
    _, path = saved(tmp_path)
    path.write_bytes(broken(path.read_bytes()))
    with pytest.raises(SamarkandError) as caught:
        state.load(tmp_path, LAYER)
    assert str(caught.value) == f"{path} is broken: {said}; {WAY}"
    path.unlink()
    assert state.load(tmp_path, LAYER) is None


def test_a_folder_in_its_place_is_an_error_too(tmp_path: Path) -> None:
    _, path = saved(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SamarkandError, match="is broken: is a directory; what was pushed"):
        state.load(tmp_path, LAYER)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    root = tmp_path_factory.mktemp("saved")
    _, path = saved(root)
    return path, path.read_bytes()


@given(some.data())
def test_a_file_that_lost_bytes_is_never_taken_for_whole(
    whole: tuple[Path, bytes], data: some.DataObject
) -> None:
    path, content = whole
    begin = data.draw(some.integers(0, len(content) - 1))
    end = data.draw(some.integers(begin + 1, len(content)))
    path.write_bytes(content[:begin] + content[end:])
    with pytest.raises(SamarkandError) as caught:
        state.load(path.parents[2], LAYER)
    assert str(caught.value).startswith(f"{path} is broken: ")


def test_layers_do_not_share_a_file(tmp_path: Path) -> None:
    _, path = saved(tmp_path)
    shutil.copy(path, path.with_name("other.jsonl"))
    with pytest.raises(SamarkandError, match="it is of layer hand/a, wanted other"):
        state.load(tmp_path, "other")

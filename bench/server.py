"""A layer to a doccano server and back, against what the server itself takes for the same.

Each measurement has a server of its own, with nothing in it, which has done each of its tasks once
before the clock runs. SAMARKAND_DOCCANO_ENV may name an environment that has doccano installed.
"""

import io
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.common import Clock, digest
from bench.generate import LABELS, documents

if TYPE_CHECKING:
    from samarkand.corpus import Corpus

HOME, ROOT, LAYER = "doccano-server", "doccano-corpus", "hand/a"
#: How many documents there are, how many spans each, and in how many one is edited on the server.
DOCUMENTS, SPANS, EDITED = 1000, 20, 20
#: Seconds between two questions whether the server is done, as ours waits: questions slow it down.
STEP = 0.2

#: A span: document, label, first code point, covered text.
Span = tuple[str, str, str, str]


def prepare(data: Path, count: int) -> None:
    """A corpus folder, and a server that is installed and has been started once."""
    from samarkand import schema, store
    from samarkand.corpus import Corpus, Layer, Provenance, table
    from samarkand.doccano import server
    from samarkand.labels import Group, LabelSchema

    texts, entities = [], []
    for document in documents(min(count, DOCUMENTS)):
        texts.append({"doc": document.doc, "text": document.text})
        columns = (document.begin.tolist(), document.end.tolist(), document.label.tolist())
        for number, (begin, end, label) in enumerate(zip(*columns, strict=True), 1):
            if number > SPANS:
                break
            place = {"begin": begin, "end": end, "text": document.text[begin:end]}
            entities.append(
                {"doc": document.doc, "id": f"T{number}", "label": LABELS[label], **place}
            )
    labels = LabelSchema(name="synthetic", version="1.0.0", groups=(Group("ents", LABELS),))
    made = Provenance("hand", "ada", is_human=True, date="2026-01-01", schema="1.0.0")
    layer = Layer(LAYER, table(schema.ENTITIES, entities), provenance=made)
    store.write(Corpus(table(schema.DOCUMENTS, texts), labels, layers={LAYER: layer}), data / ROOT)
    home = data / HOME
    home.mkdir(exist_ok=True, mode=0o700)
    if (env := os.environ.get("SAMARKAND_DOCCANO_ENV")) and not (home / "env").exists():
        (home / "env").symlink_to(Path(env).absolute())
        (home / "samarkand-doccano").touch()  # as `up` marks a folder of its own
    server.up(home, 0)
    server.down(home)


def push(data: Path, clock: Clock) -> str:
    """The layer to a new project: read and checked, labels, documents, and what is remembered."""
    from samarkand.doccano.push import push

    with _server(data) as client, _copy(data) as root:
        with clock:
            said = push(root, LAYER, client)
        return _digest(_exported(_raw_export(client, said.project)))


def upload(data: Path, clock: Clock) -> str:
    """The file that `push` sends, made beforehand, to a new project that has its labels."""
    from samarkand import store
    from samarkand.doccano import project as projects
    from samarkand.formats import doccano

    corpus = store.read(data / ROOT)
    (content,) = doccano.write(corpus, LAYER).values()
    with _server(data) as client:
        project = projects.create(client, corpus, LAYER, "")
        projects.labels(client, project, corpus, LAYER)
        with clock:
            _raw_upload(client, project, content)
        return _digest(_exported(_raw_export(client, project)))


def pull(data: Path, clock: Clock) -> str:
    """What was edited back into the layer: exported, read, merged, written."""
    from samarkand import store
    from samarkand.doccano.pull import pull
    from samarkand.doccano.push import push

    with _server(data) as client, _copy(data) as root:
        push(root, LAYER, client)
        _edit(client, root)
        with clock:
            pull(root, LAYER, client)
        return _digest(_spans(store.read(root)))


def export(data: Path, clock: Clock) -> str:
    """The file that the server exports of the same project."""
    from samarkand.doccano.push import push

    with _server(data) as client, _copy(data) as root:
        project = push(root, LAYER, client).project
        _edit(client, root)
        with clock:
            archive = _raw_export(client, project)
        return _digest(_exported(archive))


@contextmanager
def _server(data: Path) -> Iterator[Any]:
    """A client of a server that has no project but a small one, which was uploaded and exported."""
    from samarkand.corpus import Corpus, Layer
    from samarkand.doccano import project as projects
    from samarkand.doccano import remote, server

    home = Path(tempfile.mkdtemp(dir=data))
    shutil.copytree(
        data / HOME, home, ignore=shutil.ignore_patterns("env", "log"), dirs_exist_ok=True
    )
    (home / "env").symlink_to((data / HOME / "env").resolve())
    url = server.up(home, 0).url  # where it does not start, its log stays
    try:
        client = remote.connect(url, home, _never)
        first = projects.create(client, Corpus(layers={LAYER: Layer(LAYER)}), LAYER, "")
        _raw_upload(client, first, b'{"text":"One.","entities":[],"relations":[]}\n')
        _raw_export(client, first)
        yield client
    finally:
        server.down(home)
        shutil.rmtree(home)


def _never(what: str) -> str:
    raise AssertionError(f"asked for {what}")


@contextmanager
def _copy(data: Path) -> Iterator[Path]:
    """The corpus folder, to be written to."""
    with tempfile.TemporaryDirectory(dir=data) as folder:
        yield Path(shutil.copytree(data / ROOT, Path(folder) / "root"))


def _raw_upload(client: Any, project: int, content: bytes) -> None:
    """Upload a file as the server's own page does."""
    file = {"filepond": ("annotations.jsonl", content, "application/octet-stream")}
    asked = {
        "uploadIds": [_answer(client, "POST", "v1/fp/process/", files=file).text],
        "format": "JSONL",
        "task": "RelationExtraction",
        "encoding": "utf_8",
    }
    _finished(client, _answer(client, "POST", f"v1/projects/{project}/upload", json=asked))


def _raw_export(client: Any, project: int) -> bytes:
    """Export a project as the server's own page does."""
    path = f"v1/projects/{project}/download"
    asked = {"format": "JSONL", "exportApproved": False}
    task = _finished(client, _answer(client, "POST", path, json=asked))
    content: bytes = _answer(client, "GET", path, params={"taskId": task}).content
    return content


def _finished(client: Any, asked: Any) -> str:
    """Wait for the task that was asked for."""
    task: str = asked.json()["task_id"]
    while not (told := _answer(client, "GET", f"v1/tasks/status/{task}").json())["ready"]:
        time.sleep(STEP)
    assert not told["error"], told
    return task


def _answer(client: Any, method: str, path: str, **options: Any) -> Any:
    answer = client.session.request(method, client.baseurl + path, **options)
    answer.raise_for_status()
    return answer


def _edit(client: Any, root: Path) -> None:
    """In some documents, the first span gets another label, as an annotator would give it."""
    from samarkand.doccano import state

    pushed = state.load(root, LAYER)
    assert pushed is not None
    path = f"v1/projects/{pushed.project}"
    types = {row["text"]: row["id"] for row in _answer(client, "GET", f"{path}/span-types").json()}
    names = {number: name for name, number in types.items()}
    for _, sent in islice(sorted(pushed.sent.items()), EDITED):
        spans = f"{path}/examples/{sent.number}/spans"
        first = min(_answer(client, "GET", spans).json(), key=lambda row: row["start_offset"])
        other = LABELS[LABELS.index(names[first["label"]]) - 1]
        _answer(client, "PATCH", f"{spans}/{first['id']}", json={"label": types[other]})


def _exported(archive: bytes) -> Iterator[Span]:
    from samarkand.doccano.answers import key_of
    from samarkand.formats import doccano

    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        lines = files.read("all.jsonl").splitlines()
    for row in map(json.loads, lines):
        key, units = key_of(row[doccano.KEY]), row["text"].encode("utf-16-le")
        doc = key.doc if key else ""
        for span in row["entities"]:
            begin, end = 2 * span["start_offset"], 2 * span["end_offset"]
            point = len(units[:begin].decode("utf-16-le"))
            yield doc, span["label"], str(point), units[begin:end].decode("utf-16-le")


def _spans(corpus: "Corpus") -> Iterator[Span]:
    for row in corpus.layers[LAYER].entities.to_pylist():
        yield row["doc"], row["label"], str(row["begin"]), row["text"]


def _digest(spans: Iterable[Span]) -> str:
    """Of spans in any order."""
    return digest(*zip(*sorted(spans), strict=True))

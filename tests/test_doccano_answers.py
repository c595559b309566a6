"""Odd answers of a server: each is one clear error that names the address, never a traceback.

A relay stands before the real server and answers in its place where a test says so.
"""

import http.server
import io
import re
import shutil
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from samarkand import store
from samarkand.doccano import pull as pulling
from samarkand.doccano import push as pushing
from samarkand.doccano import remote, server, state
from samarkand.errors import SamarkandError
from tests import test_doccano_server as doccano
from tests.doccano_calls import call

home, root = doccano.home, doccano.root
LAYER = doccano.LAYER
PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head></html>"
ODD = (
    b"{}",
    b"[]",
    b'[{"id": "one"}]',
    b'{"id": null, "ready": 1, "count": -1}',
    PAGE,
    b"",
    b"\xff",
)


class Relay:
    """Passes requests on to a server, but those that `odd` matches: method and path."""

    def __init__(self, url: str) -> None:
        self.odd, self.body = re.compile("(?!)"), b""
        self.seen = 0
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(size) if size else None
                if relay.odd.match(f"{self.command} {self.path}"):
                    relay.seen += 1
                    self.answer(200, [("Content-Type", "application/json")], relay.body)
                    return
                request = urllib.request.Request(  # noqa: S310
                    url + self.path, content, dict(self.headers), method=self.command
                )
                direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                try:
                    with direct.open(request) as found:
                        self.answer(found.status, found.getheaders(), found.read())
                except urllib.error.HTTPError as error:
                    self.answer(error.code, list(error.headers.items()), error.read())

            def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() in ("content-type", "set-cookie"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def answers(self, odd: str, body: bytes) -> None:
        self.odd, self.body, self.seen = re.compile(odd), body, 0

    def rests(self) -> None:
        self.answers("(?!)", b"")


@pytest.fixture
def relay(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    monkeypatch.setenv("DOCCANO_USERNAME", server.USERNAME)
    monkeypatch.setenv("DOCCANO_PASSWORD", server.password(home))
    found = Relay(server.status(home).url)
    yield found
    found.server.shutdown()
    found.server.server_close()


def connected(relay: Relay, home: Path) -> Any:
    return remote.connect(relay.url, home, doccano.never)


def told(work: Callable[[], object]) -> str:
    with pytest.raises(SamarkandError) as caught:
        work()
    return str(caught.value)


#: What is asked in a first push of one document, and in a pull.
PUSH = (
    "POST /v1/projects$", "GET /v1/projects/[0-9]+/span-types", "GET /v1/projects/[0-9]+/relation-types",
    "POST /v1/fp/process/", "POST /v1/projects/[0-9]+/upload", "GET /v1/tasks/status/",
    "GET /v1/projects/[0-9]+/examples", "GET /v1/projects/[0-9]+/examples/[0-9]+/spans",
)  # fmt: skip
PULL = (
    "GET /v1/projects/[0-9]+$", "POST /v1/projects/[0-9]+/download", "GET /v1/tasks/status/",
    "GET /v1/projects/[0-9]+/download", "GET /v1/projects/[0-9]+/members",
    "GET /v1/projects/[0-9]+/examples/[0-9]+/spans",
)  # fmt: skip
#: An empty list is what these may answer.
LISTS = ("-types", "/spans", "/members")


def odd_for(path: str) -> list[bytes]:
    return [body for body in ODD if body != b"[]" or not path.endswith(LISTS)]


def test_who_answers_oddly_at_the_door_is_named(relay: Relay, home: Path) -> None:
    for body in ODD:
        relay.answers("GET /v1/me", body)
        said = told(lambda: connected(relay, home))
        assert said.startswith(
            f"doccano at {relay.url}: GET v1/me: that is not what doccano 1.8 answers: "
        )
        assert relay.seen
    relay.answers("GET /v1/me", PAGE)
    assert told(lambda: connected(relay, home)) == (
        f"doccano at {relay.url}: GET v1/me: that is not what doccano 1.8 answers: JSON is "
        "malformed: invalid character (byte 0); got: "
        "<!DOCTYPE html><html><head><title>Welcome</title></head></html>"
    )
    relay.answers("GET /v1/me", b'{"username": 7}')
    assert told(lambda: connected(relay, home)) == (
        f"doccano at {relay.url}: GET v1/me: that is not what doccano 1.8 answers: 'username': "
        'wanted str, got int; got: {"username": 7}'
    )


@pytest.mark.parametrize("path", PUSH)
def test_a_push_that_is_answered_oddly_can_be_done_again(
    root: Path, home: Path, relay: Relay, path: str
) -> None:
    client = connected(relay, home)
    docs = store.read(root, [LAYER]).documents["doc"].to_pylist()[:1]
    for body in odd_for(path):
        shutil.rmtree(root / state.FOLDER, ignore_errors=True)
        relay.answers(path, body)
        said = told(lambda: pushing.push(root, LAYER, client, docs))
        assert f"doccano at {relay.url}: " in said, said
        assert relay.seen
    relay.rests()
    assert pushing.push(root, LAYER, client, docs).sent == 1
    assert list(doccano.held(root, client)) == docs


@pytest.mark.parametrize("path", PULL)
def test_a_pull_that_is_answered_oddly_writes_nothing(
    root: Path, home: Path, relay: Relay, path: str
) -> None:
    client = connected(relay, home)
    corpus = store.read(root, [LAYER])
    doc, text = (corpus.documents[name][0].as_py() for name in ("doc", "text"))
    pushing.push(root, LAYER, client, [doc])
    pushed = state.load(root, LAYER)
    assert pushed is not None
    doccano.Annotator(client, pushed.project, doc, text).add(0, 1, "ROLE")
    before = doccano.files_of(root)
    for body in odd_for(path):
        relay.answers(path, body)
        said = told(lambda: pulling.pull(root, LAYER, client))
        assert f"doccano at {relay.url}: " in said, said
        assert relay.seen
        assert doccano.files_of(root) == before
    relay.rests()
    assert "1 added" in str(pulling.pull(root, LAYER, client))


def archive(content: bytes, name: str = "all.jsonl") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        files.writestr(name, content)
    return made.getvalue()


ROW = b'{"id":1,"text":"A","entities":[],"relations":[],"Comments":[],"samarkand":null}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive(b"7\n"), "export of project {project}, line 1: that is not what doccano 1.8 answers: wanted object, got int; got: 7"),
        (archive(ROW + b"\n" + ROW.replace(b"[]", b"{}", 1) + b"\n"), "export of project {project}, line 2: that is not what doccano 1.8 answers: 'entities': wanted array, got object; got: {{\"id\":1,\"text\":\"A\",\"entities\":{{}},\"relations\":[],\"Comments\":[],\"samarkand\":null"),
        (archive(b'{"id":1,"text":"A","label":[]}\n'), "export of project {project}, line 1: that is not what doccano 1.8 answers: key 'entities' is missing; got: {{\"id\":1,\"text\":\"A\",\"label\":[]}}"),
        (archive(b"", "admin.jsonl"), "GET v1/projects/{project}/download: wanted all.jsonl, which is not there; is the project still a collaborative one?"),
        (archive(ROW * 9)[:-70], "GET v1/projects/{project}/download: wanted a whole zip archive; got: PK"),
    ],
)  # fmt: skip
def test_an_export_of_another_shape_is_named_by_its_line(
    root: Path, home: Path, relay: Relay, content: bytes, said: str
) -> None:
    client = connected(relay, home)
    docs = store.read(root, [LAYER]).documents["doc"].to_pylist()[:1]
    project = pushing.push(root, LAYER, client, docs).project
    before = doccano.files_of(root)
    relay.answers("GET /v1/projects/[0-9]+/download", content)
    found = told(lambda: pulling.pull(root, LAYER, client))
    assert found.startswith(f"doccano at {relay.url}: {said.format(project=project)}"), found
    assert doccano.files_of(root) == before
    relay.rests()
    assert call(client, "GET", "v1/me")["username"] == server.USERNAME
    assert str(pulling.pull(root, LAYER, client)) == "nothing was changed in doccano"

"""Push and pull against a real doccano server, which the tests install and start."""

import re
import shutil
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from samarkand import adjudicate, schema, store
from samarkand.corpus import Corpus, Layer, table
from samarkand.doccano import fetch, remote, server, state
from samarkand.doccano import project as projects
from samarkand.doccano import pull as pulling
from samarkand.doccano import push as pushing
from samarkand.doccano.answers import key_of, untouched
from samarkand.errors import SamarkandError
from tests import test_adjudicate as small
from tests.doccano_calls import call, doc_of, examples, fresh_home
from tests.test_cli import run

REPOSITORY = Path(__file__).parents[1]
LAYER = "hand/a"
FEW = ("jaishankar-un-post", "kenya-rejects-ruling")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a server that runs."""
    folder = fresh_home(tmp_path_factory.mktemp("doccano"), tmp_path_factory)
    said = server.up(folder, 0)
    assert said.running
    yield folder
    server.down(folder)


def never(what: str) -> str:
    raise AssertionError(f"asked for {what}")


@pytest.fixture
def client(home: Path) -> Any:
    return remote.connect(server.status(home).url, home, never)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of this repository's corpus."""
    for name in ("corpus", "annotations"):
        shutil.copytree(REPOSITORY / name, tmp_path / "root" / name)
    return tmp_path / "root"


def files_of(root: Path) -> dict[str, bytes]:
    folder = root / "annotations" / LAYER
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@dataclass
class Annotator:
    """Somebody at a document in doccano: what the browser sends, in its units."""

    client: Any
    project: int
    doc: str
    text: str
    path: str = ""
    labels: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (example,) = [e for e in examples(self.client, self.project) if doc_of(e) == self.doc]
        self.path = f"v1/projects/{self.project}/examples/{example.id}"
        for kind in ("span", "relation"):
            rows = call(self.client, "GET", f"v1/projects/{self.project}/{kind}-types")
            self.labels[kind] = {row["text"]: row["id"] for row in rows}

    def offset(self, point: int) -> int:
        return len(self.text[:point].encode("utf-16-le")) // 2

    def place(self, begin: int, end: int) -> dict[str, int]:
        return {"start_offset": self.offset(begin), "end_offset": self.offset(end)}

    def span(self, row: dict[str, Any]) -> int:
        """The server's number of an entity that stands alone at its place with its label."""
        wanted = self.place(row["begin"], row["end"]) | {"label": self.labels["span"][row["label"]]}
        rows = call(self.client, "GET", f"{self.path}/spans")
        (found,) = [r for r in rows if wanted.items() <= r.items()]
        return int(found["id"])

    def add(self, begin: int, end: int, label: str) -> int:
        said = self.place(begin, end) | {"label": self.labels["span"][label]}
        return int(call(self.client, "POST", f"{self.path}/spans", json=said)["id"])

    def change(self, number: int, **said: Any) -> None:
        call(self.client, "PATCH", f"{self.path}/spans/{number}", json=said)

    def remove(self, number: int, kind: str = "spans") -> None:
        call(self.client, "DELETE", f"{self.path}/{kind}/{number}")

    def relation(self, head: int, tail: int) -> dict[str, Any]:
        rows = call(self.client, "GET", f"{self.path}/relations")
        (found,) = [r for r in rows if (r["from_id"], r["to_id"]) == (head, tail)]
        return dict(found)

    def relate(self, head: int, label: str, tail: int) -> None:
        said = {"from_id": head, "to_id": tail, "type": self.labels["relation"][label]}
        call(self.client, "POST", f"{self.path}/relations", json=said)

    def relink(self, number: int, **said: Any) -> None:
        call(self.client, "PATCH", f"{self.path}/relations/{number}", json=said)


def rows_of(layer: Layer, doc: str) -> dict[str, dict[str, Any]]:
    """The rows of a document by id."""
    return {
        row["id"]: row
        for name in schema.TABLES
        for row in layer.table(name).to_pylist()
        if row["doc"] == doc
    }


def test_the_server_answers_this_machine_alone_and_its_password_is_private(home: Path) -> None:
    said = server.status(home)
    assert said.running
    assert said.url.startswith("http://127.0.0.1:")
    assert (home / "password").stat().st_mode & 0o077 == 0
    assert (home / "secret").stat().st_mode & 0o077 == 0
    word = server.password(home)
    assert word not in str(said)
    assert word not in (home / "log").read_text(errors="replace")
    assert server.up(home, 1) == said  # it runs already, wherever
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    port = int(said.url.rpartition(":")[2])
    for address in addresses - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=1):
            pass


def test_an_unchanged_round_trip_is_the_same_files_byte_for_byte(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    before = files_of(root)
    code, out, err = run("doccano", "push", LAYER, "--home", home)
    assert (code, err) == (0, "")
    assert out.startswith("24 documents sent, 0 were there as they are: http://127.0.0.1:")
    assert run("doccano", "pull", LAYER, "--home", home) == (
        0,
        "nothing was changed in doccano\n",
        "",
    )
    assert files_of(root) == before
    code, out, err = run("doccano", "push", LAYER, "--home", home)
    assert out.startswith("0 documents sent, 24 were there as they are")
    assert (root / ".samarkand/doccano/.gitignore").read_text() == "*\n"


def documents_with_astral(corpus: Corpus) -> list[str]:
    rows = zip(
        corpus.documents["doc"].to_pylist(), corpus.documents["text"].to_pylist(), strict=True
    )
    return [doc for doc, value in rows if any(ord(c) > 0xFFFF for c in value)]


def test_edits_there_and_here_are_merged_with_emoji_before_them(root: Path, client: Any) -> None:
    corpus = store.read(root, [LAYER])
    doc = documents_with_astral(corpus)[0]
    value = dict(zip(*(corpus.documents[c].to_pylist() for c in ("doc", "text")), strict=True))[doc]
    layer = corpus.layers[LAYER]
    found = rows_of(layer, doc)
    astral = next(place for place, c in enumerate(value) if ord(c) > 0xFFFF)
    counts: dict[tuple[int, int, str], int] = {}
    for row in found.values():
        if "begin" in row:
            key = row["begin"], row["end"], row["label"]
            counts[key] = counts.get(key, 0) + 1
    used = {row[c] for row in found.values() if "head" in row for c in ("head", "tail", "object")}
    used |= {
        i
        for r in found.values()
        if "holder" in r
        for i in (r["holder"], r["target"], *r["source_chain"])
    }
    free = [
        row for row in found.values()
        if "begin" in row and not row["fragments"] and row["id"] not in used
        and row["begin"] > astral and counts[row["begin"], row["end"], row["label"]] == 1
    ]  # fmt: skip
    assert len(free) >= 4
    relabelled, moved, removed, here = free[:4]
    pushing.push(root, LAYER, client)
    pushed = state.load(root, LAYER)
    assert pushed is not None
    person = Annotator(client, pushed.project, doc, value)
    label = next(name for name in corpus.labels.labels if name != relabelled["label"])
    person.change(person.span(relabelled), label=person.labels["span"][label])
    person.change(person.span(moved), **person.place(moved["begin"], moved["end"] + 1))
    person.remove(person.span(removed))
    begin = value.rindex(" ") + 1
    new = person.add(begin, len(value.rstrip()), "ROLE")
    kind = corpus.labels.relations[0].name
    person.relate(new, kind, person.span(relabelled | {"label": label}))
    # meanwhile, in the corpus
    mine = [
        row | ({"actor": "china"} if (row["doc"], row["id"]) == (doc, here["id"]) else {})
        for row in layer.entities.to_pylist()
    ]
    ours = replace(layer, entities=table(schema.ENTITIES, mine))
    store.write_layer(ours, root)
    pulling.pull(root, LAYER, client)
    got = rows_of(store.read(root, [LAYER]).layers[LAYER], doc)
    wanted = rows_of(ours, doc)
    wanted[relabelled["id"]] |= {"label": label}
    place = {"end": moved["end"] + 1, "text": value[moved["begin"] : moved["end"] + 1]}
    wanted[moved["id"]] |= place
    del wanted[removed["id"]]
    added = {id: got[id] for id in got.keys() - wanted.keys()}
    assert {id: row for id, row in got.items() if id in wanted} == wanted
    (entity,) = [row for row in added.values() if "begin" in row]
    assert (entity["begin"], entity["label"]) == (begin, "ROLE")
    assert entity["text"] == value[begin:].rstrip()
    (linked,) = [row for row in added.values() if "head" in row]
    assert (linked["head"], linked["label"]) == (entity["id"], kind)
    assert linked["tail"] == relabelled["id"]
    made = store.read(root, [LAYER]).layers[LAYER].provenance
    assert made is not None
    (line,) = made.edits
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d doccano http://127\.0\.0\.1:\d+/projects/\d+: 2 added, 1 boundary moved, "
        r"1 covered text changed, 1 relabelled, 1 removed; by admin",
        line,
    )
    again = files_of(root)
    assert "nothing was changed" in str(pulling.pull(root, LAYER, client))
    assert files_of(root) == again


def test_a_conflict_is_told_and_taken_from_the_side_that_is_named(root: Path, client: Any) -> None:
    corpus = store.read(root, [LAYER])
    doc = corpus.documents["doc"][0].as_py()
    layer = corpus.layers[LAYER]
    row = next(r for r in rows_of(layer, doc).values() if "begin" in r and not r["fragments"])
    pushing.push(root, LAYER, client, [doc])
    pushed = state.load(root, LAYER)
    assert pushed is not None
    person = Annotator(client, pushed.project, doc, corpus.documents["text"][0].as_py())
    person.change(person.span(row), label=person.labels["span"]["FAC"])
    entities = [r | ({"label": "WORK"} if r == row else {}) for r in layer.entities.to_pylist()]
    label = next(n for n in corpus.labels.labels if n not in ("FAC", row["label"]))
    entities = [
        e | ({"label": label} if e["label"] == "WORK" and e["id"] == row["id"] else {})
        for e in entities
    ]
    store.write_layer(replace(layer, entities=table(schema.ENTITIES, entities)), root)
    before = files_of(root)
    with pytest.raises(SamarkandError) as caught:
        pulling.pull(root, LAYER, client)
    told = (
        f"{LAYER} {doc}: both sides changed entity {row['id']} {row['label']} "
        f"({row['begin']}-{row['end']} {row['text']!r}): label '{label}' (ours), 'FAC' (theirs); "
        "kept as it was\n1 conflict; nothing was written; --take ours (the corpus) or "
        "--take theirs (doccano) decides"
    )
    assert str(caught.value) == told
    assert files_of(root) == before
    report = str(pulling.pull(root, LAYER, client, take="theirs"))
    assert report.endswith(f"label '{label}' (ours), 'FAC' (theirs); theirs was taken")
    assert rows_of(store.read(root, [LAYER]).layers[LAYER], doc)[row["id"]]["label"] == "FAC"


def pushed_few(root: Path, client: Any) -> tuple[int, Corpus]:
    """Two documents in a project of their own."""
    corpus = store.read(root, [LAYER])
    docs = corpus.documents["doc"].to_pylist()[:2]
    pushing.push(root, LAYER, client, docs)
    pushed = state.load(root, LAYER)
    assert pushed is not None
    return pushed.project, pushed.base


def edit_text(client: Any, project: int, number: int) -> None:
    path = f"v1/projects/{project}/examples/{number}"
    call(client, "PATCH", path, json={"text": "Something else."})


def held(root: Path, client: Any) -> dict[str, str]:
    """The documents that the layer's project has, and what each says, without its numbers."""
    pushed = state.load(root, LAYER)
    assert pushed is not None
    rows = fetch.exported(client, pushed.project).values()
    keys = {row.id: key_of(row.samarkand) for row in rows}
    assert len({key.doc for key in keys.values() if key}) == len(rows)
    return {key.doc: row.text for row in rows if (key := keys[row.id]) and untouched(row)}


def texts_of(root: Path) -> dict[str, str]:
    documents = store.read(root, [LAYER]).documents
    return dict(zip(*(documents[name].to_pylist() for name in ("doc", "text")), strict=True))


def test_a_text_edited_or_a_document_deleted_there_is_reported_and_put_back(
    root: Path, client: Any
) -> None:
    project, base = pushed_few(root, client)
    first, second = examples(client, project)
    edit_text(client, project, first.id)
    call(client, "DELETE", f"v1/projects/{project}/examples/{second.id}")
    before = files_of(root)
    with pytest.raises(SamarkandError) as caught:
        pulling.pull(root, LAYER, client)
    docs = base.documents["doc"].to_pylist()
    assert str(caught.value) == (
        f"{doc_of(first)}: its text was edited in doccano; what was pushed stands\n"
        f"{doc_of(second)}: it was deleted in doccano; what was pushed stands\n"
        "2 conflicts; nothing was written; --take ours (the corpus) or --take theirs (doccano) decides"
    )
    with pytest.raises(SamarkandError, match="doccano has edits that are not in the corpus yet"):
        pushing.push(root, LAYER, client, docs)
    pulling.pull(root, LAYER, client, take="ours")
    assert files_of(root) == before
    assert str(pulling.pull(root, LAYER, client)) == "nothing was changed in doccano"
    said = pushing.push(root, LAYER, client, docs)
    assert (said.sent, said.same, said.removed) == (2, 0, 0)
    assert held(root, client) == {doc: texts_of(root)[doc] for doc in docs}
    said = pushing.push(root, LAYER, client, docs)
    assert (said.sent, said.same, said.removed) == (0, 2, 0)
    assert str(pulling.pull(root, LAYER, client)) == "nothing was changed in doccano"


def test_what_is_edited_after_it_was_given_up_is_not_deleted(root: Path, client: Any) -> None:
    project, base = pushed_few(root, client)
    docs = base.documents["doc"].to_pylist()
    first, _ = examples(client, project)
    edit_text(client, project, first.id)
    pulling.pull(root, LAYER, client, take="theirs")
    path = f"v1/projects/{project}/examples/{first.id}"
    call(client, "PATCH", path, json={"text": "Something else again."})
    with pytest.raises(SamarkandError, match="doccano has edits that are not in the corpus yet"):
        pushing.push(root, LAYER, client, docs)
    said = (
        f"{doc_of(first)}: document {first.id} of the project, which the next push would delete, "
        "was edited in doccano; what is in the corpus stands"
    )
    with pytest.raises(SamarkandError) as caught:
        pulling.pull(root, LAYER, client)
    assert str(caught.value).splitlines()[0] == said
    pulling.pull(root, LAYER, client, take="ours")
    pushing.push(root, LAYER, client, docs)
    assert held(root, client) == {doc: texts_of(root)[doc] for doc in docs}


def test_a_document_that_leaves_the_corpus_leaves_the_project(root: Path, client: Any) -> None:
    pushing.push(root, LAYER, client)
    corpus = store.read(root)
    kept, edited, gone = corpus.documents["doc"].to_pylist()[:3]
    pushed = state.load(root, LAYER)
    assert pushed is not None
    person = Annotator(client, pushed.project, edited, texts_of(root)[edited])
    person.add(0, 1, "ROLE")
    layers = {name: projects.of(corpus, name, [kept]).layers[name] for name in corpus.layers}
    shutil.rmtree(root / "corpus")
    shutil.rmtree(root / "annotations")
    store.write(replace(projects.of(corpus, LAYER, [kept]), layers=layers), root)
    with pytest.raises(SamarkandError) as caught:
        pulling.pull(root, LAYER, client)
    told = f"{edited}: it was edited in doccano, and is not in the corpus"
    assert str(caught.value).splitlines()[0] == told
    assert len(caught.value.args[0].splitlines()) == 2
    pulling.pull(root, LAYER, client, take="ours")
    said = pushing.push(root, LAYER, client)
    assert (said.sent, said.same, said.removed) == (0, 1, 22)
    assert "0 documents sent, 1 were there as they are, 22 removed: http" in str(said)
    assert list(held(root, client)) == [kept]
    assert gone not in texts_of(root)
    assert pushing.push(root, LAYER, client).removed == 0


def test_documents_of_others_in_the_project_stay(root: Path, client: Any) -> None:
    project, base = pushed_few(root, client)
    remote.upload(client, project, b'{"text":"One.","entities":[],"relations":[]}\n')
    number = examples(client, project)[-1].id
    told = f"document {number} of the project is not from here; passed over"
    assert str(pulling.pull(root, LAYER, client)) == f"nothing was changed in doccano\n{told}"
    docs = store.read(root).documents["doc"].to_pylist()[:3]
    said = pushing.push(root, LAYER, client, docs)
    assert (said.sent, said.notes) == (1, (told,))
    assert number in {each.id for each in examples(client, project)}
    assert len(base.documents) == 2


def test_a_label_renamed_there_is_named(root: Path, client: Any) -> None:
    project, base = pushed_few(root, client)
    used = base.layers[LAYER].entities["label"][0].as_py()
    types = call(client, "GET", f"v1/projects/{project}/span-types")
    (number,) = [row["id"] for row in types if row["text"] == used]
    before = files_of(root)
    call(client, "PATCH", f"v1/projects/{project}/span-types/{number}", json={"text": "RENAMED"})
    with pytest.raises(SamarkandError) as caught:
        pulling.pull(root, LAYER, client)
    assert str(caught.value) == (
        "'RENAMED' is no label of the scheme; was one renamed in doccano? Rename it back there, or "
        "add it to annotations/schema.toml"
    )
    assert files_of(root) == before
    call(client, "PATCH", f"v1/projects/{project}/span-types/{number}", json={"text": used})
    assert "nothing was changed" in str(pulling.pull(root, LAYER, client))


def test_who_may_not_enter_is_told_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.status(home).url + "/"
    way = "DOCCANO_TOKEN, or DOCCANO_USERNAME and DOCCANO_PASSWORD, say who you are"
    monkeypatch.setenv("DOCCANO_USERNAME", "admin")
    monkeypatch.setenv("DOCCANO_PASSWORD", "wrong")
    with pytest.raises(SamarkandError) as caught:
        remote.connect(url, home, never)
    assert str(caught.value) == f"doccano at {url} does not let you in; {way}"
    monkeypatch.setenv("DOCCANO_TOKEN", "0" * 40)
    with pytest.raises(SamarkandError, match="does not let you in"):
        remote.connect(url, home, never)


def test_a_token_lets_in(home: Path, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"username": server.USERNAME, "password": server.password(home)}
    key = call(client, "POST", "v1/auth/login/", json=said)["key"]
    monkeypatch.setenv("DOCCANO_TOKEN", key)
    assert call(remote.connect(client.baseurl, home, never), "GET", "v1/me")["username"] == "admin"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:9/", "no doccano answers at http://127.0.0.1:9/; `samarkand doccano up` starts one here"),
        ("http://example.org/", "http://example.org/ would have the password sent in clear; use https"),
        ("ftp://a/", "ftp://a is no address of a server; wanted https://host/"),
        ("https://me:secret@a/", "https://a is no address of a server; wanted https://host/"),
    ],
)  # fmt: skip
def test_what_is_no_server_is_refused(
    url: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCCANO_USERNAME", "a")
    monkeypatch.setenv("DOCCANO_PASSWORD", "b")
    with pytest.raises(SamarkandError) as caught:
        remote.connect(url, tmp_path, never)
    assert str(caught.value) == message


class Wire:
    """A wire to the server that can be cut, or garble what goes over it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sent: Callable[[bytes], bytes | None] = lambda data: data
        self.came: Callable[[bytes], bytes | None] = lambda data: data
        wire = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(("127.0.0.1", wire.port)) as there:
                    ways = (
                        (self.request, there, lambda data: wire.sent(data)),
                        (there, self.request, lambda data: wire.came(data)),
                    )
                    threads = [threading.Thread(target=_pass_on, args=way) for way in ways]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


def _pass_on(
    source: socket.socket, to: socket.socket, change: Callable[[bytes], bytes | None]
) -> None:
    """Pass bytes on until either end, or the change, has had enough."""
    try:
        while data := source.recv(1 << 16):
            changed = change(data)
            if changed is None:
                break
            to.sendall(changed)
    except OSError:
        pass
    for end in (source, to):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.setenv("DOCCANO_USERNAME", server.USERNAME)
    monkeypatch.setenv("DOCCANO_PASSWORD", server.password(home))
    found = Wire(int(server.status(home).url.rpartition(":")[2]))
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_an_upload_that_is_cut_short_can_be_done_again(root: Path, wire: Wire, home: Path) -> None:
    client = remote.connect(wire.url, home, never)
    seen = 0

    def cut(data: bytes) -> bytes | None:
        nonlocal seen
        seen += len(data) if seen or b"filepond" in data else 0
        return None if seen > 100_000 else data

    wire.sent = cut
    with pytest.raises(SamarkandError, match=r"does not answer \(POST v1/fp/process/\)"):
        pushing.push(root, LAYER, client)
    wire.sent = lambda data: data
    said = pushing.push(root, LAYER, client)
    assert (said.sent, said.same) == (24, 0)
    assert len(examples(client, said.project)) == 24


def test_a_pull_that_is_cut_short_writes_nothing(root: Path, wire: Wire, home: Path) -> None:
    client = remote.connect(wire.url, home, never)
    pushing.push(root, LAYER, client)
    before = files_of(root)

    wire.came = lambda data: None if b"PK\x03\x04" in data else data
    with pytest.raises(SamarkandError, match=r"does not answer|holds no all\.jsonl"):
        pulling.pull(root, LAYER, client)
    assert files_of(root) == before
    wire.came = lambda data: data
    assert "nothing was changed" in str(pulling.pull(root, LAYER, client))


def garble(data: bytes) -> bytes:
    """Relations to spans that there are not: the server's import fails, after three more tries."""
    return re.sub(rb'"to_id":(\d+)', lambda m: b'"to_id":' + b"9" * len(m[1]), data)


def test_an_upload_that_the_server_fails_at_leaves_nothing(
    root: Path, wire: Wire, home: Path
) -> None:
    client = remote.connect(wire.url, home, never)
    wire.sent = garble
    docs = store.read(root, [LAYER]).documents["doc"].to_pylist()[:3]
    with pytest.raises(SamarkandError, match=r"doccano's import failed: |doccano took "):
        pushing.push(root, LAYER, client, docs)
    wire.sent = lambda data: data
    pushed = state.load(root, LAYER)
    assert pushed is not None
    assert examples(client, pushed.project) == []
    said = pushing.push(root, LAYER, client)
    assert (said.sent, said.project) == (24, pushed.project)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_a_push_that_dies_while_the_server_imports_can_be_done_again(
    root: Path, wire: Wire, home: Path, before: bool, fails: bool
) -> None:
    """The first one of a project, or one that replaces documents; of an import that fails, too."""
    client = remote.connect(wire.url, home, never)
    layer = store.read(root, [LAYER]).layers[LAYER]
    if before:
        pushing.push(root, LAYER, client)
        entities = [row | {"actor": None} for row in layer.entities.to_pylist()]
        store.write_layer(replace(layer, entities=table(schema.ENTITIES, entities)), root)
    dead = False

    def cut(data: bytes) -> bytes | None:
        nonlocal dead
        dead = dead or (b"GET /v1/tasks/status/" in data and seen)
        return None if dead else garble(data) if fails else data

    def watch(data: bytes) -> bytes | None:
        nonlocal seen
        seen = seen or b"filepond" in data
        return cut(data)

    seen = False
    wire.sent = watch
    with pytest.raises(SamarkandError, match="does not answer"):
        pushing.push(root, LAYER, client)
    wire.sent = lambda data: data
    pushed = state.load(root, LAYER)
    assert pushed is not None
    assert len(pushed.sent) == (24 if before else 0)
    if fails:
        time.sleep(15)  # so long the server tries again
    said = pushing.push(root, LAYER, client)
    assert said.project == pushed.project
    assert held(root, client) == texts_of(root)
    assert pushing.push(root, LAYER, client).sent == 0


def test_a_push_that_dies_while_it_deletes_can_be_done_again(
    root: Path, wire: Wire, home: Path
) -> None:
    client = remote.connect(wire.url, home, never)
    pushing.push(root, LAYER, client)
    layer = store.read(root, [LAYER]).layers[LAYER]
    entities = [row | {"actor": None} for row in layer.entities.to_pylist()]
    store.write_layer(replace(layer, entities=table(schema.ENTITIES, entities)), root)
    wire.sent = lambda data: None if data.startswith(b"DELETE ") else data
    with pytest.raises(SamarkandError, match=r"does not answer \(DELETE "):
        pushing.push(root, LAYER, client)
    wire.sent = lambda data: data
    pushed = state.load(root, LAYER)
    assert pushed is not None
    assert pushed.left
    assert str(pulling.pull(root, LAYER, client)) == "nothing was changed in doccano"
    said = pushing.push(root, LAYER, client)
    assert said.sent == 0
    assert held(root, client) == texts_of(root)


def test_commands_say_what_is_missing(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "none"
    assert run("doccano", "down", "--home", home) == (0, "no doccano ran\n", "")
    said = f"doccano is not installed; `samarkand doccano up` starts it ({home})\n"
    assert run("doccano", "status", "--home", home) == (0, said, "")
    code, _, err = run("doccano", "push", LAYER, "--home", home, "--root", root)
    assert (code, err) == (
        1,
        "no doccano runs here; `samarkand doccano up`, or --server URL\n",
    )


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run("doccano", "up", "--home", tmp_path / "h", "--port", port)
    assert (code, err) == (1, f"port {port} of this machine is taken; choose another with --port\n")


def test_a_worksheet_is_decided_in_the_browser(tmp_path: Path, client: Any) -> None:
    root, sheet = tmp_path / "corpus", tmp_path / "sheet"
    store.write(small.corpus(small.A, small.B), root)
    adjudicate.make(root, ["hand/a", "hand/b"], sheet, as_corpus=True)
    pushing.push(sheet, "union", client)
    said = store.read(sheet).layers["union"]
    pushed = state.load(sheet, "union")
    assert pushed is not None
    annotator = Annotator(client, pushed.project, "d", small.TEXT)
    rows = rows_of(said, "d")
    for row in (rows["T3"], rows["S1b"]["cue"][0] | {"label": "STANCE +2"}):
        annotator.remove(annotator.span(row))
    pulling.pull(sheet, "union", client)
    adjudicate.gold(root, sheet, "gold", small.MADE)
    gold = store.read(root).layers["gold"]
    assert gold.entities["label"].to_pylist() == ["PERSON", "PERSON", "FAC", "PERSON", "PERSON"]
    assert gold.stances["polarity"].to_pylist() == [1]

"""What the annotator sees in doccano, and selects there, in a real browser: with emoji before it.

Chromium is spoken to over its debugging pipe, so that it opens no port.
"""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from samarkand import store
from samarkand.doccano import project as projects
from samarkand.doccano import pull as pulling
from samarkand.doccano import push as pushing
from samarkand.doccano import server
from samarkand.doccano.remote import call
from tests import test_doccano_server as doccano

LAYER = doccano.LAYER
home, root, client = doccano.home, doccano.root, doccano.client

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")  # fmt: skip
pytestmark = pytest.mark.skipif(not PROGRAM, reason="there is no chromium here")

#: Seconds after which what is waited for is taken as not coming.
PATIENCE = 120.0
#: The window holds a whole document: doccano draws only the lines that can be seen.
WINDOW = (1400, 20000)
OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", f"--window-size={WINDOW[0]},{WINDOW[1]}",
    "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip

#: The lines of text as they are drawn, from above; of each, what is underlined and how.
#: A line under the text has round ends, half its width beyond its coordinates. The covered text is
#: the characters whose middle is above it.
DRAWN = """
[...document.querySelectorAll("#container text[id]")]
.filter(text => /^\\d+:\\d+$/.test(text.id) && text.getBoundingClientRect().bottom > 0)
.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
.map(text => {
  const characters = [];
  let place = 0;
  for (const character of text.textContent) {
    const box = text.getExtentOfChar(place);
    characters.push([box.x + box.width / 2, character]);
    place += character.length;
  }
  const marks = [...text.parentNode.querySelectorAll(":scope > g > line")].map(line => {
    const name = line.parentNode.querySelector("text");
    const beyond = line.getAttribute("stroke-width") / 2;
    const from = line.getAttribute("x1") - beyond, to = +line.getAttribute("x2") + beyond;
    const covered = characters.filter(([x]) => from < x && x < to).map(([, one]) => one);
    return [line.getAttribute("stroke"), name ? name.textContent : "", covered.join("")];
  });
  return [text.textContent, marks];
})
"""
#: Where to press and to let go of the mouse to select part of a line, counted in characters.
ENDS = """
((line, begin, end) => {
  const found = [...document.querySelectorAll("#container text[id]")]
    .filter(text => text.textContent === line && text.getBoundingClientRect().bottom > 0);
  const units = count => Array.from(line).slice(0, count).join("").length;
  const range = document.createRange();
  return [[begin, 0.2], [end - 1, 0.8]].map(([place, part]) => {
    range.setStart(found[0].firstChild, units(place));
    range.setEnd(found[0].firstChild, units(place + 1));
    const box = range.getBoundingClientRect();
    return [box.left + box.width * part, box.top + box.height / 2];
  });
})"""
#: Where to click in the menu of labels, once it stands still; null until then.
ITEM = """
(label => {
  const menu = document.querySelector(".v-menu__content.menuable__content__active");
  if (!menu || menu.getAnimations({subtree: true}).length) return null;
  const item = [...menu.querySelectorAll(".v-list-item__title")]
    .find(title => title.textContent === label);
  if (!item) return null;
  item.scrollIntoView({block: "center"});
  const box = item.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  return item.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
})"""


class Page:
    """The one page of a browser."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self.process, self.write, self.read = process, write, read
        self.count = 0
        self.came = b""
        self.session: dict[str, str] = {}
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self.session = {"sessionId": attached["sessionId"]}

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """A command of the DevTools protocol, and its result."""
        self.count += 1
        asked = {"id": self.count, "method": method, "params": params} | self.session
        os.write(self.write, json.dumps(asked).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while (answer := self._next(end)).get("id") != self.count:
            pass
        assert "error" not in answer, (method, answer)
        return dict(answer["result"])

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self.came:
            ready, _, _ = select.select([self.read], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self.read, 1 << 16)
            assert data, "the browser has ended"
            self.came += data
        message, _, self.came = self.came.partition(b"\0")
        return dict(json.loads(message))

    def run(self, script: str, *arguments: object) -> Any:
        """The value of an expression in the page; with arguments, it is a function."""
        said = f"{script}({', '.join(map(json.dumps, arguments))})" if arguments else script
        answer = self.send("Runtime.evaluate", expression=said, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script: str, *arguments: object) -> Any:
        """The value of an expression once it is a true one."""
        found: list[Any] = []

        def ready() -> bool:
            found[:] = [self.run(script, *arguments)]
            return bool(found[0])

        assert server.wait(ready, PATIENCE), f"never true: {script}{arguments}"
        return found[0]

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """The mouse from one place to another with its button down; or a click."""
        steps = (("mouseMoved", begin, 0), ("mousePressed", begin, 1), ("mouseMoved", end, 1), ("mouseReleased", end, 0))  # fmt: skip
        for kind, (x, y), down in steps:
            button = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {}
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, buttons=down, **button)

    def click(self, place: tuple[float, float]) -> None:
        self.drag(place, place)

    def fill(self, name: str, value: str) -> None:
        field = f"document.querySelector('input[name={name}]')"
        self.wait(f"{field} !== null")
        self.run(f"{field}.focus()")
        self.send("Input.insertText", text=value)
        self.wait(f"({field}?.value === {json.dumps(value)})")


def start(folder: Path) -> tuple[subprocess.Popen[bytes], int, int]:
    """A browser, and the pipe's ends: what it reads from, what it writes to."""
    its, write = os.pipe()
    read, told = os.pipe()
    options = [*OPTIONS, f"--user-data-dir={folder / 'profile'}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    script = f'exec "$@" 3</dev/fd/{its} 4>/dev/fd/{told}'
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", PROGRAM, *options],
            env=os.environ | {"HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(its, told),
            start_new_session=True,
        )
    os.close(its)
    os.close(told)
    return process, write, read


@pytest.fixture(scope="module")
def page(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser whose user has logged in to doccano."""
    process, write, read = start(tmp_path_factory.mktemp("browser"))
    try:
        found = Page(process, write, read)
        found.send("Page.navigate", url=f"{server.status(home).url}/auth")
        found.fill("username", server.USERNAME)
        found.fill("password", server.password(home))
        for kind in ("keyDown", "keyUp"):
            key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
            found.send("Input.dispatchKeyEvent", type=kind, **key)
        found.wait("location.pathname.startsWith('/projects')")
        yield found
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(write)
        os.close(read)


class Mark(NamedTuple):
    """What is underlined in one line of the text: with what label, and the name that is shown."""

    line: int
    label: str
    name: str
    text: str


class Editor:
    """A document of a project in doccano's editor."""

    def __init__(self, page: Page, client: Any, project: int, doc: str) -> None:
        self.page = page
        kinds = call(client, "GET", f"v1/projects/{project}/span-types")
        self.labels = {row["background_color"]: row["text"] for row in kinds}
        assert len(self.labels) == len(kinds)  # each in its colour
        number = [each.doc for each in projects.examples(client, project)].index(doc) + 1
        where = f"projects/{project}/sequence-labeling?page={number}"
        page.send("Page.navigate", url=f"{client.baseurl}{where}")
        page.wait(f"{DRAWN}.length")

    def lines(self) -> list[str]:
        return [line for line, _ in self.page.run(DRAWN)]

    def marks(self) -> Counter[Mark]:
        return Counter(
            Mark(number, self.labels[colour], name, text)
            for number, (_, marks) in enumerate(self.page.run(DRAWN))
            for colour, name, text in marks
        )


def placed(value: str, lines: Iterable[str]) -> list[tuple[int, int]]:
    """Where in the text its lines begin and end; one that is empty is shown as an arrow."""
    places, end = [], 0
    for line in lines:
        begin = end if line == "⮐" else value.index(line, end)
        end = begin + (0 if line == "⮐" else len(line))
        places.append((begin, end))
    return places


def entities(layer: Any, doc: str) -> list[dict[str, Any]]:
    return [row for row in layer.entities.to_pylist() if row["doc"] == doc]


def wanted(rows: Iterable[dict[str, Any]], value: str, lines: Iterable[str]) -> Counter[Mark]:
    """What the annotator is to see of entities: a label's name, where it begins, is cut at 12."""
    found: Counter[Mark] = Counter()
    places = placed(value, lines)
    for row in rows:
        name = row["label"] if len(row["label"]) <= 12 else f"{row['label'][:12]}..."
        for piece in row["fragments"] or [row]:
            for number, (first, last) in enumerate(places):
                begin, end = max(piece["begin"], first), min(piece["end"], last)
                if begin < end:
                    shown = name if begin == piece["begin"] else ""
                    found[Mark(number, row["label"], shown, value[begin:end])] += 1
    return found


def same(got: Callable[[], Any], want: Callable[[], Any]) -> None:
    """Wait until both are the same, or show how they differ."""
    server.wait(lambda: got() == want(), PATIENCE)
    assert got() == want()


def test_what_is_marked_is_what_the_layer_says_and_what_is_selected_comes_back(
    root: Path, client: Any, page: Page
) -> None:
    corpus = store.read(root, [LAYER])
    docs = doccano.documents_with_astral(corpus)
    values = dict(zip(*(corpus.documents[c].to_pylist() for c in ("doc", "text")), strict=True))
    layer = corpus.layers[LAYER]
    project = pushing.push(root, LAYER, client, docs).project
    for doc in docs:
        value, rows = values[doc], entities(layer, doc)
        astral = next(place for place, c in enumerate(value) if ord(c) > 0xFFFF)
        assert any(row["begin"] > astral for row in rows)
        editor = Editor(page, client, project, doc)

        def marks(editor: Editor = editor) -> Counter[Mark]:
            seen = editor.marks()
            return Counter({m: n for m, n in seen.items() if m.label in corpus.labels.labels})

        def told(editor: Editor = editor) -> Counter[Mark]:
            return wanted(rows, value, editor.lines())

        same(marks, told)

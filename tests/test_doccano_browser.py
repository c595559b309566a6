"""What the annotator sees in doccano, and selects there, in a real browser: with emoji before it.

Chromium is spoken to over its debugging pipe, so that it opens no port. doccano may draw a line that
scrolls back into the window without its marks, so the window holds a whole document.
"""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from samarkand import store
from samarkand.corpus import Corpus
from samarkand.doccano import pull as pulling
from samarkand.doccano import push as pushing
from samarkand.doccano import server
from tests import test_doccano_server as doccano
from tests.doccano_calls import call, doc_of, examples

LAYER = doccano.LAYER
Row = dict[str, Any]
home, root, client = doccano.home, doccano.root, doccano.client

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")  # fmt: skip
pytestmark = pytest.mark.skipif(not PROGRAM, reason="there is no chromium here")

#: Seconds after which what is waited for is taken as not coming.
PATIENCE = 120.0
OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", "--window-size=6000,5000",
    "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip

#: The lines of text in the window, from above: where doccano has them in the text, what they
#: say, and what is underlined in them and how. A line under the text has round ends, half its width
#: beyond its coordinates; it covers the characters whose middle is above it.
SEEN = """
[...document.querySelectorAll("#container text[id]")]
.map(text => [text, text.getBoundingClientRect()])
.filter(([text, box]) => /:/.test(text.id) && box.bottom > 0 && box.top < innerHeight)
.sort(([, one], [, other]) => one.top - other.top)
.map(([text]) => {
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
  return [...text.id.split(":").map(Number), text.textContent, marks];
})
"""
#: Where to press and to let go of the mouse to select a part of a line, counted in code points.
ENDS = """
((id, begin, end) => {
  const text = document.getElementById(id).firstChild;
  const range = document.createRange();
  const units = count => [...text.data].slice(0, count).join("").length;
  return [[begin, 0.2], [end - 1, 0.8]].map(([place, part]) => {
    range.setStart(text, units(place));
    range.setEnd(text, units(place + 1));
    const box = range.getBoundingClientRect();
    return [box.left + box.width * part, box.top + box.height / 2];
  });
})"""
#: Where to click in the menu of labels, once it stands still; null until then.
ITEM = """
(label => {
  const menu = document.querySelector(".v-menu__content.menuable__content__active");
  if (!menu || menu.getAnimations({subtree: true}).length) return null;
  const titles = [...menu.querySelectorAll(".v-list-item__title")];
  const item = titles.find(title => title.textContent === label);
  item.scrollIntoView({block: "center"});
  const box = item.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  return item.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
})"""


class Page:
    """The one page of a browser."""

    def __init__(self, write: int, read: int) -> None:
        self.write, self.read = write, read
        self.count, self.came = 0, b""
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
        end = time.monotonic() + PATIENCE
        while not (found := self.run(script, *arguments)):
            assert time.monotonic() < end, f"never true: {script}{arguments}"
            time.sleep(0.05)
        return found

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """The mouse from one place to another with its button down; or a click."""
        moves = ("Moved", begin, 0), ("Pressed", begin, 1), ("Moved", end, 1), ("Released", end, 0)
        for kind, (x, y), down in moves:
            told = {"type": f"mouse{kind}", "x": x, "y": y, "buttons": down, "clickCount": 1}
            told["button"] = "left" if down or kind == "Released" else "none"
            self.send("Input.dispatchMouseEvent", **told)

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
    script = f'exec "$@" </dev/null >/dev/null 2>&1 3</dev/fd/{its} 4>/dev/fd/{told}'
    command = ["/bin/sh", "-c", script, "sh", PROGRAM, *options]
    home = os.environ | {"HOME": str(folder)}
    process = subprocess.Popen(command, env=home, pass_fds=(its, told), start_new_session=True)
    os.close(its)
    os.close(told)
    return process, write, read


@pytest.fixture(scope="module")
def page(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser whose user has logged in to doccano."""
    process, write, read = start(tmp_path_factory.mktemp("browser"))
    try:
        found = Page(write, read)
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


class Line(NamedTuple):
    """Where a line is by doccano's count, what it says, and its marks: label, name shown, text."""

    begin: int
    end: int
    text: str
    marks: list[tuple[str, str, str]]


class Editor:
    """A document of a project in doccano's editor."""

    def __init__(self, page: Page, client: Any, project: int, doc: str, corpus: Corpus) -> None:
        self.page, self.names = page, corpus.labels.labels
        texts = zip(*(corpus.documents[c].to_pylist() for c in ("doc", "text")), strict=True)
        self.text = dict(texts)[doc]
        self.units = self.text.encode("utf-16-le")
        kinds = call(client, "GET", f"v1/projects/{project}/span-types")
        self.labels = {row["background_color"]: row["text"] for row in kinds}
        assert len(self.labels) == len(kinds)  # each in its colour
        number = [doc_of(each) for each in examples(client, project)].index(doc) + 1
        where = f"{client.baseurl}projects/{project}/sequence-labeling?page={number}"
        page.send("Page.navigate", url=where)
        page.wait(f"{SEEN}.length")

    def point(self, unit: int) -> int:
        """The browser's place in the text as one of code points."""
        return len(self.units[: 2 * unit].decode("utf-16-le"))

    def seen(self) -> list[Line]:
        """The lines of text, with the marks of entities."""
        lines = []
        for begin, end, text, marks in self.page.run(SEEN):
            named = [(self.labels[colour], name, words) for colour, name, words in marks]
            shown = sorted(mark for mark in named if mark[0] in self.names)
            lines.append(Line(begin, end, "" if text == "⮐" else text, shown))
        return lines

    def wanted(self, lines: list[Line], rows: list[Row]) -> list[Line]:
        """What these lines should be."""
        found = []
        for line in lines:
            first, last = self.point(line.begin), self.point(line.end)
            marks = []
            for label, row in ((row["label"], row) for row in rows):
                name = label if len(label) <= 12 else f"{label[:12]}..."
                for piece in row["fragments"] or [row]:
                    begin, end = max(piece["begin"], first), min(piece["end"], last)
                    if begin < end:
                        shown = name if begin == piece["begin"] else ""
                        marks.append((label, shown, self.text[begin:end]))
            found.append(Line(line.begin, line.end, self.text[first:last], sorted(marks)))
        return found

    def shows(self, rows: list[Row]) -> list[Line]:
        """The lines of the whole text, once they and their marks are what these entities say."""
        server.wait(lambda: (seen := self.seen()) == self.wanted(seen, rows), PATIENCE)
        lines = self.seen()
        assert lines == self.wanted(lines, rows)
        assert "".join(line.text for line in lines) == self.text.replace("\n", "")
        return lines

    def label(self, line: Line, begin: int, end: int, label: str) -> None:
        """Select a part of a line with the mouse, and choose a label for it."""
        self.page.drag(*self.page.run(ENDS, f"{line.begin}:{line.end}", begin, end))
        place = self.page.wait(ITEM, label)
        self.page.drag(place, place)


def of(corpus: Corpus, doc: str) -> list[Row]:
    return [row for row in corpus.layers[LAYER].entities.to_pylist() if row["doc"] == doc]


def test_what_is_marked_and_what_is_selected_behind_emoji_is_what_the_layer_says(
    root: Path, client: Any, page: Page
) -> None:
    corpus = store.read(root, [LAYER])
    docs = doccano.documents_with_astral(corpus)
    project = pushing.push(root, LAYER, client, docs).project
    for doc in docs:
        editor, rows = Editor(page, client, project, doc, corpus), of(corpus, doc)
        astral = next(place for place, c in enumerate(editor.text) if ord(c) > 0xFFFF)
        assert any(row["begin"] > astral for row in rows)
        lines = editor.shows(rows)
    # a word behind them that nothing is said of yet
    line, word = next(
        (line, word)
        for line in lines
        for word in re.finditer(r"\b[a-z]{5,}\b", line.text)
        if editor.point(line.begin) > astral and not any(word[0] in row["text"] for row in rows)
    )
    begin, end = (editor.point(line.begin) + place for place in word.span())
    new: Row = {"begin": begin, "end": end, "text": word[0], "label": "ROLE", "fragments": None}
    editor.label(line, *word.span(), new["label"])
    editor.shows([*rows, new])
    pulling.pull(root, LAYER, client)
    added = [row for row in of(store.read(root, [LAYER]), doc) if row not in rows]
    assert [{key: row[key] for key in new} for row in added] == [new]

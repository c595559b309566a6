"""Speaking to a doccano server: checked requests; uploads and exports that are waited for."""

import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from doccano_client import DoccanoClient

from samarkand.doccano import answers, server
from samarkand.doccano.answers import Me, Task, TaskStatus
from samarkand.errors import SamarkandError

#: Seconds for one request, and for a task of the server's queue.
TIMEOUT, TASK = 60.0, 3600.0
#: Where credentials come from: a token, or a user's name and password.
TOKEN, USERNAME, PASSWORD = "DOCCANO_TOKEN", "DOCCANO_USERNAME", "DOCCANO_PASSWORD"

Ask = Callable[[str], str]
T = TypeVar("T")


class _Client(DoccanoClient):  # type: ignore[misc]
    """doccano-client, logged in with a token or a name and a password, on a wire of our choice.

    On this machine no proxy is asked: it would be shown the password.
    """

    def __init__(self, baseurl: str, local: bool) -> None:
        self.baseurl = baseurl
        self.session = requests.Session()
        self.session.trust_env = not local
        self.session.headers.update({"referer": baseurl})

    def token(self, token: str) -> None:
        self.session.headers.update({"Authorization": f"Token {token}"})

    def password(self, name: str, word: str) -> None:
        request(self, "POST", "v1/auth/login/", data={"username": name, "password": word})
        self._set_csrf_header()


def connect(url: str, home: Path, ask: Ask) -> DoccanoClient:
    """Log in at a server.

    A token or a password comes from the environment (DOCCANO_TOKEN, or DOCCANO_USERNAME and
    DOCCANO_PASSWORD), from the private file of the server in `home` if it is that one, or from
    `ask`, which is given what to ask for. Errors: SamarkandError for no server, a wrong password,
    and a password that would go over the network in clear.
    """
    url = url if url.endswith("/") else f"{url}/"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SamarkandError("that is no address of a server; wanted https://host/") from None
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.password:
        raise SamarkandError(f"{_shown(url)} is no address of a server; wanted https://host/")
    if parts.scheme == "http" and not local:
        message = f"{url} would have the password sent in clear; use https"
        raise SamarkandError(message)
    try:
        client = _Client(url, local)
        client.session.hooks["response"].append(_same_host(parts.netloc))
        if token := os.environ.get(TOKEN):
            client.token(token)
        else:
            client.password(*_credentials(url, home, ask))
        call(client, Me, "GET", "v1/me")
    except NoAnswerError:
        hint = "`samarkand doccano up` starts one here"
        raise SamarkandError(f"no doccano answers at {url}; {hint}") from None
    except RefusedError as error:
        if error.status not in (400, 401, 403):
            raise
        hint = f"{TOKEN}, or {USERNAME} and {PASSWORD}, say who you are"
        raise SamarkandError(f"doccano at {url} does not let you in; {hint}") from None
    return client


def _shown(url: str) -> str:
    """An address without what might be a password in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "that"


def _same_host(host: str) -> Callable[..., None]:
    def hook(response: requests.Response, *_: Any, **__: Any) -> None:
        if urlsplit(response.headers.get("Location", "")).netloc not in ("", host):
            raise SamarkandError(f"{host} sends the request to another server; it was not followed")

    return hook


def _credentials(url: str, home: Path, ask: Ask) -> tuple[str, str]:
    name, word = os.environ.get(USERNAME), os.environ.get(PASSWORD)
    said = server.status(home)
    mine = said.running and f"{said.url}/" == url
    if word is None and mine and name in (None, server.USERNAME):
        return server.USERNAME, server.password(home)
    name = name or ask("user name")
    return name, word if word is not None else ask("password")


class RefusedError(SamarkandError):
    """The server's answer is no. `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NoAnswerError(SamarkandError):
    """The server does not answer, or not in time."""


def request(client: DoccanoClient, method: str, path: str, **options: Any) -> bytes:
    """The content of the answer to one request.

    Errors: RefusedError for an answer that is no success; NoAnswerError where none comes.
    """
    address = urljoin(client.baseurl, path)
    try:
        answer = client.session.request(method, address, timeout=TIMEOUT, **options)
    except requests.RequestException as error:
        kind = "took too long" if isinstance(error, requests.Timeout) else "does not answer"
        raise NoAnswerError(f"{_asked(client, kind)} ({method} {path})") from None
    if not answer.ok:
        said = answers.shown(answer.content, 200)
        asked = _asked(client, f"{method} {path}", ": ")
        raise RefusedError(f"{asked}: {answer.status_code} {said}", answer.status_code)
    content: bytes = answer.content
    return content


def call(client: DoccanoClient, wanted: type[T], method: str, path: str, **options: Any) -> T:
    """What the server answers to one request, checked. Errors: as `request`, `answers.decode`."""
    content = request(client, method, path, **options)
    return answers.decode(content, wanted, _asked(client, f"{method} {path}", ": "))


def _asked(client: DoccanoClient, what: str, mark: str = " ") -> str:
    return f"doccano at {client.baseurl}{mark}{what}"


def upload(client: DoccanoClient, project: int, content: bytes) -> None:
    """Import a file of doccano's JSON Lines into a project with relations, and wait for it.

    Errors: SamarkandError for a task that fails; what it left in the project is the caller's.
    """
    file = {"filepond": ("annotations.jsonl", content, "application/octet-stream")}
    answer = request(client, "POST", "v1/fp/process/", files=file)
    if not re.fullmatch(rb"[\w-]{1,64}", answer):
        asked = _asked(client, "POST v1/fp/process/", ": ")
        said = f"wanted the number of an upload; got: {answers.shown(answer)}"
        raise SamarkandError(f"{asked}: {said}")
    body = {
        "uploadIds": [answer.decode()],
        "format": "JSONL",
        "task": "RelationExtraction",
        "encoding": "utf_8",
    }
    task = call(client, Task, "POST", f"v1/projects/{project}/upload", json=body)
    _finished(client, task.task_id, "import")


def begin_export(client: DoccanoClient, project: int) -> str:
    """Have the server export a project; the task, for `export`, which takes its time."""
    body = {"format": "JSONL", "exportApproved": False}
    return call(client, Task, "POST", f"v1/projects/{project}/download", json=body).task_id


def export(client: DoccanoClient, project: int, task: str = "") -> bytes:
    """All documents of a collaborative project as doccano's JSON Lines.

    `task` is one that was begun. Errors: SamarkandError.
    """
    path = f"v1/projects/{project}/download"
    task = task or begin_export(client, project)
    _finished(client, task, "export")
    content = request(client, "GET", path, params={"taskId": task})
    asked = _asked(client, f"GET {path}", ": ")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("all.jsonl")
    except KeyError:
        hint = "is the project still a collaborative one?"
        raise SamarkandError(f"{asked}: wanted all.jsonl, which is not there; {hint}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        said = f"wanted a whole zip archive; got: {answers.shown(content)}"
        raise SamarkandError(f"{asked}: {said}") from None


def _finished(client: DoccanoClient, task: str, what: str) -> None:
    """Wait for a task. Errors: SamarkandError for one that fails, or does not end."""
    told = TaskStatus(False)

    def ready() -> bool:
        nonlocal told
        told = call(client, TaskStatus, "GET", f"v1/tasks/status/{task}")
        return told.ready

    if not server.wait(ready, TASK, 0.2):
        raise SamarkandError(f"doccano's {what} does not end; does its task queue run?")
    faults = told.result.get("error") if isinstance(told.result, dict) else None
    if told.error or faults:
        raise SamarkandError(f"doccano's {what} failed: {str(faults or told.error)[:400]}")

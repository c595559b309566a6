"""Speaking to a doccano server: checked requests; uploads and exports that are waited for."""

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from doccano_client import DoccanoClient

from samarkand.doccano import server
from samarkand.errors import SamarkandError

#: Seconds for one request, and for a task of the server's queue.
TIMEOUT, TASK = 60.0, 3600.0
#: Where credentials come from: a token, or a user's name and password.
TOKEN, USERNAME, PASSWORD = "DOCCANO_TOKEN", "DOCCANO_USERNAME", "DOCCANO_PASSWORD"

Ask = Callable[[str], str]


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
        self._login(name, word)


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
        call(client, "GET", "v1/me")
    except requests.RequestException:
        hint = "`samarkand doccano up` starts one here"
        raise SamarkandError(f"no doccano answers at {url}; {hint}") from None
    except (ValueError, RefusedError):
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


def call(client: DoccanoClient, method: str, path: str, **options: Any) -> Any:
    """One request; the JSON of the answer, or its bytes where it is none.

    Errors: RefusedError for an answer that is no success; SamarkandError where none comes.
    """
    address = urljoin(client.baseurl, path)
    try:
        answer = client.session.request(method, address, timeout=TIMEOUT, **options)
    except requests.RequestException as error:
        kind = "took too long" if isinstance(error, requests.Timeout) else "does not answer"
        raise SamarkandError(f"doccano at {client.baseurl} {kind} ({method} {path})") from None
    if not answer.ok:
        said = answer.text.strip()[:200]
        message = f"doccano at {client.baseurl}: {method} {path}: {answer.status_code} {said}"
        raise RefusedError(message, answer.status_code)
    if "json" in answer.headers.get("Content-Type", ""):
        return answer.json()
    return answer.content


def pages(client: DoccanoClient, path: str) -> Iterable[dict[str, Any]]:
    """All results of a list that the server gives page by page."""
    offset = 0
    while True:
        answer = call(client, "GET", path, params={"limit": 500, "offset": offset})
        yield from answer["results"]
        offset += len(answer["results"])
        if not answer["next"] or not answer["results"]:
            return


def upload(client: DoccanoClient, project: int, content: bytes) -> None:
    """Import a file of doccano's JSON Lines into a project with relations, and wait for it.

    Errors: SamarkandError for a task that fails; what it left in the project is the caller's.
    """
    file = {"filepond": ("annotations.jsonl", content, "application/octet-stream")}
    upload_id = call(client, "POST", "v1/fp/process/", files=file)
    asked = {
        "uploadIds": [upload_id.decode() if isinstance(upload_id, bytes) else upload_id],
        "format": "JSONL",
        "task": "RelationExtraction",
        "encoding": "utf_8",
    }
    task = call(client, "POST", f"v1/projects/{project}/upload", json=asked)["task_id"]
    _finished(client, task, "import")


def export(client: DoccanoClient, project: int) -> bytes:
    """All documents of a collaborative project as doccano's JSON Lines."""
    asked = {"format": "JSONL", "exportApproved": False}
    path = f"v1/projects/{project}/download"
    task = call(client, "POST", path, json=asked)["task_id"]
    _finished(client, task, "export")
    content = call(client, "GET", path, params={"taskId": task})
    if not isinstance(content, bytes):
        raise SamarkandError(f"doccano at {client.baseurl} gave no export: {str(content)[:200]}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("all.jsonl")
    except (zipfile.BadZipFile, KeyError):
        hint = "is the project still a collaborative one?"
        raise SamarkandError(f"doccano's export holds no all.jsonl; {hint}") from None


def _finished(client: DoccanoClient, task: str, what: str) -> None:
    """Wait for a task. Errors: SamarkandError for one that fails, or does not end."""
    told: Mapping[str, Any] = {}

    def ready() -> bool:
        nonlocal told
        told = call(client, "GET", f"v1/tasks/status/{task}")
        return bool(told.get("ready"))

    if not server.wait(ready, TASK, 0.2):
        raise SamarkandError(f"doccano's {what} does not end; does its task queue run?")
    result = told.get("result")
    faults = result.get("error") if isinstance(result, dict) else None
    if told.get("error") or faults:
        said = str(faults or told.get("error"))[:400]
        raise SamarkandError(f"doccano's {what} failed: {said}")


def clock(client: DoccanoClient) -> str:
    """The server's time, in ISO 8601 and UTC, to the second."""
    answer = client.session.get(urljoin(client.baseurl, "v1/me"), timeout=TIMEOUT)
    told = parsedate_to_datetime(answer.headers["Date"])
    return told.astimezone(UTC).isoformat()

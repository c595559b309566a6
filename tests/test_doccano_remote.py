"""Whom a password is shown: the server that it is for, and nobody else on the way there."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("doccano_client")

from samarkand.doccano import remote
from samarkand.errors import SamarkandError

WORD = "a-word-that-nobody-else-may-see"


class Stranger(ThreadingHTTPServer):
    """Something on a port of this machine that is no doccano, and keeps all that it is told."""

    def __init__(self, answer: tuple[int, dict[str, str], bytes]) -> None:
        self.told: list[bytes] = []
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stranger.told.append(self.path.encode() + bytes(self.headers) + body)
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_CONNECT = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    found = Stranger((404, {}, b"not here"))
    yield found
    found.shutdown()
    found.server_close()


def never(what: str) -> str:
    raise AssertionError(f"asked for {what}")


def test_a_stranger_on_the_old_port_is_not_given_the_password(
    stranger: Stranger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was stopped the hard way, and its port belongs to somebody else by now."""
    monkeypatch.delenv("DOCCANO_PASSWORD", raising=False)
    (tmp_path / "password").write_text(WORD)
    told = {"web": 2**22 + 1, "task": 2**22 + 2, "port": stranger.server_port}
    (tmp_path / "processes.json").write_text(json.dumps(told))
    asked = []

    def ask(what: str) -> str:
        asked.append(what)
        return "other"

    with pytest.raises(SamarkandError):
        remote.connect(stranger.url, tmp_path, ask)
    assert asked == ["user name", "password"]
    assert not any(WORD.encode() in each for each in stranger.told)


def test_no_proxy_sees_what_goes_to_this_machine(
    stranger: Stranger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", stranger.url)
    monkeypatch.setenv("http_proxy", stranger.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("DOCCANO_USERNAME", "admin")
    monkeypatch.setenv("DOCCANO_PASSWORD", WORD)
    with pytest.raises(SamarkandError, match="no doccano answers at"):
        remote.connect("http://127.0.0.1:9/", tmp_path, never)
    assert stranger.told == []


def test_a_login_is_not_sent_on_to_another_server(
    stranger: Stranger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 307 asks for the same request, the password in it, at another address."""
    monkeypatch.setenv("DOCCANO_USERNAME", "admin")
    monkeypatch.setenv("DOCCANO_PASSWORD", WORD)
    monkeypatch.delenv("DOCCANO_TOKEN", raising=False)
    first = Stranger((307, {"Location": f"{stranger.url}v1/auth/login/"}, b""))
    try:
        with pytest.raises(SamarkandError) as caught:
            remote.connect(first.url, tmp_path, never)
    finally:
        first.shutdown()
        first.server_close()
    host = f"127.0.0.1:{first.server_port}"
    assert str(caught.value) == (f"{host} sends the request to another server; it was not followed")
    assert stranger.told == []

"""The server's processes: one server a folder, none left behind, and nobody else's touched."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from samarkand.doccano import processes, server
from samarkand.errors import SamarkandError
from tests.doccano_calls import fresh_home


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield fresh_home(tmp_path / "home", tmp_path_factory)
    server.down(tmp_path / "home")


def running(home: Path) -> list[int]:
    """The processes whose command names something of the folder: by the system, not by us."""
    shown = subprocess.run(["ps", "-eww", "-o", "pid=,command="], capture_output=True, text=True)
    rows = (line.split(None, 1) for line in shown.stdout.splitlines())
    return [int(pid) for pid, command in rows if f"{home}/env/" in command]


def begin_up(home: Path) -> "subprocess.Popen[str]":
    program = "from samarkand.cli import app; app()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "doccano", "up", "--home", str(home), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_that_start_it_at_once_find_one_server(home: Path) -> None:
    both = [begin_up(home), begin_up(home)]
    said = [each.communicate(timeout=240) for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert said[0][0] == said[1][0]
    assert said[0][0].startswith("doccano runs at http://127.0.0.1:")
    masters = [pid for pid in running(home) if os.getpgid(pid) == pid]
    told = json.loads((home / "processes.json").read_text())
    assert sorted(masters) == sorted([told["web"], told["task"]])
    assert server.down(home)
    assert running(home) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_broken_off_while_it_starts_leaves_nothing_that_is_not_known(
    home: Path, number: signal.Signals
) -> None:
    starting = begin_up(home)
    while not (home / "processes.json").exists():
        assert starting.poll() is None
        time.sleep(0.01)
    starting.send_signal(number)
    starting.communicate(timeout=120)
    assert starting.returncode
    if number == signal.SIGTERM:  # it has no time to stop what it started; `down` does
        server.down(home)
    assert running(home) == []
    assert not (home / "processes.json").exists()


def test_a_process_of_somebody_else_is_left_alone(home: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        for pid in (other.pid, 1, 0, -1, -other.pid):
            told = {"web": pid, "task": pid, "port": 1}
            (home / "processes.json").write_text(json.dumps(told))
            assert not server.status(home).running
            assert server.down(home) is False
            assert other.poll() is None
            assert not (home / "processes.json").exists()
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "7", '"web"', '{"web": "x"}', '{"port": null}']
)
def test_a_broken_list_of_processes_is_one_of_none(home: Path, content: str) -> None:
    (home / "processes.json").write_text(content)
    assert not server.status(home).running
    assert server.down(home) is False


def test_a_process_that_has_ended_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "env"
    ours = subprocess.Popen(["sh", "-c", "read line; exit", f"{folder}/x"], stdin=subprocess.PIPE)
    assert processes.alive(folder, ours.pid)
    assert not processes.alive(tmp_path / "en", ours.pid)
    assert ours.stdin is not None
    ours.stdin.close()
    end = time.monotonic() + 30
    while processes.alive(folder, ours.pid):
        assert time.monotonic() < end
    assert processes.stop(folder, [ours.pid]) is False


def test_a_signal_waits_until_the_block_ends() -> None:
    done = False
    with pytest.raises(KeyboardInterrupt), processes.undisturbed():
        signal.raise_signal(signal.SIGINT)
        done = True
    assert done
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_the_second_waits_for_the_lock(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with processes.locked(tmp_path / "lock", lambda: order.append("waits")):
            order.append("second")

    thread = threading.Thread(target=second)
    with processes.locked(tmp_path / "lock"):
        thread.start()
        while "waits" not in order:
            time.sleep(0.01)
        order.append("first")
    thread.join()
    assert order == ["waits", "first", "second"]


def test_the_environment_says_where_its_packages_are(tmp_path: Path) -> None:
    """It may be of another Python than the one that this runs in."""
    packages = tmp_path / "env" / "lib" / "python3.99" / "site-packages"
    (packages / "backend").mkdir(parents=True)
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\necho {packages}\n")
    python.chmod(0o755)
    assert server._backend(tmp_path) == packages / "backend"
    (packages / "backend").rmdir()
    with pytest.raises(SamarkandError) as caught:
        server._backend(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'env'} has no doccano in it; remove it, and `up` installs it again"
    )

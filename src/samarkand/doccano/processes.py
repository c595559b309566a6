"""Processes that outlive the command that started them: begun, known again, and stopped.

A number in a file may belong to another process by now: one is ours only if its command line names
a file of the server's folder.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from types import FrameType

#: Seconds that a process has to end by itself.
PATIENCE = 15.0


def alive(folder: Path, pid: int) -> bool:
    """Whether there is a process with that number whose command names something in `folder`."""
    if pid <= 1:
        return False
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child that has ended
    for _ in range(20):
        told = _command(pid)
        if told is None:
            return False
        if told:
            return os.fsencode(f"{folder}{os.sep}") in told
        time.sleep(0.005)  # it has only just begun, or it has ended and nobody asked
    return False


def _command(pid: int) -> bytes | None:
    """The command line of a process; empty where it has none, None where there is no such."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
    asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, check=False).stdout or None  # noqa: S603


def stop(folder: Path, pids: Collection[int]) -> bool:
    """Stop processes of `folder` that lead a group, with their groups; whether any was there."""
    found = [pid for pid in pids if alive(folder, pid)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in found:
            if alive(folder, pid):
                with suppress(ProcessLookupError):  # it ended meanwhile
                    os.killpg(pid, number)
        end = time.monotonic() + PATIENCE
        while any(alive(folder, pid) for pid in found) and time.monotonic() < end:
            time.sleep(0.1)
    return bool(found)


@contextmanager
def locked(path: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold a lock file for the block; `waiting` is called where another process has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            waiting()
            flock(handle, LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that would end this process wait until the block ends."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread
        return

    def keep(number: int, _: FrameType | None) -> None:
        came.append(number)

    before = {n: signal.signal(n, keep) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])

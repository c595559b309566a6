"""A doccano server of one's own: installed once, started on loopback, stopped.

doccano (github.com/doccano/doccano) lives in an environment of its own, since it needs older
libraries than this package. Its processes are those of its `doccano webserver` and `doccano task`,
but the web server binds 127.0.0.1, and the queue has a database apart: sharing one locks it.
"""

import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from samarkand import files
from samarkand.doccano import processes
from samarkand.errors import SamarkandError
from samarkand.progress import Progress, silent

#: What is installed: later releases of the last three do not work with it.
REQUIREMENTS = ("doccano==1.8.4", "marshmallow<4", "numpy<2", "setuptools<81")
USERNAME = "admin"
#: Seconds that a server may take to answer.
PATIENCE = 90.0

_PROCESSES = "processes.json"
#: The processes of a server.
_NAMES = ("web", "task")
#: Held while a server is started or stopped.
_LOCK = "lock"
#: What tells a folder that `up` made from somebody's own.
_MARK = "samarkand-doccano"


@dataclass(frozen=True)
class Status:
    """`running` only if the server answers. `url` is empty for one that was never started."""

    home: Path
    installed: bool
    running: bool
    url: str

    def __str__(self) -> str:
        if self.running:
            return (
                f"doccano runs at {self.url}, user {USERNAME}; the password is in "
                f"{self.home / 'password'}"
            )
        state = "installed, not running" if self.installed else "not installed"
        return f"doccano is {state}; `samarkand doccano up` starts it ({self.home})"


def default_home() -> Path:
    """Where the server and its data are, unless told otherwise."""
    return Path(platformdirs.user_data_path("samarkand")) / "doccano"


def status(home: Path) -> Status:
    """Whether there is a server, and where."""
    told = _processes(home)
    url = f"http://127.0.0.1:{told['port']}" if "port" in told else ""
    running = bool(url) and _alive(home)
    return Status(home, _installed(home), running and _healthy(url), url)


def up(home: Path, port: int = 8000, progress: Progress = silent) -> Status:
    """Install the server if it is not, and start it if it does not run; port 0 takes a free one.

    One call at a time: another one for the same folder waits for it, and finds the server running.
    Errors: SamarkandError for a port that is taken, an installation that fails, a server that does
    not answer; what was started is stopped again.
    """
    now = status(home)
    if now.running:
        return now
    if home.is_dir() and any(home.iterdir()) and not (home / _MARK).exists():
        hint = "what is in it would be in the way; choose an empty folder with --home"
        raise SamarkandError(f"{home} is no folder of a doccano server; {hint}")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / _MARK).touch()

    def waiting() -> None:
        progress("waiting for another `samarkand doccano` that starts or stops it", 0, 3)

    with processes.locked(home / _LOCK, waiting):
        now = status(home)
        return now if now.running else _up(home, port, progress)


def _up(home: Path, port: int, progress: Progress) -> Status:
    _stop(home)
    port = _free(port)
    progress("installing doccano (a minute or two, once)", 0, 3)
    _install(home)
    progress("preparing its database", 1, 3)
    _prepare(home)
    progress("starting it", 2, 3)
    url = f"http://127.0.0.1:{port}"
    try:
        _start(home, port)
        end = time.monotonic() + PATIENCE
        while not _healthy(url):
            if time.monotonic() > end or not _alive(home):
                raise SamarkandError(f"doccano did not start; its log: {home / 'log'}")
            time.sleep(0.2)
    except BaseException:
        _stop(home)
        raise
    return status(home)


def down(home: Path) -> bool:
    """Stop the server; whether one ran."""
    if not (home / _MARK).exists():
        return False
    with processes.locked(home / _LOCK):
        return _stop(home)


def _stop(home: Path) -> bool:
    told = _processes(home)
    ran = processes.stop(_env(home), [told[name] for name in _NAMES if name in told])
    (home / _PROCESSES).unlink(missing_ok=True)
    return ran


def password(home: Path) -> str:
    """The generated password of the server's one user. Errors: SamarkandError where none is."""
    try:
        return (home / "password").read_text().strip()
    except OSError:
        message = f"there is no doccano in {home}; `samarkand doccano up` makes one"
        raise SamarkandError(message) from None


def _processes(home: Path) -> dict[str, int]:
    """The numbers of the processes that were started, and the port; without what is not known."""
    try:
        told = json.loads((home / _PROCESSES).read_text())
        return {name: int(told[name]) for name in (*_NAMES, "port") if name in told}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _alive(home: Path) -> bool:
    """Whether all processes of the server are there."""
    told = _processes(home)
    return all(name in told and processes.alive(_env(home), told[name]) for name in _NAMES)


def _healthy(url: str) -> bool:
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{url}/v1/health/?format=json", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _free(port: int) -> int:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            message = f"port {port} of this machine is taken; choose another with --port"
            raise SamarkandError(message) from None
        return int(probe.getsockname()[1])


def _installed(home: Path) -> bool:
    mark = home / "env" / "installed"
    runs = (home / "env" / "bin" / "python").exists()  # a link to a Python that may have gone
    return runs and mark.is_file() and mark.read_text().split() == list(REQUIREMENTS)


def _install(home: Path) -> None:
    if _installed(home):
        return
    env = home / "env"
    shutil.rmtree(env, ignore_errors=True)
    venv.create(env, with_pip=True)
    pip = [str(env / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
    _run(home, pip, dict(os.environ), "pip could not install it")
    (env / "installed").write_text("\n".join(REQUIREMENTS))


def _run(home: Path, command: list[str], environment: dict[str, str], failed: str) -> None:
    """Run a command to its end, in the server's log. Errors: SamarkandError if it fails."""
    with (home / "log").open("ab") as log:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=_backend(home) if _installed(home) else home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    if done.returncode:
        raise SamarkandError(f"{failed}; the log: {home / 'log'}")


def _env(home: Path) -> Path:
    return home.resolve() / "env"


def _backend(home: Path) -> Path:
    """doccano's code, where the environment's own Python has its packages."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    command = [str(_env(home) / "bin" / "python"), "-c", asked]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603
    found = Path(done.stdout.strip()) / "backend"
    if done.returncode or not found.is_dir():
        message = f"{_env(home)} has no doccano in it; remove it, and `up` installs it again"
        raise SamarkandError(message)
    return found


def _environment(home: Path) -> dict[str, str]:
    data = home.resolve()
    return {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ} | {
        "PATH": f"{data / 'env' / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "DOCCANO_HOME": str(data / "data"),
        "DATABASE_URL": f"sqlite:///{data / 'data' / 'doccano.sqlite'}",
        "CELERY_BROKER_URL": f"sqla+sqlite:///{data / 'data' / 'queue.sqlite'}",
        "MEDIA_ROOT": str(data / "data" / "media"),
        "STANDALONE": "True",
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DEBUG": "False",
        "SECRET_KEY": _secret(home / "secret"),
        "DOCCANO_PAGE_SIZE": "500",
    }


def _secret(path: Path) -> str:
    """What a file for its owner alone says; made at random where it is not there."""
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text()


def _prepare(home: Path) -> None:
    """Make the databases and the user, once."""
    done = home / "data" / "prepared"
    if done.exists():
        return
    shutil.rmtree(home / "data", ignore_errors=True)
    (home / "data" / "media").mkdir(parents=True, mode=0o700)
    environment = _environment(home)
    python, doccano = (str(_env(home) / "bin" / name) for name in ("python", "doccano"))
    _run(home, [doccano, "init"], environment, "doccano could not make its database")
    with closing(sqlite3.connect(home / "data" / "doccano.sqlite")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    user = ["createsuperuser", "--noinput", "--username", USERNAME, "--email", "admin@localhost"]
    secret = {"DJANGO_SUPERUSER_PASSWORD": _secret(home / "password")}  # not in the command line
    command = [python, "-m", "django", *user]
    _run(home, command, environment | secret, "doccano could not make its user")
    done.touch()


def _start(home: Path, port: int) -> None:
    """Start the web server and the worker, each in a process group of its own.

    Each is recorded with its start, which no signal comes between.
    """
    env, backend = _env(home) / "bin", _backend(home)
    environment = _environment(home)
    web = ["config.wsgi", "--chdir", str(backend), "--bind", f"127.0.0.1:{port}"]
    commands = {
        "web": [str(env / "python"), "-m", "gunicorn", *web, "--workers", "2", "--timeout", "600"],
        "task": [str(env / "python"), str(env / "doccano"), "task", "--concurrency", "1"],
    }
    told = {"port": port}
    for name, command in commands.items():
        with (home / "log").open("ab") as log, processes.undisturbed():
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=backend,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            told[name] = process.pid
            files.write(home / _PROCESSES, json.dumps(told).encode())


def wait(ready: Callable[[], bool], seconds: float, step: float = 0.1) -> bool:
    """Ask again and again; whether it came true in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True

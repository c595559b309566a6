"""Reading and writing files so that nothing leaves its folder and nothing is half-written."""

import ctypes
import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from samarkand.errors import Problem, SamarkandError

#: Document and actor ids, and the parts of a layer's name: safe as file names everywhere.
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")

#: A file of fewer bytes is read at once, without asking for its size: most are.
_SMALL = 1 << 16


def is_slug(name: str) -> bool:
    """Whether a name is safe as a file name: letters and digits, and within it `.`, `_`, `-`."""
    return bool(SLUG.fullmatch(name)) and not name.endswith(".")


def listed(folder: Path, suffix: str, home: Path) -> list[str]:
    """The names of the files in `folder` with that suffix, sorted; none where there is no folder.

    Errors: SamarkandError for a symbolic link that leads out of `home`.
    """
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        found = [(e.name, e.is_symlink()) for e in entries if e.name.endswith(suffix)]
    for name, link in found:
        if link:
            guard(folder / name, home)
    return sorted(name for name, _ in found if not name.startswith("."))


def read_many(folder: Path, names: Iterable[str]) -> list[bytes]:
    """The content of files in one folder: several times quicker than by path, one by one.

    Errors: SamarkandError that names every file that cannot be read.
    """
    if not folder.is_dir():
        return []
    found: list[bytes] = []
    problems: list[Problem] = []
    handle = os.open(folder, os.O_RDONLY)
    try:
        for name in names:
            try:
                found.append(_read(name, handle))
            except OSError as error:
                problems.append(Problem(f"{folder}/{name}", 0, _reason(error)))
    finally:
        os.close(handle)
    if problems:
        raise SamarkandError(problems)
    return found


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def guard(path: Path, home: Path) -> None:
    """Refuse a path that leads out of `home`. Errors: SamarkandError."""
    try:
        inside = path.resolve().is_relative_to(home.resolve())
    except (OSError, RuntimeError):
        message = "a symbolic link that leads in a circle"
        raise SamarkandError([Problem(str(path), 0, message)]) from None
    if not inside:
        raise SamarkandError([Problem(str(path), 0, "a symbolic link out of the folder")])


def tree(folder: Path, suffixes: tuple[str, ...] = ("",)) -> dict[str, bytes]:
    """Every file below `folder` (or the one file) with those suffixes, by relative path.

    Hidden files and folders are passed over. Errors: SamarkandError for a missing folder, a
    symbolic link that leads out of it, or files that cannot be read.
    """
    if folder.is_file():
        return {folder.name: folder.read_bytes()}
    paths = sorted(path for path, _ in _walk(folder, suffixes))
    found = chosen(folder, paths)
    return {path: found[path] for path in paths}


def sizes(folder: Path, suffixes: tuple[str, ...] = ("",)) -> dict[str, int]:
    """The size in bytes of each file that `tree` would read, sorted. Errors: as `tree`."""
    if folder.is_file():
        return {folder.name: folder.stat().st_size}
    return dict(sorted((path, entry.stat().st_size) for path, entry in _walk(folder, suffixes)))


def chosen(folder: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """The content of files below a folder. Errors: SamarkandError for what cannot be read."""
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        name = path.rpartition("/")[2]
        by_folder.setdefault(path.removesuffix(name), []).append(name)
    found: dict[str, bytes] = {}
    for below, names in by_folder.items():
        paths = [below + name for name in names] if below else names
        found.update(zip(paths, read_many(folder / below, names), strict=True))
    return found


def _walk(folder: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The relative path and the entry of every file below a folder with those suffixes."""
    if not folder.is_dir():
        raise SamarkandError([Problem(str(folder), 0, "no such file or folder")])
    home = folder.resolve()
    pending = [""]
    while pending:
        below = pending.pop()
        with os.scandir(folder / below) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_file(follow_symlinks=False):  # most are
                    if entry.name.endswith(suffixes):
                        yield below + entry.name, entry
                    continue
                if entry.is_symlink():
                    guard(folder / below / entry.name, home)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{below}{entry.name}/")
                elif entry.name.endswith(suffixes) and not entry.is_dir():
                    yield below + entry.name, entry


def _read(name: str, folder: int) -> bytes:
    """Read one file of an open folder."""
    handle = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=folder)  # a pipe does not block
    try:
        try:
            data = os.read(handle, _SMALL)
        except OSError:
            data = b""
        if 0 < len(data) < _SMALL:  # the whole of a small file
            return data
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "is no file")
        parts = [data]
        while more := os.read(handle, 1 << 20):
            parts.append(more)
        return b"".join(parts)
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; leave it alone where it says so already."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """A new folder to fill; it takes the place of `path` when the block ends, and not before.

    If the block fails, or the process is killed in it, what was at `path` is still there whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{path.name}-writing-", dir=path.parent))
    os.chmod(new, 0o777 & ~_umask())
    try:
        yield new
        replace(new, path)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def replace(new: Path, path: Path) -> None:
    """Put the folder `new` in the place of the folder `path`, which goes.

    Linux swaps the two at once. Elsewhere there is an instant between two renamings in which
    nothing is at `path`, and the old folder beside it.
    """
    if path.is_symlink() or path.is_file():
        raise SamarkandError([Problem(str(path), 0, "is not a folder; choose another place")])
    if not path.exists():
        new.rename(path)
        return
    if _swap(new, path):
        shutil.rmtree(new)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    path.rename(old / "it")
    try:
        new.rename(path)
    except OSError:
        (old / "it").rename(path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _swap(a: Path, b: Path) -> bool:
    """Exchange two paths in one step, where the system can: renameat2(2) of Linux."""
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return bool(renameat2(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0)


def write_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder. Errors: SamarkandError for a path that leaves it."""
    for name, data in files.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise SamarkandError([Problem(name, 0, f"leaves the folder {root}")])
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""How long it takes before anything happens."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

from bench.common import Clock, peak


def ours(data: Path, clock: Clock) -> str:
    """`samarkand --help`, as a shell would run it."""
    command = shutil.which("samarkand", path=str(Path(sys.executable).parent))
    assert command, "the command samarkand is not installed beside this Python"
    return _run(clock, command, "--help")


def datasets(data: Path, clock: Clock) -> str:
    """A Python that imports datasets."""
    return _run(clock, sys.executable, "-c", "import datasets")


def _run(clock: Clock, *command: str) -> str:
    with clock:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    clock.peak = peak(resource.RUSAGE_CHILDREN)
    return ""

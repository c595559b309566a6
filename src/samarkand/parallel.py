"""Work on columns, shared out among threads: numpy and Arrow let them run side by side."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

THREADS = min(8, os.cpu_count() or 1)


def each(work: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """What `work` makes of each item, in their order. Errors: the first that `work` raises."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, items))

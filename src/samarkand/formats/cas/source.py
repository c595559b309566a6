"""One CAS file while it is read: where its faults go, and its features as strings."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from samarkand.errors import Problem
from samarkand.formats.cas import types as types_of
from samarkand.formats.cas.check import Loaded
from samarkand.formats.cas.known import unrenamed
from samarkand.formats.cas.shape import Shape, shape

T = TypeVar("T")


@dataclass
class Source:
    """Its path, what was loaded, where faults and counts go, and the shapes of its types."""

    path: str
    loaded: Loaded
    problems: list[Problem]
    unread: Counter[str]
    shapes: dict[str, Shape] = field(default_factory=dict)

    def shape(self, fs: Any) -> Shape:
        if fs.type.name not in self.shapes:
            self.shapes[fs.type.name] = shape(self.loaded.cas.typesystem, fs.type)
        return self.shapes[fs.type.name]

    def fault(self, fs: Any, message: str) -> None:
        line = self.loaded.lines.get(fs.xmiID, 0)
        said = f"{fs.type.short_name} {fs.xmiID}: {message}"
        self.problems.append(Problem(self.path, line, said))

    def plain(self, fs: Any) -> dict[str, str]:
        """The features of one value that a feature structure has, as strings."""
        found = {}
        for name in self.shape(fs).plain:
            value = getattr(fs, name)
            if isinstance(value, str):
                value = self.parsed(fs, name, value, types_of.decode)
            if value is not None:
                written = str(value).lower() if isinstance(value, bool) else str(value)
                found[unrenamed(name)] = written
        return found

    def parsed(self, fs: Any, name: str, value: str | None, parse: Callable[[str], T]) -> T | None:
        """What a feature's string stands for; None where it is absent, or a fault."""
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError as error:
            self.fault(fs, f"'{name}': {error}")
            return None

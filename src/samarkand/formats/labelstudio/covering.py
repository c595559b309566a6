"""The text of a region: what Label Studio says that it covers, and in which unit it counts.

Label Studio 1.23 counts code points (its editor's `charsToCodePoints`); before that was mended it
counted UTF-16 code units (github.com/HumanSignal/label-studio, issues 1008 and 1347). A region's
`text` is what the browser shows: white space runs together, and a line end is written `\\n`, a
backslash and a letter (`captureSelection` in the editor).
"""

from dataclasses import dataclass

import numpy as np

from samarkand.text import Ints


def same(said: str, covered: str) -> bool:
    """Whether a region's text is what its offsets cover, white space aside."""
    return said == covered or _shown(said) == _shown(covered)


def _shown(text: str) -> str:
    return " ".join(text.replace("\\n", " ").split())


def fits(text: str, begin: int, end: int, said: str) -> bool:
    """Whether a span, in either unit, covers what it is said to cover."""
    if 0 <= begin <= end <= len(text) and same(said, text[begin:end]):
        return True
    units = Utf16(text)
    first, last = units.point(begin), units.point(end)
    return first is not None and last is not None and same(said, text[first:last])


@dataclass
class Utf16:
    """A text counted in UTF-16 code units."""

    text: str

    def __post_init__(self) -> None:
        points = np.frombuffer(self.text.encode("utf-32-le"), np.uint32)
        widths = 1 + (points > 0xFFFF).astype(np.int64)
        self.starts: Ints = np.concatenate([np.zeros(1, np.int64), np.cumsum(widths)])

    @property
    def size(self) -> int:
        return int(self.starts[-1])

    def point(self, offset: int) -> int | None:
        """An offset in code points; None outside the text and inside a character."""
        if not 0 <= offset <= self.size:
            return None
        at = int(np.searchsorted(self.starts, offset))
        return at if self.starts[at] == offset else None

"""Other people's corpora, where there are any: ../shared/real, or the folder in SAMARKAND_REAL."""

import os
from pathlib import Path

import pytest

_default = Path(__file__).resolve().parents[2] / "shared" / "real"
_folder = Path(os.environ.get("SAMARKAND_REAL", _default))
REAL: Path | None = _folder if _folder.is_dir() else None

needs_real = pytest.mark.skipif(REAL is None, reason="no folder of real corpora (SAMARKAND_REAL)")

"""Samarkand: an annotated corpus of diplomatic news, and the toolkit that keeps it."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from samarkand.loaders import load, open

__all__ = ["__version__", "load", "open"]


def __getattr__(name: str) -> Any:
    """`samarkand.load` and `samarkand.open`, imported when first used."""
    if name in ("load", "open"):
        import importlib

        return getattr(importlib.import_module("samarkand.loaders"), name)
    raise AttributeError(f"module 'samarkand' has no attribute '{name}'")

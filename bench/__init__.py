"""Speed against what people would use instead: `python -m bench.run` (see docs/speed.md)."""

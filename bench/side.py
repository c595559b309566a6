"""One step in a process of its own: `python -m bench.side MODULE FUNCTION DATA [COUNT]`.

With a count it prepares inputs; without, it measures a side and prints JSON.
"""

import importlib
import json
import sys
from pathlib import Path

from bench.common import Clock


def main() -> None:
    module, name, data = sys.argv[1:4]
    function = getattr(importlib.import_module(f"bench.{module}"), name)
    if len(sys.argv) > 4:
        function(Path(data), int(sys.argv[4]))
        return
    clock = Clock()
    digest = function(Path(data), clock)
    found = {"seconds": clock.seconds, "peak": clock.peak, "start": clock.start, "digest": digest}
    print(json.dumps(found | clock.sizes))


if __name__ == "__main__":
    main()

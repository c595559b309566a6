"""JSON without what only some readers take: a key twice, half a character, NaN."""

import json
import re
from typing import Any

from samarkand.formats.cas.xml import MAX_STRING

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str) -> Any:
    """What a JSON text says. Takes time linear in its length, whatever it says.

    Errors: ValueError (json.JSONDecodeError, which has a line, for what is no JSON).
    """
    try:
        said = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
        if _HALF.search(text):
            json.dumps(said, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("not JSON that a CAS can be: nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair (\\ud800 to \\udfff) is no character") from None
    return said


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key '{key[:60]}' stands twice in one object")
        if isinstance(value, str) and len(value) > MAX_STRING:
            message = f"'{key[:60]}' holds {len(value):,} characters; it may hold {MAX_STRING:,}"
            raise ValueError(message)
        found[key] = value
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"not JSON: {name} is no JSON number")

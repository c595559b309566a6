"""Numbers in what is said."""


def count(number: int, noun: str) -> str:
    """So many of a thing, which is named in the singular: `1 entity`, `2,000 entities`."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun}"

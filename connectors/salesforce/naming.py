"""What people call a record: its id of 15 characters, as reports and old pages show it, of 18, or its address."""

import re
from urllib.parse import urlsplit

ID = re.compile(r"(?<![A-Za-z0-9])([A-Za-z0-9]{15})([A-Z0-5]{3})?(?![A-Za-z0-9])")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def named(text: str) -> tuple[str, ...]:
    """The records that are named, by their ids of 18 characters."""
    part = text
    if "://" in text:
        try:
            part = urlsplit(text).path
        except ValueError:
            return ()
    return tuple(dict.fromkeys(whole(short) for short, _ in ID.findall(part)))


def whole(short: str) -> str:
    """The id with its last three characters, which say for each of the others whether it is a capital letter."""
    fives = (short[start : start + 5] for start in range(0, 15, 5))
    marks = (sum(char.isupper() << place for place, char in enumerate(five)) for five in fives)
    return short + "".join(ALPHABET[mark] for mark in marks)

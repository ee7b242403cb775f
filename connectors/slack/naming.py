"""What people call a message: its permalink, or its channel's id and its `ts`."""

import re

LINK = re.compile(r"^https?://[^/?#]+/archives/([CDG][A-Z0-9]+)/p(\d{6,14})(\d{6})(?!\d)")
BY_PARTS = re.compile(r"([CDG][A-Z0-9]+)[\s/+:,]+(\d{6,14})\.(\d{6})")


def named(text: str) -> tuple[str, ...]:
    """The message that is named, as receipts have it; a digest's lines are parts of it."""
    found = LINK.match(text) or BY_PARTS.fullmatch(text)
    return (f"{found[1]}/{found[2]}.{found[3]}",) if found else ()

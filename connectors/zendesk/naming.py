"""What people call a ticket or a comment: a number, a ticket's number with a comment's, or an address."""

import re

IN_ADDRESS = re.compile(r"^https?://[^/?#]+/(?:agent/|api/v2/|hc/(?:[\w-]+/)?)?(?:tickets|requests)/(\d{1,19})(?![\w])")
BY_NUMBER = re.compile(r"#?(\d{1,19}(?:/\d{1,19})?)")


def named(text: str) -> tuple[str, ...]:
    """The ticket, or the comment, that is named, as receipts have it."""
    found = IN_ADDRESS.match(text) or BY_NUMBER.fullmatch(text)
    return (found[1],) if found else ()

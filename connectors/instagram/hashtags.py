"""A hashtag's last day: a list in no sure order, whose cursor is the same on every page.

Such a cursor leads on only as long as one reads, so what was seen is kept by its id. A read that was cut off begins
at the top and goes through all pages; one that was whole ends at the first page on which nothing is new.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.instagram.records import before
from hub.kit import Record
from hub.kit.backward import Ask

MOST_SEEN = 5_000  # ids that a cursor keeps
MOST_PAGES = 100  # of one read; the rest is left to the next


def last_day(
    ask: Ask, state: dict[str, Any], *, since: datetime | None
) -> Iterator[tuple[list[Record], dict[str, Any]]]:
    """What is new, page by page, with the state that is safe to keep after each."""
    seen: dict[str, None] = dict.fromkeys(state.get("seen", []))
    whole, turn = not state.get("cut_off"), None
    for _ in range(MOST_PAGES):
        found, turn = ask(turn)
        new = list({each["id"]: each for each in found if each["id"] not in seen}.values())
        seen = dict.fromkeys([*(each["id"] for each in new), *seen][:MOST_SEEN])
        over = turn is None or not found or (whole and not new)
        wanted = [each for each in new if not before(each, since)]
        yield wanted, {"seen": list(seen)} | ({} if over else {"cut_off": True})
        if over:
            return

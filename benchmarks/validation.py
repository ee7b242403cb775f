"""V1 and V2: what typing and row rules cost together, against a plain function that does the same checks by hand.

    python -m benchmarks.validation

Both read the same mapped records in pages of a hundred, one in a hundred malformed, and must set aside the same
rows, which is checked first. Rounds are interleaved and the best of each counts, in CPU time, so that a busy
machine slows both alike.
"""

import copy
import gc
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from hub.domain import Post
from hub.errors import RecordError
from hub.quality.rows import check_row

ROWS, PAGE, ROUNDS = 5_000, 100, 15
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
V2_MUST, V2_GOAL, V1_MUST = 1.0, 0.5, 2.0
TEXT = "my new espresso machine leaks after two weeks and nobody answers great crema thanks where can i buy one"
Row = dict[str, Any]


def rows(count: int, *, seed: int = 7) -> list[Row]:
    """Mapped records as a network's mapping makes them, keys already given."""
    chance = random.Random(seed)
    return [_row(chance, number) for number in range(count)]


def _row(chance: random.Random, number: int) -> Row:
    text = " ".join(chance.choices(TEXT.split(), k=chance.randint(5, 35)))
    at = NOW - timedelta(seconds=chance.randint(0, 100_000))
    author = str(chance.randint(1, 2_000))
    row: Row = {
        "key": f"x:tweet:{number}", "native_id": str(number), "network": "x", "collected_at": NOW,
        "text": text + (" ☕" if number % 3 == 0 else ""), "published_at": at.isoformat().replace("+00:00", "Z"),
        "url": f"https://x.com/i/status/{number}", "lang": "en", "kind": "post", "tags": ["acme", "coffee"],
        "author": {"key": f"x:account:{author}", "native_id": author, "handle": f"user{author}",
                   "display_name": "Sam Poster", "followers": chance.randint(0, 9_000)},
        "engagement": {"likes": chance.randint(0, 90), "shares": 1, "replies": 0, "quotes": 0},
    }  # fmt: skip
    if number % 100 == 50:
        row.update(chance.choice([{"native_id": None}, {"published_at": "yesterday"}, {"text": "   "}, {"author": {}}]))
    return row


def ours(page: list[Row]) -> list[Post]:
    """What triage does with a page: the row rules, then the types."""
    posts = []
    for mapped in page:
        try:
            row, flags = check_row(mapped, NOW)
            row["flags"] = flags
            posts.append(msgspec.convert(row, Post))
        except (RecordError, msgspec.ValidationError):
            continue
    return posts


def plain(page: list[Row]) -> list[Row]:
    """The checks that a careful person writes by hand, on dicts, without making anything typed of them."""
    return [row for row in page if _good(row)]


def _good(row: Row) -> bool:
    author, counts = row.get("author"), row.get("engagement", {})
    text, native_id, url = row.get("text"), row.get("native_id"), row.get("url")
    if not isinstance(native_id, str) or not native_id or not isinstance(text, str) or not text.strip():
        return False
    if len(text) > 200_000 or not isinstance(author, dict) or not isinstance(author.get("native_id"), str):
        return False
    try:
        at = datetime.fromisoformat(row["published_at"])
    except (KeyError, TypeError, ValueError):
        return False
    if at.tzinfo is None or at > NOW + timedelta(minutes=5) or at.year < 1990:
        return False
    if url is not None and not url.startswith(("https://", "http://")):
        return False
    return all(isinstance(count, int) and count >= 0 for count in counts.values()) and all(
        isinstance(tag, str) for tag in row.get("tags", ())
    )


def best_of(pages: list[list[Row]], ways: dict[str, Callable[[list[Row]], Any]]) -> dict[str, float]:
    """CPU milliseconds a page, the best round of each way."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            mine = copy.deepcopy(pages)
            gc.collect()
            gc.disable()
            start = time.process_time()
            for page in mine:
                way(page)
            best[name] = min(best[name], (time.process_time() - start) / len(pages) * 1e3)
            gc.enable()
    return best


def main() -> int:
    """Measure, print one line of JSON and say whether the budgets hold."""
    mapped = rows(ROWS)
    pages = [mapped[start : start + PAGE] for start in range(0, ROWS, PAGE)]
    kept = [post.key for page in pages for post in ours(copy.deepcopy(page))]
    if kept != [row["key"] for page in pages for row in plain(page)]:
        print("The two ways set aside different rows; no figure was taken.")
        return 1
    best = best_of(pages, {"ours": ours, "plain": plain})
    print(json.dumps({
        "rows": ROWS, "set_aside": ROWS - len(kept),
        "V2_ms_a_page": round(best["ours"], 3), "V2_must": V2_MUST, "V2_goal": V2_GOAL,
        "plain_ms_a_page": round(best["plain"], 3), "V1_times_plain": round(best["ours"] / best["plain"], 2),
    }))  # fmt: skip
    return 0 if best["ours"] <= V2_MUST else 1


if __name__ == "__main__":
    sys.exit(main())

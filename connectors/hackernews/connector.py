"""Hacker News: stories and comments by word or author, through the public search of Algolia.

What shapes this module:

- `search_by_date` gives the newest first, and takes a window of time by `numericFilters=created_at_i>=...`. A search
  reaches a thousand hits deep and no further. So it is paged by time and never by page number: each window ends, with
  that second included, where the last page did, and what is known of that second is passed over.
- Words that are typed loosely would be corrected, and a prefix would do: `typoTolerance=false`, and quotes for phrases.
- Items are looked up one by one, and come with the tree below them, in which deleted ones have lost their author.
- An item appears in the index within a minute or so of being written. What is deleted or dead leaves it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import LookUp, Network, Page, Record, Rejected, Span, moment_of

SEARCH = "/api/v1/search_by_date"
PAGE_SIZE = 200
SETTLED = timedelta(minutes=2)
KINDS = "(story,comment,poll)"
PLAIN = {"hitsPerPage": PAGE_SIZE, "typoTolerance": "false", "advancedSyntax": "true", "queryType": "prefixNone"}


class HackerNews(Network):
    """The search, which needs no account."""

    look_up_size = 1

    def check(self) -> None:
        """Prove that the search answers."""
        self.get(SEARCH, query="", tags="story", hitsPerPage=1)

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what was written since the cursor, newest page first; the cursor moves on when all pages have come."""
        question = _question(watch)
        span = Span.of(watch, cursor, self.services.clock.now(), settled=SETTLED)
        until, tied = int(cursor.state.get("until", _last_second(span.end))), set(cursor.state.get("tied", ()))
        since = int(span.start.timestamp())
        while not span.empty:
            window = f"created_at_i>={since},created_at_i<={until}"
            hits = self.records(self.get(SEARCH, **question, **PLAIN, numericFilters=window))
            if any((_seconds(hit) or since) > until for hit in hits):
                raise ContractBroken("Hacker News leads its pages in a circle: it gave later hits than were asked for.")
            fresh = [hit for hit in hits if hit.get("objectID") not in tied and span.has(_created(hit))]
            least = min((seconds for hit in hits if (seconds := _seconds(hit))), default=until)
            if len(hits) < PAGE_SIZE:
                yield Page(records=fresh, cursor=span.after(self.http.ahead))
                return
            if least >= until and not fresh:
                raise ContractBroken("Hacker News has more in one second than a page holds; narrow the watch.")
            same = {str(hit.get("objectID")) for hit in hits if _seconds(hit) == least}
            tied, until = (tied | same if least == until else same), least
            yield Page(records=fresh, cursor=span.amid(self.http.ahead, until=until, tied=sorted(tied)))

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """One item a call; one that is not there, or has lost its author, was deleted."""
        for reference in references:
            try:
                item = self.get(f"/api/v1/items/{quote(reference.native_id, safe='')}")
            except Rejected as refused:
                if refused.status != 404:
                    raise
                item = None
            there = [] if item is None else [each for each in self.records(item) if each.get("author")]
            yield LookUp(records=there, gone={} if there else {reference.key: "deleted"})

    def measure(self, account: str) -> Iterator[Measurement]:
        """The karma of one account."""
        path = f"/api/v1/users/{quote(account, safe='')}"
        yield from self.measurements(path, self.get(path))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The count that an account carries."""
        if not isinstance(body, dict) or not isinstance(body.get("username"), str):
            raise ContractBroken("Hacker News gave an account without a name.")
        if isinstance(karma := body.get("karma"), int):
            at = self.services.clock.now()
            yield Measurement(network="hackernews", account=body["username"], name="karma", value=karma, at=at)

    def records(self, body: Any) -> list[Record]:
        """The hits of a search, or one item without the tree below it."""
        whole = body if isinstance(body, dict) else {}
        hits = (
            [{name: value for name, value in whole.items() if name != "children"}]
            if "type" in whole
            else whole.get("hits")
        )
        if not isinstance(hits, list) or not all(isinstance(each, dict) for each in hits):
            raise ContractBroken("Hacker News gave something else where hits were due.")
        if hits and not any(("objectID" in each or "id" in each) and "created_at_i" in each for each in hits):
            raise ContractBroken("Hacker News gave something else where hits were due.")
        return hits


def _question(watch: Watch) -> dict[str, str]:
    value = watch.value.strip()
    match watch.kind:
        case "keyword" if value:
            return {"query": value, "tags": KINDS}
        case "profile" if value.removeprefix("@").replace("_", "").replace("-", "").isalnum():
            return {"query": "", "tags": f"{KINDS},author_{value.removeprefix('@')}"}
        case "keyword" | "profile":
            raise SetupError(f"{watch.value!r} is nothing that Hacker News could look for; correct the watch.")
    raise SetupError(f"Hacker News cannot watch a {watch.kind}; use a keyword or a profile.")


def _last_second(end: datetime) -> int:
    """The last whole second that lies within a span up to here."""
    whole = int(end.timestamp())
    return whole - 1 if whole == end.timestamp() else whole


def _seconds(hit: Record) -> int | None:
    at = hit.get("created_at_i")
    return at if isinstance(at, int) else None


def _created(hit: Record) -> datetime | None:
    return moment_of(hit.get("created_at"))

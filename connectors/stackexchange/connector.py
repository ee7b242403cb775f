"""Stack Exchange: questions by tag or word, with their answers and comments, on any of its sites.

What shapes this module:

- A list sorted by activity, oldest first, is walked by `min`, the time of the last one seen, and never by page number:
  a question to which something happens meanwhile leaves its place, and whatever stood behind it would be skipped.
- A new answer makes its question active, a comment does not. So comments are asked for below all posts that were active
  within a week, a hundred at a time.
- Without a key an address has 300 calls a day, with one 10,000, which is public and goes into the query. So ids go a
  hundred to a call, and runs are an hour apart.
- `backoff` in a good answer means: leave this method alone for so many seconds. A throttle is a 400 whose error is 502
  and whose message names the seconds. `quota_remaining: 0` lasts until midnight, UTC.
- Questions and answers share their numbers, comments have their own; all of them only on their site.
- What people write is CC BY-SA: author, link and licence must stay with it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.stackexchange.items import active, created, id_of, items_in, site_of
from hub.domain import Budget, Cursor, Manifest, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, SetupError, Unavailable
from hub.kit import Connection, LookUp, Network, Page, Record, Services, Span

CIRCLE = "Stack Exchange leads its pages in a circle."
PAGE_SIZE = TOGETHER = 100  # items of a page, ids of a call
SETTLED = timedelta(minutes=2)  # answers are kept for a minute or so before they are made anew
LIVELY = timedelta(days=7)  # posts without activity for so long are not asked for comments any more
WITH_KEY = Budget(requests=10_000, per_minutes=1440)
IN_SECONDS = re.compile(r"available in (\d+) seconds")
DENIED = (401, 402, 403, 405, 406)
THROTTLED, BAD_PARAMETER = 502, 400


class StackExchange(Network):
    """All sites, through one API."""

    look_up_size = TOGETHER

    def __init__(self, manifest: Manifest, connection: Connection, services: Services) -> None:
        self._key = connection.extra.get("key") or connection.password
        per_day = manifest.budget.requests == 300  # unless the connection's plan says otherwise
        super().__init__(manifest.with_(budget=WITH_KEY) if self._key and per_day else manifest, connection, services)

    def check(self) -> None:
        """Prove that the API answers, and knows our key."""
        self._ask("/2.3/info", "stackoverflow")

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield questions in the order of their activity, then answers to those, then comments below all of them."""
        site, path, query = self._question(watch)
        span = Span.of(watch, cursor, self.services.clock.now(), settled=SETTLED)
        if span.empty:
            return
        state = cursor.state
        posts: dict[str, list[int]] = dict(state.get("posts", {}))  # by id: when it was active, and its question
        stage, found = state.get("stage", "questions"), list(state.get("found", ()))
        if stage == "questions":
            for records, found, place in self._questions(site, path, query, span, state):
                posts |= {id: [at, int(id)] for id, at in ((str(id_of(each)), active(each)) for each in records)}
                stage = None if place else "answers"
                new = [each for each in records if span.has(created(each))]
                yield Page(
                    records=new,
                    cursor=span.amid(self.http.ahead, posts=posts, found=found, stage=stage, **(place or {})),
                )
        if stage != "comments":
            read = int(state.get("read", 0)) if state.get("stage") == "answers" else 0
            for start in range(read, len(found), TOGETHER):
                ids = found[start : start + TOGETHER]
                answers = list(self._below(f"/2.3/questions/{';'.join(ids)}/answers", site, span))
                posts |= {str(id_of(each)): [active(each), int(each.get("question_id", 0))] for each in answers}
                kept = span.amid(self.http.ahead, posts=posts, found=found, stage="answers", read=start + TOGETHER)
                yield Page(records=answers, cursor=kept)
        posts = _lively(posts, span.end)
        comments: list[Record] = []
        if posts:
            comments = list(self._below(f"/2.3/posts/{';'.join(posts)}/comments", site, span))
            for comment in comments:
                comment["thread_id"] = posts.get(str(comment.get("post_id")), [0, None])[1]
        yield Page(records=comments, cursor=span.after(self.http.ahead).with_(state={"posts": posts} if posts else {}))

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """Up to a hundred posts of each site; what none of the methods gives was deleted."""
        for site, group in groupby(sorted(references, key=lambda each: each.scope or ""), key=lambda each: each.scope):
            asked = {each.native_id: each.key for each in group}
            comments = [id.removeprefix("c") for id in asked if id.startswith("c")]
            left = [id for id in asked if not id.startswith("c")]
            found = self._all("/2.3/comments/{}", comments, site)
            for path in ("/2.3/questions/{}", "/2.3/answers/{}"):
                there = self._all(path, left, site)
                found += there
                left = [id for id in left if id not in {id_of(each) for each in there}]
            ids = {id_of(each) for each in found}
            yield LookUp(records=found, gone={key: "deleted" for id, key in asked.items() if id not in ids})

    def read(self, url: str) -> list[Record]:
        """The records at this address, of the site that it names."""
        site = parse_qs(urlsplit(url).query).get("site", ["stackoverflow"])[0]
        return items_in(self.http.get(url).body, site_of(site))

    def records(self, body: Any) -> list[Record]:
        """The items of an answer about which nothing else is known."""
        return items_in(body, "stackoverflow")

    def trouble(self, status: int, body: Any) -> HubError | None:
        """The API numbers its errors; the status is 400 for nearly all of them."""
        error = body.get("error_id") if isinstance(body, dict) else None
        if error == THROTTLED:
            told = IN_SECONDS.search(str(body.get("error_message")))
            return RateLimited("Stack Exchange throttles this address.", retry_after=float(told[1]) if told else 60.0)
        if error in DENIED:
            return AccessDenied(f"Stack Exchange refused the key of {self.connection.id}, its only token ({error}).")
        if error == BAD_PARAMETER:
            return SetupError("Stack Exchange knows no such site or tag, or not our key; correct the watch.")
        return Unavailable(f"Stack Exchange is in trouble ({error}).") if error in (500, 503) else None

    def _question(self, watch: Watch) -> tuple[str, str, dict[str, str]]:
        """Site, path and query of a watch, which is written `site:tag` or `site:words`."""
        site, colon, asked = watch.value.strip().partition(":")
        if not colon or " " in site:
            site, asked = str(self.connection.extra.get("site") or ""), watch.value.strip()
        site, asked = site_of(site), asked.strip()
        match watch.kind:
            case "hashtag" if site and asked.strip("#;"):
                return site, "/2.3/questions", {"tagged": asked.removeprefix("#").lower()}
            case "keyword" if site and asked:
                return site, "/2.3/search/advanced", {"q": asked}
            case "hashtag" | "keyword":
                raise SetupError(f"{watch.value!r} must name a site and what to look for: stackoverflow:acme.")
        raise SetupError(f"Stack Exchange cannot watch a {watch.kind}; use a hashtag or a keyword.")

    def _questions(
        self, site: str, path: str, query: dict[str, str], span: Span, state: dict[str, Any]
    ) -> Iterator[tuple[list[Record], list[str], dict[str, int] | None]]:
        """Questions by their activity, those that were found so far, and where to go on."""
        since, page = int(state.get("since", span.start.timestamp())), int(state.get("page", 1))
        found: list[str] = list(state.get("found", ()))
        in_vain = 0
        while True:
            order = {"sort": "activity", "order": "asc", "min": since, "page": page}
            body = self._ask(path, site, **query, **order)
            questions = [each for each in items_in(body, site) if id_of(each) == str(each.get("question_id"))]
            new = [each for each in questions if id_of(each) not in found]
            found = [*found, *(str(id_of(each)) for each in new)]
            if not body.get("has_more"):
                yield new, found, None
                return
            in_vain = 0 if new else in_vain + 1
            if in_vain > 1:  # one page of what is known is the overlap of two
                raise ContractBroken(CIRCLE)
            latest = max(map(active, questions), default=since)
            since, page = (latest, 1) if latest > since else (since, page + 1)
            yield new, found, {"since": since, "page": page}

    def _below(self, path: str, site: str, span: Span) -> Iterator[Record]:
        """What was written within the span below some posts."""
        page, seen = 1, set[str | None]()
        while True:
            since = int(span.start.timestamp())
            body = self._ask(path, site, sort="creation", order="asc", min=since, page=page)
            items = items_in(body, site)
            yield from (each for each in items if span.has(created(each)))
            if not body.get("has_more"):
                return
            ids = {id_of(each) for each in items}
            if ids <= seen:
                raise ContractBroken(CIRCLE)
            seen |= ids
            page += 1

    def _all(self, path: str, ids: list[str], site: str | None) -> list[Record]:
        return items_in(self._ask(path.format(";".join(ids)), site or ""), site or "") if ids else []

    def _ask(self, path: str, site: str, **params: Any) -> Any:
        """One answer; what it says of limits is heeded before the next question."""
        known = {"site": site, "pagesize": PAGE_SIZE, "filter": "withbody", **params, "key": self._key}
        if path == "/2.3/info":
            known = {"site": site, "key": self._key}
        body = self.get(path, **known)
        told = body if isinstance(body, dict) else {}
        if isinstance(seconds := told.get("backoff"), int | float):
            self.http.rest(float(seconds))
        if told.get("quota_remaining") == 0:
            now = self.services.clock.now()
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=now.tzinfo)
            self.http.rest((midnight - now).total_seconds())
        return body


def _lively(posts: dict[str, list[int]], end: datetime) -> dict[str, list[int]]:
    """The posts that may still be commented on, at most as many as one call takes, the most active first."""
    border = int((end - LIVELY).timestamp())
    alive = [(id, fact) for id, fact in posts.items() if fact[0] >= border]
    return dict(sorted(alive, key=lambda each: -each[1][0])[:TOGETHER])

"""X: public posts, by keyword, mention, profile, conversation or quotation.

What shapes this module:

- Pages come newest first, and a chain of `next_token`s leads back to `since_id`. So what has been read is complete
  only when the chain ends: until then the cursor keeps the old `since_id`, the token to go on with, and the newest
  id of the *first* page, which becomes the next `since_id`.
- Chains of quotes end in fresh tokens and no older post: there a page that leads no further back is the last one.
- A page without posts has no `data` at all. A page may hold posts and `errors` side by side: partial success.
- Asked in `post.fields`, author and referenced posts are expansions; a name that X does not know is passed over
  without a word, and charged. A text beyond 280 characters is cut, and whole only in `note_post`.
- Search looks back seven days and refuses an earlier `start_time` or `since_id`, so after a longer outage it goes on
  as far back as it can. It never sees who quotes a post: `quotes` asks for that.
- Each post and each account read costs money, what stands in `includes` too. So the most that a page can cost is set
  aside before it is asked for, and nothing is asked twice for nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.x.answers import gone_of, is_account, newest_form, posts_of, read_of
from connectors.x.compliance import removed
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, SetupError
from hub.kit import BearerToken, LookUp, Network, Page, Proofs, Rejected, Removals, ResetAt, epoch_seconds

PAGE_SIZE = 100  # the most that one page, and one look-up, holds
EPOCH_MS, SEQUENCE_BITS = 1_288_834_974_657, 22  # ids count milliseconds from here
LONGEST_ID = 21  # digits: of the year 9000
REACH = timedelta(days=7) - timedelta(minutes=20)  # how far back search looks, by a clock that may be behind
DAY = 86_400.0
ASKED_FOR = {
    "post.fields": "attachments,conversation_id,created_at,entities,lang,note_post,public_metrics",
    "user.fields": "name,username,public_metrics,verified,verified_type",
    "media.fields": "alt_text,media_key,preview_image_url,type,url",
    "expansions": "attachments.media_keys,author_id,edit_history_post_ids,referenced_posts",
}
COUNTED = {"followers": ("followers_count",), "following": ("following_count",),
           "posts": ("post_count", "tweet_count"), "listed": ("listed_count",)}  # fmt: skip


class X(Network):
    """X API v2 with an app's bearer token."""

    auth = BearerToken(secret="bearer_token")
    wait = ResetAt(header="x-rate-limit-reset", read=epoch_seconds)
    look_up_size = PAGE_SIZE
    removals_size = 5_000

    def check(self) -> None:
        """Prove that the token works; the usage report costs no posts."""
        self.get("/2/usage/tweets")

    def proofs(self) -> Proofs:
        """None of them reads a post that would be charged."""
        nothing = {"query": "conversation_id:1", "max_results": 10}
        return {
            "access": self.check,
            "quota": self._prove_quota,
            "search": lambda: self.get("/2/tweets/search/recent", **nothing),
            "compliance": lambda: self.get("/2/compliance/jobs", type="tweets"),
        }

    def trouble(self, status: int, body: Any) -> HubError | None:
        """Money and caps are told apart from the windows of fifteen minutes."""
        told = str(body.get("type", "")).rpartition("/")[2] if isinstance(body, dict) else ""
        if status == 402:
            return SetupError("The credits for X are spent; top them up in X's developer console.")
        if told == "usage-capped" and status in (403, 429):
            return RateLimited("X's cap on posts read is reached; raise it in X's console, or wait.", retry_after=DAY)
        if told == "client-forbidden":
            return AccessDenied("X does not offer this call to the app of x_default; enrol it in X's console.")
        return None

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield page after page of what is newer than the cursor; the newest page comes first."""
        path, params, token_param = self._question(watch)
        since_id, token, newest = cursor.position, cursor.state.get("next"), cursor.state.get("newest")
        oldest = cursor.state.get("oldest")
        asked: set[str] = set()
        since, floor = self._since(since_id, watch), _floor(since_id, watch)
        while True:
            asked |= {token} if token else set()
            try:
                body = self._posts(path, **params, **since, **({token_param: token} if token else {}))
            except Rejected:
                if token is None:
                    raise
                token = newest = oldest = None  # the token is no longer taken: begin the chain again, keys drop what
                continue  # is known
            records, meta = self.records(body), (body.get("meta") if isinstance(body, dict) else None) or {}
            ids = ids_of(records)
            newest = newest or meta.get("newest_id") or max(ids, key=int, default=since_id)
            token, further = meta.get("next_token"), _leads_further(ids, oldest)
            if watch.kind == "quotes" and not (further and all(int(id) > floor for id in ids)):
                token = None
            elif token in asked or (token and not further):  # each page costs money
                raise ContractBroken("X leads its pages in a circle.")
            oldest = min(ids, key=int, default=oldest)
            state = {"next": token, "newest": newest, "oldest": oldest} if token else {}
            fresh = [each for each in records if not _is_behind(each, floor)] if floor else records
            yield Page(records=fresh, cursor=Cursor(position=since_id if token else newest, state=state))
            if token is None:
                return

    def reached(self, cursor: Cursor) -> datetime | None:
        """When the post was written whose id it holds."""
        id = cursor.position or ""
        return written_at(id) if id.isascii() and id.isdecimal() and len(id) <= LONGEST_ID else None

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """A hundred posts a call; of one that was edited, its newest form."""
        keys = {each.native_id: each.key for each in references}
        body = self._posts("/2/tweets", ids=",".join(keys), **ASKED_FOR)
        records, gone = self.records(body), gone_of(body, keys)
        if later := [newest for each in records if (newest := newest_form(each))]:
            again = self.records(self._posts("/2/tweets", ids=",".join(later), **ASKED_FOR))
            read = {each.get("id") for each in again}
            records = [each for each in records if newest_form(each) not in read] + again
        yield LookUp(records=records, gone=gone)

    def removals(self, references: Sequence[Reference]) -> Removals:
        """By a compliance job: it reads nothing, so that it costs nothing."""
        return removed(self, {each.native_id: each.key for each in references})

    def measure(self, account: str) -> Iterator[Measurement]:
        """Followers, followed accounts, posts and lists of one account, named by its id or handle."""
        name = account.removeprefix("@")
        path = f"/2/users/{name}" if name.isdecimal() else f"/2/users/by/username/{_handle(name)}"
        with self.spending(user=1) as read:
            answer = self.get(path, **{"user.fields": "public_metrics"})
            read["user"] = int(is_account(answer))
        if not is_account(answer):
            raise SetupError(f"X knows no account {account!r}; correct own_accounts in hub.yaml.")
        yield from self.measurements(path, answer)

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The counts that an account carries, where they were asked for."""
        account: dict[str, Any] = body["data"] if is_account(body) else {}
        told = account.get("public_metrics")
        counts: dict[str, Any] = told if isinstance(told, dict) else {}
        for name, spelt in COUNTED.items():
            value = next((each for word in spelt if isinstance(each := counts.get(word), int)), None)
            if value is not None:
                now = self.services.clock.now()
                yield Measurement(network="x", account=str(account["id"]), name=name, value=value, at=now)

    def records(self, body: Any) -> list[dict[str, Any]]:
        """Each post with what stands beside it."""
        return posts_of(body)

    def _posts(self, path: str, **params: Any) -> dict[str, Any] | list[Any]:
        """An answer full of posts, paid for."""
        asked = params["ids"].count(",") + 1 if "ids" in params else PAGE_SIZE
        with self.spending(post=2 * asked, user=asked) as read:  # each may refer to another
            body = self.get(path, **params)
            read |= read_of(body)
        if not isinstance(body, dict | list):
            raise ContractBroken("X gave an answer that is no object.")
        return body

    def _question(self, watch: Watch) -> tuple[str, dict[str, Any], str]:
        params = {"max_results": PAGE_SIZE, **ASKED_FOR}
        match watch.kind:
            case "keyword":
                return "/2/tweets/search/recent", {"query": watch.value, **params}, "next_token"
            case "thread":
                query = f"conversation_id:{_post_id(watch.value)}"
                return "/2/tweets/search/recent", {"query": query, **params}, "next_token"
            case "quotes":
                return f"/2/tweets/{_post_id(watch.value)}/quote_tweets", params, "pagination_token"
            case "mention":
                return f"/2/users/{self._user_id(watch.value)}/mentions", params, "pagination_token"
            case "profile":
                return f"/2/users/{self._user_id(watch.value)}/tweets", params, "pagination_token"
        raise SetupError(f"X cannot watch a {watch.kind}; use a keyword, mention, profile, thread or quotes.")

    def _user_id(self, handle: str) -> str:
        with self.spending(user=1) as read:

            def lasts(answer: Any) -> bool:  # only what was really asked is paid for
                read["user"] = int(is_account(answer))
                return is_account(answer)

            answer = self.remember(f"/2/users/by/username/{_handle(handle)}", lasts=lasts)
        if not is_account(answer):
            raise SetupError(f"X knows no account {handle!r}; correct the watch.")
        return str(answer["data"]["id"])

    def _since(self, since_id: str | None, watch: Watch) -> dict[str, str]:
        """Where reading goes on: at the newest id that is known, or as far back as search reaches and we want."""
        if watch.kind == "quotes":  # newest first, and no way to say from where on
            return {}
        earliest = self.services.clock.now() - REACH
        if since_id and (watch.kind not in ("keyword", "thread") or written_at(since_id) >= earliest):
            return {"since_id": since_id}
        start = earliest if since_id else max(watch.since or earliest, earliest)
        return {"start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def _prove_quota(self) -> None:
        usage = self.get("/2/usage/tweets")
        data = usage.get("data") if isinstance(usage, dict) else None
        used, cap = ((data or {}).get(name) for name in ("project_usage", "project_cap"))
        if str(used).isdecimal() and str(cap).isdecimal() and int(str(used)) >= int(str(cap)):
            raise RateLimited(
                f"X has handed out {used} of {cap} posts of this month; raise the cap in X's console, or wait until "
                f"day {(data or {}).get('cap_reset_day')} of the month.",
                retry_after=DAY,
            )


def written_at(id: str) -> datetime:
    """When a post with this id was written: 41 bits of milliseconds, then 22 of sequence."""
    return datetime.fromtimestamp(((int(id) >> SEQUENCE_BITS) + EPOCH_MS) / 1000, UTC)


def ids_of(records: Sequence[dict[str, Any]]) -> list[str]:
    """The ids by which X orders its pages; what has none that can be one is quarantined later."""
    ids = [each.get("id") for each in records]
    return [id for id in ids if isinstance(id, str) and id.isascii() and id.isdecimal()]


def _number(record: dict[str, Any]) -> int | None:
    id = record.get("id")
    return int(id) if isinstance(id, str) and id.isascii() and id.isdecimal() else None


def _floor(since_id: str | None, watch: Watch) -> int:
    """The id behind which nothing is wanted, where X cannot be told so."""
    if watch.kind != "quotes":
        return 0
    since = int(watch.since.timestamp() * 1000 - EPOCH_MS) << SEQUENCE_BITS if watch.since else 0
    return int(since_id) if since_id else max(since, 0)


def _is_behind(record: dict[str, Any], floor: int) -> bool:
    number = _number(record)
    return number is not None and number <= floor


def _leads_further(ids: list[str], oldest: str | None) -> bool:
    """Whether a page goes further back than those before it; one without posts says nothing against it."""
    return not ids or oldest is None or min(map(int, ids)) < int(oldest)


def _handle(name: str) -> str:
    handle = name.removeprefix("@")
    if not (handle.isascii() and handle.replace("_", "").isalnum()):
        raise SetupError(f"{name!r} is no handle on X; write it like @acme.")
    return handle


def _post_id(value: str) -> str:
    """The id in a watch that names one post, by its id or its address."""
    id = value.rstrip("/").rpartition("/")[2].partition("?")[0]
    if not (id.isascii() and id.isdecimal()):
        raise SetupError(f"{value!r} names no post on X; give its address or its number.")
    return id

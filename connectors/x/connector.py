"""X: public posts, by keyword, mention or profile.

What shapes this module:

- Pages come newest first, and a chain of `next_token`s leads back to `since_id`. So what has been read is complete
  only when the chain ends: until then the cursor keeps the old `since_id`, the token to go on with, and the newest
  id of the *first* page, which becomes the next `since_id`.
- A page without posts has no `data` at all. A page may hold posts and `errors` side by side: partial success.
- Authors and quoted posts come beside the posts, in `includes`; each record is handed on with its own.
- Search looks back seven days and refuses an earlier `start_time` or `since_id`, so after a longer outage it goes on
  as far back as it can. Each post read costs money, so nothing is asked
  twice for nothing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import SPOILT, BearerToken, Network, Page, Rejected, ResetAt, epoch_seconds

PAGE_SIZE = 100  # the most that one page holds
EPOCH_MS, SEQUENCE_BITS = 1_288_834_974_657, 22  # ids count milliseconds from here
REACH = timedelta(days=7) - timedelta(minutes=1)  # how far back search looks
POST_FIELDS = (
    "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,lang,public_metrics,referenced_tweets"
)
USER_FIELDS = "name,username,public_metrics,verified,verified_type"


class X(Network):
    """X API v2 with an app's bearer token."""

    auth = BearerToken(secret="bearer_token")
    wait = ResetAt(header="x-rate-limit-reset", read=epoch_seconds)

    def check(self) -> None:
        """Prove that the token works; the usage report costs no posts."""
        self.get("/2/usage/tweets")

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield page after page of what is newer than the cursor; the newest page comes first."""
        path, params, token_param = self._question(watch)
        since_id, token, newest = cursor.position, cursor.state.get("next"), cursor.state.get("newest")
        asked: set[str] = set()
        since = self._since(since_id, watch)
        while True:
            asked |= {token} if token else set()
            try:
                body = self.get(path, **params, **since, **({token_param: token} if token else {}))
            except Rejected:
                if token is None:
                    raise
                token = newest = None  # the token is no longer taken: begin the chain again, keys drop what is known
                continue
            records = self.records(body)
            meta = body.get("meta") or {}
            newest = newest or meta.get("newest_id") or since_id
            token = meta.get("next_token")
            if token in asked:  # each page costs money
                raise ContractBroken("X leads its pages in a circle.")
            state = {"next": token, "newest": newest} if token else {}
            yield Page(records=records, cursor=Cursor(position=since_id if token else newest, state=state))
            if token is None:
                return

    def records(self, body: Any) -> list[dict[str, Any]]:
        """Each post with its author, and with the posts it refers to, from `includes`."""
        if not isinstance(body, dict) or not ("data" in body or "meta" in body or "errors" in body):
            raise ContractBroken("X gave an answer without data, meta or errors.")
        data = body.get("data", [])
        found = data if isinstance(data, list) else [data]
        if not all(isinstance(each, dict) for each in found) or (found and not any(map(_is_post, found))):
            raise ContractBroken("X gave something else where posts were due.")
        includes = body.get("includes") or {}
        users, posts = _by_id(includes.get("users")), _by_id(includes.get("tweets"))
        return [_joined(post, users, posts) for post in found]

    def _question(self, watch: Watch) -> tuple[str, dict[str, Any], str]:
        params = {
            "max_results": PAGE_SIZE,
            "tweet.fields": POST_FIELDS,
            "user.fields": USER_FIELDS,
            "expansions": "author_id,referenced_tweets.id",
        }
        match watch.kind:
            case "keyword":
                return "/2/tweets/search/recent", {"query": watch.value, **params}, "next_token"
            case "mention":
                return f"/2/users/{self._user_id(watch.value)}/mentions", params, "pagination_token"
            case "profile":
                return f"/2/users/{self._user_id(watch.value)}/tweets", params, "pagination_token"
        raise SetupError(f"X cannot watch a {watch.kind}; use a keyword, a mention or a profile.")

    def _user_id(self, handle: str) -> str:
        name = handle.removeprefix("@")
        if not (name.isascii() and name.replace("_", "").isalnum()):
            raise SetupError(f"{handle!r} is no handle on X; write it like @acme.")
        answer = self.remember(f"/2/users/by/username/{name}", lasts=_is_account)
        if not _is_account(answer):
            raise SetupError(f"X knows no account {handle!r}; correct the watch.")
        return str(answer["data"]["id"])

    def _since(self, since_id: str | None, watch: Watch) -> dict[str, str]:
        """Where reading goes on: at the newest id that is known, or as far back as search reaches and we want."""
        earliest = self.services.clock.now() - REACH
        if since_id and (watch.kind != "keyword" or written_at(since_id) >= earliest):
            return {"since_id": since_id}
        start = earliest if since_id else max(watch.since or earliest, earliest)
        return {"start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ")}


def written_at(id: str) -> datetime:
    """When a post with this id was written: 41 bits of milliseconds, then 22 of sequence."""
    return datetime.fromtimestamp(((int(id) >> SEQUENCE_BITS) + EPOCH_MS) / 1000, UTC)


def _is_account(answer: Any) -> bool:
    found = answer.get("data") if isinstance(answer, dict) else None
    return isinstance(found, dict) and bool(found.get("id"))


def _is_post(found: dict[str, Any]) -> bool:
    """Whether this is a post, and no account, list, count or direct message."""
    return ("text" in found or "author_id" in found) and "event_type" not in found


def _by_id(found: Any) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in found or () if isinstance(each, dict) and isinstance(each.get("id"), str)}


def _joined(post: dict[str, Any], users: dict[str, Any], posts: dict[str, Any]) -> dict[str, Any]:
    author = users.get(str(post.get("author_id")))
    post["author"] = author or {"id": post.get("author_id")}
    if author and SPOILT in author:
        post[SPOILT] = True
    referenced = post.get("referenced_tweets")
    if isinstance(referenced, list):
        post["referenced"] = [
            {**each, "post": posts[each["id"]]} if each.get("id") in posts else each
            for each in referenced
            if isinstance(each, dict)
        ]
    return post

"""Discourse: the public posts of forums, all of them, of one category, or those that hold some words.

What shapes this module:

- `posts.json` lists all public posts from the newest on; `before` is an id, and inclusive. Older servers look at fifty
  ids at a time, so a page may be short, or empty, and not be the last.
- A search shows one post of each topic, and an excerpt of it. So words are looked for in the stream of all posts,
  where none is passed over; a search of this kind would skip what is said twice in one topic between two runs.
- What a post answers is told by its number in the topic, and ids are what a look-up takes. A parent on the same page is
  known; for others the number is asked once, a few on each page.
- Ids count for one forum only, and a key opens one forum only: it is never shown to another.
- A refusal says how long to wait in `extras.wait_seconds`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from connectors.discourse.watching import asked_by
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, SetupError
from hub.kit import Backward, LookUp, Network, Page, Record, Rejected, moment_of
from hub.kit.auth import Proof, Session

WINDOW = 50  # ids that an older server looks at for one page
EMPTY_PAGES = 20  # in a row, after which nothing more is expected of an older server
PARENTS = 25  # numbers that are asked for on one page
KEPT_SECONDS = 30 * 86_400.0
COUNTED = {
    "members": ("user_count", "users_count"), "posts": ("post_count", "posts_count"),
    "topics": ("topic_count", "topics_count"), "active": ("active_users_30_days",),
}  # fmt: skip


@dataclass(frozen=True)
class ForumKey:
    """A key with the name of an account, or a key of a person's own, or none: public forums are open to strangers."""

    def headers(self, session: Session) -> dict[str, str]:
        """The key in headers of Discourse's own; half of one is a SetupError that names the other half."""
        if own := _secret(session, "user_api_key"):
            return {"User-Api-Key": own}
        if not _secret(session, "api_key") and not _secret(session, "api_username"):
            return {}
        return {"Api-Key": session.secret("api_key"), "Api-Username": session.secret("api_username")}

    def renew(self, session: Session, refused: Proof) -> bool:
        """Only a person can make another key."""
        return False


class Discourse(Network):
    """Forums, each by its host."""

    auth = ForumKey()
    look_up_size = 20

    @cached_property
    def own_forum(self) -> str | None:
        """The forum that the connection names."""
        host = self.connection.host
        return urlsplit(host if "://" in host else f"https://{host}").netloc.lower() if host else None

    def check(self) -> None:
        """Prove that the connection's forum lets us read; without one there is nothing to prove."""
        if self.own_forum:
            self._ask(self.own_forum, "/posts.json")

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what is new in the forum and is asked for, the newest page first."""
        asked = asked_by(watch, self.own_forum)
        way = Backward(title="Discourse", at=_created, id=lambda post: str(post.get("id")))
        empty, patience = 0, EMPTY_PAGES

        def ask(before: str | None) -> tuple[list[Record], str | None]:
            nonlocal empty, patience
            try:
                posts = self._posts(asked.forum, self._ask(asked.forum, "/posts.json", before=before))
            except Rejected as refused:
                raise _no_forum(asked.forum, refused) from None
            empty = 0 if posts else empty + 1
            ids = [post["id"] for post in posts if isinstance(post.get("id"), int)]
            if ids and max(ids) - min(ids) >= WINDOW:
                patience = 1  # a newer server: its pages are full as long as there is anything
            following = min(ids) - 1 if ids else int(before) - WINDOW if before else 0
            return posts, str(following) if following > 0 and empty < patience else None

        for step in way.steps(ask, cursor.state, since=watch.since, now=self.services.clock.now()):
            wanted = [post for post in step.new if asked.wanted(post)]
            yield Page(records=self._with_parents(asked.forum, wanted), cursor=Cursor(state=step.done))

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """Posts of one topic together, others one by one; what the forum does not show any more is gone."""
        mine = [each for each in references if each.scope and (not self._keyed or each.scope == self.own_forum)]
        for (forum, topic), group in groupby(sorted(mine, key=_place), key=_place):
            asked = {each.native_id: each.key for each in group}
            if topic:
                found = self._found(forum, f"/t/{topic}/posts.json", **{"post_ids[]": list(asked)})
                yield _looked_up(asked, found)
                continue
            for id, key in asked.items():
                yield _looked_up({id: key}, self._found(forum, f"/posts/{id}.json"))

    def measure(self, account: str) -> Iterator[Measurement]:
        """What a forum of ours counts: members, posts, topics, who was active within thirty days."""
        forum = account.removeprefix("https://").strip("/").lower()
        if "." not in forum:
            return  # an account of ours on some forum, which counts nothing that is public
        yield from self.measurements(f"//{forum}/about.json", self._ask(forum, "/about.json"))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The counts of a forum, however its version spells them."""
        about = body.get("about") if isinstance(body, dict) else None
        stats = about.get("stats") if isinstance(about, dict) else None
        if not isinstance(stats, dict):
            raise ContractBroken("Discourse gave something else where a forum's counts were due.")
        forum = urlsplit(path).netloc or self.own_forum or "forum"
        for name, spellings in COUNTED.items():
            value = next((stats[each] for each in spellings if isinstance(stats.get(each), int)), None)
            if value is not None:
                at = self.services.clock.now()
                yield Measurement(network="discourse", account=forum, name=name, value=value, at=at)

    def records(self, body: Any) -> list[Record]:
        """The posts of an answer, from the connection's own forum."""
        return self._posts(self.own_forum or "forum", body)

    def trouble(self, status: int, body: Any) -> HubError | None:
        """The kind of error says more than the status does."""
        kind = body.get("error_type") if isinstance(body, dict) else None
        if kind == "rate_limit":
            extras = body.get("extras")
            seconds = extras.get("wait_seconds") if isinstance(extras, dict) else None
            told = seconds if isinstance(seconds, int | float) and seconds >= 0 else 60.0
            return RateLimited("The forum asked us to wait.", retry_after=float(told))
        if kind == "not_logged_in":
            return AccessDenied(
                f"The forum shows itself to members only; put a key, no token, into {self.connection.id}."
            )
        if kind == "invalid_access" and self._keyed:
            return AccessDenied(f"The forum refused the key of {self.connection.id}; check key and username.")
        return None

    @property
    def _keyed(self) -> bool:
        return bool(self.auth.headers(self._session()))

    def _ask(self, forum: str, path: str, **params: Any) -> Any:
        """The answer of one forum; a key goes to its own forum only."""
        if self._keyed and forum != self.own_forum:
            raise SetupError(
                f"The key of {self.connection.id} is for {self.own_forum or 'no forum: name one in its host'}, not for "
                f"{forum}; give the watch another connection."
            )
        known = {name: value for name, value in params.items() if value is not None}
        return self.http.get(f"https://{forum}{path}", known).body

    def _posts(self, forum: str, body: Any) -> list[Record]:
        """Posts of a stream, of a topic, or one alone, each with its forum, and its parent where that is among them."""
        whole = body if isinstance(body, dict) else {}
        stream = whole.get("post_stream")
        listed = whole.get("latest_posts", stream.get("posts") if isinstance(stream, dict) else None)
        posts = listed if isinstance(listed, list) else [whole] if "cooked" in whole else None
        if posts is None or not all(isinstance(each, dict) for each in posts):
            raise ContractBroken("Discourse gave something else where posts were due.")
        if posts and not any("cooked" in each and "username" in each for each in posts):
            raise ContractBroken("Discourse gave something else where posts were due.")
        title = {"topic_title": whole["title"]} if stream and isinstance(whole.get("title"), str) else {}
        ids = {(each.get("topic_id"), each.get("post_number")): each.get("id") for each in posts}
        return [
            {"forum": forum, **title, "parent_id": ids.get((each.get("topic_id"), _answered(each))), **each}
            for each in posts
        ]

    def _with_parents(self, forum: str, posts: list[Record]) -> list[Record]:
        """Posts that answer others by number, with the ids of these; a few are asked for, and then remembered."""
        asked, made = 0, []
        for post in posts:
            number, topic = _answered(post), post.get("topic_id")
            if number is None or post.get("parent_id") is not None or post.get("deleted_at"):
                made.append(post)
                continue
            key = f"discourse:{forum}/{topic}/{number}"
            id = self.services.memory.get(key)
            if id is None and asked < PARENTS:
                asked += 1
                found = self._found(forum, f"/posts/by_number/{topic}/{number}.json")
                id = found[0].get("id") if found else 0
                self.services.memory.set(key, id, keep_seconds=KEPT_SECONDS)
            made.append({**post, "parent_id": id or None})
        return made

    def _found(self, forum: str, path: str, **params: Any) -> list[Record]:
        """The posts at a path; none where the forum shows none any more."""
        try:
            return self._posts(forum, self._ask(forum, path, **params))
        except (Rejected, AccessDenied) as refused:
            if isinstance(refused, Rejected) and refused.status not in (404, 410):
                raise
            return []


def _looked_up(asked: dict[str, str], found: list[Record]) -> LookUp:
    there = [post for post in found if not (post.get("deleted_at") or post.get("user_deleted") or post.get("hidden"))]
    ids = {str(post.get("id")) for post in there}
    hidden = {str(post.get("id")) for post in found if post.get("hidden")}
    gone = {key: "hidden" if id in hidden else "deleted" for id, key in asked.items() if id not in ids}
    return LookUp(records=there, gone=gone)


def _place(reference: Reference) -> tuple[str, str]:
    """Forum and topic of a post; no topic where it is not known."""
    return reference.scope or "", reference.thread.rpartition("/")[2] if reference.thread else ""


def _no_forum(forum: str, refused: Rejected) -> HubError:
    if refused.status != 404:
        return refused
    return SetupError(f"{forum} is no Discourse forum, or shows its posts to nobody; correct the watch.")


def _created(post: Record) -> datetime | None:
    return moment_of(post.get("created_at"))


def _answered(post: Record) -> int | None:
    number = post.get("reply_to_post_number")
    return number if isinstance(number, int) else None


def _secret(session: Session, name: str) -> str | None:
    try:
        return session.secret(name)
    except SetupError:
        return None

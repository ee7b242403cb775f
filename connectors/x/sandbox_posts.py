"""How X shows posts, in both of its dialects, with what stands beside them.

Asked in `post.fields` it speaks of posts and reposts, and author and referenced posts are expansions; asked in
`tweet.fields`, or in none, it says the same in its older words. A text beyond 280 characters is cut, and whole in
`note_post`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from connectors.x.sandbox_shapes import (
    AUTHOR_BASE,
    asked,
    entities_of,
    first_id,
    metrics_of,
    missing,
    moment,
    snowflake,
    user_of,
)
from sandbox.kit import Request, World, WorldPost

LONGEST = 280
KINDS = {"reply": "replied_to", "share": "retweeted", "quote": "quoted"}


@dataclass(frozen=True)
class Wish:
    """What a request asked to be shown, and in which words."""

    fields: frozenset[str]
    users: frozenset[str]
    expansions: frozenset[str]
    current: bool

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read from the query."""
        current = "post.fields" in request.query
        fields = asked(request, "post.fields" if current else "tweet.fields")
        expansions = asked(request, "expansions")
        if current:  # these two are expansions, and no fields
            fields = (fields - {"author_id", "referenced_posts"}) | (expansions & {"author_id", "referenced_posts"})
        elif fields:
            fields = {name.replace("referenced_tweets", "referenced_posts") for name in fields}
        return cls(frozenset(fields), frozenset(asked(request, "user.fields")), frozenset(expansions), current)

    def word(self, name: str) -> str:
        """A name of today in the words of this dialect."""
        if self.current:
            return name
        older = {"repost_count": "retweet_count", "post_count": "tweet_count"}
        return older.get(name, name.replace("posts", "tweets").replace("_post", "_tweet"))


class Shown:
    """Posts of the world as the API gives them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def body(self, wish: Wish, found: list[WorldPost], errors: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
        """Data, includes and errors; what would be empty is left out."""
        body: dict[str, Any] = {"data": [self.post(post, wish, now) for post in found]} if found else {}
        includes: dict[str, Any] = {}
        if found and "author_id" in wish.expansions:
            people = {post.author.id: post.author for post in found}
            includes["users"] = [self.user(person, wish) for person in people.values()]
        if wish.expansions & {"referenced_posts", "referenced_tweets.id"}:
            here, gone = self._parents(found)
            if here:
                includes[wish.word("posts")] = [self.post(post, wish, now) for post in here]
            errors = errors + [missing("tweet", "referenced_tweets.id", str(first_id(post))) for post in gone]
        return body | ({"includes": includes} if includes else {}) | ({"errors": errors} if errors else {})

    def user(self, person: Any, wish: Wish) -> dict[str, Any]:
        """An account, in the same words."""
        shown = user_of(person, set(wish.users))
        if metrics := shown.get("public_metrics"):
            shown["public_metrics"] = {wish.word(name): count for name, count in metrics.items()}
        return shown

    def post(self, post: WorldPost, wish: Wish, now: datetime) -> dict[str, Any]:
        """One post with the fields that were asked for."""
        shared = self._world.get(post.shared) if post.shared and post.kind == "share" else None
        words = _cut(f"RT @{shared.author.handle}: {shared.text}", 140) if shared else post.text
        history = [str(id) for id in sorted({first_id(post), snowflake(post)})]
        whole: dict[str, Any] = {"id": str(snowflake(post)), "text": _escaped(_cut(words, LONGEST))}
        if not wish.current or "edit_history_post_ids" in wish.expansions:
            whole[wish.word("edit_history_post_ids")] = history
        if not wish.fields:
            return whole
        metrics = metrics_of(shared or post, now, shared=bool(shared))
        more: dict[str, Any] = {
            "author_id": str(AUTHOR_BASE + post.author.id),
            "conversation_id": str(first_id(self._world.trace(post.thread) or post)),
            "created_at": moment(post.edited_at or post.published_at),
            "lang": post.lang or "und",
            "public_metrics": {wish.word(name): count for name, count in metrics.items()},
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "referenced_posts": self._references(post),
            "in_reply_to_user_id": self._answered(post),
            "entities": entities_of(post, _cut(words, LONGEST)),
            "note_post": {"text": _escaped(words)} if len(words) > LONGEST else None,
        }
        named = {name: value for name, value in more.items() if name in wish.fields and value}  # X leaves out blanks
        return whole | {wish.word(name): value for name, value in named.items()}

    def _parents(self, posts: Iterable[WorldPost]) -> tuple[list[WorldPost], list[WorldPost]]:
        """The posts that these refer to: those that can be seen, and those that are gone."""
        ids = sorted({id for post in posts for id in (post.in_reply_to, post.shared) if id})
        here = [post for id in ids if (post := self._world.get(id))]
        seen = {post.id for post in here}
        return here, [post for id in ids if id not in seen and (post := self._world.trace(id))]

    def _answered(self, post: WorldPost) -> str | None:
        parent = self._world.trace(post.in_reply_to) if post.in_reply_to else None
        return str(AUTHOR_BASE + parent.author.id) if parent else None

    def _references(self, post: WorldPost) -> list[dict[str, str]]:
        number = post.in_reply_to if post.kind == "reply" else post.shared
        parent = (self._world.get(number) or self._world.trace(number)) if number and post.kind in KINDS else None
        return [{"type": KINDS[post.kind], "id": str(snowflake(parent))}] if parent else []


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

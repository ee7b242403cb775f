"""The invented world: its people and everything they have said, on all networks, under one clock.

The world is invented once, at the first start, and kept: a restarted sandbox goes on with the same people and
posts at the same times. Posts may lie in the future; nobody sees them before their time has come.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from sandbox.clock import Clock
from sandbox.people import Counters, Person, WorldPost, marks, person_row
from sandbox.state import State

TIMES = ("published_at", "edited_at", "deleted_at")

__all__ = ["Counters", "Person", "World", "WorldPost"]


class World:
    """People and posts. What it hands out is already as it would be seen at the clock's now."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.clock = clock
        self.version = 0  # grows with every change, for those who remember answers
        self.era = 0  # grows when all of it is another world
        self.lock = RLock()
        self._people_rows = state.table("world", "people")
        self._post_rows = state.table("world", "posts")
        self._people: dict[int, Person] = {}
        self._by_handle: dict[str, int] = {}
        self._posts: dict[int, WorldPost] = {}
        self._timelines: dict[str, list[WorldPost]] = {}
        self._replies: dict[int, list[int]] = {}
        self._state = state
        self.load()

    def load(self) -> None:
        """Take in what the state holds."""
        with self.lock:
            self._people, self._by_handle, self._posts, self._timelines, self._replies = {}, {}, {}, {}, {}
            for row in self._people_rows.all():
                self._know(Person(**row))
            posts = [WorldPost.from_plain(row, self._people[row["author"]]) for row in self._post_rows.all()]
            self._publish(posts)
            self.era += 1

    # Reading.

    @property
    def empty(self) -> bool:
        """Whether nobody lives here yet."""
        return not self._people

    @property
    def size(self) -> int:
        """How much was ever said."""
        return len(self._posts)

    @property
    def people(self) -> list[Person]:
        """Everybody, firms first."""
        return list(self._people.values())

    def person(self, id: int) -> Person | None:
        """One account holder."""
        return self._people.get(id)

    def by_handle(self, handle: str) -> Person | None:
        """Handles are the same on every network, and in any case."""
        return self._people.get(self._by_handle.get(handle.removeprefix("@").lower(), 0))

    def get(self, id: int) -> WorldPost | None:
        """One post as it is now; None before its time and after its deletion."""
        post = self._posts.get(id)
        return self._seen(post, self.clock.now()) if post else None

    def trace(self, id: int) -> WorldPost | None:
        """A post as it was first, even when nobody can see it: what is left is that it was there."""
        post = self._posts.get(id)
        return next(post.forms()) if post else None

    def posts(
        self,
        network: str,
        *,
        site: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[WorldPost]:
        """What can be seen now on one network, oldest first; `since` and `until` are inclusive."""
        now = self.clock.now()
        with self.lock:
            timeline = self._timelines.get(network, [])
            start = bisect_left(timeline, since, key=_published) if since else 0
            stop = bisect_right(timeline, min(until, now) if until else now, key=_published)
            window = timeline[start:stop]
        seen = (self._seen(post, now) for post in window if site is None or post.site == site)
        return [post for post in seen if post is not None]

    def timeline(self, network: str) -> list[WorldPost]:
        """Everything ever said or still to be said on one network, oldest first: not for showing as it is."""
        with self.lock:
            return list(self._timelines.get(network, []))

    def seen(self, posts: Iterable[WorldPost]) -> list[WorldPost]:
        """Those of these posts that can be seen now, as they are now."""
        now = self.clock.now()
        return [post for post in (self._seen(each, now) for each in posts) if post is not None]

    def replies(self, id: int) -> list[WorldPost]:
        """The visible direct replies to a post, oldest first."""
        return self.seen(self._posts[reply] for reply in self._replies.get(id, ()))

    @property
    def networks(self) -> list[str]:
        """Where anything was ever said."""
        return sorted(self._timelines)

    # Changing.

    def add_person(self, handle: str, **facts: Any) -> Person:
        """The person with this handle, made up if nobody has it."""
        with self.lock:
            known = self.by_handle(handle)
            if known:
                return known
            number = max(self._people, default=100) + 1
            person = Person(id=number, handle=handle, **{"name": handle, **facts})
            self.add_people([person])
            return person

    def add_people(self, people: Iterable[Person]) -> None:
        """Take in people; their ids must be new."""
        with self.lock:
            for person in people:
                self._people_rows.insert(person_row(person), person.id)
                self._know(person)

    def add_post(self, *, network: str, text: str, author: Person | str, **facts: Any) -> WorldPost:
        """Say something. Times are aware or ISO text; tags, mentions and links are read from the text."""
        with self.lock:
            person = author if isinstance(author, Person) else self.add_person(author.removeprefix("@"))
            post = self._compose(network, text, person, facts)
            self.add_posts([post])
            return post

    def add_posts(self, posts: Iterable[WorldPost]) -> None:
        """Take in finished posts; their ids must be new."""
        with self.lock:
            posts = list(posts)
            for post in posts:
                self._post_rows.insert(post.plain(), post.id)
            self._publish(posts)

    def change(self, id: int, **changes: Any) -> None:
        """Edit or delete a post: `edited_text` with `edited_at` (now, if not said), or `deleted_at`."""
        with self.lock:
            if "edited_text" in changes:
                changes = {"edited_at": self.clock.now(), **changes}
            later = replace(self._posts[id], **_timed(changes))
            self._post_rows.update(id, **later.plain())
            self._posts[id] = later
            timeline = self._timelines[later.network]
            timeline[bisect_left(timeline, _order(later), key=_order)] = later
            self.version += 1

    def next_id(self) -> int:
        """A number for a post that is being written."""
        return self._post_rows.next_id()

    def _compose(self, network: str, text: str, author: Person, facts: dict[str, Any]) -> WorldPost:
        known = _timed({name: value for name, value in facts.items() if name in WorldPost.__slots__})
        extra = {name: value for name, value in facts.items() if name not in WorldPost.__slots__}
        parent = self._posts.get(known.get("in_reply_to") or 0)
        number = known.pop("id", None) or self.next_id()
        found = {name: value for name, value in marks(text).items() if not known.get(name)}
        defaults = {
            "lang": author.lang,
            "published_at": self.clock.now(),
            "kind": "reply" if parent else "share" if known.get("shared") else "post",
            "thread": (parent.thread or parent.id) if parent else number,
            "site": parent.site if parent else "",
        }
        lists = {name: tuple(known[name]) for name in ("tags", "mentions", "links") if known.get(name)}
        values = {**defaults, **known, **found, **lists, "extra": {**known.get("extra", {}), **extra}}
        return WorldPost(id=number, network=network, text=text, author=author, **values)

    def _know(self, person: Person) -> None:
        self._people[person.id] = person
        self._by_handle.setdefault(person.handle.lower(), person.id)

    def _publish(self, posts: list[WorldPost]) -> None:
        for post in sorted(posts, key=_order):
            self._posts[post.id] = post
            insort(self._timelines.setdefault(post.network, []), post, key=_order)
            if post.in_reply_to:
                self._replies.setdefault(post.in_reply_to, []).append(post.id)
        self.version += 1

    def _seen(self, post: WorldPost, now: datetime) -> WorldPost | None:
        if post.published_at > now or _gone(post, now):
            return None
        if post.kind == "share" and post.shared in self._posts and _gone(self._posts[post.shared], now):
            return None  # a repost goes with the post
        if post.edited_at is None:
            return post
        if post.edited_at > now:
            return replace(post, edited_at=None, edited_text=None)
        return replace(post, text=post.edited_text or post.text)


def _gone(post: WorldPost, now: datetime) -> bool:
    return post.deleted_at is not None and post.deleted_at <= now


def _published(post: WorldPost) -> datetime:
    return post.published_at


def _order(post: WorldPost) -> tuple[datetime, int]:
    return post.published_at, post.id


def _timed(facts: dict[str, Any]) -> dict[str, Any]:
    """The same with aware times in place of ISO text; raises `ValueError` for what is no time."""
    return {name: _aware(value) if name in TIMES else value for name, value in facts.items()}


def _aware(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

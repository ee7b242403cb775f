"""Who writes in the invented world, and what they write: plain values, the same on every network."""

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

TAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d]\w*)")
MENTION = re.compile(r"(?<![\w/@])@([\w]+(?:@[\w-]+(?:\.[\w-]+)+)?)")
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
HALF_GROWN = timedelta(hours=4)  # after this, a post has gathered half of the reactions it will ever get


@dataclass(frozen=True, slots=True)
class Person:
    """One account holder. `id` never changes, handles may."""

    id: int
    name: str
    handle: str
    lang: str = "en"
    bio: str = ""
    followers: int = 100
    following: int = 100
    joined_at: str = "2019-04-01T08:00:00+00:00"
    verified: bool = False
    automated: bool = False
    own: bool = False  # our brand's own voice

    @property
    def joined(self) -> datetime:
        """Since when this account exists."""
        return datetime.fromisoformat(self.joined_at)


class Counters(NamedTuple):
    """Reactions at one moment."""

    likes: int
    shares: int
    replies: int
    quotes: int
    views: int
    bookmarks: int


@dataclass(frozen=True, slots=True)
class WorldPost:
    """One thing said in the world, as of the moment it was asked for."""

    id: int
    network: str
    author: Person
    text: str
    lang: str
    published_at: datetime
    site: str = ""  # the blog or server it stands on
    title: str = ""
    kind: str = "post"  # post, reply, share, quote
    thread: int = 0  # id of the first post of its thread
    in_reply_to: int | None = None
    shared: int | None = None
    tags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()  # handles, without the @
    links: tuple[str, ...] = ()
    appeal: int = 3  # the likes it will end with
    edited_text: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    expected: str = "none"  # the intent its inventor had in mind
    extra: dict[str, Any] = field(default_factory=dict)  # anything else that was loaded or added with it

    def counters(self, now: datetime) -> Counters:
        """Reactions grow fast at first and then slowly, never shrink, and are the same for the same moment."""
        age = max(timedelta(0), now - self.published_at)
        grown = 1 - math.exp(-math.log(2) * (age / HALF_GROWN))
        likes = self.appeal * grown
        spread = (self.id * 2654435761 % 97) / 97  # each post has its own mix
        return Counters(
            likes=int(likes),
            shares=int(likes * (0.1 + 0.2 * spread)),
            replies=int(likes * (0.05 + 0.15 * (1 - spread))),
            quotes=int(likes * 0.04),
            views=int(likes * (30 + 60 * spread)) + int(40 * grown),
            bookmarks=int(likes * 0.03),
        )

    def forms(self) -> Iterator[Self]:
        """Every form this post ever has: as it was first, and as it was edited to be."""
        yield replace(self, edited_at=None, edited_text=None) if self.edited_at else self
        if self.edited_at:
            yield replace(self, text=self.edited_text or self.text)

    def plain(self) -> dict[str, Any]:
        """What is kept on disk; the author by id."""
        data = {name: getattr(self, name) for name in self.__slots__ if name != "author"}
        return {**data, "author": self.author.id}

    @classmethod
    def from_plain(cls, row: dict[str, Any], author: Person) -> Self:
        """Back from disk."""
        times = {name: _moment(row.get(name)) for name in ("published_at", "edited_at", "deleted_at")}
        lists = {name: tuple(row.get(name, ())) for name in ("tags", "mentions", "links")}
        return cls(**{**row, **times, **lists, "author": author})


def person_row(person: Person) -> dict[str, Any]:
    """A person as kept on disk."""
    return asdict(person)


def marks(text: str) -> dict[str, Any]:
    """The tags, mentions and links that a text itself carries."""
    links = tuple(LINK.findall(text))
    bare = LINK.sub(" ", text)
    return {"tags": tuple(TAG.findall(bare)), "mentions": tuple(MENTION.findall(bare)), "links": links}


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value

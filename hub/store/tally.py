"""What a post adds to the sums of talk: under which keys, and which numbers."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from hub.domain import Model, Post, Signal

_encode = msgspec.json.Encoder().encode


class Sums(Model, omit_defaults=False):
    """What posts come to; `counted`, `viewed` and `followed` are posts of which the numbers behind them are known."""

    posts: int = 0
    reshares: int = 0
    positive: int = 0
    negative: int = 0
    counted: int = 0
    likes: int = 0
    shares: int = 0
    replies: int = 0
    quotes: int = 0
    viewed: int = 0
    views: int = 0
    viewed_engagement: int = 0
    viewed_shares: int = 0
    followed: int = 0
    followers: int = 0
    followed_engagement: int = 0
    followed_shares: int = 0

    @property
    def engagement(self) -> int:
        """Reactions, answers, and how often the words were passed on, alike in weight."""
        return self.likes + self.shares + self.replies + self.quotes

    @property
    def passed_on(self) -> int:
        """Shares, with words of one's own or without."""
        return self.shares + self.quotes

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> "Sums":
        """All of these rows of numbers together, which stand in the order of the fields; those at the end may lack."""
        return cls(
            **dict(zip(cls.__struct_fields__, (int(sum(each)) for each in zip(*rows, strict=True)), strict=False))
        )


SUMS: tuple[str, ...] = Sums.__struct_fields__
COUNTS = SUMS[:4]  # posts, reshares, positive, negative: what most figures need, read in a third of the time
THEME_SUMS = ("posts", "positive", "negative")
EVERYBODY = ""
PUBLIC = "public"  # what an account is to us of which nothing else is known; it has no sums of its own
NOTHING = (0,) * 13


class Counts(NamedTuple):
    """A post as it is counted."""

    post: Post
    signal: Signal
    audience: str


def hour_of(moment: datetime) -> int:
    """The number of the hour that this moment lies in."""
    return int(moment.timestamp() // 3600)


def first_hour(moment: datetime) -> int:
    """The number of the first hour that begins then or later."""
    return -int(-moment.timestamp() // 3600)


def moment_of(hour: int) -> datetime:
    """When the hour of this number begins."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def is_counted(signal: Signal) -> bool:
    """Whether a post in which this was found is talk about ours."""
    return bool(signal.relevant and signal.subjects and signal.intent != "spam")


def tally(
    one: Counts, sign: int, sums: dict[tuple[Any, ...], list[int]], themes: dict[tuple[Any, ...], list[int]]
) -> None:
    """Add what one post comes to; with a sign of -1, take it away. Keys begin with the number of the hour."""
    post, signal = one.post, one.signal
    if not is_counted(signal):
        return
    where = hour_of(post.published_at), post.network, _named(signal.subjects)
    rows = [sums.setdefault((*where, each), [0] * len(SUMS)) for each in {EVERYBODY, one.audience} - {PUBLIC}]
    if post.kind == "share":
        for row in rows:
            row[1] += sign
        return
    good, bad = sign * (signal.sentiment == "positive"), sign * (signal.sentiment == "negative")
    numbers = numbers_of(post)
    for row in rows:
        row[0] += sign
        row[2] += good
        row[3] += bad
        if numbers is not NOTHING:
            for place, number in enumerate(numbers, start=4):
                row[place] += sign * number
    for theme in (("intent", signal.intent), *(("topic", topic) for topic in set(signal.topics))):
        about = themes.setdefault((*where, *theme), [0] * len(THEME_SUMS))
        about[0] += sign
        about[1] += good
        about[2] += bad


def numbers_of(post: Post) -> tuple[int, ...]:
    """The sums of one post from `counted` on."""
    counts, followers = post.engagement, post.author.followers
    likes, shares, replies, quotes, views = counts.likes, counts.shares, counts.replies, counts.quotes, counts.views
    if likes is shares is replies is quotes is views is followers is None:
        return NOTHING
    counted = not (likes is shares is replies is quotes is None)
    likes, shares, replies, quotes = likes or 0, shares or 0, replies or 0, quotes or 0
    whole, passed_on = likes + shares + replies + quotes, shares + quotes
    seen = (0, 0, 0, 0) if views is None else (1, views, whole, passed_on)
    known = (0, 0, 0, 0) if followers is None else (1, followers, whole, passed_on)
    return (int(counted), likes, shares, replies, quotes, *seen, *known)


def facts_of(post: Post) -> tuple[object, ...]:
    """Everything of a post that counts, what was found in it apart."""
    return post.published_at, post.network, post.kind, numbers_of(post)


@lru_cache
def _named(subjects: tuple[str, ...]) -> str:
    return _encode(sorted(set(subjects))).decode()

"""What a post adds to the sums of talk: under which keys, and which numbers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hub.domain import Model, Post, Signal
from hub.store.lengths import hour_of

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
NO_MORE = (0,) * (len(SUMS) - 2)  # a reshare is only counted
PUBLIC = "public"  # what an account is to us of which nothing else is known; it has no sums of its own


Kind = tuple[int, str, bool, str, str, str, bool, tuple[str, ...], tuple[str, ...]]
"""Hour, network, whether it is a reshare, audience, intent, sentiment, relevant, subjects and topics."""
Groups = Mapping[Kind, Sequence[Post]]


def grouped(some: Iterable[tuple[Post, Signal, str]]) -> Groups:
    """Posts, given with their signal and audience, by what decides where they are counted: many are alike."""
    found: dict[Kind, list[Post]] = defaultdict(list)
    for post, signal, audience in some:
        found[
            hour_of(post.published_at), post.network, post.kind == "share", audience, signal.intent, signal.sentiment,
            signal.relevant, signal.subjects, signal.topics,
        ].append(post)  # fmt: skip
    return found


Rows = defaultdict[tuple[Any, ...], list[tuple[int, ...]]]
"""By key, which begins with the number of the hour: what posts add to the sums of its row, in their order."""


def tally(some: Groups, sign: int, said: Rows, themes: Rows) -> None:
    """Put down what posts come to; with a sign of -1, what is to be taken away."""
    for kind, posts in some.items():
        hour, network, share, audience, intent, sentiment, relevant, subjects, topics = kind
        if not (relevant and subjects and intent != "spam"):
            continue  # no talk about ours
        where, number = (hour, network, _named(subjects)), sign * len(posts)
        good, bad = number * (sentiment == "positive"), number * (sentiment == "negative")
        numbers: tuple[int, ...] = (0, number, *NO_MORE)
        if not share:
            numbers = (number, 0, good, bad, *(sign * each for each in _numbers_of_all(posts)))
        for each in {EVERYBODY, audience} - {PUBLIC}:
            said[(*where, each)].append(numbers)
        if share:
            continue
        for theme in (("intent", intent), *(("topic", topic) for topic in set(topics))):
            themes[(*where, *theme)].append((number, good, bad))


def numbers_of(post: Post) -> tuple[int, ...]:
    """The sums of one post from `counted` on."""
    return _numbers(1, *_counts_of(post))


def _numbers_of_all(posts: Sequence[Post]) -> tuple[int, ...]:
    """The same of several posts, together: quickly where each count is known of all of them, or of none."""
    columns = list(zip(*map(_counts_of, posts), strict=True))
    unknown = [column.count(None) for column in columns]
    if any(0 < none < len(posts) for none in unknown):
        return tuple(map(sum, zip(*map(numbers_of, posts), strict=True)))
    return _numbers(len(posts), *(None if none else sum(each) for each, none in zip(columns, unknown, strict=True)))


def _counts_of(post: Post) -> tuple[int | None, ...]:
    counts = post.engagement
    return counts.likes, counts.shares, counts.replies, counts.quotes, counts.views, post.author.followers


def _numbers(
    posts: int, likes: int | None, shares: int | None, replies: int | None, quotes: int | None, views: int | None,
    followers: int | None,
) -> tuple[int, ...]:  # fmt: skip
    """The sums from `counted` on of so many posts with so many of each, where they are known."""
    counted = 0 if likes is shares is replies is quotes is None else posts
    likes, shares, replies, quotes = likes or 0, shares or 0, replies or 0, quotes or 0
    whole, passed_on = likes + shares + replies + quotes, shares + quotes
    seen = (0, 0, 0, 0) if views is None else (posts, views, whole, passed_on)
    known = (0, 0, 0, 0) if followers is None else (posts, followers, whole, passed_on)
    return (counted, likes, shares, replies, quotes, *seen, *known)


def facts_of(post: Post) -> tuple[object, ...]:
    """Everything of a post that counts, what was found in it apart."""
    return post.published_at, post.network, post.kind, numbers_of(post)


@lru_cache
def _named(subjects: tuple[str, ...]) -> str:
    return _encode(sorted(set(subjects))).decode()

"""Keywords: words and hashtags under which posts do well, for those who write texts, buy words, or choose tags.

A term is judged by the reactions to the posts that hold it. Words that stand everywhere say nothing, and what one
post alone holds may be chance: a term needs `LEAST` posts by `LEAST_VOICES` accounts, and must not be in most of all.
No list of stop words is needed for that, so that it works in every language that puts spaces between words.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from hub.domain import Model, Post

LEAST, LEAST_VOICES = 3, 2
MOST_SHARE = 0.2  # of all posts: a word in more of them belongs to the language, or to the question
SHORTEST, LONGEST = 4, 40  # letters of a word
ENOUGH = 25  # posts: of fewer, no share says anything
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
NOT_SAID = re.compile(r"https?://\S+|www\.\S+|@[\w.@]+|#\w+")


class Keyword(Model, omit_defaults=False):
    """A term, and how posts with it do."""

    term: str  # with # in front where it is a hashtag
    posts: int
    voices: int  # accounts that used it
    engagement: int  # reactions, shares and answers to all of them
    typical: float  # the median of one post's; a single post that went round the world moves it little


def keywords(posts: Iterable[Post], limit: int = 20) -> list[Keyword]:
    """The terms whose posts do best, by what is typical of them; posts of which nothing was counted are left out."""
    counted = [(post, reactions) for post in posts if (reactions := _reactions(post)) is not None]
    met: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for post, reactions in counted:
        for term in _terms(post):
            met[term].append((post.author.key, reactions))
    most = MOST_SHARE * max(len(counted), ENOUGH)
    found = [
        Keyword(
            term=term, posts=len(uses), voices=len({who for who, _ in uses}),
            engagement=sum(reactions for _, reactions in uses), typical=median(reactions for _, reactions in uses),
        )
        for term, uses in met.items()
        if len(uses) >= LEAST and (term.startswith("#") or len(uses) <= most)
    ]  # fmt: skip
    heard = [one for one in found if one.voices >= LEAST_VOICES and one.engagement]
    return sorted(heard, key=lambda one: (-one.typical, -one.engagement, one.term))[:limit]


def _reactions(post: Post) -> int | None:
    """All reactions, alike in weight; None where the network tells of none."""
    told = (post.engagement.likes, post.engagement.shares, post.engagement.replies, post.engagement.quotes)
    known = [number for number in told if number is not None]
    return sum(known) if known else None


def _terms(post: Post) -> set[str]:
    """Each word and tag of the post once."""
    tags = {f"#{tag.lstrip('#').casefold()}" for tag in post.tags if tag}
    words = {word.casefold() for word in WORD.findall(NOT_SAID.sub(" ", post.text))}
    return {tag[: LONGEST + 1] for tag in tags} | {word for word in words if SHORTEST <= len(word) <= LONGEST}

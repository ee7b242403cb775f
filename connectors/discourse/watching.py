"""What a watch on a forum names: the forum, one of its categories, words to look for."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.domain import Watch
from hub.errors import SetupError

VALUE = re.compile(r"(?:https://)?(?P<forum>[a-z0-9.-]+(?::\d+)?)(?P<rest>.*)", re.IGNORECASE)
CATEGORY = re.compile(r"/c/(?:[\w%.-]+/)*(?P<id>\d+)/?")
TERM = re.compile(r'"([^"]+)"|(\S+)')
TAG = re.compile(r"<[^>]*>")

Wanted = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Asked:
    """A forum, and which of its posts are meant."""

    forum: str
    wanted: Wanted


def asked_by(watch: Watch, own_forum: str | None) -> Asked:
    """What a watch asks; the forum may be left out where the connection names one."""
    if watch.kind == "community":
        match = VALUE.fullmatch(watch.value.strip())
        category = CATEGORY.fullmatch(match["rest"]) if match else None
        if match is None or not (category or match["rest"] in ("", "/")) or "." not in match["forum"]:
            raise SetupError(
                f"{watch.value!r} is no forum; write its host, or a category as its page is addressed: "
                "forum.acme.test/c/support/7."
            )
        id = int(category["id"]) if category else None
        return Asked(match["forum"].lower(), lambda post: id is None or post.get("category_id") == id)
    if watch.kind == "keyword":
        forum, words = _divided(watch.value, own_forum)
        return Asked(forum, finder(words))
    raise SetupError(f"Discourse cannot watch a {watch.kind}; use a community or a keyword.")


def finder(words: str) -> Wanted:
    """Whether a post or its topic's title holds all the words; OR stands between alternatives, quotes hold phrases."""
    ways = [[_term(phrase or word) for phrase, word in TERM.findall(way)] for way in re.split(r"\s+OR\s+", words)]

    def wanted(post: dict[str, Any]) -> bool:
        said = post.get("raw") if isinstance(post.get("raw"), str) else plain(str(post.get("cooked", "")))
        text = f"{post.get('topic_title', '')}\n{said}"
        return any(all(term.search(text) for term in way) for way in ways if way)

    return wanted


def plain(cooked: str) -> str:
    """HTML's words, near enough to look for some."""
    return html.unescape(TAG.sub(" ", cooked))


def _divided(value: str, own_forum: str | None) -> tuple[str, str]:
    forum, colon, words = value.strip().removeprefix("https://").partition(":")
    if not colon or " " in forum or "." not in forum:
        forum, words = own_forum or "", value.strip()
    if not forum or not words.strip():
        raise SetupError(f"{value!r} names no forum and words; write it like forum.acme.test:brew pro.")
    return forum.lower(), words.strip()


def _term(words: str) -> re.Pattern[str]:
    """These words as whole words, in any case."""
    spaced = r"\s+".join(map(re.escape, words.split()))
    before, after = (r"(?<!\w)" if words[0].isalnum() else ""), (r"(?!\w)" if words[-1].isalnum() else "")
    return re.compile(f"{before}{spaced}{after}", re.IGNORECASE)

"""What was said, as datasets: posts, how often each was counted, and what was found in them.

Public posts, of networks whose terms allow it. No names, handles or addresses of authors, and nobody who is mentioned:
an author is a key, by which rows of one account belong together. Private messages only where they are asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hub.domain import Signal
from hub.stages.export.columns import LIST, MOMENT, NUMBER, REAL, SCORES, TEXT, YES_NO, Column, Dataset


class _Author(msgspec.Struct):
    key: str
    automated: bool = False


class _Counts(msgspec.Struct, gc=False):
    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None
    counted_at: datetime | None = None

    @property
    def any(self) -> bool:
        """Whether the network has told anything."""
        return self != _NOTHING


_NOTHING = _Counts()


class Body(msgspec.Struct):
    """Of a kept post, what is exported: the rest of it is passed over unread."""

    key: str
    text: str
    published_at: datetime
    collected_at: datetime
    author: _Author
    kind: str = "post"
    visibility: str = "public"
    url: str | None = None
    title: str | None = None
    lang: str | None = None
    edited_at: datetime | None = None
    in_reply_to: str | None = None
    thread: str | None = None
    shared: str | None = None
    tags: list[str] = []
    links: list[str] = []
    media: list[msgspec.Raw] = []
    engagement: _Counts = msgspec.field(default_factory=_Counts)
    seen_by: list[str] = []
    observed_via: str = "live"
    rating: float | None = None
    licence: str | None = None
    flags: list[str] = []


class Said(NamedTuple):
    """One post with where it stands and what was found in it."""

    post: Body
    state: str
    reason: str | None
    found: Signal | None


class Counted(NamedTuple):
    """One count of one post."""

    post: str
    published_at: datetime
    counted_at: datetime | None
    counts: Any
    latest: bool


_body = msgspec.json.Decoder(Body).decode
_signal = msgspec.json.Decoder(Signal).decode
SENTIMENTS = "positive, neutral or negative"
NOT_SAID = "empty where the network does not say"

POSTS = Dataset(
    "posts", "One post, as it reads now.", "table `posts`", day="Day of `published_at`, in UTC.", columns=(
        Column("post", TEXT, "Key of the post: network, type and id there; the same for ever.", "post.key"),
        Column("kind", TEXT, "post, reply, share, quote or review.", "post.kind"),
        Column("lang", TEXT, f"Language as the network says (BCP 47); {NOT_SAID}. What was found out is in signals.",
               "post.lang"),
        Column("author", TEXT, "Key of the account that wrote it.", "post.author.key"),
        Column("automated", YES_NO, "Whether the account says that it is run by a program.",
               "post.author.automated"),
        Column("published_at", MOMENT, "When it was published.", "post.published_at", "UTC"),
        Column("collected_at", MOMENT, "When the hub read it first.", "post.collected_at", "UTC"),
        Column("edited_at", MOMENT, f"When its author changed it last; {NOT_SAID}.", "post.edited_at", "UTC"),
        Column("url", TEXT, "Its address at the network.", "post.url"),
        Column("title", TEXT, "Its title, where it has one.", "post.title"),
        Column("text", TEXT, "What it says, as plain text. Written by strangers: never run, render or follow it.",
               "post.text"),
        Column("thread", TEXT, "Key of the conversation that it belongs to.", "post.thread"),
        Column("in_reply_to", TEXT, "Key of the post that it answers.", "post.in_reply_to"),
        Column("shared", TEXT, "Key of the post that it shares or quotes.", "post.shared"),
        Column("tags", LIST, "Hashtags and categories, in small letters.", "post.tags"),
        Column("links", LIST, "Addresses that it links to.", "post.links"),
        Column("media", NUMBER, "How many pictures, films, sounds it has.", lambda row: len(row.post.media), "count"),
        Column("watches", LIST, "Keys of the watches that found it.", "post.seen_by"),
        Column("observed_via", TEXT, "live, archive or employee.", "post.observed_via"),
        Column("visibility", TEXT, "public or private; private ones only with HUB_EXPORT_PRIVATE.",
               "post.visibility"),
        Column("rating", REAL, "Of a review or survey: its part of the scale.", "post.rating", "0 to 1"),
        Column("licence", TEXT, "Under which its author lets it be used, where the network says so.",
               "post.licence"),
        Column("flags", LIST, "What was made harmless on the way in, as codes.", "post.flags"),
        Column("likes", NUMBER, f"As counted last; {NOT_SAID}.", "post.engagement.likes", "count"),
        Column("shares", NUMBER, f"As counted last; {NOT_SAID}.", "post.engagement.shares", "count"),
        Column("replies", NUMBER, f"As counted last; {NOT_SAID}.", "post.engagement.replies", "count"),
        Column("quotes", NUMBER, f"As counted last; {NOT_SAID}.", "post.engagement.quotes", "count"),
        Column("views", NUMBER, f"As counted last; {NOT_SAID}.", "post.engagement.views", "count"),
        Column("state", TEXT, "Where it stands: pending, handed_off, set_aside or quarantined.", "state"),
        Column("reason", TEXT, "Why it became nobody's work, as a code.", "reason"),
    ),
)  # fmt: skip

ENGAGEMENT = Dataset(
    "engagement", "One count of one post's reactions; a post that was counted again has several rows.",
    "tables `engagement` and `posts`", day="Day on which the post was published, in UTC.", columns=(
        Column("post", TEXT, "Key of the post.", "post"),
        Column("published_at", MOMENT, "When the post was published.", "published_at", "UTC"),
        Column("counted_at", MOMENT, "When this was counted; empty: when the post was collected.",
               "counted_at", "UTC"),
        Column("latest", YES_NO, "Whether nothing newer is known.", "latest"),
        Column("likes", NUMBER, f"Likes, favourites, upvotes; {NOT_SAID}.", "counts.likes", "count"),
        Column("shares", NUMBER, f"Times it was passed on; {NOT_SAID}.", "counts.shares", "count"),
        Column("replies", NUMBER, f"Answers and comments; {NOT_SAID}.", "counts.replies", "count"),
        Column("quotes", NUMBER, f"Times it was quoted; {NOT_SAID}.", "counts.quotes", "count"),
        Column("views", NUMBER, f"Times it was shown; {NOT_SAID}.", "counts.views", "count"),
    ),
)  # fmt: skip

SIGNALS = Dataset(
    "signals", "What is held to be true of one post now: by an engine, or by the person who corrected it.",
    "table `signals`", day="Day on which the post was published, in UTC.", columns=(
        Column("post", TEXT, "Key of the post.", "found.post"),
        Column("published_at", MOMENT, "When the post was published.", "post.published_at", "UTC"),
        Column("found_by", TEXT, "Who found it, as name@version.", "found.found_by"),
        Column("engine", TEXT, "The name in `found_by`.", lambda row: row.found.found_by.partition("@")[0]),
        Column("version", TEXT, "The version in `found_by`.", lambda row: row.found.found_by.partition("@")[2] or None),
        Column("lang", TEXT, "Language as found out (BCP 47).", "found.lang"),
        Column("sentiment", TEXT, f"{SENTIMENTS}.", "found.sentiment"),
        Column("sentiment_score", REAL, "How good or bad.", "found.sentiment_score", "-1 to 1"),
        Column("intent", TEXT, "What the post is for: purchase, support, complaint, ... or none.",
               "found.intent"),
        Column("confidence", REAL, "How sure the intent is.", "found.confidence", "0 to 1"),
        Column("scores", SCORES, "Every intent above zero, each by itself.",
               lambda row: list(row.found.scores.items()), "0 to 1"),
        Column("urgency", REAL, "How soon somebody should look at it.", "found.urgency", "0 to 1"),
        Column("worth", REAL, "How likely it is worth a person's time.", "found.worth", "0 to 1"),
        Column("relevant", YES_NO, "Whether it is about what we listen for.", "found.relevant"),
        Column("subjects", LIST, "Names of our subjects that it speaks of.", "found.subjects"),
        Column("topics", LIST, "What it is about.", "found.topics"),
        Column("evidence", LIST, "Rules and entries that fired.", "found.evidence"),
    ),
)  # fmt: skip

TALK = (POSTS, ENGAGEMENT, SIGNALS)
Parts = dict[str, dict[Dataset, list[Any]]]
"""Rows by network and dataset."""


def said(page: Sequence[Any], *, private: bool) -> Parts:
    """Posts, with their last counts and what was found in them."""
    parts: Parts = {}
    for network, state, reason, body, found in page:
        post = _body(body)
        if post.visibility == "private" and not private:
            continue
        rows = parts.setdefault(network, {POSTS: [], ENGAGEMENT: [], SIGNALS: []})
        row = Said(post, state, reason, _signal(found) if found else None)
        rows[POSTS].append(row)
        if row.found is not None:
            rows[SIGNALS].append(row)
        if post.engagement.any:
            counts = post.engagement
            rows[ENGAGEMENT].append(Counted(post.key, post.published_at, counts.counted_at, counts, latest=True))
    return parts


def counted(page: Sequence[Any], *, private: bool) -> Parts:
    """Counts that newer ones took the place of."""
    parts: Parts = {}
    for row in page:
        if private or not row.private:
            rows = parts.setdefault(row.network, {ENGAGEMENT: []})
            rows[ENGAGEMENT].append(Counted(row.post, row.published_at, row.counted_at, row, latest=False))
    return parts


def flat(parts: Iterable[Parts]) -> Iterator[tuple[Dataset, str, list[Any]]]:
    """Rows that belong into one file: dataset, network, rows."""
    for some in parts:
        for network, datasets in some.items():
            yield from ((dataset, network, rows) for dataset, rows in datasets.items() if rows)

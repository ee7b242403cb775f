"""Sums of talk for figures, by hour and by day, and what the author of each post was to us when it was counted.

The sums are made up for the posts that are there, so that they can be moved like all others.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = (
    "posts", "reshares", "positive", "negative", "counted", "likes", "shares", "replies", "quotes", "viewed", "views",
    "viewed_engagement", "viewed_shares", "followed", "followers", "followed_engagement", "followed_shares",
)  # fmt: skip
KEY = ("hours", "at", "network", "subjects", "audience")
THEME_SUMS = ("posts", "positive", "negative")
THEME_KEY = ("hours", "at", "network", "subjects", "dimension", "theme")
REACTIONS = ("likes", "shares", "replies", "quotes")
AT_A_TIME = 10_000


def upgrade() -> None:
    """Make the tables, and fill them."""
    op.add_column("signals", sa.Column("audience", sa.Text(), nullable=False, server_default="public"))
    op.create_index("ix_standings_audience", "standings", ["audience", "network", "influence"])
    op.create_index("ix_measurements_name", "measurements", ["name", "post", "at"])
    talk, themes = _tables()
    op.execute(
        "UPDATE signals SET audience = (SELECT standings.audience FROM posts JOIN standings "
        "ON standings.author = posts.author WHERE posts.key = signals.post) WHERE post IN (SELECT posts.key FROM "
        "standings JOIN posts ON posts.author = standings.author WHERE standings.audience <> 'public')"
    )
    sums: dict[tuple[Any, ...], list[int]] = {}
    themed: dict[tuple[Any, ...], list[int]] = {}
    for row in _counted():
        _count(row, sums, themed)
    for table, key, names, found in ((talk, KEY, SUMS, sums), (themes, THEME_KEY, THEME_SUMS, themed)):
        rows = (dict(zip((*key, *names), (*at, *each), strict=True)) for at, each in found.items())
        while some := list(islice(rows, AT_A_TIME)):
            op.bulk_insert(table, some)


def _tables() -> tuple[sa.Table, sa.Table]:
    def key(name: str) -> sa.Column[Any]:
        number = name in ("hours", "at")
        return sa.Column(name, sa.Integer() if number else sa.Text(), primary_key=True, autoincrement=False)

    talk = op.create_table(
        "talk", *map(key, KEY), *(sa.Column(name, NUMBER, nullable=False) for name in SUMS), sqlite_with_rowid=False
    )
    themes = op.create_table(
        "themes", *map(key, THEME_KEY), *(sa.Column(name, NUMBER, nullable=False) for name in THEME_SUMS),
        sqlite_with_rowid=False,
    )  # fmt: skip
    return talk, themes


def _counted() -> Iterator[Any]:
    posts = sa.table(
        "posts", sa.column("key"), sa.column("network"), sa.column("kind"), sa.column("published_at", MOMENT),
        sa.column("body"),
    )  # fmt: skip
    names = ("post", "intent", "sentiment", "relevant", "audience", "body")
    signals = sa.table("signals", *(sa.column(name) for name in names))
    asked = (
        sa.select(
            posts.c.network, posts.c.kind, posts.c.published_at, posts.c.body, signals.c.sentiment, signals.c.intent,
            signals.c.audience, signals.c.body.label("found"),
        )
        .join_from(signals, posts, posts.c.key == signals.c.post)
        .where(signals.c.intent != "spam", signals.c.relevant.is_(True))
    )  # fmt: skip
    return iter(op.get_bind().execute(asked.execution_options(yield_per=1_000)))


def _count(row: Any, sums: dict[tuple[Any, ...], list[int]], themed: dict[tuple[Any, ...], list[int]]) -> None:
    said = msgspec.json.decode(row.found)
    if not said.get("subjects"):
        return
    hour = int(_in_utc(row.published_at).timestamp() // 3600)
    subjects = msgspec.json.encode(sorted(set(said["subjects"]))).decode()
    good, bad = int(row.sentiment == "positive"), int(row.sentiment == "negative")
    share = row.kind == "share"
    numbers = (0, 1, *[0] * 15) if share else (1, 0, good, bad, *_numbers(msgspec.json.decode(row.body)))
    themes = [] if share else [("intent", row.intent), *(("topic", one) for one in set(said.get("topics", ())))]
    for hours, at in ((1, hour), (24, hour - hour % 24)):
        _add(sums, (hours, at, row.network, subjects, row.audience), numbers)
        for theme in themes:
            _add(themed, (hours, at, row.network, subjects, *theme), (1, good, bad))


def _add(sums: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], numbers: tuple[int, ...]) -> None:
    held = sums.setdefault(key, [0] * len(numbers))
    for place, number in enumerate(numbers):
        held[place] += number


def _numbers(post: dict[str, Any]) -> tuple[int, ...]:
    counts, followers = post.get("engagement", {}), post["author"].get("followers")
    known = [counts.get(name) for name in REACTIONS]
    reactions = [each or 0 for each in known]
    views, whole, passed_on = counts.get("views"), sum(reactions), reactions[1] + reactions[3]
    seen = (0, 0, 0, 0) if views is None else (1, views, whole, passed_on)
    followed = (0, 0, 0, 0) if followers is None else (1, followers, whole, passed_on)
    return (int(any(each is not None for each in known)), *reactions, *seen, *followed)


def _in_utc(moment: datetime) -> datetime:
    """SQLite gives UTC without saying so, PostgreSQL the session's zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def downgrade() -> None:
    """Drop them."""
    op.drop_table("themes")
    op.drop_table("talk")
    op.drop_index("ix_measurements_name", "measurements")
    op.drop_index("ix_standings_audience", "standings")
    op.drop_column("signals", "audience")

"""Scores of leads and what became of them; talk by topic; which topic an alarm is about.

The sums by topic are made up for the posts that are there, so that they can be moved like all others.
"""

import json
from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)
KEY = ("hour", "network", "subject", "topic")


def upgrade() -> None:
    """Make the tables, and fill the sums."""
    op.create_table(
        "lead_scores",
        sa.Column("author", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("fit", sa.Float(), nullable=False),
        sa.Column("behaviour", sa.Float(), nullable=False),
        sa.Column("chance", sa.Float()),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_lead_scores_behaviour", "lead_scores", ["behaviour"])
    op.create_table(
        "lead_outcomes",
        sa.Column("lead", sa.Text(), primary_key=True),
        sa.Column("won", sa.Boolean(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    topics = op.create_table(
        "topic_rollups",
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("topic", sa.Text(), primary_key=True),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("negative", sa.Integer(), nullable=False),
        sa.Column("crisis", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(topics, _sums())
    op.drop_index("uq_alarms_hour", "alarms")
    op.add_column("alarms", sa.Column("topic", sa.Text(), nullable=False, server_default=""))
    op.create_index("uq_alarms_hour", "alarms", ["detector", "subject", "network", "topic", "at"], unique=True)


def _sums() -> list[dict[str, object]]:
    posts = sa.table("posts", sa.column("key"), sa.column("network"), sa.column("published_at", MOMENT))
    signals = sa.table("signals", sa.column("post"), sa.column("intent"), sa.column("sentiment"), sa.column("body"))
    asked = sa.select(
        posts.c.network, posts.c.published_at, signals.c.intent, signals.c.sentiment, signals.c.body
    ).join_from(signals, posts, posts.c.key == signals.c.post)
    sums: dict[tuple[object, ...], Counter[str]] = {}
    for row in op.get_bind().execute(asked.where(signals.c.intent != "spam")):
        said = json.loads(row.body)
        hour = _in_utc(row.published_at).replace(minute=0, second=0, microsecond=0)
        for subject in said.get("subjects", ()):
            for topic in said.get("topics", ()):
                counted = sums.setdefault((hour, row.network, subject, topic), Counter(posts=0, negative=0, crisis=0))
                counted.update(posts=1, negative=int(row.sentiment == "negative"), crisis=int(row.intent == "crisis"))
    return [dict(zip(KEY, key, strict=True)) | dict(counted) for key, counted in sums.items()]


def _in_utc(moment: datetime) -> datetime:
    """SQLite gives UTC without saying so, PostgreSQL the session's zone."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def downgrade() -> None:
    """Drop them, and the alarms that were about a topic."""
    op.execute("DELETE FROM alarms WHERE topic <> ''")
    op.drop_index("uq_alarms_hour", "alarms")
    op.drop_column("alarms", "topic")
    op.create_index("uq_alarms_hour", "alarms", ["detector", "subject", "network", "at"], unique=True)
    for table in ("topic_rollups", "lead_outcomes", "lead_scores"):
        op.drop_table(table)

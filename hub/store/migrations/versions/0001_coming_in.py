"""Tables for what networks say."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _watches()
    _batches()
    _repeats()
    _authors()
    _posts()
    _edits()
    _engagement()
    _tombstones()


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("polled_at", MOMENT),
        sa.Column("posted_at", MOMENT),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("sentence", sa.Text()),
        sa.Column("paused_until", MOMENT),
    )


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("watch", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("landed_at", MOMENT, nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("cursor_before", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("lease_until", MOMENT),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("triage_run", sa.Text()),
        sa.Column("done_at", MOMENT),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("watch", "digest"),
    )
    op.create_index("ix_batches_run", "batches", ["run"])
    op.create_index("ix_batches_triage_run", "batches", ["triage_run"])
    op.create_index(
        "ix_batches_waiting",
        "batches",
        ["id"],
        sqlite_where=sa.text("state = 'landed'"),
        postgresql_where=sa.text("state = 'landed'"),
    )


def _repeats() -> None:
    op.create_table(
        "repeats",
        sa.Column("run", sa.Text(), primary_key=True),
        sa.Column("watch", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
    )


def _authors() -> None:
    op.create_table(
        "authors",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("followers", NUMBER),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
    )


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text()),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("collected_at", MOMENT, nullable=False),
        sa.Column("thread", sa.Text()),
        sa.Column("likes", NUMBER),
        sa.Column("shares", NUMBER),
        sa.Column("replies", NUMBER),
        sa.Column("views", NUMBER),
        sa.Column("batch", NUMBER),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_posts_author", "posts", ["author"])
    op.create_index("ix_posts_published_at", "posts", ["published_at"])
    op.create_index("ix_posts_standing", "posts", ["batch", "state", "reason"])
    op.create_index(
        "ix_posts_thread",
        "posts",
        ["thread"],
        sqlite_where=sa.text("thread IS NOT NULL"),
        postgresql_where=sa.text("thread IS NOT NULL"),
    )


def _edits() -> None:
    op.create_table(
        "edits",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("replaced_at", MOMENT, nullable=False),
    )
    op.create_index("ix_edits_post", "edits", ["post"])


def _engagement() -> None:
    op.create_table(
        "engagement",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.Column("likes", NUMBER),
        sa.Column("shares", NUMBER),
        sa.Column("replies", NUMBER),
        sa.Column("quotes", NUMBER),
        sa.Column("views", NUMBER),
    )
    op.create_index("ix_engagement_post", "engagement", ["post"])


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them, and what is in them."""
    for table in ("tombstones", "engagement", "edits", "posts", "authors", "repeats", "batches", "watches"):
        op.drop_table(table)

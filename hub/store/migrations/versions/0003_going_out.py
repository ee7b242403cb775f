"""Tables for handoffs and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _handoffs()
    _outbox()
    _circuits()
    _incidents()


def _handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_handoffs_author", "handoffs", ["author"])
    op.create_index("ix_handoffs_created_at", "handoffs", ["created_at"])
    op.create_index("ix_handoffs_post", "handoffs", ["post"])
    op.create_index("ix_handoffs_thing", "handoffs", ["kind", "key"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("handoff", sa.Text(), nullable=False),
        sa.Column("only_if_blank", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("post", sa.Text()),
        sa.Column("author", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("not_before", MOMENT),
        sa.Column("claimed_at", MOMENT),
        sa.Column("lease_until", MOMENT),
        sa.Column("settled_at", MOMENT),
        sa.Column("outcome", sa.Text()),
        sa.Column("object_id", sa.Text()),
        sa.Column("url", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("parent_misses", sa.Integer(), nullable=False),
        sa.UniqueConstraint("destination", "external_id", "object", "version"),
    )
    op.create_index("ix_outbox_handoff", "outbox", ["handoff"])
    op.create_index(
        "ix_outbox_lane",
        "outbox",
        ["destination", "lane", "id"],
        sqlite_where=sa.text("state IN ('pending', 'in_doubt')"),
        postgresql_where=sa.text("state IN ('pending', 'in_doubt')"),
    )
    op.create_index("ix_outbox_state", "outbox", ["destination", "state", "id"])


def _circuits() -> None:
    op.create_table(
        "circuits",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("open_until", MOMENT),
        sa.Column("reason", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT),
    )


def downgrade() -> None:
    """Drop them, and what is in them."""
    for table in ("incidents", "circuits", "outbox", "handoffs"):
        op.drop_table(table)

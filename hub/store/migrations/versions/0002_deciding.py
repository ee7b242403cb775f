"""Tables for signals, rollups and quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _signals()
    _replaced_signals()
    _rollups()
    _quarantine()


def _signals() -> None:
    op.create_table(
        "signals",
        sa.Column("post", sa.Text(), primary_key=True),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("sentiment", sa.Text(), nullable=False),
        sa.Column("sentiment_score", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("urgency", sa.Float(), nullable=False),
        sa.Column("relevant", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )


def _replaced_signals() -> None:
    op.create_table(
        "replaced_signals",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("replaced_at", MOMENT, nullable=False),
    )
    op.create_index("ix_replaced_signals_post", "replaced_signals", ["post"])


def _rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("intent", sa.Text(), primary_key=True),
        sa.Column("sentiment", sa.Text(), primary_key=True),
        sa.Column("relevant", sa.Boolean(), primary_key=True),
        sa.Column("posts", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("record", sa.Text()),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("watch", sa.Text()),
        sa.Column("batch", sa.Text()),
        sa.Column("run", sa.Text()),
        sa.Column("post", sa.Text()),
        sa.Column("delivery", NUMBER),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.UniqueConstraint("stage", "digest"),
    )
    op.create_index("ix_quarantine_batch", "quarantine", ["batch", "state"])
    op.create_index("ix_quarantine_state", "quarantine", ["state", "id"])


def downgrade() -> None:
    """Drop them, and what is in them."""
    for table in ("quarantine", "rollups", "replaced_signals", "signals"):
        op.drop_table(table)

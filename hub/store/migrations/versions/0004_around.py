"""Tables for runs, checks, audit, look-ups, budgets and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    _runs()
    _expectations()
    _audit()
    _memory()
    _budget_uses()
    _tokens()


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])


def _expectations() -> None:
    op.create_table(
        "expectations",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("statistics", sa.Text(), nullable=False),
        sa.Column("failures", sa.Text(), nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
    )


def _memory() -> None:
    op.create_table(
        "memory",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("kept_until", MOMENT),
    )


def _budget_uses() -> None:
    op.create_table(
        "budget_uses",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
    )
    op.create_index("ix_budget_uses_window", "budget_uses", ["name", "at"])


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("connection", sa.Text(), primary_key=True),
        sa.Column("secret", sa.Text()),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("lease_until", MOMENT),
        sa.Column("changed_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them, and what is in them."""
    for table in ("tokens", "budget_uses", "memory", "audit", "expectations", "runs"):
        op.drop_table(table)

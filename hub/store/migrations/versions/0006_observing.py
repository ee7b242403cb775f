"""What networks count of our accounts, which hours were observed, and when posts were last looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and add the columns; what is held counts as looked at when it was collected."""
    op.create_table(
        "measurements",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("value", sa.Float()),
    )
    series = ["network", "account", "post", "name", "period", "at"]
    op.create_index("uq_measurements_series", "measurements", series, unique=True)
    op.create_table(
        "observed",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("watch", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
    )
    op.create_index("ix_observed_watch_until", "observed", ["watch", "until"])
    op.add_column("posts", sa.Column("checked_at", MOMENT))
    op.add_column("posts", sa.Column("gone", sa.Text()))


def downgrade() -> None:
    """Drop them, and what is in them."""
    op.drop_column("posts", "gone")
    op.drop_column("posts", "checked_at")
    op.drop_table("observed")
    op.drop_table("measurements")

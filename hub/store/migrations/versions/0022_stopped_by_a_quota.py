"""When a watch was behind since a quota was spent."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table; nobody knows when quotas were spent before."""
    op.create_table(
        "quota_stops",
        sa.Column("watch", sa.Text(), primary_key=True),
        sa.Column("since", MOMENT, primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("quota_stops")

"""A quarantined record may be repaired: what a person made of it stands beside it as it came."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; nothing was repaired yet."""
    op.add_column("quarantine", sa.Column("repaired", sa.Text()))
    op.add_column("quarantine", sa.Column("repaired_by", sa.Text()))
    op.add_column("quarantine", sa.Column("repaired_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them; the records stay as they came."""
    for column in ("repaired_at", "repaired_by", "repaired"):
        op.drop_column("quarantine", column)

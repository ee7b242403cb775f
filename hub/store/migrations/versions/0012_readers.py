"""A watch has one reader at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; nobody reads while the store is brought up to date."""
    op.add_column("watches", sa.Column("fence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("watches", sa.Column("reader", sa.Text()))
    op.add_column("watches", sa.Column("lease_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them; two readers of one watch read the same twice, and lose nothing."""
    op.drop_column("watches", "lease_until")
    op.drop_column("watches", "reader")
    op.drop_column("watches", "fence")

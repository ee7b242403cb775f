"""The outbox remembers the other side's jobs, and how often a doubt was looked into."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; nothing that waits was handed to a job yet."""
    op.add_column("outbox", sa.Column("looks", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("job", sa.Text()))


def downgrade() -> None:
    """Drop them; what is in a job is then looked up like anything in doubt."""
    op.drop_column("outbox", "job")
    op.drop_column("outbox", "looks")

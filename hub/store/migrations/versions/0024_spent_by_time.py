"""What was spent is found by when, for all names together."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_budget_uses_at", "budget_uses", ["at", "name", "cost"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_budget_uses_at", "budget_uses")

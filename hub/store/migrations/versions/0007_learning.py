"""What people corrected, and the models that learned from it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "corrections",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_corrections_post", "corrections", ["post"])
    op.create_table(
        "models",
        sa.Column("version", sa.Text(), primary_key=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("took_over_from", sa.Text()),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Drop them, and what is in them."""
    op.drop_table("models")
    op.drop_table("corrections")

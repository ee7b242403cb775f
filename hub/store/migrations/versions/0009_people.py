"""Who is one person, with the evidence for it, and what each account is to us."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "author_names",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("author", sa.Text(), primary_key=True),
    )
    op.create_index("ix_author_names_author", "author_names", ["author"])
    op.create_table(
        "ties",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", MOMENT),
    )
    op.create_index("uq_ties_pair", "ties", ["one", "other"], unique=True)
    op.create_index("ix_ties_other", "ties", ["other"])
    op.create_table(
        "standings",
        sa.Column("author", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("influence", sa.Float(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
    )
    op.create_index("ix_standings_influence", "standings", ["network", "influence"])


def downgrade() -> None:
    """Drop them: everybody is a stranger again."""
    for table in ("standings", "ties", "author_names"):
        op.drop_table(table)

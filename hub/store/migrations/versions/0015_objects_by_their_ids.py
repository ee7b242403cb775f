"""Deliveries are found by what the destination calls the object."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

THERE = sa.text("object_id IS NOT NULL")


def upgrade() -> None:
    """Index them."""
    op.create_index(
        "ix_outbox_object", "outbox", ["destination", "object_id"], sqlite_where=THERE, postgresql_where=THERE
    )


def downgrade() -> None:
    """Drop it; looking one up reads them all."""
    op.drop_index("ix_outbox_object", "outbox")

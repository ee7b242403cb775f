"""What people say of an incident, what its message shows of that, and the buttons that were pressed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ADDED: dict[str, sa.types.TypeEngine[Any]] = {
    "resolved_by": sa.Text(), "reopened_at": sa.DateTime(timezone=True), "subjects": sa.Text(),
    "acknowledged_at": sa.DateTime(timezone=True), "acknowledged_by": sa.Text(), "verdict": sa.Text(),
    "verdict_by": sa.Text(), "muted_until": sa.DateTime(timezone=True), "muted_by": sa.Text(),
    "told_at": sa.DateTime(timezone=True),
}  # fmt: skip


def upgrade() -> None:
    """Add them; incidents of before keep the message that they have."""
    for name, kind in ADDED.items():
        op.add_column("incidents", sa.Column(name, kind))
    for name in ("changes", "told"):
        op.add_column("incidents", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "presses",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.UniqueConstraint("destination", "envelope", name="uq_presses_destination_envelope"),
    )
    op.create_index("ix_presses_waiting", "presses", ["destination", "done_at"])


def downgrade() -> None:
    """Drop them; what was said of an incident stays in the audit log."""
    op.drop_table("presses")
    for name in ("told", "changes", *reversed(ADDED)):
        op.drop_column("incidents", name)

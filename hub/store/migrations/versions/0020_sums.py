"""What pages ask for is found without reading all there is: the ledger's sums, posts by reason, the work of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

GIVEN = sa.text("reason IS NOT NULL")
DAMAGED = sa.text("state = 'quarantined'")
POSTS = """
    SELECT b.network, 'posts', p.state, coalesce(p.reason, ''), count(*) FROM posts p JOIN batches b ON b.id = p.batch
    GROUP BY b.network, p.state, coalesce(p.reason, '')
"""
HELD = """
    SELECT network, 'held', counted_as, '', count(*) FROM (
        SELECT b.network AS network,
            CASE q.state WHEN 'released' THEN 'released' WHEN 'resolved' THEN q.outcome ELSE 'held' END AS counted_as
        FROM quarantine q JOIN batches b ON b.name = q.batch WHERE q.kind = 'record'
    ) AS records GROUP BY network, counted_as
"""
COUNTED = (
    POSTS, HELD,
    "SELECT network, 'records', state, '', sum(records) FROM batches GROUP BY network, state",
    "SELECT network, 'known', '', '', sum(known) FROM batches GROUP BY network",
    "SELECT network, 'skipped', '', '', sum(skipped) FROM batches GROUP BY network",
    "SELECT network, 'repeated', '', '', sum(records) FROM repeats GROUP BY network",
)  # fmt: skip


def upgrade() -> None:
    """Count what is there once."""
    op.create_table(
        "sums",
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("thing", sa.Text(), primary_key=True),
        sa.Column("state", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sqlite_with_rowid=False,
    )
    for counted in COUNTED:
        op.execute(f"INSERT INTO sums {counted}")
    op.create_index("ix_batches_damaged", "batches", ["id"], sqlite_where=DAMAGED, postgresql_where=DAMAGED)
    op.create_index("ix_posts_reason", "posts", ["reason", "published_at"], sqlite_where=GIVEN, postgresql_where=GIVEN)
    op.create_index("ix_ties_state", "ties", ["state", "confidence"])
    op.create_index("ix_handoffs_run", "handoffs", ["run", "created_at"])


def downgrade() -> None:
    """Drop them; the rows say the same, slowly."""
    op.drop_index("ix_handoffs_run", "handoffs")
    op.drop_index("ix_ties_state", "ties")
    op.drop_index("ix_posts_reason", "posts")
    op.drop_index("ix_batches_damaged", "batches")
    op.drop_table("sums")

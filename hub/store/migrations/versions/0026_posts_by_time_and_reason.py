"""Posts by time in one index, which knows why they were set aside; it is in the order in which they are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

GIVEN = sa.text("reason IS NOT NULL")


def upgrade() -> None:
    """One index takes the place of two."""
    op.create_index("ix_posts_published", "posts", ["published_at", "id", "reason"])
    op.drop_index("ix_posts_published_at", "posts")
    op.drop_index("ix_posts_reason", "posts")


def downgrade() -> None:
    """The two again."""
    op.create_index("ix_posts_reason", "posts", ["reason", "published_at"], sqlite_where=GIVEN, postgresql_where=GIVEN)
    op.create_index("ix_posts_published_at", "posts", ["published_at"])
    op.drop_index("ix_posts_published", "posts")

"""What is asked of an account before it is answered stands in the indexes by author, in the order it is read."""

from alembic import op

revision = "0028"
down_revision = "0027"
INDEXES = {
    "posts": ("ix_posts_author", ["author", "published_at"]),
    "handoffs": ("ix_handoffs_author", ["author", "kind", "key", "created_at", "id"]),
}


def upgrade() -> None:
    """Make both anew."""
    for table, (name, columns) in INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns)


def downgrade() -> None:
    """As they were: the author alone."""
    for table, (name, _) in INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, ["author"])

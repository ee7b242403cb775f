"""Histograms of latencies by day, so that a long time is read from few rows."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

FILL = """
    INSERT INTO latency_days (day, network, segment, bucket, count)
    SELECT {day}, network, segment, bucket, sum(count) FROM latencies GROUP BY 1, 2, 3, 4
"""
DAY = {
    "sqlite": "substr(hour, 1, 10) || ' 00:00:00.000000'",
    "postgresql": "date_trunc('day', hour AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
}


def upgrade() -> None:
    """Make the table, and sum up the hours that are there."""
    op.create_table(
        "latency_days",
        sa.Column("day", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("segment", sa.Text(), primary_key=True),
        sa.Column("bucket", sa.Integer(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(FILL.format(day=DAY[op.get_bind().dialect.name]))


def downgrade() -> None:
    """Drop it: the hours are still there."""
    op.drop_table("latency_days")

"""Rollups of a subject and of its topics in one table, in what alarms are raised by; no post is counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

SUMS = ("posts", "negative", "crisis")
MOMENT = sa.DateTime(timezone=True)
AT = {
    "sqlite": "CAST(strftime('%s', hour) AS INTEGER) / 3600",
    "postgresql": "CAST(EXTRACT(epoch FROM hour) AS BIGINT) / 3600",
}
HOUR = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', at * 3600, 'unixepoch')",
    "postgresql": "to_timestamp(at * 3600)",
}
WHOLE = """
    INSERT INTO rollups (at, network, subject, topic, posts, negative, crisis)
    SELECT {at}, network, subject, '', sum(posts), sum(CASE WHEN sentiment = 'negative' THEN posts ELSE 0 END),
        sum(CASE WHEN intent = 'crisis' THEN posts ELSE 0 END)
    FROM rollups_before WHERE subject <> '' AND intent <> 'spam' GROUP BY 1, 2, 3
"""
BY_TOPIC = """
    INSERT INTO rollups (at, network, subject, topic, posts, negative, crisis)
    SELECT {at}, network, subject, topic, posts, negative, crisis FROM topic_rollups
"""
TOPICS_BACK = """
    INSERT INTO topic_rollups (hour, network, subject, topic, posts, negative, crisis)
    SELECT {hour}, network, subject, topic, posts, negative, crisis FROM rollups_before WHERE topic <> ''
"""
# What was negative and what was a crisis at once is not known any more: one row has what is neither less what is both.
WHOLE_BACK = """
    INSERT INTO rollups (hour, network, subject, intent, sentiment, relevant, posts)
    SELECT {hour}, network, subject, intent, sentiment, {true}, posts FROM (
        SELECT at, network, subject, 'none' AS intent, 'neutral' AS sentiment, posts - negative - crisis AS posts
            FROM rollups_before WHERE topic = ''
        UNION ALL SELECT at, network, subject, 'none', 'negative', negative FROM rollups_before WHERE topic = ''
        UNION ALL SELECT at, network, subject, 'crisis', 'neutral', crisis FROM rollups_before WHERE topic = ''
    ) AS sums WHERE posts <> 0
"""


def upgrade() -> None:
    """Add up what is there."""
    at = AT[op.get_bind().dialect.name]
    _set_aside()
    op.create_table(
        "rollups",
        sa.Column("at", sa.Integer(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text(), primary_key=True) for name in ("network", "subject", "topic")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in SUMS),
        sqlite_with_rowid=False,
    )
    op.execute(WHOLE.format(at=at))
    op.execute(BY_TOPIC.format(at=at))
    op.drop_table("rollups_before")
    op.drop_table("topic_rollups")


def downgrade() -> None:
    """The two tables again, with what alarms are raised by: all else that they told apart is not known any more."""
    dialect = op.get_bind().dialect.name
    hour, true = HOUR[dialect], "1" if dialect == "sqlite" else "TRUE"
    _set_aside()
    op.create_table(
        "rollups",
        sa.Column("hour", MOMENT, primary_key=True),
        *(sa.Column(name, sa.Text(), primary_key=True) for name in ("network", "subject", "intent", "sentiment")),
        sa.Column("relevant", sa.Boolean(), primary_key=True),
        sa.Column("posts", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "topic_rollups",
        sa.Column("hour", MOMENT, primary_key=True),
        *(sa.Column(name, sa.Text(), primary_key=True) for name in ("network", "subject", "topic")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in SUMS),
        sqlite_with_rowid=False,
    )
    op.execute(WHOLE_BACK.format(hour=hour, true=true))
    op.execute(TOPICS_BACK.format(hour=hour))
    op.drop_table("rollups_before")


def _set_aside() -> None:
    """What there is, under another name: so the table's own and those of its constraints are free."""
    op.execute("CREATE TABLE rollups_before AS SELECT * FROM rollups")
    op.drop_table("rollups")

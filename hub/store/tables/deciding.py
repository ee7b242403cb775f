"""What was found in posts, and what cannot go on."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, UniqueConstraint

from hub.store.schema import Number, Utc, metadata

signals = Table(
    "signals", metadata,
    Column("post", Text, primary_key=True),
    Column("found_by", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("sentiment", Text, nullable=False),
    Column("sentiment_score", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("urgency", Float, nullable=False),
    Column("relevant", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

replaced_signals = Table(
    "replaced_signals", metadata,
    Column("id", Number, primary_key=True),
    Column("post", Text, nullable=False, index=True),
    Column("found_by", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("replaced_at", Utc, nullable=False),
)  # fmt: skip

rollups = Table(
    "rollups", metadata,
    Column("hour", Utc, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # "" where the post speaks of none of ours
    Column("intent", Text, primary_key=True),
    Column("sentiment", Text, primary_key=True),
    Column("relevant", Boolean, primary_key=True),
    Column("posts", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

topic_rollups = Table(  # spam apart; a post on two topics counts for both
    "topic_rollups", metadata,
    Column("hour", Utc, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("posts", Integer, nullable=False),
    Column("negative", Integer, nullable=False),
    Column("crisis", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

quarantine = Table(
    "quarantine", metadata,
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False),  # record, post, delivery
    Column("stage", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text),
    Column("digest", Text, nullable=False),
    Column("record", Text),  # as it came, whatever becomes of it
    Column("network", Text, nullable=False),
    Column("watch", Text),
    Column("batch", Text),
    Column("run", Text),
    Column("post", Text),
    Column("delivery", Number),
    Column("tries", Integer, nullable=False),
    Column("state", Text, nullable=False),  # open, released, resolved, dismissed
    Column("outcome", Text),
    Column("since", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("repaired", Text),  # what a person made of the record
    Column("repaired_by", Text),
    Column("repaired_at", Utc),
    UniqueConstraint("stage", "digest"),
    Index("ix_quarantine_batch", "batch", "state"),
    Index("ix_quarantine_state", "state", "id"),
)  # fmt: skip

alarms = Table(
    "alarms", metadata,
    Column("id", Number, primary_key=True),
    Column("detector", Text, nullable=False),  # name@version; "people" for what no detector noticed
    Column("subject", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("at", Utc, nullable=False),  # the hour that stood out
    Column("raised_at", Utc, nullable=False),
    Column("value", Float, nullable=False),
    Column("expected", Float, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("crisis", Boolean, nullable=False),
    Column("incident", Text),
    Column("verdict", Text),  # true, false, campaign; NULL: nobody has said
    Column("decided_by", Text),
    Column("decided_at", Utc),
    Column("lead_minutes", Float),  # from the alarm to the hour with the most posts
    Column("topic", Text, nullable=False, server_default=""),  # "": all that was said of the subject
    Index("uq_alarms_hour", "detector", "subject", "network", "topic", "at", unique=True),
)  # fmt: skip

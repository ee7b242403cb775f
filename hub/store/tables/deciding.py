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
    Column("audience", Text, nullable=False, server_default="public"),  # what its author was to us when it was counted
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

rollups = Table(  # what alarms are raised by, spam apart; a post on two subjects or topics counts for both
    "rollups", metadata,
    Column("at", Integer, primary_key=True, autoincrement=False),  # when the hour begins, in hours since 1970
    Column("network", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("topic", Text, primary_key=True),  # "": whatever was said of the subject
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

talk = Table(  # what figures are read from: posts about ours, spam apart
    "talk", metadata,
    Column("hours", Integer, primary_key=True),  # how long the time is that it sums up: 1, a day of 24, a week of 168
    Column("audience", Text, primary_key=True),  # what the author is to us; "": everybody, the public has no rows
    Column("named", Integer, primary_key=True),  # 0: whatever posts name; 1: each that names this; 2: just these
    Column("at", Integer, primary_key=True),  # when the time begins, in hours since 1970; days and weeks are of UTC
    Column("network", Text, primary_key=True),
    Column("subjects", Text, primary_key=True),  # what is named: none, one, or two and more, as a JSON array in order
    Column("posts", Number, nullable=False),  # without reshares, as all sums below
    Column("reshares", Number, nullable=False),
    Column("positive", Number, nullable=False),
    Column("negative", Number, nullable=False),
    Column("counted", Number, nullable=False),  # posts whose reactions are known, and these
    Column("likes", Number, nullable=False),
    Column("shares", Number, nullable=False),
    Column("replies", Number, nullable=False),
    Column("quotes", Number, nullable=False),
    Column("viewed", Number, nullable=False),  # posts whose views are known, these, and the reactions to them
    Column("views", Number, nullable=False),
    Column("viewed_engagement", Number, nullable=False),
    Column("viewed_shares", Number, nullable=False),
    Column("followed", Number, nullable=False),  # posts whose author's followers are known, these, and the reactions
    Column("followers", Number, nullable=False),
    Column("followed_engagement", Number, nullable=False),
    Column("followed_shares", Number, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

themes = Table(  # the same posts, reshares apart, by intent and by topic; a post on two topics counts for both
    "themes", metadata,
    Column("hours", Integer, primary_key=True),
    Column("dimension", Text, primary_key=True),  # intent, topic
    Column("named", Integer, primary_key=True),
    Column("at", Integer, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("subjects", Text, primary_key=True),
    Column("theme", Text, primary_key=True),
    Column("posts", Number, nullable=False),
    Column("positive", Number, nullable=False),
    Column("negative", Number, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

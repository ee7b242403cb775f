"""What networks say: watches, batches, posts, authors, and what is left of the deleted."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, UniqueConstraint

from hub.store.schema import Number, Plain, Utc, metadata

watches = Table(
    "watches", metadata,
    Column("key", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("subject", Text),
    Column("team", Text),
    Column("started_at", Utc, nullable=False),  # first seen: what is older is history, not work
    Column("cursor", Plain, nullable=False),
    Column("read_at", Utc),  # the cursor was last moved
    Column("polled_at", Utc),  # a run of it last ended well
    Column("posted_at", Utc),  # when the newest post it brought was published
    Column("failures", Integer, nullable=False),  # runs in a row
    Column("problem", Text),
    Column("sentence", Text),
    Column("paused_until", Utc),
    Column("fence", Integer, nullable=False, server_default="0"),  # grows with each reader
    Column("reader", Text),  # the run that reads it now
    Column("lease_until", Utc),
)  # fmt: skip

batches = Table(
    "batches", metadata,
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("network", Text, nullable=False),
    Column("watch", Text, nullable=False),
    Column("run", Text, nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("landed_at", Utc, nullable=False),
    Column("first", Boolean, nullable=False),
    Column("cursor_before", Plain, nullable=False),  # where to read it again, should its file be damaged
    Column("state", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", Utc),
    Column("known", Integer, nullable=False),  # known and skipped records leave no rows: counted here
    Column("skipped", Integer, nullable=False),
    Column("triage_run", Text, index=True),
    Column("done_at", Utc),
    Column("reason", Text),
    Column("detail", Text),
    UniqueConstraint("watch", "digest"),
    Index("ix_batches_waiting", "id"),
    Index("ix_batches_damaged", "id"),
)  # fmt: skip

repeats = Table(  # batches that were fetched again unchanged: read, and known to the last record
    "repeats", metadata,
    Column("run", Text, primary_key=True),
    Column("watch", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("records", Integer, nullable=False),
)  # fmt: skip

authors = Table(
    "authors", metadata,
    Column("key", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("followers", Number),
    Column("body", Text, nullable=False),
    Column("seen_at", Utc, nullable=False),
)  # fmt: skip

posts = Table(
    "posts", metadata,
    Column("id", Number, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("network", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("lang", Text),
    Column("published_at", Utc, nullable=False),
    Column("collected_at", Utc, nullable=False),
    Column("thread", Text),
    Column("likes", Number),
    Column("shares", Number),
    Column("replies", Number),
    Column("views", Number),
    Column("batch", Number),  # that brought it first
    Column("state", Text, nullable=False),  # pending, handed_off, set_aside, quarantined
    Column("reason", Text),
    Column("body", Text, nullable=False),
    Column("checked_at", Utc),  # last read again; NULL: not since it was collected
    Column("gone", Text),  # why its content is not kept any more
    Index("ix_posts_author", "author", "published_at"),  # read in this order
    Index("ix_posts_standing", "batch", "state", "reason"),
    Index("ix_posts_thread", "thread"),
    Index("ix_posts_published", "published_at", "id", "reason"),  # in the order in which posts are shown
)  # fmt: skip

edits = Table(
    "edits", metadata,
    Column("id", Number, primary_key=True),
    Column("post", Text, nullable=False, index=True),
    Column("title", Text),
    Column("text", Text, nullable=False),
    Column("replaced_at", Utc, nullable=False),
)  # fmt: skip

engagement = Table(  # counts that newer ones took the place of; the latest are in posts
    "engagement", metadata,
    Column("id", Number, primary_key=True),
    Column("post", Text, nullable=False, index=True),
    Column("counted_at", Utc, nullable=False),
    Column("likes", Number),
    Column("shares", Number),
    Column("replies", Number),
    Column("quotes", Number),
    Column("views", Number),
)  # fmt: skip

tombstones = Table(
    "tombstones", metadata,
    Column("key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Utc, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

measurements = Table(
    "measurements", metadata,
    Column("id", Number, primary_key=True),
    Column("network", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("post", Text, nullable=False),  # native id; empty: of the account as a whole
    Column("name", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("value", Float),
    Index("ix_measurements_name", "name", "post", "at"),
    Index("uq_measurements_series", "network", "account", "post", "name", "period", "at", unique=True),
)  # fmt: skip

observed = Table(  # stretches of time that a watch has seen without a gap
    "observed", metadata,
    Column("id", Number, primary_key=True),
    Column("watch", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc, nullable=False),
    Index("ix_observed_watch_until", "watch", "until"),
)  # fmt: skip

quota_stops = Table(  # stretches in which a watch was behind since a quota was spent
    "quota_stops", metadata,
    Column("watch", Text, primary_key=True),
    Column("since", Utc, primary_key=True),  # its last good read before
    Column("network", Text, nullable=False),
    Column("until", Utc, nullable=False),  # its next one; while there is none, its last try
    sqlite_with_rowid=False,
)  # fmt: skip

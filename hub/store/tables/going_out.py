"""Work for people, its way to destinations, and the state of these."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, UniqueConstraint, false

from hub.store.schema import Number, Plain, Utc, metadata

handoffs = Table(
    "handoffs", metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("post", Text, nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("classifier", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("run", Text, nullable=False),
    Column("created_at", Utc, nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("network", Text, nullable=False, server_default=""),
    Column("visibility", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False, server_default=""),  # that its post names first
    Column("thing", Text, nullable=False, server_default=""),  # the external id of its key
    Column("begins", Boolean, nullable=False, server_default=false()),  # the first of its kind and key
    Index("ix_handoffs_author", "author", "kind", "key", "created_at", "id"),  # what each had, without the rows
    Index("ix_handoffs_thing", "kind", "key"),
    Index(  # of those that begin a thing: it answers what is counted without the rows
        "ix_handoffs_begun", "kind", "created_at", "network", "visibility", "team", "route", "subject", "thing",
        "begins",  # always true: without it SQLite would look each row up
    ),
    Index("ix_handoffs_run", "run", "created_at"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("id", Number, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),  # the exact JSON; never rendered again for this version
    Column("digest", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("parent", Text),
    Column("handoff", Text, nullable=False, index=True),
    Column("authority", Plain, nullable=False),  # of fields that are not ours alone
    Column("known_as", Plain, nullable=False, server_default="[]"),  # by what the same person may be known there
    Column("mapping", Text, nullable=False),
    Column("post", Text),
    Column("author", Text),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("worker", Text),
    Column("created_at", Utc, nullable=False),
    Column("not_before", Utc),
    Column("claimed_at", Utc),
    Column("lease_until", Utc),
    Column("settled_at", Utc),
    Column("outcome", Text),
    Column("object_id", Text),
    Column("url", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("parent_misses", Integer, nullable=False),
    Column("looks", Integer, nullable=False),  # look-ups in a row that did not end the doubt
    Column("job", Text),  # of the destination, that it was handed to
    UniqueConstraint("destination", "external_id", "object", "version"),
    Index("ix_outbox_state", "destination", "state", "id"),
    Index("ix_outbox_lane", "destination", "lane", "id"),
    Index("ix_outbox_object", "destination", "object_id"),
)  # fmt: skip

circuits = Table(
    "circuits", metadata,
    Column("name", Text, primary_key=True),
    Column("open_until", Utc),
    Column("reason", Text),
    Column("failures", Integer, nullable=False),
    Column("changed_at", Utc, nullable=False),
)  # fmt: skip

incidents = Table(
    "incidents", metadata,
    Column("key", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("last_at", Utc, nullable=False),
    Column("resolved_at", Utc),
    Column("resolved_by", Text),
    Column("reopened_at", Utc),
    Column("subjects", Plain),
    Column("acknowledged_at", Utc),
    Column("acknowledged_by", Text),
    Column("verdict", Text),
    Column("verdict_by", Text),
    Column("muted_until", Utc),
    Column("muted_by", Text),
    Column("changes", Integer, nullable=False, server_default="0"),  # besides growing
    Column("told", Integer, nullable=False, server_default="0"),  # how many of these its message shows
    Column("told_at", Utc),
)  # fmt: skip

presses = Table(
    "presses", metadata,
    Column("id", Text, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("done_at", Utc),
    Column("outcome", Text),
    UniqueConstraint("destination", "envelope"),
    Index("ix_presses_waiting", "destination", "done_at"),
)  # fmt: skip

"""What is counted of the flow itself: how long it takes, when posts arrive, how much of them was forecast."""

from sqlalchemy import Column, Float, Integer, Table, Text

from hub.store.schema import Utc, metadata

latencies = Table(  # a histogram for each hour; which bucket holds which time: hub/store/latencies.py
    "latencies", metadata,
    Column("hour", Utc, primary_key=True),  # in which the segment ended
    Column("network", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

latency_days = Table(  # the same for each day in UTC
    "latency_days", metadata,
    Column("day", Utc, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

arrivals = Table(  # posts by the watch that brought them first
    "arrivals", metadata,
    Column("hour", Utc, primary_key=True),  # of publication
    Column("watch", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("posts", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

forecasts = Table(  # as they were made: a row is never changed
    "forecasts", metadata,
    Column("series", Text, primary_key=True),  # contact_load, mentions
    Column("day", Utc, primary_key=True),  # where it begins at the organisation's place
    Column("made_at", Utc, primary_key=True),
    Column("network", Text, primary_key=True),
    Column("visibility", Text, primary_key=True),  # "" of mentions
    Column("subject", Text, primary_key=True),  # "" of contact load
    Column("method", Text, nullable=False),
    Column("expected", Float, nullable=False),
    Column("low", Float, nullable=False),  # in 95 of 100 cases it is between these two
    Column("high", Float, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

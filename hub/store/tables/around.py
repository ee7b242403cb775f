"""What the machinery itself remembers: runs, checks, audit, look-ups, budgets, tokens, the ledger's sums."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from hub.store.schema import Number, Plain, Utc, metadata

runs = Table(
    "runs", metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", Utc, nullable=False, index=True),
    Column("finished_at", Utc),
    Column("status", Text, nullable=False),
    Column("detail", Plain, nullable=False),
)  # fmt: skip

expectations = Table(
    "expectations", metadata,
    Column("id", Number, primary_key=True),
    Column("run", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("success", Boolean, nullable=False),
    Column("statistics", Plain, nullable=False),
    Column("failures", Plain, nullable=False),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("id", Number, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Text),  # digests, never the things themselves
    Column("after", Text),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)  # fmt: skip

memory = Table(
    "memory", metadata,
    Column("key", Text, primary_key=True),
    Column("value", Plain, nullable=False),
    Column("kept_until", Utc),
)  # fmt: skip

budget_uses = Table(
    "budget_uses", metadata,
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("cost", Integer, nullable=False),
    Index("ix_budget_uses_window", "name", "at"),
    Index("ix_budget_uses_at", "at", "name", "cost"),
)  # fmt: skip

tokens = Table(
    "tokens", metadata,
    Column("connection", Text, primary_key=True),
    Column("secret", Text),  # encrypted; NULL before the first fetch
    Column("stale", Boolean, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", Text),
    Column("lease_until", Utc),
    Column("changed_at", Utc, nullable=False),
)  # fmt: skip

reports = Table(
    "reports", metadata,
    Column("name", Text, primary_key=True),
    Column("since", Utc, primary_key=True),
    Column("until", Utc, primary_key=True),
    Column("title", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("digest", Text, nullable=False, index=True),  # of the file that holds it
    Column("partial", Boolean, nullable=False),
    Column("made_at", Utc, nullable=False),
    Index("ix_reports_until", "until"),
)  # fmt: skip

export_marks = Table(  # days of a network whose rows in the export are out of date; triggers set them
    "export_marks", metadata,
    Column("id", Number, primary_key=True),
    Column("area", Text, nullable=False),  # talk, work, seen, event
    Column("network", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Index("uq_export_marks_day", "area", "network", "day", "epoch", unique=True),
)  # fmt: skip

sums = Table(  # what the ledger adds up; see hub/store/sums.py
    "sums", metadata,
    Column("network", Text, primary_key=True),
    Column("thing", Text, primary_key=True),  # posts, records, known, skipped, repeated, held
    Column("state", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("number", Number, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

"""What people corrected, and the models that learned from it."""

from sqlalchemy import Column, LargeBinary, Table, Text

from hub.store.schema import Number, Plain, Utc, metadata

corrections = Table(
    "corrections", metadata,
    Column("id", Number, primary_key=True),
    Column("post", Text, nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("found_by", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Utc, nullable=False),
)  # fmt: skip

models = Table(
    "models", metadata,
    Column("version", Text, primary_key=True),
    Column("made_at", Utc, nullable=False),
    Column("state", Text, nullable=False),  # candidate, running, retired
    Column("changed_at", Utc, nullable=False),
    Column("took_over_from", Text),
    Column("report", Plain, nullable=False),
    Column("file", LargeBinary, nullable=False),
)  # fmt: skip

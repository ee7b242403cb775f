"""Who is one person, and what each account is to us."""

from sqlalchemy import Boolean, Column, Float, Index, Table, Text

from hub.store.schema import Number, Plain, Utc, metadata

author_names = Table(  # by what accounts that may be one person's are found
    "author_names", metadata,
    Column("name", Text, primary_key=True),
    Column("author", Text, primary_key=True),
    Index("ix_author_names_author", "author"),
)  # fmt: skip

ties = Table(
    "ties", metadata,
    Column("id", Number, primary_key=True),
    Column("one", Text, nullable=False),  # the smaller of the two author keys
    Column("other", Text, nullable=False),
    Column("state", Text, nullable=False),  # merged, suggested, parted
    Column("confidence", Float, nullable=False),
    Column("evidence", Plain, nullable=False),
    Column("found_by", Text, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Utc),
    Index("uq_ties_pair", "one", "other", unique=True),
    Index("ix_ties_other", "other"),
    Index("ix_ties_state", "state", "confidence"),
)  # fmt: skip

standings = Table(
    "standings", metadata,
    Column("author", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("influence", Float, nullable=False),
    Column("parts", Plain, nullable=False),
    Column("audience", Text, nullable=False),
    Column("as_of", Utc, nullable=False),
    Index("ix_standings_influence", "network", "influence"),
    Index("ix_standings_audience", "audience", "network", "influence"),
)  # fmt: skip

lead_scores = Table(  # the last score of whoever said something that counts
    "lead_scores", metadata,
    Column("author", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("fit", Float, nullable=False),
    Column("behaviour", Float, nullable=False),
    Column("chance", Float),
    Column("found_by", Text, nullable=False),
    Column("as_of", Utc, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_lead_scores_behaviour", "behaviour"),
)  # fmt: skip

lead_outcomes = Table(
    "lead_outcomes", metadata,
    Column("lead", Text, primary_key=True),  # external id of the author's key
    Column("won", Boolean, nullable=False),
    Column("who", Text, nullable=False),  # told us
    Column("at", Utc, nullable=False),
)  # fmt: skip

"""Work is counted by what it is of; how long each part of the way takes; when posts arrive; what was forecast.

What handoffs are counted by is read once more from those that are there. How long things took before is not made up:
nobody can tell any more which posts were history when they came.
"""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MOMENT = sa.DateTime(timezone=True)
COUNTED_BY = ("network", "visibility", "subject", "thing")
AT_ONCE = 1000


def upgrade() -> None:
    """Make columns, index and tables; fill the columns."""
    for name in COUNTED_BY:
        op.add_column("handoffs", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("handoffs", sa.Column("begins", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill()
    op.create_index(
        "ix_handoffs_begun",
        "handoffs",
        ["kind", "created_at", "network", "visibility", "team", "route", "subject", "thing", "begins"],
        sqlite_where=sa.text("begins = 1"),
        postgresql_where=sa.text("begins"),
    )
    op.create_table(
        "latencies",
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("segment", sa.Text(), primary_key=True),
        sa.Column("bucket", sa.Integer(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "arrivals",
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("watch", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forecasts",
        sa.Column("series", sa.Text(), primary_key=True),
        sa.Column("day", MOMENT, primary_key=True),
        sa.Column("made_at", MOMENT, primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("visibility", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sqlite_with_rowid=False,
    )


def _fill() -> None:
    names = ("id", "kind", "key", "body", "begins", *COUNTED_BY)
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
    handoffs = sa.table("handoffs", *columns, sa.column("created_at", MOMENT))
    update = sa.update(handoffs).where(handoffs.c.id == sa.bindparam("the_id"))
    update = update.values({name: sa.bindparam(f"new_{name}") for name in ("begins", *COUNTED_BY)})
    connection, met = op.get_bind(), set[tuple[str, str]]()
    asked = sa.select(handoffs.c.id, handoffs.c.kind, handoffs.c.key, handoffs.c.created_at, handoffs.c.body)
    asked = asked.order_by(handoffs.c.created_at, handoffs.c.id).limit(AT_ONCE)
    last: tuple[datetime, str] | None = None
    while True:
        after = (
            sa.tuple_(handoffs.c.created_at, handoffs.c.id) > sa.tuple_(*map(sa.literal, last)) if last else sa.true()
        )
        rows = connection.execute(asked.where(after)).all()
        if not rows:
            return
        connection.execute(update, [_counted_by(row, met) for row in rows])
        last = rows[-1].created_at, rows[-1].id


def _counted_by(row: Any, met: set[tuple[str, str]]) -> dict[str, object]:
    """What this handoff is counted by; it begins its thing where none before it was of the same."""
    said = json.loads(row.body)
    thing = row.kind, row.key
    new = thing not in met
    met.add(thing)
    return {
        "the_id": row.id, "new_begins": new, "new_network": said["post"]["network"],
        "new_visibility": said["post"].get("visibility", "public"),
        "new_subject": next(iter(said["signal"].get("subjects", ())), ""),
        "new_thing": sha256(row.key.encode("utf-8", "surrogatepass")).hexdigest()[:32],
    }  # fmt: skip


def downgrade() -> None:
    """Drop them."""
    for table in ("forecasts", "arrivals", "latencies"):
        op.drop_table(table)
    op.drop_index("ix_handoffs_begun", "handoffs")
    for name in ("begins", *COUNTED_BY):
        op.drop_column("handoffs", name)

"""What changed is marked by the database itself: an export finds it whoever changed it, and reads no whole table.

A mark is a day of a network whose rows in the export are out of date. On SQLite one row marks however many changes,
until an export takes it (then its epoch is above 0). On PostgreSQL each transaction makes marks of its own (its number
is the epoch): one shared with another transaction might be taken while that one's changes cannot be seen yet.
"""

import re
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Marked(NamedTuple):
    """How rows of one table become marks. `r` is a row as it is now; `r.old_x` is what stood in x before an update."""

    table: str
    key: str
    columns: tuple[str, ...]
    watched: tuple[str, ...]  # an update of other columns changes nothing in the export
    source: str
    update: str = ""  # where it differs


POST = "SELECT 'talk', p.network, DAY(p.published_at), EPOCH FROM ROWS JOIN posts p ON {} = r.{}"
WORK = "SELECT 'work', NETWORK(h.post), DAY(h.created_at), EPOCH FROM ROWS JOIN handoffs h ON {} = r.{}"
SEEN = "SELECT 'seen', r.network, DAY(r.{0}), EPOCH FROM ROWS"
JOINED = f"{SEEN} WHERE r.since <> r.old_since"
EVENT = "SELECT 'event', '', DAY(r.{0}), EPOCH FROM ROWS"
STATE_OF_INCIDENT = ("severity", "count", "last_at", "resolved_at", "acknowledged_at", "verdict")
TABLES = (
    Marked(
        "posts", "id", ("network", "published_at"), ("body", "state", "reason", "gone"),
        "SELECT 'talk', r.network, DAY(r.published_at), EPOCH FROM ROWS",
    ),
    Marked("signals", "post", ("post",), ("body", "audience"), POST.format("p.key", "post")),
    Marked(
        "handoffs", "id", ("post", "created_at"), ("body", "team", "route"),
        "SELECT 'work', NETWORK(r.post), DAY(r.created_at), EPOCH FROM ROWS",
    ),
    Marked(
        "outbox", "id", ("handoff",), ("state", "outcome", "object_id", "url", "reason"), WORK.format("h.id", "handoff")
    ),
    Marked(
        "tombstones", "key", ("key",), ("reason",),
        " UNION ".join((
            POST.format("p.key", "key"), POST.format("p.author", "key"),
            WORK.format("h.post", "key"), WORK.format("h.author", "key"),
        )),
    ),
    Marked(  # from the first to the last of these days: a gap may have been closed
        "observed", "id", ("network", "since", "until"), ("since", "until"),
        " UNION ".join((SEEN.format("since"), SEEN.format("until"))),
        update=" UNION ".join((
            SEEN.format("old_until"), SEEN.format("until"), JOINED.format("old_since"), JOINED.format("since")
        )),
    ),
    Marked("incidents", "key", ("opened_at",), STATE_OF_INCIDENT, EVENT.format("opened_at")),
    Marked("measurements", "id", ("at",), ("value",), EVENT.format("at")),
    Marked("alarms", "id", ("at",), ("verdict", "incident"), EVENT.format("at")),
)  # fmt: skip
EVENTS = ("insert", "update", "delete")
BY_THE_HUB = {
    ("posts", "insert"),
    ("signals", "insert"),
}  # SQLite: such a trigger cost as much as the row and its indexes
INTO = "INSERT INTO export_marks (area, network, day, epoch)"


def upgrade() -> None:
    """Make the marks, and the triggers that set them; the first export reads everything anyway."""
    op.create_table(
        "export_marks",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
    )
    op.create_index("uq_export_marks_day", "export_marks", ["area", "network", "day", "epoch"], unique=True)
    lite = op.get_bind().dialect.name == "sqlite"
    for marked in TABLES:
        for event in EVENTS:
            if not lite:
                _in_postgresql(marked, event)
            elif (marked.table, event) not in BY_THE_HUB:
                _in_sqlite(marked, event)


def _in_sqlite(marked: Marked, event: str) -> None:
    """Row by row, in as few words as can be: it is paid for with every post."""
    source = _source(marked, event, day="substr({0}, 1, 10)", network="substr({0}, 1, instr({0}, ':') - 1)", epoch="0")
    source = re.sub(r"FROM ROWS JOIN (\w+ \w) ON", r"FROM \1 WHERE", source).replace("FROM ROWS", "")
    source = re.sub(r"\br\.old_(\w+)", r"OLD.\1", source)
    source = re.sub(r"\br\.(\w+)", rf"{'OLD' if event == 'delete' else 'NEW'}.\1", source)
    when = f"update OF {', '.join(marked.watched)}" if event == "update" else event
    # `INSERT OR IGNORE` would not do: an upsert that fires the trigger takes its own way with conflicts into it.
    marks = f"{INTO} SELECT * FROM ({source}) WHERE true ON CONFLICT DO NOTHING"  # noqa: S608  # our own words
    op.execute(f"CREATE TRIGGER export_{marked.table}_{event} AFTER {when} ON {marked.table} BEGIN {marks}; END")


def _in_postgresql(marked: Marked, event: str) -> None:
    """Statement by statement: a mark for each row would cost as much as the row."""
    names, tables = ", ".join(marked.columns), {"insert": ("NEW",), "delete": ("OLD",), "update": ("OLD", "NEW")}[event]
    rows = f"(SELECT {names} FROM {tables[-1]}_rows) r"  # noqa: S608  # our own words
    if event == "update":
        both = ", ".join(f"n.{name}, o.{name} AS old_{name}" for name in marked.columns)
        differs = " OR ".join(f"n.{name} IS DISTINCT FROM o.{name}" for name in marked.watched)
        joined = f"NEW_rows n JOIN OLD_rows o USING ({marked.key})"
        rows = f"(SELECT {both} FROM {joined} WHERE {differs}) r"  # noqa: S608  # our own words
    source = _source(
        marked, event, day="to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD')", network="split_part({}, ':', 1)",
        epoch="txid_current()",
    ).replace("ROWS", rows)  # fmt: skip
    name = f"export_{marked.table}_{event}"
    body = f"{INTO} SELECT DISTINCT * FROM ({source}) s ON CONFLICT DO NOTHING"  # noqa: S608  # our own words
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$")
    named = " ".join(f"{each} TABLE AS {each}_rows" for each in tables)
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event} ON {marked.table} REFERENCING {named} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _source(marked: Marked, event: str, *, day: str, network: str, epoch: str) -> str:
    """What becomes marks, in this database's words."""
    asked = (marked.update if event == "update" else "") or marked.source
    asked = re.sub(r"DAY\(([\w.]+)\)", lambda found: day.format(found[1]), asked)
    asked = re.sub(r"NETWORK\(([\w.]+)\)", lambda found: network.format(found[1]), asked)
    return asked.replace("EPOCH", epoch)


def downgrade() -> None:
    """Drop them; the export after that is a whole one."""
    lite = op.get_bind().dialect.name == "sqlite"
    for name, table in ((f"export_{each.table}_{event}", each.table) for each in TABLES for event in EVENTS):
        op.execute(f"DROP TRIGGER IF EXISTS {name}" if lite else f"DROP TRIGGER {name} ON {table}")
        if not lite:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("export_marks")

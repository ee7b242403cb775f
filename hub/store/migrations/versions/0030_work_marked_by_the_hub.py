"""On SQLite the hub itself marks the days of new work and of what is to be sent for it (docs/decisions/0175)."""

from alembic import op

revision = "0030"
down_revision = "0028"

INTO = "INSERT INTO export_marks (area, network, day, epoch)"
MARKED = (
    "SELECT * FROM (SELECT 'work', substr({0}.post, 1, instr({0}.post, ':') - 1), substr({0}.created_at, 1, 10), 0 {1})"
)
OF_ITSELF, OF_ITS_HANDOFF = ("NEW", ""), ("h", "FROM handoffs h WHERE h.id = NEW.handoff")


def upgrade() -> None:
    """Drop the triggers of new rows; PostgreSQL's, which fire once for a statement, stay."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER IF EXISTS export_handoffs_insert")
        op.execute("DROP TRIGGER IF EXISTS export_outbox_insert")


def downgrade() -> None:
    """Make them again."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, source in (("handoffs", OF_ITSELF), ("outbox", OF_ITS_HANDOFF)):
        marks = f"{INTO} {MARKED.format(*source)} WHERE true ON CONFLICT DO NOTHING"  # our own words
        op.execute(f"CREATE TRIGGER export_{table}_insert AFTER insert ON {table} BEGIN {marks}; END")

"""Fields say whose they are, and deliveries by what else their person is known."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A list of fields that people own becomes an authority for each of them."""
    op.alter_column("outbox", "only_if_blank", new_column_name="authority")
    op.add_column("outbox", sa.Column("known_as", sa.Text(), nullable=False, server_default="[]"))
    _say(lambda fields: dict.fromkeys(fields, "fill_blank"))


def downgrade() -> None:
    """Back to the list; what was appended or never overwritten is then left alone once it is set."""
    _say(lambda authority: [name for name, whose in authority.items() if whose != "overwrite"])
    op.drop_column("outbox", "known_as")
    op.alter_column("outbox", "authority", new_column_name="only_if_blank")


def _say(otherwise: Callable[[Any], Any]) -> None:
    """Write each of the few things that stand in the column in another way."""
    outbox = sa.table("outbox", sa.column("authority", sa.Text()))
    column = outbox.c.authority
    connection = op.get_bind()
    for (said,) in connection.execute(sa.select(column).distinct()).all():
        changed = json.dumps(otherwise(json.loads(said)))
        connection.execute(sa.update(outbox).where(column == said).values(authority=changed))

"""Sums of talk: a row for everybody, and others for those who are something to us: most readings pass these by."""

# ruff: noqa: S608  # the names are ours

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = (
    "posts", "reshares", "positive", "negative", "counted", "likes", "shares", "replies", "quotes", "viewed", "views",
    "viewed_engagement", "viewed_shares", "followed", "followers", "followed_engagement", "followed_shares",
)  # fmt: skip
THEME_SUMS = ("posts", "positive", "negative")
TALK = ("hours", "audience", "at", "network", "subjects")
THEMES = ("hours", "dimension", "at", "network", "subjects", "theme")
TALK_BEFORE = ("hours", "at", "network", "subjects", "audience")
THEMES_BEFORE = ("hours", "at", "network", "subjects", "dimension", "theme")


def upgrade() -> None:
    """Sum everybody up, and put first what is asked first."""
    alike, sums = ", ".join(name for name in TALK if name != "audience"), ", ".join(SUMS)
    summed = ", ".join(f"SUM({name})" for name in SUMS)
    _anew("talk", TALK, SUMS, [
        f"SELECT {alike}, '' AS audience, {summed} FROM before GROUP BY {alike}",
        f"SELECT {alike}, audience, {sums} FROM before WHERE audience <> 'public'",
    ], f"{alike}, audience, {sums}")  # fmt: skip
    _copied("themes", THEMES, THEME_SUMS)


def _copied(table: str, key: tuple[str, ...], sums: tuple[str, ...]) -> None:
    names = ", ".join((*key, *sums))
    _anew(table, key, sums, [f"SELECT {names} FROM before"], names)


def _anew(table: str, key: tuple[str, ...], sums: tuple[str, ...], filled_by: list[str], names: str) -> None:
    """The same table with its key in another order, filled from what it was `before`."""
    op.rename_table(table, "before")
    if op.get_bind().dialect.name != "sqlite":  # the name of a key is the schema's there
        op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_before")
    numbers = ("hours", "at")
    op.create_table(
        table,
        *(
            sa.Column(name, sa.Integer() if name in numbers else sa.Text(), primary_key=True, autoincrement=False)
            for name in key
        ),
        *(sa.Column(name, NUMBER, nullable=False) for name in sums),
        sqlite_with_rowid=False,
    )
    for select in filled_by:
        op.execute(f"INSERT INTO {table} ({names}) {select}")
    op.drop_table("before")


def downgrade() -> None:
    """The public has rows of its own again: what everybody said, less what the others did."""
    alike = ", ".join(name for name in TALK if name != "audience")
    rest = ", ".join(f"SUM(CASE WHEN audience = '' THEN {name} ELSE -{name} END)" for name in SUMS)
    some = " OR ".join(f"SUM(CASE WHEN audience = '' THEN {name} ELSE -{name} END) <> 0" for name in SUMS)
    sums = ", ".join(SUMS)
    _anew("talk", TALK_BEFORE, SUMS, [
        f"SELECT {alike}, 'public' AS audience, {rest} FROM before GROUP BY {alike} HAVING {some}",
        f"SELECT {alike}, audience, {sums} FROM before WHERE audience <> ''",
    ], f"{alike}, audience, {sums}")  # fmt: skip
    _copied("themes", THEMES_BEFORE, THEME_SUMS)

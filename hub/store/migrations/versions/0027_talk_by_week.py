"""Sums of talk by week, and apart from the sets of subjects: of whatever posts name, and of all that name a subject."""

# ruff: noqa: S608  # the names are ours

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = (
    "posts", "reshares", "positive", "negative", "counted", "likes", "shares", "replies", "quotes", "viewed", "views",
    "viewed_engagement", "viewed_shares", "followed", "followers", "followed_engagement", "followed_shares",
)  # fmt: skip
THEME_SUMS = ("posts", "positive", "negative")
TALK = ("hours", "audience", "named", "at", "network", "subjects")
THEMES = ("hours", "dimension", "named", "at", "network", "subjects", "theme")
TABLES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("talk", TALK, SUMS),
    ("themes", THEMES, THEME_SUMS),
)
WEEK = 168
MONDAY = f"(at - ((at - 96) % {WEEK} + {WEEK}) % {WEEK})"  # the first of 1970 was 96 hours after its beginning
ALONE = "SELECT subjects FROM names GROUP BY subjects HAVING COUNT(*) = 1"


def upgrade() -> None:
    """Sum up what is there: by each subject, whatever subjects, and then by week."""
    for table, key, sums in TABLES:
        _begin(table, key, sums)
        summed = [f"SUM({name})" for name in sums]
        alike = [name for name in key if name not in ("named", "subjects")]
        _fill(table, key, sums, {"named": "0", "subjects": "'[]'"}, "before", alike, summed)
        of_each = {"named": "1", "subjects": "names.one"}
        _fill(table, key, sums, of_each, "before JOIN names USING (subjects)", [*alike, "names.one"], summed)
        _fill(table, key, sums, {"named": "2"}, f"before WHERE subjects NOT IN ({ALONE})", [], list(sums))
        weekly = {"hours": str(WEEK), "at": MONDAY}
        same = [name for name in key if name not in weekly]
        _fill(table, key, sums, weekly, f"{table} WHERE hours = 24", [*same, MONDAY], summed)
        _end()


def downgrade() -> None:
    """What names just one subject is what names it, less what names others with it."""
    for table, key, sums in TABLES:
        before = tuple(name for name in key if name != "named")
        _begin(table, before, sums)
        finer = f"hours < {WEEK}"
        _fill(table, before, sums, {}, f"before WHERE named = 2 AND {finer}", [], sums)
        columns = ", ".join((*before, *sums))
        place = ["names.one" if name == "subjects" else name for name in before]
        less = ", ".join((*place, *(f"-{name}" for name in sums)))
        told = (
            f"(SELECT {columns} FROM before WHERE named = 1 AND {finer} UNION ALL "
            f"SELECT {less} FROM before JOIN names USING (subjects) WHERE named = 2 AND {finer}) AS told"
        )
        summed = [f"SUM({name})" for name in sums]
        _fill(table, before, sums, {}, told, before, summed, having=" OR ".join(f"{each} <> 0" for each in summed))
        _end()


def _begin(table: str, key: Sequence[str], sums: Sequence[str]) -> None:
    """An empty table beside what it was `before`, and beside the `names` of all sets of subjects in it."""
    op.rename_table(table, "before")
    if op.get_bind().dialect.name != "sqlite":  # the name of a key is the schema's there
        op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_before")
    numbers = ("hours", "named", "at")
    op.create_table(
        table,
        *(
            sa.Column(name, sa.Integer() if name in numbers else sa.Text(), primary_key=True, autoincrement=False)
            for name in key
        ),
        *(sa.Column(name, NUMBER, nullable=False) for name in sums),
        sqlite_with_rowid=False,
    )
    names = op.create_table(
        "names",
        sa.Column("subjects", sa.Text(), primary_key=True),
        sa.Column("one", sa.Text(), primary_key=True),  # as a row of one subject has it
    )
    rows = [
        {"subjects": subjects, "one": msgspec.json.encode([name]).decode()}
        for subjects in op.get_bind().execute(sa.text("SELECT DISTINCT subjects FROM before")).scalars()
        for name in msgspec.json.decode(subjects, type=list[str])
    ]
    if rows:
        op.bulk_insert(names, rows)


def _fill(
    table: str, key: Sequence[str], sums: Sequence[str], own: dict[str, str], source: str, alike: Sequence[str],
    numbers: Sequence[str], having: str = "",
) -> None:  # fmt: skip
    """Rows with keys as they were, but for those that are named; summed up over all that are `alike`."""
    columns, places = ", ".join((*key, *sums)), ", ".join((*(own.get(name, name) for name in key), *numbers))
    grouped = f" GROUP BY {', '.join(alike)}" if alike else ""
    kept = f" HAVING {having}" if having else ""
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {places} FROM {source}{grouped}{kept}")


def _end() -> None:
    op.drop_table("before")
    op.drop_table("names")

"""The invented store: as many of everything as planned, in agreement with itself, and the same each time."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import million
from benchmarks.inventing.plan import Size
from hub.settings import load_config
from hub.store import Store

UNTIL = datetime(2026, 3, 2, 12, tzinfo=UTC)
SMALL = Size(posts=2_000, until=UNTIL, days=10)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    million.build(folder, SMALL)
    return folder


def rows(folder: Path, statement: str) -> list[tuple]:
    connection = sqlite3.connect(folder / "hub.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_there_is_as_much_as_planned(made: Path) -> None:
    posts = rows(made, "SELECT count(*), count(DISTINCT network), min(published_at), max(published_at) FROM posts")
    handoffs = dict(rows(made, "SELECT kind, count(*) FROM handoffs GROUP BY kind"))

    assert posts[0][:2] == (2_000, 12)
    assert "2026-02-20 12:00" <= posts[0][2] < posts[0][3] < "2026-03-02 12:00"
    assert rows(made, "SELECT count(*) FROM authors")[0][0] == pytest.approx(SMALL.authors, rel=0.1)
    assert sum(handoffs.values()) == pytest.approx(SMALL.handoffs, rel=0.1)
    assert set(handoffs) == {"Lead", "Case", "Alert"}


@pytest.mark.parametrize(
    "table", ["engagement", "edits", "incidents", "alarms", "quarantine", "observed", "repeats", "lead_outcomes"]
)
def test_nothing_is_missing_that_a_page_shows(made: Path, table: str) -> None:
    assert rows(made, f"SELECT count(*) > 0 FROM {table}") == [(1,)]


def test_it_balances_and_its_sums_are_those_of_its_posts(made: Path) -> None:
    with Store.open(f"sqlite:///{made}/hub.db", clock=lambda: UNTIL) as store, store.read() as view:
        balance = view.ledger.balance()
        counted = sum(hour.posts for hour in view.rollups.hourly(SMALL.since, UNTIL))

        assert balance.balanced
        assert not view.ledger.unbalanced()
        assert min(balance.known, balance.quarantined, balance.handed_off, *balance.set_aside.values()) > 0
    told = "SELECT sum(json_array_length(body, '$.subjects')) FROM signals WHERE intent <> 'spam'"
    assert counted == rows(made, told)[0][0]


def test_it_brings_the_configuration_that_it_was_made_for(made: Path) -> None:
    config = load_config(made / "hub.yaml")

    kinds = sorted(subject.kind for subject in config.subjects)
    assert kinds == ["brand"] * 2 + ["competitor"] * 2 + ["employee"] + ["product"] * 3
    assert {watch.key for watch in config.watches} == {key for (key,) in rows(made, "SELECT key FROM watches")}


def test_the_same_size_makes_the_same_store(made: Path, tmp_path: Path) -> None:
    million.build(tmp_path, SMALL)

    for table in ("posts", "signals", "handoffs", "outbox", "quarantine", "standings", "lead_outcomes", "observed"):
        assert rows(tmp_path, f"SELECT * FROM {table}") == rows(made, f"SELECT * FROM {table}"), table


def test_one_that_is_kept_is_used_again_for_a_day(tmp_path: Path) -> None:
    now = UNTIL + timedelta(minutes=30)
    first = million.kept(300, days=3, folder=tmp_path, now=now)
    written = (first / "hub.db").stat().st_mtime_ns

    later = million.kept(300, days=3, folder=tmp_path, now=now + timedelta(hours=20))
    assert (later, (later / "hub.db").stat().st_mtime_ns) == (first, written)

    newer = million.kept(300, days=3, folder=tmp_path, now=now + timedelta(hours=30))
    assert newer != first
    assert not first.exists()

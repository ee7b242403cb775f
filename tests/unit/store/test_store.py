"""Opening, transactions, time, and trouble."""

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import HubError, SetupError, Unavailable
from hub.store import Standing, Store, View, engine, tables
from tests.unit.store.builders import START, WATCH, land, make_post

REPO = Path(__file__).resolve().parents[3]


def test_what_was_written_is_there_after_closing_and_opening(url, clock):
    with Store.open(url, clock=clock) as store, store.begin() as tx:
        tx.posts.save([make_post()])

    with Store.open(url, clock=clock) as store, store.read() as view:
        assert view.posts.get(make_post().key) == make_post()


def test_an_exception_takes_the_whole_transaction_back(store):
    def write_and_fail():
        with store.begin() as tx:
            tx.watches.register(WATCH)
            tx.posts.save([make_post()])
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    with store.read() as view:
        assert view.posts.get(make_post().key) is None
        assert view.watches.get(WATCH.key) is None


def test_writing_while_reading_is_refused(store):
    with store.read() as view, pytest.raises(RuntimeError, match="begin"):
        view.posts.save([make_post()])


def test_a_reader_sees_one_moment_however_long_it_takes(store):
    with store.read() as view:
        before = view.posts.known([make_post().key])
        with store.begin() as tx:
            tx.posts.save([make_post()])
        after = view.posts.known([make_post().key])

    assert before == after == set()


def test_times_come_back_in_utc_whatever_zone_they_came_in(store):
    tokyo = timezone(timedelta(hours=9))
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.watches.pause(WATCH.key, datetime(2025, 3, 2, 9, 30, tzinfo=tokyo), "A rest")

    with store.read() as view:
        found = view.watches.get(WATCH.key)

    assert found.paused_until == datetime(2025, 3, 2, 0, 30, tzinfo=START.tzinfo)
    assert found.paused_until.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(store):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        with pytest.raises((ValueError, sa.exc.StatementError), match="zone"):
            tx.watches.pause(WATCH.key, datetime(2025, 3, 2), "A rest")  # noqa: DTZ001


def test_all_rows_of_one_transaction_bear_its_time(store, clock):
    with store.begin() as tx:
        clock.forward(hours=1)
        tx.watches.register(WATCH)

    with store.read() as view:
        assert view.watches.get(WATCH.key).started_at == START


def test_a_writer_that_waits_in_vain_is_told_that_it_may_come_again(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    path = tmp_path / "hub.db"
    with Store.open(f"sqlite:///{path}", clock=clock) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match="another writer"), store.begin() as tx:
            tx.posts.save([make_post()])
        other.execute("ROLLBACK")
        other.close()
        with store.begin() as tx:  # and then it works
            assert tx.posts.save([make_post()]).new


def test_readers_do_not_wait_for_a_writer(store):
    land(store)
    with store.begin() as tx:
        tx.posts.save([make_post()])
        with store.read() as view:
            assert view.batches.pending() == 1


def test_a_file_that_is_no_database_is_a_set_up_error_naming_it(tmp_path):
    path = tmp_path / "hub.db"
    path.write_text("These are not the bytes of a database. " * 100)

    with pytest.raises(SetupError, match=r"hub\.db"):
        Store.open(f"sqlite:///{path}")


@pytest.mark.parametrize("wrong", ["mysql://x/y", "no url at all", "postgresql+nosuch://x/y"])
def test_a_url_that_cannot_be_a_store_is_a_set_up_error(wrong):
    with pytest.raises(SetupError):
        Store.open(wrong)


def test_a_server_that_is_not_there_is_unavailable_and_its_password_is_not_shown():
    with pytest.raises(Unavailable) as told:
        Store.open("postgresql+psycopg://hub:hush@127.0.0.1:1/hub")

    assert "hush" not in str(told.value)


def test_a_full_disk_is_a_set_up_error_and_leaves_nothing_half_done(lite):
    land(lite)
    with lite.read() as view:
        pages = view.connection.exec_driver_sql("PRAGMA page_count").scalar()
    event_pages = pages + 4

    def small(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={event_pages}")

    sa.event.listen(lite.engine, "connect", small)
    lite.engine.dispose()  # connections from now on find a disk with four pages left
    many = [make_post(number, text="x" * 5_000) for number in range(200)]
    with pytest.raises(SetupError, match="no space"), lite.begin() as tx:
        tx.posts.save(many)
    sa.event.remove(lite.engine, "connect", small)
    lite.engine.dispose()

    with lite.begin() as tx:
        assert tx.posts.known(post.key for post in many) == set()
        assert len(tx.posts.save(many).new) == 200


def test_an_error_never_shows_what_people_wrote(store):
    secret = "the canary sings"
    rows = [{**_bare_post(), "body": secret}, {**_bare_post(), "body": secret}]  # one key twice
    with pytest.raises(HubError) as told, store.begin() as tx:
        tx.connection.execute(sa.insert(tables.posts), rows)

    assert secret not in str(told.value)
    assert told.value.__cause__ is None


def _bare_post() -> dict[str, object]:
    return {
        "key": "k", "network": "n", "author": "a", "kind": "post", "published_at": START, "collected_at": START,
        "state": Standing("pending").state, "body": "",
    }  # fmt: skip


def test_importing_the_store_loads_nothing_heavy():
    told = _python(
        """
        import sys
        import hub.store
        heavy = {"alembic", "fsspec", "zstandard", "cryptography", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql",
                 "requests", "pandas"}
        print(sorted(heavy & set(sys.modules)))
        """
    )

    assert told == "[]"


def test_opening_a_fresh_or_an_up_to_date_store_does_not_load_alembic(tmp_path):
    told = _python(
        f"""
        import sys
        from hub.store import Store
        Store.open("sqlite:///{tmp_path / "hub.db"}").close()
        with Store.open("sqlite:///{tmp_path / "hub.db"}") as store, store.read() as view:
            view.batches.pending()
        print("alembic" in sys.modules)
        """
    )

    assert told == "False"


def _python(source: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(source)]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout.strip()


def test_what_an_account_has_to_do_with_is_found_by_the_account(lite: Store) -> None:
    """By kind, SQLite would walk through all cases and leads, for each batch that is triaged."""

    def look(view: View) -> None:
        view.histories.work(["x:account:1"])
        view.renown.cases(["x:account:1"])
        view.handoffs.talks(["x:account:1"])

    by_index = "SEARCH handoffs USING COVERING INDEX ix_handoffs_author (author=?)"
    by_row = by_index.replace("COVERING ", "")
    assert _searches(lite, look, "handoffs") == [by_index, by_index, by_row]


def test_own_words_are_read_in_order_and_nothing_is_sorted(lite: Store) -> None:
    steps = _searches(lite, lambda view: view.histories.own_words(["x:account:1"]), "posts", "TEMP B-TREE")

    assert steps == ["SEARCH posts USING INDEX ix_posts_author (author=?)"]


def test_what_was_said_in_a_thread_is_found_by_the_thread(lite: Store) -> None:
    """By reason, SQLite would walk through all that was ever set aside for it, for each batch that is triaged."""
    steps = _searches(lite, lambda view: view.posts.said_in(["x:thread:1"], reasons=["no_route", "spam"]), "posts")

    assert steps == ["SEARCH posts USING INDEX ix_posts_thread (thread=?)"]


def test_whether_a_conversation_has_a_case_is_found_by_its_key(lite: Store) -> None:
    """In an index by itself: it is asked for every post that is triaged."""
    steps = _searches(lite, lambda view: view.handoffs.existing("Case", ["case"]), "handoffs")

    assert steps == ["SEARCH handoffs USING COVERING INDEX ix_handoffs_thing (kind=? AND key=?)"]


def test_whether_posts_are_known_is_found_by_their_keys(lite: Store) -> None:
    steps = _searches(lite, lambda view: view.posts.known(["x:post:1"]), "posts", "json_each", "TEMP B-TREE")

    assert steps == [
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
        "SEARCH posts USING COVERING INDEX sqlite_autoindex_posts_1 (key=?)",
    ]


def _searches(store: Store, look: Callable[[View], object], table: str, *besides: str) -> list[str]:
    """How SQLite finds the rows of this table in what is asked, and which of these steps it takes besides."""
    asked: list[tuple[str, object]] = []
    sa.event.listen(
        store.engine, "before_cursor_execute", lambda _, __, text, given, *rest: asked.append((text, given))
    )
    with store.read() as view:
        look(view)
        over = [one for one in asked if f" {table} " in one[0].replace("\n", " ")]
        plans = [view.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given) for text, given in over]
        return [row.detail for plan in plans for row in plan if any(word in row.detail for word in (table, *besides))]

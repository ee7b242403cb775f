"""The schema: migrations and tables say the same, and a killed migration leaves the old one."""

import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from hub.errors import SetupError
from hub.store import Store, migrate, tables
from hub.store.schema import VERSION_TABLE, metadata
from tests import forked


def test_the_newest_migration_is_the_version_that_is_asked_for():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_migrations_and_tables_say_the_same(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, metadata) == []


def test_every_column_that_may_be_empty_is_so_in_both(store):
    found = sa.inspect(store.engine)
    for name in tables.__all__:
        table = getattr(tables, name)
        in_database = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert {column.name: column.nullable for column in table.columns} == in_database, name


def test_a_killed_migration_leaves_the_old_schema_and_the_next_start_finishes_it(tmp_path):
    path = tmp_path / "hub.db"
    opening = f"from hub.store import Store; Store.open('sqlite:///{path}')"
    killed = forked.python(opening, HUB_FAULTPOINT="store.migrated:kill")
    assert killed.returncode == -signal.SIGKILL
    with sqlite3.connect(path) as left:
        assert left.execute("SELECT name FROM sqlite_master").fetchall() == []

    with Store.open(f"sqlite:///{path}") as store, store.read() as view:
        assert view.batches.pending() == 0


def test_a_fresh_file_is_to_the_letter_what_all_migrations_make(tmp_path):
    Store.open(f"sqlite:///{tmp_path / 'fresh.db'}").close()
    migrated = migrate.open_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with migrated.begin() as connection:
        migrate._migrate(connection)
    migrated.dispose()

    def dumped(name):
        with closing(sqlite3.connect(tmp_path / name)) as database:  # rows and triggers included
            return [[line.rstrip() for line in each.rstrip("; \n").split("\n")] for each in database.iterdump()]

    assert dumped("fresh.db") == dumped("migrated.db")


def test_a_file_half_way_through_the_versions_goes_on_from_there(tmp_path):
    path = tmp_path / "hub.db"
    old = migrate.open_engine(f"sqlite:///{path}")
    with old.begin() as connection:
        migrate._migrate(connection, to="0012")
    old.dispose()

    with Store.open(f"sqlite:///{path}") as store:
        assert migrate.current_version(store.engine) == migrate.HEAD


def test_several_starting_at_once_migrate_once(url):
    def start(_: int) -> int:
        with Store.open(url) as store, store.read() as view:
            return view.batches.pending()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [0, 0, 0, 0]


def test_a_store_of_a_newer_hub_is_refused(store):
    with store.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))

    with pytest.raises(SetupError, match="newer hub"):
        Store.open(store.engine.url.render_as_string(hide_password=False))


def test_the_way_back_leaves_nothing(tmp_path):
    from alembic import command
    from alembic.config import Config

    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        with store.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        assert sa.inspect(store.engine).get_table_names() == [VERSION_TABLE]


def test_talk_by_topic_is_summed_up_for_the_posts_that_are_there(url):
    from alembic import command
    from alembic.config import Config

    from hub.domain import Signal
    from tests.unit.store.builders import make_post

    said = (
        ("p1", ("Acme",), ("price", "safety"), "crisis", "negative"),
        ("p2", ("Acme", "Kaffa"), ("price",), "none", "neutral"),
        ("p3", (), ("price",), "none", "neutral"),
        ("p4", ("Acme",), ("price",), "spam", "neutral"),
    )
    with Store.open(url) as store:
        with store.begin() as tx:
            for key, subjects, topics, intent, sentiment in said:
                post = make_post(key=key, native_id=key)
                tx.posts.save([post])
                signal = Signal(
                    post=key, found_by="r@1", intent=intent, sentiment=sentiment, subjects=subjects, topics=topics
                )
                tx.signals.save([(post, signal)])

        def sums():
            with store.engine.connect() as connection:
                return sorted(map(tuple, connection.execute(sa.select(tables.rollups)).all()))

        kept = sums()
        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        with store.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0009")
        with store.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

        assert [row[2:] for row in kept] == [
            ("Acme", "", 2, 1, 1), ("Acme", "price", 2, 1, 1), ("Acme", "safety", 1, 1, 1), ("Kaffa", "", 1, 0, 0),
            ("Kaffa", "price", 1, 0, 0),
        ]  # fmt: skip
        assert sums() == kept


def test_the_past_that_alarms_are_raised_by_is_added_up_and_can_go_back(url):
    from alembic import command
    from alembic.config import Config

    old = """INSERT INTO rollups (hour, network, subject, intent, sentiment, relevant, posts) VALUES
        ('2025-03-01 11:00:00.000000', 'x', 'Acme', 'crisis', 'negative', {true}, 2),
        ('2025-03-01 11:00:00.000000', 'x', 'Acme', 'none', 'negative', {false}, 3),
        ('2025-03-01 11:00:00.000000', 'x', 'Acme', 'none', 'positive', {true}, 5),
        ('2025-03-01 11:00:00.000000', 'x', 'Acme', 'spam', 'negative', {true}, 70),
        ('2025-03-01 11:00:00.000000', 'x', '', 'none', 'neutral', {true}, 90),
        ('2025-03-01 10:00:00.000000', 'y', 'Kaffa', 'none', 'neutral', {true}, 1)"""
    by_topic = """INSERT INTO topic_rollups (hour, network, subject, topic, posts, negative, crisis) VALUES
        ('2025-03-01 11:00:00.000000', 'x', 'Acme', 'price', 4, 2, 1)"""
    now = [(10, "y", "Kaffa", "", 1, 0, 0), (11, "x", "Acme", "", 10, 5, 2), (11, "x", "Acme", "price", 4, 2, 1)]
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    with Store.open(url) as store:
        true, false = ("1", "0") if store.engine.dialect.name == "sqlite" else ("TRUE", "FALSE")

        def move(step, revision, *then):
            with store.engine.begin() as connection:
                if store.engine.dialect.name != "sqlite":
                    connection.execute(sa.text("SET TIME ZONE 'UTC'"))
                config.attributes["connection"] = connection
                step(config, revision)
                for statement in then:
                    connection.execute(sa.text(statement))

        def sums():
            with store.read() as view:
                return [
                    (one.hour.hour, one.network, one.subject, one.topic, one.posts, one.negative, one.crisis)
                    for day in [datetime(2025, 3, 1, tzinfo=UTC)]
                    for one in sorted(
                        [
                            *view.rollups.hourly(day, day + timedelta(days=1)),
                            *view.rollups.by_topic(day, day + timedelta(days=1), least=1, since=day),
                        ],
                        key=lambda one: (one.hour, one.topic),
                    )
                ]

        move(command.downgrade, "0024", old.format(true=true, false=false), by_topic)
        move(command.upgrade, "head")
        assert sums() == now
        move(command.downgrade, "0024")
        with store.engine.connect() as connection:
            counted = connection.execute(sa.text(
                "SELECT subject, sum(posts), sum(CASE WHEN sentiment = 'negative' THEN posts ELSE 0 END), "
                "sum(CASE WHEN intent = 'crisis' THEN posts ELSE 0 END) FROM rollups GROUP BY subject ORDER BY subject"
            )).all()  # fmt: skip
        assert [tuple(map(int, row[1:])) for row in counted] == [(10, 5, 2), (1, 0, 0)]
        move(command.upgrade, "head")
        assert sums() == now


def test_lists_of_fields_that_people_own_become_an_authority_for_each(url):
    from alembic import command
    from alembic.config import Config

    from tests.unit.store.builders import make_draft

    with Store.open(url) as store:
        with store.begin() as tx:
            tx.outbox.intend([
                make_draft(external_id="a", authority={"Company": "fill_blank", "Rating": "never"}),
                make_draft(external_id="b", lane="another"),
            ])  # fmt: skip

        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        for step, revision in ((command.downgrade, "0012"), (command.upgrade, "head")):
            with store.engine.begin() as connection:
                config.attributes["connection"] = connection
                step(config, revision)
        with store.begin() as tx:
            claimed = {one.external_id: one for one in tx.outbox.claim(make_draft().destination, "w")}

        assert claimed["a"].authority == {"Company": "fill_blank", "Rating": "fill_blank"}
        assert (claimed["b"].authority, claimed["b"].known_as) == ({}, ())

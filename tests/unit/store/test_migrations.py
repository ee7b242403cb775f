"""The schema: migrations and tables say the same, and a killed migration leaves the old one."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import SetupError
from hub.store import Store, migrate, tables
from hub.store.schema import VERSION_TABLE, metadata

REPO = Path(__file__).resolve().parents[3]


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
    killed = subprocess.run(
        [sys.executable, "-c", opening],
        cwd=REPO,
        env={**os.environ, "HUB_FAULTPOINT": "store.migrated:kill"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    with sqlite3.connect(path) as left:
        assert left.execute("SELECT name FROM sqlite_master").fetchall() == []

    with Store.open(f"sqlite:///{path}") as store, store.read() as view:
        assert view.batches.pending() == 0


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
                return sorted(map(tuple, connection.execute(sa.select(tables.topic_rollups)).all()))

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
            ("Acme", "price", 2, 1, 1), ("Acme", "safety", 1, 1, 1), ("Kaffa", "price", 1, 0, 0),
        ]  # fmt: skip
        assert sums() == kept


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

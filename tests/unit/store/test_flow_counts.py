"""Work is counted by the thing it is about: once, however many posts add to it."""

from datetime import timedelta

import sqlalchemy as sa

from hub.store import Store, migrate, tables
from tests.unit.store.builders import START, make_handoff, make_post

HOUR = timedelta(hours=1)


def counted(store, kind="Lead", since=START - HOUR, until=START + HOUR):
    with store.read() as view:
        return view.handoffs.begun(kind, since, until)


def leads(store, *numbers, **changes):
    """One lead for each of these posts, all of one author."""
    posts = [make_post(number, **changes) for number in numbers]
    with store.begin() as tx:
        tx.handoffs.save([make_handoff(post, kind="Lead", key=post.author.key) for post in posts])


def test_who_writes_again_is_one_lead(store):
    leads(store, 1, 2)
    leads(store, 3, visibility="private")

    [only] = counted(store)
    assert (only.count, only.network, only.visibility, only.route) == (1, "mastodon", "public", "help")
    assert (only.team, only.subject) == ("support", "Acme")


def test_what_a_change_of_rules_sends_elsewhere_is_counted_there(store):
    leads(store, 1)
    with store.begin() as tx:
        post = make_post(1)
        tx.handoffs.revise([make_handoff(post, kind="Lead", key=post.author.key, team="sales")])

    assert [one.team for one in counted(store)] == ["sales"]


def test_a_follow_up_begins_nothing(store):
    with store.begin() as tx:
        tx.handoffs.save([make_handoff(make_post(1)), make_handoff(make_post(2), first=False)])

    assert [one.count for one in counted(store, "Case")] == [1]
    assert counted(store, "Case", since=START + HOUR, until=START + 2 * HOUR) == []


def test_what_became_of_leads_is_told_with_their_age(store, clock):
    leads(store, 1)
    clock.forward(days=3)
    with store.begin() as tx:
        tx.leads.ended({make_post(1).author.key: True}, who="ana")

    with store.read() as view:
        [ended] = view.handoffs.ended(START - HOUR, START + HOUR)
    assert (ended.won, ended.age, ended.route) == (True, timedelta(days=3), "help")


def test_what_is_there_is_counted_by_the_migration_as_if_it_came_today(url):
    from alembic import command
    from alembic.config import Config

    with Store.open(url) as store:
        leads(store, 1, 2)
        with store.begin() as tx:
            tx.handoffs.save([make_handoff(make_post(4, visibility="private"), key="case:x")])

        def kept():
            columns = tables.handoffs.c
            asked = sa.select(columns.kind, columns.thing, columns.network, columns.visibility, columns.subject)
            with store.engine.connect() as connection:
                return sorted(map(tuple, connection.execute(asked.where(columns.begins))))

        before = kept()
        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        for step, revision in ((command.downgrade, "0015"), (command.upgrade, "head")):
            with store.engine.begin() as connection:
                config.attributes["connection"] = connection
                step(config, revision)

        assert len(before) == 2
        assert kept() == before


def test_counting_reads_the_index_alone(store):
    if store.engine.dialect.name != "sqlite":
        return
    statements: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counted(store)

    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[-1]}", ("Lead", "2025", "2026"))
        assert "COVERING INDEX ix_handoffs_begun (kind=? AND created_at>? AND created_at<?)" in str(plan.all())

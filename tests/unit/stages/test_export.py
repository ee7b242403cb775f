"""Export: after whatever was written, there lies what an export from scratch would write, and the store's sums."""

import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from shutil import copy
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.domain import Author, Engagement, Watch
from hub.errors import SetupError, Unavailable
from hub.stages.export import DATASETS, Export, Rules, Shelf
from hub.store import Mark, StandingOf, Store, tables
from tests import forked
from tests.unit.stages.exported import CONFIG, RULES, export, lies_in, rows_of
from tests.unit.store.builders import START, WATCH, created, make_draft, make_handoff, make_post, make_signal

HOUR = timedelta(hours=1)
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # to make a failure smaller takes minutes
PLACES = ("mastodon", "x", "linkedin")  # of the last one nothing but figures may be exported
NUMBERS = st.none() | st.integers(0, 5)
COUNTS = st.builds(Engagement, likes=NUMBERS, shares=NUMBERS, replies=NUMBERS, views=NUMBERS)
POSTS = st.tuples(st.sampled_from(PLACES), st.integers(1, 4))
AUTHORS = st.sampled_from(["ana", "ben"])
FACTS = st.fixed_dictionaries({
    "subjects": st.sampled_from([(), ("Acme",), ("Kaffa", "Acme")]),
    "intent": st.sampled_from(["none", "support", "spam"]),
    "sentiment": st.sampled_from(["positive", "negative"]),
})  # fmt: skip
WRITES = st.one_of(
    st.tuples(st.just("post"), POSTS, AUTHORS, st.sampled_from(["public", "private"]), COUNTS),
    st.tuples(st.just("post"), POSTS, AUTHORS, st.just("public"), COUNTS),
    st.tuples(st.just("edit"), POSTS, COUNTS),
    st.tuples(st.just("judge"), POSTS, FACTS),
    st.tuples(st.just("hand off"), POSTS),
    st.tuples(st.just("deliver")),
    st.tuples(st.just("empty"), POSTS),
    st.tuples(st.just("bury"), AUTHORS),
    st.tuples(st.just("rank"), AUTHORS, st.sampled_from(["public", "media"])),
    st.tuples(st.just("observe"), st.integers(0, 40)),
    st.tuples(st.just("incident"), st.integers(1, 9)),
    st.tuples(st.just("export")),
)


def key_of(at: tuple[str, int]) -> str:
    return f"{at[0]}:status:{at[1]}"


def author_of(name: str) -> Author:
    return Author(key=f"account:{name}", native_id=name, handle=f"@{name}", display_name=name.title(), followers=3)


def write(store: Store, what: tuple[Any, ...]) -> None:
    kind, *rest = what
    with store.begin() as tx:
        held = tx.posts.get(key_of(rest[0])) if kind in ("edit", "judge", "hand off", "empty") else None
        if kind == "post":
            at, author, visibility, counts = rest
            tx.posts.save([make_post(
                at[1], key=key_of(at), network=at[0], author=author_of(author), visibility=visibility,
                engagement=counts, published_at=START - at[1] * 7 * HOUR, url="https://social.test/1",
            )])  # fmt: skip
        elif kind == "edit" and held is not None and held.text:
            tx.posts.save([held.with_(text=f"{held.text}!", engagement=rest[1], collected_at=START + HOUR)])
        elif kind == "judge" and held is not None:
            tx.signals.save([(held, make_signal(held, **rest[1]))])
        elif kind == "hand off" and held is not None:
            (id,) = tx.handoffs.save([make_handoff(held)])
            tx.outbox.intend([make_draft(handoff=id, external_id=id, post=held.key, author=held.author.key)])
        elif kind == "deliver":
            for delivery in tx.outbox.claim("salesforce", "worker"):
                tx.outbox.settle(delivery, created(delivery))
        elif kind == "empty" and held is not None:
            tx.keeping.empty([held.key], "gone")
        elif kind == "bury":
            tx.tombstones.add([author_of(rest[0]).key], "erased")
        elif kind == "rank":
            tx.people.stand([StandingOf(
                author=author_of(rest[0]).key, network="x", influence=1.0, parts={}, audience=rest[1], as_of=START
            )])  # fmt: skip
        elif kind == "observe":
            tx.observed.saw(WATCH.key, "mastodon", since=START - rest[0] * HOUR, until=START - (rest[0] - 5) * HOUR)
        elif kind == "incident":
            tx.incidents.report("crisis", title="t", severity=rest[0], subjects=["Acme"])


def watched(store: Store) -> None:
    with store.begin() as tx:
        for network in PLACES:
            tx.watches.register(Watch(network=network, kind="hashtag", value="#acme"))


def scratch(store: Store, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What an export of the same store to an empty place writes."""
    file = folder / f"copy-{len(list(folder.iterdir()))}.db"
    with closing(sqlite3.connect(str(store.engine.url.database))) as whole, closing(sqlite3.connect(file)) as into:
        whole.backup(into)
    with Store.open(f"sqlite:///{file}", clock=store.now) as other:
        export(other, file.with_suffix(".d"))
    return lies_in(file.with_suffix(".d"))


@given(st.lists(WRITES, min_size=4, max_size=25))
@settings(max_examples=8, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_there_after_any_writes_is_what_a_whole_export_would_write(tmp_path_factory, migrated, clock, writes):
    folder = tmp_path_factory.mktemp("export")
    copy(migrated, folder / "hub.db")
    with Store.open(f"sqlite:///{folder / 'hub.db'}", clock=lambda: START) as store:
        watched(store)
        export(store, folder / "export")
        for what in writes:
            if what == ("export",):
                export(store, folder / "export")
            else:
                write(store, what)
        done = export(store, folder / "export")

        assert not done.full
        assert lies_in(folder / "export") == scratch(store, folder)
        assert_sums(store, folder / "export")


def assert_sums(store: Store, folder: Path) -> None:
    """Rows and sums are the store's, of what may be exported."""
    posts, tombs = tables.posts.c, tables.tombstones.c
    kept = sa.and_(
        posts.gone.is_(None), posts.network.in_(RULES.networks), posts.body.not_like('%"visibility":"private"%'),
        ~sa.exists().where(tombs.key.in_([posts.key, posts.author])),
    )  # fmt: skip
    with store.engine.connect() as connection:
        rows, likes = connection.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(posts.likes), 0)).where(kept)
        ).one()
        judged = connection.execute(
            sa.select(sa.func.count()).join_from(tables.signals, tables.posts, tables.signals.c.post == posts.key)
            .where(kept)
        ).scalar_one()  # fmt: skip
        mine = sa.or_(*(tables.handoffs.c.post.like(f"{network}:%") for network in RULES.networks))
        work = connection.execute(sa.select(sa.func.count()).select_from(tables.handoffs).where(mine)).scalar_one()
    exported = rows_of(folder, "posts")
    assert (len(exported), sum(row["likes"] or 0 for row in exported)) == (rows, likes)
    assert len(rows_of(folder, "signals")) == judged
    assert len(rows_of(folder, "handoffs")) == work
    latest = [row for row in rows_of(folder, "engagement") if row["latest"]]
    assert sum(row["likes"] or 0 for row in latest) == likes


@pytest.fixture
def some(store: Store) -> Store:
    """Two networks, two days, two authors, one of whom is handed off."""
    watched(store)
    for at in (("mastodon", 1), ("mastodon", 4), ("x", 1)):
        write(store, ("post", at, "ana" if at[1] == 1 else "ben", "public", Engagement(likes=at[1])))
        write(store, ("judge", at, {"subjects": ("Acme",), "sentiment": "negative"}))
    write(store, ("hand off", ("mastodon", 1)))
    write(store, ("deliver",))
    return store


def test_only_what_has_changed_is_written(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*/network=*/*/*.parquet")}
    assert len(before) == 11

    write(some, ("edit", ("mastodon", 4), Engagement(likes=9)))
    done = export(some, tmp_path)

    changed = {path.relative_to(tmp_path).as_posix() for path, at in before.items() if path.stat().st_mtime_ns != at}
    day = f"network=mastodon/day={START - 28 * HOUR:%Y-%m-%d}/part-0.parquet"
    assert changed == {f"{dataset}/{day}" for dataset in ("posts", "engagement", "signals")}
    assert done.rows["engagement"] == 2
    assert [row["likes"] for row in rows_of(tmp_path, "posts") if row["text"].endswith("!")] == [9]


def test_an_erased_person_is_gone_with_the_next_export(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)
    assert "account:ana" in everything(tmp_path)

    write(some, ("bury", "ana"))
    export(some, tmp_path)

    assert "account:ana" not in everything(tmp_path)
    assert "mastodon:status:1" not in everything(tmp_path)
    assert [(row["kind"], row["post"], row["thing"]) for row in rows_of(tmp_path, "handoffs")] == [("Case", None, None)]
    assert [(row["state"], row["url"], row["external_id"]) for row in rows_of(tmp_path, "deliveries")] == [
        ("done", None, None)
    ]
    assert not (tmp_path / "posts" / "network=x").exists()


def test_a_deleted_post_is_gone_and_what_was_counted_of_it_too(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)

    write(some, ("empty", ("mastodon", 1)))
    export(some, tmp_path)

    for dataset in ("posts", "engagement", "signals"):
        assert [row["post"] for row in rows_of(tmp_path, dataset)].count("mastodon:status:1") == 0


def test_nobody_is_named(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)

    assert "@ana" not in everything(tmp_path)
    assert "Ana" not in everything(tmp_path)


def test_private_messages_stay_unless_they_are_asked_for(some: Store, tmp_path: Path) -> None:
    write(some, ("post", ("mastodon", 2), "ben", "private", Engagement(likes=1)))
    write(some, ("edit", ("mastodon", 2), Engagement(likes=2)))
    write(some, ("judge", ("mastodon", 2), {"subjects": ("Acme",)}))
    write(some, ("hand off", ("mastodon", 2)))
    export(some, tmp_path)
    assert "mastodon:status:2" not in everything(tmp_path)

    done = export(some, tmp_path, rules=Rules(networks=RULES.networks, private=True))

    assert done.full
    assert [row["post"] for row in rows_of(tmp_path, "engagement")].count("mastodon:status:2") == 2
    assert "mastodon:status:2" in {row["post"] for row in rows_of(tmp_path, "handoffs")}


def test_a_network_that_allows_no_analysis_any_more_goes(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)

    done = export(some, tmp_path, rules=Rules(networks=("mastodon",)))

    assert (done.full, done.removed) == (True, 3)
    assert not (tmp_path / "posts" / "network=x").exists()
    assert {row["network"] for row in rows_of(tmp_path, "kpis")} == {None, *PLACES}


def test_figures_are_told_anew_where_the_organisation_has_changed(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)
    renamed = CONFIG.with_(subjects=CONFIG.subjects[:1])

    done = export(some, tmp_path, config=renamed)

    assert not done.full
    assert {row["subject"] for row in rows_of(tmp_path, "kpis")} == {None, "Acme"}


def test_another_place_gets_everything(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path / "one")

    assert export(some, tmp_path / "two").full
    assert lies_in(tmp_path / "one") == lies_in(tmp_path / "two")
    assert export(some, tmp_path / "one").full  # it was not told what changed meanwhile


def test_days_can_be_asked_for_again(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)
    wrong = next(tmp_path.glob("posts/network=x/*/*.parquet"))
    wrong.unlink()

    assert export(some, tmp_path).rows.get("posts") is None
    done = export(some, tmp_path, since=START.date())

    assert (done.full, wrong.exists(), done.rows["posts"]) == (False, True, 2)


@pytest.mark.parametrize("at", ["export.begun", "export.drafted:kill:2", "export.kept:kill:4", "export.told"])
def test_killed_anywhere_it_can_be_read_and_the_next_run_is_right(some: Store, tmp_path: Path, at: str) -> None:
    folder = tmp_path / "export"
    export(some, folder)
    write(some, ("edit", ("mastodon", 1), Engagement(likes=7)))
    write(some, ("edit", ("x", 1), Engagement(likes=7)))
    write(some, ("bury", "ben"))
    running = """
        import sys
        from hub.store import Store
        from tests.unit.stages.exported import export
        export(Store.open(sys.argv[1]), sys.argv[2])
    """
    killed = forked.python(running, str(some.engine.url), str(folder), HUB_FAULTPOINT=at if ":" in at else f"{at}:kill")

    assert killed.returncode == -signal.SIGKILL
    posts = f"SELECT count(*) FROM read_parquet('{folder}/posts/*/*/*.parquet', hive_partitioning = true)"
    assert duckdb.connect().execute(posts).fetchone() in ((2,), (3,))
    export(some, folder)
    assert {path: rows for path, rows in lies_in(folder).items() if not path.startswith("kpis")} == {
        path: rows for path, rows in scratch(some, tmp_path).items() if not path.startswith("kpis")
    }


def test_of_two_runs_at_once_the_newer_one_counts(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)
    write(some, ("edit", ("mastodon", 1), Engagement(likes=7)))
    overtaken = []

    def overtake(_: str) -> None:
        if not overtaken:
            overtaken.append(True)
            write(some, ("edit", ("mastodon", 1), Engagement(likes=8)))
            export(some, tmp_path)

    with pytest.raises(Unavailable, match="newer export"):
        Export(CONFIG, some, Shelf(str(tmp_path)), RULES, say=overtake).do()
    export(some, tmp_path)

    assert {row["likes"] for row in rows_of(tmp_path, "posts")} == {8, 4, 1}
    with some.read() as view:
        assert view.export_marks.taken() == {}


def test_what_an_overtaken_run_may_have_put_back_is_put_right(some: Store, tmp_path: Path) -> None:
    export(some, tmp_path)
    run = Export(CONFIG, some, Shelf(str(tmp_path)), RULES)
    run._touched = {Mark(area="talk", network="x", day="2025-03-01")}

    with pytest.raises(Unavailable):
        run._go_on()

    with some.read() as view:
        assert list(view.export_marks.taken().values()) == [Mark(area="talk", network="x", day="2025-03-01")]


def test_a_bucket_is_written_like_a_folder(some: Store, tmp_path: Path) -> None:
    import fsspec

    export(some, tmp_path / "one")
    export(some, "memory://analysts/export")
    files = fsspec.filesystem("memory")

    found = {path.removeprefix("/analysts/export/") for path in files.find("/analysts/export")}
    assert found == {path.relative_to(tmp_path / "one").as_posix() for path in (tmp_path / "one").rglob("*.*")}
    write(some, ("bury", "ana"))
    export(some, "memory://analysts/export")
    assert not [path for path in files.find("/analysts/export/posts") if "network=x" in path]
    files.rm("/analysts", recursive=True)


def test_a_place_that_cannot_be_reached_is_named_with_the_remedy(some: Store, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="install fsspec's package"):
        export(some, "nowhere://analysts")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SetupError, match="correct HUB_EXPORT"):
        export(some, tmp_path / "file")


def test_every_column_says_what_it_means(some: Store, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    export(some, tmp_path)

    for dataset in DATASETS:
        for file in (tmp_path / dataset.name).rglob("*.parquet"):
            schema = pq.read_schema(file)
            assert schema.metadata[b"comment"].decode() == dataset.meaning
            assert all(field.metadata[b"comment"] for field in schema)
    assert "| `published_at` | timestamp | UTC |" in (tmp_path / "README.md").read_text()


def everything(folder: Path) -> str:
    return repr(lies_in(folder))

"""Posts, authors, tombstones, signals and rollups."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.domain import Author, Engagement
from hub.store import Hour, Standing, Store
from tests.unit.store.builders import START, land, make_post, make_signal


def test_what_is_new_and_what_is_known_is_told_apart(store):
    with store.begin() as tx:
        first = tx.posts.save([make_post(1), make_post(2), make_post(2)])
        second = tx.posts.save([make_post(2), make_post(3)])

    assert (len(first.new), len(first.known), first.repeats) == (2, 0, 1)
    assert (second.new, second.known, second.changed) == ({make_post(3).key}, {make_post(2).key}, frozenset())


def test_a_post_comes_back_as_it_went_in(store):
    odd = make_post(text="Ärger \x00 \U0001f620 'quoted' {{ conn.x }}", tags=("acme",), edited_at=START, flags=("nul",))
    with store.begin() as tx:
        tx.posts.save([odd])

    with store.read() as view:
        assert view.posts.many([odd.key]) == {odd.key: odd}


def test_an_edited_post_keeps_what_it_used_to_say(store, clock):
    with store.begin() as tx:
        tx.posts.save([make_post(text="It works")])
    clock.forward(hours=1)
    with store.begin() as tx:
        saved = tx.posts.save([make_post(text="It broke")])

        assert saved.changed == {make_post().key}
        assert tx.posts.get(make_post().key).text == "It broke"
        [edit] = tx.posts.edits(make_post().key)
        assert (edit.text, edit.replaced_at) == ("It works", START + timedelta(hours=1))


def test_counts_are_snapshots_beside_the_latest(store):
    counts = [Engagement(likes=likes, counted_at=START + timedelta(hours=likes)) for likes in (1, 5, 5, 9)]
    with store.begin() as tx:
        for one in counts:
            tx.posts.save([make_post(engagement=one)])

        assert [one.likes for one in tx.posts.history(make_post().key)] == [1, 5, 9]
        assert tx.posts.edits(make_post().key) == []


def test_a_read_without_counts_does_not_take_the_counts_away(store):
    with store.begin() as tx:
        tx.posts.save([make_post(engagement=Engagement(likes=4))])
        tx.posts.save([make_post(engagement=Engagement())])

        assert tx.posts.get(make_post().key).engagement.likes == 4


def test_every_watch_that_saw_a_post_is_remembered_and_first_collection_stays(store):
    with store.begin() as tx:
        tx.posts.save([make_post(seen_by=("a",), collected_at=START)])
        tx.posts.save([make_post(seen_by=("b", "a"), collected_at=START + timedelta(days=1))])
        found = tx.posts.get(make_post().key)

    assert (found.seen_by, found.collected_at) == (("a", "b"), START)


def test_the_time_of_a_post_stays_whatever_a_later_reading_takes_it_for(store):
    entry = make_post(text="No time is told in this entry")  # so each reading takes it to be as old as it is asked for
    with store.begin() as tx:
        tx.posts.save([entry])
        saved = tx.posts.save([entry.with_(published_at=START + timedelta(days=1))])

        assert saved.changed == frozenset()
        assert tx.posts.get(entry.key).published_at == entry.published_at


def test_a_known_post_keeps_its_standing(store):
    key = make_post().key
    with store.begin() as tx:
        tx.posts.save([make_post()], standings={key: Standing("set_aside", "reshare")})
        tx.posts.save([make_post(text="edited")], standings={key: Standing("handed_off")})

        assert tx.posts.standings([key]) == {key: Standing("set_aside", "reshare")}


def test_a_post_without_a_standing_is_pending_until_it_is_moved(store):
    keys = [make_post(number).key for number in (1, 2, 3)]
    with store.begin() as tx:
        tx.posts.save([make_post(number) for number in (1, 2, 3)])
        moved = tx.posts.mark(
            {keys[0]: Standing("handed_off"), keys[1]: Standing("set_aside", "spam"), "no such": Standing("pending")}
        )

        assert moved == 2
        assert [tx.posts.standings(keys)[key].state for key in keys] == ["handed_off", "set_aside", "pending"]


def test_the_last_published_come_first_and_filters_narrow(store):
    bob = Author(key="mastodon:account:social.test/8", native_id="8")
    with store.begin() as tx:
        tx.posts.save([make_post(3), make_post(1, thread="t"), make_post(2, author=bob)])

        assert [post.native_id for post in tx.posts.recent()] == ["1", "2", "3"]
        assert [post.native_id for post in tx.posts.recent(author=bob.key)] == ["2"]
        assert [post.native_id for post in tx.posts.recent(thread="t")] == ["1"]
        assert [post.native_id for post in tx.posts.recent(before=START - timedelta(minutes=2))] == ["3"]
        assert tx.posts.recent(state="handed_off") == []
        assert tx.posts.threads_of([make_post(1).key, make_post(2).key]) == {make_post(1).key: "t"}


def test_an_author_is_kept_as_last_seen_and_posts_as_they_were(store):
    ana = make_post().author
    with store.begin() as tx:
        tx.posts.save([make_post()])
        saved = tx.posts.save([make_post(author=ana.with_(handle="ana2@social.test", followers=99))])

        assert saved.changed == frozenset()
        assert tx.authors.get(ana.key).followers == 99
        assert tx.posts.get(make_post().key).author == ana


def test_thousands_of_keys_are_one_question(store):
    posts = [make_post(number) for number in range(3_000)]
    with store.begin() as tx:
        tx.posts.save(posts)

    with store.read() as view:
        assert len(view.posts.known(post.key for post in posts)) == 3_000


def test_what_is_buried_stays_buried_for_its_first_reason(store):
    with store.begin() as tx:
        assert tx.tombstones.add({"a", "b"}, "erasure") == 2
        assert tx.tombstones.add(["b", "c"], "deleted") == 1

        assert tx.tombstones.dead(["a", "c", "d"]) == {"a", "c"}


@pytest.mark.parametrize("buried", [3, 12, 13, 60])
def test_of_many_keys_those_that_are_buried_are_found_whether_they_are_few_or_many(store, buried):
    keys = [f"x:post:{number:03}" for number in range(100)]
    with store.begin() as tx:
        tx.tombstones.add([*keys[:buried], *(f"other:{number}" for number in range(2))], "erasure")

        assert tx.tombstones.dead(keys) == set(keys[:buried])
        assert tx.tombstones.dead([]) == set()


def test_a_signal_comes_back_as_it_went_in_and_counts_in_its_hour(store):
    post = make_post()
    signal = make_signal(post, scores={"support": 0.9}, evidence=("rule:broken",), confidence=0.9)
    with store.begin() as tx:
        tx.signals.save([(post, signal)])

        assert tx.signals.of([post.key]) == {post.key: signal}
        assert tx.rollups.hourly(START - timedelta(hours=1), START) == [
            Hour(hour=START - timedelta(hours=1), network="mastodon", subject="Acme", posts=1, negative=0, crisis=0)
        ]


def test_the_same_signal_again_counts_once(store):
    post = make_post()
    with store.begin() as tx:
        for _ in range(3):
            tx.signals.save([(post, make_signal(post)), (post, make_signal(post))])

        assert sum(row.posts for row in tx.rollups.hourly(START - timedelta(days=1), START)) == 1
        assert tx.signals.earlier(post.key) == []


def test_a_corrected_signal_moves_in_the_rollups_and_the_old_one_is_kept(store):
    post = make_post()
    with store.begin() as tx:
        tx.signals.save([(post, make_signal(post))])
        tx.signals.save([(post, make_signal(post, found_by="person", intent="crisis", subjects=("Brewster", "Kaffa")))])
        rows = tx.rollups.hourly(START - timedelta(days=1), START)

        assert {row.subject: (row.posts, row.crisis) for row in rows} == {"Brewster": (1, 1), "Kaffa": (1, 1)}
        assert [old.intent for old in tx.signals.earlier(post.key)] == ["support"]
        assert tx.rollups.hourly(START - timedelta(days=1), START, subject="Acme") == []


def test_rollups_add_up_over_many_writes(store):
    land(store)
    posts = [make_post(number) for number in range(180)]
    for at in range(0, 180, 50):
        some = posts[at : at + 50]
        with store.begin() as tx:
            tx.signals.save([(post, make_signal(post)) for post in some])
            tx.signals.save([(posts[at], make_signal(posts[at], intent="spam", subjects=("Kaffa",)))])
            tx.signals.save([(posts[at], make_signal(posts[at]))])

    with store.read() as view:
        rows = view.rollups.hourly(START - timedelta(days=1), START + timedelta(days=1))
        assert {(row.network, row.subject) for row in rows} == {("mastodon", "Acme")}
        assert [row.posts for row in rows] == [59, 60, 60, 1]


@pytest.mark.parametrize("shown_first", [True, False])
def test_who_wrote_it_is_learnt_from_a_watch_that_shows_it_and_not_forgotten(store: Store, shown_first: bool) -> None:
    shown = make_post(1)
    nobody = shown.with_(author=Author(key="mastodon:account:of:1", native_id="of:1"))

    with store.begin() as tx:
        for post in (shown, nobody) if shown_first else (nobody, shown):
            tx.posts.save([post])
        kept = tx.posts.get(shown.key)

    assert kept is not None
    assert kept.author == shown.author


def test_posts_are_shown_in_the_order_of_an_index_whatever_is_asked(lite):
    asked: list[tuple[str, object]] = []
    sa.event.listen(lite.engine, "before_cursor_execute", lambda _, __, text, given, *rest: asked.append((text, given)))
    with lite.read() as view:
        view.posts.recent(5, network="x")
        view.posts.recent(5, before=START)
        view.posts.set_aside(5, reason="reshare")
        view.posts.set_aside(5, reason="reshare", before=START)
        over_posts = [one for one in asked if "FROM posts" in one[0]]
        plans = [view.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given) for text, given in over_posts]
        steps = [row.detail for plan in plans for row in plan]

    assert len(steps) == 4
    assert all("USING INDEX ix_posts_published" in step for step in steps)

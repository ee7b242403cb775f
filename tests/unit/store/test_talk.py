"""Talk: after whatever was written, the sums are what the posts come to."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise, product

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import Author, Engagement, Post, Signal
from hub.store import StandingOf, Store, Transaction, tables
from hub.store.lengths import begin_of, first_hour, hour_of, moment_of, ranges_of
from hub.store.tally import Sums
from tests.unit.store.builders import START, make_post, make_signal

HOUR = timedelta(hours=1)
NUMBERS = st.none() | st.integers(0, 5)
ENGAGEMENTS = st.builds(Engagement, likes=NUMBERS, shares=NUMBERS, replies=NUMBERS, quotes=NUMBERS, views=NUMBERS)
AUTHORS = st.sampled_from(["ana", "ben"])
POSTS = st.integers(1, 3)
FACTS = st.fixed_dictionaries({
    "subjects": st.sampled_from([(), ("Acme",), ("Kaffa", "Acme"), ("Kaffa",)]),
    "topics": st.sampled_from([(), ("price",), ("price", "price", "taste")]),
    "intent": st.sampled_from(["none", "support", "spam"]),
    "sentiment": st.sampled_from(["positive", "neutral", "negative"]),
    "relevant": st.sampled_from([True, True, False]),
})  # fmt: skip
WRITES = st.one_of(
    st.tuples(st.just("post"), POSTS, AUTHORS, st.sampled_from(["post", "share"]), NUMBERS, ENGAGEMENTS),
    st.tuples(st.just("count"), POSTS, ENGAGEMENTS),
    st.tuples(st.just("judge"), POSTS, FACTS),
    st.tuples(st.just("rank"), AUTHORS, st.sampled_from(["public", "influencer", "media"])),
)


def write(store: Store, what: tuple) -> None:
    with store.begin() as tx:
        put(tx, what)


def put(tx: Transaction, what: tuple) -> None:
    kind, *rest = what
    if kind == "post":
        number, author, sort, followers, counts = rest
        said = make_post(
            number, kind=sort, published_at=START - number * 7 * HOUR, engagement=counts,
            author=Author(key=f"mastodon:account:{author}", native_id=author, handle=author, followers=followers),
        )  # fmt: skip
        tx.posts.save([said])
    elif kind == "rank":
        author, audience = rest
        key = f"mastodon:account:{author}"
        tx.people.stand([
            StandingOf(author=key, network="mastodon", influence=1.0, parts={}, audience=audience, as_of=START)
        ])  # fmt: skip
    elif held := tx.posts.get(make_post(rest[0]).key):
        if kind == "count":
            tx.posts.save([held.with_(engagement=rest[1], collected_at=START + HOUR)])
        else:
            tx.signals.save([(held, make_signal(held, **rest[1]))])


def recounted(connection: sa.Connection) -> tuple[dict, dict]:
    """All sums, made anew of what is held."""
    talk: dict[tuple, Counter] = {}
    themes: dict[tuple, Counter] = {}
    joined = sa.select(tables.posts.c.body, tables.signals.c.body, tables.signals.c.audience).join_from(
        tables.posts, tables.signals, tables.signals.c.post == tables.posts.c.key
    )
    rows = connection.execute(joined).all()
    for body, found, audience in rows:
        post, signal = msgspec.json.decode(body, type=Post), msgspec.json.decode(found, type=Signal)
        if signal.intent == "spam" or not (signal.relevant and signal.subjects):
            continue
        names = sorted(signal.subjects)
        rows = [(0, []), *((1, [name]) for name in names), *([(2, names)] if len(names) > 1 else [])]
        hour = hour_of(post.published_at)
        counts, followers = post.engagement, post.author.followers
        kinds = {name: getattr(counts, name) or 0 for name in ("likes", "shares", "replies", "quotes")}
        engagement, passed = sum(kinds.values()), kinds["shares"] + kinds["quotes"]
        known = any(getattr(counts, name) is not None for name in kinds)
        sums = {"posts": 1, "counted": int(known), **kinds, signal.sentiment: 1}
        if counts.views is not None:
            sums |= {
                "viewed": 1, "views": counts.views, "viewed_engagement": engagement, "viewed_shares": passed
            }  # fmt: skip
        if followers is not None:
            sums |= {
                "followed": 1, "followers": followers, "followed_engagement": engagement, "followed_shares": passed
            }  # fmt: skip
        sums = {"reshares": 1} if post.kind == "share" else {name: n for name, n in sums.items() if name != "neutral"}
        about = {("intent", signal.intent), *(("topic", one) for one in signal.topics)}
        moment = moment_of(hour)
        monday = (moment - timedelta(days=moment.weekday())).replace(hour=0)
        lengths = ((1, hour), (24, hour - hour % 24), (168, hour_of(monday)))
        for (length, at), (named, some) in product(lengths, rows):
            subjects = msgspec.json.encode(some).decode()
            for each in {"", audience} - {"public"}:
                talk.setdefault((length, each, named, at, post.network, subjects), Counter()).update(sums)
            if post.kind != "share":
                for dimension, theme in about:
                    told = {name: sums.get(name, 0) for name in ("posts", "positive", "negative")}
                    where = (length, dimension, named, at, post.network, subjects, theme)
                    themes.setdefault(where, Counter()).update(told)
    return tuple({key: +each for key, each in some.items() if +each} for some in (talk, themes))


def kept(connection: sa.Connection) -> tuple[dict, dict]:
    """All sums as they are kept."""
    found = []
    for table, keys in ((tables.talk, 6), (tables.themes, 7)):
        sums = {}
        for row in connection.execute(sa.select(table)).all():
            names = table.columns.keys()[keys:]
            if counted := {name: n for name, n in zip(names, row[keys:], strict=True) if n}:
                sums[tuple(row[:keys])] = counted
        found.append(sums)
    return tuple(found)


@pytest.fixture(scope="module")
def empty():
    with Store.open("sqlite://", clock=lambda: START) as store:
        yield store


@settings(max_examples=60, deadline=None)
@given(writes=st.lists(WRITES, max_size=20))
def test_whatever_is_written_the_sums_are_what_the_posts_come_to(empty, writes):
    there = [("post", 1, "ana", "post", 3, Engagement(likes=1)), ("post", 2, "ben", "post", None, Engagement())]
    judged = [("judge", number, {"topics": ("price",)}) for number in (1, 2)]  # so that most writes change something
    with empty.rehearse() as tx:
        for what in [*there, *judged, *writes]:
            put(tx, what)
        assert kept(tx.connection) == recounted(tx.connection)


SAID = st.lists(st.tuples(FACTS, FACTS, st.sampled_from(["post", "share"]), NUMBERS, ENGAGEMENTS), max_size=8)


@settings(max_examples=60, deadline=None)
@given(said=SAID)
def test_posts_of_one_hour_that_are_judged_together_come_to_what_each_comes_to(empty, said):
    ana = Author(key="mastodon:account:ana", native_id="ana", handle="ana")
    posts = [
        make_post(number, kind=kind, published_at=START, engagement=counts, author=ana.with_(followers=followers))
        for number, (_, _, kind, followers, counts) in enumerate(said)
    ]
    with empty.rehearse() as tx:
        tx.posts.save(posts)
        for once in (0, 1):
            tx.signals.save([(post, make_signal(post, **each[once])) for post, each in zip(posts, said, strict=True)])
            assert kept(tx.connection) == recounted(tx.connection)


def test_the_sums_are_the_same_on_each_database_and_are_read_by_step(store):
    for number in range(1, 30):
        write(store, ("post", number, "ana", "post", 10, Engagement(likes=number, views=100)))
        write(store, ("judge", number, {"subjects": ("Acme", "Kaffa"), "sentiment": "positive", "topics": ("price",)}))
    write(store, ("rank", "ana", "media"))
    write(store, ("post", 30, "ben", "post", None, Engagement(likes=50)))
    write(store, ("judge", 30, {"subjects": ('"Ac,me', "Acme")}))
    edges = [START - timedelta(days=9), START - timedelta(days=4, hours=3), START + HOUR]

    with store.read() as view:
        whole = view.talk.said(edges)
        said = view.talk.said(edges, by_audience=True, by_subjects=True)
        named = [view.talk.said(edges, subject=name) for name in ("Kaffa", '"Ac,me', "me", "Ac%me", "kaffa")]
        about = view.talk.themed("topic", edges, network="mastodon")
        nothing = view.talk.said(edges, network="x")
        assert kept(view.connection) == recounted(view.connection)
    assert sorted((one.step, one.numbers[0], one.numbers[5]) for one in whole) == [
        (0, 16, sum(range(15, 30)) + 50), (1, 14, sum(range(1, 15))),
    ]  # fmt: skip
    both, odd = frozenset({"Acme", "Kaffa"}), frozenset({"Acme", '"Ac,me'})
    assert {(one.step, one.audience, one.subjects, one.numbers[0]) for one in said if one.audience} == {
        (0, "media", both, 15), (1, "media", both, 14), (0, "public", odd, 1),
    }  # fmt: skip
    assert [sum(row.numbers[0] for row in rows) for rows in named] == [29, 1, 0, 0, 0]
    assert sorted((one.step, one.theme, one.numbers) for one in about) == [
        (0, "price", (15, 0, 15, 0)), (1, "price", (14, 0, 14, 0)),
    ]  # fmt: skip
    assert nothing == []


def test_what_a_post_came_to_stays_when_its_content_goes_and_counts_once_when_it_comes_back(store):
    write(store, ("post", 1, "ana", "post", 10, Engagement(likes=4)))
    write(store, ("judge", 1, {}))
    with store.begin() as tx:
        tx.keeping.empty([make_post(1).key], "retention")
    assert total(store).likes == 4

    write(store, ("post", 1, "ana", "post", 10, Engagement(likes=4)))
    assert (total(store).likes, total(store).followers) == (4, 10)

    write(store, ("count", 1, Engagement(likes=6)))
    assert total(store).likes == 6


def sums(store: Store, told) -> tuple[dict, dict]:
    with store.read() as view:
        return told(view.connection)


def total(store: Store) -> Sums:
    with store.read() as view:
        return Sums.of(one.numbers for one in view.talk.said([START - timedelta(days=30), START + HOUR]))


def test_an_account_that_becomes_somebody_is_that_for_ninety_days_back(store):
    for number in (1, 400):  # seven hours ago, and a hundred days
        write(store, ("post", number, "ana", "post", 10, Engagement()))
        write(store, ("judge", number, {}))
    write(store, ("rank", "ana", "influencer"))
    write(store, ("post", 2, "ana", "post", 10, Engagement()))
    write(store, ("judge", 2, {}))

    with store.read() as view:
        said = view.talk.said([START - timedelta(days=200), START + HOUR], by_audience=True)
    assert {one.audience: one.numbers[0] for one in said} == {"": 3, "influencer": 2, "public": 1}


def test_sums_are_made_up_for_the_posts_that_are_there(url):
    from alembic import command
    from alembic.config import Config

    from hub.store import migrate

    with Store.open(url, clock=lambda: START) as store:
        for number in range(1, 6):
            counts = Engagement(likes=number, views=9)
            write(store, ("post", number, "ana", "share" if number == 5 else "post", 3, counts))
            write(store, ("judge", number, {"topics": ("price",), "sentiment": "negative"}))
        write(store, ("judge", 2, {"intent": "spam"}))
        write(store, ("rank", "ana", "analyst"))
        before, config = sums(store, kept), Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        for move, to in ((command.downgrade, "0015"), (command.upgrade, "head")):
            with store.engine.begin() as connection:
                config.attributes["connection"] = connection
                move(config, to)

        assert before == sums(store, recounted) != ({}, {})
        assert sums(store, kept) == before


@given(minutes=st.integers(0, 50_000), steps=st.lists(st.integers(0, 2_000), min_size=1))
def test_a_step_is_made_of_the_hours_that_begin_in_it_and_of_whole_days_and_weeks_where_it_can(minutes, steps):
    edges = [START + timedelta(minutes=minutes)]
    for step in steps:
        edges.append(edges[-1] + timedelta(minutes=20 * step))

    ranges = ranges_of(edges)

    for number, (since, until) in enumerate(pairwise(edges)):
        mine = [one for one in ranges if one[3] == number]
        hours: Counter[int] = Counter()
        for _, first, last, _, sign in mine:
            for hour in range(first, last):
                hours[hour] += sign
        assert {hour for hour, times in hours.items() if times} == set(range(first_hour(since), first_hour(until)))
        assert set(hours.values()) <= {0, 1}
        assert sum(last - first for length, first, last, *_ in mine if length == 1) <= 24
        assert sum(last - first for length, first, last, *_ in mine if length == 24) <= 7 * 24
        assert all(first % 24 == last % 24 == 0 for length, first, last, *_ in mine if length == 24)
        for length, *ends, _, _ in mine:
            assert length != 168 or {moment_of(end).strftime("%a %H") for end in ends} == {"Mon 00"}


@given(hour=st.integers(-500, 500_000))
def test_an_hour_lies_in_the_day_and_the_week_that_begin_at_midnight_in_utc(hour):
    moment = moment_of(hour)
    day = moment.replace(hour=0)

    assert moment_of(begin_of(24, hour)) == day
    assert moment_of(begin_of(168, hour)) == day - timedelta(days=moment.weekday())
    assert begin_of(1, hour) == hour


@pytest.mark.parametrize("by", [{"by_subject": True}, {"by_subjects": True}, {"subject": "Acme", "by_subjects": True}])
@settings(max_examples=20, deadline=None)
@given(writes=st.lists(WRITES, max_size=10))
def test_what_is_said_of_subjects_is_what_their_posts_come_to(empty, by, writes):
    sets = [(), ("Acme",), ("Kaffa", "Acme"), ("Kaffa",), ("Kaffa", "Brew One"), ("Acme", "Brew One", "Kaffa")]
    with empty.rehearse() as tx:
        for number, names in enumerate(sets, 1):
            put(tx, ("post", number, "ana", "post", 3, Engagement(likes=number)))
            put(tx, ("judge", number, {"subjects": names, "topics": ("price",)}))
        for what in writes:
            put(tx, what)
        posts = [
            (post, signal) for post, signal in held(tx.connection)
            if signal.relevant and signal.subjects and signal.intent != "spam"
        ]  # fmt: skip
        told = [one for one in posts if by.get("subject") in (None, *one[1].subjects)]
        expected, topics = Counter(), Counter()
        for post, signal in told:
            names = frozenset(signal.subjects)
            for some in {frozenset({name}) for name in names} if "by_subject" in by else {names}:
                expected[some] += post.kind != "share"
                topics[some] += post.kind != "share" and "price" in signal.topics
        edges = [START - timedelta(days=30), START - timedelta(hours=10), START + HOUR]

        said = tx.talk.said(edges, **by, by_network=False)
        themed = [one for one in tx.talk.themed("topic", edges, **by) if one.theme == "price"]
        named = tx.talk.named(edges)

    assert summed(said) == +expected
    assert summed(themed) == +topics
    if by == {"by_subjects": True}:
        assert sum((Counter({one.subjects: one.posts}) for one in named), Counter()) == +expected


def held(connection: sa.Connection) -> list[tuple[Post, Signal]]:
    """Every post that was judged, with what was found in it."""
    joined = sa.select(tables.posts.c.body, tables.signals.c.body).join_from(
        tables.posts, tables.signals, tables.signals.c.post == tables.posts.c.key
    )
    rows = connection.execute(joined).all()
    return [(msgspec.json.decode(body, type=Post), msgspec.json.decode(found, type=Signal)) for body, found in rows]


def summed(said) -> Counter:
    """Posts of all steps and networks, by subjects."""
    found: Counter = Counter()
    for one in said:
        found[one.subjects] += one.numbers[0]
    return +found


@pytest.mark.parametrize(("minutes", "first"), [(0, 0), (1, 1), (59, 1), (60, 1)])
def test_an_hour_that_began_before_is_not_of_the_stretch(minutes, first):
    assert first_hour(moment_of(1000) + timedelta(minutes=minutes)) == 1000 + first

"""Listening KPIs: the definitions' own examples, and that card, split, series and the posts behind agree."""

from datetime import UTC, datetime, timedelta
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import Author, Engagement, Measurement, Post, Scope, Signal, Watch
from hub.domain.config import Config, Organisation, Reach, Subject
from hub.errors import SetupError
from hub.measure import catalogue
from hub.measure.figures import BEHIND, Figures
from hub.measure.intervals import of_difference, of_share
from hub.measure.reach import MEDIANS
from hub.store import StandingOf, Store, Transaction
from hub.store.alarms import Alarms
from hub.store.behind import Judged
from hub.store.watches import Watches

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONFIG = Config(
    organisation=Organisation(name="Acme", timezone="Europe/Berlin"),
    subjects=(
        Subject(name="Acme"), Subject(name="Brew One", kind="product"), Subject(name="Ana Gomez", kind="employee"),
        Subject(name="Brewster", kind="competitor"), Subject(name="Kaffa", kind="competitor"),
        Subject(name="Roast", kind="competitor"),
    ),
)  # fmt: skip
WEEK = Scope(since=NOW - 7 * DAY, until=NOW)
OF_SAYINGS = [name for name in BEHIND if name not in ("share_of_voice_stories", "er_daily")]


class World:
    """A store that hears what a test says."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.number = 0

    def hear(self, times: int = 1, *, at: datetime = NOW - 3 * HOUR, network: str = "x", **said) -> None:
        """So many posts alike."""
        found = {name: said.pop(name) for name in list(said) if name in Signal.__struct_fields__}
        author = said.pop("author", "ana")
        followers = said.pop("followers", None)
        counts = {name: said.pop(name) for name in list(said) if name in Engagement.__struct_fields__}
        posts = []
        for _ in range(times):
            self.number += 1
            facts = {"text": "", "collected_at": NOW, "published_at": at, "engagement": Engagement(**counts), **said}
            writer = Author(key=f"{network}:user:{author}", native_id=author, handle=author, followers=followers)
            key, id = f"{network}:post:{self.number}", str(self.number)
            posts.append(Post(**{"key": key, "native_id": id, "network": network, "author": writer, **facts}))
        facts = {"found_by": "r@1", "subjects": ("Acme",), **found}
        self.tx.posts.save(posts)
        self.tx.signals.save([(post, Signal(**{"post": post.key, **facts})) for post in posts])

    def watch(self, network: str = "x", *, seen: float = 1.0, since: datetime = NOW - 90 * DAY) -> None:
        """Since then there is a watch, which has seen so much of the time."""
        watch = Watch(network=network, kind="keyword", value="acme")
        Watches(self.tx.connection, now=since, writing=True).register(watch)
        self.tx.observed.saw(watch.key, network, since=NOW - seen * (NOW - since), until=NOW)

    def figure(self, name: str, scope: Scope = WEEK, config: Config = CONFIG):
        return Figures(self.tx, config).figure(name, scope)

    def value(self, name: str, **narrowed) -> float | None:
        return self.figure(name, WEEK.with_(**narrowed)).value


@pytest.fixture(scope="module")
def empty():
    with Store.open("sqlite://", clock=lambda: NOW) as store:
        yield store


@pytest.fixture
def world(empty):
    with empty.rehearse() as tx:
        yield World(tx)


# --- the catalogue's own examples (kpis.md)


def test_thirty_five_positive_and_six_negative_of_a_hundred_are_a_net_sentiment_of_29(world):
    for sentiment, posts in {"positive": 35, "neutral": 59, "negative": 6}.items():
        world.hear(posts, sentiment=sentiment)
    assert world.value("net_sentiment") == pytest.approx(29)
    assert world.value("net_sentiment_polar") == pytest.approx(100 * 29 / 41)
    assert world.value("brand_health") == pytest.approx(100 * 35 / 41)


def test_eight_hundred_positive_and_150_negative_of_1500_are_43_3(world):
    for sentiment, posts in {"positive": 800, "neutral": 550, "negative": 150}.items():
        world.hear(posts, sentiment=sentiment)
    figure = world.figure("net_sentiment")
    assert figure.value == pytest.approx(43.3, abs=0.05)
    assert (figure.numerator, figure.denominator) == (650, 1500)
    assert 39 < figure.low < figure.value < figure.high < 48


def test_fifty_of_two_hundred_mentions_are_a_share_of_voice_of_a_quarter(world):
    for subject, posts in {"Acme": 50, "Brewster": 100, "Kaffa": 10, "Roast": 40}.items():
        world.hear(posts, subjects=(subject,))
    world.hear(30, subjects=("Brew One",))  # products are compared among themselves
    assert world.value("share_of_voice") == world.value("share_of_voice", subject="Acme") == 25
    assert world.value("share_of_voice", subject="Brewster") == 50
    assert world.value("share_of_voice", subject="Brew One") == 100
    assert world.value("share_of_voice", subject="Ana Gomez") is None


def test_who_names_two_brands_counts_once_for_each_and_once_among_the_mentions(world):
    world.hear(3, subjects=("Acme", "Brewster"))
    world.hear(2, subjects=("Acme", "Brew One"))
    assert (world.value("share_of_voice"), world.value("mentions")) == (100 * 5 / 8, 5)
    assert [world.value(f"{kind}_mentions") for kind in ("brand", "product", "employee")] == [5, 2, 0]
    assert world.value("mentions", subject="Brewster") == 3


def test_240_shares_of_12000_views_are_a_virality_of_two_percent(world):
    world.hear(2, shares=120, views=6000)
    world.hear(5, shares=1000)  # nobody tells who saw these
    assert world.value("virality_rate") == 2


def test_a_hundred_shares_of_twenty_posts_are_an_amplification_of_five(world):
    world.hear(20, shares=5, likes=3, replies=2)
    world.hear(4)  # nothing is known of these
    assert [world.value(f"{name}_rate") for name in ("amplification", "applause", "conversation")] == [5, 3, 2]


# --- what counts


def test_reshares_spam_and_what_means_something_else_are_no_mentions(world):
    world.hear(2)
    world.hear(3, kind="share")
    world.hear(5, intent="spam")
    world.hear(7, relevant=False)
    world.hear(11, subjects=())
    assert (world.value("mentions"), world.value("reshares")) == (2, 3)


def test_engagement_is_told_by_what_it_is_divided_by(world):
    world.hear(2, likes=3, replies=1, shares=1, quotes=1, views=600, followers=200)
    world.hear(1, network="mastodon", likes=10, followers=100)
    world.tx.memory.set(MEDIANS, {"x": 50})
    world.tx.measurements.save([
        Measurement(network="x", account="1", name=name, at=NOW - days * DAY, value=value)
        for name, days, value in (("followers", 3, 900), ("followers", 1, 1000), ("fans", 1, 400))
    ])  # fmt: skip
    potential = 2 * 200 + 4 * 50
    assert world.value("impressions") == 1200
    assert world.value("impressions_potential") == potential + 100
    assert world.value("reach_estimated") == pytest.approx(potential * 0.08 + 100 * 0.07)
    assert world.value("engagement") == 22
    assert world.value("engagement_rate") == 1
    assert world.value("er_reach") == pytest.approx(100 * 22 / (potential * 0.08 + 7))
    assert world.value("er_followers") == pytest.approx(100 * 22 / 500)
    assert world.value("amplification_per_1000") == pytest.approx(1000 * 4 / 500)
    assert world.value("audience") == 1000
    assert world.value("er_daily") == pytest.approx(100 * 22 / 7 / 1000)
    assert world.figure("audience", Scope(since=NOW - 5 * DAY, until=NOW - 2 * DAY)).value == 900


def test_the_organisation_says_how_many_of_those_who_could_are_reached(world):
    world.hear(1, followers=100)
    own = CONFIG.with_(reach=Reach(coefficients={"x": 0.5}))
    assert world.figure("reach_estimated", WEEK, own).value == 50


def test_nothing_to_divide_by_is_no_value_and_says_why(world):
    assert world.figure("net_sentiment").missing == "Nothing was said."
    world.hear(2)
    assert world.figure("virality_rate").missing == "No network tells how often these posts were seen."
    assert world.figure("engagement").missing == "No network tells how these posts were reacted to."
    assert "own_accounts" in world.figure("audience").missing


def rank(world: World, **classes: str) -> None:
    world.tx.people.stand([
        StandingOf(author=f"x:user:{name}", network="x", influence=40.0, parts={}, audience=audience, as_of=NOW)
        for name, audience in classes.items()
    ])  # fmt: skip


def test_reach_is_told_by_who_speaks(world):
    for name, followers in {"ana": 1000, "ben": 300, "cleo": 20}.items():
        world.hear(1, author=name, followers=followers)
    rank(world, ana="influencer", ben="media", cleo="advocate")
    parts = Figures(world.tx, CONFIG).split("reach_estimated", WEEK, "audience")
    assert {part.name: part.figure.value for part in parts if part.figure.value} == pytest.approx(
        {"influencer": 80, "media": 24, "advocate": 1.6}
    )
    assert (world.value("influencer_score"), world.value("advocate_reach")) == (40, 20)
    assert world.figure("advocate_reach", WEEK.with_(until=NOW - 2 * DAY)).missing


def test_an_advocate_who_answers_us_and_whom_we_answer_makes_two_interactions(world):
    world.hear(1, author="acme", thread="t")
    world.hear(1, author="ana", thread="t", kind="reply", in_reply_to="x:post:1")
    world.hear(1, author="acme", thread="t", kind="reply", in_reply_to="x:post:2")
    world.hear(1, author="ben", thread="t", kind="reply", in_reply_to="x:post:1")
    rank(world, ana="advocate")
    from hub.store import Standing

    world.tx.posts.mark(dict.fromkeys(("x:post:1", "x:post:3"), Standing("set_aside", "own_post")))
    assert world.value("advocate_interactions") == 2


def test_the_worst_spike_of_the_time_is_told(world):
    alarms: Alarms = world.tx.alarms
    for severity, hours, subject in ((4, 3, "Acme"), (7, 30, "Acme"), (9, 300, "Acme"), (8, 5, "Kaffa")):
        alarms.raise_(
            detector="d@1", subject=subject, network="x", at=NOW - hours * HOUR, value=9, expected=1,
            severity=severity, crisis=False,
        )  # fmt: skip
    assert [world.value("spike_severity", **each) for each in ({}, {"subject": "Acme"}, {"subject": "Roast"})] == [
        8, 7, 0,
    ]  # fmt: skip


def test_stories_count_once_whoever_prints_them(world):
    world.watch()
    words = "the new grinder of acme is louder than anything that we have ever had in our kitchen"
    world.hear(4, text=words)
    world.hear(1, subjects=("Brewster",), text="nothing is as quiet as a brewster if you believe what they print")
    figure = world.figure("share_of_voice_stories")
    assert (figure.value, figure.numerator, figure.denominator) == (50, 1, 2)


# --- how much was seen


def test_a_period_that_was_not_wholly_seen_is_partial_and_compared_with_none(world):
    world.watch(seen=0.5)
    world.hear(4)
    world.hear(2, at=NOW - 8 * DAY)
    figures = Figures(world.tx, CONFIG)
    whole, earlier = (
        figures.compare("mentions", WEEK),
        figures.compare("mentions", WEEK.with_(since=NOW - 44 * DAY)),
    )
    assert (whole.figure.coverage, whole.figure.partial, whole.change, whole.percent) == (1, False, 2, 100)
    assert (earlier.before.partial, earlier.change) == (True, None)


@pytest.mark.parametrize("scope", [
    pytest.param(WEEK.with_(until=NOW + HOUR), id="not over"),
    pytest.param(WEEK.with_(since=NOW - 100 * DAY), id="a watch began inside"),
    pytest.param(WEEK.with_(network="mastodon"), id="nobody watched"),
])  # fmt: skip
def test_what_is_partial(world, scope):
    world.watch()
    assert world.figure("mentions", WEEK).partial is False
    assert world.figure("mentions", scope).partial is True


def test_a_day_that_the_scope_cuts_is_partial_in_a_series(world):
    world.watch()
    series = Figures(world.tx, CONFIG).series("mentions", WEEK, "day")
    assert [one.partial for one in series] == [True, *[False] * 6, True]


# --- one implementation


SAID = st.fixed_dictionaries({
    "at": st.integers(1, 200).map(lambda hours: NOW - hours * HOUR * 0.9),
    "network": st.sampled_from(["x", "mastodon"]),
    "author": st.sampled_from(["ana", "ben"]),
    "kind": st.sampled_from(["post", "post", "reply", "share"]),
    "subjects": st.sampled_from([(), ("Acme",), ("Acme", "Brewster"), ("Brew One", "Acme"), ("Kaffa",)]),
    "sentiment": st.sampled_from(["positive", "neutral", "negative"]),
    "intent": st.sampled_from(["none", "praise", "spam"]),
    "topics": st.sampled_from([(), ("price",), ("price", "taste")]),
    "relevant": st.sampled_from([True, True, False]),
    "likes": st.none() | st.integers(0, 3), "shares": st.none() | st.integers(0, 3),
    "views": st.none() | st.integers(1, 50), "followers": st.none() | st.integers(0, 9),
})  # fmt: skip
SCOPES = st.builds(
    lambda back, length, about, on: Scope(
        since=NOW - back * HOUR, until=NOW - (back - length) * HOUR, subject=about, network=on
    ),
    st.integers(1, 180).map(lambda hours: hours * 0.7), st.integers(1, 200).map(lambda hours: hours * 0.9),
    st.sampled_from([None, "Acme", "Brew One"]), st.sampled_from([None, "x"]),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    said=st.lists(SAID, max_size=25),
    scope=SCOPES,
    name=st.sampled_from(OF_SAYINGS),
    step=st.sampled_from(["hour", "day"]),
)
def test_card_split_series_and_the_posts_behind_agree(empty, said, scope, name, step):
    with empty.rehearse() as tx:
        agree(tx, said, scope, name, step)


def agree(tx: Transaction, said: list[dict], scope: Scope, name: str, step: str) -> None:
    """Whatever asks for a figure is told the same."""
    world = World(tx)
    world.watch()
    world.watch("mastodon")
    for one in said:
        world.hear(1, **one)
    rank(world, ana="media")
    meant = catalogue.definition(name)
    figures = Figures(world.tx, CONFIG)
    figure, edges = figures.figure(name, scope), figures.edges(scope, step)
    steps = figures.series(name, scope, step)
    assert steps == [
        figures.figure(name, scope.with_(since=one.scope.since, until=one.scope.until)).with_(partial=one.partial)
        for one in steps
    ]
    assert len(steps) == len(edges) - 1
    for by in meant.splits:
        for part in figures.split(name, scope, by):
            if by in ("subject", "network"):
                narrowed = scope.with_(**{by: part.name})
                assert part.figure == figures.figure(name, narrowed)
                course = figures.courses(name, scope, step, by, [part.name])
                assert course == {part.name: figures.series(name, narrowed, step)}
            check_behind(figures, name, scope, part.figure, (by, part.name))
    check_behind(figures, name, scope, figure, None)


def check_behind(figures: Figures, name: str, scope: Scope, figure, part) -> None:
    """The posts behind a figure are as many as it counts, the newest first, page by page."""
    found: list[Judged] = []
    while page := figures.behind(
        name, scope, part=part, limit=3, before=found[-1].post.key if found else None
    ):  # fmt: skip
        found += page
    moments = [one.post.published_at for one in found]
    assert moments == sorted(moments, reverse=True)
    assert len({one.post.key for one in found}) == len(found)
    if name.endswith("mentions") or name == "reshares":
        assert len(found) == figure.value
    elif name in ("net_sentiment", "net_sentiment_polar", "brand_health"):
        assert len(found) == figure.denominator
    elif name == "amplification_rate":
        assert len(found) == (figure.denominator or 0)
    elif name == "engagement":
        likes = [one.post.engagement for one in found]
        assert sum((one.likes or 0) + (one.shares or 0) for one in likes) == (figure.value or 0)
    elif name == "impressions":
        assert sum(one.post.engagement.views for one in found) == (figure.value or 0)


def test_what_is_not_made_of_posts_has_none_behind_it(world):
    with pytest.raises(SetupError, match="not made of posts"):
        Figures(world.tx, CONFIG).behind("audience", WEEK)


def test_a_page_reads_once_whatever_it_shows(world):
    world.watch()
    world.hear(5)
    figures, asked = Figures(world.tx, CONFIG), []
    run = world.tx.connection.execute
    world.tx.connection.execute = lambda *given: asked.append(given) or run(*given)
    names = [one.name for one in catalogue.definitions() if one.group == "listening" and "stories" not in one.name]
    scope = WEEK.with_(since=NOW - 90 * DAY)
    for name in names:
        figures.series(name, scope, "day")
        figures.split(name, scope, "network")
    del world.tx.connection.execute
    assert len(asked) < 16  # of some 1,100 figures


# --- intervals


SHARES = [(0.35, 0.06), (0.9, 0.05), (0.02, 0.5), (0.1, 0.1), (0.3, 0.3), (0.6, 0.35)]


@pytest.mark.parametrize("size", [5, 20, 60])
@pytest.mark.parametrize(("good", "bad"), SHARES)
def test_the_interval_of_net_sentiment_holds_the_true_value_as_often_as_it_says(size, good, bad):
    held = 0.0
    for positive in range(size + 1):
        for negative in range(size - positive + 1):
            low, high = of_difference(positive, negative, size)
            if low - 1e-9 <= good - bad <= high + 1e-9:
                rest = size - positive - negative
                ways = comb(size, positive) * comb(size - positive, negative)
                held += ways * good**positive * bad**negative * (1 - good - bad) ** rest
    assert held > 0.93


@pytest.mark.parametrize("size", [5, 20, 60])
@pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.9])
def test_the_interval_of_a_share_holds_the_true_value_as_often_as_it_can(size, share):
    held = 0.0
    for part in range(size + 1):
        low, high = of_share(part, size)
        if low <= share <= high:
            held += comb(size, part) * share**part * (1 - share) ** (size - part)
    assert held > 0.91  # counts are whole: some lie at 92, others at 98


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_an_interval_holds_what_was_found(good, bad, neutral):
    if whole := good + bad + neutral:
        low, high = of_difference(good, bad, whole)
        assert -1 <= low <= (good - bad) / whole <= high <= 1
        low, high = of_share(good, whole)
        assert 0 <= low <= good / whole <= high <= 1

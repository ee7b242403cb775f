"""The invented world: repeatable, complete, truthful, and growing where it is meant to grow."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import SetupError
from sandbox.clock import Clock
from sandbox.invention import Talk, invent, swelling
from sandbox.people import WorldPost
from sandbox.scenario import HERE, Crisis, load_scenario, scenes, texts
from sandbox.shelf import Shelves
from sandbox.state import State
from sandbox.world import World
from tests.unit.sandbox.conftest import Inside

SCENARIOS = sorted(path.stem for path in (HERE / "scenarios").glob("*.yaml"))
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Stopped(Clock):
    """A clock that stands, until it is moved."""

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.offset_seconds)


def world(scenario: str = "crisis", *, seed: int = 1) -> World:
    clock = Stopped()
    made = World(State(None, clock), clock)
    invent(made, load_scenario(scenario), seed=seed)
    return made


def everything(made: World) -> list[WorldPost]:
    return sorted((post for network in made.networks for post in made.timeline(network)), key=lambda post: post.id)


@pytest.fixture(scope="module")
def crisis() -> World:
    return world()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_makes_a_world(name: str) -> None:
    made = world(name)

    scenario = load_scenario(name)
    assert set(scenario.networks) | set(scenario.elsewhere) == set(made.networks)
    assert made.size >= 120


def test_one_network_more_changes_nothing_of_what_is_said_on_the_others() -> None:
    scenario = load_scenario("quiet_day")
    fewer = {network: posts for network, posts in scenario.elsewhere.items() if network != "facebook"}

    def said(elsewhere: dict[str, int], network: str) -> list[tuple[str, str, object]]:
        made = World(State(None, Stopped()), Stopped())
        invent(made, msgspec.structs.replace(scenario, elsewhere=elsewhere), seed=7)
        return [(post.author.handle, post.text, post.published_at) for post in made.timeline(network)]

    assert len(scenario.elsewhere) > len(fewer)
    for network in ("x", "mastodon", "blogs", "lemmy"):
        assert said(scenario.elsewhere, network) == said(fewer, network)


def test_an_unknown_scenario_names_the_ones_there_are() -> None:
    with pytest.raises(SetupError, match="busy_day, crisis, lost_answer, quiet_day, rate_storm"):
        load_scenario("../../etc/passwd")


def test_the_same_seed_is_the_same_world_and_another_is_another() -> None:
    same = [[post.plain() for post in everything(world(seed=seed))] for seed in (3, 3, 4)]

    assert same[0] == same[1]
    assert same[0] != same[2]


def test_a_world_holds_every_case_that_a_network_can_bring(crisis: World) -> None:
    posts = everything(crisis)
    by_id = {post.id: post for post in posts}
    replies = [post for post in posts if post.in_reply_to]

    assert any(post.author.own and post.kind == "post" for post in posts)
    assert {(post.kind, post.network) for post in posts} >= {("share", "x"), ("share", "mastodon"), ("quote", "x")}
    assert {post.network for post in posts if post.edited_at} >= {"x", "mastodon"}
    assert any(post.deleted_at and post.deleted_at < NOW for post in posts)
    assert any(post.deleted_at and post.deleted_at > NOW for post in posts)
    assert any(post.author == by_id[post.in_reply_to or 0].author for post in replies)
    assert any(post.author != by_id[post.in_reply_to or 0].author for post in replies)
    assert any(post.author.own for post in replies)
    assert {post.extra.get("visibility") for post in posts if post.network == "mastodon"} >= {"private", "direct"}
    for trap in ("{{", "<script>", "<!channel>", "\u202e"):
        assert any(trap in post.text for post in posts)
    assert {"en", "de", "es", "fr"} <= {post.lang for post in posts}


def test_somebody_says_the_same_on_two_networks(crisis: World) -> None:
    told = {(post.author.id, post.network) for post in everything(crisis) if post.expected == "complaint"}

    assert any((author, "mastodon") in told for author, network in told if network == "x")


def test_a_thread_is_one_and_its_answers_come_later(crisis: World) -> None:
    by_id = {post.id: post for post in everything(crisis)}

    for post in by_id.values():
        parent = by_id.get(post.in_reply_to or 0)
        if parent:
            assert post.thread == parent.thread
            assert post.network == parent.network
            assert post.published_at > parent.published_at
        if post.shared:
            assert post.published_at > by_id[post.shared].published_at


def test_the_crisis_grows_hour_by_hour(crisis: World) -> None:
    posts = [post for post in everything(crisis) if post.expected == "crisis" and post.author.handle]
    hours = Counter(int((NOW - post.published_at).total_seconds() // 3600) for post in posts)

    assert [hours[hour] for hour in (4, 3, 2, 1, 0)] == sorted(hours[hour] for hour in range(5))
    assert hours[0] > 2 * hours[2] > 0


@given(st.integers(1, 200), st.floats(0.5, 24), st.floats(1, 4))
def test_a_crisis_has_all_its_posts_within_its_hours_in_order(posts: int, hours: float, grows: float) -> None:
    moments = swelling(Crisis(posts=posts, last_hours=hours, grows=grows), NOW)

    assert len(moments) == posts
    assert moments == sorted(moments)
    assert moments[0] >= NOW - timedelta(hours=hours)
    assert moments[-1] <= NOW


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_crisis_text_comes_twice_in_a_row(seed: int) -> None:
    posts = [post for post in everything(world(seed=seed)) if post.expected == "crisis" and post.kind == "post"]
    posts.sort(key=lambda post: post.published_at)
    words = [post.text.replace("Pro", "One").removesuffix(" #acme") for post in posts]

    assert [one for one, other in pairwise(words) if one == other] == []
    assert max(Counter(words).values()) <= 2


@pytest.mark.parametrize("network", ["x", "mastodon"])
def test_what_is_said_on_a_network_is_found_by_the_brand(crisis: World, network: str) -> None:
    said = [post for post in crisis.timeline(network) if not post.in_reply_to and not post.extra]

    for post in said:
        assert any(name in post.text.lower() for name in ("acme", "brew one", "brew pro"))


def test_every_kind_of_text_can_be_asked_for_in_english() -> None:
    kinds = {kind for name in SCENARIOS for kind in load_scenario(name).mix} - {"share"}

    assert kinds | {"crisis", "followup", "metoo", "advice", "own_answer"} <= set(texts())
    assert all("en" in by_lang for by_lang in texts().values())


def test_no_text_and_no_scene_is_written_twice() -> None:
    every = [text for by_lang in texts().values() for said in by_lang.values() for text in said]
    lines = [line.text for scene in scenes() for line in scene.lines if line.text]

    assert [text for text, times in Counter(every + lines).items() if times > 1] == []


def test_reactions_only_grow_and_stay_in_proportion(crisis: World) -> None:
    for post in everything(crisis)[:50]:
        counts = [post.counters(post.published_at + timedelta(hours=hours)) for hours in (0, 1, 5, 50)]
        assert counts == sorted(counts, key=lambda one: one.likes)
        assert counts[0].likes == 0
        assert all(one.views >= one.likes >= one.shares for one in counts)


def test_a_post_is_seen_in_its_time_and_in_its_form() -> None:
    made = world("quiet_day")
    later = made.add_post(network="x", author="nia", text="Tomorrow, @acme", published_at=NOW + timedelta(hours=1))
    edited = made.add_post(network="x", author="nia", text="Helo @acme")
    made.change(edited.id, edited_text="Hello @acme", edited_at=NOW + timedelta(hours=1))
    made.change(later.id, deleted_at=NOW + timedelta(hours=2))

    def seen(number: int) -> str | None:
        post = made.get(number)
        return post.text if post else None

    assert (seen(later.id), seen(edited.id)) == (None, "Helo @acme")
    made.clock.advance(3_600)
    assert (seen(later.id), seen(edited.id)) == ("Tomorrow, @acme", "Hello @acme")
    made.clock.advance(3_600)
    assert (seen(later.id), seen(edited.id)) == (None, "Hello @acme")


def test_a_repost_goes_with_its_post() -> None:
    made = world("quiet_day")
    post = made.add_post(network="x", author="nia", text="Hello @acme")
    share = made.add_post(network="x", author="omar", text=post.text, shared=post.id)
    assert made.get(share.id) is not None

    made.change(post.id, deleted_at=NOW)

    assert made.get(share.id) is None
    assert made.trace(share.id) is not None


def test_posts_are_in_order_however_they_come() -> None:
    made = world("quiet_day")
    for minutes in (5, 1, 3):
        made.add_post(network="x", author="nia", text=f"{minutes} @acme", published_at=NOW - timedelta(minutes=minutes))

    times = [post.published_at for post in made.posts("x")]

    assert times == sorted(times)
    assert [post.text for post in made.posts("x", since=NOW - timedelta(minutes=4)) if "@acme" in post.text[:8]] == [
        "3 @acme",
        "1 @acme",
    ]


def id_of(post: WorldPost) -> int:
    """Ids that grow with time, and are other ones after an edit."""
    return int((post.edited_at or post.published_at).timestamp()) * 1_000 + post.id


@given(
    st.lists(
        st.tuples(st.integers(-50, 10), st.none() | st.integers(1, 30), st.none() | st.integers(1, 30), st.booleans()),
        max_size=12,
    ),
    st.integers(-60, 10),
)
def test_a_shelf_gives_what_looking_at_every_post_would_give(
    facts: list[tuple[int, int | None, int | None, bool]], above: int
) -> None:
    clock = Stopped()
    made = World(State(None, clock), clock)
    for minute, edited, gone, wanted in facts:
        at = NOW + timedelta(minutes=minute)
        post = made.add_post(network="x", author="nia", text="yes" if wanted else "no", published_at=at)
        if edited is not None:
            made.change(post.id, edited_text="yes, really", edited_at=at + timedelta(minutes=edited))
        if gone is not None:
            made.change(post.id, deleted_at=at + timedelta(minutes=gone))
    floor = int((NOW + timedelta(minutes=above)).timestamp()) * 1_000
    shelves = Shelves(made, "x", id_of)

    def yes(post: WorldPost) -> bool:
        return "yes" in post.text

    expected = sorted((post for post in made.posts("x") if yes(post) and id_of(post) > floor), key=id_of)
    assert list(shelves.oldest("q", yes, above=floor)) == expected
    assert list(shelves.newest("q", yes, above=floor)) == expected[::-1]


def test_a_shelf_notices_what_is_new() -> None:
    made = world("quiet_day")
    shelves = Shelves(made, "x", id_of)

    def mine(post: WorldPost) -> bool:
        return post.author.handle == "nia"

    assert list(shelves.newest("nia", mine)) == []
    post = made.add_post(network="x", author="nia", text="Hello @acme")

    assert list(shelves.newest("nia", mine)) == [post]


def test_people_who_go_on_talking_say_new_things_and_survive_a_reset(start: Callable[..., Inside]) -> None:
    inside = start()
    talk = Talk(inside.box.world, inside.box.state, seed=1, per_minute=60)
    before, began = inside.box.world.size, inside.box.clock.now()

    said = [talk.say() for _ in range(10)]

    assert inside.box.world.size == before + 10
    assert len({post.id for post in said}) == 10
    assert all(post.published_at >= began for post in said)
    inside.control.reset()
    again = talk.say()
    assert inside.box.world.size == before + 1
    assert again.author in inside.box.world.people


def test_new_posts_come_by_themselves_when_asked_for(start: Callable[..., Inside]) -> None:
    inside = start(live_per_minute=3_000)
    before = inside.box.world.size

    for _ in range(200):
        if inside.box.world.size > before + 3:
            break
        inside.control.healthy()

    assert inside.box.world.size > before + 3

"""F06 to F12: cursors and pages that mislead; what is read is whole, once, and soon given up where it leads nowhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.domain import Cursor
from hub.errors import ContractBroken, SetupError
from hub.stages.collect import OVERLAP
from sandbox.messages import Reply, Request
from tests.faults.ground import Ground
from tests.faults.nemesis import Nemesis
from tests.faults.town import (
    FEED,
    SEARCH,
    TAG,
    asked,
    assert_well,
    batches,
    cursors,
    decide_and_send,
    pull,
    read_all,
    settled,
    sweep,
    watches,
)
from tests.faults.twists import after_answer, changed, refused
from tests.faults.wire import Ask

FAR = datetime(2999, 12, 31, tzinfo=UTC)
X_2999 = str((int(FAR.timestamp() * 1000) - 1_288_834_974_657) << 22)
MASTODON_2999 = str(int(FAR.timestamp() * 1000) << 16)


@pytest.fixture
def town(ground: Ground) -> Nemesis:
    return settled(ground)


def say(town: Nemesis, network: str, text: str, **facts: Any) -> None:
    """Somebody says something now."""
    town.ground.played.world.add_post(network=network, author="zoe", text=f"{text} @acme #acme", **facts)


@pytest.mark.parametrize(("network", "place"), [("x", "since_id"), ("mastodon", "min_id")])
def test_f06_a_cursor_that_was_forgotten_is_let_go_and_the_time_is_read_again(
    town: Nemesis, network: str, place: str
) -> None:
    read_all(town)
    kept = {state.cursor.position for state in watches(town, network)}
    since = {state.key: state.polled_at - OVERLAP for state in watches(town, network) if state.polled_at}
    town.ground.clock.forward(1200)
    say(town, network, "My Brew One leaks")
    town.ground.wire.twists.append(refused(lambda request: request.param(place) in kept))

    pulled = pull(town, network)

    assert pulled.failures == {}
    assert set(pulled.notices) == {state.key for state in watches(town, network)}
    for key, notice in pulled.notices.items():
        assert f"no longer takes the place where {key} had stopped (400)" in notice
        assert f"read again from {since[key]:%Y-%m-%d %H:%M} UTC on" in notice
    with town.ground.store.read() as view:
        assert {entry.object for entry in view.audit.recent()} == set(pulled.notices)
    assert pulled.fetched < 20  # of that time, and not of all there ever was
    decide_and_send(town)
    assert_well(town)
    assert pull(town, network).failures == {}


def x_leads_in_a_circle(steps: dict[str, str]) -> Any:
    """Whatever page of X is asked for, the next one's token is told by this."""

    def change(request: Request, body: dict[str, Any]) -> None:
        body["meta"]["next_token"] = steps[request.param("next_token")]

    real = changed("api.x.com", SEARCH, change)

    def twist(ask: Ask, request: Request) -> Any:
        query = {name: values for name, values in request.query.items() if name != "next_token"}
        return real(lambda asked: ask(replace(asked, query=query)), request)

    return twist


def mastodon_leads_in_a_circle(steps: dict[str, str]) -> Any:
    """The same for a tag's timeline: each page names the next by its Link."""

    def twist(ask: Ask, request: Request) -> Any:
        if request.path != TAG or not request.param("min_id"):
            return ask(request)
        reply, fault = ask(replace(request, query={"limit": ["40"]}))
        following = steps.get(request.param("min_id"), steps[""])
        link = f'<https://mastodon.test{TAG}?min_id={following}&limit=40>; rel="prev"'
        return replace(reply, headers={**reply.headers, "Link": link}), fault

    return twist


def feed_leads_in_a_circle(steps: dict[str, str]) -> Any:
    """A feed that moves from address to address."""
    host, _, _ = FEED.removeprefix("https://").partition("/")

    def twist(ask: Ask, request: Request) -> Any:
        if request.host != host:
            return ask(request)
        following = steps.get(request.path, steps[""])
        reply, _ = ask(request)
        return replace(reply, status=302, headers={"Location": following}, body=b""), None

    return twist


CIRCLES: dict[str, tuple[str, Callable[[dict[str, str]], Any], dict[str, str], int]] = {
    "x, itself": ("x", x_leads_in_a_circle, {"": "a", "a": "a"}, 2),
    "x, two": ("x", x_leads_in_a_circle, {"": "a", "a": "b", "b": "a"}, 3),
    "mastodon, itself": ("mastodon", mastodon_leads_in_a_circle, {"": "7", "7": "7"}, 2),
    "mastodon, two": ("mastodon", mastodon_leads_in_a_circle, {"": "7", "7": "8", "8": "7"}, 3),
    "blogs, itself": ("blogs", feed_leads_in_a_circle, {"": "/feed.xml"}, 1),
    "blogs, two": ("blogs", feed_leads_in_a_circle, {"": "/b.xml", "/b.xml": "/feed.xml"}, 2),
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_f08_pages_that_lead_in_a_circle_are_left_within_two_requests(town: Nemesis, circle: str) -> None:
    network, leads, steps, there = CIRCLES[circle]
    path = {"x": SEARCH, "mastodon": TAG, "blogs": "/feed.xml"}[network]
    host = {"x": "api.x.com", "mastodon": "mastodon.test", "blogs": "coffeelovers.test"}[network]
    town.ground.wire.twists.append(leads(steps))

    pulled = pull(town, network)

    lines = [line for line in town.ground.played.requests(network) if line["host"] == host]
    lines = [line for line in lines if network == "blogs" or line["path"] == path]
    assert len(lines) <= there + 2 + (network == "mastodon")  # which first asks how the server counts
    [failure] = pulled.failures.values()
    assert isinstance(failure, ContractBroken)
    assert "circle" in str(failure)
    town.ground.wire.twists.clear()
    read_all(town)


def test_f09_posts_in_no_order_are_all_read(town: Nemesis) -> None:
    def shuffle(request: Request, body: dict[str, Any]) -> None:
        body.get("data", []).sort(key=lambda post: post["id"][::-1])

    town.ground.wire.twists.append(changed("api.x.com", SEARCH, shuffle))

    read_all(town)


@pytest.mark.parametrize("network", ["x", "mastodon", "blogs"])
def test_f09_a_post_that_shows_up_ten_minutes_late_is_read_by_the_next_sweep(town: Nemesis, network: str) -> None:
    read_all(town)
    town.ground.clock.forward(7200)
    facts = {"site": "coffeelovers.test"} if network == "blogs" else {}
    say(town, network, "On time, my Brew One leaks", **facts)
    pull(town, network)
    decide_and_send(town)
    before = cursors(town)
    late = town.ground.clock.now() - timedelta(minutes=10)
    say(town, network, "Late but true, the Brew One leaks", published_at=late, **facts)

    assert sweep(town, network).failures == {}

    assert cursors(town) == before
    decide_and_send(town)
    assert_well(town)
    assert sweep(town, network).batches == []  # what is known is known


@pytest.mark.parametrize("network", ["x", "mastodon"])
def test_f10_posts_that_come_and_change_while_pages_are_read_leave_no_gap_and_no_double(
    town: Nemesis, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"connectors.{network}.connector.PAGE_SIZE", 10 if network == "x" else 4)
    path = {"x": SEARCH, "mastodon": TAG}[network]
    world = town.ground.played.world
    mine = [post for post in world.posts(network) if post.kind == "post" and "acme" in post.text.lower()]
    pages = []

    def shift() -> None:
        """Something new in front, something else said in a post of each age."""
        say(town, network, f"New while you read, number {len(pages)}: my Brew One leaks")
        changing = mine[len(pages) * 3]
        world.change(changing.id, edited_text=f"{changing.text} (edited)")
        pages.append(changing)

    town.ground.wire.twists.append(after_answer(lambda request: request.path == path, shift, times=3))

    pull(town, network)

    assert len(pages) == 3
    assert asked(town, path, system=network) > 2  # it did page
    read_all(town)
    with town.ground.store.read() as view:
        posts = [post for post in view.posts.recent(limit=1000) if post.network == network]
    texts = [post.text for post in posts if "New while you read" in post.text]
    assert sorted(texts) == sorted(set(texts))
    assert len(texts) == 3


def test_f11_a_source_that_says_the_same_for_ever_is_no_news(town: Nemesis) -> None:
    read_all(town)
    kept: list[Reply] = []

    def same(ask: Ask, request: Request) -> Any:
        """X answers what it answered first, whatever it is asked."""
        if request.path != SEARCH:
            return ask(request)
        if not kept:
            kept.append(ask(replace(request, query={k: v for k, v in request.query.items() if k != "since_id"}))[0])
        return kept[0], None

    town.ground.wire.twists.append(same)
    read_all(town)
    landed, handed, places = batches(town), len(town.ground.rows()), cursors(town)
    writes = [line for line in town.ground.played.requests() if line["method"] != "GET"]

    for _ in range(3):
        town.ground.clock.forward(600)
        assert pull(town, "x").batches == []
        decide_and_send(town)

    assert len(kept[0].body) > 1000
    assert (batches(town), len(town.ground.rows()), cursors(town)) == (landed, handed, places)
    assert [line for line in town.ground.played.requests() if line["method"] != "GET"] == writes
    assert_well(town)


FUTURE: dict[str, tuple[str, Cursor]] = {
    "x, an id": ("x", Cursor(position=X_2999)),
    "x, a date": ("x", Cursor(position="1", state={"until": "2999-12-31T00:00:00Z"})),
    "mastodon, an id": ("mastodon", Cursor(position=MASTODON_2999)),
    "blogs, a date": ("blogs", Cursor(state={"seen": [], "read": "2999-12-31"})),
    "blogs, a mark": ("blogs", Cursor(state={"seen": [], "list": {"end": int(FAR.timestamp())}})),
}


@pytest.mark.parametrize("edited", FUTURE)
def test_f12_a_cursor_that_lies_in_the_future_is_refused_and_people_are_told(town: Nemesis, edited: str) -> None:
    read_all(town)
    network, cursor = FUTURE[edited]
    state = watches(town, network)[0]
    with town.ground.store.begin() as tx:
        tx.watches.rewind(state.key, cursor)
    town.ground.clock.forward(1200)
    say(town, "x", "My Brew One leaks")
    say(town, "mastodon", "My Brew One leaks")

    failures = {
        key: problem for name in ("x", "mastodon", "blogs") for key, problem in pull(town, name).failures.items()
    }

    assert list(failures) == [state.key]  # the others are read
    assert isinstance(failures[state.key], SetupError)
    assert f"hub watch rewind {network} {state.kind} '{state.value}'" in str(failures[state.key])
    assert cursors(town)[state.key] == cursor
    with town.ground.store.begin() as tx:
        tx.watches.rewind(state.key, Cursor())
    read_all(town)

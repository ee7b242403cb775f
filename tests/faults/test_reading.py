"""F01 to F19 and F71 to F74: reading, landing and deciding, whatever the networks, the disk and the process do."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep
from typing import Any

import pytest

from hub.domain import Cursor
from hub.errors import HubError
from hub.store import WatchState
from sandbox.messages import Reply, Request
from tests.faults.checker import Verdict
from tests.faults.ground import DESTINATIONS, START, Ground
from tests.faults.nemesis import NETWORKS, Nemesis
from tests.faults.wire import Ask

FINISHED = {"batches": 0, "deliveries": 0, "quarantined": 0, "sums": 0}
SEARCH = "/2/tweets/search/recent"


@pytest.fixture
def town(ground: Ground) -> Nemesis:
    """A small town of people who talk, and a hub that has not read them yet; nothing goes wrong by itself."""
    talk = Nemesis(ground, 3, posts=60)
    ground.clock.forward(6 * 3600)
    return talk


def read_all(town: Nemesis) -> None:
    """Run until nothing waits, and judge."""
    for run in range(3):
        town.ground.clock.forward(600)
        town._collect(run)
        town._triage(run)
        town.ground.run(*DESTINATIONS)
    assert town.waiting() == FINISHED
    assert town.unread() == set()
    assert town.verdict() == Verdict()


def watches(town: Nemesis) -> list[WatchState]:
    """How each watch of the three networks does."""
    with town.ground.store.read() as view:
        return [state for state in view.watches.listing() if state.network in NETWORKS]


def asked(town: Nemesis, path: str = SEARCH) -> int:
    """How often X was asked for posts."""
    return sum(1 for line in town.ground.played.requests("x") if line["path"] == path)


@pytest.mark.parametrize("kind", ["drop_before", "truncate", "drop_after"])
def test_f01_a_page_that_breaks_off_is_asked_for_again(town: Nemesis, kind: str) -> None:
    for system in ("x", "mastodon", "blogs"):
        town.ground.played.fault(system, kind, times=2)
    town._collect(0)

    read_all(town)


def test_f02_a_page_that_never_ends_is_given_up_and_the_others_are_read(town: Nemesis) -> None:
    town.ground.played.fault("x", "drip", times=1000)

    town._collect(0)

    well = {state.network for state in watches(town) if state.read_at and not state.failures}
    assert well >= {"mastodon", "blogs"}
    assert "x" not in well
    town.ground.played.switchboard.clear()
    read_all(town)


@pytest.mark.parametrize("told", ["1", "3600", None, "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "soon"])
def test_f03_whoever_asks_for_a_pause_gets_it_up_to_a_limit(town: Nemesis, told: str | None) -> None:
    headers = {"Retry-After": told} if told else {}
    town.ground.played.fault("x", "status", times=1000, status=429, headers=headers)
    began = town.ground.clock.moment

    town._collect(0)

    assert asked(town) <= 6
    assert (town.ground.clock.moment - began).total_seconds() <= 6 * 90
    town.ground.played.switchboard.clear()
    town.ground.clock.forward(3600)
    read_all(town)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_f04_trouble_for_a_while_is_waited_out_with_at_most_six_requests(town: Nemesis, status: int) -> None:
    town.ground.played.fault("x", "status", times=5, status=status, path_glob=SEARCH)

    town._collect(0)

    assert asked(town) <= 6 + 3  # further pages come after the first
    read_all(town)


@pytest.mark.parametrize("body", ["<html>Busy</html>", "", "null"])
def test_f05_what_is_no_answer_moves_no_cursor(town: Nemesis, body: str) -> None:
    town.ground.played.fault("x", "status", times=6, status=200, body=body, path_glob=SEARCH)

    town._collect(0)

    [state] = [one for one in watches(town) if one.network == "x"]
    assert (state.cursor, state.problem) == (Cursor(), "ContractBroken")
    town.ground.played.switchboard.clear()
    read_all(town)


@pytest.mark.parametrize("point", [
    "collect.fetched", "store.half_written", "store.written", "collect.landed", "store.listed", "collect.committed",
])  # fmt: skip
def test_f07_a_process_that_ends_while_landing_leaves_the_cursor_behind(town: Nemesis, point: str) -> None:
    died(town, point, town._collect)

    read_all(town)


def test_f11_a_source_that_says_the_same_for_ever_makes_nothing_new(town: Nemesis) -> None:
    read_all(town)
    writes = [len(town.ground.played.writes(name)) for name in DESTINATIONS]

    read_all(town)

    assert [len(town.ground.played.writes(name)) for name in DESTINATIONS] == writes


def test_f16_a_file_that_was_changed_is_told_and_stops_nothing_else(town: Nemesis) -> None:
    town._collect(0)
    files = sorted(Path(town.ground.hub.settings.landing).rglob("*.jsonl.zst"))
    spoilt = bytearray(files[0].read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    files[0].write_bytes(spoilt)

    town._triage(0)

    with town.ground.store.read() as view:
        balance = view.ledger.balance()
    assert balance.quarantined > 0  # until it has landed anew
    assert balance.differences == {}
    read_all(town)


def test_f17_one_bad_row_in_two_hundred_costs_nobody_else(ground: Ground) -> None:
    town = Nemesis(ground, 3, posts=10)
    posts = [tweet(number) for number in range(200)]
    posts[77]["created_at"] = "no time at all"
    ground.wire.twists.append(answered_by(posts))

    town._collect(0)
    town._triage(0)

    with ground.store.read() as view:
        mine = [post for post in view.posts.recent(limit=1000) if post.native_id.startswith("17")]
    assert len(mine) == 199
    assert len(ground.quarantined()) == 1


@pytest.mark.parametrize("point", ["triage.claimed", "triage.decided", "triage.committed"])
def test_f19_a_process_that_ends_while_deciding_leaves_each_row_once(town: Nemesis, point: str) -> None:
    town._collect(0)
    died(town, point, town._triage)

    read_all(town)


def test_f71_fifty_that_find_the_token_ended_fetch_one(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground.clock, "sleep", lambda _: sleep(0.01))  # fifty at once wait in true time
    with ground.hub.open_destination("zendesk") as first:
        first.check()
    tokens = ground.played.state.table("zendesk", "tokens")
    for token in list(tokens):
        tokens.delete(token)
    before, gate = ground.played.log_ins("zendesk"), Barrier(50)

    def call(_: int) -> None:
        with ground.hub.open_destination("zendesk") as destination:
            assert destination.client
            gate.wait()
            destination.check()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(call, range(50)))

    assert ground.played.log_ins("zendesk") - before == 1


def test_f72_a_process_that_ends_with_a_token_in_its_hand_asks_for_another(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    assert ground.run_into("tokens.fetched", "zendesk")

    ground.quiet("zendesk")

    ground.assert_exactly_once()
    assert ground.played.log_ins("zendesk") == 2


def test_f73_a_token_that_was_revoked_stops_that_network_and_no_other(town: Nemesis) -> None:
    town.ground.played.fault("x", "status", times=1000, status=401)

    town._collect(0)

    assert asked(town) <= 2
    assert {state.network: state.problem for state in watches(town)} == {
        "x": "AccessDenied", "mastodon": None, "blogs": None
    }  # fmt: skip
    town.ground.played.switchboard.clear()
    read_all(town)


def test_f74_after_an_hour_without_a_network_everything_drains(town: Nemesis) -> None:
    for number in range(20):
        town.ground.hand_over("Lead", 9000 + number)
    town.ground.wire.down.add("*")
    for run in range(12):
        try:
            town._collect(run)
        except HubError:
            pass
        town._triage(run)
        town.ground.run(*DESTINATIONS, patience=0)
        town.ground.clock.forward(300)
    assert town.ground.played.requests() == []
    town.ground.wire.down.clear()

    town.ground.run("salesforce")

    done = [row.id for row in town.ground.rows("salesforce") if row.state == "done"]
    assert done == sorted(done)
    read_all(town)


def died(town: Nemesis, point: str, step: Any) -> None:
    """A step that ends the process at a point, if it comes that far."""
    from hub.store.faults import VARIABLE, Ended

    town.ground._patch.setenv(VARIABLE, f"{point}:end:1")
    try:
        step(0)
    except Ended:
        pass
    else:
        raise AssertionError(f"{point} was never reached")
    finally:
        town.ground._patch.delenv(VARIABLE)


def tweet(number: int) -> dict[str, Any]:
    """A post as X's API gives it."""
    said = START.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "id": f"17{number:017d}", "text": f"The kettle of number {number} by @acme whistles", "author_id": f"8{number}",
        "conversation_id": f"17{number:017d}", "created_at": said, "lang": "en",
    }  # fmt: skip


def answered_by(posts: list[dict[str, Any]]) -> Any:
    """X answers its search with these."""
    users = [{"id": post["author_id"], "username": f"u{post['author_id']}", "name": "Somebody"} for post in posts]
    body = json.dumps({"data": posts, "includes": {"users": users}, "meta": {"result_count": len(posts)}}).encode()

    def twist(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        if request.host == "api.x.com" and request.path == SEARCH:
            return Reply(200, {"Content-Type": "application/json"}, body), None
        return ask(request)

    return twist

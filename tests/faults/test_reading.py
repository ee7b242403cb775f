"""F01 to F07 and F71 to F74: networks that answer badly, processes that end while they read, tokens that end."""

import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from hub.domain import Cursor
from tests.faults.checker import objects
from tests.faults.ground import DESTINATIONS, Ground
from tests.faults.nemesis import Nemesis
from tests.faults.town import (
    SEARCH,
    asked,
    batches,
    cursors,
    died,
    files,
    passed_over,
    pull,
    read_all,
    settled,
    watches,
)

KINDS = {"salesforce": "Lead", "zendesk": "Case", "slack": "Alert"}
MB = 1 << 20


@pytest.fixture
def town(ground: Ground) -> Nemesis:
    return settled(ground)


@pytest.mark.parametrize("kind", ["drop_before", "truncate", "drop_after"])
def test_f01_a_page_that_breaks_off_is_asked_for_again(town: Nemesis, kind: str) -> None:
    for system in ("x", "mastodon", "blogs"):
        town.ground.played.fault(system, kind, times=2)
    before = asked(town)

    town._collect(0)

    assert asked(town) >= before + 3  # twice in vain
    assert {state.problem for state in watches(town)} == {None}
    read_all(town)


@pytest.mark.parametrize("kind", ["drop_before", "truncate", "drop_after"])
def test_f01_a_page_that_always_breaks_off_moves_no_cursor_and_lands_no_half(town: Nemesis, kind: str) -> None:
    for system in ("x", "mastodon", "blogs"):
        town.ground.played.fault(system, kind, times=1000)

    town._collect(0)

    assert all(cursor.fresh for cursor in cursors(town).values())
    assert (batches(town), files(town)) == (0, [])
    assert {state.problem for state in watches(town)} == {"Unavailable"}
    town.ground.played.switchboard.clear()
    read_all(town)


def test_f02_a_page_that_never_ends_is_given_up_and_the_others_are_read(town: Nemesis) -> None:
    town.ground.played.fault("x", "drip", times=1000)
    began = town.ground.clock.moment

    town._collect(0)

    assert (town.ground.clock.moment - began).total_seconds() < 6 * 90
    well = {state.network for state in watches(town) if state.read_at and not state.failures}
    assert well >= {"mastodon", "blogs"}
    assert "x" not in well
    town.ground.played.switchboard.clear()
    read_all(town)


WAITS: dict[str | None, tuple[int, float]] = {  # what is told: the requests that it may cost, and the pauses at least
    "1": (6, 5 * 1.0),
    "3600": (1, 0.0),  # longer than a run may wait: the next one goes on
    None: (6, 5 * 30.0),  # a minute each, where nobody says how long
    "Wed, 21 Oct 2099 07:28:00 GMT": (1, 0.0),
    "-1": (6, 0.0),
    "soon": (6, 5 * 30.0),
}


@pytest.mark.parametrize("told", WAITS)
def test_f03_whoever_asks_for_a_pause_gets_it_up_to_a_limit(town: Nemesis, told: str | None) -> None:
    most, slept = WAITS[told]
    headers = {"Retry-After": told} if told else {}
    town.ground.played.fault("x", "status", times=1000, status=429, headers=headers)
    before = town.ground.clock.slept

    town._collect(0)

    assert 1 <= asked(town) <= most
    assert slept <= town.ground.clock.slept - before <= 6 * 60
    assert {state.network: state.problem for state in watches(town)} == {
        "x": "RateLimited", "mastodon": None, "blogs": None
    }  # fmt: skip
    town.ground.played.switchboard.clear()
    town.ground.clock.forward(3600)
    read_all(town)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_f04_trouble_for_a_while_is_waited_out(town: Nemesis, status: int) -> None:
    town.ground.played.fault("x", "status", times=5, status=status, path_glob=SEARCH)

    town._collect(0)

    assert {state.problem for state in watches(town)} == {None}
    read_all(town)


def test_f04_trouble_that_lasts_costs_six_requests_each_after_a_longer_pause(
    town: Nemesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = town.ground.clock.sleep
    monkeypatch.setattr(town.ground.clock, "sleep", lambda seconds: (pauses.append(seconds), sleep(seconds)))
    town.ground.played.fault("x", "status", times=1000, status=503, path_glob=SEARCH)

    pull(town, "x")

    assert asked(town) == 6
    assert len(pauses) == 5
    assert all(0.25 * 2**place <= pause <= 0.75 * 2**place for place, pause in enumerate(pauses))
    assert len({pause / 2**place for place, pause in enumerate(pauses)}) > 1  # spread by chance


@pytest.mark.parametrize("body", ["<html>Busy</html>", "", "null"])
def test_f05_what_is_no_answer_moves_no_cursor(town: Nemesis, body: str) -> None:
    town.ground.played.fault("x", "status", times=6, status=200, body=body, path_glob=SEARCH)

    pulled = pull(town, "x")

    [state] = watches(town, "x")
    assert (state.cursor, state.problem, batches(town)) == (Cursor(), "ContractBroken", 0)
    assert len(pulled.failures) == 1  # one alert
    town.ground.played.switchboard.clear()
    read_all(town)


@pytest.mark.parametrize("point", [
    "collect.fetched", "store.half_written", "store.written", "collect.landed", "store.listed", "collect.committed",
])  # fmt: skip
def test_f07_a_process_that_ends_while_landing_leaves_the_cursor_behind(town: Nemesis, point: str) -> None:
    died(town, point, town._collect)

    assert passed_over(town) == set()
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


def test_f74_after_an_hour_without_a_network_everything_drains_in_order_of_age(town: Nemesis) -> None:
    town._collect(0)
    town._triage(0)  # what was read before waits to be sent
    drafts = []
    for number in range(150):
        for kind in KINDS.values():
            drafts += town.ground.hand_over(kind, 9000 + number)
        town.ground.clock.forward(0.01)
    waiting = len(town.ground.open())
    town.ground.wire.down.add("*")
    resident = []
    for run in range(12):
        town._collect(run)
        town._triage(run)
        town.ground.run(*DESTINATIONS, patience=0)
        resident.append(memory())
        town.ground.clock.forward(300)
    assert town.ground.played.writes("salesforce") == town.ground.played.writes("zendesk") == []
    assert len(town.ground.open()) == waiting  # on disk, all of it
    assert max(resident) - resident[0] < 50 * MB
    town.ground.wire.down.clear()

    read_all(town, runs=4)

    assert max([*resident, memory()]) - resident[0] < 50 * MB
    for name in KINDS:
        queued = [draft.external_id for draft in drafts if draft.destination == name]
        rows = {row.external_id: row for row in town.ground.rows(name)}
        settled_at = [rows[id].settled_at for id in queued]
        assert settled_at == sorted(settled_at), name
        if name != "zendesk":  # it does not keep the order of the tickets in a job
            assert [id for id in written(town, name) if id in rows and id in queued] == queued, name


def memory() -> int:
    """What this process holds in memory now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def written(town: Nemesis, name: str) -> list[str]:
    """The external ids of what a destination holds, in the order in which it came there."""
    return [id for (system, id), _ in objects(town.ground.played) if system == name]

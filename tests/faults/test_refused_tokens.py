"""A destination refuses our token for a while: nothing is lost, nobody is pestered, and a mended one is noticed."""

from collections.abc import Callable

import pytest

from hub import wiring
from hub.cli.examination import examine
from hub.stages.trouble import SETUP_PAUSE_SECONDS
from tests.faults.ground import DESTINATIONS, Ground

KINDS = {"salesforce": "Lead", "zendesk": "Case", "slack": "Alert"}
REFUSED = {
    "salesforce": {"status": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "expired"}]},
    "zendesk": {"status": 401, "body": {"error": "invalid_token"}},
    "slack": {"status": 200, "body": {"ok": False, "error": "token_revoked"}},
}
EVERY = pytest.mark.parametrize("name", DESTINATIONS)


def refused(ground: Ground, name: str, *, times: int = 1) -> None:
    """Some work waits, and this destination has refused it so many times."""
    for number in range(3):
        ground.hand_over(KINDS[name], number)
    path = "/services/data/*" if name == "salesforce" else "*"
    ground.played.fault(name, "status", path_glob=path, times=10_000, **REFUSED[name])  # type: ignore[arg-type]
    for _ in range(times):
        done = ground.run(name, patience=0)
        assert type(done[name].stopped).__name__ == "AccessDenied"
        ground.clock.forward(SETUP_PAUSE_SECONDS + 1)
    ground.clock.forward(-SETUP_PAUSE_SECONDS)  # a second after the last refusal
    assert ground.states(name) == ["pending"] * 3


def asked(ground: Ground, name: str) -> int:
    """How many requests there were."""
    return len(ground.played.requests(name))


@EVERY
@pytest.mark.parametrize("times", [1, 5])
def test_who_was_refused_asks_again_five_minutes_later_and_not_before(ground: Ground, name: str, times: int) -> None:
    refused(ground, name, times=times)
    ground.played.switchboard.clear()
    before = asked(ground, name)

    for _ in range(4):
        ground.run(name, patience=0)
        ground.clock.forward(60)
    assert asked(ground, name) == before

    ground.clock.forward(60)
    ground.run(name, patience=0)

    assert ground.states(name) == ["done"] * 3
    ground.assert_exactly_once()


def by_hand(ground: Ground, name: str) -> None:
    wiring.deliver(ground.hub, name, by_hand=True)


def doctor(ground: Ground, name: str) -> None:
    access, *mapping = examine(ground.hub, name)
    assert all(found.ok for found in (access, *mapping))
    assert access.said.endswith("3 that waited for this go now")
    ground.run(name, patience=0)


@EVERY
@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("act", [by_hand, doctor])
def test_a_token_that_is_mended_is_used_at_once_when_a_person_says_so(
    ground: Ground, name: str, times: int, act: Callable[[Ground, str], None]
) -> None:
    refused(ground, name, times=times)
    ground.played.switchboard.clear()

    act(ground, name)

    assert ground.states(name) == ["done"] * 3
    assert ground.failures(name) == 0
    ground.assert_exactly_once()


@EVERY
def test_a_doctor_who_finds_the_token_refused_lets_nothing_go(ground: Ground, name: str) -> None:
    refused(ground, name)

    [access] = examine(ground.hub, name)
    before = asked(ground, name)
    ground.run(name, patience=0)

    assert not access.ok
    assert asked(ground, name) == before


def test_a_log_in_that_answers_oddly_leaves_nothing_in_doubt(ground: Ground) -> None:
    for number in range(3):
        ground.hand_over("Lead", number)
    ground.played.fault("salesforce", "status", path_glob="*", times=10_000, **REFUSED["salesforce"])  # type: ignore[arg-type]

    ground.run("salesforce", patience=0)

    assert ground.states("salesforce") == ["pending"] * 3
    ground.played.switchboard.clear()
    ground.quiet("salesforce")
    ground.assert_exactly_once()


def test_what_slack_asked_for_itself_no_person_ends(ground: Ground) -> None:
    ground.hand_over("Alert", 1)
    ground.played.fault("slack", "status", status=429, headers={"Retry-After": "60"}, path_glob="/api/chat.postMessage")
    ground.run("slack", patience=0)
    before = asked(ground, "slack")

    wiring.deliver(ground.hub, "slack", by_hand=True)

    assert asked(ground, "slack") == before

"""F44 to F49: messages and replies, whatever Slack and the way to it do."""

from collections import Counter

import pytest

from sandbox.messages import Request
from tests.faults.ground import Ground

SL = "slack"
POST = {"method": "POST", "path_glob": "/api/chat.postMessage"}


def posts(ground: Ground) -> int:
    """How often somebody asked to post."""
    return sum(1 for line in ground.played.requests(SL) if line["path"] == POST["path_glob"])


def look_ups(ground: Ground) -> int:
    """How often somebody asked what was posted."""
    return sum(1 for line in ground.played.requests(SL) if line["path"].startswith("/api/conversations."))


def history_lags(ground: Ground, seconds: float) -> None:
    """Messages show in the history so much later."""
    ground.played.ask(
        Request(method="POST", host="slack.com", path="/sandbox/history_lag", query={"seconds": [str(seconds)]})
    )


def test_f44_a_message_whose_answer_was_lost_is_one_message(ground: Ground) -> None:
    ground.hand_over("Alert", 1)
    ground.hand_over("Alert", 1, first=False, post=5000)
    ground.played.fault(SL, "drop_after", times=2, **POST)

    ground.run(SL)
    ground.quiet(SL)

    ground.assert_exactly_once()
    assert posts(ground) == 2


@pytest.mark.parametrize("lag", [0.0, 3.0])
def test_f45_a_message_posted_by_a_process_that_ended_is_found_though_the_history_lags(
    ground: Ground, lag: float
) -> None:
    history_lags(ground, lag)
    ground.hand_over("Alert", 1)
    ground.played.fault(SL, "drop_after", **POST)
    assert ground.run_into("deliver.sent", SL)

    ground.quiet(SL, between=121)

    ground.assert_exactly_once()
    assert posts(ground) == 1


def test_f45_what_shows_late_is_not_posted_again(ground: Ground) -> None:
    history_lags(ground, 3.0)
    ground.hand_over("Alert", 1)
    ground.played.fault(SL, "drop_after", **POST)

    ground.run(SL)
    ground.quiet(SL, between=5)

    ground.assert_exactly_once()
    assert posts(ground) == 1


@pytest.mark.parametrize("rule", [
    {"kind": "status", "status": 503}, {"kind": "drop_before"}, {"kind": "garbage"},
    {"kind": "status", "status": 200, "body": {"ok": False, "error": "internal_error"}},
    {"kind": "status", "status": 200, "body": {"ok": False, "error": "never_heard_of"}},
    {"kind": "status", "status": 200, "body": {"ok": True}},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "30"}},
], ids=["503", "hang-up", "a page", "internal_error", "unknown word", "no messages", "429"])  # fmt: skip
@pytest.mark.parametrize("reply", [False, True], ids=["message", "reply"])
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_f46_while_the_history_cannot_be_read_it_stays_in_doubt_and_nothing_is_posted_again(
    ground: Ground, rule: dict[str, object], reply: bool, kind: str
) -> None:
    ground.hand_over("Alert", 1)
    if reply:
        ground.run(SL)
        ground.hand_over("Alert", 1, first=False, post=5000)
    ground.played.fault(SL, kind, **POST)
    ground.run(SL, patience=0)
    ground.played.fault(SL, path_glob="/api/conversations.*", times=3, **rule)  # type: ignore[arg-type]
    asked = posts(ground)

    for tries in range(1, 4):
        ground.clock.forward(400)
        ground.run(SL, patience=0)
        assert look_ups(ground) == tries, "one failed look-up a run"
        assert posts(ground) == asked
        assert [row.state for row in ground.open(SL)] == ["in_doubt"]
    ground.quiet(SL)

    ground.assert_exactly_once()
    assert posts(ground) == asked + (kind == "drop_before")
    assert ground.quarantined() == []


def test_f47_while_slack_asks_for_a_pause_it_is_asked_once(ground: Ground) -> None:
    for number in range(500):
        ground.hand_over("Alert", number)
    ground.played.fault(SL, "status", status=429, headers={"Retry-After": "30"}, **POST)
    began, asked = ground.clock.moment, []

    for _ in range(30):
        ground.run(SL, patience=0)
        asked.append(posts(ground))
        ground.clock.forward(0.9)  # a run is woken by each new alert

    assert (ground.clock.moment - began).total_seconds() < 30
    assert asked[-1] == 1
    ground.quiet(SL, at_most=40, between=60)
    ground.assert_exactly_once()


@pytest.mark.parametrize("word", ["is_archived", "channel_not_found", "msg_too_long"])
def test_f48_what_slack_will_not_take_is_tried_once_and_parked(ground: Ground, word: str) -> None:
    ground.hand_over("Alert", 1)
    [other] = ground.hand_over("Alert", 2)
    ground.played.fault(SL, "status", status=200, body={"ok": False, "error": word}, **POST)

    ground.run(SL)
    ground.quiet(SL)

    assert ground.quarantined() == [("deliver", word)]
    ground.expected = {(SL, other.external_id): other.digest}
    ground.assert_exactly_once()
    assert posts(ground) == 2


def test_f48_a_token_that_was_revoked_stops_everything_until_a_person_acts(ground: Ground) -> None:
    for number in range(3):
        ground.hand_over("Alert", number)
    ground.played.fault(
        SL, "status", times=1000, status=200, body={"ok": False, "error": "token_revoked"}, path_glob="/api/*"
    )

    done = ground.run(SL)

    assert type(done[SL].stopped).__name__ == "AccessDenied"
    assert posts(ground) == 1
    assert ground.states(SL) == ["pending"] * 3
    ground.played.switchboard.clear()
    ground.quiet(SL)
    ground.assert_exactly_once()


@pytest.mark.parametrize("rule", [
    {"kind": "status", "status": 200, "body": {"channel": "C0ALERTS"}}, {"kind": "garbage"},
    {"kind": "status", "status": 200, "body": "<html>Slack is busy</html>"},
    {"kind": "status", "status": 200, "body": {"ok": False, "error": "never_heard_of"}},
], ids=["ok is missing", "a page after posting", "a page instead", "unknown word"])  # fmt: skip
def test_f49_an_answer_that_says_nothing_means_look_up(ground: Ground, rule: dict[str, object]) -> None:
    ground.hand_over("Alert", 1)
    ground.played.fault(SL, **POST, **rule)  # type: ignore[arg-type]

    ground.run(SL, patience=0)
    mark = ground.played.state.last_number
    ground.quiet(SL)

    ground.assert_exactly_once()
    first = ground.played.requests(SL, since=mark)[0]["path"]
    assert first.startswith("/api/conversations."), "looked up before anything is posted again"
    assert Counter(row["event"] for row in ground.played.events(SL, "message posted")) == {"message posted": 1}

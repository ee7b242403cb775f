"""What vendors say is left of their limits slows the hub down before they have to refuse anything."""

from dataclasses import replace

import pytest

from connectors.salesforce.connector import Salesforce
from connectors.slack.connector import Slack
from connectors.zendesk.connector import Zendesk
from sandbox.faults import Rule
from sandbox.messages import Reply, Request
from tests.faults.ground import Ground, claimed
from tests.faults.wire import Ask

HOURS = 4 * 3_600.0  # of patience; it passes without waiting
MINUTE = 60.0


@pytest.fixture(autouse=True)
def one_in_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls as there are objects."""
    for connector in (Salesforce, Zendesk, Slack):
        monkeypatch.setattr(connector, "plan", lambda self, object, waiting: 1)
    monkeypatch.setattr("connectors.slack.folding.MESSAGES_A_MINUTE", 10_000)


class DailyAllowance:
    """Salesforce's: told with every answer, and a refusal when it is spent."""

    def __init__(self, *, used: int, total: int) -> None:
        self.used, self.total = used, total
        self.refused = 0

    def __call__(self, ask: Ask, request: Request) -> tuple[Reply | None, Rule | None]:
        if self.used >= self.total:
            self.refused += 1
            return Reply.json([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "No more."}], status=403), None
        self.used += 1
        reply, fault = ask(request)
        assert reply is not None
        told = {"Sforce-Limit-Info": f"api-usage={self.used}/{self.total}"}
        return replace(reply, headers={**reply.headers, **told}), fault


class Endpoint:
    """Zendesk's limit of one endpoint, a minute at a time, in its own header."""

    def __init__(self, ground: Ground, name: str, *, method: str, total: int) -> None:
        self._ground, self._name, self._method, self._total = ground, name, method, total
        self._ends_at, self._left = 0.0, 0
        self.refused = self.granted = 0

    def __call__(self, ask: Ask, request: Request) -> tuple[Reply | None, Rule | None]:
        if request.method != self._method:
            return ask(request)
        now = self._ground.clock.moment.timestamp()
        if now >= self._ends_at:
            self._ends_at, self._left = now + MINUTE, self._total
        resets = int(self._ends_at - now) + 1
        if not self._left:
            self.refused += 1
            return Reply.json({"error": "TooManyRequests"}, status=429, headers={"Retry-After": str(resets)}), None
        self._left -= 1
        self.granted += 1
        reply, fault = ask(request)
        assert reply is not None
        told = {f"zendesk-ratelimit-{self._name}": f"total={self._total}; remaining={self._left}; resets={resets}"}
        return replace(reply, headers={**reply.headers, **told}), fault


def seconds_of(ground: Ground, name: str) -> float:
    """How long it takes to deliver what waits; nothing of it may be left."""
    began = ground.clock.moment
    ground.run(name, patience=HOURS)
    assert not ground.open(name)
    ground.assert_exactly_once()
    return (ground.clock.moment - began).total_seconds()


def test_from_four_fifths_of_salesforces_day_on_leads_go_slowly_and_none_is_refused(ground: Ground) -> None:
    allowance = DailyAllowance(used=780, total=1_000)
    ground.wire.twists.append(allowance)
    for number in range(10):
        ground.hand_over("Lead", number)
    assert seconds_of(ground, "salesforce") < MINUTE
    for number in range(10, 40):
        ground.hand_over("Lead", number)

    seconds = seconds_of(ground, "salesforce")

    assert allowance.refused == 0
    assert seconds > 18 * 15, "what is left of an hour's share is spread over the hour"


def test_an_endpoint_of_zendesk_that_grants_twenty_a_minute_refuses_none(ground: Ground) -> None:
    for number in range(45):
        ground.hand_over("Case", number)
    seconds_of(ground, "zendesk")
    endpoint = Endpoint(ground, "tickets-update", method="PUT", total=20)
    ground.wire.twists.append(endpoint)
    for number in range(45):
        ground.hand_over("Case", number, first=False, post=5_000 + number)

    seconds = seconds_of(ground, "zendesk")

    assert (endpoint.granted, endpoint.refused) == (45, 0)
    assert seconds > MINUTE


def test_a_channel_of_slack_gets_a_message_a_second_and_refuses_none(ground: Ground) -> None:
    for number in range(40):
        ground.hand_over("Alert", number)

    seconds = seconds_of(ground, "slack")

    assert [line for line in ground.played.requests("slack") if line["status"] == 429] == []
    assert seconds >= 39


def test_slacks_tiers_are_kept_by_look_ups_too(ground: Ground) -> None:
    ground.hand_over("Alert", 1)
    [delivery] = claimed(ground, "slack")
    began = ground.clock.moment

    with ground.hub.open_destination("slack") as slack:
        for _ in range(60):  # ten more than the tier of the history grants in a minute
            assert list(slack.find([delivery])) == []

    assert [line for line in ground.played.requests("slack") if line["status"] == 429] == []
    assert (ground.clock.moment - began).total_seconds() >= MINUTE

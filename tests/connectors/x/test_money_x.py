"""What reading X costs: set aside before, given back after, and an end when the money is spent."""

from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.x.connector import ASKED_FOR
from hub.domain import Cursor, Reference, Watch
from hub.errors import ContractBroken, RateLimited, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network

KEYWORD = Watch(network="x", kind="keyword", value="acme")
POSTS = ",".join(f'{{"id": "{id}", "text": "acme", "author_id": "7"}}' for id in range(101, 111))
TEN = f'{{"data": [{POSTS}], "includes": {{"users": [{{"id": "7"}}, {{"id": "8"}}]}}, "meta": {{}}}}'.encode()
TEN_COST = 10 * 0.005 + 2 * 0.010


def network(transport: Any, *, limit: float) -> Any:
    connection = Connection(id="x", host="https://api.x.com", extra={"bearer_token": "s", "monthly_limit": limit})
    services = Services.local(clock=SteppedClock(STANDS_AT), transport=transport)
    return connectors.load("x")(connectors.manifest("x"), connection, services)


class Counting(OneAnswer):
    """The same ten posts to everything."""

    asked = 0

    def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
        """The answer."""
        self.asked += 1
        return super().send(request, *args, **options)


def test_only_what_was_read_is_paid_for_and_a_spent_budget_names_the_day_it_goes_on() -> None:
    transport = Counting(200, {}, TEN)
    opened = network(transport, limit=2.0 + 4 * TEN_COST)  # 2.0: the most that a full page could cost

    for _ in range(5):
        list(opened.pull(KEYWORD, Cursor()))
    with pytest.raises(RateLimited, match=r"2\.28 USD in thirty days.*goes on at 2025-04-04 12:00 UTC") as spent:
        list(opened.pull(KEYWORD, Cursor()))

    assert transport.asked == 5
    assert spent.value.retry_after == pytest.approx(30 * 86_400)


def test_a_call_that_fails_costs_nothing() -> None:
    opened = network(OneAnswer(400, {}, b"{}"), limit=2.0)

    for _ in range(5):
        with pytest.raises(ContractBroken):
            list(opened.pull(KEYWORD, Cursor()))


def test_an_account_that_is_remembered_is_paid_for_once() -> None:
    replies = ReplayTransport(
        (
            Exchange(request="GET /2/users/by/username/acme", body={"data": {"id": "7"}}),
            Exchange(request="GET /2/users/by/username/bolt", body={"data": {"id": "8"}}),
        ),
        name="x/test",
        folder=Path(),
    )
    opened = network(replies, limit=0.02)

    assert [opened._user_id(name) for name in ("acme", "acme", "acme", "bolt")] == ["7", "7", "7", "8"]
    with pytest.raises(RateLimited):
        opened._user_id("cafe")


def test_proofs_read_nothing_that_is_charged_and_name_what_is_missing() -> None:
    spent = {"data": {"project_usage": "3000000", "project_cap": "3000000", "cap_reset_day": 9}}
    replies = ReplayTransport(
        (
            Exchange(request="GET /2/usage/tweets", body=spent),
            Exchange(request="GET /2/compliance/jobs?type=tweets", status=403, body={}),
            Exchange(
                request="GET /2/tweets/search/recent?query=conversation_id:1&max_results=10",
                body={"meta": {"result_count": 0}},
            ),
        ),
        name="x/test",
        folder=Path(),
    )
    opened = open_network("x", replies, clock=SteppedClock(STANDS_AT))
    proofs = opened.proofs()

    proofs["access"]()
    proofs["search"]()
    with pytest.raises(RateLimited, match=r"3000000 of 3000000.*day 9"):
        proofs["quota"]()
    with pytest.raises(SetupError, match="scopes"):
        proofs["compliance"]()


def test_a_look_up_asks_for_a_hundred_at_once_and_keeps_what_it_was_not_told_of() -> None:
    ids = [str(1897000000000000000 + number) for number in range(100)]
    asked = "&".join(f"{name}={value}" for name, value in ASKED_FOR.items())
    replies = ReplayTransport(
        (Exchange(request=f"GET /2/tweets?ids={','.join(ids)}&{asked}", body={"data": [{"id": ids[0], "text": "a"}]}),),
        name="x/test",
        folder=Path(),
    )
    opened = open_network("x", replies, clock=SteppedClock(STANDS_AT))

    (found,) = opened.look_up([Reference(key=f"x:post:{id}", native_id=id) for id in ids])

    assert [record["id"] for record in found.records] == [ids[0]]
    assert found.gone == {}


@pytest.mark.parametrize(
    "address",
    ["http://storage.googleapis.com/a", "https://storage.googleapis.com.evil.test/a", "https://169.254.169.254/a"],
)
def test_an_upload_is_never_led_anywhere_else(address: str) -> None:
    job = {"data": {"id": "7", "status": "created", "upload_url": address}}
    replies = ReplayTransport((Exchange(request="POST /2/compliance/jobs", body=job),), name="x/test", folder=Path())
    opened = open_network("x", replies, clock=SteppedClock(STANDS_AT))

    with pytest.raises((ContractBroken, SetupError)):
        opened.removals([Reference(key="x:post:1", native_id="1")])
    assert replies.asked == ["POST /2/compliance/jobs"]


def test_a_signed_address_learns_no_token_and_an_unfinished_job_is_asked_after_again() -> None:
    job = {"id": "7", "upload_url": "https://storage.googleapis.com/b/up?s=1",
           "download_url": "https://storage.googleapis.com/b/down?s=2"}  # fmt: skip
    tape = [Exchange(request="POST /2/compliance/jobs", body={"data": job | {"status": "created"}})]
    tape += [Exchange(request="PUT https://storage.googleapis.com/b/up?s=1", sent="1\n2")]
    tape += [Exchange(request="GET /2/compliance/jobs/7", body={"data": job | {"status": "in_progress"}})] * 4
    tape += [Exchange(request="GET /2/compliance/jobs/7", body={"data": job | {"status": "complete"}})]
    tape += [Exchange(request="GET https://storage.googleapis.com/b/down?s=2",
                      body='{"id": "2", "action": "delete", "reason": "suspended"}\n')]  # fmt: skip
    seen: list[tuple[str, bool]] = []

    class Listening(ReplayTransport):
        def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
            """Note who learns the token."""
            seen.append((request.url.split("/")[2], "Authorization" in request.headers))
            return super().send(request, *args, **options)

    opened = open_network("x", Listening(tuple(tape), name="x", folder=Path()), clock=SteppedClock(STANDS_AT))
    references = [Reference(key=f"x:post:{id}", native_id=id) for id in ("2", "1")]

    with pytest.raises(RateLimited, match="still at"):
        opened.removals(references)
    told = opened.removals([Reference(key="x:post:9", native_id="9")])  # others are due by now
    assert (told.gone, set(told.answered)) == ({"x:post:2": "suspended"}, {"x:post:1", "x:post:2"})
    assert set(seen) == {("api.x.com", True), ("storage.googleapis.com", False)}
    assert [host for host, _ in seen].count("storage.googleapis.com") == 2

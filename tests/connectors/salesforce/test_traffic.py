"""How the connector talks to Salesforce: one log-in for each expiry, few calls, fewer when the day runs short."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from hub.domain import Allowance, Delivery
from hub.errors import AccessDenied, RateLimited, SetupError, Unavailable
from hub.kit import Connection, Destination, Services
from hub.kit.local import LocalBudgets
from tests.connectors.salesforce.org import many
from tests.contract.bench import PATIENCE, Bench

CREATE = "/services/data/v64.0/composite/sobjects"


def test_a_lasting_401_makes_two_log_ins_and_no_more(bench: Bench) -> None:
    body = json.dumps([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
    rule = {"system": "salesforce", "path_glob": "/services/data/*", "times": 1000, "kind": "status", "status": 401}
    bench.ask("/faults", rule | {"body": body, "headers": {"Content-Type": "application/json"}}, "POST")

    with bench.open() as destination, pytest.raises(AccessDenied, match="fresh token"):
        list(destination.send(bench.deliveries(3)))

    assert log_ins(bench) == 2


def test_twenty_calls_that_find_the_session_ended_share_one_log_in(bench: Bench, salesforce: Destination) -> None:
    bench.ask("/clock", {"advance_seconds": 7_201}, "POST")
    others = [bench.open() for _ in range(20)]

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda destination: destination.check(), others))

    assert log_ins(bench) == 1
    for destination in others:
        destination.close()


def log_ins(bench: Bench) -> int:
    """Log-ins since the mark."""
    return sum(line.get("event") == "logged in" for line in bench.journal())


def test_the_older_log_in_with_a_security_token_works_too(bench: Bench) -> None:
    older = Connection(
        id="salesforce_default", login="hub@acme.test", password="sandbox-password",
        extra={"security_token": "sandbox-token"},
    )  # fmt: skip

    with bench.open(connection=older) as destination:
        destination.check()
        (receipt,) = destination.send([bench.delivery(1)])

    assert receipt.outcome == "created"
    assert str(receipt.url).startswith("https://acme.my.salesforce.com/00Q")


def test_a_connection_without_credentials_says_which_it_needs(bench: Bench) -> None:
    with bench.open(connection=Connection(id="salesforce_default")) as destination, pytest.raises(SetupError) as told:
        destination.check()

    assert "consumer_key" in str(told.value)
    assert bench.requests() == []


class Overheard(LocalBudgets):
    """Budgets that remember what they were told."""

    heard: list[Allowance]

    def told(self, name: str, allowance: Allowance) -> None:
        self.heard.append(allowance)
        super().told(name, allowance)


@pytest.mark.parametrize(("used", "gap"), [(11_000, 0.0), (12_000, 1.2), (14_990, 300.0), (15_000, 300.0)])
def test_from_four_fifths_of_the_day_on_calls_keep_a_distance(bench: Bench, used: int, gap: float) -> None:
    local = Services.local(limits=PATIENCE)
    budgets = Overheard(local.clock, max_wait_seconds=1)
    budgets.heard = []
    bench.services = replace(local, budgets=budgets)
    usage = {"Content-Type": "application/json", "Sforce-Limit-Info": f"api-usage={used}/15000"}
    rule = {"system": "salesforce", "path_glob": "*/query", "kind": "status", "status": 200, "headers": usage}

    with bench.open() as destination:
        destination.check()
        bench.ask("/faults", rule | {"body": '{"done": true, "records": []}'}, "POST")
        list(destination.find(bench.deliveries(1)))

        assert budgets.heard[0].gap == 0  # what an earlier process told is over
        assert (budgets.heard[-1].gap if len(budgets.heard) > 1 else 0.0) == gap
        if gap > 1:
            with pytest.raises(RateLimited):
                destination.check()


def test_only_records_of_one_kind_are_asked_for_at_a_time(bench: Bench, salesforce: Destination) -> None:
    contact: Delivery = bench.delivery(1).with_(object="Contact")

    with pytest.raises(SetupError, match="Contact"):
        list(salesforce.find([contact]))


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (200, 1), (201, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_new_leads_take_the_fewest_calls(bench: Bench, salesforce: Destination, count: int, calls: int) -> None:
    deliveries = many(bench, count)

    receipts = list(salesforce.send(deliveries))

    assert [receipt.delivery for receipt in receipts] == [one.id for one in deliveries]
    assert {receipt.outcome for receipt in receipts} == {"created"}
    assert len(bench.requests()) == calls
    assert len(set(bench.made())) == len(bench.made()) == count


def test_a_thousand_changed_leads_take_one_look_and_one_call(bench: Bench, salesforce: Destination) -> None:
    made = list(salesforce.send(many(bench, 1000)))
    before = len(bench.requests())
    later = [
        one.with_(object_id=receipt.object_id) for one, receipt in zip(many(bench, 1000, version=2), made, strict=True)
    ]

    receipts = list(salesforce.send(later))

    assert {receipt.outcome for receipt in receipts} == {"updated"}
    assert bench.requests()[before:] == ["/services/data/v64.0/composite"] * 2


def test_the_plan_follows_what_waits(salesforce: Destination) -> None:
    plans = {waiting: salesforce.plan("Lead", waiting) for waiting in (1, 200, 201, 6_000, 6_001, 10_000)}

    assert plans == {1: 200, 200: 200, 201: 1_000, 6_000: 1_000, 6_001: 10_000, 10_000: 10_000}


def test_one_bad_record_in_a_thousand_spares_the_rest(bench: Bench, salesforce: Destination) -> None:
    deliveries = many(bench, 1000)
    deliveries[700] = spoilt(deliveries[700])

    receipts = list(salesforce.send(deliveries))

    assert [receipt.outcome for receipt in receipts].count("created") == 999
    assert (receipts[700].outcome, receipts[700].reason) == ("refused", "string_too_long")
    assert "LastName" in str(receipts[700].detail)
    assert len(bench.requests()) == 1


def test_a_part_of_a_call_that_was_not_carried_out_leaves_the_other_parts_answered(
    bench: Bench, salesforce: Destination
) -> None:
    parts = [
        (200, [made(number) for number in range(200)]),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}]),
    ]
    bench.ask("/faults", composite(parts), "POST")

    receipts = list(salesforce.send(many(bench, 400)))

    assert [receipt.outcome for receipt in receipts] == ["created"] * 200 + ["unknown"] * 200
    assert {receipt.reason for receipt in receipts[200:]} == {"no_answer"}


def test_a_part_without_an_answer_is_in_doubt(bench: Bench, salesforce: Destination) -> None:
    bench.ask("/faults", composite([(200, [made(number) for number in range(200)])]), "POST")

    receipts = list(salesforce.send(many(bench, 201)))

    assert [receipt.outcome for receipt in receipts] == ["created"] * 200 + ["unknown"]


def test_a_call_that_is_lost_leaves_later_ones_untried(bench: Bench, salesforce: Destination) -> None:
    bench.ask("/faults", {"system": "salesforce", "path_glob": "*/composite", "kind": "drop_after", "after": 1}, "POST")

    receipts = list(salesforce.send(many(bench, 3000)))

    outcomes = [receipt.outcome for receipt in receipts]
    assert outcomes == ["created"] * 1000 + ["unknown"] * 1000 + ["deferred"] * 1000
    assert len(bench.made()) == 2000
    assert len(bench.requests()) == 2


def test_a_call_that_is_lost_as_the_only_one_is_raised(bench: Bench, salesforce: Destination) -> None:
    bench.ask("/faults", {"system": "salesforce", "path_glob": "*/composite", "kind": "drop_after"}, "POST")

    with pytest.raises(Unavailable) as lost:
        list(salesforce.send(many(bench, 201)))

    assert lost.value.sent


def test_too_many_long_calls_at_once_are_waited_for_shortly(bench: Bench, salesforce: Destination) -> None:
    words = "ConcurrentPerOrgLongTxn Limit exceeded."
    body = json.dumps([{"message": words, "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
    bench.fault(kind="status", status=403, body=body, headers={"Content-Type": "application/json"})

    with pytest.raises(RateLimited) as told:
        list(salesforce.send(bench.deliveries(1)))

    assert told.value.retry_after == 30


@pytest.mark.parametrize(("code", "sent"), [("SERVER_UNAVAILABLE", False), ("UNKNOWN_EXCEPTION", True)])
def test_a_busy_server_that_says_so_leaves_nobody_in_doubt(
    bench: Bench, salesforce: Destination, code: str, sent: bool
) -> None:
    body = json.dumps([{"message": "no", "errorCode": code}])
    bench.fault(kind="status", status=503, body=body, headers={"Content-Type": "application/json"})

    with pytest.raises(Unavailable) as told:
        list(salesforce.send(bench.deliveries(1)))

    assert told.value.sent is sent


def spoilt(delivery: Delivery) -> Delivery:
    """A name that no field holds."""
    return delivery.with_(body={**delivery.body, "LastName": "x" * 81})


def made(number: int) -> dict[str, Any]:
    """The result of one record."""
    return {"id": f"00Q5e0000{number:06d}EAA", "success": True, "errors": []}


def composite(parts: list[tuple[int, Any]]) -> dict[str, Any]:
    """A fault that answers a Composite call so."""
    told = [
        {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"part{place}"}
        for place, (status, body) in enumerate(parts)
    ]
    return {
        "system": "salesforce", "path_glob": "*/composite", "kind": "status", "status": 200,
        "headers": {"Content-Type": "application/json"}, "body": json.dumps({"compositeResponse": told}),
    }  # fmt: skip

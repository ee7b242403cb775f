"""What is peculiar to Salesforce: whose fields are whose, results by position, and one log-in for each expiry."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

import connectors
from hub.domain import Budget, Delivery
from hub.errors import AccessDenied, RateLimited, SetupError
from hub.kit import Connection, Destination, Services
from hub.kit.local import LocalBudgets
from sandbox.process import SandboxProcess
from tests.contract.bench import PATIENCE, Bench

LEAD = "https://acme.my.salesforce.com"


@pytest.fixture
def bench(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return Bench(connectors.manifest("salesforce"), sandbox)


@pytest.fixture
def salesforce(bench: Bench) -> Iterator[Destination]:
    with bench.ready() as destination:
        yield destination


def answers(*results: dict[str, Any]) -> dict[str, Any]:
    """A fault that answers a collection with these results, whatever was sent."""
    return {
        "kind": "status",
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(results),
    }


def refusal(code: str, *fields: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": "no", "fields": fields}]}


def success(id: str = "00Q5e0000000999EAA") -> dict[str, Any]:
    return {"id": id, "success": True, "errors": [], "created": True}


def by_sales(bench: Bench, destination: Destination, id: str, act: str, changes: dict[str, Any] | None = None) -> None:
    """What a salesperson does to a lead."""
    destination.client.session.post(f"{LEAD}/sandbox/leads/{id}/{act}", json=changes or {})


def leads(bench: Bench) -> dict[str, dict[str, Any]]:
    """The leads that sales see, by our key."""
    rows = json.loads(bench.ask("/state/salesforce/leads"))
    return {row["Hub_Key__c"]: row for row in rows}


def test_what_sales_staff_have_set_is_left_alone(bench: Bench, salesforce: Destination) -> None:
    first = bench.delivery(1)
    (made,) = salesforce.send([first])
    by_sales(
        bench,
        salesforce,
        str(made.object_id),
        "edit",
        {"Status": "Working - Contacted", "Company": ""} | {"Company": "Initech"},
    )

    later = bench.delivery(1, version=2)
    (changed,) = salesforce.send([later])

    lead = leads(bench)[first.external_id]
    assert changed.outcome == "updated"
    assert (lead["Status"], lead["Company"]) == ("Working - Contacted", "Initech")
    assert lead["Hub_Last_Post__c"] == later.body["Hub_Last_Post__c"] != first.body["Hub_Last_Post__c"]


def test_a_blank_field_of_sales_is_filled_in(bench: Bench, salesforce: Destination) -> None:
    first = bench.delivery(1)
    (made,) = salesforce.send([first])
    by_sales(bench, salesforce, str(made.object_id), "edit", {"Rating": ""})

    list(salesforce.send([bench.delivery(1, version=2)]))

    assert leads(bench)[first.external_id]["Rating"] == first.body["Rating"]


def test_a_lead_that_a_person_deleted_stays_deleted(bench: Bench, salesforce: Destination) -> None:
    (made,) = salesforce.send([bench.delivery(1)])
    by_sales(bench, salesforce, str(made.object_id), "delete")

    later = bench.delivery(1, version=2).with_(object_id=made.object_id)
    (receipt,) = salesforce.send([later])

    assert (receipt.outcome, receipt.reason) == ("refused", "deleted_there")
    assert later.external_id not in leads(bench)


def test_a_converted_lead_is_refused_with_what_to_do(bench: Bench, salesforce: Destination) -> None:
    (made,) = salesforce.send([bench.delivery(1)])
    by_sales(bench, salesforce, str(made.object_id), "convert")

    (receipt,) = salesforce.send([bench.delivery(1, version=2)])

    assert (receipt.outcome, receipt.reason) == ("refused", "cannot_update_converted_lead")
    assert "contact" in str(receipt.detail)


def test_two_hundred_leads_take_two_requests(bench: Bench, salesforce: Destination) -> None:
    deliveries = bench.deliveries(200)

    receipts = list(salesforce.send(deliveries))

    assert {receipt.outcome for receipt in receipts} == {"created"}
    assert len(bench.requests()) == 2


def test_of_two_versions_in_one_batch_the_newer_is_sent(bench: Bench, salesforce: Destination) -> None:
    older, newer = bench.delivery(1), bench.delivery(1, version=2).with_(id=2)

    receipts = list(salesforce.send([older, newer]))

    assert [(receipt.delivery, receipt.outcome) for receipt in receipts] == [(1, "created"), (2, "created")]
    assert leads(bench)[older.external_id]["Hub_Digest__c"] == newer.digest


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([success()], "answers_missing"),
        ([], "answers_missing"),
        ([success(), success(), success()], "answers_missing"),
        ([{"id": "x"}, {"id": "y"}], "unreadable_answer"),
        ([{"success": True, "errors": []}, {"success": True, "errors": []}], "answers_out_of_order"),
    ],
)
def test_answers_that_prove_nothing_are_unknown_for_all(
    bench: Bench, salesforce: Destination, results: list[dict[str, Any]], reason: str
) -> None:
    bench.fault(**answers(*results))

    receipts = list(salesforce.send(bench.deliveries(2)))

    assert [(receipt.outcome, receipt.reason) for receipt in receipts] == [("unknown", reason)] * 2


def test_results_in_another_order_are_noticed_where_the_ids_are_known(bench: Bench, salesforce: Destination) -> None:
    first = list(salesforce.send(bench.deliveries(2)))
    bench.fault(**answers(*(success(str(receipt.object_id)) for receipt in reversed(first))))

    receipts = list(salesforce.send([bench.delivery(1, version=2), bench.delivery(2, version=2)]))

    assert [receipt.reason for receipt in receipts] == ["answers_out_of_order"] * 2


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("UNABLE_TO_LOCK_ROW", "deferred"),
        ("REQUEST_LIMIT_EXCEEDED", "deferred"),
        ("DUPLICATE_VALUE", "unknown"),
        ("DUPLICATES_DETECTED", "refused"),
        ("ENTITY_IS_DELETED", "refused"),
        ("A_CODE_OF_TOMORROW", "refused"),
    ],
)
def test_each_code_has_its_own_end_and_spares_the_others(
    bench: Bench, salesforce: Destination, code: str, outcome: str
) -> None:
    bench.fault(**answers(success(), refusal(code, "Company"), success()))

    receipts = list(salesforce.send(bench.deliveries(3)))

    assert [receipt.outcome for receipt in receipts] == ["created", outcome, "created"]
    assert receipts[1].reason == code.lower()
    assert (receipts[1].retry_after is not None) == (outcome == "deferred")


def test_a_call_refused_as_a_whole_is_halved_until_one_record_stands_alone(
    bench: Bench, salesforce: Destination
) -> None:
    body = json.dumps([{"message": "Unexpected character", "errorCode": "JSON_PARSER_ERROR"}])
    bench.fault(kind="status", status=400, body=body, headers={"Content-Type": "application/json"}, times=3)

    receipts = list(salesforce.send(bench.deliveries(4)))

    assert [receipt.outcome for receipt in receipts] == ["refused", "created", "created", "created"]


def test_the_spent_allowance_of_the_day_is_probed_every_five_minutes(bench: Bench, salesforce: Destination) -> None:
    body = json.dumps([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
    bench.fault(kind="status", status=403, body=body, headers={"Content-Type": "application/json"})

    with pytest.raises(RateLimited) as told:
        list(salesforce.send(bench.deliveries(1)))

    assert told.value.retry_after == 300


def test_a_missing_field_is_a_set_up_error_that_names_it(bench: Bench, salesforce: Destination) -> None:
    body = json.dumps(
        [{"message": "No such column 'Hub_Why__c' on sobject of type Lead", "errorCode": "INVALID_FIELD"}]
    )
    bench.fault(kind="status", status=400, body=body, headers={"Content-Type": "application/json"})

    with pytest.raises(SetupError, match="Hub_Why__c"):
        list(salesforce.send(bench.deliveries(2)))


def test_an_id_that_is_not_hexadecimal_never_leaves(bench: Bench, salesforce: Destination) -> None:
    hostile = bench.delivery(1).with_(external_id="a/../../../../admin")

    with pytest.raises(SetupError):
        list(salesforce.send([hostile]))
    with pytest.raises(SetupError):
        list(salesforce.find([hostile]))

    assert bench.requests() == []


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


class Counted(LocalBudgets):
    """Budgets that remember what was taken."""

    taken: list[int]

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> None:
        self.taken.append(cost)


def test_calls_cost_more_once_four_fifths_of_the_day_are_used(bench: Bench) -> None:
    local = Services.local(limits=PATIENCE)
    budgets = Counted(local.clock, max_wait_seconds=1)
    budgets.taken = []
    bench.services = replace(local, budgets=budgets)
    usage = {"Content-Type": "application/json", "Sforce-Limit-Info": "api-usage=12000/15000"}
    rule = {"system": "salesforce", "path_glob": "/services/data/*/limits", "times": 1, "kind": "status", "status": 200}

    with bench.open() as destination:
        destination.check()
        before = list(budgets.taken)
        bench.ask("/faults", rule | {"headers": usage, "body": '{"a": 1}'}, "POST")
        destination.check()
        told = list(budgets.taken)
        destination.check()

    assert max(before) == max(told) == 1  # the call that tells us is over: it is the next one that waits
    assert max(budgets.taken) > 1


def test_only_records_of_one_kind_are_asked_for_at_a_time(bench: Bench, salesforce: Destination) -> None:
    contact: Delivery = bench.delivery(1).with_(object="Contact")

    with pytest.raises(SetupError, match="Contact"):
        list(salesforce.find([contact]))

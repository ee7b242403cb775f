"""What is peculiar to Salesforce: whose fields are whose, and what becomes of a record that is not written."""

import json
from typing import Any

import pytest

from hub.errors import RateLimited, SetupError
from hub.kit import Destination
from tests.contract.bench import Bench

LEAD = "https://acme.my.salesforce.com"
RULE = {"system": "salesforce", "times": 1}


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


def success(id: str | int = 9) -> dict[str, Any]:
    id = f"00Q5e000000099{id}EAA" if isinstance(id, int) else id
    return {"id": id, "success": True, "errors": [], "created": True}


def by_sales(bench: Bench, destination: Destination, id: str, act: str, changes: dict[str, Any] | None = None) -> None:
    """What a salesperson does to a lead."""
    destination.client.session.post(f"{LEAD}/sandbox/leads/{id}/{act}", json=changes or {})


def rules(bench: Bench, destination: Destination, **rules: Any) -> None:
    """What an administrator does to the organisation."""
    destination.client.session.post(f"{LEAD}/sandbox/org", json=rules)


def bench_rows(bench: Bench, table: str) -> list[dict[str, Any]]:
    """What the organisation holds."""
    rows: list[dict[str, Any]] = json.loads(bench.ask(f"/state/salesforce/{table}"))
    return rows


def leads(bench: Bench) -> dict[str, dict[str, Any]]:
    """The leads that sales see, by our key."""
    return {row["Hub_Key__c"]: row for row in bench_rows(bench, "leads")}


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

    later = bench.delivery(1, version=2).with_(object_id=made.object_id)
    (changed,) = salesforce.send([later])

    lead = leads(bench)[first.external_id]
    assert changed.outcome == "updated"
    assert (lead["Status"], lead["Company"]) == ("Working - Contacted", "Initech")
    assert lead["Hub_Last_Post__c"] == later.body["Hub_Last_Post__c"] != first.body["Hub_Last_Post__c"]


def test_a_blank_field_of_sales_is_filled_in(bench: Bench, salesforce: Destination) -> None:
    first = bench.delivery(1)
    (made,) = salesforce.send([first])
    by_sales(bench, salesforce, str(made.object_id), "edit", {"Rating": ""})

    list(salesforce.send([bench.delivery(1, version=2).with_(object_id=made.object_id)]))

    assert leads(bench)[first.external_id]["Rating"] == first.body["Rating"]


def test_a_lead_that_a_person_deleted_stays_deleted(bench: Bench, salesforce: Destination) -> None:
    (made,) = salesforce.send([bench.delivery(1)])
    by_sales(bench, salesforce, str(made.object_id), "delete")

    later = bench.delivery(1, version=2).with_(object_id=made.object_id)
    (receipt,) = salesforce.send([later])

    assert (receipt.outcome, receipt.reason) == ("refused", "deleted_there")
    assert later.external_id not in leads(bench)


def test_a_lead_that_was_merged_into_another_is_parked_with_the_one_that_stays(
    bench: Bench, salesforce: Destination
) -> None:
    loser, master = salesforce.send(bench.deliveries(2))
    by_sales(bench, salesforce, str(loser.object_id), "merge", {"into": master.object_id})

    (receipt,) = salesforce.send([bench.delivery(1, version=2).with_(object_id=loser.object_id)])

    assert (receipt.outcome, receipt.reason) == ("refused", "merged_there")
    assert str(master.object_id) in str(receipt.detail)
    assert receipt.url == f"{LEAD}/{master.object_id}"


def test_a_converted_lead_is_followed_to_its_contact(bench: Bench, salesforce: Destination) -> None:
    (made,) = salesforce.send([bench.delivery(1)])
    by_sales(bench, salesforce, str(made.object_id), "convert")

    (receipt,) = salesforce.send([bench.delivery(1, version=2).with_(object_id=made.object_id)])

    contact = next(row for row in bench_rows(bench, "contacts"))["Id"]
    assert (receipt.outcome, receipt.reason, receipt.object_id) == ("updated", "followed_conversion", contact)
    assert contact in str(receipt.detail)
    assert receipt.url == f"{LEAD}/{contact}"
    assert len(bench.made()) == 3  # the lead, and what sales made of it: an account and a contact


def test_a_lead_converted_since_the_look_up_is_let_rest_too(bench: Bench, salesforce: Destination) -> None:
    bench.fault(**answers(refusal("CANNOT_UPDATE_CONVERTED_LEAD")))

    (receipt,) = salesforce.send([bench.delivery(1)])

    assert (receipt.outcome, receipt.reason) == ("refused", "cannot_update_converted_lead")


def test_what_another_hub_or_an_older_store_has_made_is_met_and_not_overwritten(
    bench: Bench, salesforce: Destination
) -> None:
    first = bench.delivery(1)
    (made,) = salesforce.send([first])
    by_sales(bench, salesforce, str(made.object_id), "edit", {"Status": "Working - Contacted", "Rating": "Cold"})

    (receipt,) = salesforce.send([bench.delivery(1, version=2)])  # nobody here knows of the first one
    (found,) = salesforce.find([first])
    (again,) = salesforce.send([bench.delivery(1, version=2).with_(attempt=2, object_id=found.object_id)])

    lead = leads(bench)[first.external_id]
    assert (receipt.outcome, receipt.reason, again.outcome) == ("unknown", "duplicate_value", "updated")
    assert (lead["Status"], lead["Rating"]) == ("Working - Contacted", "Cold")
    assert len(bench.made()) == 1


def test_two_leads_under_one_key_stop_that_key_alone(bench: Bench, salesforce: Destination) -> None:
    rules(bench, salesforce, not_unique=True)
    first, other = salesforce.send(bench.deliveries(2))
    by_sales(bench, salesforce, str(first.object_id), "clone")

    later = [bench.delivery(1, version=2), bench.delivery(2, version=2)]
    stopped, changed = salesforce.send(
        [one.with_(object_id=made.object_id) for one, made in zip(later, (first, other), strict=True)]
    )

    assert (stopped.outcome, stopped.reason, changed.outcome) == ("refused", "more_than_one_record", "updated")
    assert str(first.object_id) in str(stopped.detail)


def test_a_key_that_is_not_unique_is_a_set_up_error_before_anything_is_written(bench: Bench) -> None:
    with bench.open() as destination:
        rules(bench, destination, fields={"Hub_Key__c": {"unique": False}})
        with pytest.raises(SetupError, match="unique"):
            destination.check()
        with pytest.raises(SetupError, match="unique"):
            list(destination.send([bench.delivery(1)]))

    assert bench.made() == []


def test_whom_a_duplicate_rule_finds_is_enriched_and_makes_no_lead(bench: Bench, salesforce: Destination) -> None:
    known = salesforce.client.session.post(f"{LEAD}/sandbox/leads", json={"LastName": "Ana", "Company": "X"}).json()
    bodies = [one.body | {"LastName": name} for one, name in zip(bench.deliveries(2), ("Ana", "Bo"), strict=True)]
    rules(bench, salesforce, duplicate_rule={"matches": ["LastName"], "action": "block"})

    matched, *made = salesforce.send(
        [one.with_(body=body) for one, body in zip(bench.deliveries(2), bodies, strict=True)] + [bench.delivery(3)]
    )

    assert [matched.outcome, matched.reason, *(one.outcome for one in made)] == [
        "updated", "matched_by_duplicate_rule", "created", "created",
    ]  # fmt: skip
    assert matched.url == f"{LEAD}/{known['id']}"
    assert len(bench.requests()) == 6  # two of sales, the collection, one that asks whom it was, a look, the change
    held = next(row for row in bench_rows(bench, "leads") if row["Id"] == known["id"])
    assert (held["Company"], held["Hub_Last_Post__c"]) == ("X", bodies[0]["Hub_Last_Post__c"])


def test_of_several_that_a_duplicate_rule_finds_a_person_chooses(bench: Bench, salesforce: Destination) -> None:
    post = salesforce.client.session.post
    known = post(f"{LEAD}/sandbox/leads", json={"LastName": "Ana", "Company": "X"}).json()["id"]
    contact = post(f"{LEAD}/sandbox/contacts", json={"LastName": "Ana"}).json()["id"]
    rule = {"matches": ["LastName"], "action": "block", "among": ["Lead", "Contact"]}
    rules(bench, salesforce, duplicate_rule=rule)

    (parked,) = salesforce.send([one.with_(body=one.body | {"LastName": "Ana"}) for one in bench.deliveries(1)])

    assert (parked.outcome, parked.reason) == ("refused", "duplicates_detected")
    assert known in str(parked.detail)
    assert contact in str(parked.detail)


def test_a_locked_lead_is_put_off_and_then_goes_by_itself(bench: Bench, salesforce: Destination) -> None:
    first, second = salesforce.send(bench.deliveries(2))
    by_sales(bench, salesforce, str(first.object_id), "hold", {"times": 3})
    later = [
        bench.delivery(number, version=2).with_(object_id=made.object_id) for number, made in ((1, first), (2, second))
    ]

    held, changed = salesforce.send(later)
    tries = [next(iter(salesforce.send([later[0].with_(attempt=attempt)]))) for attempt in (2, 3, 4)]

    assert (held.outcome, held.reason, changed.outcome) == ("deferred", "unable_to_lock_row", "updated")
    assert 2.5 <= float(held.retry_after or 0) <= 7.5
    assert [receipt.outcome for receipt in tries] == ["deferred", "deferred", "updated"]
    assert bench.requests()[-1].endswith(f"/sobjects/Lead/Hub_Key__c/{later[0].external_id}")


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
        ([{"success": True, "errors": []}, {"success": True, "errors": []}], "unreadable_answer"),
        ([success(), success()], "answers_out_of_order"),
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
    reversed_results = [success(str(receipt.object_id)) for receipt in reversed(first)]
    upserts = {"method": "PATCH", "path_glob": "*/composite/sobjects/*"}

    later = [
        bench.delivery(number, version=2).with_(object_id=made.object_id) for number, made in enumerate(first, start=1)
    ]
    bench.ask("/faults", RULE | upserts | answers(*reversed_results), "POST")
    receipts = list(salesforce.send(later))

    assert [receipt.reason for receipt in receipts] == ["answers_out_of_order"] * 2


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("UNABLE_TO_LOCK_ROW", "deferred"),
        ("REQUEST_LIMIT_EXCEEDED", "deferred"),
        ("DUPLICATE_VALUE", "unknown"),
        ("STRING_TOO_LONG", "refused"),
        ("ENTITY_IS_DELETED", "refused"),
        ("A_CODE_OF_TOMORROW", "refused"),
    ],
)
def test_each_code_has_its_own_end_and_spares_the_others(
    bench: Bench, salesforce: Destination, code: str, outcome: str
) -> None:
    bench.fault(**answers(success(1), refusal(code, "Company"), success(3)))

    receipts = list(salesforce.send(bench.deliveries(3)))

    assert [receipt.outcome for receipt in receipts] == ["created", outcome, "created"]
    assert receipts[1].reason == code.lower()
    assert (receipts[1].retry_after is not None) == (outcome != "refused")
    assert ("Company" in str(receipts[1].detail)) == (code in ("STRING_TOO_LONG", "A_CODE_OF_TOMORROW"))


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

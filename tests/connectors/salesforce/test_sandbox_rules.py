"""What the played organisation makes of races, locks, duplicate rules, deletions, merges and conversions."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.salesforce.sandbox import Salesforce
from sandbox.messages import Headers, Request
from tests.connectors.salesforce.org import DATA, ORG, by_sales, code_of, lead, recorded, rules, upsert
from tests.faults.wire import Clock, Played

PERSON = {"LastName": "Ana", "Company": "Initech"}


def test_two_upserts_of_a_new_id_at_once_make_one_lead_and_a_duplicate_value(session: requests.Session) -> None:
    rules(session, race_seconds=60)

    (first,), (second,) = upsert(session, lead("ab12")), upsert(session, lead("AB12"))
    rules(session, race_seconds=0)
    (later,) = upsert(session, lead("ab12"))

    assert (first["created"], code_of(second)) == (True, "DUPLICATE_VALUE")
    assert first["id"] in second["errors"][0]["message"]
    assert (later["created"], later["id"]) == (False, first["id"])


def test_a_plain_creation_of_an_id_that_is_there_is_a_duplicate_value(session: requests.Session) -> None:
    upsert(session, lead("ab12"))
    answer = session.post(f"{DATA}/sobjects/Lead", json=lead("AB12"), timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "DUPLICATE_VALUE")


def test_a_record_that_somebody_works_on_is_locked_for_so_many_tries(session: requests.Session) -> None:
    (made,) = upsert(session, lead("ab12"))
    by_sales(session, made["id"], "hold", times=2)

    tries = [upsert(session, lead("ab12"), lead(f"cd{number:02}")) for number in range(3)]

    assert [code_of(held) for held, _ in tries[:2]] == ["UNABLE_TO_LOCK_ROW"] * 2
    assert tries[2][0]["success"]
    assert all(other["success"] for _, other in tries)


def test_an_external_id_that_is_not_unique_can_match_twice(session: requests.Session, shared: Path) -> None:
    rules(session, not_unique=True)
    (made,) = upsert(session, lead("ab12"))
    clone = by_sales(session, made["id"], "clone").json()["id"]

    alone = session.patch(f"{DATA}/sobjects/Lead/Hub_Key__c/ab12", json=PERSON, timeout=10)
    (among,) = upsert(session, lead("ab12"))

    real = recorded(shared, "restforce/sobject__upsert_multiple_error_response.json")["body"]
    assert alone.status_code == 300
    assert [address.rpartition("/")[2] for address in alone.json()] == [made["id"], clone]
    assert [type(address) for address in real] == [type(address) for address in alone.json()]
    assert (code_of(among), clone in among["errors"][0]["message"]) == ("DUPLICATE_EXTERNAL_ID", True)


@pytest.mark.parametrize(
    ("action", "wish", "saved"), [("block", "true", False), ("alert", "false", False), ("alert", "true", True)]
)
def test_a_duplicate_rule_names_the_record_and_an_alert_gives_way_to_a_wish(
    session: requests.Session, action: str, wish: str, saved: bool
) -> None:
    known = session.post(f"{ORG}/sandbox/leads", json=PERSON, timeout=10).json()["id"]
    rules(session, duplicate_rule={"matches": ["LastName", "Company"], "action": action})
    header = {"Sforce-Duplicate-Rule-Header": f"allowSave={wish}"}

    answer = session.post(f"{DATA}/sobjects/Lead", json=PERSON, headers=header, timeout=10)

    assert answer.status_code == (201 if saved else 400)
    if not saved:
        (problem,) = answer.json()
        (match,) = problem["duplicateResut"]["matchResults"]  # spelt so by Salesforce
        assert problem["errorCode"] == "DUPLICATES_DETECTED"
        assert match["matchRecords"][0]["record"]["Id"] == known
        assert problem["duplicateResut"]["allowSave"] is (action == "alert")


def test_a_collection_tells_of_a_duplicate_rule_by_its_code_alone(session: requests.Session) -> None:
    session.post(f"{ORG}/sandbox/leads", json=PERSON, timeout=10)
    rules(session, duplicate_rule={"matches": ["LastName"], "action": "block"})

    refused, made = upsert(session, lead("ab12"), lead("cd34", LastName="Bo"))

    assert (code_of(refused), made["success"]) == ("DUPLICATES_DETECTED", True)
    assert refused["errors"][0].keys() == {"statusCode", "message", "fields"}


def test_a_deleted_lead_lies_in_the_bin_and_can_come_back(session: requests.Session) -> None:
    (made,) = upsert(session, lead("ab12"))
    by_sales(session, made["id"], "delete")
    gone = session.patch(f"{DATA}/sobjects/Lead/{made['id']}", json={"City": "Rome"}, timeout=10)
    binned = ask(session, "SELECT Id, IsDeleted FROM Lead", path="queryAll")
    by_sales(session, made["id"], "undelete")
    (again,) = upsert(session, lead("ab12"))

    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert [(row["Id"], row["IsDeleted"]) for row in binned["records"]] == [(made["id"], True)]
    assert again["id"] == made["id"]


def test_a_merged_lead_names_the_one_that_stays(session: requests.Session) -> None:
    loser, master = upsert(session, lead("ab12"), lead("cd34"))
    by_sales(session, loser["id"], "merge", into=master["id"])

    rows = ask(session, "SELECT Id, MasterRecordId FROM Lead WHERE IsDeleted = true", path="queryAll")["records"]

    assert [(row["Id"], row["MasterRecordId"]) for row in rows] == [(loser["id"], master["id"])]


def test_a_converted_lead_takes_no_change_and_names_its_contact(session: requests.Session) -> None:
    (made,) = upsert(session, lead("ab12"))
    by_sales(session, made["id"], "convert")

    (refused,) = upsert(session, lead("ab12"))
    (row,) = ask(session, "SELECT IsConverted, ConvertedContactId FROM Lead")["records"]
    (contact,) = ask(session, "SELECT Id, Name FROM Contact")["records"]

    assert code_of(refused) == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert (row["IsConverted"], row["ConvertedContactId"]) == (True, contact["Id"])
    assert contact["Name"] == "Ana"


def test_a_long_answer_comes_in_pages(session: requests.Session, shared: Path) -> None:
    upsert(session, *(lead(f"a{number:03}") for number in range(200)))
    upsert(session, *(lead(f"b{number:03}") for number in range(30)))
    real = recorded(shared, "restforce/sobject__query_paginated_first_page_response.json")["body"]

    first = ask(session, "SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=200"})
    last = session.get(f"{ORG}{first['nextRecordsUrl']}", timeout=10).json()

    assert first.keys() == real.keys()
    assert (first["totalSize"], first["done"], len(first["records"])) == (230, False, 200)
    assert (last["totalSize"], last["done"], len(last["records"])) == (230, True, 30)
    assert not {row["Id"] for row in first["records"]} & {row["Id"] for row in last["records"]}


def test_a_page_that_nobody_knows_and_an_address_that_is_too_long_are_refused(session: requests.Session) -> None:
    unknown = session.get(f"{DATA}/query/0r8xx0000000001AAA-2000", timeout=10)
    keys = ",".join(f"'{number:032x}'" for number in range(500))
    long = session.get(f"{DATA}/query", params={"q": f"SELECT Id FROM Lead WHERE Hub_Key__c IN ({keys})"}, timeout=10)

    assert (unknown.status_code, unknown.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    assert long.status_code == 414


def test_records_are_counted(session: requests.Session, shared: Path) -> None:
    upsert(session, lead("ab12"), lead("cd34"))
    real = recorded(shared, "cumulusci/TestCountSObjects.test_count_sobjects_simple.json")["body"]

    counted = ask(session, "select count() from Lead")

    assert counted == {"totalSize": 2, "done": True, "records": []}
    assert counted.keys() == real["compositeResponse"][0]["body"].keys()


def test_all_or_none_takes_back_what_stood_beside_a_refusal(session: requests.Session) -> None:
    results = upsert(session, lead("ab12"), lead("cd34", LastName=""), all_or_none=True)

    assert [code_of(result) for result in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"
    ]  # fmt: skip
    assert ask(session, "SELECT Id FROM Lead")["records"] == []


@pytest.mark.parametrize("body", ["[", "{}", '{"records": []}', '{"records": {}}', "null"])
def test_a_collection_that_is_none_is_refused_as_a_whole(session: requests.Session, body: str) -> None:
    answer = session.patch(f"{DATA}/composite/sobjects/Lead/Hub_Key__c", data=body, timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_record_that_does_not_say_what_it_is_spoils_itself_alone(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/upsert-sobject-collection.test.json")["body"][0]
    body = {"records": [{"Hub_Key__c": "ab12"}, {"attributes": {"type": "Lead"}, **lead("cd34")}]}

    spoilt, made = session.patch(f"{DATA}/composite/sobjects/Lead/Hub_Key__c", json=body, timeout=10).json()

    assert spoilt == real
    assert made["success"]


def test_the_daily_allowance_ends_in_a_refusal(session: requests.Session) -> None:
    told = session.get(f"{DATA}/limits", timeout=10)

    assert told.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert told.json()["DailyApiRequests"] == {"Max": 15_000, "Remaining": 14_999}


def test_when_the_day_is_spent_everything_is_refused_until_the_next() -> None:
    clock = Clock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    with closing(Played(clock)) as played:
        org = played.system("salesforce")
        assert isinstance(org, Salesforce)
        proof = Headers({"Authorization": f"Bearer {org.start_session()}"})
        question = Request("GET", "acme.my.salesforce.com", "/services/data/v64.0/limits", headers=proof)

        answers = [org.handle(question) for _ in range(15_001)]
        clock.forward(86_400)
        renewed = Headers({"Authorization": f"Bearer {org.start_session()}"})
        later = org.handle(Request("GET", question.host, question.path, headers=renewed))

    assert {answer.status for answer in answers[:-1]} == {200}
    assert (answers[-1].status, json.loads(answers[-1].body)[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answers[-1].headers["Sforce-Limit-Info"] == "api-usage=15000/15000"
    assert later.status == 200


def ask(session: requests.Session, query: str, *, path: str = "query", headers: dict[str, str] | None = None) -> Any:
    """The first page of a query's answer."""
    return session.get(f"{DATA}/{path}", params={"q": query}, headers=headers, timeout=10).json()

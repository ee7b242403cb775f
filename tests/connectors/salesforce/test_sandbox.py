"""The played Salesforce is held to what was recorded from real ones, and to the describe answer of the Lead object."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.salesforce.sandbox_fields import THINGS
from connectors.salesforce.sandbox_org import record_id
from connectors.salesforce.sandbox_soql import Malformed, Query
from tests.connectors.salesforce.org import CLIENT, DATA, ORG, code_of, lead, recorded, rules, upsert


def test_a_log_in_answers_what_a_recorded_one_does(session: requests.Session, shared: Path) -> None:
    answer = session.post(
        f"{ORG}/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=CLIENT, timeout=10
    )

    assert recorded(shared, "restforce/reauth_success_response.json")["body"].keys() <= answer.json().keys()
    assert "expires_in" not in answer.json()  # nor is there a refresh token


def test_a_refused_log_in_has_the_recorded_form(session: requests.Session, shared: Path) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT[0], "client_secret": "wrong"}
    answer = requests.post(f"{ORG}/services/oauth2/token", data=form, timeout=10)

    assert answer.status_code in (400, 401)
    assert answer.json().keys() == recorded(shared, "restforce/auth_error_response.json")["body"].keys()


def test_an_upsert_of_one_answers_as_recorded(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/upsert-record.test.json")
    fields = {"LastName": "Ana", "Company": "Initech"}
    made = session.patch(f"{DATA}/sobjects/Lead/Hub_Key__c/ab12", json=fields, timeout=10)
    again = session.patch(f"{DATA}/sobjects/Lead/Hub_Key__c/AB12", json=fields, timeout=10)

    assert made.status_code == real["status"] == 201
    assert made.json().keys() == real["body"].keys()
    assert (again.status_code, again.json()["created"], again.json()["id"]) == (200, False, made.json()["id"])
    assert re.fullmatch(r"api-usage=\d+/15000", made.headers["sforce-limit-info"])
    assert re.fullmatch(r"api-usage=\d+/15000", real["headers"]["sforce-limit-info"])


def test_a_collections_result_is_made_of_the_recorded_parts(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/upsert-sobject-collection.test.json")["body"][0]
    made, failed = upsert(session, lead("ab12"), lead("cd34", LastName="x" * 81))

    assert failed.keys() == real.keys()
    assert failed["errors"][0].keys() == real["errors"][0].keys()
    assert made.keys() == {"id", "success", "errors", "created"}


def test_errors_elsewhere_come_in_a_list_with_their_code(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "restforce/sobject__query_error_response.json")["body"][0]
    answer = session.get(f"{DATA}/query/", params={"q": "SELECT Nonsense FROM Lead"}, timeout=10)

    assert answer.status_code == 400
    assert answer.json()[0].keys() == real.keys()
    assert answer.json()[0]["errorCode"] == real["errorCode"] == "INVALID_FIELD"


def test_an_external_id_field_that_is_none_is_not_found(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "restforce/sobject__upsert_error_response.json")["body"][0]
    answer = session.patch(f"{DATA}/sobjects/Lead/Namez/1", json={}, timeout=10)

    assert answer.json()[0]["errorCode"] == real["errorCode"]
    assert answer.json()[0]["message"] == real["message"]


DESCRIBED = ("Lead", "Contact", "Account")  # of which a real organisation's answer lies beside the project


def test_a_describe_answer_has_the_form_of_the_real_ones(session: requests.Session, shared: Path) -> None:
    for name in DESCRIBED:
        real = json.loads((shared / f"contracts/salesforce/describe/{name}.json").read_text())["describe"]
        ours = session.get(f"{DATA}/sobjects/{name}/describe", timeout=10).json()

        assert ours.keys() <= real.keys()
        assert ours["keyPrefix"] == real["keyPrefix"] == THINGS[name].prefix
        assert {frozenset(field) for field in ours["fields"]} == {frozenset(real["fields"][0])}


FACTS = (
    "type", "length", "byteLength", "precision", "scale", "digits", "nillable", "createable", "updateable",
    "defaultedOnCreate", "defaultValue", "referenceTo", "restrictedPicklist", "soapType", "unique", "externalId",
    "filterable", "sortable", "groupable", "polymorphicForeignKey", "relationshipName",
)  # fmt: skip


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_standard_field_is_as_in_a_real_organisation(session: requests.Session, shared: Path, name: str) -> None:
    told = json.loads((shared / f"contracts/salesforce/describe/{name}.json").read_text())["describe"]["fields"]
    real = {field["name"]: field for field in told}
    described = session.get(f"{DATA}/sobjects/{name}/describe", timeout=10).json()["fields"]
    ours = {field["name"]: field for field in described if not field["custom"]}

    assert ours.keys() <= real.keys()
    for field, facts in ours.items():
        assert {fact: facts[fact] for fact in FACTS} == {fact: real[field][fact] for fact in FACTS}, field
        values = {option["value"] for option in facts["picklistValues"]}
        assert values <= {option["value"] for option in real[field]["picklistValues"]}, field


@pytest.mark.parametrize("name", DESCRIBED)
def test_what_must_be_filled_in_is_what_a_real_organisation_demands(shared: Path, name: str) -> None:
    told = json.loads((shared / f"contracts/salesforce/describe/{name}.json").read_text())["describe"]["fields"]
    demanded = {
        field["name"]
        for field in told
        if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
    }

    assert {field for field, facts in THINGS[name].fields.items() if facts.required} == demanded


def test_the_allowance_is_told_as_recorded(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/get-limits.test.json")["body"]
    ours = session.get(f"{DATA}/limits", timeout=10).json()

    assert ours.keys() <= real.keys()
    assert ours["DailyApiRequests"].keys() == real["DailyApiRequests"].keys()


def test_ids_are_unique_without_regard_to_case_and_not_twice_in_one_call(session: requests.Session) -> None:
    first, second = upsert(session, lead("ab12")), upsert(session, lead("AB12"))
    twice = upsert(session, lead("cd34"), lead("CD34"), lead("ef56"))

    assert first[0]["id"] == second[0]["id"]
    assert [result["success"] for result in twice] == [False, False, True]
    assert twice[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_more_than_two_hundred_records_are_refused_as_a_whole(session: requests.Session) -> None:
    records = [{"attributes": {"type": "Lead"}, **lead(f"{number:04x}")} for number in range(201)]
    answer = session.patch(f"{DATA}/composite/sobjects/Lead/Hub_Key__c", json={"records": records}, timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"LastName": ""}, "REQUIRED_FIELD_MISSING"),
        ({"LastName": "😀" * 41}, "STRING_TOO_LONG"),
        ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"Nonsense__c": "x"}, "INVALID_FIELD"),
        ({"Hub_Followers__c": "many"}, "JSON_PARSER_ERROR"),
        ({"IsDeleted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Hub_Score__c": 10}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"CleanStatus": "Nearly"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"OwnerId": "0035e0000000001AAA"}, "MALFORMED_ID"),
        ({"OwnerId": "somebody"}, "MALFORMED_ID"),
    ],
)
def test_a_record_that_breaks_a_rule_is_refused_with_its_code(
    session: requests.Session, fields: dict[str, Any], code: str
) -> None:
    (result,) = upsert(session, lead("ab12", **fields))

    assert code_of(result) == code


def test_a_field_of_this_organisation_alone_has_rules_of_its_own(session: requests.Session) -> None:
    rules(session, fields={"Hub_Why__c": {"length": 3}, "Hub_Link__c": None}, demands={"Company": "Initech"})
    fields = session.get(f"{DATA}/sobjects/Lead/describe", timeout=10).json()["fields"]

    results = upsert(
        session, lead("a1", Hub_Why__c="four"), lead("a2", Hub_Link__c="x"), lead("a3", Company="Acme"), lead("a4")
    )

    assert {field["name"]: field["length"] for field in fields}["Hub_Why__c"] == 3
    assert "Hub_Link__c" not in {field["name"] for field in fields}
    assert [code_of(result) for result in results[:3]] == [
        "STRING_TOO_LONG", "INVALID_FIELD", "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    ]  # fmt: skip
    assert results[3]["success"]


def test_an_upsert_after_a_deletion_makes_a_new_lead(session: requests.Session) -> None:
    (made,) = upsert(session, lead("ab12"))
    gone = session.delete(f"{DATA}/sobjects/Lead/{made['id']}", timeout=10)
    (again,) = upsert(session, lead("ab12"))

    assert gone.status_code == 204
    assert again["created"]
    assert again["id"] != made["id"]


def test_ids_have_eighteen_characters_and_know_their_case() -> None:
    assert len({record_id("00Q", number) for number in range(1, 500)}) == 499
    assert {len(record_id("00Q", number)) for number in range(1, 500)} == {18}


def test_without_a_session_nothing_is_told(session: requests.Session) -> None:
    answer = requests.get(f"{DATA}/limits", headers={"Authorization": "Bearer no"}, timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


FIELDS = {name: thing.fields for name, thing in THINGS.items()}
ROWS = [{"Id": "1", "LastName": "O'Brien", "Hub_Key__c": "AB"}, {"Id": "2", "LastName": "Ana", "Hub_Key__c": "cd"}]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (r"SELECT Id FROM Lead WHERE LastName = 'O\'Brien'", ["1"]),
        ("select Id from Lead where Hub_Key__c in ('ab', 'x') and IsConverted = null", ["1"]),
        ("SELECT Id FROM Lead ORDER BY LastName LIMIT 1", ["2"]),
        ("SELECT Id FROM Lead ORDER BY LastName DESC", ["1", "2"]),
        ("SELECT Id FROM Lead WHERE LastName != 'Ana'", ["1"]),
    ],
)
def test_the_hubs_soql_is_understood(query: str, ids: list[str]) -> None:
    assert [id for id, _ in Query(query, FIELDS).run(ROWS)] == ids


@pytest.mark.parametrize(
    "query", ["SELECT FROM Lead", "SELECT Id FROM Lead WHERE LastName = 'x' OR Id = 'y'", "DROP", ""]
)
def test_what_is_no_soql_is_refused(query: str) -> None:
    with pytest.raises(Malformed):
        Query(query, FIELDS)

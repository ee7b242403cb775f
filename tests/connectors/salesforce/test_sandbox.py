"""The played Salesforce is held to what was recorded from real ones, and to the describe answer of the Lead object."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.salesforce.sandbox_org import FIELDS, REQUIRED, lead_id
from connectors.salesforce.sandbox_soql import Malformed, Query
from sandbox.process import SandboxProcess

ORG = "https://acme.my.salesforce.com"
DATA = f"{ORG}/services/data/v64.0"
CLIENT = ("sandbox-consumer-key", "sandbox-consumer-secret")


@pytest.fixture
def session(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    """Somebody who has logged in."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        answer = session.post(
            f"{ORG}/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=CLIENT, timeout=10
        )
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield session


def recorded(shared: Path, name: str) -> dict[str, Any]:
    """The first answer of a recording."""
    answer: dict[str, Any] = json.loads((shared / "recorded/salesforce" / name).read_text())["interactions"][0][
        "response"
    ]
    return answer


def upsert(session: requests.Session, *records: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    body = {"allOrNone": all_or_none, "records": [{"attributes": {"type": "Lead"}, **record} for record in records]}
    answer = session.patch(f"{DATA}/composite/sobjects/Lead/Hub_Key__c", json=body, timeout=10)
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()
    return results


def lead(key: str, **fields: Any) -> dict[str, Any]:
    return {"Hub_Key__c": key, "LastName": "Ana", "Company": "Initech", **fields}


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

    assert failed.keys() | {"created"} == real.keys()
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


def test_fields_are_as_long_as_the_real_leads(shared: Path) -> None:
    describe = json.loads((shared / "contracts/salesforce/describe/Lead.json").read_text())["describe"]
    real = {field["name"]: field for field in describe["fields"]}
    ours = {name: field for name, field in FIELDS.items() if not name.endswith("__c")}

    assert ours.keys() <= real.keys()
    assert {name: field.length for name, field in ours.items() if field.writable} == {
        name: real[name]["length"] for name, field in ours.items() if field.writable
    }
    assert all(not real[name]["nillable"] for name in REQUIRED)


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
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_a_record_that_breaks_a_rule_is_refused_with_its_code(
    session: requests.Session, fields: dict[str, Any], code: str
) -> None:
    (result,) = upsert(session, lead("ab12", **fields))

    assert result["errors"][0]["statusCode"] == code


def test_an_upsert_after_a_deletion_makes_a_new_lead(session: requests.Session) -> None:
    (made,) = upsert(session, lead("ab12"))
    gone = session.delete(f"{DATA}/sobjects/Lead/{made['id']}", timeout=10)
    (again,) = upsert(session, lead("ab12"))

    assert gone.status_code == 204
    assert again["created"]
    assert again["id"] != made["id"]


def test_ids_have_eighteen_characters_and_know_their_case() -> None:
    assert len({lead_id(number) for number in range(1, 500)}) == 499
    assert {len(lead_id(number)) for number in range(1, 500)} == {18}


def test_without_a_session_nothing_is_told(session: requests.Session) -> None:
    answer = requests.get(f"{DATA}/limits", headers={"Authorization": "Bearer no"}, timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


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
    assert [row["Id"] for row in Query(query).run(ROWS)] == ids


@pytest.mark.parametrize(
    "query", ["SELECT FROM Lead", "SELECT Id FROM Lead WHERE LastName = 'x' OR Id = 'y'", "DROP", ""]
)
def test_what_is_no_soql_is_refused(query: str) -> None:
    with pytest.raises(Malformed):
        Query(query)

"""What tests of the played organisation share: who is logged in there, and the calls they make."""

import json
from pathlib import Path
from typing import Any

import requests

from hub.domain import Delivery, external_id
from tests.contract.bench import Bench

ORG = "https://acme.my.salesforce.com"
DATA = f"{ORG}/services/data/v64.0"
CLIENT = ("sandbox-consumer-key", "sandbox-consumer-secret")
UPSERT = "/services/data/v64.0/composite/sobjects/Lead/Hub_Key__c"


def log_in(session: requests.Session) -> None:
    """A session that the organisation knows from here on."""
    form = {"grant_type": "client_credentials"}
    answer = session.post(f"{ORG}/services/oauth2/token", data=form, auth=CLIENT, timeout=10)
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def recorded(shared: Path, name: str, number: int = 0) -> dict[str, Any]:
    """One answer of a recording."""
    told = json.loads((shared / "recorded/salesforce" / name).read_text())["interactions"]
    answer: dict[str, Any] = told[number]["response"]
    return answer


def upsert(session: requests.Session, *records: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    """The results of one collection."""
    body = {"allOrNone": all_or_none, "records": [{"attributes": {"type": "Lead"}, **record} for record in records]}
    answer = session.patch(f"{DATA}/composite/sobjects/Lead/Hub_Key__c", json=body, timeout=10)
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()
    return results


def lead(key: str, **fields: Any) -> dict[str, Any]:
    """A lead that nothing stands against."""
    return {"Hub_Key__c": key, "LastName": "Ana", "Company": "Initech", **fields}


def rules(session: requests.Session, **rules: Any) -> None:
    """An administrator at work."""
    assert session.post(f"{ORG}/sandbox/org", json=rules, timeout=10).status_code == 200


def by_sales(session: requests.Session, id: str, act: str, **facts: Any) -> requests.Response:
    """A salesperson at work on one lead."""
    return session.post(f"{ORG}/sandbox/leads/{id}/{act}", json=facts, timeout=10)


def code_of(result: dict[str, Any]) -> str:
    """Why one record of a collection was not written."""
    assert result["success"] is False
    code: str = result["errors"][0]["statusCode"]
    return code


def many(bench: Bench, count: int, *, version: int = 1) -> list[Delivery]:
    """So many leads on their way; their words are one and the same, for rendering each would take longest."""
    like = bench.delivery(1, version=version)
    return [like.with_(id=number, external_id=external_id(f"lead {number}")) for number in range(1, count + 1)]

"""The played Composite and Bulk 2.0: their limits, their states, and what they tell of each record."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.connectors.contracts import faults
from tests.connectors.salesforce.org import DATA, UPSERT, lead, log_in, recorded, rules, upsert

JOBS = f"{DATA}/jobs/ingest"
WISH = {"object": "Lead", "operation": "upsert", "externalIdFieldName": "Hub_Key__c", "contentType": "CSV"}
JOB_INFO = {"$ref": "#/components/schemas/IngestJobInfo"}
CSV = {"Content-Type": "text/csv; charset=UTF-8"}


def collection(name: str, *records: dict[str, Any]) -> dict[str, Any]:
    body = {"allOrNone": False, "records": [{"attributes": {"type": "Lead"}, **record} for record in records]}
    return {"method": "PATCH", "url": UPSERT, "referenceId": name, "body": body}


def composite(session: requests.Session, *requests: dict[str, Any]) -> Any:
    answer = session.post(f"{DATA}/composite", json={"allOrNone": False, "compositeRequest": requests}, timeout=10)
    assert answer.status_code == 200
    return answer.json()["compositeResponse"]


def test_five_collections_in_one_call_cost_one_call_of_the_allowance(session: requests.Session) -> None:
    parts = [collection(f"part{n}", *(lead(f"{n}{number:04x}") for number in range(200))) for n in range(5)]

    answers = composite(session, *parts)
    told = session.get(f"{DATA}/limits", timeout=10).headers["Sforce-Limit-Info"]

    assert [answer["httpStatusCode"] for answer in answers] == [200] * 5
    assert [len(answer["body"]) for answer in answers] == [200] * 5
    assert told == "api-usage=2/15000"


def test_parts_of_a_composite_answer_as_recorded(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "cumulusci/TestCompositeParallelSalesforce.test_errors.json")["body"]["compositeResponse"]
    missing = {"method": "GET", "url": "/services/data/v64.0/sobjects/Foo", "referenceId": "CCI__RefId__0__"}

    answers = composite(session, missing, collection("good", lead("ab12")))

    assert answers[0].keys() == real[0].keys()
    assert answers[0]["httpStatusCode"] == real[0]["httpStatusCode"] == 404
    assert answers[0]["body"][0]["errorCode"] == real[0]["body"][0]["errorCode"]
    assert answers[1]["body"][0]["success"]


def test_a_later_part_uses_what_an_earlier_one_made(session: requests.Session) -> None:
    account = {
        "method": "POST",
        "url": "/services/data/v64.0/sobjects/Account",
        "referenceId": "acc",
        "body": {"Name": "Initech"},
    }
    contact = {"method": "POST", "url": "/services/data/v64.0/sobjects/Contact", "referenceId": "con",
               "body": {"LastName": "Ana", "AccountId": "@{acc.id}"}}  # fmt: skip
    lost = {"method": "POST", "url": "/services/data/v64.0/sobjects/Contact", "referenceId": "lost",
            "body": {"LastName": "Bo", "AccountId": "@{nobody.id}"}}  # fmt: skip

    made, linked, halted = composite(session, account, contact, lost)
    there = session.get(f"{DATA}/sobjects/Contact/{linked['body']['id']}", timeout=10).json()

    assert there["AccountId"] == made["body"]["id"]
    assert (halted["httpStatusCode"], halted["body"][0]["errorCode"]) == (400, "PROCESSING_HALTED")


@pytest.mark.parametrize(("light", "heavy"), [(26, 0), (0, 6)])
def test_more_parts_than_a_composite_holds_are_refused(session: requests.Session, light: int, heavy: int) -> None:
    parts = [{"method": "GET", "url": "/services/data/v64.0/sobjects", "referenceId": f"r{n}"} for n in range(light)]
    parts += [collection(f"c{n}", lead(f"{n:02x}")) for n in range(heavy)]

    (refused,) = composite(session, *parts)

    assert (refused["httpStatusCode"], refused["body"][0]["errorCode"]) == (400, "LIMIT_EXCEEDED")
    assert session.get(f"{DATA}/query", params={"q": "SELECT Id FROM Lead"}, timeout=10).json()["totalSize"] == 0


def opened(session: requests.Session, **changes: Any) -> str:
    answer = session.post(JOBS, json={**WISH, **changes}, timeout=10)
    assert answer.status_code == 200, answer.text
    id: str = answer.json()["id"]
    return id


def filled(session: requests.Session, rows: list[dict[str, str]] | str, **changes: Any) -> str:
    """A job that is uploaded and closed."""
    id = opened(session, **changes)
    text = rows if isinstance(rows, str) else sheet(rows)
    assert session.put(f"{JOBS}/{id}/batches", data=text.encode(), headers=CSV, timeout=10).status_code == 201
    assert session.patch(f"{JOBS}/{id}", json={"state": "UploadComplete"}, timeout=10).status_code == 200
    return id


def sheet(rows: list[dict[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(session: requests.Session, id: str, which: str) -> list[dict[str, str]]:
    answer = session.get(f"{JOBS}/{id}/{which}", timeout=10)
    assert answer.headers["content-type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_a_job_goes_its_way_and_tells_of_every_row(session: requests.Session, shared: Path) -> None:
    contract = shared / "contracts/salesforce/bulk-api-2.openapi.json"
    upsert(session, lead("00"))
    rules(session, bulk_seconds=0.2)
    answer = session.post(JOBS, json=WISH, timeout=10)
    open_job, id = answer.json(), answer.json()["id"]
    session.put(
        f"{JOBS}/{id}/batches",
        data=sheet([lead("00"), lead("01"), lead("02", LastName="")]).encode(),
        headers=CSV,
        timeout=10,
    )
    closed = session.patch(f"{JOBS}/{id}", json={"state": "UploadComplete"}, timeout=10).json()
    while (told := session.get(f"{JOBS}/{id}", timeout=10).json())["state"] in ("UploadComplete", "InProgress"):
        time.sleep(0.05)

    for job in (open_job, closed, told):
        assert faults(contract, JOB_INFO, job) == []
    assert (open_job["state"], closed["state"], told["state"]) == ("Open", "UploadComplete", "JobComplete")
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (3, 1)
    good, (bad,) = read(session, id, "successfulResults"), read(session, id, "failedResults")
    assert [(row["Hub_Key__c"], row["sf__Created"]) for row in good] == [("00", "false"), ("01", "true")]
    assert list(good[0])[:2] == ["sf__Id", "sf__Created"]
    assert bad["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert read(session, id, "unprocessedrecords") == []


def test_a_job_tells_what_the_vendors_own_examples_tell(session: requests.Session, shared: Path) -> None:
    examples = json.loads((shared / "contracts/salesforce/rest-examples.json").read_text())["operations"]
    real = examples["GetJobInfo"]["responses"]["200"]["bodies"][0]["body"]
    made = examples["CloseorAbortaJob"]["responses"]["200"]["bodies"][0]["body"]
    rules(session, bulk_seconds=0)
    id = filled(session, [lead("00")], operation="insert")

    assert session.get(f"{JOBS}/{id}", timeout=10).json().keys() - {"contentUrl"} >= real.keys()
    assert session.post(JOBS, json=WISH, timeout=10).json().keys() >= made.keys()


def test_rows_are_there_while_the_job_still_runs(session: requests.Session, sandbox: SandboxProcess) -> None:
    rules(session, bulk_seconds=1000)
    id = filled(session, [lead(f"{number:04x}") for number in range(100)])
    sandbox.control.advance(500)

    told = session.get(f"{JOBS}/{id}", timeout=10).json()
    there = session.get(f"{DATA}/query", params={"q": "SELECT Id FROM Lead"}, timeout=10).json()["totalSize"]

    assert told["state"] == "InProgress"
    assert told["numberRecordsProcessed"] == there == pytest.approx(50, abs=5)
    stopped = session.patch(f"{JOBS}/{id}", json={"state": "Aborted"}, timeout=10).json()
    sandbox.control.advance(1000)
    assert (stopped["state"], len(read(session, id, "successfulResults"))) == ("Aborted", there)
    assert len(read(session, id, "unprocessedrecords")) == 100 - there


def test_the_same_id_twice_in_a_job_fails_for_both_and_spaces_and_formulas_stay(session: requests.Session) -> None:
    rules(session, bulk_seconds=0)
    words = '=HYPERLINK("https://x.test","a, b")\nsecond line '
    id = filled(
        session,
        [
            lead("0a", Description=""),
            lead("0A", Description=""),
            lead("0b", Description=words),
            lead("0c", Description="#N/A"),
        ],
    )

    failed = read(session, id, "failedResults")
    rows = session.get(f"{DATA}/query", params={"q": "SELECT Hub_Key__c, Description FROM Lead"}, timeout=10).json()[
        "records"
    ]

    assert {row["sf__Error"].split(":")[0] for row in failed} == {"DUPLICATE_VALUE"}
    assert len(failed) == 2
    assert {row["Hub_Key__c"]: row["Description"] for row in rows} == {"0b": words, "0c": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hub_Key__c,Nonsense\nab,x\n", "InvalidBatch : Field name not found : Nonsense"),
        ("Hub_Key__c\r\nab\r\n", "ClientInputError : LineEnding is invalid"),
        ("", "InvalidBatch"),
    ],
)
def test_an_upload_that_cannot_be_read_fails_the_job(session: requests.Session, text: str, message: str) -> None:
    id = filled(session, text)
    told = session.get(f"{JOBS}/{id}", timeout=10).json()

    assert (told["state"], told["errorMessage"].startswith(message)) == ("Failed", True)


def test_a_job_takes_one_upload_and_only_the_steps_that_its_state_allows(session: requests.Session) -> None:
    rules(session, bulk_seconds=0)
    id = filled(session, [lead("00")])
    again = session.put(f"{JOBS}/{id}/batches", data=b"x", headers=CSV, timeout=10)
    closed = session.patch(f"{JOBS}/{id}", json={"state": "UploadComplete"}, timeout=10)
    aborted = session.patch(f"{JOBS}/{id}", json={"state": "Aborted"}, timeout=10)
    running = opened(session)
    deleted = session.delete(f"{JOBS}/{running}", timeout=10)

    assert {answer.json()[0]["errorCode"] for answer in (again, closed, aborted, deleted)} == {"INVALIDJOBSTATE"}
    assert session.delete(f"{JOBS}/{id}", timeout=10).status_code == 204
    assert session.get(f"{JOBS}/{id}", timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"operation": "invent"}, "INVALIDJOB"),
        ({"object": "Foo"}, "INVALIDENTITY"),
        ({"externalIdFieldName": "Company"}, "INVALIDJOB"),
        ({"lineEnding": "CR"}, "INVALIDJOB"),
    ],
)
def test_a_job_that_makes_no_sense_is_not_opened(session: requests.Session, changes: dict[str, str], code: str) -> None:
    answer = session.post(JOBS, json={**WISH, **changes}, timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_jobs_are_gone_after_seven_days(session: requests.Session, sandbox: SandboxProcess) -> None:
    rules(session, bulk_seconds=0)
    id = filled(session, [lead("00")])
    sandbox.control.advance(7_000)
    there = session.get(f"{JOBS}/{id}", timeout=10)
    sandbox.control.advance(7 * 86_400)
    log_in(session)

    assert there.status_code == 200
    assert session.get(f"{JOBS}/{id}", timeout=10).status_code == 404

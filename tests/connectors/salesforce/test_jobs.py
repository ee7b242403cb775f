"""Bulk jobs: what goes into the CSV, what comes out of it, and how many calls and questions it takes."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.salesforce.connector import Salesforce
from connectors.salesforce.jobs import MOST_BYTES, ask_again_in, rows_of, sheet_of
from connectors.salesforce.sandbox_csv import read, record_of
from connectors.salesforce.sandbox_fields import LEAD
from connectors.salesforce.writes import write_of
from hub.domain import JOB_RUNNING, Delivery, Receipt, external_id
from hub.errors import Unavailable
from hub.kit import Destination, Limits, Services
from tests.connectors.contracts import faults
from tests.connectors.salesforce.org import many
from tests.contract.bench import Bench

MANY = 301
SLOW = Limits(read_seconds=60, total_seconds=90)  # the played one writes thousands of leads within an answer
JOBS = "/services/data/v64.0/jobs/ingest"


class Kept:
    """A claim that remembers what was noted, and when."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, job: str) -> None:
        self.said.append(job)

    def renew(self) -> None:
        self.said.append("renewed")


def to_the_end(destination: Destination, job: str, deliveries: list[Delivery]) -> tuple[list[Receipt], float]:
    """The receipts of a job that has ended, and the longest wait between two questions."""
    longest = 0.0
    while True:
        receipts = list(destination.resume(job, deliveries))
        if not receipts or receipts[0].reason != JOB_RUNNING:
            return receipts, longest
        wait = float(receipts[0].retry_after or 0)
        longest = max(longest, wait)
        time.sleep(wait)


@pytest.fixture
def salesforce(bench: Bench) -> Iterator[Destination]:
    """The connector, logged in, and patient."""
    bench.services = Services.local(limits=SLOW)
    with bench.ready() as destination:
        assert isinstance(destination, Salesforce)
        destination.job_from = 300  # jobs of thousands tell nothing more, and take long to play
        destination.stays_seconds = 0
        yield destination


def rules(destination: Destination, **rules: Any) -> None:
    destination.client.session.post("https://acme.my.salesforce.com/sandbox/org", json=rules)


@pytest.fixture
def claim(salesforce: Destination) -> Kept:
    claim = Kept()
    salesforce.claim = claim
    return claim


@pytest.mark.parametrize("count", [MANY, 6_001])
def test_what_is_worth_a_job_is_handed_to_one(bench: Bench, salesforce: Salesforce, claim: Kept, count: int) -> None:
    salesforce.job_from = min(count - 1, Salesforce.job_from)
    deliveries = many(bench, count)

    handed = list(salesforce.send(deliveries))
    receipts, _ = to_the_end(salesforce, claim.said[0], deliveries)

    assert {(receipt.outcome, receipt.reason) for receipt in handed} == {("unknown", JOB_RUNNING)}
    assert claim.said[1:] == ["renewed"]
    assert [receipt.delivery for receipt in receipts] == [one.id for one in deliveries]
    assert {receipt.outcome for receipt in receipts} == {"created"}
    assert len({receipt.object_id for receipt in receipts}) == count
    asked = [path.removeprefix(JOBS).removeprefix(f"/{claim.said[0]}") for path in bench.requests()]
    questions = asked.count("") - 2
    assert [step for step in asked if step] == ["/batches", "/successfulResults"]
    assert len(asked) <= 4 + questions
    assert questions <= 8


def test_a_sender_stays_with_a_job_that_ends_soon(bench: Bench, salesforce: Salesforce, claim: Kept) -> None:
    salesforce.stays_seconds = 10
    rules(salesforce, bulk_seconds=0.3)

    receipts = list(salesforce.send(many(bench, MANY)))

    assert {receipt.outcome for receipt in receipts} == {"created"}
    assert len(claim.said) == 2


def test_a_sender_lets_go_of_a_job_that_lasts(bench: Bench, salesforce: Salesforce, claim: Kept) -> None:
    salesforce.stays_seconds = 0.5
    rules(salesforce, bulk_seconds=60)

    receipts = list(salesforce.send(many(bench, MANY)))

    assert {(receipt.outcome, receipt.reason) for receipt in receipts} == {("unknown", JOB_RUNNING)}
    assert min(receipt.retry_after or 0 for receipt in receipts) >= 0.05


def test_a_question_that_is_lost_right_after_the_job_began_leaves_it_to_the_next(
    bench: Bench, salesforce: Salesforce, claim: Kept
) -> None:
    salesforce.stays_seconds = 10
    fault = {"system": "salesforce", "kind": "drop_after", "method": "GET", "path_glob": "*/jobs/ingest/*"}
    bench.ask("/faults", fault, "POST")
    deliveries = many(bench, MANY)

    handed = list(salesforce.send(deliveries))
    receipts, _ = to_the_end(salesforce, claim.said[0], deliveries)

    assert {receipt.reason for receipt in handed} == {JOB_RUNNING}
    assert {receipt.outcome for receipt in receipts} == {"created"}


def test_a_jobs_length_teaches_when_to_ask_about_the_next_one(
    bench: Bench, salesforce: Destination, claim: Kept
) -> None:
    rules(salesforce, bulk_seconds=2)
    first = many(bench, MANY)
    list(salesforce.send(first))
    to_the_end(salesforce, claim.said[0], first)
    now = datetime.now(UTC)
    second = [
        one.with_(id=one.id + 10_000, external_id=external_id(f"other {one.id}"), claimed_at=now) for one in first
    ]
    before = len(bench.requests())

    handed = list(salesforce.send(second))
    time.sleep(float(handed[0].retry_after or 0))
    to_the_end(salesforce, claim.said[2], second)

    assert len(bench.requests()) - before <= 7  # open, upload, close, two or three questions, one file
    assert 1 < float(handed[0].retry_after or 0) <= 2  # a quick job after a slow one is noticed soon all the same


def test_the_request_for_a_job_and_its_answer_are_as_the_contract_says(
    shared: Path, salesforce: Destination, bench: Bench, claim: Kept
) -> None:
    contract = shared / "contracts/salesforce/bulk-api-2.openapi.json"
    sent: list[Any] = []
    salesforce.client.session.hooks["response"].append(lambda answer, *_, **__: sent.append(answer))

    list(salesforce.send(many(bench, MANY)))

    opened, uploaded, closed = sent
    assert faults(contract, {"$ref": "#/components/schemas/IngestJobRequest"}, json.loads(opened.request.body)) == []
    assert faults(contract, {"$ref": "#/components/schemas/IngestJobInfo"}, opened.json()) == []
    assert (uploaded.status_code, uploaded.request.headers["Content-Type"]) == (201, "text/csv; charset=UTF-8")
    assert json.loads(closed.request.body) == {"state": "UploadComplete"}


def test_bad_rows_of_a_job_are_refused_each_by_itself(bench: Bench, salesforce: Destination, claim: Kept) -> None:
    deliveries = many(bench, MANY)
    for place, fields in ((7, {"LastName": "x" * 81}), (8, {"Email": "nobody"}), (9, {"Company": None})):
        deliveries[place] = deliveries[place].with_(body={**deliveries[place].body, **fields})

    list(salesforce.send(deliveries))
    receipts, _ = to_the_end(salesforce, claim.said[0], deliveries)

    told = {receipt.delivery: receipt for receipt in receipts}
    assert [told[place + 1].reason for place in (7, 8, 9)] == [
        "string_too_long", "invalid_email_address", "required_field_missing"
    ]  # fmt: skip
    assert "LastName" in str(told[8].detail)
    assert "xxxx" not in str(told[8].detail)
    assert sum(receipt.outcome == "created" for receipt in receipts) == MANY - 3
    assert sum("failedResults" in path for path in bench.requests()) == 1


def test_what_a_job_made_already_is_looked_up_and_not_doubled(
    bench: Bench, salesforce: Destination, claim: Kept
) -> None:
    deliveries = many(bench, MANY)
    list(salesforce.send(deliveries[:2]))

    list(salesforce.send(deliveries))
    receipts, _ = to_the_end(salesforce, claim.said[0], deliveries)

    assert [(receipt.outcome, receipt.reason) for receipt in receipts[:3]] == [
        ("unknown", "duplicate_value"), ("unknown", "duplicate_value"), ("created", None)
    ]  # fmt: skip
    assert len(bench.made()) == MANY


def test_what_csv_cannot_say_goes_beside_the_job(bench: Bench, salesforce: Destination, claim: Kept) -> None:
    deliveries = many(bench, MANY + 1)
    deliveries[5] = deliveries[5].with_(body={**deliveries[5].body, "Description": "#N/A"})

    handed = list(salesforce.send(deliveries))
    to_the_end(salesforce, claim.said[0], deliveries)

    rows = {row["Hub_Key__c"]: row for row in json.loads(bench.ask("/state/salesforce/leads"))}
    assert [receipt.outcome for receipt in handed].count("created") == 1
    assert handed[5].outcome == "created"
    assert rows[deliveries[5].external_id]["Description"] == "#N/A"


def test_an_organisation_without_jobs_takes_the_same_leads_by_other_ways(
    bench: Bench, salesforce: Destination, claim: Kept
) -> None:
    no_jobs = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "Bulk API is not enabled"}]
    fault = {"system": "salesforce", "kind": "status", "status": 400, "path_glob": JOBS, "body": no_jobs}
    bench.ask("/faults", fault, "POST")

    receipts = list(salesforce.send(many(bench, MANY)))

    assert {receipt.outcome for receipt in receipts} == {"created"}
    assert claim.said == []
    assert len(bench.requests()) == 1 + 1


@pytest.mark.parametrize("step", ["*/ingest", "*/batches"])
def test_a_job_that_was_never_closed_leaves_nobody_in_doubt(
    bench: Bench, salesforce: Destination, claim: Kept, step: str
) -> None:
    bench.ask("/faults", {"system": "salesforce", "kind": "drop_after", "path_glob": step}, "POST")

    with pytest.raises(Unavailable) as lost:
        list(salesforce.send(many(bench, MANY)))

    assert not lost.value.sent
    assert bench.made() == []


def test_a_job_that_was_opened_and_not_closed_can_never_begin(
    bench: Bench, salesforce: Destination, claim: Kept
) -> None:
    deliveries = many(bench, MANY)
    bench.ask("/faults", {"system": "salesforce", "kind": "drop_before", "path_glob": "*/batches"}, "POST")
    with pytest.raises(Unavailable):
        list(salesforce.send(deliveries))

    receipts = list(salesforce.resume(claim.said[0], deliveries))

    assert {(receipt.outcome, receipt.reason) for receipt in receipts} == {("deferred", "job_not_begun")}
    assert [job["state"] for job in json.loads(bench.ask("/state/salesforce/jobs"))] == ["Aborted"]


def test_a_job_that_is_known_no_more_tells_nothing(bench: Bench, salesforce: Destination) -> None:
    assert list(salesforce.resume("7505e0000000099AAA", bench.deliveries(2))) == []


@pytest.mark.parametrize(
    ("passed", "done", "seconds"),
    [
        (0.0, 0, 0.05),
        (0.3, 0, 0.05),
        (10.0, 0, 1.0),  # no count: a tenth of the time so far
        (600.0, 0, 60.0),
        (10.0, 500, 10.0),  # half done: as long again
        (10.0, 100, 10.0),  # never longer than it has taken so far
        (10.0, 900, 10 / 9),  # nearly done: to the end
        (10.0, 990, 1.0),
        (10.0, 1_000, 1.0),
    ],
)
def test_questions_come_a_tenth_of_the_time_apart_unless_the_count_says_otherwise(
    passed: float, done: int, seconds: float
) -> None:
    assert ask_again_in(passed, done, 1_000) == pytest.approx(seconds)


@pytest.mark.parametrize("seconds", [0.2, 1.0, 10.0, 300.0])
def test_the_end_of_a_job_is_noticed_within_a_tenth_of_its_time(seconds: float) -> None:
    for counts in (True, False):
        now, questions = 0.05, 1
        while now < seconds:
            done = int(10_000 * now / seconds) if counts else 0
            now += ask_again_in(now, done, 10_000)
            questions += 1

        assert now - seconds <= max(0.1 * seconds, 0.05) + 1e-9
        assert questions <= (25 if counts else 80)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=60)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS, st.integers(0, 10**9)), min_size=1, max_size=5))
def test_words_come_out_of_the_csv_as_they_went_in(rows: list[tuple[str, str | None, int]]) -> None:
    writes = [
        write_of(lead(number, {"LastName": name, "Description": text, "Hub_Followers__c": followers}), None, "create")
        for number, (name, text, followers) in enumerate(rows)
    ]

    sheet = sheet_of(writes)
    columns, cells = read(sheet.text.decode(), delimiter="COMMA", ending="LF", known=LEAD.fields)
    records = [record_of(columns, row, LEAD.fields)[0] for row in cells]

    emptied = [{name: value or None for name, value in write.fields.items()} for write in sheet.writes]
    kept = [
        {name: record.get(name) or None for name in fields} for record, fields in zip(records, emptied, strict=True)
    ]
    assert kept == emptied
    assert [write for write in writes if write not in sheet.writes] == [
        write for write in writes if "#N/A" in (write.fields["LastName"], write.fields["Description"])
    ]


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", '"quoted", and\nmore', "a,b;c"]


@pytest.mark.parametrize("words", FORMULAS)
def test_a_formula_is_only_words(words: str) -> None:
    sheet = sheet_of([write_of(lead(1, {"LastName": words}), None, "create")])

    rows = rows_of("sf__Id,sf__Created," + sheet.text.decode().replace("\n", "\n00Q,true,", 1))
    assert [row["LastName"] for row in rows.values()] == [words]


def test_an_upload_stays_below_what_an_answer_may_be() -> None:
    writes = [
        write_of(lead(number, {"LastName": "A", "Description": '"é' * 10_000}), None, "create")
        for number in range(1_000)
    ]

    sheet = sheet_of(writes)

    assert 100 < len(sheet.writes) < 1_000
    assert len(sheet.text) <= MOST_BYTES


def lead(number: int, body: dict[str, Any]) -> Delivery:
    """A lead with these fields."""
    return Delivery(
        id=number, destination="salesforce", object="Lead", external_id=external_id(str(number)), version=1, body=body,
        digest="d", handoff="h",
    )  # fmt: skip

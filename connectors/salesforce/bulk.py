"""A job of the Bulk API, from its opening to its results: four or five calls, and the questions how far it is."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connectors.salesforce.answers import name_trouble, read_cell, unknown, written
from connectors.salesforce.jobs import RUNNING, SOONEST_SECONDS, Sheet, ask_again_in, rows_of
from connectors.salesforce.org import Org
from connectors.salesforce.words import ID, KEY_FIELD, checked, object_of
from connectors.salesforce.writes import Verb
from hub.domain import Delivery, Receipt
from hub.errors import HubError, Unavailable
from hub.kit import Claim, Services, running

JOBS = "jobs/ingest"
NOT_BEGUN = "job_not_begun"
PACE = "salesforce:job_seconds_per_record"
WEEK_SECONDS = 7 * 86_400.0
LONGEST_GUESS_SECONDS = 2.0
SHORTER = 0.95  # than last time is when a job is asked for first


class Job(NamedTuple):
    """How a job stands, as Salesforce tells it."""

    path: str
    state: str
    done: int
    failed: int
    seconds: float  # from its opening to its last change


class Jobs:
    """The jobs of one organisation: handed over, asked for, and what the last ones teach about the next."""

    def __init__(self, org: Org, services: Services, *, stays_seconds: float) -> None:
        self._org, self._services, self._stays_seconds = org, services, stays_seconds

    def hand_over(self, claim: Claim, sheet: Sheet, verb: Verb) -> dict[int, Receipt]:
        """A receipt for each record of the sheet; raises only while nothing can have been written."""
        deliveries = [write.delivery for write in sheet.writes]
        id = start(self._org, claim, sheet, verb)
        wait = max(SOONEST_SECONDS, self._expected(len(deliveries)) - self._passed(deliveries))
        handed = {one.id: running(one, ask_again_in=wait) for one in deliveries}
        if wait > self._stays_seconds:
            return handed
        self._services.clock.sleep(wait)
        try:
            told = {receipt.delivery: receipt for receipt in self.ask(id, deliveries, spent=wait)}
        except HubError:
            return handed  # the job is at work, whoever hears of it: it is asked again
        return {one.id: told.get(one.id) or unknown(one, "not_told") for one in deliveries}

    def ask(self, id: str, deliveries: Sequence[Delivery], *, spent: float = 0.0) -> Iterator[Receipt]:
        """What became of a job: stays while it is soon to end, says `running` of one that is not."""
        while (job := look(self._org, id, sobject=object_of(deliveries[0]))) is not None:
            if job.state not in RUNNING:
                self._learn(job)
                yield from receipts(self._org, job, deliveries)
                return
            wait = ask_again_in(self._passed(deliveries), job.done, len(deliveries))
            spent += wait
            if spent > self._stays_seconds:
                yield from (running(delivery, ask_again_in=wait) for delivery in deliveries)
                return
            self._services.clock.sleep(wait)

    def _passed(self, deliveries: Sequence[Delivery]) -> float:
        """Seconds since these were claimed."""
        now = self._services.clock.now()
        return max((now - (deliveries[0].claimed_at or now)).total_seconds(), 0.0)

    def _expected(self, records: int) -> float:
        """How long a job of so many took last time, a little less; never so long that a quick one is noticed late."""
        pace = self._services.memory.get(PACE)
        return min(SHORTER * records * float(pace), LONGEST_GUESS_SECONDS) if pace else 0.0

    def _learn(self, job: Job) -> None:
        if job.state == "JobComplete" and job.done:
            self._services.memory.set(PACE, job.seconds / job.done, keep_seconds=WEEK_SECONDS)


def start(org: Org, claim: Claim, sheet: Sheet, verb: Verb) -> str:
    """Open a job, keep its id, upload and close it; from then on Salesforce works by itself.

    Until it is closed nothing can have been written: trouble before that leaves nobody in doubt.
    """
    sobject = object_of(sheet.writes[0].delivery)
    wish = {"object": sobject, "operation": "insert" if verb == "create" else "upsert", "contentType": "CSV"}
    if verb == "upsert":
        wish["externalIdFieldName"] = KEY_FIELD
    try:
        opened = org.ask(JOBS, method="POST", body={**wish, "lineEnding": "LF"}, sobject=sobject)
        id = str(opened.get("id")) if isinstance(opened, dict) else ""
        if not ID.fullmatch(id):
            raise Unavailable("Salesforce opened a job without naming it.")
        claim.note(id)
        org.upload(f"{JOBS}/{id}/batches", sheet.text, sobject=sobject)
    except Unavailable as lost:
        raise Unavailable(str(lost), retry_after=lost.retry_after, sent=False) from None
    claim.renew()  # an upload takes long; if another worker has taken over meanwhile, the job must not begin
    org.ask(f"{JOBS}/{id}", method="PATCH", body={"state": "UploadComplete"}, sobject=sobject)
    return id


def look(org: Org, id: str, *, sobject: str) -> Job | None:
    """The job, or nothing when a week is over and Salesforce knows it no more."""
    path = f"{JOBS}/{checked(id, ID)}"
    status, told = org.exchange("GET", path)
    if status == 404:
        return None
    if status >= 300 or not isinstance(told, dict):
        raise name_trouble(status, told, sobject=sobject)
    counts = [counted(told, name) for name in ("numberRecordsProcessed", "numberRecordsFailed")]
    return Job(path, str(told.get("state")), counts[0], counts[1], lasted(told))


def receipts(org: Org, job: Job, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
    """What became of each delivery; what a job's results do not tell of is left to be looked up."""
    state = job.state
    if state == "Open":  # whoever opened it died before it could begin; it must not begin later, with an old version
        org.ask(job.path, method="PATCH", body={"state": "Aborted"}, sobject=object_of(deliveries[0]))
        state = "Aborted"
    if state == "Aborted" and not job.done:
        yield from (not_begun(delivery) for delivery in deliveries)
    elif job.done:
        yield from results(org, job, deliveries)


def results(org: Org, job: Job, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
    """A receipt for each record that one of the two files tells of; the second is read only if it holds something."""
    sobject = object_of(deliveries[0])
    some_good = job.done > job.failed
    good = rows_of(org.download(f"{job.path}/successfulResults", sobject=sobject)) if some_good else {}
    bad = rows_of(org.download(f"{job.path}/failedResults", sobject=sobject)) if job.failed else {}
    for delivery in deliveries:
        row, wrong = good.get(delivery.external_id), bad.get(delivery.external_id)
        if row and not wrong and row.get("sf__Id"):
            made = (row.get("sf__Created") or "").lower() == "true"
            yield written(delivery, str(row["sf__Id"]), created=made, instance=org.instance)
        elif wrong and not row:
            yield read_cell(delivery, wrong.get("sf__Error") or "", instance=org.instance)


def not_begun(delivery: Delivery) -> Receipt:
    """Nothing of it was written: it may be sent again without a look-up."""
    return Receipt(delivery=delivery.id, outcome="deferred", reason=NOT_BEGUN)


def counted(told: dict[str, Any], name: str) -> int:
    """A count of a job's; none where it does not say."""
    value = told.get(name)
    return value if isinstance(value, int) else 0


def lasted(told: dict[str, Any]) -> float:
    """Seconds from a job's opening to its last change, by Salesforce's own clock."""
    try:
        began, ended = (datetime.fromisoformat(str(told.get(name))) for name in ("createdDate", "systemModstamp"))
        return max((ended - began).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0

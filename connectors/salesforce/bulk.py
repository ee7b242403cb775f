"""A job of the Bulk API, from its opening to its results: four or five calls, and the questions how far it is."""

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.salesforce.answers import name_trouble, read_cell, written
from connectors.salesforce.jobs import RUNNING, Sheet, ask_again_in, rows_of
from connectors.salesforce.org import Org
from connectors.salesforce.words import ID, KEY_FIELD, checked, object_of
from connectors.salesforce.writes import Verb
from hub.domain import Delivery, Receipt
from hub.errors import Unavailable
from hub.kit import Claim, running

JOBS = "jobs/ingest"
NOT_BEGUN = "job_not_begun"


def start(org: Org, claim: Claim, sheet: Sheet, verb: Verb) -> None:
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


def resume(org: Org, job: str, deliveries: Sequence[Delivery], *, passed: float) -> Iterator[Receipt]:
    """What became of a job; what its results do not tell of is left to be looked up."""
    sobject = object_of(deliveries[0])
    path = f"{JOBS}/{checked(job, ID)}"
    status, told = org.exchange("GET", path)
    if status == 404:
        return  # a week is over
    if status >= 300 or not isinstance(told, dict):
        raise name_trouble(status, told, sobject=sobject)
    state, done = told.get("state"), counted(told, "numberRecordsProcessed")
    if state == "Open":  # whoever opened it died before it could begin; it must not begin later, with an old version
        org.ask(path, method="PATCH", body={"state": "Aborted"}, sobject=sobject)
        state = "Aborted"
    if state in RUNNING:
        wait = ask_again_in(passed, done, len(deliveries))
        yield from (running(delivery, ask_again_in=wait) for delivery in deliveries)
    elif state == "Aborted" and not done:
        yield from (not_begun(delivery) for delivery in deliveries)
    elif done:
        yield from results(org, path, deliveries, failed=counted(told, "numberRecordsFailed"), done=done)


def results(org: Org, path: str, deliveries: Sequence[Delivery], *, failed: int, done: int) -> Iterator[Receipt]:
    """A receipt for each record that one of the two files tells of; the second is read only if it holds something."""
    sobject = object_of(deliveries[0])
    good = rows_of(org.download(f"{path}/successfulResults", sobject=sobject)) if done > failed else {}
    bad = rows_of(org.download(f"{path}/failedResults", sobject=sobject)) if failed else {}
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

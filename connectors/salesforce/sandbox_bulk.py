"""Bulk API 2.0, played: a job is created, given one CSV, closed, worked off over the sandbox's clock, and read.

A job takes half a second and a tenth of a millisecond for each row, unless the rule `bulk_seconds` says otherwise.
"""

from connectors.salesforce.sandbox_csv import DELIMITERS, ENDINGS, Unreadable, written
from connectors.salesforce.sandbox_fields import THINGS
from connectors.salesforce.sandbox_jobs import ENDED, Jobs
from connectors.salesforce.sandbox_org import record_id, refuse
from connectors.salesforce.sandbox_records import ME, Record
from connectors.salesforce.sandbox_rest import BATCHES_PER_DAY, DATA, DAY_SECONDS, body_of
from sandbox.kit import Reply, Request, route

JOBS = f"{DATA}/jobs/ingest"
BATCH_ROWS = 10_000
FIRST_SECONDS, ROW_SECONDS = 0.5, 0.000_1
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
TWICE = "Found multiple contents for the job; close, abort or delete it, and upload only once to the next."
TOLD = (
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "externalIdFieldName",
    "concurrencyMode", "contentType", "apiVersion", "jobType", "contentUrl", "lineEnding", "columnDelimiter",
)  # fmt: skip


class Bulk(Jobs):
    """Jobs that write many records and cost few calls."""

    @route("POST", JOBS)
    @route("POST", f"{JOBS}/")
    def create_job(self, request: Request, version: str) -> Reply:
        wish = body_of(request)
        if not isinstance(wish, dict) or wish.get("operation") not in OPERATIONS:
            return refuse(400, "INVALIDJOB", "InvalidJob : no such operation")
        if self.thing(str(wish.get("object"))) is None:
            return refuse(400, "INVALIDENTITY", f"InvalidEntity : Entity '{wish.get('object')}' is not supported")
        key = wish.get("externalIdFieldName")
        known = self.fields(THINGS[wish["object"]]).get(key or "")
        if wish["operation"] == "upsert" and not (known and known.external_id):
            return refuse(400, "INVALIDJOB", f"InvalidJob : Field name not found or not an external id : {key}")
        ending, delimiter = wish.get("lineEnding", "LF"), wish.get("columnDelimiter", "COMMA")
        if wish.get("contentType", "CSV") != "CSV" or ending not in ENDINGS or delimiter not in DELIMITERS:
            return refuse(400, "INVALIDJOB", "InvalidJob : unsupported content type, line ending or delimiter")
        return Reply.json(shown(self.new_job(wish, version, ending, delimiter)))

    def new_job(self, wish: Record, version: str, ending: str, delimiter: str) -> Record:
        """An open job."""
        jobs = self.table("jobs")
        id, now = record_id("750", jobs.next_id()), self.moment()
        job = {
            "id": id, "operation": wish["operation"], "object": wish["object"], "createdById": ME, "createdDate": now,
            "systemModstamp": now, "state": "Open", "concurrencyMode": "Parallel", "contentType": "CSV",
            "apiVersion": float(version[1:]), "contentUrl": f"services/data/{version}/jobs/ingest/{id}/batches",
            "lineEnding": ending, "columnDelimiter": delimiter, "jobType": "V2Ingest", "rows": 0,
            "externalIdFieldName": wish.get("externalIdFieldName"),
        }  # fmt: skip
        jobs.insert(job, id=id)
        self.journal("job opened", job=id, operation=job["operation"])
        return job

    @route("PUT", f"{JOBS}/{{id}}/batches")
    @route("PUT", f"{JOBS}/{{id}}/batches/")
    def upload(self, request: Request, version: str, id: str) -> Reply:
        job = self.job(id)
        if job is None:
            return self.not_found(request)
        if job["state"] != "Open":
            return refuse(400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job['state']}, not Open")
        if id in self.table("uploads"):
            return refuse(400, "INVALIDBATCH", TWICE)
        if not request.headers.get("content-type", "").lower().startswith("text/csv"):
            return refuse(400, "INVALIDBATCH", "ClientInputError : The Content-Type must be text/csv")
        self.table("uploads").insert({"text": request.body.decode("utf-8", "replace")}, id=id)
        return Reply.empty(201)

    @route("PATCH", f"{JOBS}/{{id}}")
    @route("PATCH", f"{JOBS}/{{id}}/")
    def change_job(self, request: Request, version: str, id: str) -> Reply:
        job, body = self.job(id), body_of(request)
        if job is None:
            return self.not_found(request)
        state = body.get("state") if isinstance(body, dict) else None
        if state == "Aborted" and job["state"] not in ENDED:
            return Reply.json(shown(self.table("jobs").update(id, state="Aborted", systemModstamp=self.moment())))
        if state == "UploadComplete" and job["state"] == "Open":
            return self.close_job(job)
        words = {"Aborted": "Aborting already Completed Job not allowed", "UploadComplete": "Job is not open"}
        return refuse(400, "INVALIDJOBSTATE", f"InvalidJobState : {words.get(str(state), 'no such state')}")

    def close_job(self, job: Record) -> Reply:
        """The upload is whole; from here on the clock works it off."""
        try:
            _, rows = self.sheet(job)
        except Unreadable as wrong:
            changes = {"state": "Failed", "errorMessage": str(wrong), "systemModstamp": self.moment()}
            self.table("jobs").update(job["id"], **changes)
            return Reply.json(shown({**job, "state": "UploadComplete"}))
        batches = -(-len(rows) // BATCH_ROWS) or 1
        if self.take("batches", limit=BATCHES_PER_DAY, seconds=DAY_SECONDS, cost=batches).exceeded:
            return refuse(400, "LIMIT_EXCEEDED", "ExceededQuota : Batches for the day are used up")
        seconds = self.rule("bulk_seconds", FIRST_SECONDS + ROW_SECONDS * len(rows))
        changes = {"state": "UploadComplete", "closed_at": self.clock.now().isoformat(), "seconds": seconds}
        return Reply.json(shown(self.table("jobs").update(job["id"], **changes, rows=len(rows))))

    @route("GET", JOBS)
    @route("GET", f"{JOBS}/")
    def list_jobs(self, request: Request, version: str) -> Reply:
        jobs = [self.job(str(row["id"])) for row in self.table("jobs").all()]
        return Reply.json({"done": True, "nextRecordsUrl": None, "records": [shown(job) for job in jobs if job]})

    @route("GET", f"{JOBS}/{{id}}")
    @route("GET", f"{JOBS}/{{id}}/")
    def show_job(self, request: Request, version: str, id: str) -> Reply:
        job = self.job(id)
        if job is None:
            return self.not_found(request)
        results = self.done(id)
        spent = int((job.get("seconds") or 0) * 1000 * len(results) / max(job["rows"], 1))
        counted = {
            "numberRecordsProcessed": len(results), "numberRecordsFailed": sum("error" in one for one in results),
            "retries": 0, "totalProcessingTime": spent, "apiActiveProcessingTime": spent, "apexProcessingTime": 0,
        }  # fmt: skip
        message = {"errorMessage": job["errorMessage"]} if "errorMessage" in job else {}
        return Reply.json(shown(job) | counted | message)

    @route("DELETE", f"{JOBS}/{{id}}")
    def delete_job(self, request: Request, version: str, id: str) -> Reply:
        job = self.job(id)
        if job is None:
            return self.not_found(request)
        if job["state"] not in ENDED:
            return refuse(400, "INVALIDJOBSTATE", "InvalidJobState : Deleting a Job that has not ended is not allowed")
        self.vanish(id)
        return Reply.empty()

    @route("GET", f"{JOBS}/{{id}}/{{which}}")
    @route("GET", f"{JOBS}/{{id}}/{{which}}/")
    def results(self, request: Request, version: str, id: str, which: str) -> Reply:
        job = self.job(id)
        if job is None or which.lower() not in ("successfulresults", "failedresults", "unprocessedrecords"):
            return self.not_found(request)
        form = {"delimiter": job["columnDelimiter"], "ending": job["lineEnding"]}
        try:
            columns, rows = self.sheet(job)
        except Unreadable:
            columns, rows = [], []
        done = self.done(id)
        pairs = list(zip(done, rows, strict=False))
        if which.lower() == "successfulresults":
            good = [[one["id"], str(one["created"]).lower(), *row] for one, row in pairs if "id" in one]
            return csv_reply(written(["sf__Id", "sf__Created", *columns], good, **form))
        if which.lower() == "failedresults":
            bad = [["", one["error"], *row] for one, row in pairs if "error" in one]
            return csv_reply(written(["sf__Id", "sf__Error", *columns], bad, **form))
        return csv_reply(written(columns, rows[len(done) :], **form))


def shown(job: Record) -> Record:
    """A job as Salesforce tells it."""
    return {name: job[name] for name in TOLD if job.get(name) is not None}


def csv_reply(text: str) -> Reply:
    """Results."""
    return Reply.text(text, content_type="text/csv")

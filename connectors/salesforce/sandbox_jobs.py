"""The jobs of the played Bulk API: worked off as the sandbox's clock goes on, and gone after seven days.

Rows are written while a job runs, so that whoever looks meanwhile, or after a client was killed, finds as many leads
as have had their turn.
"""

from collections import Counter
from datetime import datetime, timedelta

from connectors.salesforce.sandbox_composite import Composite
from connectors.salesforce.sandbox_csv import read, record_of, told
from connectors.salesforce.sandbox_fields import KEY_FIELD, THINGS, Thing, relation_of
from connectors.salesforce.sandbox_org import error, failed
from connectors.salesforce.sandbox_records import Record

KEPT_DAYS = 7
ENDED = ("JobComplete", "Failed", "Aborted")


class Jobs(Composite):
    """What stands behind the routes of Bulk."""

    def job(self, id: str) -> Record | None:
        """A job as it stands now; gone a week after it was made."""
        job = self.table("jobs").get(id)
        if job and self.clock.now() - datetime.fromisoformat(job["createdDate"]) > timedelta(days=KEPT_DAYS):
            self.vanish(id)
            return None
        return job

    def vanish(self, id: str) -> None:
        """Forget a job and all that belongs to it."""
        for table in ("jobs", "uploads", "results"):
            self.table(table).delete(id)

    def sheet(self, job: Record) -> tuple[list[str], list[list[str]]]:
        """Columns and rows of what was uploaded."""
        upload = self.table("uploads").get(job["id"]) or {"text": ""}
        fields = self.fields(THINGS[job["object"]])
        related = [f"{relation_of(name)}.{KEY_FIELD}" for name, field in fields.items() if field.refers_to]
        known = [*fields, *related, "id"]
        return read(upload["text"], delimiter=job["columnDelimiter"], ending=job["lineEnding"], known=known)

    def done(self, id: str) -> list[Record]:
        """What became of the rows that have had their turn."""
        kept = self.table("results").get(id)
        return list(kept["results"]) if kept else []

    def work_off(self) -> None:
        """Go on with the jobs that are running; called before each request is answered."""
        for state in ("UploadComplete", "InProgress"):
            for job in self.table("jobs").where(state=state):
                spent = (self.clock.now() - datetime.fromisoformat(job["closed_at"])).total_seconds()
                share = min(spent / job["seconds"], 1.0) if job["seconds"] else 1.0
                self.go_on(job, int(job["rows"] * share), ended=share >= 1)

    def go_on(self, job: Record, until: int, *, ended: bool) -> None:
        """Write the rows of a job up to this one."""
        done = self.done(job["id"])
        if until > len(done):
            columns, rows = self.sheet(job)
            twice = doubled(columns, rows) if job["operation"] == "upsert" else set()
            done += [self.row_done(job, columns, row, twice) for row in rows[len(done) : until]]
            self.table("results").delete(job["id"])
            self.table("results").insert({"results": done}, id=job["id"])
        state = "JobComplete" if ended else "InProgress"
        if state != job["state"]:
            self.table("jobs").update(job["id"], state=state, systemModstamp=self.moment())

    def row_done(self, job: Record, columns: list[str], row: list[str], twice: set[str]) -> Record:
        """What becomes of one row: the id of its record, or why there is none."""
        thing = THINGS[job["object"]]
        record, problem = record_of(columns, row, self.fields(thing))
        key = str(record.get(KEY_FIELD) or "")
        if problem is None and key.lower() in twice:
            problem = error("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", KEY_FIELD)
        result = failed(problem) if problem else self.carry_out(job["operation"], thing, record)
        if not result["success"]:
            return {"error": told(result["errors"][0])}
        return {"id": result["id"], "created": result.get("created", job["operation"] == "insert")}

    def carry_out(self, operation: str, thing: Thing, record: Record) -> Record:
        """One row's write."""
        if operation == "insert":
            return self.create(thing, record)
        if operation == "upsert":
            return self.upsert(thing, record)
        id = str(record.get("Id") or record.get("id") or "")
        if operation == "update":
            return self.update(thing, id, {name: value for name, value in record.items() if name not in ("id", "Id")})
        return self.delete(thing, id)


def doubled(columns: list[str], rows: list[list[str]]) -> set[str]:
    """External ids that stand in more than one row."""
    place = columns.index(KEY_FIELD) if KEY_FIELD in columns else None
    keys = [row[place].lower() for row in rows if place is not None and len(row) > place]
    return {key for key, times in Counter(keys).items() if key and times > 1}

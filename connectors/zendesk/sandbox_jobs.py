"""The played background jobs: queued, worked off row by row as the clock goes on, forgotten after an hour.

As recorded from a real account: rows are not made in the order in which they were given, so ids tell nothing, and a
row's result names its index. A row that cannot be made fails alone; a job of which nothing came has failed. Statuses
are kept for the last hundred jobs and for an hour, after which nobody can tell what became of a job.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from connectors.zendesk.sandbox_desk import API, invalid, missing, too_many_values
from connectors.zendesk.sandbox_tickets import Tickets
from sandbox.kit import Reply, Request, route

MOST_ROWS = 100
MOST_JOBS = 30  # queued or working at once
KEPT_JOBS = 100
KEPT_SECONDS = 3_600
QUEUE_SECONDS = 0.3
ROWS_PER_SECOND = 100.0  # a real account made about eight; `/sandbox/jobs` makes it as slow
ACCOUNT_ID = 18_525_000
OPEN = ("queued", "working")
TYPES = {
    "tickets": "Bulk Create Ticket",
    "changes": "Bulk Update Ticket",
    "users": "Bulk Create User",
    "merge": "Ticket Merge",
}
FAILED = {
    "tickets": "TicketCreateFailed",
    "changes": "TicketUpdateFailed",
    "users": "UserCreateFailed",
    "merge": "TicketMergeFailed",
}

Row = dict[str, Any]


class Jobs(Tickets):
    """Work that is asked for now and done later."""

    @route("POST", f"{API}/tickets/create_many")
    def create_many(self, request: Request) -> Reply:
        """Up to a hundred tickets; an `Idempotency-Key` means nothing here."""
        return self.begin_job("tickets", request.json()["tickets"], request.host)

    @route("PUT", f"{API}/tickets/update_many")
    def update_many(self, request: Request) -> Reply:
        """Up to a hundred tickets, each changed in its own way; a repeat is done again."""
        return self.begin_job("changes", request.json()["tickets"], request.host)

    @route("POST", f"{API}/users/create_or_update_many")
    def create_or_update_many(self, request: Request) -> Reply:
        """Up to a hundred end users, on accounts whose owner has asked Zendesk for bulk imports."""
        if not self.setting("bulk_users", 1):
            words = "You do not have access to this page. Please contact the account owner."
            return Reply.json({"error": {"title": "Forbidden", "message": words}}, status=403)
        return self.begin_job("users", request.json()["users"], request.host)

    @route("POST", f"{API}/tickets/{{id}}/merge")
    def merge_into(self, request: Request, id: str) -> Reply:
        """Close some tickets for another one."""
        if int(id) not in self.table("tickets"):
            return missing()
        rows = [{"source": int(each), "target": int(id)} for each in request.json()["ids"]]
        return self.begin_job("merge", rows, request.host)

    @route("GET", f"{API}/job_statuses")
    def list_jobs(self, request: Request) -> Reply:
        """Those still remembered, newest first."""
        return Reply.json({"job_statuses": [told(job) for job in self.kept_jobs()[::-1]], "count": None})

    @route("GET", f"{API}/job_statuses/show_many")
    def show_jobs(self, request: Request) -> Reply:
        """Those of the asked that are still remembered."""
        kept = {job["id"]: job for job in self.kept_jobs()}
        asked = [id for id in request.param("ids").split(",") if id in kept]
        return Reply.json({"job_statuses": [told(kept[id]) for id in asked]})

    @route("GET", f"{API}/job_statuses/{{id}}")
    def show_job(self, request: Request, id: str) -> Reply:
        job = next((job for job in self.kept_jobs() if job["id"] == id), None)
        return Reply.json({"job_status": told(job)}) if job else missing()

    def begin_job(self, kind: str, rows: list[Row], host: str) -> Reply:
        """Queue this work, unless it is too much of it."""
        if len(rows) > MOST_ROWS:
            return too_many_values(MOST_ROWS)
        working = [job["id"] for job in self.table("jobs").all() if job["status"] in OPEN]
        left = {"zendesk-ratelimit-inflight-jobs": f"total={MOST_JOBS}; remaining={{}}; resets=60"}
        if len(working) >= MOST_JOBS:
            words = f"Too many {TYPES[kind]} jobs are currently queued or running. Try again later."
            body = {"error": "TooManyJobs", "description": words, "current_job_ids": working}
            return Reply.json(body, status=429, headers={name: text.format(0) for name, text in left.items()})
        if not rows:
            return invalid({"base": [{"description": "There is nothing to do", "error": "BlankValue"}]})
        number = self.table("jobs").next_id()
        id = f"V3-{sha256(f'job {number}'.encode()).hexdigest()[:32]}"
        begin_at = self.clock.now() + timedelta(seconds=self.setting("queue_seconds", QUEUE_SECONDS))
        job = {
            "id": id, "number": number, "kind": kind, "host": host, "rows": rows, "results": [], "status": "queued",
            "created_at": self.clock.now().isoformat(), "begin_at": begin_at.isoformat(), "message": None,
        }  # fmt: skip
        self.table("jobs").insert(job)
        self.journal("job queued", id=id, kind=kind, rows=len(rows))
        headers = {name: text.format(MOST_JOBS - len(working) - 1) for name, text in left.items()}
        return Reply.json({"job_status": told(job)}, headers=headers)

    def work_off(self) -> None:
        """Do what is due of every open job; a job works as fast as the account is set to."""
        now = self.clock.now()
        for job in self.table("jobs").where(status="queued") + self.table("jobs").where(status="working"):
            seconds = (now - datetime.fromisoformat(job["begin_at"])).total_seconds()
            if seconds < 0:
                continue
            due = min(int(seconds * self.setting("rows_per_second", ROWS_PER_SECOND)) + 1, len(job["rows"]))
            order = worked(len(job["rows"]), job["number"])
            results = [*job["results"], *(self.worked_row(job, index) for index in order[len(job["results"]) : due])]
            self.table("jobs").update(job["id"], results=results, **stand(job, results, self.stamp()))
            if len(results) == len(job["rows"]):
                self.journal("job done", id=job["id"])

    def worked_row(self, job: Row, index: int) -> Row:
        """Do one row of a job, and say what came of it."""
        work: dict[str, Callable[[Row, str], Row]] = {
            "tickets": self.make_ticket, "changes": self.change_ticket, "users": self.make_user,
            "merge": self.make_one_of,
        }  # fmt: skip
        result = work[job["kind"]](job["rows"][index], job["host"])
        if "faults" in result:
            words = ". ".join(each["description"] for faults in result["faults"].values() for each in faults)
            return {"index": index, "error": FAILED[job["kind"]], "details": words}
        return result if job["kind"] == "users" else {"index": index, **result}  # users' results name no row

    def make_ticket(self, given: Row, host: str) -> Row:
        row, answer = self.new_ticket(given, host)
        return {"faults": answer} if row is None else {"id": row["id"], "account_id": ACCOUNT_ID}

    def change_ticket(self, given: Row, host: str) -> Row:
        row = self.table("tickets").get(given.get("id") or 0)
        if row is None:
            return {"faults": {"base": [{"description": "Ticket: not found"}]}}
        faults, _ = self.change(row, given)
        return {"faults": faults} if faults else {"id": row["id"], "action": "update", "status": "Updated"}

    def make_user(self, given: Row, host: str) -> Row:
        row, faults, new = self.saved_user(given)
        if row is None:
            return {"faults": faults}
        return {"id": row["id"], "status": "Created" if new else "Updated"}

    def make_one_of(self, given: Row, host: str) -> Row:
        source, target = (self.table("tickets").get(given[name]) for name in ("source", "target"))
        if source is None or target is None or source["status"] == "closed":
            return {"faults": {"status": [{"description": "Status: closed prevents ticket update"}]}}
        self.merge(source, target)
        return {"id": source["id"], "action": "update", "status": "Updated", "success": True}

    def kept_jobs(self) -> list[Row]:
        """The jobs whose status Zendesk still knows, oldest first."""
        since = (self.clock.now() - timedelta(seconds=KEPT_SECONDS)).isoformat()
        return [job for job in self.table("jobs").all()[-KEPT_JOBS:] if job["created_at"] > since]

    @route("POST", "/sandbox/jobs")
    def pace(self, request: Request) -> Reply:
        """How long jobs wait and how many rows a second they make."""
        for name in ("queue_seconds", "rows_per_second"):
            if request.param(name):
                self.set(name, request.param(name))
        return Reply.empty()

    @route("POST", "/sandbox/jobs/kill")
    def kill(self, request: Request) -> Reply:
        """End what is queued or working where it stands."""
        for job in self.table("jobs").all():
            if job["status"] in OPEN:
                self.table("jobs").update(job["id"], status="killed", message="Killed")
        return Reply.empty()

    @route("POST", "/sandbox/jobs/forget")
    def forget(self, request: Request) -> Reply:
        """Lose the statuses of all jobs; what they have made, and what they still will, is not lost."""
        long_ago = (self.clock.now() - timedelta(seconds=KEPT_SECONDS + 1)).isoformat()
        for job in self.table("jobs").all():
            self.table("jobs").update(job["id"], created_at=long_ago)
        return Reply.empty()


def worked(count: int, seed: int) -> list[int]:
    """The order in which a job's rows are done: several workers take them, so never quite the given one."""
    step = 3 + seed % 4
    return [index for start in range(step) for index in range(step - 1 - start, count, step)]


def stand(job: Row, results: list[Row], now: str) -> Row:
    """How far a job is that has these results."""
    if len(results) < len(job["rows"]):
        return {"status": "working", "message": f"Creating ticket #{len(results)}"}
    failed = all("error" in result for result in results)
    moment = now.replace("T", " ").replace("Z", " +0000")
    return {
        "status": "failed" if failed else "completed",
        "message": f"{'Failed' if failed else 'Completed'} at {moment}",
    }


def told(job: Row) -> Row:
    """A job as the API tells it; results only once it is over."""
    over = job["status"] not in OPEN
    return {
        "id": job["id"],
        "job_type": TYPES[job["kind"]],
        "url": f"https://{job['host']}{API}/job_statuses/{job['id']}.json",
        "total": len(job["rows"]),
        "progress": None if job["status"] == "queued" else len(job["results"]),
        "status": job["status"],
        "message": job["message"],
        "results": job["results"] if over else None,
    }

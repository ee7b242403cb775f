"""Zendesk's background jobs: a hundred rows a call, asked about together, results by the rows' index.

A job is known by the id in the answer to the call that began it. Where that answer was lost nobody knows the id: then
the account's list of jobs says whether one is still at work, and what those that ended have made. At most thirty jobs
may run; statuses are kept for the last hundred jobs and about an hour, so one that is not known any more has ended.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from connectors.zendesk.desk import Desk
from hub.errors import Unavailable

MOST_ROWS = 100
OPEN = ("queued", "working")
SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 30.0  # between two questions about a job
SHARE = 0.1  # of the time so far: the end is known within a tenth
FIRST_QUESTION_SECONDS = 1.0  # after which a job is asked about, until it is known how long they take
LONGEST_GUESS_SECONDS = 2.0  # for as long at most the last job's time is trusted: one that is quick is not known late
PATIENCE_SECONDS = 60.0  # for a job that something else waits for


@dataclass(frozen=True)
class Work:
    """What a job does with tickets."""

    method: str
    path: str
    type: str  # in the job's type, where the account tells it


TICKETS = Work("POST", "tickets/create_many.json", "create ticket")
NOTES = Work("PUT", "tickets/update_many.json", "update ticket")

Status = dict[str, Any]
Row = dict[str, Any]


class Seen(NamedTuple):
    """How far jobs had come when they were asked about."""

    passed: float  # seconds since they were handed over
    done: int
    rows: int


class Jobs:
    """Begins jobs and asks about them."""

    def __init__(self, desk: Desk, memory_id: str, renew: Callable[[], None]) -> None:
        self._desk = desk
        self._memory_id = memory_id
        self._renew = renew

    def usual_seconds(self, kind: str) -> float:
        """The time after which it is worth asking about a job of this kind, by how long they took of late."""
        known = float(self._desk.services.memory.get(self._pace(kind)) or FIRST_QUESTION_SECONDS)
        return min(known, LONGEST_GUESS_SECONDS)

    def took(self, kind: str, seconds: float) -> None:
        """Remember that, a little less each time: so the guess follows those that have become faster."""
        self._desk.services.memory.set(self._pace(kind), max(seconds * 0.9, SHORTEST_SECONDS))

    def begin(self, path: str, kind: str, rows: Sequence[Row], *, method: str = "POST") -> str:
        """Hand over up to a hundred rows; the id of the job that works on them."""
        status = self._desk.fetch(method, path, sent={kind: list(rows)}).get("job_status")
        id = status.get("id") if isinstance(status, dict) else None
        if not isinstance(id, str) or not id:
            raise Unavailable("Zendesk's answer does not name the job that it began.")
        return id

    def ask(self, ids: Iterable[str]) -> dict[str, Status]:
        """How these jobs stand, all in one call; one that is not known any more is left out."""
        wanted = [id for id in ids if id]
        if not wanted:
            return {}
        return by_id(self._desk.fetch("GET", "job_statuses/show_many.json", ids=",".join(wanted)))

    def recent(self, work: Work) -> dict[str, Status]:
        """The account's latest jobs that do this, whoever began them."""
        found = by_id(self._desk.fetch("GET", "job_statuses.json"))
        return {id: job for id, job in found.items() if work.type in str(job.get("job_type") or work.type).lower()}

    def run(self, path: str, kind: str, parts: Sequence[Sequence[Row]]) -> None:
        """Begin one job a part and wait for the end of them all."""
        ids = [self.begin(path, kind, part) for part in parts]
        clock = self._desk.services.clock
        began_at = clock.now()
        pause, before = self.usual_seconds(kind), None
        while True:
            clock.sleep(pause)
            self._renew()
            found = self.ask(ids)
            passed = max((clock.now() - began_at).total_seconds(), SHORTEST_SECONDS)
            if not any(is_open(job) for job in found.values()):
                return self.took(kind, passed)
            if passed > PATIENCE_SECONDS:
                raise Unavailable("Zendesk is still saving the end users.", sent=False, retry_after=LONGEST_SECONDS)
            now = seen_of(found.values(), passed)
            pause, before = time_left(now, before), now

    def _pace(self, kind: str) -> str:
        return f"{self._memory_id}:seconds_for_{kind}"


def by_id(answer: dict[str, Any]) -> dict[str, Status]:
    """The jobs that an answer tells of."""
    found = answer.get("job_statuses")
    if not isinstance(found, list):
        raise Unavailable("Zendesk's answer cannot be read.")
    return {str(job["id"]): job for job in found if isinstance(job, dict) and job.get("id")}


def is_open(job: Status) -> bool:
    """Whether a job is not over yet; a word that nobody knows is no end."""
    return job.get("status") not in ("completed", "failed", "killed")


def results(job: Status | None, count: int) -> list[Row | None]:
    """What came of each row: results name their row by its index and keep no order; nothing where none does."""
    found: list[Row | None] = [None] * count
    told = job.get("results") if job else None
    for result in told if isinstance(told, list) else ():
        index = result.get("index") if isinstance(result, dict) else None
        if isinstance(index, int) and 0 <= index < count and found[index] is None:
            found[index] = result
    return found


def total(job: Status) -> int:
    """How many rows a job was given."""
    count = job.get("total")
    return count if isinstance(count, int) else 0


def seen_of(jobs: Iterable[Status], passed: float) -> Seen:
    """How far these jobs have come."""
    told = list(jobs)
    return Seen(passed, sum(job.get("progress") or 0 for job in told), sum(total(job) for job in told))


def time_left(now: Seen, before: Seen | None = None) -> float:
    """Seconds until the next question.

    A tenth of the time so far, so that an end is known within a tenth; longer where two looks tell how fast the rows
    go, but never as long again as it has taken. (One look does not tell: jobs wait in a queue before they begin.)
    """
    careful = min(max(now.passed * SHARE, SHORTEST_SECONDS), LONGEST_SECONDS)
    if before is None or not before.done < now.done < now.rows:
        return careful
    expected = (now.rows - now.done) * (now.passed - before.passed) / (now.done - before.done)
    return min(max(expected, careful), max(now.passed, SHORTEST_SECONDS), LONGEST_SECONDS)

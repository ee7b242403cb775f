"""Many tickets, or notes on them, at once: jobs of a hundred rows, several in one call of ours, asked about together.

No key protects these calls, so what may have been begun is on disk before it can begin: the names of the jobs, and a
`?` while one may be on its way whose name we do not have yet. Until nothing of it can be at work any more nothing of it
is sent again. A row whose job has ended without a ticket for it is looked up like anything else in doubt.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.zendesk.jobs import (
    MOST_ROWS,
    SHORTEST_SECONDS,
    TICKETS,
    Jobs,
    Seen,
    Status,
    Work,
    is_open,
    results,
    seen_of,
    time_left,
    total,
)
from hub.domain import Delivery, Receipt
from hub.errors import HubError, RateLimited, RecordError, Unavailable
from hub.kit import Claim, running
from hub.kit.services import Clock
from hub.kit.vendor import deferred

UNNAMED = "?"  # a job that may be at work under a name we were not told
ON_ITS_WAY_SECONDS = 10.0  # so long a call whose answer was lost may still begin its job, and a new job be unknown
LONGEST_JOB_SECONDS = 900.0  # after which another's job is not taken for ours any more
MOST_AT_WORK = 25  # of the thirty jobs that an account may have at work
ROOM_SECONDS = 60.0  # to wait for
MOST_STRANGERS = 5  # ended jobs without a name that are looked through for our rows

Row = dict[str, Any]


@dataclass
class Begun:
    """What one call of ours has handed over."""

    jobs: list[str] = field(default_factory=list)
    deliveries: set[int] = field(default_factory=set)
    trouble: HubError | None = None  # why the rest was not
    ask_again_in: float = SHORTEST_SECONDS


class Bulk:
    """Hands tickets to jobs, and finds out what became of them."""

    def __init__(self, jobs: Jobs, clock: Clock, shown: Callable[[Sequence[int]], list[Row]]) -> None:
        self._jobs = jobs
        self._clock = clock
        self._shown = shown  # tickets by id
        self._at_work: set[str] = set()
        self._seen: dict[str, Seen] = {}  # by the names of the jobs of one call
        self.ask_again_in = SHORTEST_SECONDS

    def begin(self, rows: Sequence[tuple[Delivery, Row]], claim: Claim, work: Work) -> Begun:
        """Hand over these rows, a hundred a job; what trouble stopped before anything began is raised."""
        begun = Begun(ask_again_in=self._jobs.usual_seconds("tickets"))
        for start in range(0, len(rows), MOST_ROWS):
            part = rows[start : start + MOST_ROWS]
            claim.note(",".join([*begun.jobs, UNNAMED]))
            try:
                self._wait_for_room(claim)
                job = self._jobs.begin(work.path, "tickets", [row for _, row in part], method=work.method)
            except HubError as trouble:
                begun.trouble = trouble
                if isinstance(trouble, Unavailable) and trouble.sent:
                    begun.deliveries |= {delivery.id for delivery, _ in part}  # in doubt, under the name of `?`
                    return begun
                break  # surely not begun
            begun.jobs.append(job)
            begun.deliveries |= {delivery.id for delivery, _ in part}
            self._at_work.add(job)
        if begun.trouble and not begun.jobs and not isinstance(begun.trouble, RecordError):
            raise begun.trouble
        claim.note(",".join(begun.jobs))
        return begun

    def told(self, delivery: Delivery, begun: Begun) -> Receipt:
        """What is to be said of a delivery of a call that has begun jobs."""
        if delivery.id in begun.deliveries:
            return running(delivery, ask_again_in=begun.ask_again_in)
        return (
            deferred(delivery, begun.trouble)
            if begun.trouble
            else Receipt(delivery=delivery.id, outcome="deferred", reason="goes_by_itself", retry_after=1)
        )

    def outcome(
        self, named: str, deliveries: Sequence[Delivery], work: Work
    ) -> Iterator[tuple[Delivery, int | None]]:  # fmt: skip
        """The ticket of each delivery that these jobs have made, or noted on it; none while they are not done.

        With None: still at work, ask again. Left out: the jobs know nothing of it.
        """
        names = [name for name in named.split(",") if name not in ("", UNNAMED)]
        unnamed = UNNAMED in named.split(",")
        jobs = self._jobs.ask(names)
        self._at_work -= set(names) - {name for name, job in jobs.items() if is_open(job)}
        passed = self.passed(deliveries)
        self._look(named, jobs.values(), passed)
        new = len(jobs) < len(names) and passed < ON_ITS_WAY_SECONDS
        if new or any(is_open(job) for job in jobs.values()):
            yield from ((delivery, None) for delivery in deliveries)
            return
        self._seen.pop(named, None)
        if unnamed:
            strangers = self._strangers(names, passed, work)
            if strangers is None:
                yield from ((delivery, None) for delivery in deliveries)
                return
            jobs |= strangers
        elif jobs:
            self._jobs.took("tickets", passed)
        yield from self._made(deliveries, [jobs[name] for name in names if name in jobs], names, jobs, work)

    def _look(self, named: str, jobs: Iterable[Status], passed: float) -> None:
        """Note how far these have come, and when to ask again."""
        now = seen_of(jobs, passed)
        self.ask_again_in = time_left(now, self._seen.get(named))
        self._seen[named] = now

    def passed(self, deliveries: Sequence[Delivery]) -> float:
        """Seconds since these were handed over."""
        now = self._clock.now()
        since = min((one.claimed_at for one in deliveries if one.claimed_at), default=now)
        return max((now - since) / timedelta(seconds=1), SHORTEST_SECONDS)

    def _made(
        self, deliveries: Sequence[Delivery], told: list[Status], names: list[str], jobs: dict[str, Status], work: Work
    ) -> Iterator[tuple[Delivery, int | None]]:
        """By the rows' places where nothing is missing, else by the tickets' external ids; a note bears none."""
        rows = [row for job in told for row in results(job, total(job))]
        if len(told) == len(names) == len(jobs) and len(rows) == len(deliveries):
            places = zip(sorted(deliveries, key=lambda one: one.id), rows, strict=True)
            yield from ((one, row["id"]) for one, row in places if row and is_done(row))
            return
        if work is not TICKETS:
            return
        made = [row["id"] for job in jobs.values() for row in results(job, total(job)) if row and is_done(row)]
        by_external_id: dict[str, int] = {}
        for start in range(0, len(made), MOST_ROWS):
            for ticket in self._shown(made[start : start + MOST_ROWS]):
                known = by_external_id.get(ticket.get("external_id") or "", ticket["id"])
                by_external_id[ticket.get("external_id") or ""] = min(known, ticket["id"])
        yield from ((one, by_external_id[one.external_id]) for one in deliveries if one.external_id in by_external_id)

    def _strangers(self, names: Sequence[str], passed: float, work: Work) -> dict[str, Status] | None:
        """Ended jobs that may hold our rows; None as long as one may still be at work."""
        if passed < ON_ITS_WAY_SECONDS:
            self.ask_again_in = ON_ITS_WAY_SECONDS - passed
            return None
        recent = {name: job for name, job in self._jobs.recent(work).items() if name not in names}
        at_work = [job for job in recent.values() if is_open(job)]
        if at_work and passed < LONGEST_JOB_SECONDS:
            self.ask_again_in = time_left(seen_of(at_work, passed))
            return None
        ended = {name: job for name, job in recent.items() if not is_open(job)}
        return dict(list(ended.items())[:MOST_STRANGERS])

    def _wait_for_room(self, claim: Claim) -> None:
        """Until fewer of our jobs are at work than an account may have."""
        waited = 0.0
        while len(self._at_work) >= MOST_AT_WORK:
            if waited >= ROOM_SECONDS:
                raise RateLimited("Zendesk has as many jobs as it takes.", retry_after=ROOM_SECONDS)
            self._clock.sleep(1)
            waited += 1
            claim.renew()
            found = self._jobs.ask(self._at_work)
            self._at_work = {name for name, job in found.items() if is_open(job)}


def is_done(result: Row) -> bool:
    """Whether a row was made; one that failed may name its ticket too, and says why."""
    return isinstance(result.get("id"), int) and not result.get("error")

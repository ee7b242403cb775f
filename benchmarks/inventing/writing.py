"""Writes an invented store step by step as the hub would: collected, triaged, delivered, each in its transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from random import Random

from benchmarks.inventing.cast import Cast, networks_of
from benchmarks.inventing.plan import DAY, Crisis, Plan, Step
from benchmarks.inventing.said import Talk, Utterance
from benchmarks.inventing.words import Words
from benchmarks.inventing.work import OBJECTS, Desk, draft
from hub.domain import Batch, Cursor, Delivery, Handoff, Receipt
from hub.store import Rejected, Standing, Store, Transaction

AGAIN = 0.05  # of a step's posts are older ones, read again
BAD = (
    ("bad_id", "The record has no usable id; check the mapping's `native_id`."),
    ("no_author", "The record has no author; check the mapping's `author`."),
    ("bad_time", "The record has no usable time; check the mapping's `published_at`."),
)
QUIET = timedelta(hours=6)
UNUSABLE, REPEATED, REFUSED = 0.002, 0.02, 0.01  # of records; of batches, landed twice; of first deliveries
WAITING, DOUBTFUL = 20, 2  # deliveries that the last step tries, and how many of them it never hears of again
AT_ONCE = 5_000  # deliveries
VERDICTS = ("true", "true", "true", "false", "campaign")
BEHIND = timedelta(minutes=2)  # of triage, after collecting; and of delivering, after triage


@dataclass(frozen=True)
class Load:
    """What one batch brought: new posts, older ones as they are now, and records that no post can be made of."""

    batch: Batch
    new: list[Utterance]
    again: list[Utterance]
    bad: int


class Moving:
    """The clock of the store while it is written."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


class Writer:
    """Fills one store by one plan."""

    def __init__(self, plan: Plan, store: Store, clock: Moving) -> None:
        self.plan, self.store, self.clock = plan, store, clock
        seed = plan.size.seed
        self.chance = Random(f"writing:{seed}")
        self.cast = Cast(plan.size.authors, plan.size.posts, Random(f"cast:{seed}"))
        self.talk = Talk(self.cast, Words(Random(f"words:{seed}")), Random(f"said:{seed}"))
        self.desk = Desk(plan.size, Random(f"work:{seed}"))
        self._batches = self._sent = 0

    def write(self) -> None:
        """Everything from the first hour to the last."""
        self.clock.moment = self.plan.size.since
        with self.store.begin() as tx:
            for watch in self.plan.watches:
                tx.watches.register(watch)
        for step in self.plan.steps():
            self._step(step)

    def _step(self, step: Step) -> None:
        self.clock.moment = step.until
        stamp = f"scheduled__{step.until.isoformat()}"
        again = self.talk.read_again(round(AGAIN * len(step.posts)), step.until)
        uttered = self._uttered(step)
        with self.store.begin() as tx:
            loads = [self._land(tx, *some, stamp) for some in _by_watch(uttered, again)]
        self.clock.moment += BEHIND
        with self.store.begin() as tx:
            self._triage(tx, step, f"triage/{stamp}", loads)
        self.clock.moment += BEHIND
        self._deliver(f"deliver/{stamp}", last=step.until >= self.plan.size.until)

    def _uttered(self, step: Step) -> list[Utterance]:
        """The new posts of this step."""
        said: list[Utterance] = []
        for _, moments in groupby(step.posts, key=lambda at: at.replace(minute=0, second=0, microsecond=0)):
            some = list(moments)
            watching, crisis = self.plan.watching(some[0]), self.plan.crisis_at(some[0])
            for at, network in zip(some, networks_of(self.chance, watching, len(some)), strict=True):
                watch = self.chance.choice(watching[network])
                said.append(self.talk.utter(network, watch, at, step.until, crisis))
        return said

    def _land(self, tx: Transaction, new: list[Utterance], again: list[Utterance], stamp: str) -> Load:
        """List one batch."""
        watch, self._batches = (new or again)[0].watch, self._batches + 1
        bad = sum(self.chance.random() < UNUSABLE for _ in new)
        digest = sha256(f"{self.plan.size.seed}:{self._batches}".encode()).hexdigest()
        batch = Batch(
            name=f"{watch.network}-{self._batches:06d}", network=watch.network, watch=watch.key,
            run=f"collect_{watch.network}/{stamp}", digest=digest, records=len(new) + len(again) + bad,
            path=f"{watch.network}/{tx.now:%Y-%m-%d}/{digest}.jsonl.zst", landed_at=tx.now,
            first=tx.now - self.plan.size.since <= DAY,
        )  # fmt: skip
        for _ in range(2 if self.chance.random() < REPEATED else 1):
            tx.batches.land(batch, Cursor(position=(new or again)[-1].post.native_id))
        return Load(batch, new, again, bad)

    def _triage(self, tx: Transaction, step: Step, run: str, loads: list[Load]) -> None:
        tx.runs.start("triage", run)
        claims = {claim.batch.name: claim for claim in tx.batches.claim("triage", limit=len(loads))}
        handoffs: list[Handoff] = []
        for load in loads:
            standings: dict[str, Standing] = {}
            for one in load.new:
                crisis = self.plan.crisis_at(one.post.published_at)
                standings[one.post.key], made = self.desk.standing(one, crisis, run, tx.now)
                handoffs += made
            posts = [one.post for one in (*load.new, *load.again)]
            known = len(tx.posts.save(posts, batch=load.batch.name, standings=standings).known)
            tx.quarantine.add_all([_unusable(load.batch, run, number) for number in range(load.bad)])
            tx.batches.done(claims[load.batch.name], known=known, skipped=0, run=run)
        judged = [one for load in loads for one in load.new]
        tx.signals.save([(one.post, one.signal) for one in judged])
        tx.handoffs.save(handoffs)
        tx.outbox.intend([draft(handoff) for handoff in handoffs])
        self._incidents(tx, step, [handoff for handoff in handoffs if handoff.kind == "Alert"], judged)
        statistics = {"rows": len(judged), "failed": 0, "state": "passed"}
        tx.expectations.save(run=run, suite="posts", success=True, statistics=statistics, failures=[])
        tx.runs.finish(run, "done", {"posts": len(judged), "handoffs": len(handoffs)})

    def _incidents(self, tx: Transaction, step: Step, alerts: list[Handoff], judged: list[Utterance]) -> None:
        """Incidents that alerts open and silence closes, and the alarms of their hours."""
        tx.incidents.end_quiet(QUIET)
        for key, some in groupby(sorted(alerts, key=lambda one: one.key), key=lambda one: one.key):
            crisis = next(each for each in self.plan.crises if each.key == key)
            count = len(list(some))
            incident = tx.incidents.report(
                key, title=f"Possible crisis: {crisis.subject}", severity=7 + (count > 5), count=count,
                subjects=(crisis.subject,),
            )  # fmt: skip
            if incident.opened:
                tx.incidents.acknowledge(key, "ana")
        for crisis in self.plan.crises:
            if crisis.since < step.until and crisis.until > step.since:
                loud = sum(crisis.subject in one.signal.subjects for one in judged)
                self._alarm(tx, crisis, max(crisis.since, step.since), loud)

    def _alarm(self, tx: Transaction, crisis: Crisis, hour: datetime, posts: int) -> None:
        tx.alarms.raise_(
            detector="spikes@1", subject=crisis.subject, network="", at=hour, value=posts, expected=posts / 4,
            severity=self.chance.randint(6, 9), crisis=True, incident=crisis.key, topic="",
        )  # fmt: skip
        if self.chance.random() < 0.3:
            tx.alarms.decide_all(crisis.key, self.chance.choice(VERDICTS), "ana")

    def _deliver(self, run: str, *, last: bool) -> None:
        """What waits is sent; in the last step one destination is left with half of it, and with some in doubt."""
        with self.store.begin() as tx:
            tx.runs.start("deliver", run)
        sent = 0
        for destination, _ in OBJECTS.values():
            while claimed := self._claimed(destination, WAITING if last and destination == "zendesk" else AT_ONCE):
                with self.store.begin() as tx:
                    answers = [(delivery, self._receipt(delivery)) for delivery in claimed]
                    tx.outbox.settle_all(answers[: len(answers) - DOUBTFUL] if last else answers)
                sent += len(claimed)
                if last:
                    break
        with self.store.begin() as tx:
            tx.runs.finish(run, "done", {"sent": sent})

    def _claimed(self, destination: str, limit: int) -> list[Delivery]:
        with self.store.begin() as tx:
            return tx.outbox.claim(destination, "deliver", limit=limit)

    def _receipt(self, delivery: Delivery) -> Receipt:
        self._sent += 1
        if self.chance.random() < REFUSED and delivery.version == 1 and delivery.parent is None:
            return Receipt(
                delivery=delivery.id, outcome="refused", reason="invalid_field",
                detail="A field holds what its type does not allow; correct the mapping.",
            )  # fmt: skip
        url = f"https://{delivery.destination}.test/{self._sent}"
        outcome = "updated" if delivery.object_id else "created"
        return Receipt(
            delivery=delivery.id, outcome=outcome, object_id=delivery.object_id or f"{self._sent:08d}", url=url
        )


def _by_watch(new: list[Utterance], again: list[Utterance]) -> list[tuple[list[Utterance], list[Utterance]]]:
    found: dict[str, tuple[list[Utterance], list[Utterance]]] = {}
    for place, said in enumerate((new, again)):
        for one in said:
            found.setdefault(one.watch.key, ([], []))[place].append(one)
    return [found[key] for key in sorted(found)]


def _unusable(batch: Batch, run: str, number: int) -> Rejected:
    reason, detail = BAD[number % len(BAD)]
    return Rejected(
        stage="triage", reason=reason, detail=detail, network=batch.network, watch=batch.watch, batch=batch.name,
        run=run, record={"batch": batch.name, "number": number},
    )  # fmt: skip

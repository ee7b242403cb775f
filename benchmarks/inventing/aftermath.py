"""What is known once all has been said: what was observed, who is heard, which leads were won."""

from collections.abc import Iterator
from datetime import datetime
from random import Random

from benchmarks.inventing.plan import DAY, HOUR, RECORD_TYPES, Plan
from benchmarks.inventing.said import FOUND_BY
from benchmarks.inventing.work import Desk
from hub.domain import Author, LeadScore, Measurement
from hub.domain.signals import INTENTS
from hub.store import Correction, StandingOf, Store, Transaction

AUDIENCES = ("media", "analyst", "influencer", "advocate", "customer", "public")
AUDIENCE_SHARES = (1, 1, 4, 6, 10, 78)
NUMBERS = {"followers": "moment", "impressions": "day", "reach": "day", "engagements": "day"}
TIES, CORRECTED = 300, 200
ENDED = 0.3  # of leads
AT_ONCE = 20_000


def conclude(plan: Plan, store: Store, everybody: list[Author], desk: Desk) -> None:
    """Write it, in a few large transactions at the end of the time."""
    chance = Random(f"aftermath:{plan.size.seed}")
    with store.begin() as tx:
        _observe(tx, plan)
        tx.measurements.save(_measured(plan, chance))
        _tie(tx, chance, everybody)
        _lead(tx, chance, desk.leads)
        _look(tx, chance)
    for first in range(0, len(everybody), AT_ONCE):
        with store.begin() as tx:
            tx.people.stand(_standing(one, chance, tx.now) for one in everybody[first : first + AT_ONCE])


def _observe(tx: Transaction, plan: Plan) -> None:
    """Each watch has seen all but its gaps; one of them fails since yesterday, and one is paused."""
    for watch in plan.watches:
        seen = plan.size.since
        for since, until in (*plan.gaps[watch.key], (plan.size.until, plan.size.until)):
            tx.observed.saw(watch.key, watch.network, since=seen, until=since)
            seen = until
        tx.watches.polled(watch.key, reach=HOUR)
    tx.watches.failed(plan.watches[-1].key, "Unavailable", "coffeelovers.test gave no answer; it is tried again.")
    tx.watches.pause(plan.watches[2].key, tx.now + DAY, "x asked us to wait; nothing is to be done.")


def _measured(plan: Plan, chance: Random) -> Iterator[Measurement]:
    for network in RECORD_TYPES:
        followers = chance.randint(2_000, 90_000)
        for day in range(plan.size.days):
            followers += chance.randint(-20, 90)
            at = plan.size.since + (day + 1) * DAY
            for name, period in NUMBERS.items():
                value = followers if name == "followers" else followers * chance.uniform(0.05, 0.6)
                yield Measurement(network=network, account="1", name=name, at=at, period=period, value=round(value))


def _tie(tx: Transaction, chance: Random, everybody: list[Author]) -> None:
    """Some accounts of different networks that are one person, or may be."""
    pairs = min(TIES, len(everybody) // 4)
    some = chance.sample(range(len(everybody)), 2 * pairs)
    for one, other in zip(some[:pairs], some[pairs:], strict=True):
        sure = chance.random() < 0.5
        tx.people.tie(
            everybody[one].key, everybody[other].key, state="merged" if sure else "suggested",
            confidence=0.97 if sure else 0.7, evidence=("same_handle", "links_to"), found_by="matching@1",
        )  # fmt: skip


def _lead(tx: Transaction, chance: Random, leads: dict[str, LeadScore]) -> None:
    tx.leads.keep(leads)
    ended = {
        author: chance.random() < (score.chance or 0) for author, score in leads.items() if chance.random() < ENDED
    }
    tx.leads.ended(ended, who="salesforce")


def _look(tx: Transaction, chance: Random) -> None:
    """People gave up some of the quarantine, and said of some posts what they really are."""
    held = tx.quarantine.ids()
    tx.quarantine.dismiss(chance.sample(held, len(held) // 3), "Nothing is to be had from these.")
    for post in tx.posts.recent(CORRECTED):
        old = tx.signals.of([post.key])[post.key].intent
        new = chance.choice(INTENTS)
        one = Correction(
            post=post.key, field="intent", old=old, new=new, found_by=FOUND_BY, who="ana", source="page", at=tx.now
        )
        tx.corrections.add([one] if old != new else [])


def _standing(author: Author, chance: Random, now: datetime) -> StandingOf:
    heard = min((author.followers or 0) ** 0.35, 100.0)
    return StandingOf(
        author=author.key, network=author.key.partition(":")[0], influence=round(heard, 2),
        parts={"followers": round(heard, 2)}, audience=chance.choices(AUDIENCES, AUDIENCE_SHARES)[0], as_of=now,
    )  # fmt: skip

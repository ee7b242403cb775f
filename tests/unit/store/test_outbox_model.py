"""The outbox under any order of events: nothing lost, nothing doubled, order kept."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain import Receipt, external_id
from hub.store import Store
from hub.store.outbox_rows import OutboxRow
from tests.unit.store.builders import make_draft
from tests.unit.store.conftest import Clock

THINGS = st.integers(min_value=0, max_value=3)
OUTCOMES = ["created", "unchanged", "deferred", "unknown", "parent_missing", "died"]
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("intend"), THINGS, st.integers(min_value=0, max_value=2)),
        st.tuples(st.just("send"), st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=4)),
        st.tuples(st.just("look up"), st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=4)),
        st.tuples(st.just("wait"), st.integers(min_value=1, max_value=90)),
    ),
    max_size=40,
)


def draft(thing: int, text: int):
    """Thing 1 has no lane; thing 3 hangs below thing 2, in the lane of 0."""
    return make_draft(
        thing, object="comment" if thing == 3 else "ticket", body={"text": text},
        lane=("ana", "", "other", "ana")[thing],
        parent=external_id("thing 2") if thing == 3 else None,
    )  # fmt: skip


class World:
    """One store, one destination, and what the destination was shown."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.wanted: dict[str, int] = {}
        self.there: dict[str, int] = {}

    def intend(self, thing: int, text: int) -> None:
        with self.store.begin() as tx:
            tx.outbox.intend([draft(thing, text)])
        self.wanted[external_id(f"thing {thing}")] = text

    def send(self, outcomes: list[str]) -> int:
        with self.store.begin() as tx:
            deliveries = tx.outbox.claim("salesforce", "w", lease_seconds=30, limit=len(outcomes))
        self.answer(deliveries, outcomes)
        return len(deliveries)

    def look_up(self, outcomes: list[str]) -> int:
        with self.store.begin() as tx:
            deliveries = tx.outbox.recover("salesforce", "w", lease_seconds=30, limit=len(outcomes))
        with self.store.begin() as tx:
            tx.outbox.resend(deliveries)
        self.answer(deliveries, outcomes)
        return len(deliveries)

    def answer(self, deliveries, outcomes) -> None:
        ids = [delivery.external_id for delivery in deliveries]
        assert len(ids) == len(set(ids)), "one external id was handed out twice in one claim"
        lanes = [delivery.lane for delivery in deliveries if delivery.lane]
        assert len(lanes) == len(set(lanes)), "one lane was handed out twice in one claim"
        for delivery, outcome in zip(deliveries, outcomes, strict=False):
            if outcome in ("created", "unchanged", "unknown", "died"):
                self.there[delivery.external_id] = delivery.body["text"]
            if outcome != "died":
                receipt = Receipt(delivery=delivery.id, outcome=outcome, object_id="o", retry_after=1)
                with self.store.begin() as tx:
                    tx.outbox.settle(delivery, receipt)

    def rows(self) -> list[OutboxRow]:
        with self.store.read() as view:
            return view.outbox.recent(limit=1_000)


def check(rows: list[OutboxRow]) -> None:
    for thing in {row.external_id for row in rows}:
        versions = sorted((row for row in rows if row.external_id == thing), key=lambda row: row.version)
        assert [row.version for row in versions] == list(range(1, len(versions) + 1))
        assert sum(row.state == "in_doubt" for row in versions) <= 1
        open_from = next((at for at, row in enumerate(versions) if row.state in ("pending", "in_doubt")), len(versions))
        assert all(row.state in ("pending", "superseded", "in_doubt") for row in versions[open_from:])
        assert all(row.attempt == 0 for row in versions[open_from + 1 :]), "a version overtook the one before it"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_whatever_happens_each_thing_ends_up_there_with_its_last_body(tmp_path_factory, events):
    clock = Clock()
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('model') / 'hub.db'}", clock=clock) as store:
        world = World(store, clock)
        for kind, *words in events:
            match kind:
                case "intend":
                    world.intend(*words)
                case "send":
                    world.send(*words)
                case "look up":
                    world.look_up(*words)
                case "wait":
                    clock.now += timedelta(seconds=words[0])
            check(world.rows())

        for _ in range(100):  # and then the world is kind: everything drains
            if not world.send(["created"] * 9) + world.look_up(["created"] * 9):
                clock.now += timedelta(seconds=301)
        rows = world.rows()
        dead = {row.external_id for row in rows if row.state == "dead"}

        assert {row.state for row in rows} <= {"done", "superseded", "dead"}
        assert {thing: text for thing, text in world.there.items() if thing not in dead} == {
            thing: text for thing, text in world.wanted.items() if thing not in dead
        }

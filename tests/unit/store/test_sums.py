"""The ledger's sums are kept with every write, and are those of the rows whatever happens in whichever order."""

from pathlib import Path
from shutil import copy

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain import Cursor
from hub.store import Rejected, Standing, Store, migrate, tables
from hub.store.engine import WRITE
from tests.unit.store.builders import WATCH, make_batch, make_post
from tests.unit.store.conftest import Clock

NUMBERS = st.integers(min_value=0, max_value=4)
STANDINGS = (
    Standing("pending"), Standing("handed_off"), Standing("quarantined"), Standing("set_aside", "reshare"),
    Standing("set_aside", "spam"),
)  # fmt: skip
MOVES = ("release", "valid", "known", "skipped", "dismiss", "reopen")
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("land"), NUMBERS, st.sampled_from(("mastodon", "x"))),
        st.tuples(st.just("triage"), NUMBERS, NUMBERS),
        st.tuples(st.just("damage"), NUMBERS, NUMBERS),
        st.tuples(st.just("mark"), NUMBERS, NUMBERS),
        st.tuples(st.just("move"), NUMBERS, st.sampled_from(MOVES)),
        st.tuples(st.just("fail"), NUMBERS, NUMBERS),
    ),
    max_size=25,
)


class World:
    """One store, to which things happen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.begin() as tx:
            tx.watches.register(WATCH)

    def land(self, number: int, network: str) -> None:
        watch = f"{network}:{number}"
        batch = make_batch(number, records=4, network=network, watch=watch, name=watch)
        with self.store.begin() as tx:
            tx.batches.land(batch, Cursor())

    def triage(self, number: int, known: int) -> None:
        with self.store.begin() as tx:
            for claim in tx.batches.claim("w", limit=1):
                standing = STANDINGS[number]
                bad = Rejected(stage="triage", reason="bad_id", network="x", record={"id": number})
                posts = [make_post(10 * number), make_post(10 * number + 1)]
                tx.posts.save([make_post(99)])  # brought by no batch: nobody counts it
                tx.posts.save(posts, batch=claim.batch.name, standings={posts[0].key: standing})
                tx.quarantine.add_all([bad.with_(batch=claim.batch.name), bad.with_(record={"id": -number})])
                tx.batches.done(claim, known=known, skipped=1, run="triage")

    def damage(self, number: int, _: int) -> None:
        with self.store.begin() as tx:
            for claim in tx.batches.claim("w", limit=number % 2):
                tx.batches.quarantine(claim, "damaged", "Its bytes have changed.")

    def mark(self, number: int, standing: int) -> None:
        with self.store.begin() as tx:
            tx.posts.mark({make_post(10 * number).key: STANDINGS[standing], make_post(99).key: STANDINGS[standing]})

    def move(self, number: int, move: str) -> None:
        with self.store.begin() as tx:
            ids = tx.quarantine.ids(state=None)[number : number + 2]
            match move:
                case "release":
                    tx.quarantine.release(ids)
                case "dismiss":
                    tx.quarantine.dismiss(ids, "Nothing is to be had.")
                case "reopen":
                    tx.quarantine.reopen(ids)
                case "valid" | "known" | "skipped":
                    tx.quarantine.resolve(ids, move)

    def fail(self, number: int, standing: int) -> None:
        with self.store.rehearse() as tx:
            tx.posts.mark({make_post(10 * number).key: STANDINGS[standing]})
            tx.batches.land(make_batch(7, records=9), Cursor())
            assert tx.ledger.kept() == tx.ledger.balance()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them."""
    path = tmp_path_factory.mktemp("empty") / "hub.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(events=EVENTS)
def test_the_sums_are_always_those_of_the_rows(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, events: list[tuple]
) -> None:
    path = copy(empty, tmp_path_factory.mktemp("sums") / "hub.db")
    with Store.open(f"sqlite:///{path}", clock=Clock()) as store:
        world = World(store)
        for name, *given_ in events:
            getattr(world, name)(*given_)
            with store.read() as view:
                assert view.ledger.kept() == view.ledger.balance(), name
                assert view.ledger.kept(network="x") == view.ledger.balance(network="x"), name
        with store.begin() as tx:
            assert tx.ledger.put_right() == {}


@pytest.fixture
def lived(store: Store) -> Store:
    """A store in which something of everything happened."""
    world = World(store)
    for number in range(4):
        world.land(number, "x" if number % 2 else "mastodon")
    world.triage(1, 0)
    world.triage(3, 1)
    world.damage(1, 0)
    world.land(0, "mastodon")
    world.land(0, "mastodon")
    world.move(0, "release")
    world.move(1, "known")
    return store


def test_sums_that_somebody_has_changed_are_found_and_put_right(lived: Store) -> None:
    with lived.engine.begin() as connection:
        connection.execute(sa.update(tables.sums).where(tables.sums.c.thing == "known").values(number=40))
        connection.execute(sa.delete(tables.sums).where(tables.sums.c.thing == "held"))

    with lived.begin() as tx:
        wrong = tx.ledger.put_right()
        assert {name.split(":")[1] for name in wrong} == {"known", "held"}
    with lived.begin() as tx:
        assert tx.ledger.kept() == tx.ledger.balance()
        assert tx.ledger.put_right() == {}


def test_a_store_of_before_is_counted_once_when_it_is_opened(lived: Store) -> None:
    with lived.engine.begin() as connection:
        expected = connection.execute(sa.select(tables.sums).where(tables.sums.c.number != 0)).all()
    _migrate(lived, command.downgrade, "0017")
    _migrate(lived, command.upgrade, "head")

    with lived.engine.begin() as connection:
        counted = connection.execute(sa.select(tables.sums).where(tables.sums.c.number != 0)).all()
    assert sorted(counted) == sorted(expected)
    assert len(counted) > 8


def _migrate(store: Store, move, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.MIGRATIONS)))
    with store.engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        config.attributes["connection"] = connection
        move(config, to)

"""What landed and was never listed is removed after a day, and nothing else ever is."""

import os
from datetime import timedelta
from pathlib import Path

from hub.domain import Batch, Cursor
from hub.stages import unlisted
from hub.stages.unlisted import DAY_SECONDS
from hub.store import LandedFile, Landing, Store
from tests.unit.stages.world import NOW, Town

OLD = DAY_SECONDS + 60


def land(landing: Landing, text: str, *, age: float = OLD, days_ago: int = 0) -> LandedFile:
    """A file that was written so long ago."""
    landed = landing.write([{"text": text}], network="x", at=NOW - timedelta(days=days_ago))
    file = Path(landing.url) / landed.path
    os.utime(file, (file.stat().st_mtime - age,) * 2)
    return landed


def keep(store: Store, landed: LandedFile) -> None:
    """List it."""
    batch = Batch(
        name=f"batch of {landed.digest[:8]}", network="x", watch="x:hashtag:#acme", run="r", path=landed.path,
        digest=landed.digest, records=landed.records, landed_at=NOW, first=True,
    )  # fmt: skip
    with store.begin() as tx:
        tx.batches.land(batch, Cursor(position="1"))


def there(landing: Landing) -> set[str]:
    return set(landing.paths())


def test_a_file_that_nobody_listed_goes_after_a_day_and_is_audited(town: Town, landing: Landing) -> None:
    listed, left_over, young = land(landing, "a"), land(landing, "b"), land(landing, "c", age=DAY_SECONDS - 60)
    keep(town.store, listed)

    done = unlisted.sweep(store=town.store, landing=landing)

    assert (done.removed, done.notice) == (1, "")
    assert there(landing) == {listed.path, young.path}
    with town.store.read() as view:
        [entry] = view.audit.recent(limit=10)
        assert view.audit.verify() is None
    assert (entry.actor, entry.action, entry.before) == ("upkeep", "1 landed files removed", left_over.path)
    assert unlisted.sweep(store=town.store, landing=landing).removed == 0


def test_a_file_whose_batch_is_done_or_damaged_or_gone_stays_listed(town: Town, landing: Landing) -> None:
    listed = land(landing, "a")
    keep(town.store, listed)
    with town.store.begin() as tx:
        [claim] = tx.batches.claim("w")
        tx.batches.quarantine(claim, "landed_file_damaged", "It was changed.")

    assert unlisted.sweep(store=town.store, landing=landing).removed == 0
    assert there(landing) == {listed.path}


def test_a_writer_that_lands_the_same_again_has_another_day(town: Town, landing: Landing) -> None:
    keep(town.store, land(landing, "a"))
    left_over = land(landing, "b")
    landing.write([{"text": "b"}], network="x", at=NOW)

    assert unlisted.sweep(store=town.store, landing=landing).removed == 0
    assert left_over.path in there(landing)


def test_a_store_that_is_new_or_a_copy_judges_nothing(town: Town, landing: Landing) -> None:
    left_over, listed = land(landing, "b"), land(landing, "a")

    assert unlisted.sweep(store=town.store, landing=landing) == unlisted.Unlisted()
    keep(town.store, listed)
    with town.store.begin() as tx:
        tx.outbox.restored(town.store.now())
    assert unlisted.sweep(store=town.store, landing=landing) == unlisted.Unlisted()
    assert left_over.path in there(landing)


def test_what_landed_before_the_store_was_made_is_not_its_own(town: Town, landing: Landing) -> None:
    keep(town.store, land(landing, "a"))
    land(landing, "b", days_ago=3)

    assert unlisted.sweep(store=town.store, landing=landing).removed == 0


def test_where_much_is_unlisted_nothing_is_removed_and_somebody_is_told(town: Town, landing: Landing) -> None:
    keep(town.store, land(landing, "a"))
    for number in range(11):
        land(landing, f"another hub's {number}")

    done = unlisted.sweep(store=town.store, landing=landing)

    assert (done.removed, done.left) == (0, 11)
    assert "11 files" in done.notice
    assert len(there(landing)) == 12


def test_a_bucket_is_swept_as_well(town: Town) -> None:
    landing = Landing("memory://swept/landing")
    listed = landing.write([{"text": "a"}], network="x", at=NOW)
    landing.write([{"text": "b"}], network="x", at=NOW)
    keep(town.store, listed)

    assert unlisted.sweep(store=town.store, landing=landing).removed == 0
    assert unlisted.sweep(store=town.store, landing=landing, older_than_seconds=-1).removed == 1
    assert there(landing) == {listed.path}

"""What to do next: of what the store holds, with the page where it is done, and nothing where nothing is to be done."""

from datetime import timedelta

from hub.domain import Figure, Scope
from hub.stages.report.steps import advice
from tests.unit.stages.world import NOW, Town, X

DAY = Scope(since=NOW - timedelta(days=1), until=NOW)


def asked(town: Town, *figures: Figure) -> dict[str, str]:
    with town.store.read() as view:
        return {one.path: one.text for one in advice(view, DAY, figures)}


def test_a_hub_in_order_is_left_alone(town: Town) -> None:
    assert asked(town, Figure(definition="mentions@1", scope=DAY, value=1, coverage=0.99)) == {}


def test_what_is_out_of_order_is_told_with_its_page(town: Town) -> None:
    with town.store.begin() as tx:
        tx.watches.register(X)
        tx.watches.failed(X.key, "Unavailable", "x gave no answer.")
        for hour in (1, 2, 40):
            tx.alarms.raise_(
                detector="spikes@1", subject="Acme", network="", at=NOW - timedelta(hours=hour), value=20, expected=2,
                severity=7, crisis=False,
            )  # fmt: skip
        tx.quarantine.add(stage="validate", reason="bad_id", network="x", record={"id": 1})

    told = asked(town)

    assert "1 watch cannot be read (x)" in told["sources"]
    assert "Of 2 alarms of this time, 2 not judged" in told["crises"]  # the third was before
    assert "In quarantine: 1 item" in told["quarantine"]


def test_little_coverage_is_told_where_it_is_little(town: Town) -> None:
    told = asked(town, Figure(definition="mentions@1", scope=DAY, value=1, coverage=0.5, partial=True))

    assert "Only 50 % of the sources' hours" in told["sources"]

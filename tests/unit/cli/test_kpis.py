"""hub kpi: the list, and one figure of a period with its definition, parts, steps and posts."""

from pathlib import Path

import pytest

from hub.domain import Author
from hub.measure import catalogue
from hub.store import Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.world import X, make_post, make_signal


@pytest.fixture
def said(store: Store) -> None:
    """Four posts of the last hour, watched since ever."""
    with store.begin() as tx:
        tx.watches.register(X)
        tx.watches.polled(X.key)
        for number, sentiment in enumerate(["positive", "positive", "neutral", "negative"]):
            author = Author(key=f"x:account:{number}", native_id=str(number))
            post = make_post(number, text="[red]so[/red]", published_at=tx.now, author=author)
            tx.posts.save([post])
            tx.signals.save([(post, make_signal(post, sentiment=sentiment, subjects=("Acme",)))])


def test_every_kpi_is_listed(hub: Hub, acme: Path) -> None:
    listed = hub("kpi", "--json").json
    assert [one["name"] for one in listed] == [one.name for one in catalogue.definitions()]
    assert "net_sentiment" in hub("kpi").out


def test_a_figure_is_told_with_its_definition_interval_parts_steps_and_posts(
    hub: Hub, acme: Path, store: Store, said: None
) -> None:
    told = hub("kpi", "net_sentiment", "--by", "subject", "--series", "day", "--behind", 3, "--json").json
    figure = told["figure"]
    assert (figure["value"], figure["numerator"], figure["denominator"]) == (25, 1, 4)
    assert figure["low"] < 25 < figure["high"]
    assert figure["partial"] is True  # the watch is younger than the period
    assert told["definition"]["formula"].startswith("100 *")
    assert {part["name"]: part["figure"]["value"] for part in told["parts"]}["Acme"] == 25
    assert len(told["series"]) == 8
    assert len(told["behind"]) == 3

    shown = hub("kpi", "net_sentiment", "--behind", 1)
    assert "25.00" in shown.out
    assert "net_sentiment@1" in shown.err
    assert "compare it with no other" in shown.err


@pytest.mark.parametrize(("given", "answer"), [
    (["mention"], "Did you mean 'mentions'"),
    (["mentions", "--by", "colour"], "Nothing is told by 'colour'"),
    (["mentions", "--by", "route"], "cannot be shown by route"),
    (["mentions", "--series", "year"], "there are hour, day and week"),
    (["mentions", "--since", "2026-03-02", "--until", "2026-03-01"], "ends before it begins"),
    (["audience", "--behind", "3"], "is not made of posts"),
])  # fmt: skip
def test_what_cannot_be_told_says_what_can(hub: Hub, acme: Path, given: list[str], answer: str) -> None:
    told = hub("kpi", *given)
    assert told.code == 2
    assert answer in told.err

"""forecast and latency: what is to be expected and how long it all takes, as tables and as JSON."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.domain import Watch
from hub.store import Store
from tests.unit.cli.conftest import Hub
from tests.unit.store.builders import make_post, make_signal

X = Watch(network="x", kind="search", value="acme")


def test_what_is_to_be_expected_is_told_and_kept(hub: Hub, acme: Path, store: Store) -> None:
    now = datetime.now(UTC)
    with store.begin() as tx:
        tx.watches.register(X)
        for number in range(60):
            post = make_post(number, network="x", published_at=now - timedelta(days=number % 20))
            tx.posts.save([post])
            tx.signals.save([(post, make_signal(post))])

    told = hub("forecast", "--json").json
    days = [one for one in told["forecasts"] if one["series"] == "mentions"]
    assert len(days) == 14
    assert all(2 < one["expected"] < 4 for one in days)
    assert "No forecast was made" in told["scores"]["mentions_wape"]["missing"]
    with store.read() as view:
        assert [one.expected for one in view.forecasts.latest("mentions")] == [one["expected"] for one in days]

    shown = hub("forecast")
    assert "Acme" in shown.out
    assert "Mentions, error of forecast" in shown.out


def test_of_an_empty_store_nothing_is_to_be_expected(hub: Hub, acme: Path, store: Store) -> None:
    assert "Too little is known yet" in hub("forecast").out


def test_how_long_it_takes_is_told_part_by_part(hub: Hub, acme: Path, store: Store) -> None:
    with store.begin() as tx:
        tx.watches.register(X)
        tx.latencies.add("x", "collected", [10.0] * 18 + [7200.0] * 2)
        tx.latencies.handed_over([("x", 600.0)])

    told = hub("latency", "--json").json
    assert [(row["part"], row["network"], row["times"]) for row in told] == [
        ("detection_lag", "all", 20), ("detection_lag", "x", 20), ("handover_lag", "all", 1), ("handover_lag", "x", 1),
    ]  # fmt: skip
    assert [told[0][name] for name in ("p50", "p95")] == pytest.approx([10, 7200], rel=0.05)
    shown = hub("latency", "--network", "x").out
    assert "published to collected" in shown
    assert "h" in shown
    assert "Nothing came" in hub("latency", "--network", "mastodon").out

"""A post that reached its network late lies behind the cursor; the sweep finds it, once."""

from datetime import UTC, datetime, timedelta

import pytest

import connectors
from hub.store import Store
from hub.wiring import Hub, collect, sweep
from sandbox.process import SandboxProcess

pytestmark = pytest.mark.usefixtures("hub_env")


def test_a_late_post_is_found_by_the_sweep_and_the_cursor_stays(sandbox: SandboxProcess) -> None:
    hub = Hub()
    mastodon = connectors.manifest("mastodon")
    try:
        collect(hub, mastodon, "first")
        late = datetime.now(UTC) - timedelta(hours=5)
        sandbox.control.add_post(
            network="mastodon",
            author="lea",
            text="Late but true, the Brew One leaks #acme",
            published_at=late.isoformat(),
        )
        assert collect(hub, mastodon, "second") == ([], {})
        assert sweep(hub, mastodon, "too soon", hours=36) == ([], {})
        hub.store = Store.open(hub.settings.store, clock=lambda: datetime.now(UTC) + timedelta(hours=2))
        with hub.store.read() as view:
            before = {state.key: state.cursor for state in view.watches.listing("mastodon")}

        batches, failures = sweep(hub, mastodon, "third", hours=36)

        assert failures == {}
        with hub.store.read() as view:
            assert {state.key: state.cursor for state in view.watches.listing("mastodon")} == before
            swept = [view.batches.get(name).batch for name in batches]
        records = [record for batch in swept for record in hub.landing.read(batch.path, batch.digest)]
        assert any("Late but true" in record["content"] for record in records)
    finally:
        hub.close()

"""What the entrances share: connectors by name, what is in use, and a rulebook that is read once."""

from datetime import timedelta
from pathlib import Path

import pytest

import connectors
from hub import wiring
from hub.domain import Manifest, Scope, Watch
from hub.errors import SetupError
from hub.kit import Connection, NotConnected
from hub.settings import Settings
from hub.stages.triage import Triaged
from hub.wiring import Hub, reporting

ACME = "organisation: {name: Acme}\n"


def make_hub(tmp_path: Path, text: str = ACME, *, connected: tuple[str, ...] = ()) -> Hub:
    """A hub of its own, with connections for these connectors."""
    (tmp_path / "hub.yaml").write_text(text)

    def connect(manifest: Manifest, connection_id: str | None = None) -> Connection:
        if manifest.name not in connected:
            raise NotConnected(f"Set {manifest.name}_default.")
        if connection_id == "gone":
            raise NotConnected("Set gone.")
        extra = {"requests_per_minute": 7} if connection_id == "bigger" else {}
        return Connection(id=connection_id or f"{manifest.name}_default", extra=extra)

    return Hub(settings=Settings(var=str(tmp_path / "var"), config=str(tmp_path / "hub.yaml")), connect=connect)


def names(manifests: list[Manifest]) -> list[str]:
    return [manifest.name for manifest in manifests]


def test_a_network_is_in_use_when_something_is_watched_on_it(tmp_path: Path) -> None:
    text = (
        ACME + 'watches: [{network: x, kind: keyword, value: a}, {network: blogs, kind: feed, value: "http://a.test"}]'
    )

    assert names(make_hub(tmp_path, text).networks()) == ["blogs", "x"]
    assert make_hub(tmp_path).networks() == []


@pytest.mark.parametrize(("watch", "words"), [
    ("{network: orkut, kind: a, value: b}", "'orkut', which is no network"),
    ("{network: slack, kind: a, value: b}", "'slack', which is no network"),
    ("{network: x, kind: smell, value: b}", "X cannot watch a 'smell'"),
])  # fmt: skip
def test_a_watch_that_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path, watch: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        make_hub(tmp_path, f"{ACME}watches: [{watch}]").networks()


def test_destinations_are_those_that_are_connected_unless_they_are_named(tmp_path: Path) -> None:
    assert names(make_hub(tmp_path, connected=("slack", "x")).destinations()) == ["slack"]
    named = make_hub(tmp_path, ACME + "destinations: [zendesk, salesforce]", connected=("slack",))
    assert names(named.destinations()) == ["zendesk", "salesforce"]
    with pytest.raises(SetupError, match="'fax'"):
        make_hub(tmp_path, ACME + "destinations: [fax]").destinations()


def test_a_connection_that_cannot_be_used_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", '{"conn_type": "salesforce", ')  # a brace is missing
    hub = make_hub(tmp_path)
    hub.connect = wiring.connect_from_environment

    assert names(hub.destinations()) == ["salesforce"]  # else leads would be made, and none of them ever sent
    with pytest.raises(SetupError, match="AIRFLOW_CONN_SALESFORCE_DEFAULT"), hub.open_destination("salesforce"):
        pass


def test_a_connection_that_is_gone_stops_no_watch_of_another(tmp_path: Path) -> None:
    watches = ", ".join(
        f"{{network: blogs, kind: feed, value: 'http://{name}', connection: {name}}}" for name in ("gone", "there")
    )
    hub = make_hub(tmp_path, f"{ACME}watches: [{watches}]", connected=("blogs",))

    _, failures = wiring.collect(hub, connectors.manifest("blogs"), "run-1")

    told = {watch.connection: str(failures.get(watch.key)) for watch in hub.config.watches}
    assert told["gone"] == "Set gone."
    assert "host name" in told["there"]  # it was read: its address is refused by the gate, before anything is asked
    hub.close()


def test_a_connector_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="orkut"), make_hub(tmp_path).open_network("orkut"):
        pass


def test_a_connector_has_the_limits_of_this_process_and_the_budget_of_its_plan(tmp_path: Path) -> None:
    hub = make_hub(tmp_path, connected=("x",))

    with hub.open_network("x", "bigger") as bigger, hub.open_network("x") as usual:
        assert (bigger.manifest.budget.requests, bigger.manifest.budget.per_minutes) == (7, 1)
        assert usual.manifest.budget != bigger.manifest.budget
        assert usual.services.limits.max_bytes == hub.settings.max_bytes
        assert usual.services.limits.max_wait_seconds == hub.settings.max_wait_seconds
    hub.close()


def test_triage_and_deliver_cost_nothing_when_nothing_waits(tmp_path: Path) -> None:
    hub = make_hub(tmp_path)

    assert wiring.triage(hub, "run-1") == Triaged()
    assert wiring.deliver(hub, "zendesk").outcomes == {}  # not connected, and not even missed
    hub.close()


def test_closing_a_hub_that_was_never_used_opens_nothing(tmp_path: Path) -> None:
    hub = make_hub(tmp_path)

    hub.close()

    assert not (tmp_path / "var").exists()


def test_the_rulebook_holds_every_network_and_the_destinations_in_use(tmp_path: Path) -> None:
    hub = make_hub(tmp_path, connected=("slack", "zendesk"))

    book = wiring.rulebook(hub)

    assert set(book.networks) >= {"x", "mastodon", "blogs"}  # also without a watch: something may have landed
    assert [outlet.manifest.name for outlet in book.outlets] == ["slack", "zendesk"]
    assert {"crisis-alert", "purchase-lead"} <= {rule.route.name for rule in book.rules}
    assert book.routes_version.isdigit()


def test_a_worker_is_named_by_machine_and_process() -> None:
    machine, _, process = wiring.worker_name().rpartition(":")

    assert machine
    assert process.isdigit()


def test_a_time_before_the_first_watch_was_not_watched(tmp_path: Path) -> None:
    hub = make_hub(tmp_path)
    with hub.store.begin() as tx:
        now = tx.now
        tx.watches.register(Watch(network="x", kind="keyword", value="acme"))

    assert not reporting.was_watched(hub, Scope(since=now - timedelta(days=7), until=now - timedelta(days=1)))
    assert reporting.was_watched(hub, Scope(since=now - timedelta(days=1), until=now + timedelta(days=1)))

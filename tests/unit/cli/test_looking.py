"""status, ledger, quarantine and replay: what an operator asks, as tables and as JSON."""

from getpass import getuser
from pathlib import Path
from typing import Any

import pytest

from hub.domain import Batch, Cursor, Watch
from hub.settings import load_config
from hub.store import Draft, Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.world import COMPLAINS, NOW, make_post

HOSTILE = "\x1b[2J\x07[red]boo[/red]\u202eevil\n[link=http://s]x[/link]"

REPO = Path(__file__).resolve().parents[3]


def quarantined(store: Store, *, reason: str = "bad_id", detail: str = "It has no id.") -> None:
    watch = Watch(network="x", kind="keyword", value="acme")
    batch = Batch(
        name="b", network="x", watch=watch.key, run="r", path="p", digest="0" * 64, records=1, landed_at=NOW
    )  # fmt: skip
    with store.begin() as tx:
        tx.watches.register(watch)
        tx.batches.land(batch, Cursor(position="1"))
        [claim] = tx.batches.claim("w")
        tx.quarantine.add(stage="validate", reason=reason, network="x", detail=detail, record={"id": 7}, batch="b")
        tx.batches.done(claim, known=0, skipped=0, run="r")


@pytest.mark.parametrize(("command", "sentence"), [
    (("quarantine",), "Nothing is in quarantine."),
    (("ledger",), "No post was set aside."),
])  # fmt: skip
def test_nothing_is_said_in_a_sentence_and_not_in_an_empty_box(
    hub: Hub, acme: Path, command: tuple[str, ...], sentence: str
) -> None:
    told = hub(*command)

    assert told.code == 0
    assert sentence in told.out.splitlines()


def test_no_watches_say_how_to_add_one(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text("organisation: {name: Acme}\n")

    assert "hub watch add NETWORK KIND VALUE" in hub("watch", "list").out
    assert "hub watch add NETWORK KIND VALUE" in hub("run").err
    assert hub("run").code == 2


def test_status_answers_what_an_operator_asks_first(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store)
    draft = Draft(destination="zendesk", object="ticket", external_id="a" * 32, body={}, handoff="h")
    with store.begin() as tx:
        tx.outbox.intend([draft])
        for _ in range(3):
            tx.circuits.failed("zendesk", "Unavailable")

    facts = hub("status", "--json").json

    assert facts["waiting"] == {"batches for triage": 0, "items in quarantine": 1}
    assert facts["destinations"]["zendesk"]["waiting"] == 1
    assert facts["destinations"]["zendesk"]["circuit"].startswith("open until ")
    assert (facts["running"]["running"], facts["sandbox"]) == (False, None)
    assert len(facts["watches"]) == len(load_config(REPO / "sandbox" / "hub.yaml").watches)
    assert {watch["observed"] for watch in facts["watches"]} == {""}
    shown = hub("status").out
    for word in ("zendesk", "open until", "coffeelovers.test", "items in quarantine"):
        assert word in shown


def test_tables_read_well_at_a_hundred_columns(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store, detail="The record has no usable id; check the mapping's `native_id`. " * 3)

    for command in (("status",), ("ledger",), ("quarantine",), ("watch", "list")):
        lines = hub(*command).out.splitlines()
        assert max(map(len, lines)) <= 100, command
    assert "keyword acme OR" in hub("watch", "list").out


def test_the_ledger_has_both_sides_of_each_sum(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store)

    facts = hub("ledger", "--json").json

    assert (facts["fetched"], facts["new"], facts["quarantined"], facts["balanced"]) == (1, 1, 1, True)
    assert hub("ledger", "--json", "--network", "mastodon").json["fetched"] == 0
    assert hub("ledger", "--json", "--run", "r").json["fetched"] == 1
    shown = hub("ledger").out
    assert "Ledger: balanced" in shown
    assert "0 + 1 + 0" in shown


def test_a_ledger_that_does_not_balance_ends_with_a_code_and_says_where(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store)
    with store.begin() as tx:
        tx.quarantine.release([1])
        tx.quarantine.resolve([1], "valid")  # as if its post had been written, which it was not

    told = hub("ledger")

    assert told.code == 1
    assert "DOES NOT BALANCE" in told.out
    assert "fetched = new + known + skipped: +1" in " ".join(told.out.split())


def test_quarantine_lists_filters_and_shows_one_whole(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store)

    [item] = hub("quarantine", "--json").json
    assert (item["stage"], item["reason"], item["network"], item["tries"]) == ("validate", "bad_id", "x", 1)
    assert "record" not in item
    [whole] = hub("quarantine", "--show", item["id"]).json
    assert (whole["record"], whole["batch"]) == ({"id": 7}, "b")
    assert "1 of 1 open" in hub("quarantine", "--stage", "validate").out
    assert "1 of 1 open" in hub("quarantine", "--each").out
    assert "None of the 1 items in quarantine is so." in hub("quarantine", "--reason", "other").out


def test_an_item_that_is_not_there_is_said_so(hub: Hub, acme: Path) -> None:
    for command in (("quarantine", "--show", 9), ("replay", 9)):
        told = hub(*command)
        assert (told.code, told.out) == (2, "")
        assert "item 9" in told.err


def test_what_strangers_wrote_steers_no_terminal_and_is_no_markup(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store, reason="bad_id", detail=HOSTILE)

    shown = hub("quarantine", "--each").out

    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "[red]boo[/red]" in shown
    assert "[link=http://s]x[/link]" in shown


def test_replay_says_what_came_of_the_items(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store)

    told = hub("replay", "--json")

    assert told.json == {"items": 1, "released": 0, "still quarantined": 1, "deliveries": 0}
    assert told.code == 1
    with store.read() as view:
        [item] = view.quarantine.listing()
        [entry] = view.audit.recent()
    assert item.tries == 2
    assert (entry.actor, entry.action) == (getuser(), "replay")


def test_a_dry_replay_writes_nothing_at_all(hub: Hub, acme: Path, store: Store) -> None:
    quarantined(store)
    before = [*store.engine.raw_connection().iterdump()]

    told = hub("replay", "--dry-run")

    assert "Would be replayed" in told.out
    assert [*store.engine.raw_connection().iterdump()] == before


def test_replay_of_nothing_is_fine(hub: Hub, acme: Path) -> None:
    assert hub("replay", "--stage", "validate", "--json").json["items"] == 0


def world_of(text: str) -> dict[str, Any]:
    return {"network": "x", "author": "nia", "text": text}


@pytest.mark.usefixtures("hub_env")
def test_a_run_answers_on_one_channel_and_tells_its_progress_on_the_other(
    hub: Hub, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_MAX_WAIT_SECONDS", "1")
    sandbox.control.add_post(**world_of(COMPLAINS))
    sandbox.control.fault(system="mastodon", kind="status", status=503)

    first = hub("run", "--json")
    facts = first.json  # nothing but JSON, though a watch was in trouble

    assert set(facts) == {"run", "landed", "triaged", "delivered", "ledger", "problems"}
    assert facts["ledger"]["balanced"]
    assert facts["triaged"]["handoffs"]["Case"] >= 1
    assert set(facts["delivered"]) == {"salesforce", "slack", "zendesk"}
    assert "Collect" in first.err
    assert "fetched" in first.err

    sandbox.control.mend()
    again = hub("run")
    assert again.code == 0
    assert "Ledger: balanced" in again.out
    assert max(map(len, again.out.splitlines())) <= 100
    assert make_post().key not in again.out


def test_a_watch_is_rewound_by_the_words_of_its_list(hub: Hub, store: Store) -> None:
    quarantined(store)

    told = hub("watch", "rewind", "x", "keyword", "acme")

    assert told.code == 0
    assert "Rewound" in told.err + told.out
    with store.read() as view:
        [state] = view.watches.listing("x")
        assert state.cursor == Cursor()
        assert [(entry.action, entry.object) for entry in view.audit.recent()] == [("watch rewound", state.key)]


def test_a_watch_that_was_never_asked_cannot_be_rewound(hub: Hub, store: Store) -> None:
    told = hub("watch", "rewind", "x", "keyword", "acme")

    assert told.code == 2
    assert "hub watch list" in told.err

"""The quarantine as an operator at a terminal meets it."""

import json
from getpass import getuser
from pathlib import Path

import pytest

from hub.store import Landing, Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.test_replay import strange
from tests.unit.stages.world import COMPLAINS, Clock, Town, tweet


@pytest.fixture
def town(tmp_path: Path, acme: Path, store: Store) -> Town:
    """The hub of the commands, with what the stages make of two records: one goes on, one cannot."""
    town = Town(store, Landing(tmp_path / "var" / "landing"), Clock())
    town.hear(strange(1, COMPLAINS), tweet(2, COMPLAINS, author="ben"))
    return town


def mended(tmp_path: Path, town: Town) -> Path:
    with town.look() as view:
        [item] = view.quarantine.listing()
    path = tmp_path / "fixed.json"
    path.write_text(json.dumps({**(item.record or {}), "text": COMPLAINS}))
    return path


def test_a_line_for_each_reason_says_who_must_do_what(hub: Hub, town: Town) -> None:
    town.hear(strange(3, ""), strange(4, ""))

    told = hub("quarantine")

    shown = " ".join(told.out.split())
    assert "Quarantine: 3 of 3 open" in shown
    assert "keeper of" in shown
    assert shown.count("empty_text") == 1
    assert len(hub("quarantine", "--json").json) == 3


def test_an_item_is_shown_with_where_it_comes_from(hub: Hub, town: Town) -> None:
    [whole] = hub("quarantine", "show", 1, "--json").json

    assert (whole["line"], whole["record"]["body"], whole["repaired"]) == (1, COMPLAINS, None)
    assert whole["file"].endswith(".jsonl.zst")
    shown = hub("quarantine", "show", 1).out
    assert "As it came:" in shown
    assert "next step" in shown


def test_a_record_with_half_a_character_and_a_secret_is_shown_all_the_same(hub: Hub, town: Town) -> None:
    town.hear(strange(5, "") | {"half": "\ud800", "access_token": "s3cret", "steers": "\x1b[2J\u202e"})

    for arguments in (("show", 2), ("show", 2, "--json")):
        told = hub("quarantine", *arguments)
        assert told.code == 0
        assert "s3cret" not in told.out
        assert not {"\x1b", "\u202e"} & set(told.out)


def test_a_preview_says_what_would_come_and_writes_nothing(hub: Hub, town: Town, tmp_path: Path) -> None:
    path = mended(tmp_path, town)
    before = [*town.store.engine.raw_connection().iterdump()]

    same, fixed = hub("quarantine", "preview"), hub("quarantine", "preview", 1, "--record", path, "--json")

    assert (same.code, "empty text" in same.out or "empty_text" in same.out) == (1, True)
    assert (fixed.code, fixed.json[0]["post"]["text"]) == (0, COMPLAINS)
    assert [*town.store.engine.raw_connection().iterdump()] == before


def test_a_repair_a_replay_and_what_the_audit_log_keeps(hub: Hub, town: Town, tmp_path: Path) -> None:
    path = mended(tmp_path, town)

    assert hub("quarantine", "repair", 1, "--record", "-", "--why", "cut", given=path.read_text()).code == 0
    assert hub("replay", 1, "--json").json["released"] == 1

    with town.store.read() as view:
        assert [(entry.actor, entry.action) for entry in view.audit.recent()] == [
            (getuser(), "replay"), (getuser(), "record repaired"),
        ]  # fmt: skip
    assert "Nothing is in quarantine." in hub("quarantine").out


def test_what_is_given_up_can_be_taken_back(hub: Hub, town: Town) -> None:
    assert hub("quarantine", "discard", "--reason", "empty_text", "--why", "says nothing").code == 0
    assert hub("quarantine", "--json").json == []
    assert hub("ledger", "--json").json["quarantined"] == 1

    assert hub("quarantine", "reopen", 1, "--why", "too quick").code == 0
    assert len(hub("quarantine", "--json").json) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("discard", "--why", "all"), "never given up at once"),
        (("discard", "1", "--why", " "), "Say why"),
        (("repair", "1", "--record", "nowhere.json", "--why", "x"), "cannot be read"),
        (("show", "99"), "no item 99"),
        (("preview", "--record", "nowhere.json", "--reason", "odd"), "0 were named"),
    ],
)
def test_a_mistake_ends_in_a_sentence(hub: Hub, town: Town, arguments: tuple[str, ...], words: str) -> None:
    told = hub("quarantine", *arguments)

    assert told.code == 2
    assert words in told.err


def test_status_says_since_when_and_that_it_is_too_long(hub: Hub, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    held = hub("status", "--json").json["quarantine"]

    assert (held["items"], held["overdue"]) == (1, False)
    assert held["groups"][0]["reason"] == "empty_text"
    monkeypatch.setenv("HUB_QUARANTINE_HOURS", "0.000001")
    assert hub("status", "--json").json["quarantine"]["overdue"] is True
    assert "OVERDUE" in hub("status").out

"""new, check, golden, map and rehearse: for the engineer who adds a system."""

import json
from pathlib import Path

import pytest

from hub.cli.contract import RULES, check_connectors
from hub.cli.layout import lay_out
from hub.errors import SetupError
from tests.unit.cli.conftest import Hub

STATUS = {"id": "7", "visibility": "public", "content": "<p>Hi</p>", "account": {"id": "1"}, "created_at": "2026-01-01"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A checkout without any connector."""
    (tmp_path / "mappings").mkdir()
    return tmp_path


@pytest.mark.parametrize("kind", ["network", "destination"])
def test_a_new_connector_is_a_draft_with_its_gaps_marked(home: Path, kind: str) -> None:
    made = lay_out(kind, "pixelfed", home=home)

    assert all((home / path).is_file() for path in made)
    rows = {row["rule"]: row for row in check_connectors("pixelfed", home=home)}
    assert set(rows) == set(RULES)
    assert {row["state"] for row in rows.values()} <= {"holds", "waived"}
    assert {row["maturity"] for row in rows.values()} == {"draft"}
    assert "gap" in rows["gaps"]["wrong"]


def test_nothing_that_is_there_is_touched(home: Path) -> None:
    lay_out("network", "pixelfed", home=home)
    manifest = home / "connectors" / "pixelfed" / "manifest.yaml"
    manifest.write_text("mine")

    with pytest.raises(SetupError, match="there already"):
        lay_out("network", "pixelfed", home=home)

    assert manifest.read_text() == "mine"


@pytest.mark.parametrize(("arguments", "word"), [
    (("channel", "pixelfed"), "network or a destination"),
    (("network", "../evil"), "one lower-case word"),
    (("network", "Pixelfed"), "one lower-case word"),
    (("network", "mastodon"), "there already"),
])  # fmt: skip
def test_a_connector_that_cannot_be_is_refused(hub: Hub, arguments: tuple[str, ...], word: str) -> None:
    told = hub("new", *arguments)

    assert (told.code, word in told.err) == (2, True)


def test_check_shows_one_connector_rule_by_rule(hub: Hub) -> None:
    told = hub("check", "mastodon")

    assert "Check mastodon" in told.out
    assert all(rule in told.out for rule in RULES)
    assert {row["connector"] for row in hub("check", "mastodon", "--json").json} == {"mastodon"}


def test_check_of_all_gives_each_connector_a_line_and_details_only_for_what_is_odd(hub: Hub) -> None:
    shown, rows = hub("check").out, hub("check", "--json").json

    assert len(rows) == len({row["connector"] for row in rows}) * len(RULES)
    odd = sum(row["state"] != "holds" for row in rows)
    assert ("Every rule holds." in shown) == (odd == 0)


def test_an_unknown_connector_is_named_with_those_there_are(hub: Hub) -> None:
    for command in ("check", "golden", "map", "rehearse"):
        told = hub(command, "orkut", given="{}")
        assert told.code == 2, command
        assert "orkut" in told.err
        assert "mastodon" in told.err


def test_records_are_mapped_line_by_line_in_their_order(hub: Hub) -> None:
    lines = [STATUS, {**STATUS, "visibility": "private"}, {**STATUS, "id": "8"}]

    told = hub("map", "mastodon", given="\n".join(map(json.dumps, lines)) + "\n\n")

    made = [json.loads(line) for line in told.out.splitlines()]
    assert [each.get("native_id", "skipped") for each in made] == ["7", "skipped", "8"]
    assert told.code == 0


def test_a_line_that_is_no_record_is_answered_and_the_rest_goes_on(hub: Hub) -> None:
    told = hub("map", "mastodon", given=b'{"broken\n[1]\n\xff\xfe\n' + json.dumps(STATUS).encode())

    made = [json.loads(line) for line in told.out.splitlines()]
    assert [each.get("error") for each in made] == ["not_json", "not_json", "not_json", None]
    assert told.code == 1


def test_records_come_from_files_too(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(STATUS))

    assert json.loads(hub("map", "mastodon", tmp_path / "a.jsonl").out)["native_id"] == "7"
    told = hub("map", "mastodon", tmp_path / "none.jsonl")
    assert told.code == 2
    assert "none.jsonl" in told.err


@pytest.mark.parametrize(("first", "field"), [(True, "subject"), (False, "comment")])
def test_a_file_of_several_mappings_is_asked_for_the_one_that_suits(hub: Hub, first: bool, field: str) -> None:
    handoff = {"first": first, "key": "k", "post": {"key": "p", "text": "It leaks"}, "author": {"key": "a"}}

    made = json.loads(hub("map", "zendesk", given=json.dumps(handoff)).out)

    assert field in made
    assert ("subject" in made) == first


def test_rehearsing_prints_the_posts_or_the_named_error_of_each_answer(hub: Hub) -> None:
    outcomes = [json.loads(line) for line in hub("rehearse", "mastodon").out.splitlines()]

    assert any("post" in each for each in outcomes)
    assert any("error" in each or "raises" in each for each in outcomes)


def test_golden_says_that_nothing_changed(hub: Hub) -> None:
    told = hub("golden", "mastodon")

    assert told.code == 0
    assert told.err.strip()
    assert "wrote" not in told.err

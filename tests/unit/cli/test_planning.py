"""plan and apply, as people and programs meet them."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.store import Landing, Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.planned import without
from tests.unit.stages.world import COMPLAINS, WANTS_TO_BUY, Clock, Town, outlet, tweet

PERIOD = ("--since", "2026-03-01", "--until", "2026-03-03", "--actionable-hours", 1_000_000)
HOSTILE = "\x1b[2J[red]@acme my Acme Brew One arrived broken, terrible service[/red]\u202e"


@pytest.fixture
def town(tmp_path: Path, acme: Path) -> Iterator[Town]:
    """Two complaints that became nobody's work, and a lead."""
    acme.write_text(acme.read_text() + "\ndestinations: [salesforce, zendesk, slack]\n")
    clock = Clock()
    with Store.open(f"sqlite:///{tmp_path / 'var' / 'hub.db'}", clock=clock) as store:
        town = Town(store, Landing(tmp_path / "var" / "landing"), clock)
        records = tweet(1, COMPLAINS), tweet(2, HOSTILE, author="ben"), tweet(3, WANTS_TO_BUY, author="cleo")
        whole = [outlet(name, notes=True, whole=True) for name in ("salesforce", "zendesk", "slack")]
        town.hear(*records, book=replace(without("complaint-case"), outlets=whole))
        yield town


def test_a_plan_in_one_line_and_by_route_with_examples(hub: Hub, town: Town) -> None:
    told = hub("plan", *PERIOD)

    assert told.code == 0
    assert (
        told.out.splitlines()[0] == "leads 0, tickets +2, alerts 0; `hub apply` sends 2 zendesk note, 2 zendesk ticket"
    )
    for part in ("complaint-case", "support", "Case made"):
        assert part in told.out
    assert "Work for salesforce and slack and zendesk" in told.err
    assert "3 posts of 2026-03-01 00:00 to 2026-03-03 00:00 UTC" in told.err
    assert not any(char in told.out for char in ("\x1b", "\u202e"))


def test_nothing_is_different(hub: Hub, town: Town) -> None:
    told = hub("plan", "--since", "2026-04-01", "--until", "2026-04-02")

    assert "Nothing would be different" in told.out


def test_proposed_rules_are_planned_and_applied_once_they_are_in_force(hub: Hub, town: Town, tmp_path: Path) -> None:
    own = tmp_path / "hub.yaml"
    proposed = tmp_path / "proposed.yaml"
    more = "{name: praise-case, makes: Lead, when: signal.intent == 'complaint', team: sales}"
    proposed.write_text(own.read_text() + f"\nroutes: [{more}]\n")
    file = tmp_path / "plan.json"

    told = hub("plan", *PERIOD, "--config", proposed, "--out", file, "--json")

    changes = told.json["changes"]
    assert {(one["kind"], one["what"], one["sends"]) for one in changes} == {
        ("Case", "made", True), ("Lead", "made", True),
    }  # fmt: skip
    assert told.json["plan"]["kinds"]["Lead"]["made"] == 2
    assert COMPLAINS not in file.read_text()
    early = hub("apply", file)
    assert (early.code, town.outbox("zendesk")) == (2, [])
    assert "put the planned ones in place" in early.err

    shutil.copy(proposed, own)
    done = hub("apply", file, "--reason", "spring", "--json").json

    assert (done["handoffs"], done["deliveries"], done["posts"]) == (4, 10, 2)
    with town.look() as view:
        assert view.audit.recent()[0].reason == "spring"
    again = hub("apply", file)
    assert again.code == 2
    assert "was applied" in again.err


def test_a_proposed_folder_of_mappings_is_read_where_it_holds_any(
    hub: Hub, town: Town, tmp_path: Path, repo: Path
) -> None:
    folder = tmp_path / "proposed"
    folder.mkdir()
    text = (repo / "mappings" / "salesforce.yaml").read_text()
    (folder / "salesforce.yaml").write_text(
        text.replace("Hub_Network__c: post.network", "Hub_Network__c: upper(post.network)")
    )
    routes = (repo / "mappings" / "_routes.yaml").read_text()
    (folder / "_routes.yaml").write_text(
        routes.replace("name: complaint-case", "name: complaint-case\n    enabled: false")
    )

    told = hub("plan", *PERIOD, "--mappings", folder)

    assert told.out.splitlines()[0] == "leads 0 (1 changed), tickets 0, alerts 0; `hub apply` sends 1 salesforce Lead"
    assert "Hub_Network__c" in told.out


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("plan", "--config", "nowhere.yaml"), "There is no nowhere.yaml"),
    (("plan", "--network", "myspace"), "There is no network 'myspace'"),
    (("plan", "--model", "v9"), "hub train --list"),
    (("apply", "nowhere.json"), "hub plan --out nowhere.json"),
    (("apply", "hub.yaml"), "is no plan"),
])  # fmt: skip
def test_what_cannot_be_planned_or_applied_says_what_to_do(
    hub: Hub, acme: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(acme.parent)

    told = hub(*arguments)

    assert told.code == 2
    assert sentence in told.err

"""`hub setup NAME`: what is there, what is missing, and what was made, in words and exit codes."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.slack.connector import Slack
from hub.domain import MappedObject
from hub.errors import AccessDenied
from hub.kit import Finding, Step
from sandbox.process import SandboxProcess
from tests.connectors.salesforce.org import rules
from tests.unit.cli.conftest import Hub

FIELD, VIEW, APP = "field hub_key", "view Social", "the app's manifest"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A destination that lacks a field and a view, and an app that only people can change."""
    there: set[str] = set()

    def prepare(self: Slack, *, apply: bool) -> Iterator[Step]:
        for what in (FIELD, VIEW):
            if what in there:
                yield Step(what=what, state="there")
            else:
                yield Step(what=what, state="made" if apply else "missing", detail="It holds our key.")
                there.update([what] if apply else ())
        if APP not in there:
            yield Step(what=APP, state="by hand", detail="Paste it at api.slack.com.")

    monkeypatch.setattr(Slack, "prepare", prepare)
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", '{"conn_type": "slack", "password": "xoxb-1"}')
    return there


def test_what_is_missing_is_shown_and_not_made(hub: Hub, made: set[str]) -> None:
    told = hub("setup", "slack")

    assert told.code == 2
    assert made == set()
    assert [word for word in ("MISSING", "BY HAND", "It holds our key.", FIELD) if word not in told.out] == []


def test_apply_makes_it_and_a_second_run_makes_nothing(hub: Hub, made: set[str]) -> None:
    first, second = hub("setup", "slack", "--apply", "--json"), hub("setup", "slack", "--apply", "--json")

    assert [step["state"] for step in first.json["steps"]] == ["made", "made", "by hand"]
    assert [step["state"] for step in second.json["steps"]] == ["there", "there", "by hand"]
    assert (first.code, second.code) == (1, 1)  # a person's work is left
    made.add(APP)
    assert hub("setup", "slack").code == 0


def test_what_the_mapping_writes_and_is_not_taken_is_told(
    hub: Hub, made: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def preflight(self: Slack, mapped: Sequence[MappedObject]) -> Iterator[Finding]:
        for one in mapped:
            yield Finding(object=one.object, field="text", problem="too_short", remedy=f"Cut it in {one.mapping}.")

    monkeypatch.setattr(Slack, "preflight", preflight)
    made.update((FIELD, VIEW, APP))

    told = hub("setup", "slack", "--json")

    assert told.code == 2
    assert {finding["problem"] for finding in told.json["findings"]} == {"too_short"}
    assert told.json["findings"][0]["remedy"].startswith("Cut it in slack@")
    assert "too short" in hub("setup", "slack").out


def test_no_access_is_a_wrong_set_up(hub: Hub, monkeypatch: pytest.MonkeyPatch, made: set[str]) -> None:
    def prepare(self: Slack, *, apply: bool) -> Iterator[Step]:
        raise AccessDenied("Slack takes the token no more; put a new one into slack_default.")
        yield

    monkeypatch.setattr(Slack, "prepare", prepare)
    told = hub("setup", "slack")

    assert told.code == 2
    assert "slack_default" in told.err


@pytest.mark.parametrize(("name", "word"), [("mastodon", "hub doctor mastodon"), ("orkut", "orkut")])
def test_only_destinations_are_set_up(hub: Hub, name: str, word: str) -> None:
    told = hub("setup", name)

    assert told.code == 2
    assert word in told.err


@pytest.mark.usefixtures("hub_env")
def test_salesforce_is_set_up_in_the_sandbox_and_then_nothing_is_left_to_do(hub: Hub) -> None:
    before, made, after = hub("setup", "salesforce"), hub("setup", "salesforce", "--apply"), hub("setup", "salesforce")

    assert (before.code, made.code, after.code) == (2, 0, 0)
    assert "MISSING" in before.out
    assert "made" in made.out
    assert "MISSING" not in after.out
    assert "component socialContext" in " ".join(after.out.split())
    assert hub("doctor", "salesforce").code == 0


@pytest.mark.usefixtures("hub_env")
def test_doctor_tells_what_the_mapping_writes_and_the_organisation_does_not_take(hub: Hub, sandbox: Any) -> None:
    with requests.Session() as administrator:
        rules(administrator, fields={"Hub_Reasons__c": None})

    told = hub("doctor", "salesforce")

    assert told.code == 2
    assert "Hub_Reasons__c is not on Lead" in " ".join(told.out.split())


@pytest.mark.usefixtures("hub_env")
def test_doctor_proves_the_mail_server(hub: Hub, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.loads(sandbox.env["AIRFLOW_CONN_SMTP_DEFAULT"])
    assert hub("doctor", "email").code == 0

    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(said | {"password": "guessed"}))
    told = hub("doctor", "email", "--json")

    assert told.code == 2
    assert [word for word in ("denies us access", "docs/guides/reports.md") if word not in told.json[0]["said"]] == []


def test_doctor_looks_at_the_mail_server_where_a_report_goes_by_it(hub: Hub, acme: Path) -> None:
    def looked() -> list[str]:
        return [finding["what"] for finding in hub("doctor", "--json").json]

    with_letters = looked()
    acme.write_text("".join(line for line in acme.read_text().splitlines(True) if "email:" not in line))

    assert ("email" in with_letters, "email" in looked()) == (True, False)

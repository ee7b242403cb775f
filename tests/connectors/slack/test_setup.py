"""`hub setup slack`: what an app needs is looked at live, and what is missing is said with its remedy."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import connectors
from connectors.slack.connector import Slack
from connectors.slack.sandbox_workspace import GRANTED
from connectors.slack.setup import NEEDED, OPTIONAL
from hub.errors import AccessDenied
from hub.kit import Step
from tests.connectors.slack.conftest import owner
from tests.contract.bench import Bench


@pytest.fixture
def slack(bench: Bench) -> Iterator[Slack]:
    with bench.open() as destination:
        assert isinstance(destination, Slack)
        destination.addresses = ("#social-alerts", "C0OPS", "#all-acme", "#nowhere")
        yield destination


def looked(slack: Slack) -> dict[str, Step]:
    return {step.what: step for step in slack.prepare(apply=False)}


def test_everything_that_is_there_is_named_and_what_is_not_has_its_remedy(slack: Slack) -> None:
    steps = looked(slack)

    assert {name: step.state for name, step in steps.items()} == {
        "bot token": "there", **{f"scope {name}": "there" for name in NEEDED}, "scope usergroups:read": "there",
        "scope files:write": "there",
        "app-level token": "there", "channel #social-alerts": "there", "channel C0OPS": "there",
        "channel #all-acme": "by hand", "channel #nowhere": "by hand",
    }  # fmt: skip
    assert "/invite" in steps["channel #all-acme"].detail
    assert "hub.yaml" in steps["channel #nowhere"].detail


@pytest.mark.parametrize("scope", sorted(NEEDED))
def test_each_scope_that_is_missing_is_named(slack: Slack, scope: str) -> None:
    owner(f"scopes?granted={','.join(name for name in GRANTED.split(',') if name != scope)}")
    steps = looked(slack)

    assert [what for what, step in steps.items() if step.state == "by hand" and what.startswith("scope")] == [
        f"scope {scope}"
    ]
    assert "install the app again" in steps[f"scope {scope}"].detail


def test_an_archived_channel_is_told(slack: Slack) -> None:
    owner("channels/C0OPS/archive")

    assert "archived" in looked(slack)["channel C0OPS"].detail


@pytest.mark.parametrize("token", [None, "xapp-wrong", "xoxb-sandbox"])
def test_an_app_level_token_that_is_no_good_or_missing_is_made_by_hand(slack: Slack, token: Any) -> None:
    slack.connection.extra["app_token"] = token
    step = looked(slack)["app-level token"]

    assert step.state == "by hand"
    assert "connections:write" in step.detail
    assert str(token or "xapp-1") not in step.detail


def test_a_bot_token_that_is_no_good_ends_it(slack: Slack) -> None:
    owner("token?word=token_revoked")

    with pytest.raises(AccessDenied):
        looked(slack)


def test_the_app_to_paste_asks_for_just_the_scopes_that_are_looked_for() -> None:
    app = yaml.safe_load((connectors.mapping_path("slack").parents[1] / "connectors/slack/app.yaml").read_text())

    assert set(app["oauth_config"]["scopes"]["bot"]) == {*NEEDED, *OPTIONAL}
    assert app["settings"]["interactivity"]["is_enabled"]
    assert app["settings"]["socket_mode_enabled"]

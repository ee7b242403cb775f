"""Of what comes in an envelope, only a press of ours in Slack's own forms is taken over."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.slack.presses import envelope_of, press_in
from hub.errors import RecordRefused

REF = "0123456789abcdef0123456789abcdef"


def envelope(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "type": "block_actions", "user": {"id": "U0ANA", "name": "<!channel>"}, "channel": {"id": "C0ALERTS"},
        "container": {"type": "message", "message_ts": "1772452802.080000", "channel_id": "C0ALERTS"},
        "actions": [{"type": "button", "action_id": "resolve", "value": REF, "action_ts": "1772452900.000001"}],
    }  # fmt: skip
    facts = {"type": "interactive", "envelope_id": "11111111-2222", "payload": payload | changes.pop("payload", {})}
    return facts | changes


def test_a_press_is_taken_over_and_nothing_else_of_it() -> None:
    press = press_in(envelope(), characters=900)

    assert press is not None
    assert (press.action, press.value, press.user, press.object_id) == (
        "resolve", REF, "U0ANA", "C0ALERTS/1772452802.080000",
    )  # fmt: skip
    assert press.name == ""
    assert "channel>" not in str(press)


def test_the_same_press_in_another_envelope_is_the_same() -> None:
    one, other = press_in(envelope(), characters=1), press_in(envelope(envelope_id="99999999-8888"), characters=1)

    assert one is not None
    assert other is not None
    assert one.id == other.id
    assert one.envelope != other.envelope


def action(**changes: Any) -> dict[str, Any]:
    return {
        "payload": {"actions": [{"action_id": "resolve", "value": REF, "action_ts": "1772452900.000001"} | changes]}
    }


HOSTILE = {
    "oversized": ({}, 300_000), "unknown_envelope": ({"type": "events_api"}, 1),
    "unknown_payload": ({"payload": {"type": "view_submission"}}, 1),
    "unknown_action": (action(action_id="drop_tables"), 1),
    "odd_value": (action(value="<!channel>"), 1), "odd_user": ({"payload": {"user": {"id": "../../etc"}}}, 1),
    "odd_channel": ({"payload": {"channel": {"id": "#general"}}}, 1),
    "odd_ts": ({"payload": {"container": {"message_ts": "now"}}}, 1), "odd_at": (action(action_ts="0x1"), 1),
}  # fmt: skip


@pytest.mark.parametrize("why", HOSTILE)
def test_what_has_another_form_is_refused_by_a_reason_of_ours(why: str) -> None:
    changes, characters = HOSTILE[why]

    with pytest.raises(RecordRefused) as told:
        press_in(envelope(**changes), characters=characters)
    assert told.value.reason == why
    assert "etc" not in str(told.value)


@pytest.mark.parametrize("actions", [None, [], {}, [1], "x", [{}, {}]])
def test_no_action_or_several_are_no_press(actions: Any) -> None:
    with pytest.raises(RecordRefused):
        press_in(envelope(payload={"actions": actions}), characters=1)


def test_a_button_that_is_a_link_is_no_press() -> None:
    assert press_in(envelope(**action(action_id="open")), characters=1) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "payload", "actions", "user", "id", "container", "message_ts", "action_id", "value"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(message=st.dictionaries(st.sampled_from(["type", "payload", "envelope_id"]), JSON))
def test_nothing_that_can_come_raises_anything_else(message: dict[str, Any]) -> None:
    envelope_of(message)
    with suppress(RecordRefused):
        press_in(message, characters=1)

"""What an envelope of Socket Mode says: one button pressed by one person, or nothing that we act upon.

All of it comes from outside. Only ids and times of Slack's own forms are taken over, and the button's value, which is a
reference of ours that the hub looks up; whatever else stands there is not read.
"""

import re
from datetime import UTC, datetime
from typing import Any

from hub.domain import external_id
from hub.domain.presses import Press
from hub.errors import RecordRefused

ACTIONS = {
    "acknowledge", "judge_true", "judge_false", "judge_campaign", "mute", "unmute", "resolve", "correct",
}  # fmt: skip
LINKS = {"open"}  # buttons that lead somewhere: Slack tells of them all the same
MOST_CHARACTERS = 256_000  # of an envelope: it holds the whole message that bears the button
ENVELOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,99}")
USER = re.compile(r"[UW][A-Z0-9]{1,30}")
CHANNEL = re.compile(r"[CGD][A-Z0-9]{1,30}")
TS = re.compile(r"[0-9]{1,12}\.[0-9]{6}")
VALUE = re.compile(r"[0-9a-z:]{1,60}")


def envelope_of(message: Any) -> str | None:
    """The envelope's id, by which it is acknowledged; None where there is none of the usual form."""
    found = message.get("envelope_id") if isinstance(message, dict) else None
    return found if isinstance(found, str) and ENVELOPE.fullmatch(found) else None


def press_in(message: dict[str, Any], *, characters: int) -> Press | None:
    """The press in an envelope, None for a button that is a link; RecordRefused for all that we do not act upon."""
    if characters > MOST_CHARACTERS:
        raise refused("oversized")
    payload = message.get("payload")
    if message.get("type") != "interactive" or not isinstance(payload, dict):
        raise refused("unknown_envelope")
    if payload.get("type") != "block_actions":
        raise refused("unknown_payload")
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and len(actions) == 1 else None
    name = text_at(action, "action_id")
    if name in LINKS:
        return None
    if name not in ACTIONS:
        raise refused("unknown_action")
    chosen = action.get("selected_option") if isinstance(action, dict) else None
    facts = {
        "value": (text_at(chosen if chosen is not None else action, "value"), VALUE),
        "user": (text_at(payload.get("user"), "id"), USER),
        "channel": (text_at(payload.get("channel"), "id"), CHANNEL),
        "ts": (text_at(payload.get("container"), "message_ts"), TS),
        "at": (text_at(action, "action_ts"), TS),
    }
    for what, (found, form) in facts.items():
        if not form.fullmatch(found):
            raise refused(f"odd_{what}")
    value, user, channel, ts, at = (found for found, _ in facts.values())
    thread = text_at(payload.get("container"), "thread_ts")
    return Press(
        id=external_id("press", user, channel, ts, name, value, at), envelope=envelope_of(message) or "", action=name,
        value=value, object_id=f"{channel}/{ts}", user=user, channel=channel,
        at=datetime.fromtimestamp(float(at), UTC), thread=thread if TS.fullmatch(thread) else None,
    )  # fmt: skip


def refused(reason: str) -> RecordRefused:
    """Not acted upon; the reason is ours, and nothing of what came is in it."""
    return RecordRefused(f"A press was not acted upon ({reason}).", reason=reason)


def text_at(facts: Any, name: str) -> str:
    """A text in an object, empty where it is none."""
    found = facts.get(name) if isinstance(facts, dict) else None
    return found if isinstance(found, str) else ""

"""What Slack's answers mean. Nearly all are HTTP 200; `ok` and one error word tell them apart.

A word that is in no table here is an unknown outcome, to be looked up: new words appear without notice, and
`internal_error` or `fatal_error` may come after the message was posted.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.domain import Delivery, Receipt
from hub.errors import AccessDenied, RateLimited, Unavailable
from hub.kit.vendor import retry_after_of

DENIED = {
    "access_denied", "account_inactive", "enterprise_is_restricted", "ekm_access_denied", "invalid_auth",
    "missing_scope", "no_permission", "not_allowed_token_type", "not_authed", "org_login_required",
    "team_access_not_granted", "token_expired", "token_revoked", "two_factor_setup_required",
}  # fmt: skip
WAIT = {"accesslimited", "message_limit_exceeded", "rate_limited", "ratelimited"}
REFUSED = {
    "as_user_not_supported": "The connection's token is of the wrong kind; use a bot token.",
    "cannot_reply_to_message": "The thread cannot be replied to.",
    "cant_update_message": "The message is not ours to change.",
    "channel_is_archived": "The channel is archived; choose another one in the mapping.",
    "channel_not_found": "The channel does not exist or is hidden from the bot; invite it or correct the mapping.",
    "edit_window_closed": "The workspace no longer lets this message be changed.",
    "invalid_arg_name": "The mapping sends a field that Slack does not know.",
    "invalid_arguments": "The mapping sends a field in a form that Slack does not take.",
    "invalid_blocks": "The mapping makes blocks that Slack does not take.",
    "invalid_blocks_format": "The mapping makes blocks that Slack does not take.",
    "invalid_metadata_format": "Slack does not take our metadata.",
    "invalid_metadata_schema": "Slack does not take our metadata.",
    "is_archived": "The channel is archived; choose another one in the mapping.",
    "message_not_found": "A person deleted the message; it stays deleted.",
    "metadata_must_be_sent_from_app": "The connection's token is of the wrong kind; use a bot token.",
    "metadata_too_large": "Slack does not take our metadata.",
    "msg_blocks_too_long": "The message is too long for Slack; shorten it in the mapping.",
    "msg_too_long": "The message is too long for Slack; shorten it in the mapping.",
    "no_text": "The mapping makes a message without text.",
    "not_in_channel": "The bot is not in the channel; invite it.",
    "restricted_action": "The workspace does not let the bot post there.",
    "restricted_action_non_threadable_channel": "The channel does not take replies.",
    "restricted_action_read_only_channel": "The channel is read-only for the bot.",
    "restricted_action_thread_locked": "The thread is locked.",
    "restricted_action_thread_only_channel": "The channel takes replies only.",
    "thread_not_found": "The message to reply to is gone.",
    "too_many_attachments": "The message is too long for Slack; shorten it in the mapping.",
}
CLOSED = {
    "channel_is_archived", "channel_not_found", "is_archived", "not_in_channel", "restricted_action",
    "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
}  # fmt: skip
SPOILT = {  # may be the fault of one line: the others are posted without it
    "invalid_arguments", "invalid_blocks", "invalid_blocks_format", "invalid_metadata_format",
    "invalid_metadata_schema", "metadata_too_large", "msg_blocks_too_long", "msg_too_long", "no_text",
}  # fmt: skip
WORD = re.compile(r"[a-z_]{2,60}")


def raise_for_all(status: int, answer: Any, headers: Mapping[str, str], now: datetime) -> None:
    """Raise what concerns every delivery: no access, too fast, or a Slack that is down."""
    word = word_of(answer)
    if status == 429 or word in WAIT:
        raise RateLimited("Slack asked us to wait.", retry_after=retry_after_of(headers, now))
    if word in DENIED:
        needs = f", scope {answer['needed']}" if word == "missing_scope" and is_scope(answer.get("needed")) else ""
        raise AccessDenied(f"Slack denies us access ({word}{needs}); check the connection's bot token.")
    if status >= 500:
        raise Unavailable(f"Slack answered {status}.")


def receipt_of(
    delivery: Delivery, answer: dict[str, Any], *, line: bool, link: Callable[[str, str], str | None]
) -> Receipt:
    """The receipt for a message, or a line of one, that was posted or changed, or not."""
    channel, ts = answer.get("channel"), answer.get("ts")
    if answer.get("ok") is True and isinstance(channel, str) and isinstance(ts, str):
        return Receipt(
            delivery=delivery.id,
            outcome="updated" if delivery.object_id else "created",
            object_id=f"{channel}/{ts}" + (f"/{delivery.external_id}" if line else ""),
            url=link(channel, ts),
        )
    word = word_of(answer)
    if word in REFUSED:
        return Receipt(delivery=delivery.id, outcome="refused", reason=word, detail=REFUSED[word])
    return Receipt(delivery=delivery.id, outcome="unknown", reason=word or "unreadable_answer")


def link_to(workspace: str | None, channel: str, ts: str) -> str | None:
    """Where a person reads the message, once the workspace's address is known."""
    return f"{workspace.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if workspace else None


def word_of(answer: Any) -> str:
    """Slack's error word, or nothing where there is none that looks like one."""
    word = answer.get("error") if isinstance(answer, dict) else None
    return word if isinstance(word, str) and WORD.fullmatch(word) else ""


def is_scope(text: Any) -> bool:
    """True for the name of a scope, such as `channels:history`."""
    return isinstance(text, str) and re.fullmatch(r"[a-z_.:,]{3,80}", text) is not None

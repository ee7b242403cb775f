"""A report's pictures: files of the workspace that its message shows.

A file that is shared by itself would be a message of its own, with nothing of ours on it by which it could be looked
up. So the pictures are uploaded without a channel, where nobody sees them, and the one message shows them by their
ids: what is there twice after a crash is at most a file that no message names. Slack works on an upload after it has
said yes; until it is done, a message that shows it is refused, and is tried again a moment later.
"""

from collections.abc import Callable, Iterator
from typing import Any

from connectors.slack.answers import word_of
from connectors.slack.workspace import Workspace
from hub.errors import AccessDenied, Unavailable
from hub.kit import get_logger

log = get_logger(__name__)

REMEMBERED_SECONDS = 7 * 86_400.0
PAUSES = (1.0, 2.0, 4.0)  # seconds between the tries of a message whose pictures are not ready
NOT_READY = "invalid_blocks"
NO_SCOPE = "The pictures are missing: the hub's app needs the scope files:write."
NOT_SHOWN = "The pictures are missing: Slack did not take them."

Message = dict[str, Any]


def with_pictures(workspace: Workspace, message: Message, post: Callable[[Message], dict[str, Any]]) -> dict[str, Any]:
    """Post a message with its pictures; where they cannot be shown, without: the figures are not to wait for them."""
    try:
        shown = _shown(workspace, message)
    except AccessDenied:
        return post(_without(message, NO_SCOPE))
    for pause in PAUSES:
        answer = post(shown)
        if word_of(answer) != NOT_READY:
            return answer
        workspace.services.clock.sleep(pause)
    log.error("pictures not shown", destination=workspace.manifest.name, reason=NOT_READY)
    return post(_without(message, NOT_SHOWN))


def _shown(workspace: Workspace, message: Message) -> Message:
    """The message with the ids of files in place of digests."""
    ids = {picture["digest"]: _uploaded(workspace, picture) for picture in message["pictures"]}
    blocks = [_with_id(block, ids) for block in message["blocks"]]
    return {name: value for name, value in message.items() if name != "pictures"} | {"blocks": blocks}


def _with_id(block: Message, ids: dict[str, str]) -> Message:
    file = block.get("slack_file")
    return block | {"slack_file": {"id": ids[file["id"]]}} if file else block


def _uploaded(workspace: Workspace, picture: dict[str, str]) -> str:
    """The id of the file that a picture is in this workspace; uploaded once."""
    known = workspace.known(f"file:{picture['digest']}")
    if known is None:
        content = workspace.services.kept.read(picture["digest"])
        name = f"{picture['name']}.png"
        try:
            answer = workspace.call(
                "files_upload_v2", filename=name, title=picture["name"], content=content, alt_txt=picture["alt"][:1000]
            )
        except Unavailable as lost:  # whatever has become of the file: nobody sees it
            raise Unavailable(str(lost), retry_after=lost.retry_after, sent=False) from None
        files = answer.get("files")
        if not answer.get("ok") or not isinstance(files, list) or not files:
            raise Unavailable(f"Slack took no picture ({word_of(answer) or 'unreadable answer'}).", sent=False)
        known = files[0]["id"]
        workspace.remember(f"file:{picture['digest']}", known, keep_seconds=REMEMBERED_SECONDS)
    return str(known)


def _without(message: Message, why: str) -> Message:
    """The same without pictures, saying why."""
    return {name: value for name, value in message.items() if name != "pictures"} | {
        "blocks": list(_told(message, why))
    }


def _told(message: Message, why: str) -> Iterator[Message]:
    yield from (block for block in message["blocks"] if not block.get("slack_file"))
    yield {"type": "context", "elements": [{"type": "mrkdwn", "text": why}]}

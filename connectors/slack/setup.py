"""What the hub needs in a workspace: an app with its scopes, a token to listen with, and a seat in its channels.

An app is made by a person, from `app.yaml`; here it is looked at live, and what is missing is said with the remedy.
"""

from collections.abc import Iterator, Sequence

from connectors.slack.answers import word_of
from connectors.slack.workspace import Workspace, open_client
from hub.errors import AccessDenied, RecordRefused
from hub.kit import Step

NEEDED = {
    "chat:write": "to post alerts",
    "channels:history": "to look up a message whose answer was lost",
    "channels:read": "to find channels, and who is in them",
    "users:read": "to know whether who presses a button is one of you",
}
OPTIONAL = {
    "files:write": "only for the pictures of reports",
    "groups:read": "only for private channels",
    "groups:history": "only for private channels",
    "usergroups:read": "only where `buttons` in hub.yaml names user groups",
}
INSTALL = "add it under OAuth & Permissions, then install the app again"
APP_TOKEN = (
    "buttons are not heard without one: make an app-level token with the scope connections:write (Basic Information), "
    "switch Socket Mode on, and put the token, xapp-…, into the connection's extra field app_token"
)


def steps(workspace: Workspace, channels: Sequence[str]) -> Iterator[Step]:
    """All that is needed, in the order in which it is made; AccessDenied where the bot token is no good."""
    granted = workspace.scopes()
    yield Step(what="bot token", state="there", detail=f"of {workspace.known('workspace')}")
    for scope, purpose in NEEDED.items():
        there = scope in granted
        detail = purpose if there else f"{purpose}: {INSTALL}"
        yield Step(what=f"scope {scope}", state="there" if there else "by hand", detail=detail)
    for scope, purpose in OPTIONAL.items():
        if scope in granted:
            yield Step(what=f"scope {scope}", state="there", detail=purpose)
    yield _app_token(workspace)
    if "channels:read" in granted:
        for channel in channels:
            yield _channel(workspace, channel)


def _app_token(workspace: Workspace) -> Step:
    """Whether an address to listen at is given; it is not used."""
    from slack_sdk.errors import SlackApiError

    token = workspace.connection.extra.get("app_token")
    if not token:
        return Step(what="app-level token", state="by hand", detail=APP_TOKEN)
    try:
        open_client(workspace.connection, workspace.services, str(token)).apps_connections_open(app_token=str(token))
    except SlackApiError as refused:
        word = word_of(refused.response.data) or "refused"
        return Step(what="app-level token", state="by hand", detail=f"Slack says {word}; {APP_TOKEN}")
    return Step(what="app-level token", state="there", detail="to hear the buttons, by Socket Mode")


def _channel(workspace: Workspace, channel: str) -> Step:
    what, mend = f"channel {channel}", "invite the bot (/invite), or name another one in hub.yaml"
    try:
        answer = workspace.call("conversations_info", channel=workspace.id_of(channel))
    except (RecordRefused, AccessDenied):
        return Step(what=what, state="by hand", detail=f"the bot does not see it: {mend}")
    found = answer.get("channel")
    if not answer.get("ok") or not isinstance(found, dict):
        return Step(what=what, state="by hand", detail=f"the bot does not see it: {mend}")
    if found.get("is_archived"):
        return Step(what=what, state="by hand", detail="it is archived: name another one in hub.yaml")
    if not found.get("is_member"):
        return Step(what=what, state="by hand", detail=f"the bot is not in it: {mend}")
    return Step(what=what, state="there", detail="the bot is in it")

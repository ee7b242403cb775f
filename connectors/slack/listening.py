"""Socket Mode: Slack hands over what people press on a WebSocket that we open, so the hub needs no public address.

What shaped this module:

- An envelope must be acknowledged within three seconds. A press is first kept in the store, then acknowledged, then
  acted upon: what was acknowledged is never lost, and a crash in between leaves it to the next process.
- Slack hands an envelope to any one of an app's connections (there may be ten), and may do so again.
- Slack renews connections every few hours: it says `disconnect`, and slack-sdk's client opens the new one before it
  lets go of the old one. What ends without a word is opened anew by us, with growing pauses.
- A connection that broke off looks alive to the library until four pings in a row were not answered.
- An address that `apps.connections.open` gave serves once.
- The library logs whole envelopes, so its logger is mute.
"""

import logging
from http.client import HTTPException
from threading import Event
from time import monotonic
from typing import Any

import orjson

from connectors.slack.answers import raise_for_all, word_of
from connectors.slack.people import People
from connectors.slack.presses import envelope_of, press_in
from connectors.slack.workspace import Workspace, open_client
from hub.domain.presses import Press
from hub.errors import AccessDenied, HubError, RecordRefused, TransientError
from hub.kit import get_logger
from hub.kit.ears import Ears

log = get_logger(__name__)

LOOK_SECONDS = 0.5  # between two looks at the connection and at what is to be done
AGAIN_SECONDS = 15.0  # after which a press that could not be acted upon is tried again
BEAT_SECONDS = 15.0
PING_SECONDS = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # before a connection is opened anew
CALM_SECONDS = 60.0  # a connection that held for so long is no sign of trouble


class Listener:
    """One listening process; several at once share what comes, and act upon each press once."""

    def __init__(self, workspace: Workspace, app_token: str, ears: Ears, stop: Event) -> None:
        from slack_sdk.socket_mode import SocketModeClient

        self._workspace, self._ears, self._stop = workspace, ears, stop
        self._people = People(workspace)
        self._news = Event()
        self._client = SocketModeClient(
            app_token=app_token,
            web_client=open_client(workspace.connection, workspace.services, app_token),
            logger=logging.Logger("slack_sdk.socket_mode", level=logging.CRITICAL + 1),
            auto_reconnect_enabled=False,  # it would try again without a pause, and never tell
            proxy=workspace.services.proxy,
            concurrency=2,
            ping_interval=PING_SECONDS,
        )
        self._client.message_listeners.append(self.heard)

    def run(self) -> None:
        """Listen until told to stop; AccessDenied where the app-level token is no good."""
        pause, opened_at, beaten_at, looked_at = 0.0, 0.0, 0.0, 0.0
        try:
            while not self._stop.is_set():
                if not self._client.is_connected():
                    pause = 0.0 if opened_at and monotonic() - opened_at > CALM_SECONDS else pause
                    if pause and self._stop.wait(pause):
                        return
                    pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)
                    opened_at = monotonic() if self._connect() else 0.0
                    beaten_at = 0.0
                if monotonic() - beaten_at > BEAT_SECONDS:
                    self._ears.beat(connected=self._client.is_connected())
                    beaten_at = monotonic()
                if self._news.wait(LOOK_SECONDS) or monotonic() - looked_at > AGAIN_SECONDS:
                    self._news.clear()
                    looked_at = monotonic()
                    self._act()
        finally:
            self._close()
            self._ears.beat(connected=False)

    def heard(self, client: Any, message: dict[str, Any], raw: str | None) -> None:
        """Keep what was pressed, then acknowledge it; called by the library, on a thread of its own."""
        envelope = envelope_of(message)
        if envelope is None:
            return
        try:
            press = press_in(message, characters=len(raw or ""))
            if press is not None and self._ears.note(press):
                self._news.set()
        except RecordRefused as refused:
            log.warning("press not acted upon", reason=refused.reason)
        except HubError as trouble:  # not kept, so not acknowledged: Slack tells who pressed that it went wrong
            log.error("press not kept", error=type(trouble).__name__)
            return
        client.send_message(orjson.dumps({"envelope_id": envelope}).decode())

    def _connect(self) -> bool:
        """Open a connection; False where that is worth another try."""
        from slack_sdk.errors import SlackApiError

        try:
            self._client.connect_to_new_endpoint()
        except SlackApiError as refused:
            response, now = refused.response, self._workspace.services.clock.now()
            try:
                raise_for_all(response.status_code, response.data, response.headers, now)
            except AccessDenied:
                word = word_of(response.data) or "denied"
                raise AccessDenied(
                    f"Slack does not let us listen ({word}); put the app-level token, xapp-…, with the scope "
                    "connections:write, into the connection's extra field app_token."
                ) from None
            except TransientError:
                pass
            log.warning("not connected", reason=word_of(response.data) or response.status_code)
        except (OSError, HTTPException, ValueError, AttributeError) as trouble:
            log.warning("not connected", reason=type(trouble).__name__)
        except Exception as trouble:  # noqa: BLE001  the library raises bare ones, such as for a proxy that refuses
            log.warning("not connected", reason=type(trouble).__name__)
        connected: bool = self._client.is_connected()
        return connected

    def _close(self) -> None:
        try:
            self._client.close()
        except (AttributeError, OSError):  # the library's own thread has let go of the connection in between
            self._client.close()

    def _act(self) -> None:
        """Let everything that waits have its effect, in the order in which it came."""
        for press in self._ears.waiting():
            if self._stop.is_set():
                return
            try:
                self._act_on(press)
            except TransientError as trouble:
                log.warning("press waits", reason=type(trouble).__name__)
                return
            except AccessDenied as denied:
                log.error("press not acted upon", reason="access_denied", detail=str(denied))
                self._ears.refuse(press, "access_denied")
                self._answer(
                    press, "The hub's app lacks a permission, so nothing was done: `hub setup slack` says which."
                )

    def _act_on(self, press: Press) -> None:
        try:
            name = self._people.name_of(press, self._ears.may_press())
        except RecordRefused as refused:
            log.warning("press not acted upon", reason=refused.reason)
            self._ears.refuse(press, refused.reason)
            self._answer(press, str(refused))
            return
        said = self._ears.act(press.with_(name=name))
        if said is not None:
            self._answer(press, said)

    def _answer(self, press: Press, text: str) -> None:
        """Say it to who pressed, and to nobody else; an answer that is lost is not said again."""
        for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(char, entity)
        thread = {"thread_ts": press.thread} if press.thread else {}
        try:
            self._workspace.call("chat_postEphemeral", channel=press.channel, user=press.user, text=text, **thread)
        except HubError as trouble:
            log.warning("press not answered", reason=type(trouble).__name__)

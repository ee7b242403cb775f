"""The workspace as we ask it: slack-sdk's client, tried once, within Slack's limits, and what is known of channels.

Slack does not say how much of its limits is left; it publishes them. So many calls a minute are granted to each
method by its tier, and about one message a second to a channel: we keep to both before we are told to wait.
"""

import logging
import re
import ssl
from http.client import HTTPException
from typing import Any

from connectors.slack.answers import link_to, raise_for_all, word_of
from hub.domain import Allowance, Budget, Manifest
from hub.errors import RecordRefused, SetupError, Unavailable
from hub.kit import Connection, Services
from hub.kit.lease import require_lease
from hub.kit.vendor import may_have_been_sent

TIERS = {
    "conversations_list": 20, "conversations_history": 50, "conversations_replies": 50,
    "conversations_info": 50, "chat_update": 50,
    "users_info": 100, "conversations_members": 100, "usergroups_users_list": 20, "chat_postEphemeral": 100,
}  # fmt: skip
USUAL_BUDGET = 200  # calls a minute; who sets another one in the connection has other tiers in proportion
SECONDS_BETWEEN_MESSAGES = 1.0
PAGE_SIZE = 200
DIVERTED_SECONDS = 600.0  # after which a channel that was closed to us is tried again


class Workspace:
    """One workspace and its bot."""

    def __init__(self, manifest: Manifest, connection: Connection, services: Services, *, token: str) -> None:
        self.manifest = manifest
        self.connection = connection
        self.services = services
        self.fallback: str | None = connection.extra.get("fallback_channel") or None
        self._client = open_client(connection, services, token)
        self.granted: tuple[str, ...] = ()  # scopes, as the last answer named them
        self._share = max(1, manifest.budget.requests // USUAL_BUDGET)

    def call(self, method: str, *, pace: str | None = None, **arguments: Any) -> dict[str, Any]:
        """One call through the library; an answer that is about one message is returned, `ok` or not.

        `pace` is the channel that a new message goes to.
        """
        from slack_sdk.errors import SlackApiError, SlackRequestError

        self._wait_for_turn(method, pace)
        require_lease(self.services.clock.now())
        try:
            response = getattr(self._client, method)(**arguments)
            self.granted = tuple(filter(None, re.split(r"[,\s]+", response.headers.get("x-oauth-scopes") or "")))
            answer = response.data
        except SlackApiError as refused:
            response = refused.response
            raise_for_all(response.status_code, response.data, response.headers, self.services.clock.now())
            answer = response.data
        except SlackRequestError:  # an upload that was not taken; its words hold what it was of
            raise Unavailable("Slack did not take a file.", sent=False) from None
        except (OSError, HTTPException) as trouble:
            raise Unavailable(
                f"Slack gave no usable answer ({type(trouble).__name__}).", sent=may_have_been_sent(trouble)
            ) from None
        except (AttributeError, ValueError):  # what the library makes of a body that is no JSON object
            raise Unavailable("Slack's answer cannot be read.") from None
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        """The library keeps no connection open."""

    def check(self) -> None:
        """Prove that the token works, and learn where messages are read; costs one request."""
        answer = self.call("auth_test")
        if not answer.get("ok"):
            raise Unavailable(f"Slack could not be asked who we are ({word_of(answer) or 'unreadable answer'}).")
        self.remember("workspace", answer.get("url"))
        self.remember("team", answer.get("team_id"))

    def scopes(self) -> set[str]:
        """What the bot token may do; costs one request."""
        self.check()
        return set(self.granted)

    def team(self) -> str:
        """The id of this workspace."""
        if self.known("team") is None:
            self.check()
        return str(self.known("team"))

    def link(self, channel: str, ts: str) -> str | None:
        """Where a person reads a message, once the workspace's address is known."""
        return link_to(self.known("workspace"), channel, ts)

    def id_of(self, channel: str) -> str:
        """The id of a channel; names are looked up once and remembered."""
        if not channel.startswith("#"):
            return channel
        known = self.known(channel)
        if known is None:
            known = self._look_up(channel.removeprefix("#"))
            self.remember(channel, known)
        return str(known)

    def divert(self, channel: str, word: str) -> None:
        """For a while, what is meant for this channel goes to the one that was named for such cases."""
        self.remember(f"diverted:{channel}", word, keep_seconds=DIVERTED_SECONDS)
        self.remember(f"was_diverted:{channel}", word)

    def known(self, name: str) -> Any | None:
        """A fact about this workspace that was learnt before."""
        return self.services.memory.get(f"{self.connection.id}:{name}")

    def remember(self, name: str, value: Any, *, keep_seconds: float | None = None) -> None:
        """Keep a fact about this workspace."""
        if value is not None:
            self.services.memory.set(f"{self.connection.id}:{name}", value, keep_seconds=keep_seconds)

    def _wait_for_turn(self, method: str, channel: str | None) -> None:
        budgets, name = self.services.budgets, self.manifest.name
        budgets.acquire(name, self.manifest.budget)
        if method in TIERS:
            budgets.acquire(f"{name}:{method}", Budget(requests=TIERS[method] * self._share, per_minutes=1))
        if channel:
            budgets.acquire(f"{name}:{channel}", Budget(requests=60 * self._share, per_minutes=1))
            gap = SECONDS_BETWEEN_MESSAGES / self._share
            budgets.told(f"{name}:{channel}", Allowance(remaining=1, of=10, seconds=gap))

    def _look_up(self, name: str) -> str:
        cursor = ""
        while True:
            page = {"cursor": cursor} if cursor else {}
            answer = self.call("conversations_list", types="public_channel,private_channel", limit=PAGE_SIZE, **page)
            if not answer.get("ok"):
                raise Unavailable(f"Slack's channels cannot be listed ({word_of(answer) or 'unreadable answer'}).")
            for channel in answer.get("channels", ()):
                if channel.get("name") == name:
                    return str(channel["id"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                raise RecordRefused(
                    f"Slack shows the bot no channel #{name}; invite it or correct mappings/slack.yaml.",
                    reason="channel_not_found",
                )


def open_client(connection: Connection, services: Services, token: str) -> Any:
    """slack-sdk's client, which tries once and logs nothing: its log lines hold whole payloads."""
    from slack_sdk import WebClient

    return WebClient(
        token=token,
        base_url=connection.extra.get("base_url") or WebClient.BASE_URL,
        timeout=int(services.limits.read_seconds),
        proxy=services.proxy,
        ssl=ssl.create_default_context(),  # without one, the machine's authorities are read anew for each call: 26 ms
        retry_handlers=[],
        logger=logging.Logger("slack_sdk", level=logging.CRITICAL + 1),
    )


def parts_of(object_id: str) -> tuple[str, str]:
    """The channel and `ts` of `C0ALERTS/1773301243.651609`, also where a third part names a line of a digest."""
    channel, _, rest = object_id.partition("/")
    ts = rest.partition("/")[0]
    if not ts:
        raise SetupError(f"{object_id!r} is not the id of a Slack message, which is written channel/ts.")
    return channel, ts


def is_line(object_id: str | None) -> bool:
    """Whether an id names a line of a digest."""
    return (object_id or "").count("/") == 2

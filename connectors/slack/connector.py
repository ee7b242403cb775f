"""Slack: alerts as messages, their follow-ups as replies in the alert's thread.

Slack has no idempotency key and remembers nothing of a repeated post. Sending twice is harmless all the same,
because nothing is sent twice on doubt: every message carries our id, version and digest as metadata, and after
an unknown outcome the channel's history (or the thread's replies) since the claim is read first. A change goes
by `chat.update` to (channel, ts), where a repeat does nothing. What else shaped this module:

- slack-sdk's default client repeats after a broken connection, also when the message was posted: its retry
  handlers are off.
- A message's identity is the channel's id and `ts`, which is text: `C0ALERTS/1773301243.651609`.
- History shows a message a little after it was posted: until then its absence proves nothing.
- Looked-up history is bounded by the time of the claim; a history too long to read to its end proves nothing,
  and the delivery stays in doubt.
- A person's words reach Slack only escaped (the mapping does that), without unfurling and without name linking.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, NamedTuple

from connectors.slack.answers import REFUSED, link_to, raise_for_all, receipt_of, word_of
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import RecordRefused, SetupError, Unavailable
from hub.kit import Destination
from hub.kit.vendor import may_have_been_sent, one_by_one

EVENT_TYPE = "hub_delivery"
MESSAGES_PER_SEND = 10
PAGE_SIZE = 200
MOST_PAGES = 10  # of one look-up
CLOCK_SKEW = timedelta(seconds=120)  # between our clock and Slack's
LOOK_BACK = timedelta(days=7)  # for a delivery that was claimed before, we do not know when
QUIET = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


class Place(NamedTuple):
    """Where to look for messages: a channel or one of its threads, and a stretch of time."""

    channel: str
    thread_ts: str | None
    oldest: str
    latest: str | None


class Slack(Destination):
    """Posts messages and replies; see the module for why a repeat does no harm."""

    batch_size = MESSAGES_PER_SEND
    visibility_seconds = 5.0  # how late a posted message may show up in the history

    def open(self) -> Any:
        """slack-sdk's client, which tries once and logs nothing: its log lines hold whole payloads."""
        from slack_sdk import WebClient

        silent = logging.Logger("slack_sdk", level=logging.CRITICAL + 1)
        base_url = self.connection.extra.get("base_url") or WebClient.BASE_URL
        seconds = int(self.services.limits.read_seconds)
        return WebClient(
            token=self.secret("token"),
            base_url=base_url,
            timeout=seconds,
            proxy=self.services.proxy,
            retry_handlers=[],
            logger=silent,
        )

    def check(self) -> None:
        """Prove that the token works; costs one request."""
        answer = self.call("auth_test")
        if not answer.get("ok"):
            raise Unavailable(f"Slack could not be asked who we are ({word_of(answer) or 'unreadable answer'}).")
        self.services.memory.set(self.memory_key("workspace"), answer.get("url"))

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """Our messages among those posted since the claims; where there are two, the older one."""
        workspace = self.services.memory.get(self.memory_key("workspace"))
        for place, wanted in self.places(deliveries).items():
            found: dict[str, FoundRecord] = {}
            for message in self.messages(place):
                payload = payload_of(message)
                external_id = payload.get("external_id")
                if external_id in wanted:
                    earlier = found.get(external_id)
                    object_id = f"{place.channel}/{message['ts']}"
                    if earlier is None or object_id < earlier.object_id:
                        found[external_id] = FoundRecord(
                            external_id=external_id,
                            object_id=object_id,
                            digest=payload.get("digest"),
                            url=link_to(workspace, place.channel, message["ts"]),
                        )
            yield from found.values()

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """Post or change one message after the other and yield one receipt for each, in order."""
        yield from one_by_one(deliveries, self.send_one)

    def send_one(self, delivery: Delivery) -> Receipt:
        """Post a message, reply in a thread, or change what an earlier version posted."""
        if delivery.parent and not delivery.parent_object_id and not delivery.object_id:
            return Receipt(delivery=delivery.id, outcome="parent_missing", reason="no_thread")
        message = {**delivery.body, "metadata": metadata_of(delivery)}
        if delivery.object_id:
            channel, ts = parts_of(delivery.object_id)
            answer = self.call("chat_update", **message | {"channel": channel, "ts": ts, "parse": "none"})
        elif delivery.parent_object_id:
            channel, thread_ts = parts_of(delivery.parent_object_id)
            answer = self.call("chat_postMessage", **message | {"channel": channel, "thread_ts": thread_ts} | QUIET)
        else:
            answer = self.call("chat_postMessage", **message | QUIET)
            if answer.get("ok") and answer.get("channel"):
                self.services.memory.set(self.memory_key(delivery.body["channel"]), answer["channel"])
        return receipt_of(delivery, answer, workspace=self.services.memory.get(self.memory_key("workspace")))

    def places(self, deliveries: Sequence[Delivery]) -> dict[Place, set[str]]:
        """Where each of these is to be looked for; those of one channel or thread share a look-up."""
        since: dict[tuple[str, str | None], datetime] = {}
        wanted: dict[tuple[str, str | None], set[str]] = {}
        places: dict[Place, set[str]] = {}
        for delivery in deliveries:
            thread_ts = parts_of(delivery.parent_object_id)[1] if delivery.parent_object_id else None
            if delivery.object_id:
                channel, ts = parts_of(delivery.object_id)
                places.setdefault(Place(channel, thread_ts, ts, ts), set()).add(delivery.external_id)
            elif not delivery.parent or thread_ts:
                spot = (self.channel_of(delivery), thread_ts)
                since[spot] = min(self.claimed_at(delivery), since.get(spot, self.claimed_at(delivery)))
                wanted.setdefault(spot, set()).add(delivery.external_id)
        for (channel, thread_ts), moment in since.items():
            oldest = f"{(moment - CLOCK_SKEW).timestamp():.6f}"
            places[Place(channel, thread_ts, oldest, None)] = wanted[channel, thread_ts]
        return places

    def messages(self, place: Place) -> Iterator[dict[str, Any]]:
        """All messages of a place; RecordRefused where they cannot be read to the end: other places may well be."""
        method, where = "conversations_history", {"channel": place.channel, "oldest": place.oldest}
        if place.thread_ts:
            method, where = "conversations_replies", where | {"ts": place.thread_ts}
        if place.latest:
            where["latest"] = place.latest
        cursor = ""
        for _ in range(MOST_PAGES):
            page = {"cursor": cursor} if cursor else {}
            answer = self.call(method, **where, **page, inclusive=True, include_all_metadata=True, limit=PAGE_SIZE)
            if not answer.get("ok"):
                if word_of(answer) in ("thread_not_found", "message_not_found"):
                    return  # no thread, so no reply in it
                if word_of(answer) in REFUSED:
                    raise RecordRefused(REFUSED[word_of(answer)], reason=word_of(answer))
                raise Unavailable(f"Slack's history cannot be read ({word_of(answer) or 'unreadable answer'}).")
            yield from answer.get("messages", ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise RecordRefused(
            f"Slack's history holds more than {MOST_PAGES * PAGE_SIZE} messages since the claim; look for it by hand.",
            reason="history_too_long",
        )

    def channel_of(self, delivery: Delivery) -> str:
        """The id of the channel that a delivery goes to; names are looked up once and remembered."""
        if delivery.parent_object_id:
            return parts_of(delivery.parent_object_id)[0]
        channel = str(delivery.body["channel"])
        if not channel.startswith("#"):
            return channel
        known = self.services.memory.get(self.memory_key(channel))
        if known is None:
            known = self.look_up(channel.removeprefix("#"))
            self.services.memory.set(self.memory_key(channel), known)
        return str(known)

    def look_up(self, name: str) -> str:
        """The id of the channel of this name."""
        cursor = ""
        while True:
            page = {"cursor": cursor} if cursor else {}
            answer = self.call("conversations_list", types="public_channel,private_channel", limit=PAGE_SIZE, **page)
            for channel in answer.get("channels", ()):
                if channel.get("name") == name:
                    return str(channel["id"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                raise RecordRefused(
                    f"Slack shows the bot no channel #{name}; invite it or correct mappings/slack.yaml.",
                    reason="channel_not_found",
                )

    def claimed_at(self, delivery: Delivery) -> datetime:
        """The earliest moment at which the message can have been posted: a later claim hides the first one's time."""
        claimed_at = delivery.claimed_at or self.services.clock.now()
        return claimed_at if delivery.claimed_at and delivery.attempt <= 1 else claimed_at - LOOK_BACK

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call through the library; an answer that is about one message is returned, `ok` or not."""
        from slack_sdk.errors import SlackApiError

        self.services.budgets.acquire(self.manifest.name, self.manifest.budget)
        try:
            answer = getattr(self.client, method)(**arguments).data
        except SlackApiError as refused:
            response = refused.response
            raise_for_all(response.status_code, response.data, response.headers, self.services.clock.now())
            answer = response.data
        except (OSError, HTTPException) as trouble:
            raise Unavailable(
                f"Slack gave no usable answer ({type(trouble).__name__}).", sent=may_have_been_sent(trouble)
            ) from None
        except (AttributeError, ValueError):  # what the library makes of a body that is no JSON object
            raise Unavailable("Slack's answer cannot be read.") from None
        return answer if isinstance(answer, dict) else {}

    def memory_key(self, name: str) -> str:
        """Under which a fact about this workspace is remembered."""
        return f"{self.connection.id}:{name}"


def metadata_of(delivery: Delivery) -> dict[str, Any]:
    """What lets us recognise our message in the channel's history."""
    payload = {"external_id": delivery.external_id, "version": delivery.version, "digest": delivery.digest}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def payload_of(message: dict[str, Any]) -> dict[str, Any]:
    """Our metadata on a message, or nothing."""
    metadata = message.get("metadata") or {}
    return (metadata.get("event_payload") or {}) if metadata.get("event_type") == EVENT_TYPE else {}


def parts_of(object_id: str) -> tuple[str, str]:
    """The channel and `ts` of `C0ALERTS/1773301243.651609`."""
    channel, _, ts = object_id.partition("/")
    if not ts:
        raise SetupError(f"{object_id!r} is not the id of a Slack message, which is written channel/ts.")
    return channel, ts

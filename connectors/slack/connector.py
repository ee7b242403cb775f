"""Slack: alerts as messages, their follow-ups as replies in the alert's thread, many at once as a digest.

Slack has no idempotency key and remembers nothing of a repeated post. Sending twice is harmless all the same,
because nothing is sent twice on doubt: every message carries our ids, versions and digests as metadata, and after
an unknown outcome the channel's history (or the thread's replies) since the claim is read first. A change goes
by `chat.update` to (channel, ts), where a repeat does nothing. What else shaped this module:

- slack-sdk's default client repeats after a broken connection, also when the message was posted: its retry
  handlers are off.
- A message's identity is the channel's id and `ts`, which is text: `C0ALERTS/1773301243.651609`. A line of a digest
  has our id as its third part.
- A channel takes about one message a second, and people take fewer: what waits for one channel or thread beyond a
  few, or comes faster than so many a minute, goes as one digest for each window of a minute.
- History shows a message a little after it was posted: until then its absence proves nothing.
- Looked-up history is bounded by the time of the claim; a history too long to read to its end proves nothing,
  and the delivery stays in doubt.
- A report is one message that shows pictures; how they come there without a message of their own: `pictures`.
- A person's words reach Slack only escaped (the mapping does that), without unfurling and without name linking.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from threading import Event
from typing import Any

from connectors.slack.answers import CLOSED, REFUSED, SPOILT, receipt_of, word_of
from connectors.slack.digest import digest_of, with_line
from connectors.slack.folding import Folding, Parcel
from connectors.slack.history import History
from connectors.slack.listening import Listener
from connectors.slack.marks import mark_of
from connectors.slack.pictures import with_pictures
from connectors.slack.setup import steps
from connectors.slack.workspace import Workspace, is_line, parts_of
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import AccessDenied, HubError, TransientError, Unavailable
from hub.kit import Destination, Step, get_logger
from hub.kit.ears import Ears
from hub.kit.vendor import NO_ANSWER, deferred

log = get_logger(__name__)

MESSAGES_PER_SEND = 10
MOST_AT_ONCE = 200  # deliveries in one call of ours, most of them in digests
QUIET = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


class Slack(Destination):
    """Posts messages, replies and digests; see the module for why a repeat does no harm."""

    batch_size = MESSAGES_PER_SEND
    visibility_seconds = 5.0  # how late a posted message may show up in the history

    def open(self) -> Workspace:
        """The workspace behind the connection."""
        return Workspace(self.manifest, self.connection, self.services, token=self.secret("token"))

    @property
    def workspace(self) -> Workspace:
        """The open workspace."""
        workspace: Workspace = self.client
        return workspace

    @cached_property
    def history(self) -> History:
        """What was posted."""
        return History(self.workspace)

    @cached_property
    def folding(self) -> Folding:
        """What goes by itself, what together, and what waits for the next window."""
        return Folding(self.workspace)

    def check(self) -> None:
        """Prove that the token works; costs one request."""
        self.workspace.check()

    def prepare(self, *, apply: bool) -> Iterator[Step]:
        """Look at scopes, tokens and channels; all of it is made by hand, in Slack."""
        yield from steps(self.workspace, self.addresses)

    def listen(self, ears: Ears, stop: Event) -> None:
        """Hear the buttons by Socket Mode, with the app-level token in the connection's extra."""
        Listener(self.workspace, self.connection.secret("app_token"), ears, stop).run()

    def plan(self, object: str, waiting: int) -> int:
        """As many as one call may fold, once more wait than people want to read one by one."""
        return min(waiting, MOST_AT_ONCE) if waiting > self.folding.most_singly else MESSAGES_PER_SEND

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """Our messages among those posted since the claims; where there are two, the older one."""
        return self.history.find(deliveries)

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """Post or change one message after the other; one receipt for each delivery, in order."""
        receipts: dict[int, Receipt] = {}
        trouble: HubError | None = None
        for parcel in self.folding.parcels(deliveries):
            try:
                for receipt in self.send_parcel(parcel):  # one by one: trouble must not take back what was answered
                    receipts[receipt.delivery] = receipt
            except (TransientError, AccessDenied) as stop:  # the rest is not tried
                trouble = stop
                if isinstance(stop, Unavailable) and stop.sent:
                    receipts |= {one.id: unknown(one, stop) for one in parcel.deliveries if one.id not in receipts}
                elif not receipts:
                    raise
                break
        for delivery in deliveries:
            yield receipts.get(delivery.id) or deferred(delivery, trouble or Unavailable("Not tried.", sent=False))

    def send_parcel(self, parcel: Parcel) -> Iterator[Receipt]:
        """One call, or none where these wait for their parent or for the next window."""
        first = parcel.deliveries[0]
        if parcel.wait_seconds:
            for one in parcel.deliveries:
                yield Receipt(delivery=one.id, outcome="deferred", reason="folding", retry_after=parcel.wait_seconds)
        elif first.object_id:
            yield self.change(first)
        elif first.parent and not first.parent_object_id:
            yield Receipt(delivery=first.id, outcome="parent_missing", reason="no_thread")
        elif len(parcel.deliveries) == 1:
            message = {**first.body, "metadata": mark_of(first)}
            if "pictures" in message:
                yield self.told(first, with_pictures(self.workspace, message, lambda shown: self.post(parcel, shown)))
            else:
                yield self.told(first, self.post(parcel, message))
        else:
            yield from self.send_digest(parcel)

    def send_digest(self, parcel: Parcel) -> Iterator[Receipt]:
        """One message for all of these; where one of its lines may have spoilt it, each half by itself."""
        answer = self.post(parcel, digest_of(parcel.deliveries))
        if word_of(answer) in SPOILT:
            half = len(parcel.deliveries) // 2
            yield from self.send_parcel(replace(parcel, deliveries=parcel.deliveries[:half]))
            yield from self.send_parcel(replace(parcel, deliveries=parcel.deliveries[half:]))
            return
        for one in parcel.deliveries:
            yield self.told(one, answer, line=True)

    def post(self, parcel: Parcel, message: dict[str, Any]) -> dict[str, Any]:
        """A new message or reply; where its channel is closed to us, a message in the one named for such cases."""
        message = {name: value for name, value in message.items() if name != "line"} | QUIET
        if parcel.thread:
            channel, thread_ts = parts_of(parcel.thread)
            return self.workspace.call(
                "chat_postMessage", pace=channel, **message | {"channel": channel, "thread_ts": thread_ts}
            )
        channel, fallback = str(message["channel"]), self.workspace.fallback
        diverted = self.workspace.known(f"diverted:{channel}") if fallback else None
        if not diverted:
            answer = self.workspace.call("chat_postMessage", pace=channel, **message)
            if answer.get("ok") and answer.get("channel"):
                self.workspace.remember(channel, answer["channel"])
            diverted = word_of(answer)
            if diverted not in CLOSED or not fallback or fallback == channel:
                return answer
            log.error(
                "channel closed", destination=self.manifest.name, channel=channel, reason=diverted, instead=fallback
            )
            self.workspace.divert(channel, diverted)
        note = (
            f"(For {channel}: {REFUSED[str(diverted)]})".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        )
        return self.workspace.call("chat_postMessage", pace=fallback, **with_note(message, note, channel=str(fallback)))

    def change(self, delivery: Delivery) -> Receipt:
        """Other words for what an earlier version posted: a message, or a line of a digest."""
        channel, ts = parts_of(delivery.object_id or "")
        message: dict[str, Any] | None = {**delivery.body, "metadata": mark_of(delivery)}
        if is_line(delivery.object_id):
            digest = self.history.message(delivery)
            message = with_line(digest, delivery) if digest else None
        if message is None:
            return self.told(delivery, {"ok": False, "error": "message_not_found"})
        message = {name: value for name, value in message.items() if name != "line"}

        def update(words: dict[str, Any]) -> dict[str, Any]:
            return self.workspace.call("chat_update", **words | {"channel": channel, "ts": ts, "parse": "none"})

        answer = with_pictures(self.workspace, message, update) if "pictures" in message else update(message)
        return self.told(delivery, answer, line=is_line(delivery.object_id))

    def told(self, delivery: Delivery, answer: dict[str, Any], *, line: bool = False) -> Receipt:
        """What an answer says of one delivery."""
        return receipt_of(delivery, answer, line=line, link=self.workspace.link)


def unknown(delivery: Delivery, lost: HubError) -> Receipt:
    """The answer to the call that carried it was lost."""
    return Receipt(delivery=delivery.id, outcome="unknown", reason=NO_ANSWER, detail=str(lost))


def with_note(message: dict[str, Any], note: str, *, channel: str) -> dict[str, Any]:
    """The same message for another channel, saying where it was meant to go."""
    block = {"type": "context", "elements": [{"type": "mrkdwn", "text": note}]}
    blocks = message.get("blocks")
    more = {"blocks": [*blocks[:49], block]} if blocks else {"text": f"{message.get('text', '')} {note}"}
    return message | more | {"channel": channel}

"""Looking for our messages in a channel's history or a thread's replies, as far as a look-up may go."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.slack.answers import REFUSED, word_of
from connectors.slack.marks import marks_in
from connectors.slack.workspace import PAGE_SIZE, Workspace, parts_of
from hub.domain import Delivery, FoundRecord
from hub.errors import RecordRefused, Unavailable

MOST_PAGES = 10  # of one look-up
CLOCK_SKEW = timedelta(seconds=120)  # between our clock and Slack's
LOOK_BACK = timedelta(days=7)  # for a delivery that was claimed before, we do not know when
NO_THREAD = ("thread_not_found", "message_not_found")

Message = dict[str, Any]


class Place(NamedTuple):
    """Where to look for messages: a channel or one of its threads, and a stretch of time."""

    channel: str
    thread_ts: str | None
    oldest: str
    latest: str | None


class History:
    """What was posted, as far as Slack tells it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """Our messages among those posted since the claims; where there are two, the older one."""
        found: dict[str, FoundRecord] = {}
        for place, wanted in self.places(deliveries).items():
            for message in self.messages(place):
                for external_id, digest, is_line in marks_in(message):
                    if external_id in wanted:
                        object_id = f"{place.channel}/{message['ts']}" + (f"/{external_id}" if is_line else "")
                        record = FoundRecord(
                            external_id=external_id,
                            object_id=object_id,
                            digest=digest,
                            url=self._workspace.link(place.channel, message["ts"]),
                        )
                        earlier = found.setdefault(external_id, record)
                        if parts_of(object_id)[1] < parts_of(earlier.object_id)[1]:
                            found[external_id] = record
        yield from found.values()

    def message(self, delivery: Delivery) -> Message | None:
        """The message that a delivery's object is, or is a line of."""
        channel, ts = parts_of(delivery.object_id or "")
        place = Place(channel, self._thread_of(delivery), ts, ts)
        return next((message for message in self.messages(place) if message.get("ts") == ts), None)

    def places(self, deliveries: Sequence[Delivery]) -> dict[Place, set[str]]:
        """Where each of these is to be looked for; those of one channel or thread share a look-up."""
        since: dict[tuple[str, str | None], datetime] = {}
        wanted: dict[tuple[str, str | None], set[str]] = {}
        places: dict[Place, set[str]] = {}
        for delivery in deliveries:
            thread_ts = self._thread_of(delivery)
            if delivery.object_id:
                channel, ts = parts_of(delivery.object_id)
                places.setdefault(Place(channel, thread_ts, ts, ts), set()).add(delivery.external_id)
            elif not delivery.parent or thread_ts:
                for spot in self._spots(delivery, thread_ts):
                    since[spot] = min(self._claimed_at(delivery), since.get(spot, self._claimed_at(delivery)))
                    wanted.setdefault(spot, set()).add(delivery.external_id)
        for (channel, thread_ts), moment in since.items():
            oldest = f"{(moment - CLOCK_SKEW).timestamp():.6f}"
            places[Place(channel, thread_ts, oldest, None)] = wanted[channel, thread_ts]
        return places

    def messages(self, place: Place) -> Iterator[Message]:
        """All messages of a place; RecordRefused where they cannot be read to the end: other places may well be."""
        method, where = "conversations_history", {"channel": place.channel, "oldest": place.oldest}
        if place.thread_ts:
            method, where = "conversations_replies", where | {"ts": place.thread_ts}
        if place.latest:
            where["latest"] = place.latest
        cursor = ""
        for _ in range(MOST_PAGES):
            page = {"cursor": cursor} if cursor else {}
            answer = self._workspace.call(
                method, **where, **page, inclusive=True, include_all_metadata=True, limit=PAGE_SIZE
            )
            if not answer.get("ok"):
                if word_of(answer) in NO_THREAD:
                    return  # no thread, so no reply in it
                if word_of(answer) in REFUSED:
                    raise RecordRefused(REFUSED[word_of(answer)], reason=word_of(answer))
                raise Unavailable(f"Slack's history cannot be read ({word_of(answer) or 'unreadable answer'}).")
            messages = answer.get("messages")
            if not isinstance(messages, list):  # that is not the same as none
                raise Unavailable("Slack's history cannot be read (it names no messages).")
            yield from messages
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise RecordRefused(
            f"Slack's history holds more than {MOST_PAGES * PAGE_SIZE} messages since the claim; look for it by hand.",
            reason="history_too_long",
        )

    def _spots(self, delivery: Delivery, thread_ts: str | None) -> Iterator[tuple[str, str | None]]:
        """The channel or thread that it was meant for, and the channel that it may have been diverted to."""
        workspace = self._workspace
        if thread_ts:
            yield parts_of(delivery.parent_object_id or "")[0], thread_ts
            return
        channel = str(delivery.body["channel"])
        diverted = workspace.fallback and workspace.known(f"was_diverted:{channel}")
        if diverted:
            yield workspace.id_of(str(workspace.fallback)), None
        if not diverted or not workspace.known(f"diverted:{channel}"):
            yield workspace.id_of(channel), None

    def _thread_of(self, delivery: Delivery) -> str | None:
        return parts_of(delivery.parent_object_id)[1] if delivery.parent_object_id else None

    def _claimed_at(self, delivery: Delivery) -> datetime:
        """The earliest moment at which the message can have been posted: a later claim hides the first one's time."""
        claimed_at = delivery.claimed_at or self._workspace.services.clock.now()
        return claimed_at if delivery.claimed_at and delivery.attempt <= 1 else claimed_at - LOOK_BACK

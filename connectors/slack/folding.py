"""What goes by itself and what together, so that a channel is read.

A few messages that wait for one channel, or replies for one thread, go one by one. More of them are one digest. And a
channel that has had so many messages in this minute gets no single ones before the next: what comes meanwhile is then
one digest. Replies ring nobody's bell, so they do not count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.slack.digest import digests
from connectors.slack.workspace import USUAL_BUDGET, Workspace
from hub.domain import Delivery

MOST_SINGLY = 5  # that wait for one channel or thread at the same time
MESSAGES_A_MINUTE = 10  # for one channel, digests counted as one
WINDOW_SECONDS = 60
REPORT = "report"  # the object that is a message with pictures, never a line of a digest


@dataclass(frozen=True)
class Parcel:
    """What one call carries; with `wait_seconds`, no call yet."""

    deliveries: list[Delivery]
    thread: str | None = None  # the message below which it goes
    wait_seconds: float = 0.0


class Folding:
    """Decides by what waits and by what a channel has had."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        extra = workspace.connection.extra
        self.most_singly = int(extra.get("most_singly") or MOST_SINGLY)
        share = max(1, workspace.manifest.budget.requests // USUAL_BUDGET)
        self._a_minute = int(extra.get("messages_a_minute") or MESSAGES_A_MINUTE) * share

    def parcels(self, deliveries: Sequence[Delivery]) -> Iterator[Parcel]:
        """These, in the order of the first of each parcel."""
        together: dict[tuple[str, str | None], list[Delivery]] = {}
        for delivery in deliveries:
            if self._is_new(delivery):
                together.setdefault(self._spot(delivery), []).append(delivery)
        done: set[tuple[str, str | None]] = set()
        for delivery in deliveries:
            spot = self._spot(delivery)
            if not self._is_new(delivery):
                yield Parcel([delivery])
            elif spot not in done:
                done.add(spot)
                yield from self._of_one_spot(together[spot], *spot)

    def _of_one_spot(self, deliveries: list[Delivery], channel: str, thread: str | None) -> Iterator[Parcel]:
        whole = deliveries[0].object == REPORT  # it has no line that could stand for it
        singly = whole or (len(deliveries) <= self.most_singly and not self._was_busy(channel))
        for parcel in [[one] for one in deliveries] if singly else digests(deliveries):
            yield Parcel(parcel, thread, 0.0 if thread else self._wait(channel, singly=singly))

    def _wait(self, channel: str, *, singly: bool) -> float:
        """Seconds until the channel may have another message; counts this one if it may have it now."""
        now = self._workspace.services.clock.now().timestamp()
        window = int(now // WINDOW_SECONDS)
        seen = self._seen(channel)
        had = seen[1] if seen[0] == window else 0
        if singly and had >= self._a_minute:
            self._workspace.remember(f"window:{channel}", [window, had, True], keep_seconds=2 * WINDOW_SECONDS)
            return (window + 1) * WINDOW_SECONDS - now + 0.1
        self._workspace.remember(f"window:{channel}", [window, had + 1, False], keep_seconds=2 * WINDOW_SECONDS)
        return 0.0

    def _was_busy(self, channel: str) -> bool:
        """Whether something had to wait for this window: what has gathered since goes as one digest."""
        window = int(self._workspace.services.clock.now().timestamp() // WINDOW_SECONDS)
        seen = self._seen(channel)
        return bool(seen[2]) and seen[0] == window - 1

    def _seen(self, channel: str) -> tuple[int, int, bool]:
        window, had, waited = self._workspace.known(f"window:{channel}") or (0, 0, False)
        return int(window), int(had), bool(waited)

    def _is_new(self, delivery: Delivery) -> bool:
        return not delivery.object_id and (not delivery.parent or bool(delivery.parent_object_id))

    def _spot(self, delivery: Delivery) -> tuple[str, str | None]:
        return str(delivery.body.get("channel")), delivery.parent_object_id

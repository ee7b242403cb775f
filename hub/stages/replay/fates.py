"""What came, or would come, of one item, and of all of them."""

from dataclasses import dataclass
from typing import Any, Literal

from hub.domain import Handoff, Model, Post, Signal
from hub.store import OutboxRow, View

End = Literal["handed_off", "set_aside", "known", "skipped", "gone", "sent", "outdated", "unsayable", "stays"]


class Planned(Model, omit_defaults=False):
    """One object that is to be sent, with the body that would be sent."""

    destination: str
    object: str
    external_id: str
    version: int
    mapping: str
    digest: str
    body: dict[str, Any]
    again: bool = False  # the same body once more

    @classmethod
    def of(cls, row: OutboxRow, view: View, *, again: bool = False) -> "Planned":
        """A row of the outbox as it waits."""
        names = ("destination", "object", "external_id", "version", "mapping", "digest")
        return cls(body=view.outbox.body(row.id) or {}, again=again, **{name: getattr(row, name) for name in names})


class Fate(Model, omit_defaults=False):
    """What comes of one item.

    handed_off, set_aside (`reason` says why), known, skipped: a record became a post, or need not
    sent: a delivery goes once more, or what of a post was missing goes
    gone, outdated: there is nothing to send any more; a newer version of the object has taken its place
    unsayable: the record became a post, of whose work a destination's mapping cannot say all
    stays: it still cannot go on, for `reason`
    """

    item: int
    end: End
    reason: str = ""
    detail: str = ""  # one sentence
    post: Post | None = None
    signal: Signal | None = None
    handoffs: tuple[Handoff, ...] = ()
    deliveries: tuple[Planned, ...] = ()

    @property
    def released(self) -> bool:
        """Whether it leaves quarantine."""
        return self.end != "stays"


@dataclass
class Replayed:
    """What came of the items, in numbers."""

    items: int = 0
    released: int = 0
    still: int = 0
    deliveries: int = 0

    def count(self, fate: Fate) -> None:
        """Count one item."""
        self.released += fate.released
        self.still += not fate.released
        self.deliveries += len(fate.deliveries)


def summary(done: Replayed) -> dict[str, int]:
    """The counts, for people and programs."""
    return {
        "items": done.items,
        "released": done.released,
        "still quarantined": done.still,
        "deliveries": done.deliveries,
    }

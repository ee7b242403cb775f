"""What came of triage; a run that has nothing to judge says so without the judges, whose imports cost it much."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.stages.admit import Admitted


@dataclass
class Triaged:
    """What one run decided, counted in posts and handoffs."""

    batches: int = 0
    new: int = 0
    known: int = 0
    skipped: int = 0
    quarantined: int = 0
    handed_off: int = 0
    handoffs: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)

    def add(self, admitted: "Admitted", *, known: int, skipped: int, quarantined: int) -> None:
        """Count one batch, of which so many records are in quarantine."""
        self.batches += 1
        self.known += known
        self.skipped += skipped
        self.quarantined += quarantined + len(admitted.quarantined)
        self.new += len(admitted.routed) - admitted.promoted + quarantined
        for one in admitted.routed:
            if one.set_aside:
                self.set_aside[one.set_aside] = self.set_aside.get(one.set_aside, 0) + 1
            elif one.post.key not in admitted.quarantined:
                self.handed_off += 1
        for handoff in admitted.handoffs:
            self.handoffs[handoff.kind] = self.handoffs.get(handoff.kind, 0) + 1

    def damaged(self, records: int) -> None:
        """Count a batch whose file cannot be read: its records are in quarantine until it lands again."""
        self.batches += 1
        self.new += records
        self.quarantined += records

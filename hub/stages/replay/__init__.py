"""Replay: what went into quarantine, what a person can do about it, and the way back to the stage it left.

    choose ─▶ foresee (nothing stays) ─▶ repair, discard (audited) ─▶ run: back to the stage it left

A record is mapped, checked and classified again, as it came or as a person repaired it. A post on which a rule could
not decide is routed again, one whose work a mapping could not say is rendered again, and what was missing is sent. A
delivery is rendered again and sent as a new version if its body changed, or tried again as it is. What still cannot go
on stays in quarantine with one more try counted. Replaying everything when nothing has changed writes nothing at any
destination.
"""

from hub.stages.replay.fates import Fate, Planned, Replayed, summary
from hub.stages.replay.handling import choose, discard, kept, overdue, reopen, repair, repaired
from hub.stages.replay.remedies import remedy_of
from hub.stages.replay.running import foresee, run
from hub.stages.replay.whence import Whence, place_of, shown, whence

__all__ = [
    "Fate", "Planned", "Replayed", "Whence", "choose", "discard", "foresee", "kept", "overdue", "place_of", "remedy_of",
    "reopen", "repair", "repaired", "run", "shown", "summary", "whence",
]  # fmt: skip

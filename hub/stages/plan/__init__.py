"""Plan and apply: what a changed rule, mapping or classifier would do over archived posts, before anything is sent.

    judge every post of a period once more ─▶ compare with what was handed off and sent ─▶ differences
                                                                    │
                              written down: scope, versions, digest ▼
    apply: the same again, digest for digest ─▶ handoffs, intents, standings, in one transaction ─▶ outbox

A plan writes nothing. It compares with what really was handed off, and with the bodies that destinations were last
sent; it does not work out what the old rules would have said. Work that today's rules would not make is shown and left
alone: somebody may be at it.
"""

from hub.stages.plan.applying import apply, check
from hub.stages.plan.changes import KINDS, Change, Counts, FieldChange, Plan, Scope, Sent, Tally, What, Work, plan_of
from hub.stages.plan.judging import Judge
from hub.stages.plan.rereading import Rereader

__all__ = [
    "KINDS", "Change", "Counts", "FieldChange", "Judge", "Plan", "Rereader", "Scope", "Sent", "Tally", "What", "Work",
    "apply", "check", "plan_of",
]  # fmt: skip

"""The nouns: frozen models that every other room speaks in."""

from hub.domain.figures import Comparison, Definition, Dimension, Figure, Part, Scope, Step, Unit
from hub.domain.handoffs import (
    JOB_RUNNING,
    Authority,
    Delivery,
    FoundRecord,
    Handoff,
    HandoffKind,
    Outcome,
    Provenance,
    Receipt,
)
from hub.domain.history import Earlier, History, OtherAccount
from hub.domain.keys import external_id, make_key, scope_of
from hub.domain.leads import Ending, LeadScore, Reason
from hub.domain.manifest import (
    Allowance,
    Budget,
    Endpoint,
    Expectations,
    Manifest,
    Policy,
    Prices,
    Remedy,
    Reread,
    read_manifest,
)
from hub.domain.mapped import MappedField, MappedObject
from hub.domain.model import Model, Moment
from hub.domain.posts import Author, Engagement, Measurement, Media, Post, Reference
from hub.domain.profiles import Profile, Trend
from hub.domain.signals import INTENTS, Intent, Sentiment, Signal
from hub.domain.watches import CONTEXT_KINDS, Batch, Cursor, Watch, kind_of

__all__ = [
    "CONTEXT_KINDS", "INTENTS", "JOB_RUNNING", "Allowance", "Author", "Authority", "Batch", "Budget", "Comparison",
    "Cursor", "Definition", "Delivery", "Dimension", "Earlier", "Ending", "Endpoint", "Engagement", "Expectations",
    "Figure", "FoundRecord", "Handoff", "HandoffKind", "History", "Intent", "LeadScore", "Manifest", "MappedField",
    "MappedObject", "Measurement", "Media", "Model", "Moment", "OtherAccount", "Outcome", "Part", "Policy", "Post",
    "Prices", "Profile", "Provenance", "Reason", "Receipt", "Reference", "Remedy", "Reread", "Scope", "Sentiment",
    "Signal", "Step", "Trend", "Unit", "Watch", "external_id", "kind_of", "make_key", "read_manifest", "scope_of",
]  # fmt: skip

"""The nouns: frozen models that every other room speaks in."""

from hub.domain.handoffs import (
    JOB_RUNNING,
    Delivery,
    FoundRecord,
    Handoff,
    HandoffKind,
    Outcome,
    Provenance,
    Receipt,
)
from hub.domain.keys import external_id, make_key
from hub.domain.manifest import Allowance, Budget, Expectations, Manifest, Policy, read_manifest
from hub.domain.model import Model, Moment
from hub.domain.posts import Author, Engagement, Media, Post
from hub.domain.signals import INTENTS, Intent, Sentiment, Signal
from hub.domain.watches import Batch, Cursor, Watch

__all__ = [
    "INTENTS", "JOB_RUNNING", "Allowance", "Author", "Batch", "Budget", "Cursor", "Delivery", "Engagement",
    "Expectations", "FoundRecord", "Handoff", "HandoffKind", "Intent", "Manifest", "Media", "Model", "Moment",
    "Outcome", "Policy", "Post", "Provenance", "Receipt", "Sentiment", "Signal", "Watch", "external_id", "make_key",
    "read_manifest",
]  # fmt: skip

"""The tables, grouped as our words are. The migrations say the same step by step; a test holds the two together.

Which rows a partial index covers stands only in the migrations: said here for PostgreSQL, it would make every process
load that database's dialect.
"""

from hub.store.tables.around import audit, budget_uses, expectations, export_marks, memory, reports, runs, sums, tokens
from hub.store.tables.coming_in import (
    authors,
    batches,
    edits,
    engagement,
    measurements,
    observed,
    posts,
    quota_stops,
    repeats,
    tombstones,
    watches,
)
from hub.store.tables.deciding import (
    alarms,
    quarantine,
    replaced_signals,
    rollups,
    signals,
    talk,
    themes,
)
from hub.store.tables.going_out import circuits, handoffs, incidents, outbox, presses
from hub.store.tables.learning import corrections, models
from hub.store.tables.measuring import arrivals, forecasts, latencies, latency_days
from hub.store.tables.people import author_names, lead_outcomes, lead_scores, standings, ties

__all__ = [
    "alarms", "arrivals", "audit", "author_names", "authors", "batches", "budget_uses", "circuits", "corrections",
    "edits", "engagement", "expectations", "export_marks", "forecasts", "handoffs", "incidents", "latencies",
    "latency_days", "lead_outcomes", "lead_scores", "measurements", "memory", "models", "observed", "outbox", "posts",
    "presses", "quarantine", "quota_stops", "repeats", "replaced_signals", "reports", "rollups", "runs", "signals",
    "standings", "sums", "talk", "themes", "ties", "tokens", "tombstones", "watches",
]  # fmt: skip

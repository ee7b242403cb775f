"""What is heard: how much is said, how it is meant, whose voice it is."""

from hub.measure.counted import Cell, Counted, Kpi, count, ratio
from hub.store.rollups import Rollup


def mentions(cell: Cell) -> Counted:
    """Posts about the subject."""
    return count(sum(row.posts for row in _said(cell)))


def net_sentiment(cell: Cell) -> Counted:
    """Good less bad, of all."""
    said = _said(cell)
    good = sum(row.posts for row in said if row.sentiment == "positive")
    bad = sum(row.posts for row in said if row.sentiment == "negative")
    return ratio(good - bad, sum(row.posts for row in said), times=100, missing="Nothing was said.")


def _said(cell: Cell) -> list[Rollup]:
    asked, whole = cell.question, cell.question.scope
    rows = asked.once("rollups", lambda: asked.view.rollups.between(whole.since, whole.until))
    subject, network = cell.only("subject"), cell.only("network")
    return [
        row
        for row in rows
        if cell.since <= row.hour < cell.until and row.relevant and row.subject and row.intent != "spam"
        and subject in (None, row.subject) and network in (None, row.network)
    ]  # fmt: skip


KPIS: dict[str, Kpi] = {"mentions": mentions, "net_sentiment": net_sentiment}

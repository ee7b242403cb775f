"""What is heard: how much is said, how it is meant, whose voice it is."""

from hub.domain import Scope
from hub.domain.config import Config
from hub.measure.counted import Counted, Kpi, count, ratio
from hub.store import View
from hub.store.rollups import Rollup


def mentions(view: View, config: Config, scope: Scope) -> Counted:
    """Posts about the subject."""
    return count(sum(row.posts for row in _said(view, scope)))


def net_sentiment(view: View, config: Config, scope: Scope) -> Counted:
    """Good less bad, of all."""
    said = _said(view, scope)
    good = sum(row.posts for row in said if row.sentiment == "positive")
    bad = sum(row.posts for row in said if row.sentiment == "negative")
    return ratio(good - bad, sum(row.posts for row in said), times=100, missing="Nothing was said.")


def _said(view: View, scope: Scope) -> list[Rollup]:
    rows = view.rollups.between(scope.since, scope.until, network=scope.network, subject=scope.subject)
    return [row for row in rows if row.relevant and row.subject and row.intent != "spam"]


KPIS: dict[str, Kpi] = {"mentions": mentions, "net_sentiment": net_sentiment}

"""The export with what it needs of an opened hub: where it stands, and which networks' terms allow it."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import connectors
from hub.wiring.opening import Hub

if TYPE_CHECKING:
    from hub.stages.export import Done

ANALYSIS = "analysis"  # the purpose that a network's policy must name


def export(
    hub: Hub, *, full: bool = False, since: date | None = None, actor: str, say: Callable[[str], None] = lambda _: None
) -> "Done":
    """Bring what analysts read up to date; of networks that do not allow it, only figures."""
    from hub.stages.export import Export, Rules, Shelf

    allowed = (each.name for each in connectors.manifests(kind="network") if ANALYSIS in each.policy.purposes)
    rules = Rules(networks=tuple(sorted(allowed)), private=hub.settings.export_private)
    return Export(hub.config, hub.store, Shelf(hub.settings.exported), rules, say, actor).do(full=full, since=since)

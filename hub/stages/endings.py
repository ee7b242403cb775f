"""Endings: a destination is asked what became of the leads it was handed, and scores are calibrated by the answers.

What has ended is not asked again, and what nobody has ended within a year is given up.
"""

from dataclasses import replace
from datetime import timedelta

from hub.domain import Ending
from hub.kit import Destination
from hub.stages.score import Learned, learn, won_of
from hub.store import Store

ASKED_FOR = timedelta(days=365)


def ask(destination: Destination, *, store: Store) -> Learned:
    """What became of all leads whose end is not known; what was told before trouble came is kept, then it is raised."""
    with store.read() as view:
        leads = view.leads.without_end(store.now() - ASKED_FOR)
    told: list[Ending] = []
    learned = Learned(0, 0, 0, None)
    try:
        for ending in destination.endings(leads) if leads else ():
            told.append(ending)
    finally:
        ended = [{"lead": one.lead, "outcome": one.end} for one in told if won_of(one.end) is not None]
        if ended:
            learned = learn(store, ended, who=destination.manifest.name)
    return replace(learned, told=len(told), still_open=len(told) - len(ended))

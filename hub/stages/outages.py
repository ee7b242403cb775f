"""Outages: what operators are told of a source or destination that is out of order, once, and when it works again.

However many tasks fail for one reason, and however late runs are because of it, it is one incident of the operators'.
These are no alerts of the business, and go to their own channel. What is known of an outage stands in the store's
memory.
"""

from datetime import datetime

from hub.domain import Model, Moment
from hub.store import Transaction, View


class Outage(Model):
    """One source that is out of order."""

    source: str
    since: Moment
    tasks: tuple[str, ...]  # that failed, and have not worked since
    failures: int = 1
    kept_back: int = 0  # alerts that would have told of nothing else
    message: str | None = None  # the message that tells of it, as the messenger names it


def known(view: View, source: str) -> Outage | None:
    """The outage of this source, if it is out of order."""
    found = view.memory.get(_key(source))
    return None if found is None else Outage.from_plain(found)


def failed(tx: Transaction, source: str, task: str) -> bool:
    """A task failed for good; whether operators are to be told, since this begins an outage."""
    outage = known(tx, source)
    if outage is None:
        _keep(tx, Outage(source=source, since=tx.now, tasks=(task,)))
        return True
    tasks = tuple(dict.fromkeys((*outage.tasks, task)))
    more = task not in outage.tasks
    _keep(tx, outage.with_(tasks=tasks, failures=outage.failures + 1, kept_back=outage.kept_back + more))
    return False


def follows(tx: Transaction, source: str) -> bool:
    """Whether what is to be told follows from an outage that operators know of; it is counted there."""
    outage = known(tx, source)
    if outage is not None:
        _keep(tx, outage.with_(kept_back=outage.kept_back + 1))
    return outage is not None


def told(tx: Transaction, source: str, message: str | None) -> None:
    """Operators were told by this message; without one they were not, and the next failure tells them."""
    outage = known(tx, source)
    if outage is not None and message is None:
        tx.memory.set(_key(source), None)
    elif outage is not None:
        _keep(tx, outage.with_(message=message))


def worked(tx: Transaction, source: str, task: str) -> Outage | None:
    """A task has worked; the outage that is over by that, once all that failed has worked again."""
    outage = known(tx, source)
    if outage is None or task not in outage.tasks:
        return None
    left = tuple(one for one in outage.tasks if one != task)
    if left:
        _keep(tx, outage.with_(tasks=left))
        return None
    tx.memory.set(_key(source), None)
    return outage


def ended(outage: Outage, now: datetime) -> str:
    """What operators are told at the end of it."""
    minutes = round((now - outage.since).total_seconds() / 60)
    lasted = f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
    back = f" Alerts kept back meanwhile: {outage.kept_back}." if outage.kept_back else ""
    return f"{outage.source} works again, after {lasted}. Failed runs: {outage.failures}.{back}"


def _keep(tx: Transaction, outage: Outage) -> None:
    tx.memory.set(_key(outage.source), outage.plain())


def _key(source: str) -> str:
    return f"outage:{source}"

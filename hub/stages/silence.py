"""Silence: a source that always has something to say at this time, and says nothing, is told to operators, once.

A source that fails says so itself. One that answers and brings nothing, since its page was renamed or a query no longer
finds anything, looks like a quiet day. So each watch, and each network as a whole, is held against its own past: where
the last hours brought nothing, the forecast expects posts, and there were some at this time of the last weeks (before
three weeks are known, of the last days), it is a silence. It is over when posts of these hours or later ones come.

Nothing is told of a source that operators know to be out of order, or that was not read to the end of these hours; nor
of the watches of a network that is silent as a whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil

from hub.domain import Model, Moment
from hub.domain.config import Config
from hub.measure.forecast import DAYS, WEEK, WEEKS, forecast
from hub.stages import outages
from hub.store import Store, Transaction, View, WatchState

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVERY = timedelta(minutes=15)
HISTORY = DAYS * DAY + WEEKS * WEEK * DAY
ENOUGH_DAYS = 4  # of the last seven, while three weeks are not known
LAST_RUN, KEPT = "silence:last", "silences"
Hours = Mapping[datetime, int]


class Silence(Model, omit_defaults=False):
    """A source that said nothing where posts were expected."""

    source: str  # a watch's key, or a network
    network: str
    said: str  # how people call it
    since: Moment  # the first silent hour
    expected: float  # posts, in the hours of the setting
    message: str | None = None  # that told of it; None: it is still to be told


class News(Model, omit_defaults=False):
    """What operators are to be told."""

    source: str
    text: str
    thread: str | None = None  # the message that it goes on
    over: bool = False


def known(view: View) -> list[Silence]:
    """The sources that are silent, as far as somebody has looked."""
    return [Silence.from_plain(each) for each in view.memory.get(KEPT) or ()]


def look(config: Config, store: Store) -> list[News]:
    """What is new: silences that began or are still to be told, and those that are over. Looks every quarter hour."""
    hours = ceil(config.detection.silence_hours)
    if not hours:
        return []
    with store.read() as view:
        last = view.memory.get(LAST_RUN)
        if last is not None and view.now - datetime.fromisoformat(last) < EVERY:
            return []
        before = known(view)
        kept = [one for one in before if not _heard_again(view, one)]
        found = _silent(view, config, hours, {one.source for one in kept})
        over = [one for one in before if one not in kept]
    with store.begin() as tx:
        tx.memory.set(LAST_RUN, tx.now.isoformat())
        fresh = [one for one in found if not outages.known(tx, one.network)]
        _keep(tx, [*kept, *fresh])
        silent = [one for one in (*kept, *fresh) if one.message is None]
        return [*map(_ended, filter(lambda one: one.message, over)), *(_began(one, hours) for one in silent)]


def told(tx: Transaction, source: str, message: str | None) -> None:
    """Operators were told by this message; without one they were not, and are told the next time."""
    _keep(tx, [one.with_(message=message) if one.source == source else one for one in known(tx)])


def _silent(view: View, config: Config, hours: int, already: set[str]) -> list[Silence]:
    """The sources that are silent now and were not before; a silent network stands for its watches."""
    end = view.now.replace(minute=0, second=0, microsecond=0)
    start = end - hours * HOUR
    watched = {each.key: each for each in view.watches.listing() if each.key in {one.key for one in config.watches}}
    readable = {key: each for key, each in watched.items() if _was_read(each, end)}
    heard = view.arrivals.between(start, view.now + HOUR)
    suspects = readable.keys() - {one.watch for one in heard} - already
    if not suspects:
        return []
    counts: dict[str, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
    for one in view.arrivals.between(start - HISTORY, start):
        counts[one.watch][one.hour] += one.posts
        counts[one.network][one.hour] += one.posts
    networks = _quiet_networks(watched, readable, {one.network for one in heard}) - already
    found = [_judged(network, network, network, counts[network], start, hours, config) for network in sorted(networks)]
    mute = {one.source for one in found if one} | (already & {each.network for each in watched.values()})
    for key in sorted(suspects):
        watch = watched[key]
        if watch.network not in mute:
            said = f"{watch.network} {watch.kind} {watch.value}"
            found.append(_judged(key, watch.network, said, counts[key], start, hours, config))
    return [one for one in found if one]


def _quiet_networks(watched: Mapping[str, WatchState], readable: Iterable[str], heard: set[str]) -> set[str]:
    """Networks of which every watch was read, and none brought anything."""
    unread = {watched[key].network for key in watched.keys() - set(readable)}
    return {watch.network for watch in watched.values()} - unread - heard


def _was_read(watch: WatchState, end: datetime) -> bool:
    """Whether it was read after these hours and does well: else its failure is told, not its silence."""
    return watch.state == "fresh" and watch.polled_at is not None and watch.polled_at >= end


def _judged(
    source: str, network: str, said: str, counts: Hours, start: datetime, hours: int, config: Config
) -> Silence | None:  # fmt: skip
    if not counts:
        return None
    began = min(counts)
    past = [float(counts.get(began + number * HOUR, 0)) for number in range((start - began) // HOUR)]
    expected = sum(one.value for one in forecast(past, hours, per_day=24))
    if expected < config.detection.silence_least_posts or not _always(counts, began, start, hours):
        return None
    return Silence(source=source, network=network, said=said, since=start, expected=expected)


def _always(counts: Hours, began: datetime, start: datetime, hours: int) -> bool:
    """Whether these hours brought something in each of the last weeks, or of the last days while no more are known."""
    weeks = [start - number * WEEK * DAY for number in range(1, WEEKS + 1)]
    days = [at for number in range(1, WEEK + 1) if (at := start - number * DAY) >= began]
    if weeks[-1] >= began:
        same = weeks
    elif len(days) >= ENOUGH_DAYS:
        same = days
    else:
        return False
    return all(any(counts.get(at + number * HOUR) for number in range(hours)) for at in same)


def _heard_again(view: View, silence: Silence) -> bool:
    """Whether it has spoken since, or nobody listens to it any more."""
    heard = view.arrivals.between(silence.since, view.now + HOUR)
    if any(silence.source in (one.watch, one.network) for one in heard):
        return True
    return silence.source not in {name for each in view.watches.listing() for name in (each.key, each.network)}


def _began(silence: Silence, hours: int) -> News:
    return News(
        source=silence.source,
        text=(
            f"{silence.said} has brought nothing for {hours} h, though it is read and answers; about "
            f"{silence.expected:.0f} posts were to be expected. Look there whether the page, tag or query still exists."
        ),
    )


def _ended(silence: Silence) -> News:
    return News(source=silence.source, text=f"{silence.said} brings posts again.", thread=silence.message, over=True)


def _keep(tx: Transaction, silences: Iterable[Silence]) -> None:
    tx.memory.set(KEPT, [one.plain() for one in silences])

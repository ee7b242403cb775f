"""Stories: what was said of each subject, read word for word, since copies are found by comparing them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from hub.domain import Post, Signal
from hub.measure.counted import Cell
from hub.measure.voice import Mention, told_daily
from hub.store import View

AT_MOST = 5_000  # posts whose words may be compared while somebody waits for a page
TOO_MANY = "Too many posts to compare their words while you wait: `hub voice` does, and upkeep does every night."
DAY = timedelta(days=1)

Told = dict[str, list[int]]
"""Of each subject, how many posts each of its stories has."""


def told(cell: Cell) -> Told:
    """The stories of one cell."""
    network = cell.only("network")

    def read() -> Told:
        view = cell.question.view
        names = sorted({one.network for one in view.watches.listing()})
        return told_in(view, cell.since, cell.until, [network] if network else names, Counter())

    return cell.question.for_all(("stories", cell.since, cell.until, network), read)


def told_in(
    view: View, since: datetime, until: datetime, networks: Sequence[str], reshares: Counter[str]
) -> Told:  # fmt: skip
    """The stories of a time on these networks; `reshares` are counted by subject."""
    return told_daily(_mentions(_said(view, since, until, networks), reshares))


def _said(view: View, since: datetime, until: datetime, networks: Sequence[str]) -> Iterator[tuple[Post, Signal]]:
    """Day by day, so that no more than a day's posts are held at once."""
    start = since
    while start < until:
        end = min(start + DAY, until)
        yield from view.signals.between(start, end, networks=networks)
        start = end


def _mentions(said: Iterable[tuple[Post, Signal]], reshares: Counter[str]) -> Iterator[Mention]:
    """What speaks of each subject; reshares are only counted."""
    for post, signal in said:
        if post.kind == "share":
            reshares.update(signal.subjects)
            continue
        day = post.published_at.astimezone(UTC).date()
        text = f"{post.title or ''} {post.text}"
        yield from (Mention(post=post.key, subject=subject, day=day, text=text) for subject in signal.subjects)

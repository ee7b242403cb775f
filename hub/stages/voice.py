"""Voice: how much was said of each subject in a period, of whom it says so, and how much of the period was seen.

Brands and competitors share one whole; products and people are each compared among themselves, since a rival's products
are mostly not listened for. Passing on somebody's words says nothing new: reshares are counted apart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hub.domain import Model, Moment
from hub.domain.config import Config
from hub.errors import SetupError
from hub.measure.catalogue import definition
from hub.measure.listening import GROUPS
from hub.measure.stories import told_in
from hub.measure.voice import Voice, voices
from hub.store import Store, View

DEFINITION = definition("share_of_voice_stories").id
WHOLE = 0.95  # observed: from here on a period counts as seen
WEEK, LAST_WEEK = timedelta(days=7), "voice:week"


class Heard(Model, omit_defaults=False):
    """One subject's part of the talk; its share is of its group: brands with competitors, products, people."""

    subject: str
    kind: str
    share: float | None  # None where nothing was said of the whole group
    stories: int
    posts: int
    largest_story: int
    reshares: int


class Seen(Model, omit_defaults=False):
    """How much of the period was really observed on one network."""

    network: str
    observed: float | None  # 0 to 1; None: no watch was to see any of it
    since: Moment | None  # when its first watch began, where that is later than the period

    @property
    def complete(self) -> bool:
        """Whether nearly all of the period was seen."""
        return self.since is None and self.observed is not None and self.observed >= WHOLE


class Report(Model, omit_defaults=False):
    """Share of voice over one period. A partial one is compared with no other."""

    since: Moment
    until: Moment
    voices: tuple[Heard, ...]
    coverage: tuple[Seen, ...]
    partial: bool
    definition: str = DEFINITION


def report(view: View, config: Config, *, since: datetime, until: datetime, networks: Sequence[str] = ()) -> Report:
    """What was said of each subject of `hub.yaml` from `since` up to `until`; on these networks, else on all."""
    watched = sorted({watch.network for watch in view.watches.listing()})
    if lost := sorted(set(networks) - set(watched)):
        raise SetupError(f"Nothing watches {lost[0]!r}; there are {', '.join(watched) or 'no watches yet'}.")
    chosen = list(networks) or watched
    reshares: Counter[str] = Counter()
    told = told_in(view, since, until, chosen, reshares)
    heard = [_heard(voice, kind, reshares) for kinds in GROUPS for voice, kind in _group(config, kinds, told)]
    coverage = tuple(_seen(view, network, since, until) for network in chosen)
    return Report(
        since=since, until=until, voices=tuple(heard), coverage=coverage,
        partial=not all(one.complete for one in coverage),
    )  # fmt: skip


def keep(config: Config, store: Store) -> Report:
    """The last seven days, kept for pages: reading all their words takes longer than a page may."""
    with store.read() as view:
        found = report(view, config, since=view.now - WEEK, until=view.now)
    with store.begin() as tx:
        tx.memory.set(LAST_WEEK, found.plain())
    return found


def _group(config: Config, kinds: Sequence[str], told: Mapping[str, Sequence[int]]) -> list[tuple[Voice, str]]:
    kind_of = {subject.name: subject.kind for subject in config.subjects if subject.kind in kinds}
    return [(voice, kind_of[voice.subject]) for voice in voices(told, list(kind_of))]


def _heard(voice: Voice, kind: str, reshares: Counter[str], /) -> Heard:
    return Heard(
        subject=voice.subject, kind=kind, share=voice.share, stories=voice.stories, posts=voice.posts,
        largest_story=voice.largest_story, reshares=reshares[voice.subject],
    )  # fmt: skip


def _seen(view: View, network: str, since: datetime, until: datetime) -> Seen:
    began = min(watch.started_at for watch in view.watches.listing(network))
    return Seen(
        network=network, observed=view.observed.share(since, until, network=network),
        since=began if began > since else None,
    )  # fmt: skip

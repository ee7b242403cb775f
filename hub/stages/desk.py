"""Desks: what people work on already, and so which of it a post belongs to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from hub.domain import Handoff, LeadScore, Post, Signal
from hub.domain.config import Conversations, Route, Triage
from hub.stages.grouping import Grouping, at_hand
from hub.store import Talk, Transaction

AS_SHIPPED = Conversations()
PARTS = 5  # of a conversation's key: what it is, network, visibility, author, thread


def conversation_key(post: Post) -> str:
    """Network, visibility, author and thread: what makes posts one case (docs/decisions/0013: not our account).

    A conversation that begins after this one is over bears the key of its first post behind this key.
    """
    return "\x1f".join(("case", post.network, post.visibility, post.author.key, post.thread or post.key))


class Place(NamedTuple):
    """Where a post belongs on people's desks."""

    key: str  # of the thing it belongs to
    first: bool  # whether it is the first to make it
    follows: str | None = None  # the conversation before, which is over


class Desk:
    """What is already on people's desks: open conversations and incidents, as seen by one transaction."""

    def __init__(
        self, *, talks: Sequence[Talk], alerts: Grouping, leads: Mapping[str, LeadScore],
        lifespans: Conversations = AS_SHIPPED,
    ) -> None:  # fmt: skip
        self.leads = leads  # by account: the scores of those who have just said something that counts
        self.alerts = alerts  # the incidents at hand
        self._talks = {_thread_in(talk.key): talk for talk in talks}  # the latest one of each thread
        self._lifespans = {
            "public": timedelta(days=lifespans.public_days), "private": timedelta(days=lifespans.private_days),
        }  # fmt: skip

    def talk_of(self, post: Post) -> Talk | None:
        """The conversation that this post goes on with, if people have a case for it and it is not over."""
        talk = self._talks.get(_thread_in(conversation_key(post))) if self._talks else None
        over = talk is not None and post.published_at - talk.last_at > self._lifespans[post.visibility]
        return None if over else talk

    def place(self, route: Route, post: Post, signal: Signal) -> Place:
        """The thing that this post belongs to."""
        if route.makes == "Lead":
            return Place(post.author.key, first=True)  # one lead for one author, however often they write
        if route.makes == "Case":
            return self._conversation(post)
        key, first = self.alerts.place(route, signal)
        return Place(key, first=first)

    def _conversation(self, post: Post) -> Place:
        if talk := self.talk_of(post):
            return Place(talk.key, first=False)
        key = conversation_key(post)
        ended = self._talks.get(_thread_in(key))
        return Place(f"{key}\x1f{post.key}", first=True, follows=ended.key) if ended else Place(key, first=True)

    def took(self, handoff: Handoff) -> None:
        """Remember what was made, so that the next post joins it."""
        if handoff.kind == "Case":
            self._remember(handoff)
        elif handoff.kind == "Alert":
            self.alerts.took(handoff)

    def _remember(self, case: Handoff) -> None:
        key, said_at = _thread_in(case.key), case.post.published_at
        talk = self._talks.get(key)
        if talk is None or talk.key != case.key:
            self._talks[key] = Talk(key=case.key, team=case.team, last_at=said_at)
        elif said_at > talk.last_at:
            self._talks[key] = talk.with_(last_at=said_at)


def _thread_in(key: str) -> str:
    """The conversation's key without the post that began it anew."""
    return "\x1f".join(key.split("\x1f")[:PARTS])


def open_desk(
    tx: Transaction, authors: Collection[str], *, triage: Triage, leads: Mapping[str, LeadScore] | None = None,
    lifespans: Conversations = AS_SHIPPED,
) -> Desk:  # fmt: skip
    """The desk as it stands now, as far as it concerns these authors."""
    talks = tx.handoffs.talks(authors)
    return Desk(talks=talks, alerts=at_hand(tx, triage), leads=leads or {}, lifespans=lifespans)


def fold_alerts(handoffs: Sequence[Handoff]) -> list[Handoff]:
    """The same work with each incident's further posts in one alert: a digest for people, not a siren."""
    folded: dict[str, Handoff] = {}
    rest: list[Handoff] = []
    for handoff in handoffs:
        if handoff.kind != "Alert" or handoff.first:
            rest.append(handoff)
        elif handoff.key in folded:
            head = folded[handoff.key]
            worst = max(head.severity, handoff.severity)
            folded[handoff.key] = head.with_(others=(*head.others, handoff.post), severity=worst)
        else:
            folded[handoff.key] = handoff
    return rest + list(folded.values())

"""The desk: what people have before them, open conversations and incidents, and where a further post belongs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from hub.domain import Handoff, LeadScore, Post, Signal
from hub.domain.config import Conversations, Route
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
        self, tx: Transaction, *, talks: Sequence[Talk], incidents: Mapping[str, str],
        leads: Mapping[str, LeadScore], lifespans: Conversations = AS_SHIPPED,
    ) -> None:  # fmt: skip
        self._tx = tx
        self.leads = leads  # by account: the scores of those who have just said something that counts
        self._talks = {_thread_in(talk.key): talk for talk in talks}  # the latest one of each thread
        self._lifespans = {
            "public": timedelta(days=lifespans.public_days), "private": timedelta(days=lifespans.private_days),
        }  # fmt: skip
        self._incidents = dict(incidents)  # route and subject: key of the open incident
        self._alerted = set(incidents.values())

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
        subject = (signal.subjects or ("everything",))[0]
        group = f"{route.name}:{subject}"
        spike = self._incidents.get(f"spike:{subject}")  # what stands out already is the same event
        key = self._incidents.setdefault(group, spike or "\x1f".join(("incident", group, self._tx.now.isoformat())))
        return Place(key, first=key not in self._alerted)

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
            self._alerted.add(handoff.key)
            self._tx.incidents.report(handoff.key, title=handoff.title, severity=handoff.severity)

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
    tx: Transaction, authors: Collection[str], *, quiet_hours: float, leads: Mapping[str, LeadScore] | None = None,
    lifespans: Conversations = AS_SHIPPED,
) -> Desk:  # fmt: skip
    """The desk as it stands now, as far as it concerns these authors; an incident quiet for so long is over."""
    for incident in tx.incidents.open():
        if incident.last_at < tx.now - timedelta(hours=quiet_hours):
            tx.incidents.resolve(incident.key)
    return Desk(
        tx,
        talks=tx.handoffs.talks(authors),
        incidents={incident.key.split("\x1f")[1]: incident.key for incident in tx.incidents.open()},
        leads=leads or {},
        lifespans=lifespans,
    )

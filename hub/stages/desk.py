"""Desks: what people work on already, and so which of it a post belongs to."""

from collections.abc import Mapping, Sequence

from hub.domain import Handoff, LeadScore, Post, Signal
from hub.domain.config import Conversations, Route, Subject, Triage
from hub.stages.conversations import AS_SHIPPED, Place, Talks, conversation_key
from hub.stages.grouping import Groups, at_hand
from hub.stages.pasts import Pasts
from hub.store import Talk, Transaction


class Desk:
    """What is already on people's desks: open conversations and incidents, as seen by one transaction."""

    def __init__(
        self, *, talks: Sequence[Talk], alerts: Groups, leads: Mapping[str, LeadScore],
        lifespans: Conversations = AS_SHIPPED,
    ) -> None:  # fmt: skip
        self.leads = leads  # by account: the scores of those who have just said something that counts
        self.alerts = alerts  # the incidents at hand
        self.talks = Talks(talks, lifespans)

    def place(self, route: Route, post: Post, signal: Signal) -> Place:
        """The thing that this post belongs to."""
        if route.makes == "Lead":
            return Place(post.author.key, first=True)  # one lead for one author, however often they write
        if route.makes == "Case":
            return self.talks.place(post)
        key, first = self.alerts.place(route, signal)
        return Place(key, first=first)

    def took(self, handoff: Handoff) -> None:
        """Remember what was made, so that the next post joins it."""
        if handoff.kind == "Case":
            self.talks.took(handoff)
        elif handoff.kind == "Alert":
            self.alerts.took(handoff)


def open_desk(
    tx: Transaction, posts: Sequence[Post], *, triage: Triage, leads: Mapping[str, LeadScore] | None = None,
    lifespans: Conversations = AS_SHIPPED, subjects: Sequence[Subject] = (), pasts: Pasts | None = None,
) -> Desk:  # fmt: skip
    """The desk as it stands now, as far as it concerns these posts."""
    talks = _talks(tx, posts, pasts or Pasts(tx))
    return Desk(talks=talks, alerts=at_hand(tx, triage, subjects), leads=leads or {}, lifespans=lifespans)


def _talks(tx: Transaction, posts: Sequence[Post], pasts: Pasts) -> Sequence[Talk]:
    """The conversations of the authors of those posts whose conversation people have a case for.

    Most authors were never helped, and most posts of the others belong to no case. That is asked by key: a
    conversation that began after another was over bears a longer one, but the first of them stays.
    """
    helped = pasts.cases({post.author.key for post in posts})
    authors = {conversation_key(post): post.author.key for post in posts if post.author.key in helped}
    begun = tx.handoffs.existing("Case", authors) if authors else ()
    return tx.handoffs.talks({authors[key] for key in begun}) if begun else ()


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

"""Pasts: what accounts said before the posts that are being decided on, and how often people here helped them.

Read once for all that ask: a score is made of it, a lead's profile and a case's history, and whoever was never helped
has no conversation to go on with. Nothing is written between these, so each is read when it is asked for first.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta

from hub.domain.config import LeadScoring
from hub.people.leads import counting
from hub.store import OwnWords, View


class Pasts:
    """What the store holds of accounts, as seen by one transaction before it writes anything of them."""

    def __init__(self, view: View, how: LeadScoring | None = None) -> None:
        """`how` leads are scored says which posts are told one by one; without it none are."""
        self._view = view
        self._intents = counting(how) if how else frozenset()
        self._since = view.now - timedelta(days=how.memory_days) if how else view.now
        self._asked: set[str] = set()
        self._words: dict[str, OwnWords] = {}
        self._counted: set[str] = set()
        self._cases: Counter[str] = Counter()

    def words(self, authors: Collection[str]) -> Mapping[str, OwnWords]:
        """By account, of these at least; those who have said nothing are left out."""
        if fresh := set(authors) - self._asked:
            self._asked |= fresh
            self._words |= self._view.histories.own_words(fresh, intents=self._intents, since=self._since)
        return self._words

    def cases(self, authors: Collection[str]) -> Counter[str]:
        """How often people here helped each, of these at least."""
        if fresh := set(authors) - self._counted:
            self._counted |= fresh
            self._cases.update(self._view.renown.cases(fresh))
        return self._cases

"""Answers to standing questions, in the order of the network's own ids, remembered until the world changes.

A network reads its timeline again and again with the same question. Looking at every post each time would make
the thousandth page as dear as the whole world; so what matches is kept, sorted by id, and a page is a slice of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from sandbox.people import WorldPost
from sandbox.world import World

MOST = 64  # questions remembered at a time

Wanted = Callable[[WorldPost], bool]
IdOf = Callable[[WorldPost], int]


class Shelf(NamedTuple):
    """Posts that answer one question, past and future ones, sorted by id."""

    ids: list[int]
    posts: list[WorldPost]


class Shelves:
    """One network's shelves. `id_of` says which id a post has in the form in which it is handed over."""

    def __init__(self, world: World, network: str, id_of: IdOf) -> None:
        self._world, self._network, self._id_of = world, network, id_of
        self._version = -1
        self._known: dict[Hashable, Shelf] = {}

    def newest(
        self, question: Hashable, wanted: Wanted, *, above: int = 0, below: int | None = None
    ) -> Iterator[WorldPost]:
        """What can be seen now and has an id between the two, newest first."""
        shelf = self._shelf(question, wanted)
        return self._seen(shelf, reversed(range(*_stretch(shelf.ids, above, below))))

    def oldest(
        self, question: Hashable, wanted: Wanted, *, above: int = 0, below: int | None = None
    ) -> Iterator[WorldPost]:
        """The same, oldest first."""
        shelf = self._shelf(question, wanted)
        return self._seen(shelf, range(*_stretch(shelf.ids, above, below)))

    def _seen(self, shelf: Shelf, places: Iterable[int]) -> Iterator[WorldPost]:
        """A post that was edited stands under the id of its form of now; under its other ids there is nothing."""
        for place in places:
            post = self._world.get(shelf.posts[place].id)
            if post is not None and self._id_of(post) == shelf.ids[place]:
                yield post

    def _shelf(self, question: Hashable, wanted: Wanted) -> Shelf:
        if self._version != self._world.version or len(self._known) >= MOST:
            self._version, self._known = self._world.version, {}
        if question not in self._known:
            forms = [form for post in self._world.timeline(self._network) for form in post.forms() if wanted(form)]
            entries = sorted({self._id_of(form): form for form in forms}.items())
            self._known[question] = Shelf([id for id, _ in entries], [post for _, post in entries])
        return self._known[question]


def _stretch(ids: list[int], above: int, below: int | None) -> tuple[int, int]:
    return bisect_right(ids, above), len(ids) if below is None else bisect_left(ids, below)

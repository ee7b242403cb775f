"""Whose turn it is to call: where a destination is called by several at once, each request waits for room.

Who runs the connector says where there is room; the wire asks before each request, after all else that may take time:

    with taking_turns(room):
        ...  # each request is made inside `with room():`
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from hub.errors import Unavailable

Room = Callable[[], AbstractContextManager[None]]
_room: ContextVar[Room] = ContextVar("room for calls", default=nullcontext)


class LeftAlone(Unavailable):
    """Another call has failed while this one waited for its turn: it is not made, and nothing was sent."""

    def __init__(self) -> None:
        super().__init__("Another call failed before this one was made; it is made later.", sent=False)


@contextmanager
def taking_turns(room: Room) -> Iterator[None]:
    """What is asked in here is asked when there is room."""
    token = _room.set(room)
    try:
        yield
    finally:
        _room.reset(token)


def turn() -> AbstractContextManager[None]:
    """For one request; outside of any turns there is always room."""
    return _room.get()()

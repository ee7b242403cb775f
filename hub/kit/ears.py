"""What a destination that has buttons tells of them, and to whom."""

from typing import Protocol

from hub.domain.config import Buttons
from hub.domain.presses import Press


class Ears(Protocol):
    """The hub's side of a listener: keeps each press, and lets it have its effect once."""

    def may_press(self) -> Buttons:
        """Whom hub.yaml names now."""
        ...

    def note(self, press: Press) -> bool:
        """Keep a press, on disk when this returns; False when it is known. Acknowledge it over there afterwards."""
        ...

    def waiting(self) -> list[Press]:
        """Presses that are kept and had no effect yet, also those that a process before this one has kept."""
        ...

    def act(self, press: Press) -> str | None:
        """Let it have its effect; the sentence for who pressed, None when it has had it before."""
        ...

    def refuse(self, press: Press, reason: str) -> None:
        """It shall have none."""
        ...

    def beat(self, *, connected: bool) -> None:
        """The listener is alive, and hears or does not."""
        ...

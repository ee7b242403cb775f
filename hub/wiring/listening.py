"""The hub's ears: what people press at a destination is kept, has its effect, and is sent on its way at once."""

import os
from threading import Event

from hub.domain.config import Buttons
from hub.domain.presses import Press
from hub.errors import HubError
from hub.logs import get_logger
from hub.settings import load_config
from hub.stages import press as stage
from hub.wiring.flow import deliver
from hub.wiring.opening import Hub, outlets_of

log = get_logger(__name__)

HEARING = "listening"  # the memory's key, with the destination's name
BEAT_KEPT_SECONDS = 60.0


def listen(hub: Hub, name: str, stop: Event) -> None:
    """Hear the buttons of one destination until told to stop."""
    with hub.open_destination(name) as destination:
        destination.listen(StoredEars(hub, name), stop)


class StoredEars:
    """Keeps presses in the store; hub.yaml is read anew for each, since a listener lives long."""

    def __init__(self, hub: Hub, name: str) -> None:
        self._hub, self._name = hub, name

    def may_press(self) -> Buttons:
        """Whom hub.yaml names now."""
        return load_config(self._hub.settings.config_path).buttons

    def note(self, press: Press) -> bool:
        """Keep a press; False when it is known."""
        with self._hub.store.begin() as tx:
            return tx.presses.note(self._name, press)

    def waiting(self) -> list[Press]:
        """Presses without effect so far."""
        with self._hub.store.read() as view:
            return view.presses.waiting(self._name)

    def act(self, press: Press) -> str | None:
        """Its effect and the message that shows it, in one transaction; then the message is sent."""
        config = load_config(self._hub.settings.config_path)
        outlets = outlets_of(self._hub)
        with self._hub.store.begin() as tx:
            effect = stage.act(tx, press, config, outlets, destination=self._name)
        if effect is None:
            return None
        log.info("button pressed", action=press.action, user=press.user, refused=effect.refused)
        self._send()
        return effect.said

    def refuse(self, press: Press, reason: str) -> None:
        """It shall have no effect."""
        with self._hub.store.begin() as tx:
            tx.presses.refused(press.id, reason)
            tx.audit.append(actor=press.user, action="button refused", object=f"press:{press.id}", reason=reason)

    def beat(self, *, connected: bool) -> None:
        """Let `hub status` know."""
        with self._hub.store.begin() as tx:
            state = {"at": tx.now.isoformat(), "connected": connected, "pid": os.getpid()}
            tx.memory.set(f"{HEARING}:{self._name}", state, keep_seconds=BEAT_KEPT_SECONDS)

    def _send(self) -> None:
        """Not waiting for the next run: whoever pressed looks at the message."""
        try:
            deliver(self._hub, self._name)
        except HubError as trouble:
            log.warning("not sent at once", destination=self._name, reason=type(trouble).__name__)

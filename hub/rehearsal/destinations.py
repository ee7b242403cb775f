"""A destination, rehearsed: deliveries handed to it through the vendor's own library, answered from a recording.

What comes out are receipts, or what a look-up finds. The requests made must be the recorded ones in their order: one
more is a repeat that nobody asked for, one less a look-up that was forgotten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import connectors
from hub.domain import FoundRecord, Receipt
from hub.errors import HubError, SetupError
from hub.kit import Connection, Destination, Services
from hub.kit.local import SteppedClock
from hub.kit.loopback import Loopback
from hub.kit.playback import ReplayTransport, Unrecorded
from hub.kit.recordings import Recording
from hub.rehearsal.stories import SECRET, Outcome, shown, told_trouble


def deliver(recording: Recording) -> list[Receipt] | list[FoundRecord]:
    """The receipts of what is sent, or the records that a look-up finds; raises what the recording ends in."""
    transport = recording.transport()
    with open_destination(recording, transport) as destination, _asking_what_is_told(recording, transport):
        return act(destination, recording)


def act(destination: Destination, recording: Recording) -> list[Receipt] | list[FoundRecord]:
    """What the recording does with its deliveries: send them, look them up, or ask what became of their job."""
    match recording.story.act:
        case "find":
            return list(destination.find(recording.deliveries))
        case "resume":
            return list(destination.resume(recording.deliveries[0].job or "", recording.deliveries))
    return list(destination.send(recording.deliveries))


@contextmanager
def open_destination(recording: Recording, transport: ReplayTransport) -> Iterator[Destination]:
    """The destination that the recording speaks to, over its transport; its secrets are made up."""
    manifest, made = connectors.manifest(recording.connector), connectors.load(recording.connector)
    if not issubclass(made, Destination):
        raise SetupError(f"{manifest.title} is a network; it is asked a watch and handed no deliveries.")
    if not recording.deliveries:
        raise SetupError(f"The recording {recording} hands over nothing; it has a watch in place of deliveries.")
    told = recording.story.connection
    extra = {**told.get("extra", {}), **dict.fromkeys(manifest.auth.secrets, SECRET)}
    connection = Connection.from_facts(f"{manifest.name}_rehearsed", {**told, "extra": extra})
    services = Services.local(clock=SteppedClock(recording.story.at), transport=transport)
    with (
        Loopback(transport) as loopback,
        made(manifest, connection, replace(services, proxy=loopback.address)) as destination,
    ):
        yield destination


@contextmanager
def _asking_what_is_told(recording: Recording, transport: ReplayTransport) -> Iterator[None]:
    """Raises Unrecorded, whatever came of it, where other requests were made than the recording tells."""
    try:
        yield
    finally:
        if transport.unanswered:
            raise transport.unanswered[0]
        if transport.asked != recording.requests:
            asked = ", ".join(transport.asked) or "nothing"
            raise Unrecorded(f"The recording {recording} tells {', '.join(recording.requests)}; asked was {asked}.")


def plain_answers(recording: Recording) -> list[dict[str, Any]]:
    """The answers as the recording's golden holds them."""
    return [answer.plain() for answer in deliver(recording)]


def rehearse_recording(recording: Recording) -> Iterator[Outcome]:
    """One outcome: receipts, what was found, or the named error."""
    told: Outcome = {"file": str(shown(recording.path))}
    try:
        yield told | {recording.makes: plain_answers(recording)}
    except HubError as trouble:
        yield told | told_trouble(trouble)

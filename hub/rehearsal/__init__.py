"""Runs connectors without the outside world: over recordings, and over what others recorded.

Time stands still and nothing leaves the machine. A network's recording is understood by its mapping; a destination's
goes through the vendor's own library.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

import connectors
from hub.errors import SetupError
from hub.kit.recordings import Recording, load_recording
from hub.rehearsal import destinations, networks
from hub.rehearsal.answers import described, rehearse_answer, rehearse_file
from hub.rehearsal.destinations import act, deliver, open_destination
from hub.rehearsal.networks import (
    looked_up,
    measured,
    open_network,
    record,
    replay,
    understand,
)
from hub.rehearsal.stories import SECRET, Outcome, name_of, recordings, shown

__all__ = [
    "SECRET",
    "Outcome",
    "act",
    "deliver",
    "described",
    "golden_text",
    "looked_up",
    "measured",
    "name_of",
    "open_destination",
    "open_network",
    "record",
    "recordings",
    "rehearse",
    "rehearse_answer",
    "replay",
    "understand",
    "write_goldens",
]


def write_goldens(name: str | None = None) -> Iterator[tuple[Path, bool]]:
    """Write beside each recording what we make of it; yields each file and whether it changed."""
    names = [name] if name else [manifest.name for manifest in connectors.manifests()]
    found = [each for one in names for each in _of(one) if each.ending != "error"]
    if name is not None and not found:
        raise SetupError(f"connectors/{name}/recordings has nothing that ends well; write one, or `hub record`.")
    for recording in found:
        text = golden_text(recording)
        changed = not recording.golden.is_file() or recording.golden.read_bytes() != text
        if changed:
            recording.golden.write_bytes(text)
        yield shown(recording.golden), changed


def golden_text(recording: Recording) -> bytes:
    """What a recording ends in, as its golden holds it."""
    plain = destinations.plain_answers if recording.deliveries else networks.plain_answers
    return msgspec.json.format(msgspec.json.encode(plain(recording)), indent=2) + b"\n"


def rehearse(name: str, files: Iterable[Path] = ()) -> Iterator[Outcome]:
    """One plain outcome for each post, measurement or error that our recordings, or these files, lead to.

    A destination has one for each recording.
    """
    listens = connectors.manifest(name).kind == "network"
    room = networks if listens else destinations
    chosen = [Path(path) for path in files]
    if not chosen:
        for recording in _of(name):
            yield from room.rehearse_recording(recording)
    for path in chosen:
        if listens:
            yield from rehearse_file(name, path)
        else:
            yield from destinations.rehearse_recording(load_recording(path, connector=name))


def _of(name: str) -> list[Recording]:
    """All recordings of one connector, which must exist."""
    return recordings(name=connectors.manifest(name).name)

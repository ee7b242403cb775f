"""The recordings that are rehearsed, and how an outcome is told."""

from pathlib import Path
from typing import Any, Literal

import connectors
from hub import errors
from hub.errors import HubError
from hub.kit.recordings import Ending, Recording, load_recordings

Outcome = dict[str, Any]
SECRET = "rehearsed-secret"


def recordings(
    expects: Ending | None = None, *, name: str | None = None, kind: Literal["network", "destination"] = "network"
) -> list[Recording]:
    """Recordings of one connector, or of all of a kind; only those that end in what is expected, where it is said."""
    names = [name] if name else [manifest.name for manifest in connectors.manifests(kind=kind)]
    found = [each for one in names for each in load_recordings(connectors.folder(one) / "recordings")]
    return [each for each in found if expects in (None, each.ending)]


def told_trouble(trouble: HubError) -> Outcome:
    """An error as an outcome tells it."""
    outcome: Outcome = {"error": name_of(trouble), "detail": str(trouble)}
    wait = getattr(trouble, "retry_after", None)
    return outcome if wait is None else outcome | {"retry_after": wait}


def name_of(trouble: HubError) -> str:
    """The name under which an error is known in hub.errors, whatever finer kind it is."""
    return next(kind.__name__ for kind in type(trouble).__mro__ if kind.__module__ == errors.__name__)


def shown(path: Path) -> Path:
    """The path as one writes it at the repository's root."""
    return path.relative_to(connectors.ROOT.parent) if path.is_relative_to(connectors.ROOT.parent) else path

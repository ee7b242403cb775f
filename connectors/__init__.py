"""One folder for each outside system, found by its manifest. Cheap to import: no connector's code is loaded."""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from hub.domain import Manifest, read_manifest
from hub.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.kit import Destination, Network

ROOT = Path(__file__).parent
MAPPINGS = ROOT.parent / "mappings"


def manifests(kind: Literal["network", "destination"] | None = None) -> list[Manifest]:
    """Every connector's manifest, by name; `kind` keeps only networks or only destinations."""
    found = [manifest(path.parent.name) for path in sorted(ROOT.glob("*/manifest.yaml"))]
    return [each for each in found if kind is None or each.kind == kind]


def manifest(name: str) -> Manifest:
    """The manifest of one connector."""
    path = folder(name) / "manifest.yaml"
    try:
        facts = path.stat()
        return _read(path, facts.st_mtime_ns, facts.st_size)
    except (msgspec.MsgspecError, OSError) as problem:
        raise SetupError(f"connectors/{name}/manifest.yaml cannot be read: {problem}") from problem


@lru_cache(maxsize=128)
def _read(path: Path, changed: int, size: int) -> Manifest:
    """Read once for as long as the file stays what it is: a run asks for manifests some hundreds of times."""
    return read_manifest(path)


def load(name: str) -> "type[Network] | type[Destination]":
    """The one class that `connectors/<name>/connector.py` defines."""
    from hub.kit import Destination, Network

    wanted = Network if manifest(name).kind == "network" else Destination
    module = import_module(f"{__name__}.{name}.connector")
    classes = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, wanted) and each.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise SetupError(
            f"connectors/{name}/connector.py must define exactly one {wanted.__name__}, not {len(classes)}."
        )
    return classes[0]


def namer(name: str) -> "Callable[[str], tuple[str, ...]]":
    """What people call the objects of a destination: `connectors/<name>/naming.py`, where it has one.

    Its `named` gives the objects that an id or an address means, as receipts have them; it asks nobody.
    """
    if not (folder(name) / "naming.py").is_file():
        return lambda text: ()
    named: Callable[[str], tuple[str, ...]] = import_module(f"{__name__}.{name}.naming").named
    return named


def folder(name: str) -> Path:
    """Where everything about this connector is."""
    path = ROOT / name
    if not name.isidentifier() or not (path / "manifest.yaml").is_file():
        known = ", ".join(sorted(each.parent.name for each in ROOT.glob("*/manifest.yaml")))
        raise SetupError(f"There is no connector {name!r}; there are: {known}.")
    return path


def mapping_path(name: str) -> Path:
    """What this connector's words mean: `mappings/<name>.yaml`."""
    return MAPPINGS / f"{folder(name).name}.yaml"

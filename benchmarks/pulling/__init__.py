"""What benchmarks/pull.py is made of: a network that answers fast, and those who read it."""

import os
from pathlib import Path


def compiled_in(folder: Path) -> dict[str, str]:
    """This environment, with compiled modules kept in a folder: compiling them anew is no part of any figure."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environ | {"PYTHONPYCACHEPREFIX": str(folder)}

"""`hub new`: a connector's files with the gaps marked, so that a Tuesday afternoon is enough."""

import re
from pathlib import Path
from string import Template

from hub.errors import SetupError
from hub.settings import HOME

TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"[a-z][a-z0-9_]{1,30}\Z")


def lay_out(kind: str, name: str, *, home: Path = HOME) -> list[Path]:
    """Write the files of a new connector below `home`; nothing that is there is touched."""
    if kind not in ("network", "destination"):
        raise SetupError(f"A connector is a network or a destination, not a {kind!r}.")
    if not NAME.match(name):
        raise SetupError(f"{name!r} cannot be a connector's name; use one lower-case word such as pixelfed.")
    folder = home / "connectors" / name
    targets = {
        "manifest.yaml": folder / "manifest.yaml",
        "connector.py.txt": folder / "connector.py",
        "README.md": folder / "README.md",
        "mapping.yaml": home / "mappings" / f"{name}.yaml",
    }
    taken = [path for path in (folder, targets["mapping.yaml"]) if path.exists()]
    if taken:
        raise SetupError(f"{taken[0].relative_to(home)} is there already; choose another name or remove it.")
    (folder / "recordings").mkdir(parents=True)
    words = {
        "name": name,
        "title": name.replace("_", " ").title(),
        "class_name": name.title().replace("_", ""),
    }
    for template, path in targets.items():
        text = (TEMPLATES / kind / template).read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(words), encoding="utf-8")
    return [path.relative_to(home) for path in targets.values()]

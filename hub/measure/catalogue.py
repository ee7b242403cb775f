"""The KPI catalogue: what each figure is called and means, read from `catalogue.yaml` beside this module."""

from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from hub.domain import Definition
from hub.errors import SetupError

FILE = Path(__file__).with_name("catalogue.yaml")


@cache
def definitions() -> tuple[Definition, ...]:
    """All KPIs, in the order in which people should read them."""
    plain: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(msgspec.convert({"name": name, **facts}, Definition) for name, facts in plain.items())


def definition(name: str) -> Definition:
    """The KPI of this name; a name that is none is answered with the one that was perhaps meant."""
    known = {one.name: one for one in definitions()}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise SetupError(f"There is no KPI {name!r}.{meant} `hub kpi` lists them.")
    return known[name]

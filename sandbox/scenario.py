"""How an invented day goes: the numbers of a scenario, the texts, and the scenes that every day contains."""

from functools import lru_cache
from pathlib import Path

import msgspec

from hub.errors import SetupError
from sandbox.cast import CROWD
from sandbox.faults import Rule

HERE = Path(__file__).parent


class Crisis(msgspec.Struct, forbid_unknown_fields=True):
    """A product problem that grows: each hour brings `grows` times as much as the one before it."""

    posts: int
    last_hours: float
    grows: float = 2.0
    langs: dict[str, int] = msgspec.field(default_factory=lambda: {"en": 1})


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """How a day goes. Numbers of `mix`, `networks` and `langs` are shares, those of `elsewhere` posts.

    What happens elsewhere is invented network by network, each by a chance of its own: one network more changes
    nothing of what is said on the others.
    """

    posts: int = 240
    hours: float = 24
    crowd: int = CROWD  # people who may write
    answered: float = 0.4  # the share of those who wait for an answer in whose threads something is said
    mix: dict[str, int] = {}
    networks: dict[str, int] = {}
    elsewhere: dict[str, int] = {}
    langs: dict[str, int] = {}
    crisis: Crisis | None = None
    faults: list[Rule] = []
    extends: str | None = None


class Line(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One thing said in a scene; see scenes.yaml."""

    network: str
    by: str
    minutes_ago: int
    text: str
    expected: str
    kind: str | None = None
    answers: int | None = None
    shares: int | None = None
    visibility: str = "public"
    edited_to: str | None = None
    edited_after: int = 10
    gone_after: int | None = None


class Scene(msgspec.Struct, forbid_unknown_fields=True):
    """A few lines that belong together."""

    name: str
    lines: list[Line]


def load_scenario(name: str) -> Scenario:
    """One of scenarios/*.yaml; with `extends`, another one with these faults on top."""
    known = sorted(each.stem for each in (HERE / "scenarios").glob("*.yaml"))
    if name not in known:
        raise SetupError(f"There is no scenario {name!r}; there are: {', '.join(known)}.")
    scenario = msgspec.yaml.decode((HERE / "scenarios" / f"{name}.yaml").read_bytes(), type=Scenario)
    if scenario.extends:
        faults = scenario.faults
        scenario = load_scenario(scenario.extends)
        scenario.faults = faults
    return scenario


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, list[str]]]:
    """What people say, by intent and language."""
    return msgspec.yaml.decode((HERE / "texts.yaml").read_bytes(), type=dict[str, dict[str, list[str]]])


@lru_cache(maxsize=1)
def scenes() -> list[Scene]:
    """What happens on every day."""
    return msgspec.yaml.decode((HERE / "scenes.yaml").read_bytes(), type=dict[str, list[Scene]])["scenes"]

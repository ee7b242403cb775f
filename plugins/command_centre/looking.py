"""One look at the store for a page: all its figures are of one moment, so that they agree with each other."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from command_centre import queries
from command_centre.filters import Choices, Filters, checked
from hub.domain.config import Config, Organisation
from hub.errors import SetupError
from hub.measure.figures import Figures
from hub.pictures import Gallery
from hub.settings import load_config, read_settings

NOBODY = Config(organisation=Organisation(name=""))


@dataclass(frozen=True)
class Look:
    """What a page is made from."""

    view: Any  # the store
    now: datetime
    config: Config
    trouble: str | None  # why hub.yaml cannot be used, if so
    filters: Filters
    choices: Choices

    @cached_property
    def figures(self) -> Figures:
        """Every KPI, at this moment."""
        return Figures(self.view, self.config)

    @property
    def zone(self) -> ZoneInfo:
        """In which times are told."""
        return self.filters.zone

    @property
    def facts(self) -> dict[str, Any]:
        """What every page's template needs."""
        return {
            "now": self.now, "filters": self.filters, "choices": self.choices, "trouble": self.trouble,
            "organisation": self.config.organisation.name,
        }  # fmt: skip


@cache
def settled() -> None:
    """What the server has loaded by now stays: a full collection over all of it would hold a page up for 0.4 s."""
    gc.freeze()


@contextmanager
def look(given: Mapping[str, str]) -> Iterator[Look]:
    """The store at one moment, narrowed to what the address asks for."""
    settled()
    config, trouble = configuration()
    zone = ZoneInfo(config.organisation.timezone)
    with queries.snapshot() as (view, now):
        choices = choices_of(view, config)
        yield Look(view, now, config, trouble, checked(given, now, zone, choices), choices)


def configuration() -> tuple[Config, str | None]:
    """`hub.yaml`; a page can still be shown where it is missing or broken, and says so."""
    try:
        config = load_config()
        ZoneInfo(config.organisation.timezone)
    except SetupError as problem:
        return NOBODY, str(problem)
    except (ZoneInfoNotFoundError, ValueError):
        return NOBODY, "hub.yaml names a time zone that there is not; write an IANA name such as Europe/Berlin."
    return config, None


def choices_of(view: Any, config: Config) -> Choices:
    """What the filter bar offers: what is listened for, where, and who gets work."""
    networks = {watch.network for watch in view.watches.listing()} | {watch.network for watch in config.watches}
    return Choices(
        subjects=[one.name for one in config.subjects],
        networks=sorted(networks),
        teams=[one.name for one in config.teams],
    )


def gallery() -> Gallery:
    """The pictures that pages show."""
    return Gallery(Path(read_settings().var_dir) / "pictures")

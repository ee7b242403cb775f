"""A hub in which people have talked for a day, and the reports of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.domain.config import Config
from hub.domain.reports import ReportPlan
from hub.stages import report as stage
from hub.stages.report import Kept
from hub.store import KeptFiles
from tests.unit.stages.conftest import clock, landing, migrated, store, town
from tests.unit.stages.world import COMPLAINS, REPO, Town, acme, tweet

__all__ = ["clock", "landing", "migrated", "store", "town"]


def config() -> Config:
    return acme()


@pytest.fixture
def files(tmp_path: Path) -> KeptFiles:
    return KeptFiles(str(tmp_path / "reports"))


@pytest.fixture
def talk(town: Town) -> Callable[..., None]:
    """Lets people say things about Acme, then a day passes."""

    def say(*texts: str, **more: Any) -> None:
        records = [
            tweet(number, text, author=f"ana{number}", metrics={"like_count": number, "retweet_count": 2}, **more)
            for number, text in enumerate(texts or (COMPLAINS, "Love my Acme Brew One!"), start=1)
        ]
        town.hear(*records)
        town.clock.forward(hours=24)

    return say


def plan(name: str = "executive-daily") -> ReportPlan:
    return stage.plan_named(name, stage.plans(config(), REPO / "mappings" / "reports"))


@pytest.fixture
def keep(town: Town, files: KeptFiles) -> Callable[..., Kept]:
    """Makes the report of yesterday, or finds it made."""

    def make(name: str | ReportPlan = "executive-daily", period: str = "yesterday", **more: Any) -> Kept:
        chosen = plan(name) if isinstance(name, str) else name
        scope = stage.period_of(period, now=town.clock.now(), zone=ZoneInfo(config().organisation.timezone))
        return stage.keep(town.store, files, config(), chosen, scope, **more)

    return make

"""What a server's first page needs is loaded while nobody waits for it: in the API server, once it has started."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any

import structlog

from command_centre import listening, overview

log = structlog.get_logger(__name__)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Airflow opens this in each process that serves, when all else is there, and waits for what is before `yield`."""
    Thread(target=load, name="warming", daemon=True).start()
    yield


def load() -> None:
    """Make the two pages that need most once: modules, templates, statements and a connection are there from then on.

    What is wrong with the store or with hub.yaml, the first page says to whom it concerns.
    """
    for made in (overview.overview, listening.listening):
        try:
            made({})
        except Exception as problem:  # noqa: BLE001  # the server serves what it can
            log.info("a page could not be made ahead", page=made.__name__, error=type(problem).__name__)

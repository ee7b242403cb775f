"""What a server's first page needs is loaded before anybody asks for it: in the API server, at the end of its start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Any

import structlog

from command_centre import ahead, overview, words

PATIENCE = 2.0  # seconds that the server's start waits for it; it takes half of one
log = structlog.get_logger(__name__)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Airflow opens this in each process that serves; a store that does not answer holds it up for a moment only."""
    done = Event()
    Thread(target=load, args=(done,), name="warming", daemon=True).start()
    await asyncio.to_thread(done.wait, PATIENCE)
    yield


def load(done: Event) -> None:
    """Make the first page once: modules, statements, a connection, what draws pictures are there from then on.

    Of the page that needs most besides, only the templates: nobody may ever look at its many pictures. What is wrong
    with the store or with hub.yaml, the first page says to whom it concerns.
    """
    try:
        overview.overview({})
        ahead.begin()
        words.template("listening.html")
    except Exception as problem:  # noqa: BLE001  # the server serves what it can
        log.info("the first page could not be made ahead", error=type(problem).__name__)
    done.set()

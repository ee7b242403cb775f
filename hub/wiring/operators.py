"""What operators are told of: which source a task works with, and what the store knows of it, if it answers."""

from collections.abc import Callable
from typing import TypeVar

import connectors
from hub.logs import get_logger
from hub.store import Transaction
from hub.wiring.opening import Connect, Hub

T = TypeVar("T")


def source_of(dag: str, pool: str | None = None) -> str:
    """The connector that a task works with, by its pool or in its DAG's name, such as `collect_x`; else the DAG."""
    known = {manifest.name for manifest in connectors.manifests()}
    return next((name for name in (pool, dag.partition("_")[2]) if name in known and name), dag)


def ask(connect: Connect, question: Callable[[Transaction], T]) -> T | None:
    """What the store makes of it; None where it cannot be asked: then operators are rather told twice."""
    hub = Hub(connect=connect)
    try:
        with hub.store.begin() as tx:
            return question(tx)
    except Exception as trouble:  # noqa: BLE001  an alert that fails must not hide the failure it tells of
        get_logger(__name__).warning("outages are not known", error=type(trouble).__name__)
        return None
    finally:
        hub.close()

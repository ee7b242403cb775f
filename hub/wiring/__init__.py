"""What the entrances share: opens stores and connectors by name and runs the stages in their order.

The command line and the Airflow bridge differ in where a connection comes from, and in nothing else;
that is why both hand in `connect`.
"""

from hub.wiring.flow import collect, deliver, endings, refresh, silences, sweep, triage
from hub.wiring.opening import (
    Connect,
    Hub,
    Proposal,
    check_watch,
    connect_from_environment,
    engine_of,
    promises_of,
    rulebook,
    worker_name,
)

__all__ = [
    "Connect", "Hub", "Proposal", "check_watch", "collect", "connect_from_environment", "deliver", "endings",
    "engine_of", "promises_of", "refresh", "rulebook", "silences", "sweep", "triage", "worker_name",
]  # fmt: skip

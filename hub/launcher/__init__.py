"""Starts the hub on one machine, says how it is, and stops it: Airflow and, if wanted, the sandbox."""

from hub.launcher.api import Airflow
from hub.launcher.boot import Running, down, up
from hub.launcher.status import Status, status

__all__ = ["Airflow", "Running", "Status", "down", "status", "up"]

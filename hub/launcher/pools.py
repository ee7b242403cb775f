"""A pool in Airflow for each connector, so that one slow system cannot take every worker."""

import connectors
from hub.launcher.api import Airflow

SLOTS = 2
"""Tasks of one system at a time: they share its budget anyway, and a retry need not wait for a hung run."""


def ensure_pools(airflow: Airflow) -> None:
    """Make the pools that the DAGs name."""
    for manifest in connectors.manifests():
        airflow.ensure_pool(manifest.name, slots=SLOTS, description=f"Calls to {manifest.title}")

"""One hub, booted once for all stories under Airflow's scheduler."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub.settings import Settings
from tests.journeys.booted import booted, free_port
from tests.journeys.conftest import FEW
from tests.journeys.flow import watching

MEMORY = Path("/dev/shm")
READ = (*FEW, "bluesky", "reddit")


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory):
    """Its state lies in a folder whose name holds a space. Its timers leave the machine some time between them.

    Some networks are read; the faults under Airflow (`tests/faults/airflow`) read all of them. Its databases lie in
    memory, where there is some: on a busy disk SQLite makes writers wait until they give up.
    """
    config = tmp_path_factory.mktemp("acme") / "hub.yaml"
    config.write_text(watching(READ))
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="state of the hub ", dir=memory, ignore_cleanup_errors=True) as var:
        settings = Settings(var=var, config=str(config), airflow_port=free_port(), sandbox_port=free_port())
        with booted(settings, HUB_POLL_SECONDS="30", HUB_CONFIG=str(config)) as hub:
            yield hub

"""One hub, booted once for all stories under Airflow's scheduler."""

import pytest

from hub.settings import Settings
from tests.journeys.booted import booted, free_port


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory):
    """Its state lies in a folder whose name holds a space. Its timers leave the machine some time between them."""
    settings = Settings(
        var=str(tmp_path_factory.mktemp("state of the hub")), airflow_port=free_port(), sandbox_port=free_port()
    )
    with booted(settings, HUB_POLL_SECONDS="30") as hub:
        yield hub

"""One hub, booted once for all stories under Airflow's scheduler."""

import pytest

from hub.settings import Settings
from tests.journeys.booted import booted, free_port


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory):
    """Its state lies in a folder whose name holds a space."""
    var = tmp_path_factory.mktemp("state of the hub")
    with booted(Settings(var=str(var), airflow_port=free_port(), sandbox_port=free_port())) as hub:
        yield hub

"""One hub, booted once for all stories under Airflow's scheduler."""

import pytest

from hub.settings import Settings
from tests.journeys.booted import booted, free_port
from tests.journeys.conftest import FEW
from tests.journeys.flow import watching

READ = (*FEW, "bluesky", "reddit")


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory):
    """Its state lies in a folder whose name holds a space. Its timers leave the machine some time between them.

    Some networks are read; the faults under Airflow (`tests/faults/airflow`) read all of them.
    """
    config = tmp_path_factory.mktemp("acme") / "hub.yaml"
    config.write_text(watching(READ))
    settings = Settings(
        var=str(tmp_path_factory.mktemp("state of the hub")), config=str(config),
        airflow_port=free_port(), sandbox_port=free_port(),
    )  # fmt: skip
    with booted(settings, HUB_POLL_SECONDS="30", HUB_CONFIG=str(config)) as hub:
        yield hub

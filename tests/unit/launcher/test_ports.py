"""A port that is taken is named, with who has it and what to change."""

import os
import socket

import pytest

from hub.errors import SetupError
from hub.launcher import ports


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind((ports.LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_refused_with_its_holder_and_the_remedy(taken):
    with pytest.raises(SetupError) as refused:
        ports.require_free(taken, purpose="Airflow", flag="--port", variable="HUB_AIRFLOW_PORT")

    sentence = str(refused.value)
    assert str(taken) in sentence
    assert f"process {os.getpid()}" in sentence
    assert "--port" in sentence
    assert "HUB_AIRFLOW_PORT" in sentence


def test_a_port_that_is_let_go_is_free_at_once(taken):
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, 0))
        port = other.getsockname()[1]

    ports.require_free(port, purpose="Airflow", flag="--port", variable="HUB_AIRFLOW_PORT")


def test_a_port_that_nobody_holds_has_no_known_holder():
    with socket.socket() as unused:
        unused.bind((ports.LOOPBACK, 0))

        assert ports.holder(unused.getsockname()[1]) == "another process"

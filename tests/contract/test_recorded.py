"""Answers of real servers: each of a call that we make leads to something, and the page about it is true."""

from pathlib import Path

import pytest

import connectors
from tests.contract import recorded

NETWORKS = connectors.manifests(kind="network")

pytestmark = [pytest.mark.shared, pytest.mark.xdist_group("recorded")]


@pytest.mark.parametrize("name", [manifest.name for manifest in NETWORKS])
def test_every_recorded_answer_of_a_call_that_is_made_leads_to_something(name: str, shared: Path) -> None:
    if not (shared / "recorded" / recorded.FOLDERS.get(name, name)).is_dir():
        pytest.skip(f"nothing is recorded of {name}")

    found = recorded.read(name, shared)

    read = [call for call in found.unused if call.startswith("GET ")]
    assert found.called > 0 or not read, "reads were recorded, and none of them is made"
    assert found.nothing == []


def test_the_page_about_recorded_answers_is_true(shared: Path) -> None:
    assert recorded.PAGE.read_text(encoding="utf-8") == recorded.page(shared), "run `make recorded` and commit it"

"""F55: a deletion that comes before the post, between landing and push, or between claim and send; no ghosts."""

import pytest

from hub.store import Draft
from tests.faults.ground import DESTINATIONS, Ground

KINDS = {"salesforce": "Lead", "zendesk": "Case", "slack": "Alert"}
WRITES = {
    "salesforce": {"path_glob": "*/composite*"},
    "zendesk": {"method": "POST", "path_glob": "*/tickets*"},
    "slack": {"path_glob": "/api/chat.postMessage"},
}


def handed_over(ground: Ground, name: str) -> Draft:
    """One thing on its way to this destination, and another beside it."""
    [draft] = ground.hand_over(KINDS[name], 1)
    ground.hand_over(KINDS[name], 2)
    return draft


@pytest.mark.parametrize("name", DESTINATIONS)
def test_f55_a_deletion_before_the_post_comes_keeps_it_from_everywhere(ground: Ground, name: str) -> None:
    with ground.store.begin() as tx:
        tx.tombstones.add(["x:post:101"], reason="deleted")
    draft = handed_over(ground, name)
    ground.forget(draft)

    ground.run(name)
    ground.quiet(name)

    ground.assert_exactly_once()
    assert ground.states(name) == ["cancelled", "done"]


@pytest.mark.parametrize("name", DESTINATIONS)
def test_f55_a_deletion_between_landing_and_push_wins(ground: Ground, name: str) -> None:
    ground.erase(handed_over(ground, name))

    ground.run(name)
    ground.quiet(name)

    ground.assert_exactly_once()
    assert ground.states(name) == ["cancelled", "done"]


@pytest.mark.parametrize("name", DESTINATIONS)
def test_f55_a_deletion_between_a_claim_and_its_repeat_wins(ground: Ground, name: str) -> None:
    draft = handed_over(ground, name)
    ground.played.fault(name, "drop_before", **WRITES[name])
    ground.run_into("deliver.sent", name)
    ground.erase(draft)
    assert any(line.get("fault") for line in ground.played.requests(name)), "the fault met no request"

    ground.quiet(name)

    ground.assert_exactly_once()
    assert ground.states(name) == ["cancelled", "done"]


@pytest.mark.parametrize("name", ["zendesk", "slack"])
def test_f55_an_erased_post_in_the_midst_of_a_conversation_holds_up_no_other(ground: Ground, name: str) -> None:
    ground.hand_over(KINDS[name], 1)
    [second] = ground.hand_over(KINDS[name], 1, first=False, post=5000)
    ground.hand_over(KINDS[name], 1, first=False, post=5001)
    ground.run(name)
    [fourth] = ground.hand_over(KINDS[name], 1, first=False, post=5002)
    ground.hand_over(KINDS[name], 1, first=False, post=5003)
    ground.erase(fourth)

    ground.run(name)
    ground.quiet(name)

    ground.assert_exactly_once()
    assert second.external_id in {row.external_id for row in ground.rows(name) if row.state == "done"}


def test_f55_an_authors_first_lead_still_goes_when_a_newer_post_is_erased_before_delivery(ground: Ground) -> None:
    [first] = ground.hand_over("Lead", 1)
    [second] = ground.hand_over("Lead", 1, version=2)
    with ground.store.begin() as tx:
        tx.tombstones.add([str(second.post)], reason="deleted")
    ground.expected = {("salesforce", first.external_id): first.digest}

    ground.run("salesforce")
    ground.quiet("salesforce")

    ground.assert_exactly_once()


def test_f55_an_erased_author_has_no_lead_though_an_older_version_waited(ground: Ground) -> None:
    [first] = ground.hand_over("Lead", 1)
    ground.hand_over("Lead", 1, version=2)
    with ground.store.begin() as tx:
        tx.tombstones.add([str(first.author)], reason="erased")
    ground.expected = {}

    ground.run("salesforce")
    ground.quiet("salesforce")

    ground.assert_exactly_once()

"""What sales made of our leads, asked in few calls."""

from typing import Any

import pytest

from hub.domain import Ending, external_id
from hub.errors import SetupError
from hub.kit import Destination
from tests.connectors.salesforce.org import ORG, by_sales
from tests.contract.bench import Bench


@pytest.fixture
def made(bench: Bench, salesforce: Destination) -> list[tuple[str, str]]:
    """Seven leads of ours: the key and the id of each."""
    deliveries = bench.deliveries(7)
    receipts = salesforce.send(deliveries)
    pairs = [(one.external_id, str(receipt.object_id)) for one, receipt in zip(deliveries, receipts, strict=True)]
    bench.mark = bench.last_line()
    return pairs


def endings(destination: Destination, made: list[tuple[str, str]]) -> dict[str, str]:
    return {one.lead: one.end for one in destination.endings([key for key, _ in made])}


def converted(session: Any, id: str) -> str:
    """The opportunity that a lead became."""
    return str(by_sales(session, id, "convert", opportunity=True).json()["ConvertedOpportunityId"])


def closed(session: Any, opportunity: str, *, won: bool) -> None:
    session.post(f"{ORG}/sandbox/opportunities/{opportunity}/close", json={"won": won}, timeout=10)


def test_a_lead_ends_with_its_opportunity_or_by_its_own_status(
    bench: Bench, salesforce: Destination, made: list[tuple[str, str]]
) -> None:
    session = salesforce.client.session
    (won, lost, open_deal, contact, closed_lead, _, gone) = (id for _, id in made)
    closed(session, converted(session, won), won=True)
    closed(session, converted(session, lost), won=False)
    converted(session, open_deal)
    by_sales(session, contact, "convert")
    by_sales(session, closed_lead, "edit", Status="Closed - Not Converted")
    by_sales(session, gone, "delete")
    bench.mark = bench.last_line()

    told = endings(salesforce, made)

    keys = [key for key, _ in made]
    assert told == dict(
        zip(keys, ["won", "lost", "open", "converted", "Closed - Not Converted", "Open - Not Contacted"], strict=False)
    )
    assert len(bench.requests()) == 2


def test_a_thousand_leads_are_one_call(bench: Bench, salesforce: Destination, made: list[tuple[str, str]]) -> None:
    others = [(external_id(f"nobody {number}"), "") for number in range(993)]

    assert len(endings(salesforce, [*others, *made])) == 7
    assert len(bench.requests()) == 1


def test_what_leads_say_is_told_before_opportunities_that_are_hidden_from_us(
    bench: Bench, salesforce: Destination, made: list[tuple[str, str]]
) -> None:
    converted(salesforce.client.session, made[0][1])
    hidden = '[{"errorCode": "INVALID_TYPE", "message": "sObject type Opportunity is not supported."}]'
    rule = {"kind": "status", "status": 400, "headers": {"Content-Type": "application/json"}, "body": hidden}
    bench.ask("/faults", {"system": "salesforce", "method": "GET", "path_glob": "*/query*", "after": 1, **rule}, "POST")
    told: list[Ending] = []

    with pytest.raises(SetupError, match="on Opportunity"):
        told.extend(salesforce.endings([key for key, _ in made]))

    assert {one.lead for one in told} == {key for key, _ in made[1:]}

"""What sales made of our leads: closed as they are, or converted, and then won or lost with the opportunity.

A lead that was converted into an opportunity ends when that does; it is open until then, and stays open where somebody
deleted it. One that was converted without, to a contact alone, has gone as far as it can. What is not converted says by
its own `Status` how far it is: organisations word that as they like, so the word is handed on as it stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.salesforce.lookup import KEYS_PER_QUERY
from connectors.salesforce.words import HEX, ID, KEY_FIELD, checked
from hub.domain import Ending

Row = Mapping[str, Any]
Ask = Callable[[Sequence[str], str], Iterator[Row]]  # queries and what they are about

OF_A_LEAD = "SELECT Hub_Key__c, Status, IsConverted, ConvertedOpportunityId FROM Lead WHERE Hub_Key__c IN"
OF_AN_OPPORTUNITY = "SELECT Id, IsClosed, IsWon FROM Opportunity WHERE Id IN"


def endings_of(leads: Sequence[str], ask: Ask) -> Iterator[Ending]:
    """One ending for each lead that is there: first what the leads themselves say, then what the opportunities do."""
    became: dict[str, list[str]] = {}
    for row in ask(_queries(OF_A_LEAD, [checked(lead, HEX) for lead in leads]), "Lead"):
        lead, opportunity = str(row[KEY_FIELD]).lower(), str(row.get("ConvertedOpportunityId") or "")
        if ID.fullmatch(opportunity):
            became.setdefault(opportunity, []).append(lead)
        else:
            yield Ending(lead=lead, end="converted" if row.get("IsConverted") else str(row.get("Status") or ""))
    for row in ask(_queries(OF_AN_OPPORTUNITY, list(became)), "Opportunity"):
        end = ("won" if row.get("IsWon") else "lost") if row.get("IsClosed") else "open"
        yield from (Ending(lead=lead, end=end) for lead in became.get(str(row["Id"]), ()))


def _queries(asking: str, wanted: Sequence[str]) -> list[str]:
    from simple_salesforce.format import format_soql

    known = sorted(set(wanted))
    some = (known[start : start + KEYS_PER_QUERY] for start in range(0, len(known), KEYS_PER_QUERY))
    return [f"{asking} {format_soql('{}', each)}" for each in some]

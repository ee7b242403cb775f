"""What Salesforce holds now: queries by our key, in as few calls as an address may be long.

A query of 200 keys makes an address of eight kilobytes, and sixteen are taken; five such queries go in one Composite
call. An answer comes in pages, and a page gets shorter the longer the fields are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from connectors.salesforce.words import (
    ADDRESS,
    DIGEST_FIELD,
    HEX,
    ID,
    KEY_FIELD,
    LEAD,
    NAME,
    PERSONA,
    checked,
    object_of,
    sobject_of,
    whose,
)
from hub.domain import Delivery, FoundRecord

KEYS_PER_QUERY = 200
QUERIES_PER_CALL = 5
OF_A_LEAD = ("IsConverted", "ConvertedContactId")  # what sales have done with it
LINKS = ("Lead__c", "Contact__c", "Account__c")  # of a persona
TWINS = "twins"  # ids of the records that share a key


def asked_by(field: str, sobject: str, values: Iterable[str], columns: Iterable[str]) -> list[str]:
    """SOQL for the records of one type in which one of these values stands in this field."""
    from simple_salesforce.format import format_soql

    form = {KEY_FIELD: HEX, "Id": ID, "Email": ADDRESS}[field]
    wanted = sorted({checked(value, form) for value in values})
    told = ", ".join(checked(name, NAME) for name in dict.fromkeys(("Id", *columns)))
    ask = ("SELECT", told, "FROM", checked(sobject, NAME), "WHERE", field, "IN")
    parts = (wanted[start : start + KEYS_PER_QUERY] for start in range(0, len(wanted), KEYS_PER_QUERY))
    return [" ".join((*ask, format_soql("{}", part), "ORDER BY CreatedDate")) for part in parts]  # no other quoting


def queries(sobject: str, deliveries: Sequence[Delivery]) -> list[str]:
    """SOQL for the records of one type under these keys, with the fields that people own."""
    columns = (KEY_FIELD, DIGEST_FIELD, *extra_of(sobject), *guarded_of(deliveries))
    return asked_by(KEY_FIELD, sobject, {delivery.external_id for delivery in deliveries}, columns)


def merged_queries(deliveries: Sequence[Delivery]) -> Iterator[str]:
    """SOQL over the recycle bin: which of these records live on in another one."""
    from simple_salesforce.format import format_soql

    ids = sorted({str(delivery.object_id) for delivery in deliveries if ID.fullmatch(str(delivery.object_id))})
    for sobject, found in groupby(ids, key=lambda id: sobject_of(id) or object_of(deliveries[0])):
        alike = list(found)
        for start in range(0, len(alike), KEYS_PER_QUERY):
            some = format_soql("{}", alike[start : start + KEYS_PER_QUERY])
            yield " ".join(("SELECT Id, MasterRecordId FROM", sobject, "WHERE MasterRecordId != null AND Id IN", some))


def guarded_of(deliveries: Sequence[Delivery]) -> list[str]:
    """The fields that people own once they are set."""
    named = {name for delivery in deliveries for name in delivery.body if whose(delivery, name) != "overwrite"}
    known = {name for delivery in deliveries for name, its in delivery.authority.items() if its != "overwrite"}
    return sorted(named | known)


def extra_of(sobject: str) -> tuple[str, ...]:
    """Fields that say what became of a record."""
    return {LEAD: OF_A_LEAD, PERSONA: LINKS}.get(sobject, ())


def path_of(query: str) -> str:
    """The query as a path below the version, for a part of a Composite call."""
    return f"query?q={quote(query, safe='')}"


def found_of(
    rows: Sequence[Mapping[str, Any]], sobject: str, fields: Sequence[str], instance: str
) -> Iterator[FoundRecord]:
    """One record for each key; where a field that is not unique let in several, the oldest, which names all of them."""
    by_key: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_key.setdefault(str(row[KEY_FIELD]).lower(), []).append(row)
    for key, alike in by_key.items():
        row = alike[0]
        told = {field: row.get(field) for field in fields}
        told |= {field: row[field] for field in extra_of(sobject) if row.get(field)}
        if len(alike) > 1:
            told[TWINS] = [str(one["Id"]) for one in alike]
        id = str(row["Id"])
        yield FoundRecord(
            external_id=key, object_id=id, digest=row.get(DIGEST_FIELD), fields=told, url=address(instance, id)
        )


def address(instance: str, id: str) -> str | None:
    """Where a person sees the record."""
    return f"https://{instance}/{id}" if ID.fullmatch(id) else None

"""What Salesforce holds now: queries by our key, in as few calls as an address may be long.

A query of 200 keys makes an address of eight kilobytes, and sixteen are taken; five such queries go in one Composite
call. An answer comes in pages, and a page gets shorter the longer the fields are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.salesforce.words import DIGEST_FIELD, HEX, ID, KEY_FIELD, NAME, checked, object_of
from hub.domain import Delivery, FoundRecord

KEYS_PER_QUERY = 200
QUERIES_PER_CALL = 5
OF_A_LEAD = ("IsConverted", "ConvertedContactId")  # what sales have done with it
TWINS = "twins"  # ids of the records that share a key


def queries(sobject: str, deliveries: Sequence[Delivery]) -> list[str]:
    """SOQL for the records of one type under these keys, with the fields that people own."""
    from simple_salesforce.format import format_soql

    keys = sorted({checked(delivery.external_id, HEX) for delivery in deliveries})
    guarded = [name for name in guarded_of(deliveries) if name not in extra_of(sobject)]
    columns = ", ".join(checked(field, NAME) for field in ("Id", KEY_FIELD, DIGEST_FIELD, *extra_of(sobject), *guarded))
    asked = []
    for start in range(0, len(keys), KEYS_PER_QUERY):
        wanted = format_soql(
            "{}", keys[start : start + KEYS_PER_QUERY]
        )  # no other quoting: nothing else reaches a query
        asked.append(
            " ".join(("SELECT", columns, "FROM", sobject, "WHERE", KEY_FIELD, "IN", wanted, "ORDER BY CreatedDate"))
        )
    return asked


def merged_queries(deliveries: Sequence[Delivery]) -> Iterator[str]:
    """SOQL over the recycle bin: which of these records live on in another one."""
    from simple_salesforce.format import format_soql

    ids = sorted({str(delivery.object_id) for delivery in deliveries if ID.fullmatch(str(delivery.object_id))})
    for start in range(0, len(ids), KEYS_PER_QUERY):
        some = format_soql("{}", ids[start : start + KEYS_PER_QUERY])
        sobject = object_of(deliveries[0])
        yield " ".join(("SELECT Id, MasterRecordId FROM", sobject, "WHERE MasterRecordId != null AND Id IN", some))


def guarded_of(deliveries: Sequence[Delivery]) -> list[str]:
    """The fields that people own once they are set."""
    return sorted({field for delivery in deliveries for field in delivery.only_if_blank})


def extra_of(sobject: str) -> tuple[str, ...]:
    """Fields that say what became of a record."""
    return OF_A_LEAD if sobject == "Lead" else ()


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

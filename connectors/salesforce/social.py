"""Personas and posts: what hangs below a lead or contact, and the links between them.

A persona is linked to the lead or contact that its lead delivery has led to, which the outbox names as its parent; a
link that stands already, a rep's too, is left as it is. The lead gets its link back. A post hangs below its persona.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.salesforce.looking import Looking
from connectors.salesforce.lookup import LINKS, asked_by
from connectors.salesforce.matched import parents_of
from connectors.salesforce.shapes import Shapes
from connectors.salesforce.words import CONTACT, KEY_FIELD, LEAD, OURS, PERSONA, sobject_of
from connectors.salesforce.writes import Write
from hub.domain import Delivery, FoundRecord

LINK_BACK = "Hub_Persona__c"


def hung(writes: list[Write], held: Mapping[str, FoundRecord], looking: Looking, shapes: Shapes) -> list[Write]:
    """The writes of personas and posts with what they hang below."""
    if not writes or writes[0].delivery.object not in OURS:
        return writes
    there: dict[str, Mapping[str, Any]] = {}
    asked: list[str] = []
    for kind, ids in unlinked([write.delivery for write in writes], held).items():
        asked += asked_by("Id", kind, ids, ["AccountId"] if kind == CONTACT else [])
    there |= {str(row["Id"]): row for row in looking.rows(asked, CONTACT)}
    there |= {str(id): {} for id in parents_of([w.delivery for w in writes if w.verb == "create"], LEAD)}
    hung = [linked(write, held.get(write.key), there) for write in writes]
    if any(write.fields.get("Contact__c") for write in hung):
        shapes.tie()
    lead = shapes.of(LEAD)
    return hung + (list(links_back(hung)) if lead is not None and lead.has(LINK_BACK) else [])


def linked(write: Write, held: FoundRecord | None, there: Mapping[str, Mapping[str, Any]]) -> Write:
    """The write with its links; `there` are the rows of the parents that are there, by id."""
    links = links_of(write.delivery, there)
    kept = held.fields if held else {}
    return write._replace(fields=write.fields | {name: id for name, id in links.items() if not kept.get(name)})


def links_of(delivery: Delivery, there: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Where a record hangs."""
    parent = delivery.parent_object_id
    if delivery.object != PERSONA:
        if parent is not None:
            return {"Persona__c": parent}
        return {"Persona__r": {KEY_FIELD: delivery.parent}} if delivery.parent else {}
    row = there.get(str(parent))
    if row is None:
        return {}
    if sobject_of(parent) == CONTACT:
        return {"Contact__c": parent} | ({"Account__c": row["AccountId"]} if row.get("AccountId") else {})
    return {"Lead__c": parent}


def links_back(writes: Sequence[Write]) -> Iterator[Write]:
    """The lead's link to its persona, for each persona that is linked to it now."""
    for write in writes:
        lead = write.fields.get("Lead__c")
        if lead and write.delivery.object == PERSONA:
            fields = {"Hub_Persona__r": {KEY_FIELD: write.key}}
            yield Write(write.delivery, "update", fields, lead, sobject=LEAD, aside=True)


def unlinked(deliveries: Sequence[Delivery], held: Mapping[str, FoundRecord]) -> dict[str, set[str]]:
    """Ids of the parents, by object, to which some persona has no link yet."""
    wanted: dict[str, set[str]] = {}
    for one in deliveries:
        kind, record = sobject_of(one.parent_object_id), held.get(one.external_id)
        name = LINKS[1] if kind == CONTACT else LINKS[0]
        trusted = kind == LEAD and one.object_id is None and record is None  # it was written a moment ago
        if kind and one.object == PERSONA and not trusted and not (record and record.fields.get(name)):
            wanted.setdefault(kind, set()).add(str(one.parent_object_id))
    return wanted

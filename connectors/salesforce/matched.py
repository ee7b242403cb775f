"""Somebody who is there already, as a contact or as a lead that is not under our key: enriched, never doubled.

A contact belongs to people: of what we say only our own fields go there, and only those that the organisation has put
on its contacts. Where it has put none, nothing is written and the contact is named all the same: what the person says
hangs below their persona, and the persona below the contact.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.salesforce.answers import ambiguous, refused
from connectors.salesforce.lookup import address
from connectors.salesforce.people import BY_ACCOUNT, BY_ADDRESS, BY_PERSONA, CONVERTED, HOW, LIKELY
from connectors.salesforce.shapes import Shape, Shapes
from connectors.salesforce.words import CONTACT, DIGEST_FIELD, KEY_FIELD, LEAD, sobject_of
from connectors.salesforce.writes import Write, write_of
from hub.domain import Delivery, FoundRecord, Receipt

BY_RULE = "duplicate_rule"
REASONS = {
    BY_PERSONA: "matched_persona", BY_ACCOUNT: "matched_other_account", BY_ADDRESS: "matched_email",
    CONVERTED: "followed_conversion", BY_RULE: "matched_by_duplicate_rule",
}  # fmt: skip
SAID = {
    BY_PERSONA: "this account is tied to it", BY_ACCOUNT: "another account of the same person is tied to it",
    BY_ADDRESS: "it has the same e-mail address", CONVERTED: "sales have converted the lead to it",
    BY_RULE: "a duplicate rule found it",
}  # fmt: skip


class Matches:
    """What becomes of deliveries about people who are there already."""

    def __init__(self, shapes: Shapes, instance: str) -> None:
        self._shapes, self._instance = shapes, instance

    def settled(self, delivery: Delivery, record: FoundRecord) -> Receipt | None:
        """The receipt of somebody for whom there is nothing to write."""
        if record.fields.get(LIKELY):
            return ambiguous(delivery, "several_candidates", record.fields[LIKELY], instance=self._instance)
        if sobject_of(record.object_id) != CONTACT or self._fields(delivery, self._contact, record):
            return None
        return self.told(delivery, record)

    def write(self, delivery: Delivery, record: FoundRecord) -> Write:
        """What is written to a record that is not under our key."""
        shape = self._contact if sobject_of(record.object_id) == CONTACT else None
        fields = self._fields(delivery, shape, record)
        reason = REASONS[record.fields[HOW]]
        return Write(delivery, "update", fields, record.object_id, sobject=sobject_of(record.object_id) or LEAD,
                     reason=reason)  # fmt: skip

    def told(self, delivery: Delivery, record: FoundRecord) -> Receipt:
        """The receipt that names who was found, and how."""
        how = record.fields[HOW]
        kind = (sobject_of(record.object_id) or LEAD).lower()
        return Receipt(
            delivery=delivery.id, outcome="updated", object_id=record.object_id, url=record.url, reason=REASONS[how],
            detail=f"No lead was made: this is the {kind} {record.object_id}, since {SAID[how]}.",
        )  # fmt: skip

    def by_rule(self, delivery: Delivery, row: Mapping[str, Any]) -> FoundRecord:
        """What a duplicate rule found, as a look-up would have."""
        id = str(row["Id"])
        return FoundRecord(
            external_id=delivery.external_id, object_id=id, digest=row.get(DIGEST_FIELD),
            fields={**row, HOW: BY_RULE}, url=address(self._instance, id),
        )  # fmt: skip

    @property
    def _contact(self) -> Shape:
        return self._shapes.of(CONTACT) or Shape(lengths={})

    def _fields(self, delivery: Delivery, contact: Shape | None, record: FoundRecord) -> dict[str, Any]:
        """What goes there: of a contact only our own fields; our key where none stands yet."""
        appends = contact is None and "append" in delivery.authority.values()
        lead = self._shapes.of(LEAD) if appends else None
        fields = write_of(delivery, record, "update", lengths=lead.lengths if lead else None).fields
        if record.fields.get(KEY_FIELD):
            del fields[KEY_FIELD]
        if contact is not None:
            fields = {name: value for name, value in fields.items() if name.startswith("Hub_") and contact.has(name)}
        return fields


def left_alone(delivery: Delivery, reason: str, detail: str) -> Receipt:
    """Nothing is to be made of it here, and nobody need look at it."""
    return Receipt(delivery=delivery.id, outcome="unchanged", reason=reason, detail=detail)


def nobody_there(delivery: Delivery) -> Receipt:
    """The connection says that what is there is enriched, and nothing made."""
    return left_alone(delivery, "update_only", "Nobody here is this person, and update_only makes nobody.")


def not_wanted(delivery: Delivery) -> Receipt:
    """The connection says that leads are all that is kept here."""
    return left_alone(delivery, "social_objects_none", "This connection keeps no personas and posts.")


def without_contact(delivery: Delivery) -> Receipt:
    """Sales converted the lead, and the contact is no more."""
    detail = "Sales have converted this lead, and its contact is not there any more; the hub makes no second lead."
    return refused(delivery, "cannot_update_converted_lead", detail)


def parents_of(deliveries: Sequence[Delivery], kind: str) -> set[str]:
    """Ids of the leads or contacts that these hang below."""
    return {str(one.parent_object_id) for one in deliveries if sobject_of(one.parent_object_id) == kind}

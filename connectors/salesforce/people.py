"""Who of the people behind new leads is there already: contact first, then lead.

What ties a person to a record, from the surest on: a persona's link or our key on the record, for the account that
speaks; the same for their other accounts; an e-mail address. A contact goes before a lead, and a lead that sales have
converted leads to its contact. Where an address is that of several, nobody chooses: a person is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from connectors.salesforce.lookup import TWINS, address, asked_by, extra_of, guarded_of
from connectors.salesforce.shapes import Shapes
from connectors.salesforce.words import (
    CONTACT,
    DIGEST_FIELD,
    KEY_FIELD,
    LEAD,
    PERSONA,
    accounts_of,
    addresses_of,
    persona_key,
    sobject_of,
)
from hub.domain import Delivery, FoundRecord, external_id

HOW = "found_by"  # by what a record was found that is not under the delivery's own key
BY_PERSONA, BY_ACCOUNT, BY_ADDRESS, CONVERTED = "persona", "other_account", "email", "conversion"
LIKELY = "candidates"  # ids of records of which any may be the one

Row = Mapping[str, Any]


class People:
    """The leads, contacts and personas that were found, and whose they are."""

    _leads_by: dict[str, dict[str, list[Row]]]
    _contacts_by: dict[str, dict[str, list[Row]]]

    def __init__(self, deliveries: Sequence[Delivery], shapes: Shapes, *, personas: bool) -> None:
        self._deliveries, self._guarded = deliveries, guarded_of(deliveries)
        self._accounts = {one.id: (one.external_id, *map(external_id, accounts_of(one))) for one in deliveries}
        self._addresses = sorted({each for one in deliveries for each in addresses_of(one)})
        self._shapes = shapes
        self._personas = personas and any(map(accounts_of, deliveries)) and shapes.of(PERSONA) is not None
        self.leads: dict[str, Row] = {}  # by id
        self.contacts: dict[str, Row] = {}
        self.ties: dict[str, Row] = {}  # personas, by key

    @cached_property
    def _of_contact(self) -> list[str]:
        """Which of our fields contacts have."""
        contact = self._shapes.of(CONTACT)
        return [name for name in (KEY_FIELD, DIGEST_FIELD) if contact is not None and contact.has(name)]

    # What is asked.

    def first(self) -> list[str]:
        """Queries by all that is known of these people."""
        keys = {key for keys in self._accounts.values() for key in keys}
        asked = asked_by(KEY_FIELD, LEAD, keys, self._of_lead())
        if self._personas:
            wanted = {persona_key(account) for one in self._deliveries for account in accounts_of(one)}
            asked += asked_by(KEY_FIELD, PERSONA, wanted, [KEY_FIELD, "Lead__c", "Contact__c"])
        if any(one.known_as for one in self._deliveries) and KEY_FIELD in self._of_contact:
            asked += asked_by(KEY_FIELD, CONTACT, keys, self._of_contact)
        if self._addresses:
            of_contact, of_lead = [*self._of_contact, "Email"], [*self._of_lead(), "Email"]
            asked += asked_by("Email", CONTACT, self._addresses, of_contact)
            asked += asked_by("Email", LEAD, self._addresses, of_lead)
        return asked

    def second(self) -> list[str]:
        """Queries for what the first answers lead to."""
        linked = [str(tie[name]) for tie in self.ties.values() for name in ("Contact__c", "Lead__c") if tie.get(name)]
        leads = {id for id in linked if sobject_of(id) == LEAD} - self.leads.keys()
        contacts = {id for id in linked if sobject_of(id) == CONTACT}
        contacts |= {str(row["ConvertedContactId"]) for row in self.leads.values() if row.get("ConvertedContactId")}
        contacts |= {str(one.object_id) for one in self._deliveries if sobject_of(one.object_id) == CONTACT}
        asked = asked_by("Id", LEAD, leads, self._of_lead()) if leads else []
        contacts -= self.contacts.keys()
        return asked + (asked_by("Id", CONTACT, contacts, self._of_contact) if contacts else [])

    def _of_lead(self) -> list[str]:
        return [KEY_FIELD, DIGEST_FIELD, *extra_of(LEAD), *self._guarded]

    def take(self, rows: Iterable[Row]) -> None:
        """Keep what was found."""
        for row in rows:
            id, kind = str(row["Id"]), (row.get("attributes") or {}).get("type")
            if kind == PERSONA:
                self.ties[str(row[KEY_FIELD]).lower()] = row
            elif kind == CONTACT:
                self.contacts[id] = {**self.contacts.get(id, {}), **row}
            else:
                self.leads[id] = {**self.leads.get(id, {}), **row}

    # What it means.

    def found(self, instance: str) -> Iterator[FoundRecord]:
        """One record for each of the people who is there."""
        self._leads_by = {name: grouped(self.leads.values(), name) for name in (KEY_FIELD, "Email")}
        self._contacts_by = {name: grouped(self.contacts.values(), name) for name in (KEY_FIELD, "Email")}
        for one in self._deliveries:
            record = self._record(one, instance)
            if record is not None:
                yield record

    def _record(self, one: Delivery, instance: str) -> FoundRecord | None:
        by_key = self._leads_by[KEY_FIELD]
        own = by_key.get(one.external_id, [])
        others = [key for key in self._accounts[one.id] if key != one.external_id]
        if len(own) > 1:
            return self._told(one, own[0], instance, {TWINS: [str(row["Id"]) for row in own]})
        contacts = [*self._contacts(one, one.external_id), *self._held_contact(one)]
        how = CONVERTED if own and own[0].get("ConvertedContactId") in contacts[:1] else BY_PERSONA
        if not contacts:
            how = BY_ACCOUNT
            contacts = [id for key in others for id in self._contacts(one, key)]
        if contacts:
            return self._told(one, self.contacts[contacts[0]], instance, {HOW: how})
        if own:
            return self._told(one, own[0], instance, {})
        leads = [(BY_PERSONA, id) for id in self._leads(one, one.external_id)]
        leads += [(BY_ACCOUNT, id) for key in others for id in self._leads(one, key)]
        if leads:
            how, id = leads[0]
            return self._told(one, self.leads[id], instance, {HOW: how})
        return self._by_address(one, instance)

    def _contacts(self, one: Delivery, key: str) -> list[str]:
        """Contacts that are tied to one account, the surest tie first."""
        tie = self._tie(one, key)
        linked = self.leads.get(str(tie.get("Lead__c")), {})
        ids = [tie.get("Contact__c"), *(row["Id"] for row in self._contacts_by[KEY_FIELD].get(key, ()))]
        ids += [row.get("ConvertedContactId") for row in (*self._leads_by[KEY_FIELD].get(key, ()), linked)]
        return [str(id) for id in ids if id in self.contacts]

    def _held_contact(self, one: Delivery) -> list[str]:
        return [str(one.object_id)] if one.object_id in self.contacts else []

    def _leads(self, one: Delivery, key: str) -> list[str]:
        """Leads that are tied to one account and not converted."""
        ids = [self._tie(one, key).get("Lead__c"), *(row["Id"] for row in self._leads_by[KEY_FIELD].get(key, ()))]
        return [str(id) for id in ids if id in self.leads and not self.leads[str(id)].get("IsConverted")]

    def _tie(self, one: Delivery, key: str) -> Row:
        account = next((each for each in accounts_of(one) if external_id(each) == key), None)
        return self.ties.get(persona_key(account), {}) if account else {}

    def _by_address(self, one: Delivery, instance: str) -> FoundRecord | None:
        for rows in (self._contacts_by["Email"], self._leads_by["Email"]):
            alike = [row for each in addresses_of(one) for row in rows.get(each, ()) if not row.get("IsConverted")]
            if alike:
                told = {LIKELY: [str(row["Id"]) for row in alike]} if len(alike) > 1 else {HOW: BY_ADDRESS}
                return self._told(one, alike[0], instance, told)
        return None

    def _told(self, one: Delivery, row: Row, instance: str, told: dict[str, Any]) -> FoundRecord:
        fields = {name: row.get(name) for name in (*self._guarded, *([KEY_FIELD] if HOW in told else ()))}
        fields |= {name: row[name] for name in extra_of(LEAD) if row.get(name)}
        id = str(row["Id"])
        return FoundRecord(
            external_id=one.external_id, object_id=id, digest=row.get(DIGEST_FIELD), fields=fields | told,
            url=address(instance, id),
        )  # fmt: skip


def grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    """Rows by what stands in one of their fields, in small letters; those in which nothing stands are left out."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.get(name):
            groups.setdefault(str(row[name]).lower(), []).append(row)
    return groups

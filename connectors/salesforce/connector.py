"""Salesforce: leads and their social context, created or updated by our own key.

`Hub_Key__c` is a unique external id field, so sending a record twice is harmless: a second creation is refused and
looked up, a second upsert changes nothing. What shaped this module, beside what its parts say:

- Calls are few (`plan`): up to 200 records are one call, up to 1,000 one Composite call, more than 6,000 a Bulk job.
- A job goes on whoever dies: its id is on disk before it may begin, and `resume` asks it what became of each record.
- The same id twice in one call fails as a duplicate, so only the newest version of an object is sent.
- A record that Salesforce refuses does not hold back the others; a call refused as a whole is halved until the record
  at fault stands alone. A record that was locked is tried again by itself.
- Whoever is a contact or a lead already gets no lead: `people` finds them, `matched` enriches them. That costs a
  look-up, so somebody new of whom nothing but one account is known is looked for only where some contact is tied to an
  account at all. A lead that sales have converted is followed to its contact; one that was deleted stays deleted.
- Personas and posts stand apart from leads and contacts, and are linked to them when they are written: `social`.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from connectors.salesforce.answers import LOCK_WAIT_SECONDS, LOCKED, MATCHED, several
from connectors.salesforce.bulk import Jobs
from connectors.salesforce.jobs import sheet_of
from connectors.salesforce.login import session_key
from connectors.salesforce.looking import Looking
from connectors.salesforce.lookup import TWINS, asked_by, extra_of, guarded_of
from connectors.salesforce.matched import Matches, nobody_there, not_wanted, without_contact
from connectors.salesforce.org import Org, open_client
from connectors.salesforce.outcomes import endings_of
from connectors.salesforce.people import HOW
from connectors.salesforce.preflight import describe, findings_of
from connectors.salesforce.sending import Sending
from connectors.salesforce.setting_up import steps
from connectors.salesforce.shapes import Shapes
from connectors.salesforce.social import hung
from connectors.salesforce.words import CONTACT, DIGEST_FIELD, KEY_FIELD, LEAD, OURS, Names, object_of, sobject_of
from connectors.salesforce.writes import OF_A_JOB, Verb, Write, write_of
from hub.domain import Delivery, Ending, FoundRecord, MappedObject, Receipt
from hub.errors import RecordRefused, SetupError
from hub.kit import Destination, Finding, Step

API_VERSION = "64.0"
OBJECTS_PER_CALL = 200
COMPOSITE_RECORDS = 1_000
JOB_RECORDS = 10_000  # one batch of a job
LOCK_SECONDS = 3_600.0
LOCKS = "salesforce:locked"
NAMED_AT_MOST = 100  # records refused by a duplicate rule whose match is asked for in one go


class Salesforce(Destination):
    """Writes batches of one object type; see the module for what makes that safe to repeat."""

    batch_size = OBJECTS_PER_CALL
    stays_seconds = 10.0  # with a job that ends soon: to let go of thousands of claims and take them up costs more
    job_from = 6_000  # records that are not yet worth a job: it costs as much as six Composite calls

    def open(self) -> Any:
        """simple-salesforce over our session; it never logs in by itself."""
        key = session_key(self.services, self.manifest, self.connection)
        return open_client(self.services, self.manifest, key, self.connection.extra.get("version") or API_VERSION)

    def close(self) -> None:
        """Close the connections that the library keeps open."""
        for made in ("org", "jobs", "shapes", "matches", "looking"):
            self.__dict__.pop(made, None)
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.session.close()

    @cached_property
    def org(self) -> Org:
        """The organisation behind the client."""
        return Org(self.client)

    @cached_property
    def jobs(self) -> Jobs:
        """Its jobs."""
        return Jobs(self.org, self.services, stays_seconds=self.stays_seconds)

    @cached_property
    def shapes(self) -> Shapes:
        """Its objects."""
        return Shapes(self.org, self.services, self.connection.id)

    @cached_property
    def matches(self) -> Matches:
        """What becomes of people who are there already."""
        return Matches(self.shapes, self.org.instance)

    @cached_property
    def names(self) -> Names:
        """Which objects hold personas and posts here."""
        return Names.of(self.connection.extra.get("social_objects"))

    @property
    def makes_nobody(self) -> bool:
        """Whether only what is there is enriched."""
        return str(self.connection.extra.get("update_only", "")).lower() in ("true", "1", "yes")

    def check(self) -> None:
        """Prove that we may call the API, and that our key is unique there; costs one request."""
        sobject = self.manifest.handoffs[0]
        if not (shape := self.shapes.ask(sobject)) or not shape.unique:
            raise SetupError(f"Salesforce lacks {KEY_FIELD} on {sobject}; see connectors/salesforce/README.md.")

    def plan(self, object: str, waiting: int) -> int:
        """As many records as the cheapest way for so many holds."""
        if waiting > self.job_from:
            return JOB_RECORDS
        return COMPOSITE_RECORDS if waiting > OBJECTS_PER_CALL else OBJECTS_PER_CALL

    # Looking up.

    @cached_property
    def looking(self) -> Looking:
        """The questions that are asked of it."""
        return Looking(self.org, self.shapes, self.names)

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What Salesforce holds now; asked after an unknown outcome and for what people have set."""
        return self.looking.find(deliveries)

    def endings(self, leads: Sequence[str]) -> Iterator[Ending]:
        """What sales made of these leads; a thousand are one call, and what they were converted to is another."""
        return endings_of(leads, self.looking.rows)

    # Writing.

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """Write the newest version of each object and yield one receipt for each delivery, in order."""
        newest = {delivery.external_id: delivery for delivery in deliveries}
        receipts = self.deliver(list(newest.values()))
        for delivery in deliveries:
            receipt = receipts[newest[delivery.external_id].id]
            if receipt.delivery != delivery.id:
                receipt = receipt.with_(delivery=delivery.id, detail="Sent as part of a later version.")
            yield receipt

    def deliver(self, deliveries: Sequence[Delivery]) -> dict[int, Receipt]:
        """Leave out what people own and what is there already; write the rest."""
        receipts = self.refrained(deliveries)
        left = [delivery for delivery in deliveries if delivery.id not in receipts]
        held = {record.external_id: record for record in self.find(looked)} if (looked := self.looked(left)) else {}
        known = {delivery.id for delivery in looked}
        receipts |= self.looking.gone([one for one in looked if one.object_id and one.external_id not in held])
        for delivery in left:
            record = held.get(delivery.external_id)
            rest = self.at_rest(delivery, record) if record else self.nobody(delivery)
            if delivery.id not in receipts and rest is not None:
                receipts[delivery.id] = rest
        left = [delivery for delivery in left if delivery.id not in receipts]
        writes = [self.written(one, held.get(one.external_id), looked_up=one.id in known) for one in left]
        return receipts | self.write(hung(writes, held, self.looking, self.shapes))

    def refrained(self, deliveries: Sequence[Delivery]) -> dict[int, Receipt]:
        """Personas and posts that are not to be kept here."""
        if deliveries[0].object not in OURS:
            return {}
        if not self.names.wanted:
            return {one.id: not_wanted(one) for one in deliveries}
        return {one.id: nobody_there(one) for one in deliveries if self.makes_nobody and not one.parent_object_id}

    def looked(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those that are looked up before they are written: all that may be there."""
        new = [delivery for delivery in deliveries if is_new(delivery)]
        if not new or not self.shapes.is_unique(object_of(new[0])):
            return list(deliveries)
        if new[0].object != LEAD:
            sure = {delivery.id for delivery in new}
        elif self.makes_nobody:
            sure = set()
        else:
            alone = [one for one in new if len(one.known_as) <= 1]
            tied = any(one.known_as for one in alone) and self.shapes.are_tied()
            sure = {one.id for one in alone if not (tied and one.known_as)}
        return [delivery for delivery in deliveries if delivery.id not in sure]

    def nobody(self, delivery: Delivery) -> Receipt | None:
        """The receipt of somebody who is not there, where nobody is to be made."""
        return nobody_there(delivery) if self.makes_nobody and delivery.object == LEAD else None

    def written(self, delivery: Delivery, record: FoundRecord | None, *, looked_up: bool) -> Write:
        """What is written of one delivery."""
        if record is not None and record.fields.get(HOW):
            return self.matches.write(delivery, record)
        verb: Verb = "upsert" if looked_up else "create"
        appends = "append" in delivery.authority.values()
        shape = self.shapes.of(object_of(delivery)) if appends else None
        lengths = shape.lengths if shape else None
        return write_of(delivery, record, verb, alone=self.was_locked(delivery), lengths=lengths)

    def at_rest(self, delivery: Delivery, record: FoundRecord) -> Receipt | None:
        """The receipt of what is not to be written: it is there, or a person has decided otherwise."""
        if record.fields.get(TWINS):
            return several(delivery, record.fields[TWINS])
        settled = self.matches.settled(delivery, record) if delivery.object == LEAD else None
        if settled is not None:
            return settled
        if record.digest == delivery.digest:
            return Receipt(delivery=delivery.id, outcome="unchanged", object_id=record.object_id, url=record.url)
        return without_contact(delivery) if record.fields.get("IsConverted") else None

    def write(self, writes: list[Write]) -> dict[int, Receipt]:
        """In a job what is much of one kind; in collections, or by itself, the rest."""
        carried = self.by_job(writes)
        rest = [write for write in writes if write.delivery.id not in carried]  # links back too: they come next time
        sending = Sending(self.org)
        receipts = carried | (sending.send(rest, raising=not carried) if rest else {})
        writes = [write for write in writes if not write.aside]
        return self.told(writes, receipts, sending)

    def by_job(self, writes: list[Write]) -> dict[int, Receipt]:
        """Hand what is worth a job to one: before anything else, since trouble with it must leave nothing half told."""
        most = max(([write for write in writes if write.verb == verb] for verb in OF_A_JOB), key=len)
        if len(most) <= self.job_from:
            return {}
        try:
            return self.jobs.hand_over(self.claim, sheet_of(most), most[0].verb)
        except RecordRefused:
            return {}  # no jobs to be had, or no more today: the other ways are still open

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """What became of a job that some process handed over."""
        receipts = {receipt.delivery: receipt for receipt in self.jobs.ask(job, deliveries)}
        writes = [
            write_of(one, None, "create")
            for one in deliveries
            if one.id in receipts and receipts[one.id].reason in (MATCHED, LOCKED)
        ]
        yield from self.told(writes, receipts, Sending(self.org)).values()

    def told(self, writes: Sequence[Write], receipts: dict[int, Receipt], sending: Sending) -> dict[int, Receipt]:
        """The receipts with what a duplicate rule found, which only a call for one record is told; locks are noted."""
        ended = [(write, receipts[write.delivery.id]) for write in writes]
        for write in (write for write, receipt in ended if receipt.reason == LOCKED):
            self.services.memory.set(f"{LOCKS}:{write.key}", 1, keep_seconds=LOCK_SECONDS)
        unnamed = [write for write, receipt in ended if receipt.reason == MATCHED and receipt.url is None]
        if not unnamed:
            return receipts
        receipts |= sending.again(unnamed[:NAMED_AT_MOST])
        receipts |= {write.delivery.id: next_time(write.delivery) for write in unnamed[NAMED_AT_MOST:]}
        found = [write for write in unnamed if write.known_id is None and receipts[write.delivery.id].reason == MATCHED]
        return receipts | self.enriched([(w.delivery, receipts[w.delivery.id].object_id) for w in found], sending)

    def enriched(self, found: Sequence[tuple[Delivery, str | None]], sending: Sending) -> dict[int, Receipt]:
        """What a duplicate rule found is the person: enriched like anybody who is there already."""
        ids = {kind: {str(id) for _, id in found if sobject_of(id) == kind} for kind in (LEAD, CONTACT)}
        contact = self.shapes.of(CONTACT) if ids[CONTACT] else None
        of_contact = [name for name in (KEY_FIELD, DIGEST_FIELD) if contact is not None and contact.has(name)]
        asked = asked_by("Id", CONTACT, ids[CONTACT], of_contact)
        asked += asked_by(
            "Id", LEAD, ids[LEAD], [KEY_FIELD, DIGEST_FIELD, *extra_of(LEAD), *guarded_of([one for one, _ in found])]
        )
        rows = {str(row["Id"]): row for row in self.looking.rows(asked, LEAD)}
        matched = [(one, self.matches.by_rule(one, rows[id])) for one, id in found if id in rows]
        settled = {one.id: told for one, record in matched if (told := self.at_rest(one, record))}
        writes = [self.matches.write(one, record) for one, record in matched if one.id not in settled]
        return settled | (sending.send(writes, raising=False) if writes else {})

    # Setting up.

    def prepare(self, *, apply: bool) -> Iterator[Step]:
        """Objects, fields, the component with its pages, and our user's rights: one deployment of our package."""
        return steps(self, apply=apply)

    def preflight(self, mapped: Sequence[MappedObject]) -> Iterator[Finding]:
        """What the organisation would not take of what these mappings write; one describe for each object."""
        for one in mapped:
            if one.object in OURS and not self.names.wanted:
                continue
            described = describe(self.org, one.object)
            self.shapes.note(one.object, described)
            yield from findings_of(one, described)

    # What is remembered.

    def was_locked(self, delivery: Delivery) -> bool:
        """Whether an earlier try met somebody at work on the record: then it goes by itself."""
        return delivery.attempt > 1 and self.services.memory.get(f"{LOCKS}:{delivery.external_id}") is not None


def is_new(delivery: Delivery) -> bool:
    """Never delivered, as far as is known: if it is there all the same, the unique key refuses a second one."""
    return delivery.object_id is None


def next_time(delivery: Delivery) -> Receipt:
    """A duplicate rule found somebody, and others are asked for first."""
    return Receipt(delivery=delivery.id, outcome="deferred", reason=MATCHED, retry_after=LOCK_WAIT_SECONDS)

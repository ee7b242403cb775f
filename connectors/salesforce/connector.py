"""Salesforce: leads and their social context, created or updated by our own key.

`Hub_Key__c` is a unique external id field, so sending a record twice is harmless: a second creation is refused and
looked up, a second upsert changes nothing. What shaped this module, beside what its parts say:

- Calls are few: `plan` asks for what the cheapest way for the backlog holds. Up to 200 records are one call, up to
  1,000 are one Composite call, more than 6,000 are a Bulk job.
- A job goes on whoever dies: its id is on disk before it may begin, and `resume` asks it what became of each record.
- The same id twice in one call fails as a duplicate, so only the newest version of an object is sent.
- A record that Salesforce refuses does not hold back the others; a call refused as a whole is halved until the record
  at fault stands alone. A record that was locked is tried again by itself.
- A lead that a person deleted or converted is let rest. An upsert would make the deleted one anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from connectors.salesforce import bulk
from connectors.salesforce.answers import LOCKED, MATCHED, name_trouble, refused, several
from connectors.salesforce.jobs import SOONEST_SECONDS, sheet_of
from connectors.salesforce.login import session_key
from connectors.salesforce.lookup import QUERIES_PER_CALL, TWINS, address, found, guarded_of, path_of, queries
from connectors.salesforce.org import Org, open_client
from connectors.salesforce.sending import Sending
from connectors.salesforce.words import KEY_FIELD, LOCATOR, checked, object_of
from connectors.salesforce.writes import Verb, Write, answers_of, composite_of, write_of
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import RecordRefused, SetupError
from hub.kit import Destination, running

API_VERSION = "64.0"
OBJECTS_PER_CALL = 200
COMPOSITE_RECORDS = 1_000
JOB_RECORDS = 10_000  # one batch of a job
DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
LOCK_SECONDS = 3_600.0
LOCKS = "salesforce:locked"
PACE = "salesforce:job_seconds_per_record"
SHORTER = 0.95  # than last time is when a job is asked for first
NAMED_AT_MOST = 100  # records refused by a duplicate rule whose match is asked for in one go


class Salesforce(Destination):
    """Writes batches of one object type; see the module for what makes that safe to repeat."""

    batch_size = OBJECTS_PER_CALL
    job_from = 6_000  # records that are not yet worth a job: it costs as much as six Composite calls

    def open(self) -> Any:
        """simple-salesforce over our session; it never logs in by itself."""
        key = session_key(self.services, self.manifest, self.connection)
        return open_client(self.services, self.manifest, key, self.connection.extra.get("version") or API_VERSION)

    def close(self) -> None:
        """Close the connections that the library keeps open."""
        self.__dict__.pop("org", None)
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.session.close()

    @cached_property
    def org(self) -> Org:
        """The organisation behind the client."""
        return Org(self.client)

    def check(self) -> None:
        """Prove that we may call the API, and that our key is unique there; costs one request."""
        sobject = self.manifest.handoffs[0]
        if not self.key_is_unique(sobject):
            raise SetupError(f"Salesforce lacks {KEY_FIELD} on {sobject}; see connectors/salesforce/README.md.")

    def plan(self, object: str, waiting: int) -> int:
        """As many records as the cheapest way for so many holds."""
        if waiting > self.job_from:
            return JOB_RECORDS
        return COMPOSITE_RECORDS if waiting > OBJECTS_PER_CALL else OBJECTS_PER_CALL

    # Looking up.

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What Salesforce holds now; asked after an unknown outcome and for `only_if_blank`."""
        for sobject in sorted({object_of(delivery) for delivery in deliveries}):
            alike = [delivery for delivery in deliveries if object_of(delivery) == sobject]
            rows = list(self.rows(queries(sobject, alike), sobject))
            yield from found(rows, sobject, guarded_of(alike), self.org.instance)

    def rows(self, asked: Sequence[str], sobject: str) -> Iterator[Mapping[str, Any]]:
        """All rows of these queries, page by page; several queries go in one call."""
        for start in range(0, len(asked), QUERIES_PER_CALL):
            for answer in self.pages(asked[start : start + QUERIES_PER_CALL], sobject):
                while True:
                    yield from answer["records"]
                    if answer.get("done", True):
                        break
                    locator = checked(str(answer.get("nextRecordsUrl")).rpartition("/")[2], LOCATOR)
                    answer = self.org.ask(f"query/{locator}", sobject=sobject)

    def pages(self, asked: Sequence[str], sobject: str) -> Iterator[Any]:
        """The first page of each query."""
        if len(asked) == 1:
            yield self.org.ask("query", params={"q": asked[0]}, sobject=sobject)
            return
        body = composite_of(self.org.base, [("GET", path_of(query), None) for query in asked])
        for status, told in answers_of(
            self.org.ask("composite", method="POST", body=body, sobject=sobject), len(asked)
        ):
            if status != 200:
                raise name_trouble(status or 500, told, sobject=sobject)
            yield told

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
        proven = any(map(is_new, deliveries)) and self.prove_unique(object_of(deliveries[0]))
        looked = [delivery for delivery in deliveries if not (proven and is_new(delivery))]
        held = {record.external_id: record for record in self.find(looked)} if looked else {}
        known = {delivery.id for delivery in looked}
        receipts: dict[int, Receipt] = {}
        writes = []
        for delivery in deliveries:
            record = held.get(delivery.external_id)
            rest = self.at_rest(delivery, record)
            if rest is not None:
                receipts[delivery.id] = rest
            else:
                verb: Verb = "upsert" if delivery.id in known else "create"
                writes.append(write_of(delivery, record, verb, alone=self.was_locked(delivery)))
        return receipts | self.write(writes)

    def at_rest(self, delivery: Delivery, record: FoundRecord | None) -> Receipt | None:
        """The receipt of what is not to be written: it is there, or a person has decided otherwise."""
        if record is None:
            return deleted(delivery) if delivery.object_id else None
        if record.fields.get(TWINS):
            return several(delivery, record.fields[TWINS])
        if record.digest == delivery.digest:
            return Receipt(delivery=delivery.id, outcome="unchanged", object_id=record.object_id, url=record.url)
        if record.fields.get("IsConverted"):
            return converted(delivery, str(record.fields.get("ConvertedContactId") or ""), self.org.instance)
        return None

    def write(self, writes: list[Write]) -> dict[int, Receipt]:
        """In a job what is much of one kind; in collections, or by itself, the rest."""
        carried = self.by_job(writes)
        rest = [write for write in writes if write.delivery.id not in carried]
        sending = Sending(self.org)
        receipts = sending.send(rest, raising=not carried) if rest else {}
        return carried | self.told(rest, receipts, sending)

    def by_job(self, writes: list[Write]) -> dict[int, Receipt]:
        """Hand what is worth a job to one: before anything else, since trouble with it must leave nothing half told."""
        kinds = [[write for write in writes if write.verb == verb] for verb in ("create", "upsert")]
        most = max(kinds, key=len)
        if len(most) <= self.job_from:
            return {}
        sheet = sheet_of(most)
        try:
            bulk.start(self.org, self.claim, sheet, most[0].verb)
        except RecordRefused:
            return {}  # no jobs to be had, or no more today: the other ways are still open
        passed = self.passed(most[0].delivery)
        wait = max(SOONEST_SECONDS, self.expected_seconds(len(sheet.writes)) - passed)
        return {write.delivery.id: running(write.delivery, ask_again_in=wait) for write in sheet.writes}

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """What became of a job; the time that it took says when to ask about the next one."""
        passed = self.passed(deliveries[0])
        receipts = {receipt.delivery: receipt for receipt in bulk.resume(self.org, job, deliveries, passed=passed)}
        if any(receipt.outcome not in ("unknown", "deferred") for receipt in receipts.values()):
            self.services.memory.set(PACE, passed / len(deliveries), keep_seconds=WEEK_SECONDS)
        writes = [write_of(one, None, "create") for one in deliveries if one.id in receipts]
        yield from self.told(writes, receipts, Sending(self.org)).values()

    def told(self, writes: Sequence[Write], receipts: dict[int, Receipt], sending: Sending) -> dict[int, Receipt]:
        """The receipts with what a duplicate rule found, which only a call for one record is told; locks are noted."""
        unnamed = [
            write
            for write in writes
            if (receipt := receipts[write.delivery.id]).reason == MATCHED and receipt.url is None
        ]
        receipts = receipts | (sending.again(unnamed[:NAMED_AT_MOST]) if unnamed else {})
        for write in writes:
            if receipts[write.delivery.id].reason == LOCKED:
                self.services.memory.set(f"{LOCKS}:{write.key}", 1, keep_seconds=LOCK_SECONDS)
        return receipts

    # What is remembered.

    def prove_unique(self, sobject: str) -> bool:
        """Whether a second creation under one key is surely refused; asked once a day. SetupError where it is not."""
        name = f"salesforce:{self.connection.id}:{sobject}:unique"
        known = self.services.memory.get(name)
        if known is None:
            known = self.key_is_unique(sobject)
            self.services.memory.set(name, known, keep_seconds=DAY_SECONDS)
        return bool(known)

    def key_is_unique(self, sobject: str) -> bool:
        """What the object's describe says of our key; False where it says nothing: then all is looked up first."""
        status, told = self.org.exchange("GET", f"sobjects/{sobject}/describe")
        if status in (401, 403) or status >= 500:
            raise name_trouble(status, told, sobject=sobject)
        fields = told.get("fields") if isinstance(told, dict) else None
        unique = next((one.get("unique") for one in fields or () if one.get("name") == KEY_FIELD), None)
        if unique is False:
            raise SetupError(f"{KEY_FIELD} on {sobject} must be unique, else there can be two of one: tick Unique.")
        return unique is True

    def was_locked(self, delivery: Delivery) -> bool:
        """Whether an earlier try met somebody at work on the record: then it goes by itself."""
        return delivery.attempt > 1 and self.services.memory.get(f"{LOCKS}:{delivery.external_id}") is not None

    def passed(self, delivery: Delivery) -> float:
        """Seconds since this was claimed."""
        now = self.services.clock.now()
        return max((now - (delivery.claimed_at or now)).total_seconds(), 0.0)

    def expected_seconds(self, records: int) -> float:
        """How long a job of so many took last time, a little less."""
        pace = self.services.memory.get(PACE)
        return SHORTER * records * float(pace) if pace else 0.0


def is_new(delivery: Delivery) -> bool:
    """Never delivered and never tried: nobody can have made it but by another hub, or before the store was lost."""
    return delivery.object_id is None and delivery.attempt <= 1


def deleted(delivery: Delivery) -> Receipt:
    """We delivered an earlier version, and it is gone: a person's decision, not ours to undo."""
    return refused(delivery, "deleted_there", "A person deleted this record in Salesforce; it stays deleted.")


def converted(delivery: Delivery, contact: str, instance: str) -> Receipt:
    """Sales work with a contact now: no new lead, and a lead that is converted takes no change."""
    url = address(instance, contact)
    named = f" to the contact {contact}" if url else ""
    detail = f"Sales have converted this lead{named}; add what is new there by hand."
    return refused(delivery, "cannot_update_converted_lead", detail, url=url)

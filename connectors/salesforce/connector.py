"""Salesforce: leads and their social context, created or updated by our own key.

`Hub_Key__c` is a unique external id field, so sending a record twice is harmless: a second creation is refused and
looked up, a second upsert changes nothing. What shaped this module, beside what its parts say:

- Calls are few (`plan`): up to 200 records are one call, up to 1,000 one Composite call, more than 6,000 a Bulk job.
- A job goes on whoever dies: its id is on disk before it may begin, and `resume` asks it what became of each record.
- The same id twice in one call fails as a duplicate, so only the newest version of an object is sent.
- A record that Salesforce refuses does not hold back the others; a call refused as a whole is halved until the record
  at fault stands alone. A record that was locked is tried again by itself.
- A lead that a person deleted or converted is let rest. An upsert would make the deleted one anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from connectors.salesforce.answers import LOCKED, MATCHED, name_trouble, refused, several
from connectors.salesforce.bulk import Jobs
from connectors.salesforce.deployable import archive
from connectors.salesforce.deployment import Deployed, deploy
from connectors.salesforce.jobs import sheet_of
from connectors.salesforce.login import session_key
from connectors.salesforce.lookup import (
    QUERIES_PER_CALL,
    TWINS,
    address,
    found_of,
    guarded_of,
    merged_queries,
    path_of,
    queries,
)  # fmt: skip
from connectors.salesforce.org import Org, open_client
from connectors.salesforce.outcomes import endings_of
from connectors.salesforce.preflight import describe, fields_of, findings_of
from connectors.salesforce.sending import Sending
from connectors.salesforce.setting_up import steps
from connectors.salesforce.words import KEY_FIELD, LOCATOR, checked, object_of
from connectors.salesforce.writes import VERBS, Verb, Write, answers_of, composite_of, write_of
from hub.domain import Delivery, Ending, FoundRecord, MappedObject, Receipt
from hub.errors import RecordRefused, SetupError
from hub.kit import Destination, Finding, Step

API_VERSION = "64.0"
OBJECTS_PER_CALL = 200
COMPOSITE_RECORDS = 1_000
JOB_RECORDS = 10_000  # one batch of a job
DAY_SECONDS = 86_400.0
LOCK_SECONDS = 3_600.0
UNIQUE = "salesforce:unique"
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
        for made in ("org", "jobs", "proven"):
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
    def proven(self) -> set[str]:
        """The objects on which our key was found to be unique while this connector was open."""
        return set()

    def check(self) -> None:
        """Prove that we may call the API, and that our key is unique there; costs one request."""
        sobject = self.manifest.handoffs[0]
        if not self.ask_unique(sobject):
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
            yield from found_of(rows, sobject, guarded_of(alike), self.org.instance)

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

    def endings(self, leads: Sequence[str]) -> Iterator[Ending]:
        """What sales made of these leads; a thousand are one call, and what they were converted to is another."""
        return endings_of(leads, self.rows)

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
        new = {delivery.id for delivery in deliveries if is_new(delivery)}
        proven = bool(new) and self.prove_unique(object_of(deliveries[0]))
        looked = [delivery for delivery in deliveries if not (proven and delivery.id in new)]
        held = {record.external_id: record for record in self.find(looked)} if looked else {}
        known = {delivery.id for delivery in looked}
        receipts = self.gone([one for one in looked if one.object_id and one.external_id not in held])
        writes = []
        for delivery in deliveries:
            record = held.get(delivery.external_id)
            if delivery.id in receipts:
                continue
            rest = self.at_rest(delivery, record) if record else None
            if rest is not None:
                receipts[delivery.id] = rest
            else:
                verb: Verb = "upsert" if delivery.id in known else "create"
                writes.append(write_of(delivery, record, verb, alone=self.was_locked(delivery)))
        return receipts | self.write(writes)

    def gone(self, deliveries: Sequence[Delivery]) -> dict[int, Receipt]:
        """What we delivered and is there no more: a person has deleted it, or merged it into another record."""
        masters: dict[str, str] = {}
        for query in merged_queries(deliveries):
            status, told = self.org.exchange("GET", "queryAll", params={"q": query})
            for row in told["records"] if status == 200 else ():  # it only says more of what is known already
                masters[str(row["Id"])[:15]] = str(row["MasterRecordId"])
        return {one.id: deleted(one, masters.get(str(one.object_id)[:15], ""), self.org.instance) for one in deliveries}

    def at_rest(self, delivery: Delivery, record: FoundRecord) -> Receipt | None:
        """The receipt of what is not to be written: it is there, or a person has decided otherwise."""
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
        receipts = carried | (sending.send(rest, raising=not carried) if rest else {})
        return self.told(writes, receipts, sending)

    def by_job(self, writes: list[Write]) -> dict[int, Receipt]:
        """Hand what is worth a job to one: before anything else, since trouble with it must leave nothing half told."""
        most = max(([write for write in writes if write.verb == verb] for verb in VERBS), key=len)
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
        unnamed = [write for write, receipt in ended if receipt.reason == MATCHED and receipt.url is None]
        for write in (write for write, receipt in ended if receipt.reason == LOCKED):
            self.services.memory.set(f"{LOCKS}:{write.key}", 1, keep_seconds=LOCK_SECONDS)
        return receipts | (sending.again(unnamed[:NAMED_AT_MOST]) if unnamed else {})

    # Setting up.

    def prepare(self, *, apply: bool) -> Iterator[Step]:
        """Objects, fields, the component with its pages, and our user's rights: one deployment of our package."""
        return steps(self, apply=apply)

    def deploy(self, *, check_only: bool) -> Deployed:
        """Deploy the package, or only try whether it could be."""
        session = session_key(self.services, self.manifest, self.connection).current().value.partition(" ")[2]
        return deploy(
            self.client, archive(), session_id=session, check_only=check_only, clock=self.services.clock,
            tell=self.tell,
        )  # fmt: skip

    def preflight(self, mapped: Sequence[MappedObject]) -> Iterator[Finding]:
        """What the organisation would not take of what these mappings write; one describe for each object."""
        for one in mapped:
            described = describe(self.org, one.object)
            self.note_unique(one.object, fields_of(described or {}).get(KEY_FIELD, {}).get("unique"))
            yield from findings_of(one, described)

    # What is remembered.

    def prove_unique(self, sobject: str) -> bool:
        """Whether a second creation under one key is surely refused; asked once a day. SetupError where it is not."""
        if sobject in self.proven:
            return True
        known = self.services.memory.get(f"{UNIQUE}:{self.connection.id}:{sobject}")
        unique = self.ask_unique(sobject) if known is None else bool(known)
        if unique:
            self.proven.add(sobject)
        return unique

    def ask_unique(self, sobject: str) -> bool:
        """What the object's describe says of our key; False where it says nothing: then all is looked up first."""
        status, told = self.org.exchange("GET", f"sobjects/{sobject}/describe")
        if status in (401, 403) or status >= 500:
            raise name_trouble(status, told, sobject=sobject)
        fields = told.get("fields") if isinstance(told, dict) else None
        unique = next((one.get("unique") for one in fields or () if one.get("name") == KEY_FIELD), None)
        if unique is False:
            raise SetupError(f"{KEY_FIELD} on {sobject} must be unique, else there can be two of one: tick Unique.")
        self.note_unique(sobject, unique)
        return unique is True

    def note_unique(self, sobject: str, unique: object) -> None:
        """Remember for a day what a describe said of our key."""
        self.services.memory.set(f"{UNIQUE}:{self.connection.id}:{sobject}", unique is True, keep_seconds=DAY_SECONDS)

    def was_locked(self, delivery: Delivery) -> bool:
        """Whether an earlier try met somebody at work on the record: then it goes by itself."""
        return delivery.attempt > 1 and self.services.memory.get(f"{LOCKS}:{delivery.external_id}") is not None


def is_new(delivery: Delivery) -> bool:
    """Never delivered, as far as is known: if it is there all the same, the unique key refuses a second one."""
    return delivery.object_id is None


def deleted(delivery: Delivery, master: str, instance: str) -> Receipt:
    """We delivered an earlier version, and it is gone: a person's decision, not ours to undo."""
    if master:
        detail = f"This record was merged into {master}; add what is new there by hand."
        return refused(delivery, "merged_there", detail, url=address(instance, master))
    return refused(delivery, "deleted_there", "A person deleted this record in Salesforce; it stays deleted.")


def converted(delivery: Delivery, contact: str, instance: str) -> Receipt:
    """Sales work with a contact now: no new lead, and a lead that is converted takes no change."""
    url = address(instance, contact)
    named = f" to the contact {contact}" if url else ""
    detail = f"Sales have converted this lead{named}; add what is new there by hand."
    return refused(delivery, "cannot_update_converted_lead", detail, url=url)

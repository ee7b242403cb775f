"""Salesforce: leads and their social context, created or updated by our own key.

`Hub_Key__c` is a unique external id field, so sending a record twice is harmless: the first call creates, the
next one updates. What shaped this module:

- Up to 200 records of one type go in one sObject Collections call; the answers come in the order of the
  records, inside a 200. A list of another length proves nothing about any record. A record that Salesforce
  refuses does not hold back the other 199.
- The same id twice in one call fails as a duplicate, so only the newest version of an object is sent.
- Unique fields ignore case unless told otherwise, and simple-salesforce joins ids onto URLs unquoted:
  only ids made of 0-9 and a-f are ever sent.
- Left to itself the library logs in again and again on a lasting 401. Here it is handed a session that the
  token keeper shares among all processes: one log-in for each expiry, then AccessDenied.
- A lead that a person deleted would be created anew by the next upsert. It stays deleted.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.salesforce.answers import name_trouble, read_answer, unknown
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import AccessDenied, RecordRefused, SetupError, Unavailable
from hub.kit import Destination
from hub.kit.services import Token
from hub.kit.vendor import KeptToken, vendor_session

OBJECTS_PER_CALL = 200
API_VERSION = "64.0"
KEY_FIELD = "Hub_Key__c"
DIGEST_FIELD = "Hub_Digest__c"
SLOW_DOWN_AT = 0.8  # of the organisation's daily calls: the rest belongs to people
SLOW_DOWN_COST = 20  # budget that a call costs beyond that
HEX = re.compile(r"[0-9a-f]{16,64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
WORD = re.compile(r"[A-Za-z_]{1,60}")
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


class SessionKey(KeptToken):
    """A kept token that also says which instance it is for: `host key`."""

    def bearer(self, token: Token) -> str:
        return token.value.partition(" ")[2]


class Salesforce(Destination):
    """Upserts one batch of one object type; see the module for what makes that safe to repeat."""

    batch_size = OBJECTS_PER_CALL

    def open(self) -> Any:
        """simple-salesforce over our session; it never logs in by itself."""
        from simple_salesforce.api import Salesforce as Client

        key = SessionKey(self.services, self.connection.id, self.log_in)
        instance, _, session_id = key.current().value.partition(" ")
        return Client(
            instance=instance,
            session_id=session_id,
            version=self.connection.extra.get("version") or API_VERSION,
            session=vendor_session(self.services, self.manifest, auth=key),
        )

    def close(self) -> None:
        """Close the connections that the library keeps open."""
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.session.close()

    def check(self) -> None:
        """Prove that we may call the API at all; costs one request."""
        self.call("limits", sobject="the API")

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What Salesforce holds now; asked after an unknown outcome and for `only_if_blank`."""
        for sobject in sorted({object_of(delivery) for delivery in deliveries}):
            yield from self.query(sobject, [delivery for delivery in deliveries if object_of(delivery) == sobject])

    def query(self, sobject: str, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """The records of one type under these keys, with the fields that people own."""
        from simple_salesforce.format import format_soql

        guarded = sorted({field for delivery in deliveries for field in delivery.only_if_blank})
        columns = ", ".join(checked(field, NAME) for field in ("Id", KEY_FIELD, DIGEST_FIELD, *guarded))
        keys = sorted({checked(delivery.external_id, HEX) for delivery in deliveries})
        wanted = format_soql("{}", keys)  # the only quoting there is: nothing else reaches a query
        query = " ".join(("SELECT", columns, "FROM", sobject, "WHERE", KEY_FIELD, "IN", wanted, "ORDER BY CreatedDate"))
        answer = self.call("query", params={"q": query}, sobject=sobject)
        seen = set()
        for row in answer["records"]:
            external_id = str(row[KEY_FIELD]).lower()
            if external_id not in seen:  # a field that is not unique, against the README: the oldest record counts
                seen.add(external_id)
                fields = {field: row.get(field) for field in guarded}
                yield self.found(external_id, row["Id"], digest=row.get(DIGEST_FIELD), fields=fields)

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """Upsert the newest version of each object and yield one receipt for each delivery, in order."""
        newest = {delivery.external_id: delivery for delivery in deliveries}
        receipts = self.deliver(list(newest.values()))
        for delivery in deliveries:
            receipt = receipts[delivery.external_id]
            if delivery is not newest[delivery.external_id]:
                receipt = receipt.with_(delivery=delivery.id, detail="Sent as part of a later version.")
            yield receipt

    def deliver(self, deliveries: list[Delivery]) -> dict[str, Receipt]:
        """Leave out what people own and what is there already; upsert the rest."""
        looked = any(delivery.only_if_blank or delivery.object_id for delivery in deliveries)
        held = {record.external_id: record for record in self.find(deliveries)} if looked else {}
        receipts: dict[str, Receipt] = {}
        waiting = []
        for delivery in deliveries:
            record = held.get(delivery.external_id)
            if record and record.digest == delivery.digest:
                receipts[delivery.external_id] = unchanged(delivery, record)
            elif delivery.object_id and not record:
                receipts[delivery.external_id] = deleted(delivery)
            else:
                waiting.append(delivery)
        for delivery, receipt in zip(waiting, self.upsert(waiting, held), strict=True):
            receipts[delivery.external_id] = receipt
        return receipts

    def upsert(self, deliveries: list[Delivery], held: dict[str, FoundRecord]) -> list[Receipt]:
        """One collections call; a call refused as a whole is halved until the record at fault stands alone."""
        if not deliveries:
            return []
        sobject = object_of(deliveries[0])
        records = [record_of(delivery, held.get(delivery.external_id)) for delivery in deliveries]
        path = f"composite/sobjects/{sobject}/{KEY_FIELD}"
        try:
            answers = self.call(path, method="PATCH", json={"allOrNone": False, "records": records}, sobject=sobject)
        except RecordRefused as refused:
            if len(deliveries) == 1:
                return [
                    Receipt(delivery=deliveries[0].id, outcome="refused", reason=refused.reason, detail=str(refused))
                ]
            half = len(deliveries) // 2
            return self.upsert(deliveries[:half], held) + self.upsert(deliveries[half:], held)
        if not isinstance(answers, list) or len(answers) != len(deliveries):
            return [unknown(delivery, "answers_missing") for delivery in deliveries]
        return [self.read(delivery, answer, held) for delivery, answer in zip(deliveries, answers, strict=True)]

    def read(self, delivery: Delivery, answer: Any, held: dict[str, FoundRecord]) -> Receipt:
        """The receipt for one answer; it must be about the record that we know under this key."""
        record = held.get(delivery.external_id)
        known_id = record.object_id if record else None
        return read_answer(delivery, answer, known_id=known_id, instance=self.client.sf_instance)

    def call(self, path: str, *, sobject: str, **options: Any) -> Any:
        """One call through the library; its errors, which quote the answer, become ours, which do not."""
        from simple_salesforce.exceptions import SalesforceError

        self.spare_the_allowance()  # before the call: what was written must not look as if it had been put off
        try:
            return self.client.restful(path, **options)
        except SalesforceError as trouble:
            raise name_trouble(trouble.status, trouble.content, sobject=sobject) from None
        except ValueError:
            raise Unavailable("Salesforce's answer is not JSON.") from None

    def spare_the_allowance(self) -> None:
        """Slow down when the organisation's calls for the day run short."""
        usage = self.client.api_usage.get("api-usage")
        if usage and usage.used >= usage.total * SLOW_DOWN_AT:
            cost = min(SLOW_DOWN_COST, self.manifest.budget.requests)
            self.services.budgets.acquire(self.manifest.name, self.manifest.budget, cost=cost)

    def found(self, external_id: str, object_id: str, *, digest: str | None, fields: dict[str, Any]) -> FoundRecord:
        """A record as the kit knows it."""
        url = f"https://{self.client.sf_instance}/{object_id}"
        return FoundRecord(external_id=external_id, object_id=object_id, digest=digest, fields=fields, url=url)

    def log_in(self, _: Token | None) -> Token:
        """One log-in by whichever of Salesforce's ways the connection is filled in for."""
        from simple_salesforce.exceptions import SalesforceAuthenticationFailed
        from simple_salesforce.login import SalesforceLogin

        try:
            with vendor_session(self.services, self.manifest) as session:
                session_id, instance = SalesforceLogin(session=session, **self.credentials())
        except SalesforceAuthenticationFailed as refused:
            if isinstance(refused.code, int) and refused.code >= 500:
                raise Unavailable(f"Salesforce's log-in answered {refused.code}.", sent=False) from None
            code = refused.code if WORD.fullmatch(str(refused.code)) else "no code"
            raise AccessDenied(
                f"Salesforce refused the log-in ({code}); check the connection {self.connection.id}."
            ) from None
        return Token(value=f"{instance} {session_id}")

    def credentials(self) -> dict[str, Any]:
        """Airflow's own fields of a Salesforce connection, under the library's names; blank ones left out."""
        extra = self.connection.extra
        given = {
            "username": self.connection.login,
            "password": self.connection.password,
            "security_token": extra.get("security_token"),
            "organizationId": extra.get("organization_id"),
            "consumer_key": extra.get("consumer_key"),
            "consumer_secret": extra.get("consumer_secret"),
            "privatekey_file": extra.get("private_key_file_path"),
            "privatekey": extra.get("private_key"),
            "domain": domain_of(extra.get("domain") or extra.get("instance_url") or self.connection.host or ""),
        }
        filled = {name: value for name, value in given.items() if value}
        if not {"password", "consumer_secret", "privatekey", "privatekey_file"} & filled.keys():
            raise SetupError(
                f"The connection {self.connection.id} needs consumer_key and consumer_secret with a domain, "
                "or a login, a password and a security_token."
            )
        return filled


def record_of(delivery: Delivery, held: FoundRecord | None) -> dict[str, Any]:
    """The record to upsert: our key and digest, and of the body what people have not filled in themselves."""
    fields = held.fields if held else {}
    kept = {
        name: value
        for name, value in delivery.body.items()
        if name not in delivery.only_if_blank or fields.get(name) in (None, "")
    }
    stamp = {KEY_FIELD: checked(delivery.external_id, HEX), DIGEST_FIELD: delivery.digest}
    return {"attributes": {"type": object_of(delivery)}, **kept, **stamp}


def unchanged(delivery: Delivery, record: FoundRecord) -> Receipt:
    """Salesforce holds this very version."""
    return Receipt(delivery=delivery.id, outcome="unchanged", object_id=record.object_id, url=record.url)


def deleted(delivery: Delivery) -> Receipt:
    """We delivered an earlier version, and it is gone: a person's decision, not ours to undo."""
    detail = "A person deleted this record in Salesforce; it stays deleted."
    return Receipt(delivery=delivery.id, outcome="refused", reason="deleted_there", detail=detail)


def object_of(delivery: Delivery) -> str:
    """The sObject's API name: `Lead` of `sObject Lead`."""
    return checked(delivery.object.removeprefix("sObject "), NAME)


def domain_of(address: str) -> str | None:
    """What the library calls a domain: `acme.my` of `https://acme.my.salesforce.com`."""
    host = address.strip().lower().removeprefix("https://").rstrip("/").removesuffix(".salesforce.com")
    return checked(host, HOST) if host else None


def checked(text: str, form: re.Pattern[str]) -> str:
    """The text, when it is safe inside a query or a path."""
    if not form.fullmatch(text):
        raise SetupError(f"{text[:80]!r} cannot be part of a call to Salesforce.")
    return text

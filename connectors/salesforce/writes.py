"""What is written, and how few calls it takes.

- A record that is not known to be there is *created*: the unique field refuses it where it is there all the same, so
  that nothing of a salesperson's is overwritten unseen and no look-up is paid for. Every other one has been looked up,
  and is *upserted* by our key.
- What is under no key of ours, such as a salesperson's contact, is *updated* by its id. A link back from a lead to its
  persona rides along *aside*: whatever becomes of it, the persona is there, and the next one brings it again.
- Up to 200 records go in one sObject Collections call, of which a Composite call holds five. A record that was locked
  goes by itself, 25 of them in one Composite call, each a transaction of its own.
- The answers come in the order of the records, inside a 200; a list of another length proves nothing about any.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from connectors.salesforce.words import DIGEST_FIELD, HEX, ID, KEY_FIELD, checked, object_of, whose
from hub.domain import Delivery, FoundRecord
from hub.kit.authority import merged

OBJECTS_PER_CALL = 200
COLLECTIONS_PER_CALL = 5
PARTS_PER_CALL = 25
Verb = Literal["create", "upsert", "update"]
OF_A_JOB: tuple[Verb, ...] = ("create", "upsert")  # verbs that are worth a job when there are thousands


class Write(NamedTuple):
    """One record on its way."""

    delivery: Delivery
    verb: Verb
    fields: dict[str, Any]
    known_id: str | None = None
    alone: bool = False
    sobject: str = ""  # where it is another one than the delivery's
    reason: str | None = None  # code for the ledger, where it was not written under its own key
    aside: bool = False  # nobody waits for what becomes of it

    @property
    def key(self) -> str:
        """Its external id."""
        return self.delivery.external_id

    @property
    def kind(self) -> str:
        """The sObject that is written."""
        return self.sobject or object_of(self.delivery)


class Part(NamedTuple):
    """One request: a collection, or one record by itself."""

    writes: Sequence[Write]
    method: str
    path: str  # below the version
    body: dict[str, Any]
    single: bool

    @property
    def aside(self) -> bool:
        """Whether nobody waits for what becomes of it."""
        return self.writes[0].aside


def write_of(
    delivery: Delivery,
    held: FoundRecord | None,
    verb: Verb,
    *,
    alone: bool = False,
    lengths: Mapping[str, int] | None = None,
) -> Write:
    """The record to write: our key and digest, and of the body what is ours to write over what is there."""
    there = held.fields if held else {}
    fields = merged(delivery, there, partial(whose, delivery), longest=lengths)
    fields[KEY_FIELD] = checked(delivery.external_id, HEX)
    fields[DIGEST_FIELD] = delivery.digest
    return Write(delivery, verb, fields, held.object_id if held else None, alone)


def parts_of(writes: Sequence[Write]) -> list[Part]:
    """These writes in as few requests as may be, those of one verb together."""
    together: dict[tuple[bool, Verb, str], list[Write]] = {}
    for write in sorted(writes, key=lambda write: write.aside):
        if not write.alone:
            together.setdefault((write.aside, write.verb, write.kind), []).append(write)
    parts = [
        collection_of(group[start : start + OBJECTS_PER_CALL])
        for group in together.values()
        for start in range(0, len(group), OBJECTS_PER_CALL)
    ]
    return parts + [single_of(write) for write in writes if write.alone]


def collection_of(writes: Sequence[Write]) -> Part:
    """One request for up to 200 of one object and one verb."""
    sobject, verb = writes[0].kind, writes[0].verb
    attributes = {"type": sobject}
    records = [{"attributes": attributes, **named(write), **write.fields} for write in writes]
    path = f"composite/sobjects/{sobject}/{KEY_FIELD}" if verb == "upsert" else "composite/sobjects"
    method = "POST" if verb == "create" else "PATCH"
    return Part(writes, method, path, {"allOrNone": False, "records": records}, single=False)


def named(write: Write) -> dict[str, str]:
    """The id in a record that is known by it."""
    return {"id": checked(str(write.known_id), ID)} if write.verb == "update" else {}


def single_of(write: Write) -> Part:
    """A request of its own; where our key stands in the address, it must not stand in the record."""
    sobject = write.kind
    if write.verb == "create":
        return Part([write], "POST", f"sobjects/{sobject}", write.fields, single=True)
    if write.verb == "update":
        return collection_of([write])
    fields = {name: value for name, value in write.fields.items() if name != KEY_FIELD}
    return Part([write], "PATCH", f"sobjects/{sobject}/{KEY_FIELD}/{write.key}", fields, single=True)


def calls_of(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """The requests that go in one call: 25, of which five may be collections."""
    call: list[Part] = []
    for part in parts:
        heavy = sum(not one.single for one in call)
        if call and (len(call) == PARTS_PER_CALL or (not part.single and heavy == COLLECTIONS_PER_CALL)):
            yield call
            call = []
        call.append(part)
    if call:
        yield call


def composite_of(base: str, parts: Sequence[tuple[str, str, Any]]) -> dict[str, Any]:
    """The body of a Composite call; each part is a method, a path below the version, and a body."""
    requests = [
        {"method": method, "url": f"{base}{path}", "referenceId": f"part{place}"} | ({"body": body} if body else {})
        for place, (method, path, body) in enumerate(parts)
    ]
    return {"allOrNone": False, "compositeRequest": requests}


def answers_of(answer: Any, count: int) -> list[tuple[int, Any]]:
    """Status and body of each part of a Composite answer, in order; status 0 where one is missing."""
    told = answer.get("compositeResponse") if isinstance(answer, dict) else None
    named = {one.get("referenceId"): one for one in told if isinstance(one, dict)} if isinstance(told, list) else {}
    whole = named.get(None)  # a refusal of all the parts names none
    return [
        (int(one.get("httpStatusCode") or 0), one.get("body"))
        if (one := named.get(f"part{place}") or whole)
        else (0, None)
        for place in range(count)
    ]

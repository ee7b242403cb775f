"""What Salesforce's answers mean: one record at a time, or for a whole call.

Facts behind the tables:

- A collection answers 200 with one result for each record, in order, each with its own error codes under
  `statusCode`; elsewhere the same codes come under `errorCode`, in a list.
- `success: false` is final for that record unless its code is one of those that time heals. A code that we
  do not know is therefore a refusal, never a success and never a repeat.
- Two upserts of one new id within a second: the second gets DUPLICATE_VALUE though it asked for "create or
  update". Whether ours is the one that won only a look-up can tell, a moment later.
- A duplicate rule names the record that it found only to a call for one record, under a misspelt name.
- Salesforce never sends Retry-After. Waits differ from record to record, so that what collided once does not again.
"""

import re
from collections.abc import Sequence
from typing import Any

from connectors.salesforce.lookup import address
from connectors.salesforce.words import ID
from connectors.salesforce.writes import Part, Write
from hub.domain import Delivery, Receipt
from hub.errors import AccessDenied, HubError, RateLimited, RecordRefused, SetupError, Unavailable

LOCK_WAIT_SECONDS = 5.0
RACE_WAIT_SECONDS = 1.5
BUSY_WAIT_SECONDS = 30.0  # too many long calls at once
LIMIT_WAIT_SECONDS = 300.0  # the day's allowance comes back bit by bit: one probe in five minutes

HEALED_BY_TIME = {
    "UNABLE_TO_LOCK_ROW": LOCK_WAIT_SECONDS,
    "REQUEST_RUNNING_TOO_LONG": LOCK_WAIT_SECONDS,
    "QUERY_TIMEOUT": LOCK_WAIT_SECONDS,
    "SERVER_UNAVAILABLE": 60.0,
    "STORAGE_LIMIT_EXCEEDED": 3600.0,
    "REQUEST_LIMIT_EXCEEDED": LIMIT_WAIT_SECONDS,
}
LOOK_AGAIN = {"DUPLICATE_VALUE"}
LOCKED = "unable_to_lock_row"
MATCHED = "duplicates_detected"
NOT_SET_UP = {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"}  # of a whole call; of one record among others, a refusal
FOREIGN = re.compile(r"Foreign key external ID\b", re.IGNORECASE)
IDS = re.compile(r"\b[A-Za-z0-9]{18}\b")
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
CUSTOM_FIELD = re.compile(r"\b\w+__c\b")
TOLD_IN_A_CELL = re.compile(r"([A-Z][A-Z0-9_]{2,79}):(.*):([\w,]*) --", re.DOTALL)

SAID_SIMPLY = {
    "CANNOT_UPDATE_CONVERTED_LEAD": "Sales have converted this lead; add what is new to the contact by hand.",
    "ENTITY_IS_DELETED": "A person deleted this record; it stays deleted.",
    "DUPLICATES_DETECTED": "A duplicate rule found a matching record; merge by hand or relax the rule.",
}


def read_part(part: Part, status: int, body: Any, *, instance: str) -> list[Receipt]:
    """The receipts of one request that was answered; raises what speaks of it as a whole."""
    writes = part.writes
    if part.single:
        return [read_single(writes[0], status, body, instance=instance)]
    if status != 200:
        raise trouble_of(part, status, body)
    if not isinstance(body, list) or len(body) != len(writes):
        return [unknown(write.delivery, "answers_missing") for write in writes]
    if astray(writes, body):
        return [unknown(write.delivery, "answers_out_of_order") for write in writes]
    if lacks := not_set_up(body):
        raise trouble_of(part, 400, [lacks])
    return [read_result(write, result, instance=instance) for write, result in zip(writes, body, strict=True)]


def read_single(write: Write, status: int, body: Any, *, instance: str) -> Receipt:
    """The receipt of a record that went by itself."""
    if status in (200, 201):
        return read_result(write, body, instance=instance)
    if status == 300:
        twins = [str(each).rpartition("/")[2] for each in body] if isinstance(body, list) else []
        return several(write.delivery, twins)
    first = first_of(body)
    code = code_of(first)
    final = status in (400, 404, 409) and code not in NOT_SET_UP
    if final or code in ("UNABLE_TO_LOCK_ROW", "STORAGE_LIMIT_EXCEEDED", "ENTITY_IS_DELETED"):
        return read_errors(write.delivery, [first], instance=instance)
    raise name_trouble(status, body, sobject=write.kind)


def read_result(write: Write, result: Any, *, instance: str) -> Receipt:
    """The receipt that one result stands for."""
    delivery = write.delivery
    if not isinstance(result, dict) or not isinstance(result.get("success"), bool):
        return unknown(delivery, "unreadable_answer")
    if not result["success"]:
        return read_errors(delivery, result.get("errors"), instance=instance)
    id = result.get("id")
    made = write.verb == "create" or bool(result.get("created"))
    if not isinstance(id, str) or not id:
        return unknown(delivery, "unreadable_answer")
    return written(delivery, id, created=made, instance=instance).with_(reason=write.reason)


def written(delivery: Delivery, id: str, *, created: bool, instance: str) -> Receipt:
    """It is there."""
    made = Receipt(delivery=delivery.id, outcome="created", object_id=id, url=address(instance, id))
    return made if created else made.with_(outcome="updated")


def astray(writes: Any, results: list[Any]) -> bool:
    """Whether the results are not in the order of the records: then none of them can be believed."""
    good = [(write, result) for write, result in zip(writes, results, strict=True) if isinstance(result, dict)]
    ids = [str(result["id"]) for _, result in good if result.get("success") is True and result.get("id")]
    wrong = any(
        write.known_id and result.get("id") and str(result["id"])[:15] != write.known_id[:15] for write, result in good
    )
    return wrong or len(set(ids)) < len(ids)


def not_set_up(results: list[Any]) -> dict[str, Any] | None:
    """The first error, where every record was refused for a field that the organisation does not have."""
    firsts = [first_of(result.get("errors")) for result in results if isinstance(result, dict)]
    lacking = [code_of(first) == "INVALID_FIELD" and not FOREIGN.match(str(first.get("message"))) for first in firsts]
    if len(firsts) == len(results) and all(lacking):
        return firsts[0]
    return None


def read_errors(delivery: Delivery, errors: Any, *, instance: str) -> Receipt:
    """A record that was not written: refused, deferred, or to be looked up."""
    first = first_of(errors)
    code = code_of(first)
    reason = code.lower()
    if code == "DUPLICATE_EXTERNAL_ID":
        return several(delivery, IDS.findall(str(first.get("message", "")).rpartition("[")[2]))
    if code in LOOK_AGAIN:
        return unknown(delivery, reason).with_(retry_after=RACE_WAIT_SECONDS * spread(delivery))
    if code in HEALED_BY_TIME:
        wait = HEALED_BY_TIME[code] * spread(delivery)
        return Receipt(delivery=delivery.id, outcome="deferred", reason=reason, retry_after=wait)
    if code == "INVALID_FIELD" and FOREIGN.match(str(first.get("message", ""))):
        return Receipt(delivery=delivery.id, outcome="parent_missing", reason="parent_missing")
    if code == "DUPLICATES_DETECTED" and (found := matched(first)):
        return ambiguous(delivery, reason, found, instance=instance)
    return Receipt(delivery=delivery.id, outcome="refused", reason=reason, detail=explain(code, first))


def ambiguous(delivery: Delivery, reason: str, ids: Sequence[str], *, instance: str) -> Receipt:
    """Any of these may be the person: one is taken for them, of several a person chooses."""
    if len(ids) == 1:
        detail = f"A duplicate rule found {ids[0]}; merge by hand or relax the rule."
    else:
        detail = f"Any of {', '.join(ids)} may be this person; link the right one to the persona, then replay."
    one = ids[0] if len(ids) == 1 else None
    return refused(delivery, reason, detail, url=address(instance, ids[0])).with_(object_id=one)


def read_cell(delivery: Delivery, cell: str, *, instance: str) -> Receipt:
    """A record that a job did not write: `CODE:words:fields --`."""
    found = TOLD_IN_A_CELL.fullmatch(cell.strip())
    told = {"statusCode": found[1], "fields": found[3].split(",") if found[3] else []} if found else {}
    return read_errors(delivery, [told], instance=instance)


def matched(error: dict[str, Any]) -> list[str]:
    """The ids of the records that a duplicate rule found, each once."""
    told = error.get("duplicateResut") or error.get("duplicateResult")  # the first is Salesforce's own spelling
    try:
        results = told["matchResults"] if isinstance(told, dict) else []
        ids = [str(match["record"]["Id"]) for result in results for match in result["matchRecords"]]
    except (KeyError, TypeError):
        return []
    return list(dict.fromkeys(id for id in ids if ID.fullmatch(id)))


def spread(delivery: Delivery) -> float:
    """Between 0.5 and 1.5, the same for the same try of the same record."""
    return 0.5 + (int(delivery.external_id[:8], 16) + delivery.attempt * 0x9E3779B9) % 1000 / 1000


def explain(code: str, error: dict[str, Any]) -> str:
    """One sentence about a refusal; names fields, never repeats Salesforce's text, which may quote the record."""
    if code in SAID_SIMPLY:
        return SAID_SIMPLY[code]
    fields = ", ".join(str(field) for field in error.get("fields") or [] if CODE.fullmatch(str(field)))
    return f"Salesforce refused the record with {code}" + (f" at {fields}." if fields else ".")


def unknown(delivery: Delivery, reason: str) -> Receipt:
    """Salesforce may or may not hold this record now."""
    return Receipt(delivery=delivery.id, outcome="unknown", reason=reason)


def refused(delivery: Delivery, reason: str, detail: str, *, url: str | None = None) -> Receipt:
    """Not for us to write."""
    return Receipt(delivery=delivery.id, outcome="refused", reason=reason, detail=detail, url=url)


def several(delivery: Delivery, ids: list[str]) -> Receipt:
    """More than one record has this key: a set-up error that a person must mend, for this record alone."""
    named = ", ".join(id for id in ids if ID.fullmatch(id))
    detail = f"Several records share this key ({named}); merge them, and tick Unique on Hub_Key__c."
    return refused(delivery, "more_than_one_record", detail)


def trouble_of(part: Part, status: int, body: Any) -> HubError:
    """The error of ours for a collection that was not carried out."""
    return name_trouble(status, body, sobject=part.writes[0].kind)


def name_trouble(status: int, content: Any, *, sobject: str) -> HubError:
    """The error of ours for a whole call that Salesforce did not carry out."""
    first = first_of(content)
    code = code_of(first)
    if code == "REQUEST_LIMIT_EXCEEDED":
        busy = "concurrent" in str(first.get("message", "")).lower()
        return RateLimited(
            "Salesforce has too many long calls at once." if busy else "Salesforce's API allowance is spent.",
            retry_after=BUSY_WAIT_SECONDS if busy else LIMIT_WAIT_SECONDS,
        )
    if status >= 500:
        said_no = code == "SERVER_UNAVAILABLE"  # in Salesforce's own words: it did not begin
        return Unavailable(f"Salesforce answered {status}.", retry_after=HEALED_BY_TIME.get(code), sent=not said_no)
    if status in (401, 403):
        return AccessDenied(f"Salesforce denies us {sobject} ({code}); check the integration user's permission set.")
    if code in NOT_SET_UP:
        fields = ", ".join(dict.fromkeys(CUSTOM_FIELD.findall(str(first.get("message", ""))))) or "a field"
        return SetupError(f"Salesforce lacks {fields} on {sobject} ({code}); see connectors/salesforce/README.md.")
    if status in (400, 413):
        return RecordRefused(f"Salesforce refused the call with {code}.", reason=code.lower())
    return Unavailable(f"Salesforce answered {status}, which we do not know.")


def first_of(errors: Any) -> dict[str, Any]:
    """The first of a list of errors, empty where there is none."""
    return errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}


def code_of(error: dict[str, Any]) -> str:
    """The error code under either of its names; a stand-in where there is none that looks like one."""
    code = str(error.get("statusCode") or error.get("errorCode") or "")
    return code if CODE.fullmatch(code) else "UNKNOWN_CODE"

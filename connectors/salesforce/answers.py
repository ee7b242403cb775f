"""What Salesforce's answers mean: one record at a time, or for a whole call.

Facts behind the tables:

- A collection answers 200 with one result for each record, in order, each with its own error codes under
  `statusCode`; elsewhere the same codes come under `errorCode`, in a list.
- `success: false` is final for that record unless its code is one of those that time heals. A code that we
  do not know is therefore a refusal, never a success and never a repeat.
- Two upserts of one new id within a second: the second gets DUPLICATE_VALUE though it asked for "create or
  update". Whether ours is the one that won only a look-up can tell.
- Salesforce never sends Retry-After.
"""

import re
from typing import Any

from hub.domain import Delivery, Receipt
from hub.errors import AccessDenied, HubError, RateLimited, RecordRefused, SetupError, Unavailable

LOCK_WAIT_SECONDS = 5.0
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
NOT_SET_UP = {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"}  # of a whole call; of one record they are refusals
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
CUSTOM_FIELD = re.compile(r"\b\w+__c\b")

SAID_SIMPLY = {
    "CANNOT_UPDATE_CONVERTED_LEAD": "A salesperson has converted this lead; add what is new to the contact by hand.",
    "ENTITY_IS_DELETED": "A person deleted this record; it stays deleted.",
    "DUPLICATES_DETECTED": "A duplicate rule found a matching record; merge by hand or relax the rule.",
}


def read_answer(delivery: Delivery, answer: Any, *, known_id: str | None, instance: str) -> Receipt:
    """The receipt that one result of a collection stands for."""
    if not isinstance(answer, dict) or not isinstance(answer.get("success"), bool):
        return unknown(delivery, "unreadable_answer")
    if not answer["success"]:
        return read_errors(delivery, answer.get("errors"))
    object_id = answer.get("id")
    if not isinstance(object_id, str) or (known_id and object_id[:15] != known_id[:15]):
        return unknown(delivery, "answers_out_of_order")
    return Receipt(
        delivery=delivery.id,
        outcome="created" if answer.get("created") else "updated",
        object_id=object_id,
        url=f"https://{instance}/{object_id}",
    )


def read_errors(delivery: Delivery, errors: Any) -> Receipt:
    """A record that was not written: refused, deferred, or to be looked up."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = code_of(first)
    if code in LOOK_AGAIN:
        return unknown(delivery, code.lower())
    if code in HEALED_BY_TIME:
        return Receipt(delivery=delivery.id, outcome="deferred", reason=code.lower(), retry_after=HEALED_BY_TIME[code])
    return Receipt(delivery=delivery.id, outcome="refused", reason=code.lower(), detail=explain(code, first))


def explain(code: str, error: dict[str, Any]) -> str:
    """One sentence about a refusal; names fields, never repeats Salesforce's text, which may quote the record."""
    if code in SAID_SIMPLY:
        return SAID_SIMPLY[code]
    fields = ", ".join(str(field) for field in error.get("fields") or [] if WORD.fullmatch(str(field)))
    return f"Salesforce refused the record with {code}" + (f" at {fields}." if fields else ".")


def unknown(delivery: Delivery, reason: str) -> Receipt:
    """Salesforce may or may not hold this record now."""
    return Receipt(delivery=delivery.id, outcome="unknown", reason=reason)


def name_trouble(status: int, content: Any, *, sobject: str) -> HubError:
    """The error of ours for a whole call that Salesforce did not carry out."""
    first = content[0] if isinstance(content, list) and content and isinstance(content[0], dict) else {}
    code = code_of(first)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return RateLimited("Salesforce's API allowance is spent.", retry_after=LIMIT_WAIT_SECONDS)
    if status >= 500:
        return Unavailable(f"Salesforce answered {status}.", retry_after=HEALED_BY_TIME.get(code))
    if status in (401, 403):
        return AccessDenied(f"Salesforce denies us {sobject} ({code}); check the integration user's permission set.")
    if code in NOT_SET_UP:
        fields = ", ".join(dict.fromkeys(CUSTOM_FIELD.findall(str(first.get("message", ""))))) or "a field"
        return SetupError(f"Salesforce lacks {fields} on {sobject} ({code}); see connectors/salesforce/README.md.")
    if status in (400, 413):
        return RecordRefused(f"Salesforce refused the call with {code}.", reason=code.lower())
    return Unavailable(f"Salesforce answered {status}, which we do not know.")


def code_of(error: dict[str, Any]) -> str:
    """The error code under either of its names; a stand-in where there is none that looks like one."""
    code = str(error.get("statusCode") or error.get("errorCode") or "")
    return code if WORD.fullmatch(code) else "UNKNOWN_CODE"

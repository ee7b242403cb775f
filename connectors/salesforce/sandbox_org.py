"""The rules of the played organisation: what it refuses, and how ids and answers are made."""

import re
from datetime import datetime
from typing import Any

from connectors.salesforce.sandbox_fields import NUMBERS, Field
from sandbox.kit import Reply

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
NUMERIC = (*NUMBERS, "currency")
PREFIXES = {
    "User": "005", "Group": "00G", "Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006",
    "SocialPersona__c": "a00", "SocialPost__c": "a01",
}  # fmt: skip
Problem = dict[str, Any]


def error(code: str, message: str, *fields: str) -> Problem:
    """One error as a collection's result carries it."""
    return {"statusCode": code, "message": message, "fields": list(fields)}


def faults_of(record: dict[str, Any], fields: dict[str, Field], *, new: bool) -> Problem | None:
    """The first reason why this record cannot be written."""
    for name, value in record.items():
        problem = fault_of(name, value, fields.get(name), new=new)
        if problem:
            return problem
    demanded = [name for name, field in fields.items() if field.required]
    blank = [name for name in demanded if (new or name in record) and not str(record.get(name) or "").strip()]
    if blank:
        return error("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(blank)}]", *blank)
    return None


def fault_of(name: str, value: Any, field: Field | None, *, new: bool) -> Problem | None:
    """What is wrong with one field."""
    if field is None:
        return error("INVALID_FIELD", f"No such column '{name}' on sobject", name)
    if not (field.createable if new else field.updateable):
        words = f"Unable to create/update fields: {name}. Please check the security settings of this field"
        return error("INVALID_FIELD_FOR_INSERT_UPDATE", words, name)
    if value is None:
        return None
    if field.type in NUMERIC:
        return number_fault(name, value, field)
    if not isinstance(value, bool if field.type == "boolean" else str):
        return error("JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.type} from this value", name)
    return text_fault(name, str(value), field)


def number_fault(name: str, value: Any, field: Field) -> Problem | None:
    """Numbers are numbers, and no larger than their field."""
    if type(value) not in (int, float):
        words = f"Cannot deserialize instance of {field.type} from VALUE_STRING value {value}"
        return error("JSON_PARSER_ERROR", words, name)
    digits = field.digits or field.precision - field.scale
    if digits and abs(value) >= 10**digits:
        words = f"{name}: value outside of valid range on numeric field: {value}"
        return error("NUMBER_OUTSIDE_VALID_RANGE", words, name)
    return None


def text_fault(name: str, value: str, field: Field) -> Problem | None:
    """Words fit into their field; Salesforce repeats the ones that do not."""
    if field.type == "reference" and value:
        known = tuple(PREFIXES[kind] for kind in field.refers_to)
        if not ID.fullmatch(value) or not value.startswith(known):
            return error("MALFORMED_ID", f"{name}: id value of incorrect type: {value}", name)
    if field.type == "datetime" and value and not is_moment(value):
        words = f"Cannot deserialize instance of datetime from VALUE_STRING value {value}"
        return error("JSON_PARSER_ERROR", words, name)
    if field.length and units(value) > field.length:
        words = f"{name}: data value too large: {value} (max length={field.length})"
        return error("STRING_TOO_LONG", words, name)
    if field.type == "email" and value and not EMAIL.fullmatch(value):
        return error("INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value}", name)
    if field.restricted and value and value not in field.values:
        words = f"{name}: bad value for restricted picklist field: {value}"
        return error("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", words, name)
    return None


def is_moment(text: str) -> bool:
    """Whether a text is a moment as Salesforce reads it: a date, a time and a zone."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def units(text: str) -> int:
    """Length as Salesforce counts it: a character outside the basic plane counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def record_id(prefix: str, number: int) -> str:
    """The 18-character id of the nth record: 15 that know case and 3 that tell it to those who do not."""
    short = f"{prefix}5e{number:010d}"
    return short + "".join(
        ALPHABET[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def failed(problem: Problem, *, upsert: bool = False) -> dict[str, Any]:
    """The result of a record that was not written."""
    return {"success": False, "errors": [problem]} | ({"created": False} if upsert else {})


def single(result: dict[str, Any], *, status: int = 204) -> Reply:
    """A result of one record in the form that calls for one record have."""
    if not result["success"]:
        return alone(result["errors"][0])
    if "created" in result:
        status = 201 if result["created"] else 200
    return Reply.empty(status) if status == 204 else Reply.json(result, status=status)


def alone(problem: Problem) -> Reply:
    """One record's error as the answer to a whole call; what a duplicate rule found is spelt as Salesforce does."""
    missing = problem["statusCode"] in ("NOT_FOUND", "ENTITY_IS_DELETED")
    told: Problem = {"message": problem["message"], "errorCode": problem["statusCode"]}
    if problem["fields"]:
        told["fields"] = problem["fields"]
    if "duplicateResult" in problem:
        told = {"duplicateResut": problem["duplicateResult"]} | told
    return Reply.json([told], status=404 if missing else 400)


def refuse(status: int, code: str, message: str) -> Reply:
    """Salesforce's list of errors for a whole call."""
    return Reply.json([{"message": message, "errorCode": code}], status=status)


def oauth_error(name: str, description: str, status: int = 400) -> Reply:
    """A refused log-in."""
    return Reply.json({"error": name, "error_description": description}, status=status)

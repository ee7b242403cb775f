"""The rules of the played organisation: which fields a Lead has, what it refuses, how ids and answers are made."""

import re
from typing import Any, NamedTuple

from sandbox.kit import Reply

REQUIRED = ("LastName", "Company")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
KEY_FIELD = "Hub_Key__c"


class Field(NamedTuple):
    """One field: its type, its length in UTF-16 units, and whether we may write it."""

    type: str
    length: int = 0
    writable: bool = True


TEXT_LENGTHS = {
    "LastName": 80, "FirstName": 40, "Salutation": 40, "Title": 128, "Company": 255, "Street": 255, "City": 40,
    "State": 80, "PostalCode": 20, "Country": 80, "Phone": 40, "MobilePhone": 40, "Website": 255,
    "Description": 32_000, "LeadSource": 255, "Status": 255, "Industry": 255, "Rating": 255,
    "OwnerId": 18, KEY_FIELD: 64, "Hub_Digest__c": 64, "Hub_Post_URL__c": 255, "Hub_Profile_URL__c": 255,
    "Hub_Last_Post__c": 32_000, "Hub_Network__c": 40, "Hub_Handle__c": 255,
    "Hub_Intent__c": 40, "Hub_Sentiment__c": 20, "Hub_Why__c": 4_000, "Hub_Link__c": 255,
}  # fmt: skip
FIELDS = {
    **{name: Field("string", length) for name, length in TEXT_LENGTHS.items()},
    "Email": Field("email", 80),
    "Hub_Followers__c": Field("double"),
    "Hub_Score__c": Field("double"),
    **{name: Field("string", 255, writable=False) for name in ("Id", "Name", "CreatedDate", "LastModifiedDate")},
    **{name: Field("boolean", writable=False) for name in ("IsConverted", "IsDeleted")},
}


def error(code: str, message: str, *fields: str) -> dict[str, Any]:
    """One error as a collection's result carries it."""
    return {"statusCode": code, "message": message, "fields": list(fields)}


def faults_of(record: dict[str, Any], *, new: bool) -> dict[str, Any] | None:
    """The first reason why this record cannot be written."""
    for name, value in record.items():
        problem = fault_of(name, value)
        if problem:
            return problem
    blank = [name for name in REQUIRED if (new or name in record) and not str(record.get(name) or "").strip()]
    if blank:
        return error("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(blank)}]", *blank)
    return None


def fault_of(name: str, value: Any) -> dict[str, Any] | None:
    """What is wrong with one field."""
    field = FIELDS.get(name)
    if field is None:
        return error("INVALID_FIELD", f"No such column '{name}' on sobject of type Lead", name)
    if not field.writable:
        return error("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {name}.", name)
    if value is None:
        return None
    if isinstance(value, dict | list) or (field.type == "double") != (type(value) in (int, float)):
        return error("JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.type} from this value", name)
    if field.length and units(str(value)) > field.length:
        return error("STRING_TOO_LONG", f"{name}: data value too large (max length={field.length})", name)
    if field.type == "email" and value and not EMAIL.fullmatch(value):
        return error("INVALID_EMAIL_ADDRESS", f"{name}: invalid email address", name)
    return None


def units(text: str) -> int:
    """Length as Salesforce counts it: a character outside the basic plane counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def lead_id(number: int) -> str:
    """The 18-character id of the nth lead: 15 that know case and 3 that tell it to those who do not."""
    short = f"00Q5e{number:010d}"
    return short + "".join(
        ALPHABET[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def describe() -> dict[str, Any]:
    """The answer to `sobjects/Lead/describe`, cut to what clients read."""
    fields = [
        {
            "name": name,
            "type": field.type,
            "length": field.length,
            "nillable": name not in REQUIRED,
            "createable": field.writable,
            "updateable": field.writable,
            "custom": name.endswith("__c"),
            "externalId": name == KEY_FIELD,
            "unique": name == KEY_FIELD,
            "caseSensitive": False,
        }
        for name, field in FIELDS.items()
    ]
    return {"name": "Lead", "label": "Lead", "keyPrefix": "00Q", "createable": True, "fields": fields}


def failed(problem: dict[str, Any]) -> dict[str, Any]:
    """The result of a record that was not written."""
    return {"success": False, "errors": [problem]}


def single(result: dict[str, Any], *, status: int = 204) -> Reply:
    """A result of one record in the form that calls for one record have."""
    if not result["success"]:
        problem = result["errors"][0]
        missing = problem["statusCode"] in ("NOT_FOUND", "ENTITY_IS_DELETED")
        return refuse(404 if missing else 400, problem["statusCode"], problem["message"], problem["fields"])
    if "created" in result:
        status = 201 if result["created"] else 200
    return Reply.empty(status) if status == 204 else Reply.json(result, status=status)


def refuse(status: int, code: str, message: str, fields: list[str] | None = None) -> Reply:
    """Salesforce's list of errors for a whole call."""
    return Reply.json([{"message": message, "errorCode": code} | ({"fields": fields} if fields else {})], status=status)


def oauth_error(name: str, description: str, status: int = 400) -> Reply:
    """A refused log-in."""
    return Reply.json({"error": name, "error_description": description}, status=status)

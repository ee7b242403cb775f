"""The objects of the played organisation: which fields each has, and their describe."""

import re
from typing import Any, NamedTuple

KEY_FIELD = "Hub_Key__c"
DATA = "/services/data/v64.0"
SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "double": "xsd:double", "int": "xsd:int",
    "date": "xsd:date", "datetime": "xsd:dateTime",
}  # fmt: skip
NUMBERS = ("double", "int")
TEXTS = ("string", "textarea", "picklist", "phone", "url", "email")


class Field(NamedTuple):
    """One field, as the describe answer tells it; text has a length in UTF-16 units, numbers have digits."""

    type: str = "string"
    length: int = 0
    required: bool = False  # neither blank nor filled in by Salesforce
    createable: bool = True
    updateable: bool = True
    nillable: bool = True
    default: Any = None
    defaulted: bool = False  # Salesforce fills it in
    values: tuple[str, ...] = ()
    restricted: bool = False  # a picklist that takes only its own values
    precision: int = 0
    scale: int = 0
    digits: int = 0
    refers_to: tuple[str, ...] = ()
    external_id: bool = False
    unique: bool = False


class Thing(NamedTuple):
    """One sObject: the first three letters of its ids, the table of its rows, its fields."""

    name: str
    prefix: str
    table: str
    fields: dict[str, Field]


def text(length: int, type: str = "string", **facts: Any) -> Field:
    """Words."""
    return Field(type, length, **facts)


def demanded(length: int) -> Field:
    """Words that must be there."""
    return Field("string", length, required=True, nillable=False)


def kept(type: str, *, length: int = 0, **facts: Any) -> Field:
    """What Salesforce writes and nobody else."""
    return Field(type, length, createable=False, updateable=False, **facts)


def picklist(length: int, *values: str, **facts: Any) -> Field:
    """One of these words, or any other where the list is not restricted."""
    return Field("picklist", length, values=values, **facts)


def owner(*kinds: str) -> Field:
    """Whose it is; the integration user's unless told."""
    return Field("reference", 18, nillable=False, defaulted=True, refers_to=kinds)


def link(kind: str, **facts: Any) -> Field:
    """The id of another record."""
    return Field("reference", 18, refers_to=(kind,), **facts)


SYSTEM = {
    "Id": kept("id", length=18, nillable=False, defaulted=True),
    "IsDeleted": kept("boolean", nillable=False, defaulted=True, default=False),
    "CreatedDate": kept("datetime", nillable=False, defaulted=True),
    "LastModifiedDate": kept("datetime", nillable=False, defaulted=True),
    "SystemModstamp": kept("datetime", nillable=False, defaulted=True),
}
PERSON = {
    "LastName": demanded(80), "FirstName": text(40), "Salutation": picklist(40, "Mr.", "Ms.", "Dr."),
    "Name": kept("string", length=121, nillable=False), "Title": text(128), "Phone": text(40, "phone"),
    "MobilePhone": text(40, "phone"), "Email": text(80, "email"), "Description": text(32_000, "textarea"),
    "LeadSource": picklist(255, "Web", "Phone Inquiry", "Other"),
}  # fmt: skip
OURS = {
    KEY_FIELD: text(64, external_id=True, unique=True), "Hub_Digest__c": text(64),
    "Hub_Last_Post__c": text(32_000, "textarea"), "Hub_Post_URL__c": text(255, "url"),
    "Hub_Profile_URL__c": text(255, "url"), "Hub_Link__c": text(255, "url"), "Hub_Network__c": text(40),
    "Hub_Handle__c": text(255), "Hub_Intent__c": text(40), "Hub_Sentiment__c": text(20),
    "Hub_Why__c": text(4_000, "textarea"), "Hub_Followers__c": Field("double", precision=18),
    "Hub_Score__c": Field("double", precision=3, scale=2),
    "Hub_Fit__c": Field("double", precision=4, scale=1), "Hub_Behaviour__c": Field("double", precision=4, scale=1),
    "Hub_Chance__c": Field("double", precision=3, scale=2), "Hub_Grade__c": text(2),
    "Hub_Reasons__c": text(4_000, "textarea"), "Hub_Sentiment_Trend__c": text(255),
    "Hub_Persona__c": link("SocialPersona__c"),
}  # fmt: skip
STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
LEAD = Thing(
    "Lead", "00Q", "leads",
    {
        **SYSTEM, **PERSON, "MasterRecordId": kept("reference", length=18, refers_to=("Lead",)),
        "Company": demanded(255), "Street": text(255, "textarea"), "City": text(40), "State": text(80),
        "PostalCode": text(20), "Country": text(80), "Website": text(255, "url"),
        "Industry": picklist(255, "Banking", "Media", "Retail"), "Rating": picklist(255, "Hot", "Warm", "Cold"),
        "Status": picklist(255, *STATUSES, nillable=False, defaulted=True, default=STATUSES[0]),
        "CleanStatus": picklist(40, "Matched", "Different", "Pending", restricted=True),
        "AnnualRevenue": Field("currency", precision=18), "NumberOfEmployees": Field("int", digits=8),
        "OwnerId": owner("Group", "User"),
        "IsConverted": Field("boolean", updateable=False, nillable=False, defaulted=True, default=False),
        "ConvertedDate": kept("date"),
        "ConvertedAccountId": kept("reference", length=18, refers_to=("Account",)),
        "ConvertedContactId": kept("reference", length=18, refers_to=("Contact",)),
        "ConvertedOpportunityId": kept("reference", length=18, refers_to=("Opportunity",)),
        **OURS,
    },
)  # fmt: skip
CONTACT = Thing(
    "Contact", "003", "contacts",
    {
        **SYSTEM, **PERSON, "MasterRecordId": kept("reference", length=18, refers_to=("Contact",)),
        "AccountId": link("Account"), "OwnerId": owner("User"),
    },
)  # fmt: skip
ACCOUNT = Thing(
    "Account", "001", "accounts",
    {
        **SYSTEM, "MasterRecordId": kept("reference", length=18, refers_to=("Account",)), "Name": demanded(255),
        "Type": picklist(40, "Prospect", "Other"), "Phone": text(40, "phone"), "Website": text(255, "url"),
        "Industry": picklist(40, "Banking", "Media", "Retail"), "Description": text(32_000, "textarea"),
        "OwnerId": owner("User"),
    },
)  # fmt: skip
OPPORTUNITY = Thing(
    "Opportunity", "006", "opportunities",
    {
        **SYSTEM, "Name": demanded(120), "AccountId": link("Account"), "OwnerId": owner("User"),
        "StageName": picklist(255, "Prospecting", "Closed Won", "Closed Lost", nillable=False),
        "CloseDate": Field("date", required=True, nillable=False),
        "IsClosed": kept("boolean", nillable=False, defaulted=True, default=False),
        "IsWon": kept("boolean", nillable=False, defaulted=True, default=False),
    },
)  # fmt: skip
MARKED = {KEY_FIELD: text(64, external_id=True, unique=True), "Hub_Digest__c": text(64)}
PERSONA = Thing(
    "SocialPersona__c", "a00", "personas",
    {
        **SYSTEM, **MARKED, "Name": demanded(80), "OwnerId": owner("Group", "User"), "Network__c": text(40),
        "Handle__c": text(255), "Display_Name__c": text(255), "Profile_URL__c": text(255, "url"),
        "Followers__c": Field("double", precision=18),
        "Verified__c": Field("boolean", nillable=False, defaulted=True, default=False),
        "Audience__c": text(40), "Influence__c": Field("double", precision=4, scale=1),
        "Sentiment_Trend__c": text(40), "Sentiment_Score__c": Field("double", precision=3, scale=2),
        "Posts_Seen__c": Field("double", precision=18), "First_Seen__c": Field("datetime"),
        "Last_Seen__c": Field("datetime"), "Last_Post_URL__c": text(255, "url"), "Hub_Link__c": text(255, "url"),
        "Lead__c": link("Lead"), "Contact__c": link("Contact"), "Account__c": link("Account"),
    },
)  # fmt: skip
POST = Thing(
    "SocialPost__c", "a01", "posts",
    {
        **SYSTEM, **MARKED, "Name": demanded(80), "OwnerId": owner("Group", "User"),
        "Persona__c": link("SocialPersona__c"), "Network__c": text(40), "Kind__c": text(40),
        "Text__c": text(32_000, "textarea"), "URL__c": text(255, "url"), "Posted_At__c": Field("datetime"),
        "Intent__c": text(40), "Sentiment__c": text(20), "Confidence__c": Field("double", precision=3, scale=2),
        "Reach__c": Field("double", precision=18), "Engagement__c": Field("double", precision=18),
        "Hub_Link__c": text(255, "url"), "Hub_Why__c": text(4_000, "textarea"),
    },
)  # fmt: skip
THINGS = {thing.name: thing for thing in (LEAD, CONTACT, ACCOUNT, OPPORTUNITY, PERSONA, POST)}
BY_PREFIX = {thing.prefix: thing for thing in THINGS.values()}
REQUIRED = tuple(name for name, field in LEAD.fields.items() if field.required)


def describe(thing: Thing, fields: dict[str, Field], host: str) -> dict[str, Any]:
    """The answer to `sobjects/<name>/describe`, as far as clients read it."""
    path = f"{DATA}/sobjects/{thing.name}"
    urls = {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"}
    can = dict.fromkeys(
        ("createable", "updateable", "deletable", "undeletable", "queryable", "searchable", "mergeable"), True
    )
    names = {"name": thing.name, "label": thing.name, "labelPlural": f"{thing.name}s", "keyPrefix": thing.prefix}
    pages = {"uiDetailTemplate": f"https://{host}/{{ID}}", "uiNewRecord": f"https://{host}/{thing.prefix}/e"}
    return {
        **names,
        **can,
        "custom": thing.name.endswith("__c"),
        "recordTypeInfos": [],
        "urls": urls | pages,
        "fields": [describe_field(name, field) for name, field in fields.items()],
    }


def describe_field(name: str, field: Field) -> dict[str, Any]:
    """One field of a describe answer."""
    words = field.type in TEXTS
    options = [
        {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}
        for value in field.values
    ]
    return {
        "name": name, "label": label_of(name), "type": field.type, "length": field.length,
        "byteLength": field.length * 3 if words else field.length, "precision": field.precision, "scale": field.scale,
        "digits": field.digits, "nillable": field.nillable, "createable": field.createable,
        "updateable": field.updateable, "defaultedOnCreate": field.defaulted, "defaultValue": field.default,
        "externalId": field.external_id, "unique": field.unique, "caseSensitive": False,
        "idLookup": field.external_id or name in ("Id", "Email"), "custom": name.endswith("__c"),
        "referenceTo": list(field.refers_to), "relationshipName": relation_of(name) if field.refers_to else None,
        "polymorphicForeignKey": len(field.refers_to) > 1, "restrictedPicklist": field.restricted,
        "picklistValues": options, "calculated": False, "autoNumber": False, "nameField": name == "Name",
        "soapType": SOAP_TYPES.get(field.type, "xsd:double" if field.type == "currency" else "xsd:string"),
        "filterable": field.type != "textarea" or field.length <= 255,
        "sortable": field.type != "textarea" or field.length <= 255,
        "groupable": field.type not in ("textarea", "datetime", "double", "currency") or field.length == 255,
    }  # fmt: skip


def relation_of(name: str) -> str:
    """`Lead__r` of `Lead__c`, `Owner` of `OwnerId`."""
    return name.removesuffix("__c") + "__r" if name.endswith("__c") else name.removesuffix("Id")


def label_of(name: str) -> str:
    """`Hub Post URL` of `Hub_Post_URL__c`, `Last Name` of `LastName`."""
    if name.endswith("__c"):
        return name.removesuffix("__c").replace("_", " ")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


PERMISSION_SET = Thing(
    "PermissionSet", "0PS", "permission_sets",
    {**SYSTEM, "Name": demanded(80), "Label": demanded(80), "Description": text(255)},
)  # fmt: skip
ASSIGNMENT = Thing(
    "PermissionSetAssignment", "0Pa", "permission_set_assignments",
    {**SYSTEM, "AssigneeId": demanded(18), "PermissionSetId": demanded(18)},
)  # fmt: skip
THINGS |= {thing.name: thing for thing in (PERMISSION_SET, ASSIGNMENT)}

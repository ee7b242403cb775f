"""Fields as metadata tells them: what stands against one, and what describe will say of it."""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from connectors.salesforce.sandbox_fields import Field

META = "{http://soap.sforce.com/2006/04/metadata}"
NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*(?:__c)?")
TYPES = {  # of metadata: the type that describe says
    "Text": "string", "LongTextArea": "textarea", "Url": "url", "Number": "double", "Checkbox": "boolean",
    "DateTime": "datetime", "Lookup": "reference",
}  # fmt: skip
Known = Mapping[str, Mapping[str, Field]]


def field_problem(root: ElementTree.Element, known: Mapping[str, Field], after: Known) -> str:
    """The first reason against one field, or nothing."""
    name, type_ = said(root, "fullName"), said(root, "type")
    if not NAME.fullmatch(name) or not name.endswith("__c") or len(name) > 43:
        return "The API name must begin with a letter, hold no two underscores in a row, and end with __c"
    if type_ not in TYPES:
        return f"'{type_}' is not a valid value for the enum 'FieldType'"
    if not said(root, "label"):
        return "Required field is missing: label"
    before = known.get(name)
    if before is not None and before.type != TYPES[type_] and not (before.type == "textarea" and type_ == "Text"):
        return f"Cannot change the field type from {before.type} to {type_}"
    return _size_problem(root, type_) or _link_problem(root, type_, after)


def _size_problem(root: ElementTree.Element, type_: str) -> str:
    length, precision, scale = (number(said(root, name)) for name in ("length", "precision", "scale"))
    if type_ == "Text" and not 1 <= length <= 255:
        return "Text length must be between 1 and 255"
    if type_ == "LongTextArea" and not (256 <= length <= 131_072 and 2 <= number(said(root, "visibleLines")) <= 50):
        return "A long text area has 256 to 131,072 characters and 2 to 50 visible lines"
    if type_ == "Number" and not (1 <= precision <= 18 and 0 <= scale <= precision):
        return "A number has 1 to 18 digits, and no more of them after the point"
    if type_ == "Checkbox" and said(root, "defaultValue") not in ("true", "false"):
        return "Must specify a defaultValue for a checkbox"
    if said(root, "externalId") == "true" and type_ not in ("Text", "Number"):
        return f"Can not specify 'externalId' for a CustomField of type {type_}"
    return ""


def _link_problem(root: ElementTree.Element, type_: str, after: Known) -> str:
    target = said(root, "referenceTo")
    if type_ == "Lookup" and target not in after:
        return f"referenceTo value of '{target}' does not resolve to a valid sObject type"
    if type_ == "Lookup" and not NAME.fullmatch(said(root, "relationshipName")):
        return "Must specify a relationshipName for a lookup"
    return ""


def fields_in(root: ElementTree.Element) -> Iterator[tuple[str, Field]]:
    """What describe will say of each field."""
    for field in root.findall(f"{META}fields"):
        yield said(field, "fullName"), described(field)


def described(root: ElementTree.Element) -> Field:
    """One field, as it will be."""
    type_, target = said(root, "type"), said(root, "referenceTo")
    lengths = {"Url": 255, "Lookup": 18}
    checkbox, required = type_ == "Checkbox", said(root, "required") == "true"
    return Field(
        type=TYPES.get(type_, "string"),
        length=lengths.get(type_, int(number(said(root, "length")))),
        required=required,
        nillable=not (checkbox or required),
        default=said(root, "defaultValue") == "true" if checkbox else None,
        defaulted=checkbox,
        precision=int(number(said(root, "precision"))),
        scale=int(number(said(root, "scale"))),
        refers_to=(target,) if target else (),
        external_id=said(root, "externalId") == "true",
        unique=said(root, "unique") == "true",
    )


def said(element: ElementTree.Element, name: str) -> str:
    """The text of a child, blank where there is none."""
    return (element.findtext(f"{META}{name}") or "").strip()


def number(text: str) -> float:
    """A number as text tells it; 0 where it is none."""
    try:
        return float(text)
    except ValueError:
        return 0.0

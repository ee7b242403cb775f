"""What the mapping writes against what the organisation takes, as its describe tells it to our own user.

One describe for each object. A field that the package brings is also held to the package's own type and size, where the
mapping alone does not tell: how many digits a score has, say.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from connectors.salesforce.answers import name_trouble
from connectors.salesforce.deployable import Wanted, objects, ours
from connectors.salesforce.org import Org
from connectors.salesforce.words import DIGEST_FIELD, KEY_FIELD, NAME, checked
from hub.domain import MappedField, MappedObject
from hub.kit import Finding

KEY_UNITS, DIGEST_UNITS = 32, 64
TEXTUAL = {"string", "textarea", "url", "phone", "picklist", "combobox", "encryptedstring"}
NUMERIC = {"double", "currency", "percent", "int", "long"}
WHOLE = {"int", "long"}
LISTS = {"picklist", "multipicklist"}
HOLDS = {  # types of a describe that hold what the package's type of field is for
    "Text": TEXTUAL, "LongTextArea": TEXTUAL, "Url": TEXTUAL, "Number": NUMERIC, "Checkbox": {"boolean"},
    "DateTime": {"datetime", "string", "textarea"}, "Lookup": {"reference"},
}  # fmt: skip
URL_UNITS = 255
NAMED_AT_MOST = 12  # values of a picklist that a remedy spells out

Described = Mapping[str, Any]


class Use(NamedTuple):
    """What one field has to take."""

    name: str
    field: MappedField = MappedField()
    wanted: Wanted | None = None  # as the package has it
    longest: int | None = None

    @property
    def units(self) -> int | None:
        """How long a text it must take, in UTF-16 units; None where nobody knows."""
        if self.longest is not None or self.field.longest is not None:
            return self.field.longest if self.longest is None else self.longest
        if self.wanted is None:
            return None
        return URL_UNITS if self.wanted.type == "Url" else self.wanted.length or None


def findings_of(mapped: MappedObject, described: Described | None) -> Iterator[Finding]:
    """Every difference that would cost a delivery; an object that is not there is one."""
    return iter([_no_object(mapped.object)]) if described is None else differences(mapped, described)


def describe(org: Org, sobject: str) -> Described | None:
    """What there is of an object for our own user; None where there is none."""
    status, told = org.exchange("GET", f"sobjects/{checked(sobject, NAME)}/describe")
    if status == 404:
        return None
    if status != 200 or not isinstance(told, dict):
        raise name_trouble(status if status != 200 else 500, told, sobject=sobject)
    return told


def fields_of(described: Described) -> dict[str, Described]:
    """The described fields by name."""
    return {str(field.get("name")): field for field in described.get("fields") or () if isinstance(field, dict)}


def differences(mapped: MappedObject, described: Described) -> Iterator[Finding]:
    """What this object would not take of what this mapping writes."""
    sobject, there, uses = mapped.object, fields_of(described), uses_of(mapped)
    yield from _denied(mapped, described)
    for use in uses:
        field = there.get(use.name)
        if field is None:
            yield _missing(sobject, use)
            continue
        yield from _of_field(mapped, use, field)
    if mapped.creates:
        yield from _unfilled(mapped, there, {use.name for use in uses})


def uses_of(mapped: MappedObject) -> list[Use]:
    """Every field that is written: by the mapping, and by the connector itself."""
    wanted = objects().get(mapped.object, {})
    names = {path.partition(".")[0].removesuffix("[]"): field for path, field in mapped.fields.items()}
    stamps = {KEY_FIELD: KEY_UNITS, DIGEST_FIELD: DIGEST_UNITS}
    uses = [Use(_field_name(name), field, wanted.get(_field_name(name))) for name, field in names.items()]
    uses += [Use(name, wanted=wanted.get(name), longest=units) for name, units in stamps.items()]
    known = {use.name for use in uses}
    links = [(name, field) for name, field in wanted.items() if field.type == "Lookup" and name not in known]
    return uses + [Use(name, wanted=field) for name, field in links if ours(mapped.object)]


def _field_name(name: str) -> str:
    """`Persona__c` of `Persona__r`, under which another record's key is written."""
    return f"{name.removesuffix('__r')}__c" if name.endswith("__r") else name


def _of_field(mapped: MappedObject, use: Use, field: Described) -> Iterator[Finding]:
    """What stands against one field that is there."""
    sobject, told = mapped.object, list(mismatches(mapped.object, use, field))
    yield from told
    if any(finding.problem == "wrong_type" for finding in told):
        return  # of another type, nothing else can be said about it
    yield from _read_only(mapped, use, field)
    yield from _not_in_list(sobject, use, field)
    if not _optional(field) and mapped.creates and use.name not in {*mapped.never_blank, KEY_FIELD, DIGEST_FIELD}:
        yield Finding(
            object=sobject, field=use.name, problem="required_but_may_be_blank",
            remedy=f"{use.name} is required on {sobject}, and the mapping may leave it blank: untick Required in "
            "Setup, or give it a value in every case in mappings/salesforce.yaml and name it in `never_blank`.",
        )  # fmt: skip


def mismatches(sobject: str, use: Use, field: Described) -> Iterator[Finding]:
    """What of a field's own form is not as it must be: its type, its size, what makes it a key."""
    if wrong := _wrong_type(sobject, use, field):
        yield wrong
        return
    if use.name == KEY_FIELD:
        yield from _no_key(sobject, field)
    yield from _too_small(sobject, use, field)


def _denied(mapped: MappedObject, described: Described) -> Iterator[Finding]:
    """Whether our user may create and change such records at all."""
    wanted = ["createable"] * mapped.creates + ["updateable"]
    lacks = [right for right in wanted if described.get(right) is False]
    if lacks:
        words = " and ".join({"createable": "create", "updateable": "edit"}[right] for right in lacks)
        yield Finding(
            object=mapped.object, field="", problem="no_permission",
            remedy=f"The integration user may not {words} {mapped.object}: assign the permission set of "
            "`hub setup salesforce`, or give the right in one of your own.",
        )  # fmt: skip


def _no_object(sobject: str) -> Finding:
    how = "`hub setup salesforce --apply` makes it" if ours(sobject) else "make it in Setup"
    return Finding(
        object=sobject, field="", problem="missing_object",
        remedy=f"{sobject} is not there, or hidden from the integration user: {how}, or give the user its permission "
        "set.",
    )  # fmt: skip


def _missing(sobject: str, use: Use) -> Finding:
    how = (
        "`hub setup salesforce --apply` makes it; if it is there, add it to the user's permission set."
        if use.wanted
        else "make it in Setup, show it to the user, or take it out of mappings/salesforce.yaml."
    )
    return Finding(
        object=sobject, field=use.name, problem="missing_field",
        remedy=f"{use.name} is not on {sobject}, or hidden from the integration user: {how}",
    )  # fmt: skip


def _wrong_type(sobject: str, use: Use, field: Described) -> Finding | None:
    """Whether the field cannot hold what is written, whatever its size."""
    type_ = str(field.get("type"))
    holds = HOLDS.get(use.wanted.type) if use.wanted else None
    if use.wanted and use.wanted.type == "Number" and use.wanted.scale:
        holds = NUMERIC - WHOLE
    astray = use.wanted and use.wanted.refers_to and use.wanted.refers_to not in (field.get("referenceTo") or ())
    if (holds is None or type_ in holds) and not astray and _takes_any(type_, use.field.types):
        return None
    needed = _needed(use)
    return Finding(
        object=sobject, field=use.name, problem="wrong_type",
        remedy=f"{use.name} on {sobject} is of the type {type_}, and {needed} is written: change its type in Setup "
        "(or delete the field and run `hub setup salesforce --apply`), or map it elsewhere.",
    )  # fmt: skip


def _needed(use: Use) -> str:
    """What is written into it, in words."""
    if use.wanted is None:
        return "a " + " or a ".join(use.field.types or ("text",))
    link = f" to {use.wanted.refers_to}" if use.wanted.refers_to else ""
    return f"what belongs into a {use.wanted.type}{link}"


def _takes_any(type_: str, types: Collection[str]) -> bool:
    """Whether a field of this type takes what the mapping gives; of what it gives, only some types are known."""
    if type_ == "boolean":
        return not types or set(types) == {"boolean"}
    if type_ in NUMERIC:
        return not types or set(types) == {"number"}
    return not types or set(types) <= {"string"}


def _read_only(mapped: MappedObject, use: Use, field: Described) -> Iterator[Finding]:
    wanted = {"createable": mapped.creates, "updateable": True}
    if not any(asked and field.get(right) is False for right, asked in wanted.items()):
        return
    reason = "is worked out by Salesforce" if field.get("calculated") or field.get("autoNumber") else "is read-only"
    yield Finding(
        object=mapped.object, field=use.name, problem="read_only",
        remedy=f"{use.name} on {mapped.object} {reason} for the integration user: allow the edit in its permission set "
        "(Field Permissions), or take the field out of mappings/salesforce.yaml.",
    )  # fmt: skip


def _no_key(sobject: str, field: Described) -> Iterator[Finding]:
    """The key must be one: else nothing is found by it, or there can be two of one."""
    for flag, problem, tick, why in (
        ("externalId", "not_external_id", "External ID", "records cannot be found by it"),
        ("unique", "not_unique", "Unique", "there can be two of one"),
    ):
        if field.get(flag) is not True:
            yield Finding(
                object=sobject, field=KEY_FIELD, problem=problem,
                remedy=f"{KEY_FIELD} on {sobject} must be {tick.lower() if tick == 'Unique' else 'an external id'}, "
                f"else {why}: tick {tick} in Setup, or run `hub setup salesforce --apply`.",
            )  # fmt: skip


def _too_small(sobject: str, use: Use, field: Described) -> Iterator[Finding]:
    """Texts that would not fit, and numbers that would be too large or lose their digits."""
    type_, length = str(field.get("type")), _count(field, "length")
    if type_ in TEXTUAL and use.units and 0 < length < use.units:
        yield Finding(
            object=sobject, field=use.name, problem="too_short",
            remedy=f"{use.name} on {sobject} takes {length} characters, and the mapping may give {use.units}: make it "
            f"longer in Setup, or cut the text at {length} in mappings/salesforce.yaml.",
        )  # fmt: skip
    if use.wanted and type_ in NUMERIC and use.wanted.type == "Number":
        scale = 0 if type_ in WHOLE else _count(field, "scale")
        before = _count(field, "digits") or _count(field, "precision") - scale
        needed = use.wanted.precision - use.wanted.scale
        if 0 < before < needed or scale < use.wanted.scale:
            yield Finding(
                object=sobject, field=use.name, problem="too_short",
                remedy=f"{use.name} on {sobject} takes {before} digits before and {scale} after the point, and "
                f"{needed} and {use.wanted.scale} are needed: change it in Setup, or run "
                "`hub setup salesforce --apply`.",
            )  # fmt: skip


def _not_in_list(sobject: str, use: Use, field: Described) -> Iterator[Finding]:
    """A restricted picklist takes its own active values and nothing else."""
    if field.get("type") not in LISTS or field.get("restrictedPicklist") is not True:
        return
    options = field.get("picklistValues") or ()
    values = {str(option.get("value")) for option in options if isinstance(option, dict) and option.get("active")}
    if use.field.texts is None:
        remedy = (
            f"{use.name} on {sobject} is a restricted picklist, and the mapping may give any text: untick its "
            "restriction in Setup, or say in mappings/salesforce.yaml which of its values it shall be."
        )
    elif lacks := [text for text in use.field.texts if text not in values]:
        named = ", ".join(repr(text) for text in lacks[:NAMED_AT_MOST])
        remedy = (
            f"{use.name} on {sobject} is a restricted picklist without {named}: add the missing values in Setup, or "
            "map to values that it has."
        )
    else:
        return
    yield Finding(object=sobject, field=use.name, problem="picklist_value", remedy=remedy)


def _unfilled(mapped: MappedObject, there: Mapping[str, Described], filled: Collection[str]) -> Iterator[Finding]:
    """Fields that a new record must have and nobody fills in."""
    for name, field in there.items():
        if name not in filled and field.get("createable") is True and not _optional(field):
            yield Finding(
                object=mapped.object, field=name, problem="required_but_unmapped",
                remedy=f"{name} is required on {mapped.object} and nothing fills it: give it a default or untick "
                "Required in Setup, or map it in mappings/salesforce.yaml.",
            )  # fmt: skip


def _optional(field: Described) -> bool:
    """Whether Salesforce takes a record without it."""
    blank = field.get("nillable") is not False or field.get("defaultedOnCreate") is True
    return blank or field.get("type") == "boolean"


def _count(field: Described, name: str) -> int:
    value = field.get(name)
    return value if isinstance(value, int) else 0

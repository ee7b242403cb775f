"""Before anything is sent: thirty organisations that differ from what the mapping writes, each found with its remedy.

Every one is planted in the sandbox and met by the real connector over real HTTP.
"""

from typing import Any

import pytest
import requests

from connectors.salesforce.preflight import differences, fields_of
from connectors.salesforce.sandbox_fields import LEAD, STATUSES, describe
from hub.domain import MappedField, MappedObject
from hub.errors import AccessDenied, SetupError, Unavailable
from hub.kit import Destination
from hub.stages import preflight
from hub.wiring import promises_of
from tests.connectors.backlog import Backlog
from tests.connectors.salesforce.org import DATA, rules
from tests.contract.bench import Bench

Change = dict[str, Any] | None
RESTRICTED = {"type": "picklist", "length": 255, "restricted": True}
REQUIRED = {"nillable": False, "required": True}
READ_ONLY = {"createable": False, "updateable": False}

DIFFERING: list[tuple[str, Change, str, str]] = [  # field of Lead, how it is there, what is found, a word of the remedy
    ("Hub_Key__c", None, "missing_field", "hub setup salesforce --apply"),
    ("Hub_Digest__c", None, "missing_field", "permission set"),
    ("Hub_Reasons__c", None, "missing_field", "hub setup salesforce --apply"),
    ("Rating", None, "missing_field", "mappings/salesforce.yaml"),
    ("Hub_Followers__c", {"type": "string", "length": 40}, "wrong_type", "Number"),
    ("Hub_Score__c", {"type": "int", "digits": 8}, "wrong_type", "change its type"),
    ("Hub_Network__c", {"type": "double", "precision": 18}, "wrong_type", "Text"),
    ("Hub_Last_Post__c", {"type": "boolean"}, "wrong_type", "boolean"),
    ("Hub_Link__c", {"type": "reference", "refers_to": ["Account"]}, "wrong_type", "Url"),
    ("Hub_Intent__c", {"type": "date"}, "wrong_type", "date"),
    ("Rating", {"type": "double", "precision": 3}, "wrong_type", "string"),
    ("LastName", {"length": 40}, "too_short", "80"),
    ("Company", {"length": 100}, "too_short", "cut the text at 100"),
    ("Description", {"length": 4_000}, "too_short", "32000"),
    ("Hub_Handle__c", {"length": 80}, "too_short", "255"),
    ("Hub_Key__c", {"length": 20}, "too_short", "32"),
    ("Hub_Digest__c", {"length": 32}, "too_short", "64"),
    ("Hub_Behaviour__c", {"precision": 3, "scale": 1}, "too_short", "2 digits before"),
    ("Hub_Chance__c", {"precision": 3, "scale": 0}, "too_short", "after the point"),
    ("Status", {**RESTRICTED, "values": list(STATUSES[1:])}, "picklist_value", "Open - Not Contacted"),
    ("LeadSource", {**RESTRICTED, "values": ["Web", "Other"]}, "picklist_value", "Social media"),
    ("Hub_Intent__c", {**RESTRICTED, "values": ["purchase", "none"]}, "picklist_value", "complaint"),
    ("Hub_Network__c", {**RESTRICTED, "values": ["mastodon", "x"]}, "picklist_value", "untick"),
    ("Description", READ_ONLY, "read_only", "permission set"),
    ("Hub_Grade__c", {"createable": True, "updateable": False}, "read_only", "Field Permissions"),
    ("Hub_Key__c", {"external_id": False}, "not_external_id", "tick External ID"),
    ("Hub_Key__c", {"unique": False}, "not_unique", "tick Unique"),
    ("Country", REQUIRED, "required_but_unmapped", "untick Required"),
    ("Region__c", {"type": "string", "length": 40, **REQUIRED}, "required_but_unmapped", "map it"),
    ("Hub_Handle__c", REQUIRED, "required_but_may_be_blank", "never_blank"),
]  # fmt: skip


def is_write(line: dict[str, Any]) -> bool:
    """A request that changes records."""
    return line.get("method") in ("POST", "PATCH", "PUT", "DELETE") and "/services/data/" in line.get("path", "")


def test_there_are_thirty_of_them() -> None:
    assert len(DIFFERING) == 30
    assert {problem for _, _, problem, _ in DIFFERING} == {
        "missing_field", "wrong_type", "too_short", "picklist_value", "read_only", "not_external_id", "not_unique",
        "required_but_unmapped", "required_but_may_be_blank",
    }  # fmt: skip


def test_each_is_found_before_anything_is_written(
    bench: Bench, salesforce: Destination, session: requests.Session
) -> None:
    mapped, mark = promises_of(salesforce.manifest), bench.last_line()
    told = {}
    for number, (field, change, problem, word) in enumerate(DIFFERING):
        rules(session, fields={field: change})
        found = [(one.object, one.field, one.problem) for one in salesforce.preflight(mapped)]
        with pytest.raises(SetupError) as stopped:
            preflight.prove(salesforce, mapped)
        if found != [("Lead", field, problem)] or field not in str(stopped.value) or word not in str(stopped.value):
            told[number] = (field, problem, found, str(stopped.value))

    assert told == {}
    assert [line for line in bench.journal(since=mark) if is_write(line)] == []


def test_what_waits_goes_on_waiting(backlog: Backlog, session: requests.Session) -> None:
    rules(session, fields={"Hub_Reasons__c": None})
    backlog.add(3)

    stopped = backlog.deliver().stopped

    assert isinstance(stopped, SetupError)
    assert "Hub_Reasons__c" in str(stopped)
    assert [line for line in backlog.lines() if is_write(line)] == []
    assert backlog.states() == {"pending": 3}


def test_of_the_right_organisation_nothing_is_found(backlog: Backlog) -> None:
    with backlog.hub.open_destination("salesforce") as salesforce:
        assert list(salesforce.preflight(promises_of(backlog.manifest))) == []

    backlog.add(3)
    assert backlog.deliver().stopped is None
    assert backlog.states() == {"done": 3}


def test_it_costs_one_describe_of_each_object_a_day(backlog: Backlog) -> None:
    for number in range(3):
        backlog.add(1, start=1 + number)
        backlog.deliver()

    described = [path for path in backlog.calls() if path.endswith("/describe")]
    assert sorted(described) == sorted(
        {f"GET {DATA.partition('.com')[2]}/sobjects/{one.object}/describe" for one in promises_of(backlog.manifest)}
    )
    assert {backlog.calls()[path] for path in described} == {1}


def test_once_it_is_mended_nothing_stands_against_it(salesforce: Destination, session: requests.Session) -> None:
    rules(session, fields={"Hub_Reasons__c": None})
    with pytest.raises(SetupError):
        preflight.prove(salesforce, promises_of(salesforce.manifest))
    rules(session, fields={})

    preflight.prove(salesforce, promises_of(salesforce.manifest))


def test_several_differences_are_told_together(salesforce: Destination, session: requests.Session) -> None:
    rules(session, fields={"Hub_Reasons__c": None, "LastName": {"length": 40}, "Description": READ_ONLY})

    found = list(salesforce.preflight(promises_of(salesforce.manifest)))

    assert {one.field for one in found} == {"Hub_Reasons__c", "LastName", "Description"}


def test_an_object_that_is_hidden_is_one_finding(salesforce: Destination) -> None:
    (found,) = salesforce.preflight([MappedObject(object="Vanished__c", mapping="m@1", digest="d", fields={})])

    assert (found.object, found.problem) == ("Vanished__c", "missing_object")


def test_what_differs_on_the_objects_of_the_package_is_found_too(
    salesforce: Destination, session: requests.Session
) -> None:
    gone = {"Text__c": {"length": 500, "type": "textarea"}, "Persona__c": {"refers_to": ["Account"]}}
    rules(session, fields_of={"SocialPersona__c": None, "SocialPost__c": gone})

    found = {(one.object, one.field, one.problem) for one in salesforce.preflight(promises_of(salesforce.manifest))}

    assert found == {
        ("SocialPersona__c", "", "missing_object"), ("SocialPost__c", "Text__c", "too_short"),
        ("SocialPost__c", "Persona__c", "wrong_type"),
    }  # fmt: skip


@pytest.mark.parametrize(("status", "error"), [(403, AccessDenied), (503, Unavailable)])
def test_a_describe_that_is_refused_is_no_finding(
    bench: Bench, salesforce: Destination, status: int, error: type[Exception]
) -> None:
    rule = {"system": "salesforce", "path_glob": "*/describe", "times": 5, "kind": "status", "status": status}
    bench.ask("/faults", rule | {"body": "[]"}, "POST")

    with pytest.raises(error):
        list(salesforce.preflight(promises_of(salesforce.manifest)))


# What no describe of the sandbox says.


def lead(**facts: Any) -> dict[str, Any]:
    """A describe of Lead that says these things of itself."""
    return describe(LEAD, LEAD.fields, "acme.my.salesforce.com") | facts


def written(creates: bool = True, **fields: MappedField) -> MappedObject:
    """A mapping that writes these."""
    return MappedObject(
        object="Lead", mapping="m@1", digest="d", creates=creates, never_blank=("LastName", "Company"),
        fields={"LastName": MappedField(), "Company": MappedField(), **fields},
    )  # fmt: skip


def test_an_object_that_may_not_be_written_is_told() -> None:
    (found,) = differences(written(), lead(createable=False, updateable=False))

    assert (found.field, found.problem) == ("", "no_permission")
    assert "create and edit" in found.remedy


def test_who_only_changes_records_may_leave_out_what_is_required() -> None:
    mapped = written(creates=False)

    assert list(differences(mapped.with_(fields={}), lead())) == []
    assert [found.problem for found in differences(mapped.with_(fields={}, creates=True), lead())] == [
        "required_but_unmapped", "required_but_unmapped",
    ]  # fmt: skip


def test_a_formula_is_named_as_one() -> None:
    told = lead()
    fields_of(told)["Title"].update(calculated=True, createable=False, updateable=False)  # type: ignore[attr-defined]

    (found,) = differences(written(Title=MappedField(types=("string",))), told)

    assert "worked out by Salesforce" in found.remedy


@pytest.mark.parametrize("types", [("number",), ("string", "number"), ("boolean",), ("array",)])
def test_what_is_no_text_does_not_go_into_a_text(types: tuple[str, ...]) -> None:
    (found,) = differences(written(Title=MappedField(types=types)), lead())

    assert (found.field, found.problem) == ("Title", "wrong_type")


def test_nothing_is_said_of_what_cannot_be_told() -> None:
    known = written(Title=MappedField(), OwnerId=MappedField(), AnnualRevenue=MappedField(), Phone=MappedField())

    assert list(differences(known, lead())) == []

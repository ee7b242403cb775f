"""Our calls and our reading of answers, held against the vendor's own examples and list of error codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.answers import NOT_SET_UP, code_of, name_trouble, read_errors
from connectors.salesforce.writes import answers_of, collection_of, composite_of, write_of
from hub.domain import Delivery, external_id
from hub.errors import AccessDenied, HubError, RateLimited, RecordRefused, SetupError, Unavailable

FINAL = (AccessDenied, SetupError, RecordRefused)


@pytest.fixture
def examples(shared: Path) -> dict[str, Any]:
    """The vendor's saved requests and answers, by operation."""
    told: dict[str, Any] = json.loads((shared / "contracts/salesforce/rest-examples.json").read_text())["operations"]
    return told


def asked(examples: dict[str, Any], name: str) -> Any:
    return examples[name]["request_examples"][0]["body"]


def answered(examples: dict[str, Any], name: str) -> Any:
    return examples[name]["responses"]["200"]["bodies"][0]["body"]


def a_write(number: int, verb: Any = "create") -> Any:
    delivery = Delivery(
        id=number, destination="salesforce", object="Lead", external_id=external_id(str(number)), version=1,
        body={"LastName": "Ana"}, digest="d", handoff="h",
    )  # fmt: skip
    return write_of(delivery, None, verb)


@pytest.mark.parametrize(
    ("verb", "operation"), [("create", "SObjectCollectionsCreate"), ("upsert", "SObjectCollectionsUpsert")]
)
def test_a_collection_is_asked_for_as_in_the_vendors_example(
    examples: dict[str, Any], verb: str, operation: str
) -> None:
    part = collection_of([a_write(1, verb), a_write(2, verb)])
    example = asked(examples, operation)

    assert part.body.keys() == example.keys()
    assert [next(iter(record)) for record in part.body["records"]] == ["attributes", "attributes"]
    assert part.body["records"][0]["attributes"].keys() == example["records"][0]["attributes"].keys()
    assert part.method == examples[operation]["method"]
    template = examples[operation]["path"].replace("{SOBJECT_API_NAME}", "Lead").replace("{FIELD_NAME}", "Hub_Key__c")
    assert f"/data/v64.0/{part.path}" == template


def test_a_composite_call_is_asked_for_as_in_the_vendors_example(examples: dict[str, Any]) -> None:
    part = collection_of([a_write(1)])
    body = composite_of("/services/data/v64.0/", [(part.method, part.path, part.body)])
    example = asked(examples, "Composite")

    assert body.keys() - {"allOrNone"} == example.keys()
    assert body["compositeRequest"][0].keys() == example["compositeRequest"][0].keys()


def test_the_vendors_composite_answer_is_understood(examples: dict[str, Any]) -> None:
    answer = answered(examples, "Composite")
    for place, each in enumerate(answer["compositeResponse"]):
        each["referenceId"] = f"part{place}"

    told = answers_of(answer, 2)

    assert [status for status, _ in told] == [201, 201]
    assert all(body["success"] for _, body in told)


def test_every_code_of_the_vendors_list_has_an_end_and_none_is_success(shared: Path) -> None:
    codes = json.loads((shared / "contracts/salesforce/error-codes.json").read_text())["error_codes"]

    for each in codes:
        content = [{"message": "no", "errorCode": each["code"]}]
        trouble = name_trouble(each["status"], content, sobject="Lead")
        receipt = read_errors(a_write(1).delivery, [{"statusCode": each["code"], "fields": []}], instance="x.test")

        assert isinstance(trouble, HubError)
        assert receipt.outcome in ("refused", "deferred", "unknown")
        assert isinstance(trouble, RateLimited) == (each["code"] == "REQUEST_LIMIT_EXCEEDED")
        if each["code"] in ("INVALID_SESSION_ID", "INSUFFICIENT_ACCESS"):
            assert isinstance(trouble, AccessDenied)
        if each["code"] in NOT_SET_UP:
            assert isinstance(trouble, SetupError)
        if each["status"] == 400:
            assert isinstance(trouble, FINAL)
            assert not isinstance(trouble, Unavailable)


@pytest.mark.parametrize("error", [{}, {"statusCode": None}, {"errorCode": "a word"}, {"statusCode": "Ana wrote this"}])
def test_what_is_no_code_is_none(error: dict[str, Any]) -> None:
    assert code_of(error) == "UNKNOWN_CODE"

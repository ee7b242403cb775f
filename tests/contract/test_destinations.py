"""What every destination must do. A destination joins by existing; nobody edits this file.

The vendors' own libraries talk to the sandbox, over TLS, as they would to the vendor.
"""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import connectors
from hub.domain import Delivery
from hub.errors import AccessDenied, RateLimited
from hub.kit import Destination
from sandbox.process import SandboxProcess
from tests.contract.bench import WORDS, Bench, send, settle, swollen


@pytest.fixture(params=connectors.manifests(kind="destination"), ids=lambda manifest: manifest.name)
def bench(request: pytest.FixtureRequest, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return Bench(request.param, sandbox)


def test_the_docstring_says_why_sending_twice_is_harmless(bench: Bench) -> None:
    made = connectors.load(bench.manifest.name)
    module = __import__(made.__module__, fromlist=["__doc__"])

    assert "twice" in f"{module.__doc__} {made.__doc__}"


def test_each_delivery_gets_one_receipt_and_order_is_kept(bench: Bench) -> None:
    deliveries = bench.deliveries(3)

    with bench.open() as destination:
        receipts = list(destination.send(deliveries))

    assert [receipt.delivery for receipt in receipts] == [1, 2, 3]
    assert [receipt.outcome for receipt in receipts] == ["created"] * 3
    assert len({receipt.object_id for receipt in receipts}) == 3
    assert bench.made() == [delivery.external_id for delivery in deliveries]


def test_what_was_sent_is_found_again_and_is_one_thing(bench: Bench) -> None:
    deliveries = bench.deliveries(2)

    with bench.open() as destination:
        sent = list(destination.send(deliveries))
        found = list(destination.find(deliveries))
        settle(destination, deliveries)

    assert {record.external_id: record.object_id for record in found} == {
        delivery.external_id: receipt.object_id for delivery, receipt in zip(deliveries, sent, strict=True)
    }
    assert sorted(bench.made()) == sorted(delivery.external_id for delivery in deliveries)


def test_what_was_never_sent_is_not_found(bench: Bench) -> None:
    with bench.open() as destination:
        assert list(destination.find(bench.deliveries(2))) == []


def test_a_lost_answer_then_a_look_up_then_a_repeat_is_one_thing(bench: Bench) -> None:
    deliveries = bench.deliveries(2)

    with bench.ready() as destination:
        bench.fault(kind="drop_after")
        outcomes = send(destination, deliveries)
        settle(destination, deliveries)

    assert outcomes[0] == "unknown"
    assert "created" not in outcomes
    assert bench.made() == [delivery.external_id for delivery in deliveries]


def test_a_request_that_never_arrived_is_made_good_by_the_repeat(bench: Bench) -> None:
    deliveries = bench.deliveries(1)

    with bench.ready() as destination:
        bench.fault(kind="drop_before")
        outcomes = send(destination, deliveries)
        receipts = settle(destination, deliveries)

    assert outcomes == ["unknown"]
    assert [receipt.outcome for receipt in receipts] == ["created"]
    assert bench.made() == [deliveries[0].external_id]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after"},
        {"kind": "drop_before"},
        {"kind": "status", "status": 503, "body": "busy"},
        {"kind": "status", "status": 500, "body": "{}"},
        {"kind": "garbage"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}",
)
def test_the_library_repeats_nothing_by_itself(bench: Bench, fault: dict[str, Any]) -> None:
    with bench.ready() as destination:
        _, path = bench.write_request()
        bench.fault(**fault, times=5)
        outcomes = send(destination, bench.deliveries(1))

    assert outcomes == ["unknown"]
    assert bench.requests().count(path) == 1


def test_a_429_is_told_at_once_with_its_wait(bench: Bench) -> None:
    with bench.ready() as destination:
        _, path = bench.write_request()
        bench.fault(kind="status", status=429, headers={"Retry-After": "7"}, body="{}", times=5)
        with pytest.raises(RateLimited) as told:
            list(destination.send(bench.deliveries(1)))

    assert told.value.retry_after == 7
    assert bench.requests().count(path) == 1


def test_one_refusal_spares_the_rest(bench: Bench) -> None:
    deliveries = bench.deliveries(3)
    deliveries[1] = deliveries[1].with_(body=swollen(deliveries[1].body))

    with bench.open() as destination:
        receipts = list(destination.send(deliveries))

    assert [receipt.outcome for receipt in receipts] == ["created", "refused", "created"]
    assert receipts[1].reason
    assert receipts[1].detail
    assert bench.made() == [deliveries[0].external_id, deliveries[2].external_id]


def test_a_later_version_changes_the_same_thing(bench: Bench) -> None:
    first = bench.delivery(1)

    with bench.open() as destination:
        (made,) = destination.send([first])
        later = bench.delivery(1, version=2).with_(object_id=made.object_id)
        (changed,) = destination.send([later])
        (found,) = destination.find([later])

    assert (changed.outcome, changed.object_id) == ("updated", made.object_id)
    assert found.digest == later.digest
    assert bench.made() == [first.external_id]


def test_checking_costs_one_request(bench: Bench) -> None:
    with bench.ready() as destination:
        destination.check()

    assert len(bench.requests()) == 1


ACTS: dict[str, Callable[[Destination, list[Delivery]], Any]] = {
    "check": lambda destination, deliveries: destination.check(),
    "send": lambda destination, deliveries: list(destination.send(deliveries)),
    "find": lambda destination, deliveries: list(destination.find(deliveries)),
}


@pytest.mark.parametrize("act", ACTS)
def test_wrong_credentials_are_denied_access(bench: Bench, act: str) -> None:
    with bench.open(connection=bench.with_wrong_secrets()) as destination, pytest.raises(AccessDenied):
        ACTS[act](destination, bench.deliveries(2))

    assert bench.made() == []


def test_no_secret_and_no_text_reaches_a_log_or_an_error(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    deliveries = bench.deliveries(2)
    deliveries[1] = deliveries[1].with_(body=swollen(deliveries[1].body))
    said = []

    with caplog.at_level(logging.DEBUG), bench.ready() as destination:
        bench.fault(kind="status", status=500, body=WORDS)
        said.append(str(send(destination, deliveries)))
        said += [f"{receipt.reason} {receipt.detail}" for receipt in destination.send(deliveries)]

    shown = caplog.text + " ".join(said)
    assert WORDS not in shown
    assert [secret for secret in bench.secrets() if secret in shown] == []

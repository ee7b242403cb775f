"""Letters: over a real socket to the mail server of the sandbox, with TLS, log-in and what goes wrong there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hub.domain import Delivery, Receipt
from hub.errors import AccessDenied, RecordRefused, SetupError, Unavailable
from hub.kit import Connection, Services
from hub.kit.mail import Enclosed, Letter, Mail
from sandbox.process import SandboxProcess

PNG = bytes.fromhex("89504e470d0a1a0a") + b"picture"
LETTER = Letter(
    subject="Weekly report: Ünïcode 🚀\nBcc: evil@x.test",
    text="Mentions: 12\n.\n..dots\nשלום",
    html='<p>Mentions: <b>12</b></p>\n.\n<img src="cid:mentions" alt="Mentions">',
    pictures=(Enclosed(name="mentions", type="image/png", content=PNG),),
    attachments=(Enclosed(name="weekly.pdf", type="application/pdf", content=b"%PDF-1.7\n"),),
)


class Claim:
    """Remembers what was noted."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, job: str) -> None:
        self.noted.append(job)

    def renew(self) -> None:
        pass


def delivery(id: int = 1, to: str = "ceo@acme.test", **more: Any) -> Delivery:
    facts = {
        "id": id, "destination": "email", "object": "letter", "external_id": f"{id:032x}", "version": 1,
        "body": {"to": to}, "digest": "d", "handoff": "report", "attempt": 1,
    }  # fmt: skip
    return Delivery(**(facts | more))


@pytest.fixture
def box(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> SandboxProcess:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return sandbox


def mail(box: SandboxProcess, compose: Any = lambda _: LETTER, **facts: Any) -> Mail:
    told = json.loads(box.env["AIRFLOW_CONN_SMTP_DEFAULT"]) | facts
    made = Mail(Connection.from_facts("smtp_default", told), Services.local(), compose)
    made.claim = Claim()
    return made


@pytest.fixture
def letters(box: SandboxProcess) -> Iterator[Any]:
    return lambda: box.control.state("email", "letters")


def only(receipts: Iterator[Receipt]) -> Receipt:
    (receipt,) = receipts
    return receipt


def test_a_letter_arrives_as_it_was_written(box, letters):
    sender = mail(box)

    receipt = only(sender.send([delivery()]))

    (letter,) = letters()
    assert receipt.outcome == "created"
    assert receipt.object_id == letter["message_id"] == f"<{1:032x}.1@acme.test>"
    assert letter["subject"] == "Weekly report: Ünïcode 🚀 Bcc: evil@x.test"  # one line, so no header of its own
    assert "Bcc" not in letter["headers"]
    assert letter["headers"]["Auto-Submitted"] == "auto-generated"
    assert letter["from"] == "Acme Social Intelligence <reports@acme.test>"
    assert letter["envelope_to"] == ["ceo@acme.test"]
    assert letter["text"].splitlines() == LETTER.text.splitlines()
    assert "\n.\n" in letter["html"].replace("\r\n", "\n")
    assert [file["name"] for file in letter["attachments"]] == ["weekly.pdf"]
    assert list(letter["pictures"]) == ["mentions"]


def test_the_claim_is_noted_before_the_letter_and_not_before_the_server_listens(box, letters):
    box.control.fault(system="email", kind="status", method="RCPT", path_glob="gone@*", status=550)
    sender = mail(box)

    refused = only(sender.send([delivery(1, to="gone@acme.test")]))
    noted_of_a_refusal = list(sender.claim.noted)
    only(sender.send([delivery(2)]))

    assert (refused.outcome, refused.reason) == ("refused", "addressee_refused")
    assert "550" in refused.detail
    assert noted_of_a_refusal == []
    assert sender.claim.noted == [letters()[0]["message_id"]]


@pytest.mark.parametrize(("method", "reason"), [("RCPT", "greylisted"), ("DATA", "busy")])
def test_what_is_refused_for_now_waits_and_then_arrives(box, letters, method, reason):
    box.control.fault(system="email", kind="status", method=method, status=451)
    sender = mail(box)

    first, second = only(sender.send([delivery()])), only(sender.send([delivery()]))

    assert (first.outcome, first.reason) == ("deferred", reason)
    assert first.retry_after >= 60
    assert second.outcome == "created"
    assert len(letters()) == 1


@pytest.mark.parametrize(("kind", "arrived"), [("drop_after", 1), ("drop_before", 0)])
def test_a_connection_lost_after_the_letter_is_in_doubt_and_is_not_sent_again(box, letters, kind, arrived):
    box.control.fault(system="email", kind=kind, method="DATA")
    sender = mail(box)

    lost = only(sender.send([delivery()]))
    begun = delivery(job=sender.claim.noted[0])
    told = only(sender.resume(begun.job, [begun]))
    with pytest.raises(RecordRefused):
        list(sender.find([begun]))

    assert lost.outcome == "unknown"
    assert (told.outcome, told.reason) == ("refused", "in_doubt")
    assert len(letters()) == arrived


def test_what_was_claimed_and_never_begun_is_surely_not_there(box):
    assert list(mail(box).find([delivery(attempt=1, job=None)])) == []


def test_a_connection_lost_before_the_letter_has_sent_nothing(box):
    box.control.fault(system="email", kind="drop_before", method="RCPT")

    with pytest.raises(Unavailable) as lost:
        list(mail(box).send([delivery()]))

    assert not lost.value.sent


def test_a_letter_goes_by_tls_from_the_first_byte_on(box, letters):
    told = json.loads(box.env["AIRFLOW_CONN_SMTP_TLS"])
    sender = mail(box, **told)

    assert not told["extra"]["disable_ssl"]
    assert only(sender.send([delivery()])).outcome == "created"
    assert len(letters()) == 1
    with pytest.raises(AccessDenied):
        mail(box, **(told | {"password": "wrong-password"})).check()


def test_a_wrong_password_is_told_with_its_connection_and_without_the_password(box):
    with pytest.raises(AccessDenied, match="smtp_default") as refused:
        mail(box, password="wrong-password").check()

    assert "wrong-password" not in str(refused.value)


def test_a_server_that_nobody_vouches_for_is_not_talked_to(box, monkeypatch, tmp_path):
    import certifi

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())

    with pytest.raises(SetupError, match="certificate"):
        mail(box).check()


def test_no_server_is_no_letter(box):
    with pytest.raises(Unavailable) as gone:
        list(mail(box, port=1).send([delivery()]))

    assert not gone.value.sent


def test_an_addressee_that_is_none_is_refused_and_the_others_are_sent(box, letters):
    sender = mail(box)

    receipts = list(sender.send([delivery(1, to="x\r\nRCPT TO:<all@acme.test>"), delivery(2)]))

    assert [receipt.outcome for receipt in receipts] == ["refused", "created"]
    assert [letter["envelope_to"] for letter in letters()] == [["ceo@acme.test"]]

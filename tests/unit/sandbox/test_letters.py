"""The mailbox in the inspector: letters as a reader sees them, shown where they can do nothing."""

import json
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import requests

from sandbox.mail import LOGIN, PASSWORD
from sandbox.process import SandboxProcess

PNG = bytes.fromhex("89504e470d0a1a0a") + b"picture"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def server(sandbox: SandboxProcess) -> Iterator[smtplib.SMTP]:
    told = json.loads(sandbox.env["AIRFLOW_CONN_SMTP_DEFAULT"])
    with smtplib.SMTP(told["host"], told["port"], timeout=10) as server:
        server.starttls(context=ssl.create_default_context(cafile=sandbox.env["SSL_CERT_FILE"]))
        server.ehlo()
        yield server


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Hub <a@acme.test>", "b@acme.test", f"Weekly {HOSTILE}"
    message.set_content(f"In words {HOSTILE}")
    message.add_alternative(f'<p>{HOSTILE}</p><img src="cid:one">', subtype="html")
    message.get_payload()[1].add_related(PNG, "image", "png", cid="<one>")
    message.add_attachment(b"%PDF", "application", "pdf", filename='we"e\u202ekly.pdf')
    return message


def get(sandbox: SandboxProcess, path: str) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    return session.get(f"http://127.0.0.1:{sandbox.port}{path}", timeout=10)


def test_nobody_sends_without_tls_and_a_log_in(sandbox: SandboxProcess, server: smtplib.SMTP) -> None:
    assert server.mail("a@acme.test")[0] == 530
    with pytest.raises(smtplib.SMTPAuthenticationError):
        server.login(LOGIN, "guessed")


def test_a_letter_is_shown_in_words_and_as_it_looks_and_can_do_nothing(
    sandbox: SandboxProcess, server: smtplib.SMTP
) -> None:
    server.login(LOGIN, PASSWORD)
    server.send_message(letter())

    page, looks, file = get(sandbox, "/"), get(sandbox, "/letters/1"), get(sandbox, "/letters/1/0")

    assert HOSTILE not in page.text
    assert "Weekly &lt;script&gt;" in page.text
    assert looks.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "data:image/png;base64," in looks.text
    assert file.content == b"%PDF"
    assert file.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''we%22e")
    assert file.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path", ["/letters/9", "/letters/x", "/letters/1/7", "/pictures/F1", "/letters/", "/pictures/"]
)
def test_what_is_not_there_is_not_there(sandbox: SandboxProcess, path: str) -> None:
    assert get(sandbox, path).status_code in (400, 404)


def test_a_reset_empties_the_mailbox_and_the_same_address_goes_on(
    sandbox: SandboxProcess, server: smtplib.SMTP
) -> None:
    server.login(LOGIN, PASSWORD)
    server.send_message(letter())

    sandbox.reset()
    left = sandbox.control.state("email", "letters")
    server.send_message(letter())

    assert left == []
    assert len(sandbox.control.state("email", "letters")) == 1

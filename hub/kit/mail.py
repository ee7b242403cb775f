"""E-mail as a destination: one letter to one addressee, handed to the mail server of the connection `smtp_default`.

Sending twice would not be harmless, so nothing is sent on doubt. E-mail has no look-up and mail servers know no key;
but the moment at which a letter may have been taken is known exactly, since a server takes it by its answer to the end
of DATA. So the claim notes the letter's Message-ID after the server has said that it will listen, and before the first
byte of the letter:

- a claim without that note has sent nothing: it is sent again, whatever ended the process before;
- a claim with it and without an answer is in doubt. It is not sent again by itself: it goes to a person, into
  quarantine as `in_doubt`, who asks the addressee and then replays or discards it. The Message-ID is made of the
  external id, so that a letter sent again is the same letter for mail programs that compare.

A greylisted or busy answer (4xx) waits and is tried again, a refusal (5xx) is final and says the server's code. The
server's own words are not kept: they may name people.
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from typing import Any

from hub.domain import Budget, Delivery, FoundRecord, Manifest, Model, Receipt, Remedy
from hub.domain.manifest import Api, AuthFacts
from hub.errors import AccessDenied, RecordError, RecordRefused, SetupError, Unavailable
from hub.kit.connection import Connection
from hub.kit.destination import Destination
from hub.kit.lease import require_lease
from hub.kit.services import Services
from hub.kit.turns import turn
from hub.kit.vendor import one_by_one

EMAIL, CONNECTION = "email", "smtp_default"
LETTER = "letter"  # the destination's word for its object
GREYLISTED_SECONDS = 300.0  # what greylisting servers ask for is rarely longer
LISTENS, TAKEN = 354, 250
TLS_PORT, PORT = 465, 587
ADDRESS = re.compile(r"[A-Za-z0-9._%+/=!#$&'*?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")  # one, bare, in plain letters
LINE_DOT = re.compile(rb"(?m)^\.")  # a line of one dot would end the letter

MANIFEST = Manifest(
    name=EMAIL,
    title="E-mail",
    kind="destination",
    owner="social-data",
    maturity="certified",
    api=Api(reference="SMTP, RFC 5321", version="2008"),
    auth=AuthFacts(scheme="basic", secrets=("password",), optional=False),
    budget=Budget(requests=60, per_minutes=1),
    connection={"conn_type": "smtp", "secrets": {"password": "password"}},
    remedies={
        "in_doubt": Remedy(
            who="whoever knows the addressee",
            do="Ask whether the report has arrived: discard this item if it has, else replay it.",
        ),
        "addressee_refused": Remedy(
            who="whoever keeps hub.yaml", do="Correct the address under the report's `to`, then discard this item."
        ),
        "letter_refused": Remedy(
            who="the mail server's administrator", do="Let this sender send letters of this size, then replay."
        ),
    },
)


class Enclosed(Model):
    """A file that goes with a letter: a picture that its HTML shows as `cid:<name>`, or an attachment."""

    name: str
    type: str  # such as image/png
    content: bytes


class Letter(Model):
    """What is sent: the same in words and in HTML."""

    subject: str
    text: str
    html: str
    pictures: tuple[Enclosed, ...] = ()
    attachments: tuple[Enclosed, ...] = ()


Compose = Callable[[Delivery], Letter]


class Mail(Destination):
    """Sends letters, one to each addressee; see the module for why none arrives twice."""

    def __init__(self, connection: Connection, services: Services, compose: Compose) -> None:
        super().__init__(MANIFEST, connection, services)
        self.compose = compose

    def open(self) -> Any:
        """There is no connection that outlives a letter."""
        return None

    def check(self) -> None:
        """Prove that the server lets us in."""
        self._log_in().quit()

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """What was never begun is not there; a letter that was begun cannot be looked up."""
        for delivery in deliveries:
            if delivery.job or not delivery.attempt:  # not even tried by this store: it is a copy of one that did
                raise RecordRefused("A letter cannot be looked up.", reason="in_doubt")
        return iter(())

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """One letter after the other; one receipt for each delivery, in order."""
        return one_by_one(deliveries, self._send)

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """A letter that was begun and never answered for: a person decides."""
        for delivery in deliveries:
            yield Receipt(
                delivery=delivery.id, outcome="refused", reason="in_doubt",
                detail="The mail server may have taken this letter, or not: the connection ended before it said so.",
            )  # fmt: skip

    def _send(self, delivery: Delivery) -> Receipt:
        to, message_id = str(delivery.body["to"]), self._message_id(delivery)
        try:
            written = self._written(self.compose(delivery), to, message_id)
        except RecordError as spoilt:
            return Receipt(delivery=delivery.id, outcome="refused", reason=spoilt.reason, detail=str(spoilt))
        self.services.budgets.acquire(self.manifest.name, self.manifest.budget)
        server = self._log_in()
        try:
            return self._handed(server, delivery, to, message_id, written)
        finally:
            server.close()

    def _handed(self, server: smtplib.SMTP, delivery: Delivery, to: str, message_id: str, written: bytes) -> Receipt:
        """Sender, addressee, then the letter itself; only from there on is there doubt."""
        with before_the_letter(self.connection.id):
            code, _ = server.mail(self._sender().addr_spec, [f"size={len(written)}"] if server.has_extn("size") else [])
        if code != TAKEN:
            if code < 500:
                raise Unavailable(f"The mail server is busy ({code}).", retry_after=GREYLISTED_SECONDS, sent=False)
            raise SetupError(f"The mail server does not let us send as {self._sender().addr_spec} ({code}); "
                             f"correct from_email in the connection {self.connection.id}.")  # fmt: skip
        with before_the_letter(self.connection.id):
            code, _ = server.rcpt(to)
        if code not in (TAKEN, 251):
            return _refused(delivery, code, "addressee")
        with before_the_letter(self.connection.id):
            code, _ = server.docmd("DATA")
        if code != LISTENS:
            return _refused(delivery, code, "letter")
        with turn():
            require_lease(self.services.clock.now())
            self.claim.note(message_id)
            try:
                server.send(LINE_DOT.sub(b"..", written) + b".\r\n")
                code, _ = server.getreply()
            except (OSError, smtplib.SMTPException) as lost:
                raise Unavailable(f"The mail server gave no answer ({type(lost).__name__}).", sent=True) from None
        if code != TAKEN:
            return _refused(delivery, code, "letter")
        return Receipt(delivery=delivery.id, outcome="created", object_id=message_id)

    def _log_in(self) -> smtplib.SMTP:
        """A connection that is encrypted and knows who we are; SetupError says what to correct."""
        connection, extra = self.connection, self.connection.extra
        if not connection.host:
            raise SetupError(f"The connection {connection.id} names no mail server; put it into its field host.")
        starts = bool(extra.get("disable_ssl"))  # as Airflow's own hook reads it: no TLS from the first byte on
        plain = starts and bool(extra.get("disable_tls"))
        context = ssl.create_default_context()
        seconds = self.services.limits.connect_seconds
        port = connection.port or (PORT if starts else TLS_PORT)
        with turn(), before_the_letter(connection.id):
            server = (
                smtplib.SMTP(connection.host, port, timeout=seconds)
                if starts
                else smtplib.SMTP_SSL(connection.host, port, timeout=seconds, context=context)
            )
            if server.sock:
                server.sock.settimeout(self.services.limits.read_seconds)
            if starts and not plain:
                server.starttls(context=context)
            if connection.login:
                self._prove(server)
            else:
                server.ehlo_or_helo_if_needed()
        return server

    def _prove(self, server: smtplib.SMTP) -> None:
        try:
            server.login(str(self.connection.login), self.secret("password"))
        except smtplib.SMTPAuthenticationError as refused:
            if refused.smtp_code < 500:
                raise Unavailable(f"The mail server is busy ({refused.smtp_code}).", sent=False) from None
            raise AccessDenied(
                f"The mail server denies us access ({refused.smtp_code}); check login and password of the connection "
                f"{self.connection.id}."
            ) from None

    def _sender(self) -> Address:
        """From whom: `from_email` of the connection, else its login."""
        name, address = parseaddr(str(self.connection.extra.get("from_email") or self.connection.login or ""))
        try:
            return Address(display_name=name, addr_spec=address)
        except (ValueError, IndexError):
            raise SetupError(
                f"The connection {self.connection.id} names no sender; put an address into its extra field from_email."
            ) from None

    def _message_id(self, delivery: Delivery) -> str:
        return f"<{delivery.external_id}.{delivery.version}@{self._sender().domain}>"

    def _written(self, letter: Letter, to: str, message_id: str) -> bytes:
        """The letter as it goes over the wire."""
        message = EmailMessage(policy=WIRE)
        message["From"] = self._sender()
        message["To"] = _address(to)
        message["Subject"] = " ".join(letter.subject.split())
        message["Date"] = format_datetime(self.services.clock.now())
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"  # so that nobody's absence is answered to us
        message.set_content(letter.text, cte="quoted-printable")
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        page = message.get_payload()[1]  # type: ignore[index]
        for picture in letter.pictures:
            kind, _, form = picture.type.partition("/")
            page.add_related(  # type: ignore[union-attr]
                picture.content, kind, form, cid=f"<{picture.name}>", disposition="inline"
            )
        for file in letter.attachments:
            kind, _, form = file.type.partition("/")
            message.add_attachment(file.content, kind, form, filename=file.name)
        return message.as_bytes()


def _address(text: str) -> Address:
    if not ADDRESS.fullmatch(text):
        raise RecordRefused(
            "The report's addressee is no e-mail address; correct it under `to`.", reason="addressee_refused"
        )
    return Address(addr_spec=text)


def _refused(delivery: Delivery, code: int, what: str) -> Receipt:
    """Not taken: for now, where the server says so, else for good."""
    if 400 <= code < 500:
        return Receipt(
            delivery=delivery.id, outcome="deferred", reason="greylisted" if what == "addressee" else "busy",
            detail=f"The mail server asks us to come again ({code}).", retry_after=GREYLISTED_SECONDS,
        )  # fmt: skip
    return Receipt(
        delivery=delivery.id, outcome="refused", reason=f"{what}_refused",
        detail=f"The mail server does not take this {what} ({code}).",
    )  # fmt: skip


@contextmanager
def before_the_letter(id: str) -> Iterator[None]:
    """Whatever breaks in here has sent nothing."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise SetupError(
            f"The mail server of the connection {id} proves itself by a certificate that nobody here trusts; "
            "name it as its certificate does, or trust its authority (SSL_CERT_FILE)."
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise SetupError(
            f"The mail server of the connection {id} offers no STARTTLS or no log-in; "
            "take disable_ssl out of its extra for TLS from the first byte on."
        ) from None
    except (OSError, smtplib.SMTPException) as trouble:
        raise Unavailable(f"The mail server cannot be reached ({type(trouble).__name__}).", sent=False) from None

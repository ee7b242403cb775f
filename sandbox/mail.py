"""The mail server of the sandbox: it takes letters over a real socket, and keeps them as their readers see them.

What it asks of a client is what mail servers ask: TLS by the sandbox's own authority, on one port by STARTTLS and on
another from the first byte on; then AUTH. Faults come from the same switchboard as everywhere, for the system `email`:
the method is the command that they hit (RCPT or DATA), the path is the addressee's address.

- `status` on RCPT: this addressee is refused, for good (5xx, such as 550) or for now (4xx, such as 450);
- `status` on DATA: the whole letter is; `drop_before` and `drop_after` hang up before and after it was taken.
"""

import asyncio
import base64
import email
import email.policy
import socket
import threading
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.authority import Authority
from sandbox.faults import Rule, Switchboard
from sandbox.kit import System

LOGIN, PASSWORD = "reports@acme.test", "sandbox-mail-password"
HOST = "127.0.0.1"
MOST_BYTES = 25_000_000  # what large providers take

Row = dict[str, Any]


class Mailbox(System):
    """All letters, whoever they were for; `GET /state/email/letters` shows them."""

    def keep(self, sender: str, addressees: list[str], content: bytes) -> Row:
        """Take a letter: on disk when this returns."""
        letters = self.table("letters")
        row = read(content) | {"id": letters.next_id(), "envelope_from": sender, "envelope_to": addressees}
        row["received_at"] = self.clock.now().isoformat()
        letters.insert(row)
        self.journal("letter taken", id=row["id"], message_id=row["message_id"], addressees=len(addressees))
        return row

    def letter(self, id: str) -> Row | None:
        """One letter, by the number that stands in an address."""
        return next((row for row in self.table("letters").all() if str(row["id"]) == id), None)

    def commit(self) -> None:
        """What was taken and noted is on disk."""
        self._state.commit()


class Handler:
    """What is done with each command; the caller is the server's own thread."""

    def __init__(self, mailbox: Mailbox, switchboard: Switchboard) -> None:
        self.mailbox, self.switchboard = mailbox, switchboard

    async def handle_RCPT(  # noqa: N802  the library asks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whether this addressee may have a letter."""
        fault = self.switchboard.pick(self.mailbox.name, "RCPT", address)
        if fault is not None and fault.kind == "status":
            self._note("RCPT", fault, status=fault.status)
            return said(fault, "Recipient address rejected" if fault.status >= 500 else "Greylisted, try again later")
        if fault is not None:
            self._note("RCPT", fault)
            hang_up(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the letter, unless it is not to arrive, or its sender is not to hear that it has."""
        path = envelope.rcpt_tos[0] if envelope.rcpt_tos else ""
        fault = self.switchboard.pick(self.mailbox.name, "DATA", path)
        if fault is not None and fault.kind == "status":
            self._note("DATA", fault, status=fault.status)
            return said(fault, "Message refused" if fault.status >= 500 else "Try again later")
        if fault is not None and fault.kind == "drop_before":
            self._note("DATA", fault)
            hang_up(server)
            return "421 Closing"
        with self.mailbox.lock:
            content = envelope.original_content or b""
            row = self.mailbox.keep(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        self._note("DATA", fault, status=250, message_id=row["message_id"])
        if fault is not None and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        elif fault is not None:
            hang_up(server)
        return "250 2.0.0 OK"

    def _note(self, command: str, fault: Rule | None, **facts: Any) -> None:
        """One line of the journal, as for a request."""
        told = {"method": command, "host": HOST, "path": "/", "status": 0, **facts}
        self.mailbox.journal("request", **told | ({"fault": fault.kind} if fault else {}))
        self.mailbox.commit()


def said(fault: Rule, words: str) -> str:
    """A refusal as servers word it, with its extended code."""
    return f"{fault.status} {str(fault.status)[0]}.7.1 {words}"


def hang_up(server: SMTP) -> None:
    """End the connection as a crash would."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


class MailServer:
    """Listens on two loopback ports, in a thread of its own; port 0 takes a free one."""

    def __init__(
        self, mailbox: Mailbox, switchboard: Switchboard, authority: Authority, *, port: int = 0, tls_port: int = 0
    ) -> None:
        self._listener, self._tls_listener = _listen(port), _listen(tls_port)
        self.port: int = self._listener.getsockname()[1]  # STARTTLS
        self.tls_port: int = self._tls_listener.getsockname()[1]  # TLS from the first byte on
        self._handler = Handler(mailbox, switchboard)
        self._context = authority.context(HOST)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="mail server")
        self._thread.start()

    def close(self) -> None:
        """Stop listening and hang up."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = [
            self._loop.create_server(lambda: self._session(starts=True), sock=self._listener),
            self._loop.create_server(lambda: self._session(starts=False), sock=self._tls_listener, ssl=self._context),
        ]
        servers = [self._loop.run_until_complete(each) for each in listening]
        try:
            self._loop.run_forever()
        finally:
            for server in servers:
                server.close()
            self._loop.close()

    def _session(self, *, starts: bool) -> SMTP:
        """One talk; what its library asks of TLS is asked for where a talk starts without."""
        return SMTP(
            self._handler, hostname="mail.acme.test", ident="Sandbox", loop=self._loop, data_size_limit=MOST_BYTES,
            tls_context=self._context if starts else None, require_starttls=starts, auth_require_tls=starts,
            auth_required=True, authenticator=_authenticate, enable_SMTPUTF8=True,
        )  # fmt: skip


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """One account, with one password."""
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (LOGIN.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def _listen(port: int) -> socket.socket:
    """The port that it had before, where that is free: a hub that runs goes on; else any."""
    for wanted in (port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
            return listener
        except OSError:
            listener.close()
    raise OSError("no port is free")


def read(content: bytes) -> Row:
    """A letter in parts, as a mail program shows it: headers, text, HTML with its pictures, attachments."""
    letter = email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
    text, page = letter.get_body(("plain",)), letter.get_body(("html",))
    pictures = {
        str(part["Content-ID"]).strip("<>"): _file(part) for part in letter.walk() if part["Content-ID"] is not None
    }
    return {
        "message_id": str(letter["Message-ID"] or ""), "subject": str(letter["Subject"] or ""),
        "from": str(letter["From"] or ""), "to": str(letter["To"] or ""), "date": str(letter["Date"] or ""),
        "headers": {name: str(value) for name, value in letter.items()},
        "text": text.get_content() if text else "", "html": page.get_content() if page else "",
        "pictures": pictures, "attachments": [_file(part) for part in letter.iter_attachments()],
        "bytes": len(content),
    }  # fmt: skip


def _file(part: Any) -> Row:
    payload = part.get_payload(decode=True) or b""
    return {
        "name": part.get_filename() or "", "type": part.get_content_type(), "size": len(payload),
        "content": base64.b64encode(payload).decode(),
    }  # fmt: skip


def page_of(letter: Row) -> str:
    """Its HTML with the pictures that came with it in their places; nothing else can be loaded from there."""
    page = str(letter["html"])
    for id, picture in letter["pictures"].items():
        page = page.replace(f"cid:{id}", f"data:{picture['type']};base64,{picture['content']}")
    return page

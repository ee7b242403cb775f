"""What the contract of destinations is tried with: a destination of the sandbox, things to send, and the journal."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import connectors
from hub.domain import Author, Delivery, Handoff, Manifest, Post, Provenance, Receipt, Signal, external_id
from hub.errors import Unavailable
from hub.kit import Connection, Destination, Limits, Services
from hub.mapping import load_mappings
from sandbox.process import SandboxProcess

DIRECT = build_opener(ProxyHandler({}))  # the sandbox's own pages are no outside system
LOG_INS = ("/oauth", "/services/oauth2", "/services/Soap")
PATIENCE = Limits(connect_seconds=5, read_seconds=5, total_seconds=10)
WORDS = "The kettle whistles at seven"  # must turn up in no log and no error


class Bench:
    """One destination against the sandbox."""

    def __init__(self, manifest: Manifest, sandbox: SandboxProcess) -> None:
        self.manifest = manifest
        self.sandbox = sandbox
        self.connection = Connection.of(manifest, sandbox.env)
        self.services = Services.local(limits=PATIENCE)
        self.mark = 0

    def open(self, *, connection: Connection | None = None) -> Destination:
        """The destination, as the hub opens it."""
        made = connectors.load(self.manifest.name)
        assert issubclass(made, Destination)
        return made(self.manifest, connection or self.connection, self.services)

    def ready(self) -> Destination:
        """One that has logged in and sent something, so that what follows is only what a send takes."""
        destination = self.open()
        destination.check()
        list(destination.send(self.deliveries(1, start=1000)))
        self.mark = self.last_line()
        return destination

    def ask(self, path: str, body: Any = None, method: str = "GET") -> Any:
        """One call to the sandbox's own pages."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.sandbox.port}{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        with DIRECT.open(request, timeout=10) as answer:
            return answer.read().decode()

    def fault(self, **rule: Any) -> None:
        """Let the sandbox go wrong once, at the request by which this destination writes."""
        method, path = self.write_request()
        self.ask(
            "/faults", {"system": self.manifest.name, "method": method, "path_glob": path, "times": 1, **rule}, "POST"
        )

    def write_request(self) -> tuple[str, str]:
        """Method and path of the request by which one delivery was written: the last one of a send."""
        lines = [line for line in self.journal(since=0) if is_request(line)]
        return lines[-1]["method"], lines[-1]["path"]

    def journal(self, since: int | None = None) -> list[dict[str, Any]]:
        """What this system noted since the mark."""
        text = self.ask(f"/journal?since={self.mark if since is None else since}")
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        return [line for line in lines if line.get("system") == self.manifest.name]

    def last_line(self) -> int:
        """The number of the journal's newest line."""
        return max((line["number"] for line in self.journal(since=0)), default=0)

    def requests(self) -> list[str]:
        """Paths of the requests since the mark, but for log-ins."""
        return [line["path"] for line in self.journal() if is_request(line) and not line["path"].startswith(LOG_INS)]

    def made(self) -> list[str]:
        """External ids of the things that came into being since the mark, in that order."""
        events = [line for line in self.journal() if str(line.get("event", "")).endswith((" created", " posted"))]
        return [line["external_id"] for line in events if not line["event"].startswith("user")]

    def deliveries(self, count: int, *, start: int = 1, version: int = 1) -> list[Delivery]:
        """Rendered work of the first kind that this destination takes."""
        return [self.delivery(number, version=version) for number in range(start, start + count)]

    def delivery(self, number: int, *, version: int = 1) -> Delivery:
        """One rendered handoff, by the destination's own mapping."""
        document = a_handoff(self.manifest.handoffs[0], number, version).plain() | {"to": {}}
        mappings = load_mappings(connectors.mapping_path(self.manifest.name))
        mapping = next(one for one in mappings if one.reads == document["kind"] and one.suits(document))
        body = mapping.apply(document)
        assert body is not None
        return Delivery(
            id=number,
            destination=self.manifest.name,
            object=mapping.makes.removeprefix("sObject "),
            external_id=external_id(*mapping.identity(document).of),
            version=version,
            body=body,
            digest=sha256(json.dumps(body).encode()).hexdigest()[:32],
            handoff=f"handoff-{number}",
            authority=mapping.authority,
            attempt=1,
            claimed_at=datetime.now(UTC),
        )

    def with_wrong_secrets(self) -> Connection:
        """The same connection with every secret spoilt."""
        changed = self.connection
        for name in self.manifest.auth.secrets:
            if name in changed.extra:
                changed = replace(changed, extra={**changed.extra, name: "wrong"})
            else:
                changed = replace(changed, **{self.manifest.connection["secrets"][name]: "wrong"})
        return changed

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [
            self.connection.secret(name, self.manifest.connection["secrets"].get(name))
            for name in self.manifest.auth.secrets
            if "id" not in name and "key" not in name
        ]


def send(destination: Destination, deliveries: Sequence[Delivery]) -> list[str]:
    """Outcomes of one send; a call whose answer was lost is unknown for all."""
    try:
        receipts = list(destination.send(deliveries))
    except Unavailable as lost:
        return ["unknown" if lost.sent else "deferred" for _ in deliveries]
    return [receipt.outcome for receipt in receipts]


def settle(destination: Destination, deliveries: Sequence[Delivery]) -> list[Receipt]:
    """What the hub does on doubt: look up, and send only what is not there."""
    found = {record.external_id: record for record in destination.find(deliveries)}
    missing = [one for one in deliveries if one.external_id not in found]
    for one in deliveries:
        if one.external_id in found:
            assert found[one.external_id].digest == one.digest
    return list(destination.send(missing)) if missing else []


def swollen(body: Any) -> Any:
    """The same body with every text far too long."""
    if isinstance(body, dict):
        return {name: swollen(value) for name, value in body.items()}
    if isinstance(body, list):
        return [swollen(value) for value in body]
    return body + "x" * 70_000 if isinstance(body, str) else body


def is_request(line: dict[str, Any]) -> bool:
    """Journal lines of requests name a method; the others tell changes of state."""
    return "method" in line and "path" in line


def a_handoff(kind: Any, number: int, version: int) -> Handoff:
    """Work of one kind about one invented author."""
    now = datetime.now(UTC)
    author = Author(
        key=f"mastodon:account:mastodon.test/{number}", native_id=str(number), handle=f"ana{number}@mastodon.test"
    )
    key = f"mastodon:status:mastodon.test/{number}"
    post = Post(
        key=key, network="mastodon", native_id=str(number), text=f"{WORDS}, part {version}.", published_at=now,
        collected_at=now, author=author, url=f"https://mastodon.test/@ana/{number}",
    )  # fmt: skip
    return Handoff(
        key=f"{kind}:{number}",
        kind=kind,
        post=post,
        author=author,
        signal=Signal(post=key, found_by="rules@1", intent="complaint", confidence=0.9),
        team="support",
        provenance=Provenance(post=key, route="r@1", classifier="rules@1", confidence=0.9, run="run-1"),
        title="Complaint",
        severity=7,
    )

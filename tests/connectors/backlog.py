"""A backlog: work that waits in a real outbox for a played destination, and what became of it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import connectors
from hub import wiring
from hub.domain import external_id
from hub.mapping import load_mappings
from hub.stages.deliver import Delivered
from hub.store import Draft
from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.contract.bench import a_handoff

Change = Callable[[int, dict[str, Any]], dict[str, Any]]


class Backlog:
    """The outbox of one hub and the journal of one destination."""

    def __init__(self, hub: Hub, sandbox: SandboxProcess, name: str) -> None:
        self.hub, self.sandbox, self.name = hub, sandbox, name
        self.manifest = connectors.manifest(name)
        self.mappings = load_mappings(connectors.mapping_path(name))
        self.mark = sandbox.control.mark()

    def add(self, count: int, *, start: int = 1, authors: int = 1_000_000, change: Change | None = None) -> list[str]:
        """Let so many handoffs wait, each of a conversation of its own, of so many authors; their external ids."""
        drafts = [self.draft(number, number % authors, change) for number in range(start, start + count)]
        with self.hub.store.begin() as tx:
            tx.outbox.intend(drafts)
        return [draft.external_id for draft in drafts]

    def draft(self, number: int, author: int, change: Change | None) -> Draft:
        """One handoff, rendered by the destination's own mapping."""
        handoff = a_handoff(self.manifest.handoffs[0], number, 1)
        who = handoff.author.with_(key=f"mastodon:account:mastodon.test/{author}", handle=f"ana{author}@mastodon.test")
        document = handoff.with_(author=who, post=handoff.post.with_(author=who)).plain() | {"to": {}}
        mapping = next(one for one in self.mappings if one.reads == handoff.kind and one.suits(document))
        body = mapping.apply(document)
        assert body is not None
        identity = mapping.identity(document)
        return Draft(
            destination=self.name, object=mapping.makes, external_id=external_id(*identity.of), lane=identity.lane,
            parent=external_id(*identity.parent) if identity.parent else None, handoff=f"handoff-{number}",
            body=change(number, body) if change else body, mapping=mapping.label,
        )  # fmt: skip

    def deliver(self) -> Delivered:
        """What a run of `deliver` does."""
        return wiring.deliver(self.hub, self.name)

    def states(self) -> dict[str, int]:
        """Deliveries by state."""
        with self.hub.store.read() as view:
            return view.outbox.counts(self.name)

    def lines(self) -> list[dict[str, Any]]:
        """The destination's journal since the beginning."""
        return self.sandbox.control.journal(self.mark, system=self.name)

    def calls(self) -> Counter[str]:
        """Requests since the beginning, by method and path without numbers, but for log-ins."""
        asked = [line for line in self.lines() if "method" in line and not line["path"].startswith("/oauth")]
        return Counter(f"{line['method']} {plain(line['path'])}" for line in asked)

    def made(self, event: str) -> Counter[str]:
        """How often each external id came into being."""
        return Counter(line["external_id"] for line in self.lines() if line.get("event") == event)


def plain(path: str) -> str:
    """A path without the numbers in it."""
    return "/".join("#" if part.partition(".")[0].isdigit() else part for part in path.split("/"))

"""What we ask the networks, and what one pull brought."""

from typing import Any

from hub.domain.keys import external_id
from hub.domain.model import Model, Moment


class Watch(Model):
    """One standing question to one network, such as hashtag "#acme" on Mastodon."""

    network: str
    kind: str
    value: str
    since: Moment | None = None  # how far back the first read goes
    connection: str | None = None  # Airflow connection id; None means `<network>_default`
    subject: str | None = None
    team: str | None = None
    layout: dict[str, str] = {}  # for networks that read files: what the columns are called, how times are written

    @property
    def key(self) -> str:
        """Names this watch for ever: `mastodon:hashtag:<digest of value and connection>`."""
        return f"{self.network}:{self.kind}:{external_id(self.value, self.connection or '')[:12]}"


CONTEXT_KINDS = ("context", "reread")
"""Kinds of watch that only the hub asks: what they bring is context, counted and kept, and nobody's work."""


def kind_of(watch_key: str) -> str:
    """The kind of a watch, out of its key."""
    return watch_key.split(":", 2)[1]


class Cursor(Model):
    """Where a watch goes on reading; opaque to all but its connector."""

    position: str | None = None
    state: dict[str, Any] = {}

    @property
    def fresh(self) -> bool:
        """True before the first page has landed."""
        return self.position is None and not self.state


class Batch(Model):
    """What one pull of one watch landed: a file of records, named by its content, never changed."""

    name: str
    network: str
    watch: str
    run: str
    path: str
    digest: str
    records: int
    landed_at: Moment
    first: bool = False  # landed by the first run of its watch: history, not work (lesson 18)

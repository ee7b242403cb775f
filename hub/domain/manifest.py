"""A connector's manifest: what pages, DAGs and docs must know of a system without importing its code."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from hub.domain.model import Model

Positive = Annotated[int, msgspec.Meta(gt=0)]


class Api(Model):
    """The document and version this connector was written from."""

    reference: str
    version: str


class AuthFacts(Model):
    """How we prove who we are, and which secrets and scopes that takes."""

    scheme: Literal["none", "bearer", "basic", "oauth2"]
    secrets: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


class Budget(Model):
    """At most `requests` in any `per_minutes`, shared by all watches of the system."""

    requests: Positive
    per_minutes: Positive


class Allowance(Model):
    """What the other side says is left of a limit of its own: `remaining` calls `of` so many, for `seconds` more."""

    remaining: int
    of: Positive
    seconds: float

    @property
    def gap(self) -> float:
        """Seconds from call to call with which it lasts; 0 while more than a fifth is left."""
        return 0.0 if self.remaining > self.of / 5 else self.seconds / max(self.remaining, 1)


class Expectations(Model):
    """What a healthy run of this network looks like; checked by the batch gate."""

    posts_no_older_than_hours: float | None = None
    text_present_at_least: float = 0.0


class Policy(Model):
    """What the network's terms allow us to keep and do, as data."""

    retention_days: int | None = None
    honour_deletes_within_hours: int | None = None
    purposes: tuple[str, ...] = ("listening", "service", "sales")
    reference: str = ""


class Manifest(Model):
    """One outside system. `network`s are listened to, `destination`s are handed work."""

    name: str
    title: str
    kind: Literal["network", "destination"]
    owner: str
    maturity: Literal["draft", "beta", "certified"]
    api: Api
    auth: AuthFacts
    budget: Budget
    hosts: tuple[str, ...] = ()  # what the sandbox plays: exact names or `*.suffix`
    base_url: str | None = None  # where the API lives, unless the connection's host says otherwise
    connection: dict[str, Any] = {}  # conn_type and which field holds which secret, for `hub doctor` and the guide
    watches: tuple[str, ...] = ()
    every_seconds: Positive = 300
    expectations: Expectations = Expectations()
    policy: Policy = Policy()
    handoffs: tuple[Literal["Lead", "Case", "Alert"], ...] = ()  # destinations: what they take
    senders: Positive = 1  # destinations: calls at the same time, each author's in order all the same
    waivers: dict[str, str] = {}


def read_manifest(path: Path) -> Manifest:
    """The manifest in this file; raises `msgspec.ValidationError` with the path of what is wrong."""
    return msgspec.yaml.decode(path.read_bytes(), type=Manifest)

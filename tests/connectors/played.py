"""A connector against the played other side, through the real client: what it brings, and from where it goes on."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

import connectors
from hub.domain import Cursor, Post, Reference, Watch
from hub.domain.keys import scope_of
from hub.kit import Connection, Limits, Network, Services
from hub.rehearsal import understand
from sandbox.process import SandboxProcess

WEEK = timedelta(days=7)
Say = Callable[..., int]
"""Lets an author post a text on the network that the test's folder is named after; returns the post's number."""


def opened(name: str, sandbox: SandboxProcess, **extra: Any) -> Network:
    """The connector with the connection that the sandbox hands out; the process must be led into the sandbox."""
    facts = json.loads(sandbox.env[f"AIRFLOW_CONN_{name.upper()}_DEFAULT"])
    facts["extra"] = {**facts.get("extra", {}), **extra}
    connection = Connection.from_facts(f"{name}_default", facts)
    made = connectors.load(name)
    assert issubclass(made, Network)
    return made(connectors.manifest(name), connection, Services.local(limits=Limits(max_wait_seconds=5)))


def watch(name: str, kind: str, value: str, *, since: timedelta = WEEK) -> Watch:
    """A question that goes back a week."""
    return Watch(network=name, kind=kind, value=value, since=datetime.now(UTC) - since)


def brought(network: Network, asked: Watch, cursor: Cursor | None = None) -> tuple[list[Post], Cursor]:
    """The posts of one pull, and the cursor after it, as it comes back from the store."""
    posts: list[Post] = []
    cursor = cursor or Cursor()
    for page in network.pull(asked, cursor):
        reading = understand(network.manifest.name, asked, page.records, at=datetime.now(UTC))
        assert not reading.quarantined
        posts += reading.posts
        cursor = Cursor.from_plain(json.loads(json.dumps(page.cursor.plain())))
    return posts, cursor


def referred(post: Post) -> Reference:
    """A post as one asks for it."""
    scope = scope_of(post.key, post.native_id)
    return Reference(key=post.key, native_id=post.native_id, scope=scope, url=post.url, thread=post.thread)


def through(env: Mapping[str, str]) -> requests.Session:
    """A client of the sandbox's proxy that trusts its authority, as the hub's processes do."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": env["HTTPS_PROXY"], "http": env["HTTP_PROXY"]}
    session.verify = env["REQUESTS_CA_BUNDLE"]
    return session


class Client:
    """Asks a played system as an app would, through the proxy."""

    def __init__(self, sandbox: SandboxProcess, base: str, **headers: str) -> None:
        self._base, self._session = base, through(sandbox.env)
        self._session.headers.update(headers)

    def ask(self, path: str, *, headers: dict[str, str] | None = None, **params: Any) -> requests.Response:
        """The whole answer; a redirect is one."""
        address = f"{self._base}{path}"
        return self._session.get(address, params=params, headers=headers, timeout=20, allow_redirects=False)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> requests.Response:
        """The answer to what is sent, as `json=` or `data=`; `path` may be a whole address."""
        address = path if path.startswith("https://") else f"{self._base}{path}"
        return self._session.post(address, headers=headers, timeout=20, **body)

    def get(self, path: str, **params: Any) -> Any:
        """The decoded body of a good answer."""
        answer = self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

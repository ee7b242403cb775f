"""How we prove to Zendesk who we are, and the session that does it.

OAuth client credentials are the way that Zendesk keeps: tokens live half an hour or so and are fetched by one
process for all. API tokens are legacy: none can be made since 2026, and all end on 30 April 2027.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import requests
from requests.auth import AuthBase

from hub.domain import Manifest
from hub.errors import AccessDenied, SetupError, Unavailable
from hub.kit import Connection, Services
from hub.kit.services import Token
from hub.kit.vendor import KeptToken, vendor_session


class Bearer(AuthBase):
    """A token that never changes."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def open_session(
    services: Services, manifest: Manifest, connection: Connection, *, scopes: Sequence[str] = ()
) -> requests.Session:
    """A session that sends once and carries whichever credentials the connection has.

    `scopes` in place of those that everyday work needs: such a token is kept apart.
    """
    if "client_id" in connection.extra:
        asked = tuple(scopes or manifest.auth.scopes)
        id = f"{connection.id}:{' '.join(scopes)}" if scopes else connection.id
        kept = KeptToken(services, id, partial(log_in, services, manifest, connection, asked))
        return vendor_session(services, manifest, auth=kept)
    session = vendor_session(services, manifest)
    session.auth = legacy_login(connection)
    return session


def log_in(
    services: Services, manifest: Manifest, connection: Connection, scopes: Sequence[str], _: Token | None
) -> Token:
    """Exchange the client's secret for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": connection.secret("client_id"),
        "client_secret": connection.secret("client_secret"),
        "scope": " ".join(scopes),
    }
    with vendor_session(services, manifest) as session:
        answer = session.post(f"https://{host_of(connection)}/oauth/tokens", json=form)
    if answer.status_code >= 500:
        raise Unavailable(f"Zendesk's log-in answered {answer.status_code}.", sent=False)
    try:
        facts = answer.json()
        seconds = facts.get("expires_in")
        expires_at = services.clock.now() + timedelta(seconds=seconds) if seconds else None
        return Token(value=facts["access_token"], expires_at=expires_at)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise AccessDenied(
            f"Zendesk refused the log-in ({answer.status_code}); check the connection {connection.id}."
        ) from None


def legacy_login(connection: Connection) -> Any:
    """What the provider's connection form offers: an API token, or an OAuth token made by hand."""
    extra = connection.extra
    token = connection.password if extra.get("use_token") else extra.get("token")
    if token and connection.login:
        return (f"{connection.login}/token", token)
    if extra.get("oauth_token"):
        return Bearer(extra["oauth_token"])
    raise SetupError(f"The connection {connection.id} needs client_id and client_secret in its extra field.")


def host_of(connection: Connection) -> str:
    """Where the help desk lives, such as `acme.zendesk.com`."""
    host = (connection.host or "").removeprefix("https://").strip("/").lower()
    if host.count(".") < 2 or "/" in host:
        raise SetupError(f"The connection {connection.id} needs a host such as acme.zendesk.com.")
    return host

"""How a request proves who sends it: declared by a connector, applied by the kit.

Secrets come from the connection, at the places that the manifest names. None of these keeps a secret in an error.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from hub.errors import AccessDenied
from hub.kit.services import Clock, Token, Tokens

Secret = Callable[[str], str]
"""The secret of this name, from the connection."""
Proof = dict[str, str]
"""Headers that say who asks."""
Post = Callable[[str, bytes, dict[str, str]], tuple[int, dict[str, object]]]
"""Sends a form once: address, body, headers; gives status and decoded answer."""


class Auth(Protocol):
    """Puts proof on a request."""

    def headers(self, session: "Session") -> dict[str, str]:
        """What to send along."""
        ...

    def renew(self, session: "Session", refused: Proof) -> bool:
        """Get other proof than what was refused with a 401; False when there is none to be had."""
        ...


@dataclass
class Session:
    """What an auth scheme may use: the connection's secrets, the token keeper, time, and one way to post a form."""

    connection_id: str
    secret: Secret
    tokens: Tokens
    clock: Clock
    post: Post


@dataclass(frozen=True)
class NoAuth:
    """Public reading."""

    def headers(self, session: Session) -> dict[str, str]:
        """Nothing."""
        return {}

    def renew(self, session: Session, refused: Proof) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True)
class BearerToken:
    """A token that lasts until somebody revokes it."""

    secret: str

    def headers(self, session: Session) -> dict[str, str]:
        """`Authorization: Bearer`."""
        return {"Authorization": f"Bearer {session.secret(self.secret)}"}

    def renew(self, session: Session, refused: Proof) -> bool:
        """Only a person can make another one."""
        return False


@dataclass(frozen=True)
class BasicAuth:
    """A name and a password."""

    login: str
    password: str

    def headers(self, session: Session) -> dict[str, str]:
        """`Authorization: Basic`."""
        pair = f"{session.secret(self.login)}:{session.secret(self.password)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def renew(self, session: Session, refused: Proof) -> bool:
        """Only a person can change the password."""
        return False


@dataclass(frozen=True)
class ClientCredentials:
    """OAuth 2 client credentials (RFC 6749, 4.4): short-lived tokens, fetched by one process for all."""

    url: str
    client_id: str
    client_secret: str
    scope: str = ""

    def headers(self, session: Session) -> dict[str, str]:
        """`Authorization: Bearer` with the kept token; fetched when there is none or it has run out."""
        return self._proof(session.tokens.get(session.connection_id, self._fetch(session)))

    def renew(self, session: Session, refused: Proof) -> bool:
        """Give the token up that was refused; whoever asks next fetches another, unless somebody has done so."""
        kept = session.tokens.get(session.connection_id, self._fetch(session))
        if refused == self._proof(kept):
            session.tokens.invalidate(session.connection_id, kept)
        return True

    @staticmethod
    def _proof(token: Token) -> Proof:
        return {"Authorization": f"Bearer {token.value}"}

    def _fetch(self, session: Session) -> Callable[[Token | None], Token]:
        def fetch(_: Token | None) -> Token:
            form = {
                "grant_type": "client_credentials",
                "client_id": session.secret(self.client_id),
                "client_secret": session.secret(self.client_secret),
            } | ({"scope": self.scope} if self.scope else {})
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            status, answer = session.post(self.url, urlencode(form).encode(), kind)
            if status != 200 or "access_token" not in answer:
                raise AccessDenied(f"The log-in of {session.connection_id} was refused ({status}); check its secrets.")
            return Token(value=str(answer["access_token"]), expires_at=_end(answer.get("expires_in"), session.clock))

        return fetch


def _end(seconds: object, clock: Clock) -> datetime | None:
    """When a token runs out; None where the answer does not say so in seconds."""
    try:
        return clock.now() + timedelta(seconds=float(str(seconds)))
    except (ValueError, OverflowError):
        return None

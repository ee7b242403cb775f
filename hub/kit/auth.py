"""How a request proves who sends it: declared by a connector, applied by the kit.

Secrets come from the connection, at the places that the manifest names. None of these keeps a secret in an error.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from hub.errors import AccessDenied, SetupError
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


class _Lasting:
    """Proof that only a person can change: there is nothing to renew; where it is `optional`, one may lack it."""

    optional: bool = False

    def headers(self, session: Session) -> dict[str, str]:
        """The proof; without its secrets and where it is `optional`, none."""
        try:
            return self.proof(session)
        except SetupError:
            if self.optional:
                return {}
            raise

    def renew(self, session: Session, refused: Proof) -> bool:
        """Only a person can make another one."""
        return False

    def proof(self, session: Session) -> Proof:
        """What to send along, from the connection's secrets."""
        raise TypeError(f"{type(self).__name__} must say what it sends along.")


@dataclass(frozen=True)
class BearerToken(_Lasting):
    """A token that lasts until somebody revokes it; where it is `optional`, one asks as a stranger without it."""

    secret: str
    optional: bool = False

    def proof(self, session: Session) -> Proof:
        """`Authorization: Bearer`."""
        return {"Authorization": f"Bearer {session.secret(self.secret)}"}


@dataclass(frozen=True)
class HeaderKeys(_Lasting):
    """Keys in headers of the system's own: `HeaderKeys({"Api-Key": "api_key"})`, header and secret.

    With `optional`, a connection without them asks as a stranger would.
    """

    secrets: Mapping[str, str]
    optional: bool = False

    def proof(self, session: Session) -> Proof:
        """Each key in its header."""
        return {header: session.secret(name) for header, name in self.secrets.items()}


@dataclass(frozen=True)
class BasicAuth(_Lasting):
    """A name and a password."""

    login: str
    password: str

    def proof(self, session: Session) -> Proof:
        """`Authorization: Basic`."""
        pair = f"{session.secret(self.login)}:{session.secret(self.password)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


class _Granted:
    """What all OAuth 2 grants share: short-lived tokens, fetched by one process for all (RFC 6749)."""

    def headers(self, session: Session) -> dict[str, str]:
        """`Authorization: Bearer` with the kept token; fetched when there is none or it has run out."""
        return self._proof(session.tokens.get(session.connection_id, self._fetch(session)))

    def renew(self, session: Session, refused: Proof) -> bool:
        """Give the token up that was refused; whoever asks next fetches another, unless somebody has done so."""
        kept = session.tokens.get(session.connection_id, self._fetch(session))
        if refused == self._proof(kept):
            session.tokens.invalidate(session.connection_id, kept)
        return True

    def form(self, session: Session, old: Token | None) -> dict[str, str]:
        """What is asked of the token endpoint; `old` is the token that this one follows."""
        raise TypeError(f"{type(self).__name__} must say what it asks for.")

    def proof_of_client(self, session: Session) -> dict[str, str]:
        """Headers of the log-in that say which application asks."""
        return {}

    def address(self) -> str:
        """Where tokens are given: a whole address, or a path on the API's own host."""
        raise TypeError(f"{type(self).__name__} must say where it asks.")

    @staticmethod
    def _proof(token: Token) -> Proof:
        return {"Authorization": f"Bearer {token.value}"}

    def _fetch(self, session: Session) -> Callable[[Token | None], Token]:
        def fetch(old: Token | None) -> Token:
            kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
            form = urlencode(self.form(session, old)).encode()
            status, answer = session.post(self.address(), form, kind | self.proof_of_client(session))
            if status != 200 or "access_token" not in answer:
                raise AccessDenied(f"The log-in of {session.connection_id} was refused ({status}); check its secrets.")
            next_one = answer.get("refresh_token")
            return Token(
                value=str(answer["access_token"]), expires_at=_end(answer.get("expires_in"), session.clock),
                refresh=str(next_one) if next_one else old.refresh if old else None,
            )  # fmt: skip

        return fetch


@dataclass(frozen=True)
class ClientCredentials(_Granted):
    """OAuth 2 client credentials (RFC 6749, 4.4): the application speaks for itself."""

    url: str
    client_id: str
    client_secret: str
    scope: str = ""
    in_header: bool = False  # the client's own proof by HTTP basic, as Reddit asks, in place of the form

    def address(self) -> str:
        """As declared."""
        return self.url

    def form(self, session: Session, old: Token | None) -> dict[str, str]:
        """The application's own words."""
        del old
        known = _client(self, session) if not self.in_header else {}
        return {"grant_type": "client_credentials"} | known | ({"scope": self.scope} if self.scope else {})

    def proof_of_client(self, session: Session) -> dict[str, str]:
        """Name and password of the application, where they belong into a header."""
        return BasicAuth(self.client_id, self.client_secret).headers(session) if self.in_header else {}


@dataclass(frozen=True)
class RefreshToken(_Granted):
    """OAuth 2 refresh (RFC 6749, 6): a person has agreed once, and each token names the next.

    The connection's refresh token is the seed; one that was handed out since is kept, encrypted, and used in its
    place. Where refreshing rotates, showing an old one again may cost the whole family: so it is shown once.
    """

    url: str
    client_id: str
    client_secret: str
    refresh_token: str
    in_header: bool = False

    def address(self) -> str:
        """As declared."""
        return self.url

    def form(self, session: Session, old: Token | None) -> dict[str, str]:
        """The newest refresh token there is."""
        known = _client(self, session) if not self.in_header else {}
        newest = old.refresh if old and old.refresh else session.secret(self.refresh_token)
        return {"grant_type": "refresh_token", "refresh_token": newest} | known

    def proof_of_client(self, session: Session) -> dict[str, str]:
        """Name and password of the application, where they belong into a header."""
        return BasicAuth(self.client_id, self.client_secret).headers(session) if self.in_header else {}


def _client(grant: ClientCredentials | RefreshToken, session: Session) -> dict[str, str]:
    return {
        "client_id": session.secret(grant.client_id),
        "client_secret": session.secret(grant.client_secret),
    }


def _end(seconds: object, clock: Clock) -> datetime | None:
    """When a token runs out; None where the answer does not say so in seconds."""
    try:
        return clock.now() + timedelta(seconds=float(str(seconds)))
    except (ValueError, OverflowError):
        return None

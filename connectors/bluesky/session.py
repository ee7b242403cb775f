"""A session with an account's server: an app password is shown once, and then tokens follow each other.

A server lets an account log in 30 times in five minutes and 300 times a day. So the token is kept, and the next one is
asked of its refresh token; the password is shown again only where that is refused.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.errors import AccessDenied, SetupError
from hub.kit import Token
from hub.kit.auth import Proof, Session

CREATE = "/xrpc/com.atproto.server.createSession"
REFRESH = "/xrpc/com.atproto.server.refreshSession"
UNREADABLE = timedelta(minutes=30)  # what a token lasts that does not say how long


@dataclass(frozen=True)
class AppPassword:
    """Handle and app password, exchanged for a token; without them one asks as a stranger."""

    handle: str
    password: str

    def headers(self, session: Session) -> dict[str, str]:
        """The kept token, or nothing."""
        if not self.given(session):
            return {}
        return _bearer(session.tokens.get(session.connection_id, self._fetch(session)).value)

    def renew(self, session: Session, refused: Proof) -> bool:
        """Give up the token that was refused, unless another one has taken its place."""
        if not self.given(session):
            return False
        kept = session.tokens.get(session.connection_id, self._fetch(session))
        if refused == _bearer(kept.value):
            session.tokens.invalidate(session.connection_id, kept)
        return True

    def given(self, session: Session) -> bool:
        """Whether there is an account; half of one is a SetupError that names the other half."""
        missing = []
        for name in (self.handle, self.password):
            try:
                session.secret(name)
            except SetupError as lacking:
                missing.append(lacking)
        if len(missing) == 1:
            raise missing[0]
        return not missing

    def _fetch(self, session: Session) -> Callable[[Token | None], Token]:
        def fetch(old: Token | None) -> Token:
            status = 0
            answer: dict[str, object] = {}
            if old and old.refresh:
                status, answer = session.post(REFRESH, b"", _bearer(old.refresh))
            if status != 200:
                words = {"identifier": session.secret(self.handle), "password": session.secret(self.password)}
                status, answer = session.post(CREATE, json.dumps(words).encode(), {"Content-Type": "application/json"})
            if status != 200 or not isinstance(answer.get("accessJwt"), str):
                raise AccessDenied(
                    f"The log-in of {session.connection_id} was refused ({status}); check its secrets: "
                    "a handle, and an app password of that account."
                )
            value, refresh = str(answer["accessJwt"]), answer.get("refreshJwt")
            until = ends_at(value) or session.clock.now() + UNREADABLE
            return Token(value=value, expires_at=until, refresh=str(refresh) if refresh else None)

        return fetch


def ends_at(token: str) -> datetime | None:
    """When a token says that it ends: its middle part is JSON with `exp`; None where that cannot be read."""
    middle = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        return datetime.fromtimestamp(
            json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"], UTC
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def _bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}

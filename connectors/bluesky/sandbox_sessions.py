"""Sessions of the played server: pairs of tokens that say themselves when they end."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.kit import Clock, Table

LASTS = {"access": timedelta(hours=2), "refresh": timedelta(days=60)}


class Sessions:
    """What was handed out, and is good until it ends or was used up."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock

    def begin(self, did: str, handle: str) -> dict[str, Any]:
        """The answer to who has logged in."""
        tokens = {}
        for kind, lasts in LASTS.items():
            until = int((self._clock.now() + lasts).timestamp())
            tokens[kind] = _token({"scope": kind, "sub": did, "exp": until, "jti": self._table.next_id()})
            self._table.insert({"kind": kind, "until": until}, tokens[kind])
        pair = {"accessJwt": tokens["access"], "refreshJwt": tokens["refresh"]}
        return {**pair, "handle": handle, "did": did, "active": True}

    def trouble(self, token: str, kind: str) -> tuple[str, str] | None:
        """Name and words of what is wrong with a token, if anything is."""
        row = self._table.get(token)
        if row is None or row["kind"] != kind:
            return "InvalidToken", "Token could not be verified"
        ended = datetime.fromtimestamp(row["until"], UTC) <= self._clock.now()
        return ("ExpiredToken", "Token has expired") if ended else None

    def end(self, token: str) -> None:
        """A refresh token is good for one use."""
        self._table.delete(token)


def _token(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    told = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*told, "sandbox"))

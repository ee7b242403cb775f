"""Where a system lives and how we prove who we are: Airflow's connection, read without Airflow."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.domain import Manifest
from hub.errors import SetupError


class NotConnected(SetupError):
    """There is no such connection; one that is there and cannot be used is another matter."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One Airflow connection; secrets never show in its `repr`."""

    id: str
    conn_type: str = ""
    host: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    schema: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_env(cls, id: str, environ: Mapping[str, str] = os.environ, *, fields: tuple[str, ...] = ()) -> Self:
        """The connection in `AIRFLOW_CONN_<ID>`, in Airflow's JSON or URI form."""
        variable = f"AIRFLOW_CONN_{id.upper()}"
        text = environ.get(variable, "").strip()
        if not text:
            needs = f" with {', '.join(fields)}" if fields else ""
            raise NotConnected(f"Set the Airflow connection {id} or the variable {variable}{needs}.")
        try:
            facts = json.loads(text) if text.startswith("{") else _facts_of_uri(text)
            return cls.from_facts(id, facts)
        except (
            ValueError,
            TypeError,
            AttributeError,
        ):  # the text is a secret: neither it nor the cause is shown
            raise SetupError(f"{variable} is neither Airflow's JSON nor its URI form of a connection.") from None

    @classmethod
    def of(cls, manifest: Manifest, environ: Mapping[str, str] = os.environ, *, id: str | None = None) -> Self:
        """The connection of this connector: `<name>_default` unless named; none is needed where strangers may ask."""
        chosen = id or f"{manifest.name}_default"
        if manifest.open_to_strangers and id is None and f"AIRFLOW_CONN_{chosen.upper()}" not in environ:
            return cls(id=chosen)
        places = manifest.connection.get("secrets", {})
        return cls.from_env(
            chosen,
            environ,
            fields=tuple(f"{name} in {places.get(name, 'extra')}" for name in manifest.auth.secrets),
        )

    @classmethod
    def from_facts(cls, id: str, facts: Mapping[str, Any]) -> Self:
        """Made of the fields that Airflow's JSON form has; `extra` may be an object or its JSON text."""
        extra = facts.get("extra") or {}
        if isinstance(extra, str):
            extra = json.loads(extra)
        return cls(
            id=id,
            conn_type=facts.get("conn_type") or "",
            host=facts.get("host") or None,
            login=facts.get("login") or None,
            password=facts.get("password") or None,
            port=int(facts["port"]) if facts.get("port") else None,
            schema=facts.get("schema") or None,
            extra=dict(extra),
        )

    def secret(self, name: str, place: str | None = None) -> str:
        """The secret called `name`: from `extra`, else from the field that the manifest names as its place."""
        found = self.extra.get(name) or (getattr(self, place) if place in ("login", "password", "host") else None)
        if not found:
            where = f"its {place} or extra" if place else "its extra"
            raise SetupError(f"The connection {self.id} lacks {name}: put it into {where} field {name!r}.")
        return str(found)


def _facts_of_uri(uri: str) -> dict[str, Any]:
    """Airflow's URI form: every part is percent-encoded, what is left over is in the query."""
    parts = urlsplit(uri)
    if not parts.scheme:
        raise ValueError("no scheme")
    name = parts.netloc.rpartition("@")[2]
    host = name.rsplit(":", 1)[0] if parts.port else name
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = json.loads(query["__extra__"]) if "__extra__" in query else query
    return {
        "conn_type": parts.scheme.replace("-", "_"),
        "host": unquote(host),
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "port": parts.port,
        "schema": unquote(parts.path.removeprefix("/")),
        "extra": extra,
    }

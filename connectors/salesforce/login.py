"""The way into Salesforce: one log-in for each expiry, shared by every process.

Left to itself, simple-salesforce logs in again and again on a lasting 401. Here it is handed a session that the token
keeper shares; when Salesforce says that it has ended, one worker logs in, once, and a second 401 is AccessDenied.
"""

from typing import Any

from connectors.salesforce.words import HOST, WORD, checked
from hub.domain import Manifest
from hub.errors import AccessDenied, SetupError, Unavailable
from hub.kit import Connection, Services
from hub.kit.services import Token
from hub.kit.vendor import KeptToken, vendor_session


class SessionKey(KeptToken):
    """A kept token that also says which instance it is for: `host key`."""

    def bearer(self, token: Token) -> str:
        return token.value.partition(" ")[2]


def session_key(services: Services, manifest: Manifest, connection: Connection) -> SessionKey:
    """What signs each request; logs in by whichever of Salesforce's ways the connection is filled in for."""

    def log_in(_: Token | None) -> Token:
        from simple_salesforce.exceptions import SalesforceAuthenticationFailed
        from simple_salesforce.login import SalesforceLogin

        try:
            with vendor_session(services, manifest) as session:
                session_id, instance = SalesforceLogin(session=session, **credentials(connection))
        except SalesforceAuthenticationFailed as refused:
            if isinstance(refused.code, int) and refused.code >= 500:
                raise Unavailable(f"Salesforce's log-in answered {refused.code}.", sent=False) from None
            code = refused.code if WORD.fullmatch(str(refused.code)) else "no code"
            raise AccessDenied(
                f"Salesforce refused the log-in ({code}); check the connection {connection.id}."
            ) from None
        except (AttributeError, KeyError, TypeError):  # the library takes every answer for an object
            raise Unavailable("Salesforce's log-in answered with something else than a token.", sent=False) from None
        return Token(value=f"{instance} {session_id}")

    return SessionKey(services, connection.id, log_in)


def credentials(connection: Connection) -> dict[str, Any]:
    """Airflow's own fields of a Salesforce connection, under the library's names; blank ones left out."""
    extra = connection.extra
    given = {
        "username": connection.login,
        "password": connection.password,
        "security_token": extra.get("security_token"),
        "organizationId": extra.get("organization_id"),
        "consumer_key": extra.get("consumer_key"),
        "consumer_secret": extra.get("consumer_secret"),
        "privatekey_file": extra.get("private_key_file_path"),
        "privatekey": extra.get("private_key"),
        "domain": domain_of(extra.get("domain") or extra.get("instance_url") or connection.host or ""),
    }
    filled = {name: value for name, value in given.items() if value}
    if not {"password", "consumer_secret", "privatekey", "privatekey_file"} & filled.keys():
        raise SetupError(
            f"The connection {connection.id} needs consumer_key and consumer_secret with a domain, "
            "or a login, a password and a security_token."
        )
    return filled


def domain_of(address: str) -> str | None:
    """What the library calls a domain: `acme.my` of `https://acme.my.salesforce.com`."""
    host = address.strip().lower().removeprefix("https://").rstrip("/").removesuffix(".salesforce.com")
    return checked(host, HOST) if host else None

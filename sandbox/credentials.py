"""What leads a process into the sandbox: proxy, trusted authority, and connections as in production."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONNECTIONS: dict[str, dict[str, Any]] = {
    "x_default": {"conn_type": "http", "password": "sandbox-x-bearer"},
    "mastodon_default": {"conn_type": "http", "host": "https://mastodon.test", "password": "sandbox-mastodon-token"},
    "bluesky_default": {"conn_type": "http", "login": "acme.bsky.test", "password": "sandbox-bluesky-app-password"},
    "linkedin_default": {"conn_type": "http", "password": "sandbox-linkedin-token"},
    "facebook_default": {
        "conn_type": "http",
        "password": "sandbox-facebook-token",
        "extra": {"app_secret": "sandbox-facebook-secret"},
    },
    "discourse_default": {
        "conn_type": "http",
        "host": "https://forum.acme.test",
        "login": "acme",
        "password": "sandbox-discourse-key",
    },
    "lemmy_default": {"conn_type": "http", "host": "https://lemmy.test"},
    "stackexchange_default": {"conn_type": "http", "password": "sandbox-stackexchange-key"},
    "reddit_default": {
        "conn_type": "http",
        "login": "sandbox-reddit-app",
        "password": "sandbox-reddit-secret",
        "extra": {"username": "acme", "refresh_token": "sandbox-reddit-refresh"},
    },
    "instagram_default": {
        "conn_type": "http",
        "password": "sandbox-instagram-token",
        "extra": {"app_secret": "sandbox-instagram-secret"},
    },
    "youtube_default": {"conn_type": "http", "password": "sandbox-youtube-key"},
    "salesforce_default": {
        "conn_type": "salesforce",
        "extra": {
            "consumer_key": "sandbox-consumer-key",
            "consumer_secret": "sandbox-consumer-secret",
            "domain": "acme.my",
        },
    },
    "zendesk_default": {
        "conn_type": "zendesk",
        "host": "acme.zendesk.com",
        "extra": {"client_id": "hub", "client_secret": "sandbox-zendesk-secret", "requests_per_minute": 690},
    },
    "slack_default": {
        "conn_type": "slack",
        "password": "xoxb-sandbox",
        "extra": {"channel": "#social-alerts", "app_token": "xapp-sandbox"},
    },
}
"""Invented accounts; they open nothing but the sandbox."""


def mail_connection(port: int, *, tls: bool = False) -> dict[str, Any]:
    """The account at the played mail server, as Airflow's own connections of type smtp say it.

    STARTTLS, or TLS from the first byte on.
    """
    return {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "login": "reports@acme.test",
        "password": "sandbox-mail-password",
        "extra": {"from_email": "Acme Social Intelligence <reports@acme.test>", "disable_ssl": not tls},
    }


def environment(
    port: int,
    bundle: Path,
    *,
    live: tuple[str, ...] = (),
    limited: bool = True,
    more: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, str]:
    """The variables; a network that is let through keeps the connection that its owner gives it."""
    proxy = f"http://127.0.0.1:{port}"
    direct = "127.0.0.1,localhost"
    variables = {
        "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "https_proxy": proxy, "http_proxy": proxy,
        "NO_PROXY": direct, "no_proxy": direct,
        "REQUESTS_CA_BUNDLE": str(bundle.resolve()), "SSL_CERT_FILE": str(bundle.resolve()),
    }  # fmt: skip
    for name, facts in {**CONNECTIONS, **(more or {})}.items():
        if not limited:  # a plan without limits: the hub need not slow down
            facts = {**facts, "extra": {**facts.get("extra", {}), "requests_per_minute": 1_000_000}}
        if name.removesuffix("_default") not in live:
            variables[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(facts)
    return variables

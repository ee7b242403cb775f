"""The secrets of this installation: made once, kept in files, never printed.

Airflow's parts prove themselves to each other with the same three secrets, and people log in with a
password. `airflow.cfg` reads the three by command, so none stands in an environment or a process list.
"""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from hub.launcher.places import Places, write_private

ADMIN = "admin"  # as in airflow.cfg, [core] simple_auth_manager_users


def ensure(places: Places) -> None:
    """Make what is missing; what is there stays, so that stored connections stay readable."""
    places.make()
    makers: dict[str, Callable[[], str]] = {
        "fernet": lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "jwt": lambda: secrets.token_urlsafe(96),  # more than the 64 bytes that SHA-512 asks for
        "api": lambda: secrets.token_urlsafe(48),
    }
    for name, make in makers.items():
        path = places.secrets / name
        if not path.exists():
            write_private(path, make())
    known = _passwords(places.passwords)
    if ADMIN not in known:
        write_private(places.passwords, json.dumps(known | {ADMIN: secrets.token_urlsafe(18)}) + "\n")
    places.passwords.chmod(0o600)


def password(file: Path, user: str = ADMIN) -> str:
    """The password of one user of Airflow; KeyError for an unknown one."""
    return _passwords(file)[user]


def _passwords(file: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(file.read_text() or "{}")
    except FileNotFoundError:
        return {}
    return known

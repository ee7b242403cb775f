"""Everywhere a secret or somebody's words could end up, read to the last byte: (place, content)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import zstandard

from hub.launcher.places import Places
from tests.faults.airflow.driven import Driven
from tests.journeys import flow
from tests.journeys.booted import as_its_own

Found = Iterator[tuple[str, bytes]]
BETWEEN_TASKS = ("xcom", "rendered_task_instance_fields", "asset_event", "task_state_store", "asset_state_store")
THEIR_SECRETS = ("sessions", "tokens")  # what the other side remembers of whom it let in
PAGES = ("/", "/quarantine", "/summary")
QUESTIONS = (("status",), ("status", "--json"), ("doctor",), ("ledger",), ("quarantine",), ("watch", "list"))


def logs(hub: Driven) -> Found:
    """Every process's log and every task's."""
    yield from _files("logs", Places.of(hub.settings).logs)


def metadata(hub: Driven) -> Found:
    """Airflow's database: each table, its columns as they are kept."""
    yield from _tables("Airflow's", airflow_url(hub))


def store(hub: Driven) -> Found:
    """The hub's own: posts, quarantine, outbox, and the vault as it is written."""
    yield from _tables("the hub's", hub.settings.store)


def landing(hub: Driven) -> Found:
    """Landed records, unpacked."""
    for name, packed in _files("landing", Path(hub.settings.landing)):
        yield name, zstandard.ZstdDecompressor().decompressobj().decompress(packed) if name.endswith(".zst") else packed


def destinations(hub: Driven) -> Found:
    """What people see at the destinations, and whatever else these hold but their own log-ins."""
    for system in ("salesforce", "zendesk", "slack"):
        for table in hub.sandbox.tables(system):
            if table not in THEIR_SECRETS:
                rows = hub.sandbox.state(system, table)
                yield f"{system} {table}", json.dumps(rows, ensure_ascii=False).encode()


def said_by_command(hub: Driven, environ: dict[str, str]) -> Found:
    """What `hub` says when operators ask it."""
    for question in QUESTIONS:
        yield f"hub {' '.join(question)}", told(environ, *question)


def pages(hub: Driven) -> Found:
    """The command centre."""
    for path in PAGES:
        yield f"page {path}", hub.page(path).content


def told(environ: dict[str, str], *question: str) -> bytes:
    """Everything that one command says, on both streams."""
    with as_its_own(environ):
        done = flow.hub(*question)
    return (done.stdout + done.stderr).encode()


def airflow_url(hub: Driven) -> str:
    """Where Airflow keeps its state."""
    default = f"sqlite:///{Places.of(hub.settings).var / 'airflow.db'}"
    return hub.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", default)


def issued(hub: Driven) -> dict[str, str]:
    """The tokens that the other sides have handed out: they open doors too."""
    return {
        f"{table} of {system}: {number}": word
        for system in ("salesforce", "zendesk", "reddit", "bluesky")
        for table in hub.sandbox.tables(system)
        if table in THEIR_SECRETS
        for number, word in enumerate(_long_words(hub.sandbox.state(system, table)))
    }


def own(hub: Driven) -> dict[str, str]:
    """The secrets of the installation, which `hub up` makes."""
    folder = Places.of(hub.settings).secrets
    kept = {path.name: path.read_text().strip() for path in folder.iterdir() if path.is_file()}
    passwords: dict[str, str] = json.loads(kept.pop("passwords.json"))
    return kept | {f"password of {user}": word for user, word in passwords.items()}


def _files(what: str, folder: Path) -> Found:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"{what} {path.relative_to(folder)}", path.read_bytes()


def _tables(whose: str, url: str) -> Found:
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            for name in sa.inspect(connection).get_table_names():
                rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()
                yield f"{whose} {name}", b"\n".join(_plain(value) for row in rows for value in row)
    finally:
        engine.dispose()


def _plain(value: Any) -> bytes:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value)
    return value.encode() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str).encode()


def _long_words(value: Any) -> Iterator[str]:
    """Every text in there that is too long to be anything but a token."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _long_words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _long_words(each)
    elif isinstance(value, str) and len(value) >= 20 and " " not in value and ":" not in value:
        yield value

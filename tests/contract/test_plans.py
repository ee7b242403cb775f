"""No page reads the whole of a large table: SQLite is asked how it would answer each statement that a page executes.

Without statistics, which no hub gathers, SQLite plans by the schema alone: so a small store says what a large one does.
A page joins by being led to from another one.
"""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks import million
from benchmarks.inventing.plan import Size
from benchmarks.serving.reading import PREFIX, Read, crawled
from hub.store.schema import metadata
from tests.contract.airflow_db import own_database
from tests.contract.test_pages import MAY, signed_in_as

pytestmark = pytest.mark.slow  # every page, once

SMALL = {
    "watches", "circuits", "models", "tokens", "memory", "sums",  # as many as there are things that people set up
    "observed", "quota_stops",  # a row for each gap
    "incidents", "alarms", "reports", "forecasts",  # some a day
    "corrections", "lead_outcomes",  # one for each answer of a person
}  # fmt: skip
LARGE = {table.name for table in metadata.sorted_tables} - SMALL
SCANNED = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


@pytest.fixture(scope="module")
def hub_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    var = tmp_path_factory.mktemp("var")
    million.build(var, Size(posts=2_000, until=million.whole_hour(datetime.now(UTC)), days=10))
    return var


@pytest.fixture(scope="module")
def app(hub_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    with pytest.MonkeyPatch.context() as patch, own_database(tmp_path_factory.mktemp("airflow")):
        patch.setenv("HUB_VAR", str(hub_var))
        patch.setenv("HUB_CONFIG", str(hub_var / "hub.yaml"))
        from airflow.api_fastapi.app import create_auth_manager

        from command_centre.app import build

        create_auth_manager()
        yield build()


@pytest.fixture(scope="module")
def executed(app, hub_var: Path) -> dict[str, list[tuple[str, object]]]:
    """Every statement to the store, by the page that executed it; one page of each kind."""
    said: list[tuple[str, object]] = []
    found: dict[str, list[tuple[str, object]]] = {}
    person = signed_in_as(app, MAY)

    def note(connection, cursor, statement, parameters, context, many) -> None:
        if connection.engine.url.database == str(hub_var / "hub.db"):
            said.append((statement, parameters))

    def read(address: str) -> Read | None:
        said.clear()
        answer = person.get(address.removeprefix(PREFIX))
        assert answer.status_code == 200, address
        found[address] = list(said)
        return Read(address, answer.text) if "html" in answer.headers["content-type"] else None

    routes = [(method, f"{PREFIX}{route.path}") for route in app.routes for method in getattr(route, "methods", ())]
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        unreached = [route for (route, _), address in crawled(read, routes) if not address]
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
        app.dependency_overrides.clear()
    assert not unreached, "no page leads there"
    return found


def test_no_page_reads_the_whole_of_a_large_table(executed, hub_var: Path) -> None:
    connection = sqlite3.connect(hub_var / "hub.db")
    try:
        found = {
            f"{table}, by {address.partition('?')[0]}: {' '.join(statement.split())}"
            for address, statements in executed.items()
            for statement, parameters in statements
            for table in whole(connection, statement, parameters)
        }
    finally:
        connection.close()

    assert not found, "\n\n".join(["read from end to end:", *sorted(found)])


def whole(connection: sqlite3.Connection, statement: str, parameters: object) -> list[str]:
    """The large tables that this statement reads from end to end.

    A limit ends it before, unless all is sorted first; an index of some rows only is small, whatever the table.
    """
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return []
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    said = " ".join(statement.upper().split())
    ends = " LIMIT " in said and "GROUP BY" not in said and "USE TEMP B-TREE FOR ORDER BY" not in plan
    some = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%WHERE%'")
    }
    scans = [match for line in plan if (match := SCANNED.match(line))]
    tables = [_table(match[1], statement) for match in scans if not ends and match[2] not in some]
    return [table for table in tables if table in LARGE]


def _table(name: str, statement: str) -> str:
    alias = re.search(rf"\b(\w+) AS {re.escape(name)}\b", statement)
    return alias[1] if alias else name

"""What the played systems know, kept in memory and written through to one SQLite file.

What a thread changes while it answers a request, and the journal lines of that request, are one transaction,
committed before the answer leaves. SQLite runs without syncing to disk: a killed process loses nothing, a
machine without power may, and this is a sandbox.
"""

import sqlite3
from pathlib import Path
from threading import Lock, local
from typing import Any

import orjson

from hub.errors import SetupError
from sandbox.clock import Clock
from sandbox.table import Key, Row, Table

SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (system TEXT, tab TEXT, key BLOB, position INTEGER, data BLOB,
                                 PRIMARY KEY (system, tab, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY, at TEXT, system TEXT, event TEXT, facts BLOB);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB);
CREATE TABLE IF NOT EXISTS sequences (system TEXT, tab TEXT, next INTEGER, PRIMARY KEY (system, tab)) WITHOUT ROWID;
"""


class Closed(OSError):
    """The sandbox is ending; who asks now gets no answer."""


class Pending(local):
    """What the current thread has changed and not yet committed."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, bytes], tuple[int, bytes] | None] = {}
        self.lines: list[tuple[str, str, str, bytes]] = []
        self.sequences: dict[tuple[str, str], int] = {}


class State:
    """The one file behind all tables, the journal and a few facts about the world."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._tables: dict[tuple[str, str], Table] = {}
        self._pending = Pending()
        self._closed = False
        self._file = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        try:
            self._open()
        except sqlite3.Error as problem:
            raise SetupError(f"{path} cannot be read ({problem}); delete it, and the sandbox begins anew.") from problem

    def _open(self) -> None:
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.executescript(SCHEMA)
        self._number = int(self._scalar("SELECT coalesce(max(number), 0) FROM journal"))
        self._position = int(self._scalar("SELECT coalesce(max(position), 0) FROM rows"))
        self._restore()

    def table(self, system: str, name: str) -> Table:
        """The rows under one name; the same object each time."""
        found = self._tables.get((system, name))
        if found is None:
            with self._lock:
                found = self._tables.setdefault((system, name), Table(self, system, name))
        return found

    def tables(self, system: str) -> list[str]:
        """Names of the tables that a system has used."""
        with self._lock:
            return sorted(name for owner, name in self._tables if owner == system)

    def next_position(self) -> int:
        """A place behind all others; rows are told in this order."""
        with self._lock:
            self._position += 1
            return self._position

    def save_next(self, system: str, name: str, number: int) -> None:
        """Remember how far a table has counted."""
        self._pending.sequences[system, name] = number

    def save(self, system: str, name: str, key: Key, position: int, row: Row) -> None:
        """Remember a row as it is now."""
        data = orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS)
        self._pending.rows[system, name, orjson.dumps(key)] = (position, data)

    def erase(self, system: str, name: str, key: Key) -> None:
        """Remember that a row is gone."""
        self._pending.rows[system, name, orjson.dumps(key)] = None

    def note(self, system: str, event: str, facts: Row) -> None:
        """Add one line to the journal; it gets its number when it is committed."""
        data = orjson.dumps(facts, default=str, option=orjson.OPT_NON_STR_KEYS)
        self._pending.lines.append((self._clock.now().isoformat(), system, event, data))

    def commit(self) -> None:
        """Write what this thread has changed since its last commit, as one transaction."""
        mine = self._pending
        rows, mine.rows = mine.rows, {}
        lines, mine.lines = mine.lines, []
        sequences, mine.sequences = mine.sequences, {}
        if not (rows or lines or sequences):
            return
        with self._lock:
            if self._closed:
                raise Closed("the sandbox has ended")
            self._file.execute("BEGIN")
            gone = [key for key, kept in rows.items() if kept is None]
            self._file.executemany("DELETE FROM rows WHERE system=? AND tab=? AND key=?", gone)
            there = [(*key, *kept) for key, kept in rows.items() if kept is not None]
            self._file.executemany("REPLACE INTO rows VALUES (?,?,?,?,?)", there)
            counted = [(*table, number) for table, number in sequences.items()]
            self._file.executemany("REPLACE INTO sequences VALUES (?,?,?)", counted)
            numbered = [(number, *line) for number, line in enumerate(lines, start=self._number + 1)]
            self._file.executemany("INSERT INTO journal VALUES (?,?,?,?,?)", numbered)
            self._number += len(lines)
            self._file.execute("COMMIT")

    def journal(self, since: int = 0) -> list[Row]:
        """Journal lines after number `since`, oldest first."""
        with self._lock:
            found = self._file.execute(
                "SELECT number, at, system, event, facts FROM journal WHERE number > ? ORDER BY number", (since,)
            ).fetchall()
        return [
            {"number": number, "at": at, "system": system, "event": event, **orjson.loads(facts)}
            for number, at, system, event, facts in found
        ]

    @property
    def last_number(self) -> int:
        """The journal's newest line."""
        return self._number

    def fact(self, name: str, default: Any = None) -> Any:
        """One thing known about the world as a whole."""
        with self._lock:
            found = self._file.execute("SELECT value FROM facts WHERE name=?", (name,)).fetchone()
        return orjson.loads(found[0]) if found else default

    def set_fact(self, name: str, value: Any) -> None:
        """Remember one, at once."""
        with self._lock:
            if self._closed:
                raise Closed("the sandbox has ended")
            self._file.execute("REPLACE INTO facts VALUES (?,?)", (name, orjson.dumps(value)))

    def reset(self) -> None:
        """Forget all rows, facts and the journal; the caller sees to it that nobody else is changing anything."""
        with self._lock:
            self._number, self._position = 0, 0
            self._file.execute("BEGIN")
            for name in ("rows", "journal", "facts", "sequences"):
                self._file.execute(f"DELETE FROM {name}")  # noqa: S608  our own four names
            self._file.execute("COMMIT")
            for table in self._tables.values():
                table.clear()

    def close(self) -> None:
        """Nothing more is written; closing twice does no harm."""
        if not self._closed:
            self.commit()
        with self._lock:
            self._closed = True
            self._file.close()

    def _scalar(self, query: str) -> Any:
        return self._file.execute(query).fetchone()[0]

    def _restore(self) -> None:
        found = self._file.execute("SELECT system, tab, key, position, data FROM rows ORDER BY position")
        for system, name, key, position, data in found.fetchall():
            table = self._tables.setdefault((system, name), Table(self, system, name))
            table.restore(orjson.loads(key), position, orjson.loads(data))
        for system, name, number in self._file.execute("SELECT system, tab, next FROM sequences").fetchall():
            self._tables.setdefault((system, name), Table(self, system, name)).resume(number)

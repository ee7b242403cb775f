"""The store: one SQL database that holds everything the hub must not forget.

    with Store.open("sqlite:///var/hub.db") as store:
        with store.begin() as tx:  # one writing transaction: all of it stays, or nothing
            tx.batches.land(batch, cursor)
        with store.read() as view:  # one snapshot
            view.ledger.balance()

SQLite by default (write-ahead log, writers queue for up to 30 s), PostgreSQL for more than one machine. A writing
transaction is short: no request to another system is ever made inside one.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Generic, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub.errors import SetupError
from hub.store.alarms import Alarms
from hub.store.archive import Archive
from hub.store.audit import AuditLog
from hub.store.authors import Authors
from hub.store.batches import Batches
from hub.store.behind import Behind
from hub.store.budgets import BudgetUses
from hub.store.circuits import Circuits
from hub.store.clock import Clock, clock_of
from hub.store.corrections import Corrections
from hub.store.coverage import Observed
from hub.store.engine import WRITE, open_engine, translated
from hub.store.expectations import ExpectationsHistory
from hub.store.export_marks import ExportMarks
from hub.store.extract import Extract
from hub.store.forecasts import Forecasts
from hub.store.handoffs import Handoffs
from hub.store.histories import Histories
from hub.store.incidents import Incidents
from hub.store.keeping import Keeping
from hub.store.latencies import Arrivals, Latencies
from hub.store.leads import Leads
from hub.store.ledger import Ledger
from hub.store.measurements import Measurements
from hub.store.memory import Lookups
from hub.store.migrate import bring_up_to_date
from hub.store.models import Models
from hub.store.outbox import Outbox
from hub.store.people import People
from hub.store.posts import Posts
from hub.store.presses import Presses
from hub.store.quarantine import Quarantine
from hub.store.renown import Renown
from hub.store.reports import Reports
from hub.store.repository import Repository
from hub.store.rollups import Rollups
from hub.store.runs import Runs
from hub.store.signals import Signals
from hub.store.sums import Sums
from hub.store.talk import TalkSums
from hub.store.tallies import Tallies
from hub.store.tokens import KeptTokens
from hub.store.tombstones import Tombstones
from hub.store.watches import Watches

R = TypeVar("R", bound=Repository)


class _Kept(Generic[R]):
    """A repository that is made when it is first asked for: most transactions touch one or two."""

    def __init__(self, kind: type[R]) -> None:
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, view: "View", owner: type) -> R:
        made = self._kind(view.connection, now=view.now, writing=view.writing)
        view.__dict__[self._name] = made  # found there from now on
        return made


kept = _Kept  # for views of a kind of their own


class _Undone(Exception):
    """Ends a rehearsal."""


class View:
    """All repositories in one transaction; `now` is the moment at which it began."""

    writing: ClassVar[bool] = False
    watches = _Kept(Watches)
    batches = _Kept(Batches)
    posts = _Kept(Posts)
    authors = _Kept(Authors)
    people = _Kept(People)
    renown = _Kept(Renown)
    leads = _Kept(Leads)
    latencies = _Kept(Latencies)
    arrivals = _Kept(Arrivals)
    keeping = _Kept(Keeping)
    measurements = _Kept(Measurements)
    observed = _Kept(Observed)
    tombstones = _Kept(Tombstones)
    signals = _Kept(Signals)
    rollups = _Kept(Rollups)
    talk = _Kept(TalkSums)
    sums = _Kept(Sums)
    behind = _Kept(Behind)
    archive = _Kept(Archive)
    quarantine = _Kept(Quarantine)
    forecasts = _Kept(Forecasts)
    handoffs = _Kept(Handoffs)
    histories = _Kept(Histories)
    outbox = _Kept(Outbox)
    circuits = _Kept(Circuits)
    incidents = _Kept(Incidents)
    alarms = _Kept(Alarms)
    presses = _Kept(Presses)
    ledger = _Kept(Ledger)
    tallies = _Kept(Tallies)
    corrections = _Kept(Corrections)
    models = _Kept(Models)
    runs = _Kept(Runs)
    reports = _Kept(Reports)
    audit = _Kept(AuditLog)
    expectations = _Kept(ExpectationsHistory)
    extract = _Kept(Extract)
    export_marks = _Kept(ExportMarks)
    memory = _Kept(Lookups)
    budgets = _Kept(BudgetUses)
    tokens = _Kept(KeptTokens)

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now


class Transaction(View):
    """A view that may also write."""

    writing = True


class Store:
    """One opened database, its schema up to date."""

    def __init__(self, engine: sa.Engine, clock: Clock | None = None) -> None:
        self.engine = engine
        self._clock = clock or clock_of(engine)
        self._reader = engine
        self._turn: AbstractContextManager[Any] = nullcontext()
        if engine.dialect.name == "sqlite":
            self._turn = Lock()  # one writes at a time anyway; waiting for SQLite itself, threads would sleep too long
        if engine.dialect.name != "sqlite":  # SQLite's readers have a snapshot anyway
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")

    @classmethod
    def open(cls, url: str | None = None, *, clock: Clock | None = None) -> Self:
        """Open, and migrate if the schema is not this version's; no URL is SQLite in `HUB_VAR`, or in var/.

        Without a clock, the one by which all workers of this database agree.
        """
        url = url or f"sqlite:///{Path(os.environ.get('HUB_VAR') or 'var') / 'hub.db'}"
        store = cls(open_engine(url), clock)
        store._make_folder()
        try:
            with store._told():
                bring_up_to_date(store.engine)
        except BaseException:
            store.close()
            raise
        return store

    def now(self) -> datetime:
        """This moment, by the clock that was handed in or that all workers share."""
        return self._clock()

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One writing transaction; an exception takes all of it back."""
        with self._told(), self._turn, self.engine.connect() as connection:
            # Row counts of inserts say what was new; SQLAlchemy forgets them unless it is asked not to.
            connection = connection.execution_options(**{WRITE: True, "preserve_rowcount": True})
            with connection.begin():
                made = Transaction(connection, self.now())
                made.sums.forget()
                yield made
                made.sums.write()

    @contextmanager
    def rehearse(self) -> Iterator[Transaction]:
        """A writing transaction of which nothing stays: what a preview needs to be as the real thing."""
        with suppress(_Undone), self.begin() as tx:
            yield tx
            raise _Undone

    @contextmanager
    def read(self) -> Iterator[View]:
        """One snapshot of everything; writing in it is refused."""
        with self._told(), self._reader.connect() as connection:
            yield View(connection, self.now())

    def close(self) -> None:
        """Close all connections; the store can not be used any more."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Database trouble becomes one of our errors, without the driver's text."""
        try:
            yield
        except DBAPIError as problem:
            raise translated(problem, self.engine.url) from None

    def _make_folder(self) -> None:
        file = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not file or file == ":memory:":
            return
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise SetupError(f"The store's folder {Path(file).parent} cannot be made: {refused.strerror}.") from refused

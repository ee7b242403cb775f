"""One export: the days that have changed are written anew, file by file, and only then are their marks forgotten.

Whatever ends a run, the next one does the same days again. Of two runs at once the newer one counts: the older stops,
and marks what it wrote, so that the one after puts right what it may have put back.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec

from hub.domain import Model
from hub.domain.config import Config
from hub.errors import Unavailable
from hub.measure.catalogue import definitions
from hub.stages.collector import seldom_collected
from hub.stages.export import kpis, talk, work
from hub.stages.export.changed import Changed, Days
from hub.stages.export.columns import Dataset, Rules
from hub.stages.export.dictionary import DATASETS, as_data, as_page
from hub.stages.export.shelf import FILE, Draft, Shelf
from hub.store import Mark, Store, View, faultpoint

STATE = "_export.json"  # readers of Parquet pass over what begins with an underscore
MEMORY = "export"


class Done(Model, omit_defaults=False):
    """What one export did."""

    full: bool  # everything was written anew, and not only what had changed
    files: int
    removed: int
    rows: dict[str, int]  # written, by dataset


class State(Model, omit_defaults=False):
    """What stands beside the data: which run wrote it, after which other one, by which rules."""

    run: str
    after: str | None
    rules: str
    kpis: str
    exported_at: str


@dataclass
class Export:
    """One run."""

    config: Config
    store: Store
    shelf: Shelf
    rules: Rules
    say: Callable[[str], None] = lambda _: None
    actor: str = "hub"
    _run: str = field(default_factory=lambda: uuid4().hex)
    _rows: dict[str, int] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)
    _removed: int = 0
    _touched: set[Mark] = field(default_factory=set)

    def do(self, *, full: bool = False, since: date | None = None) -> Done:
        """Bring the shelf up to date; `full` writes everything anew, `since` all from that day on."""
        with self.store.begin() as tx:
            last = (tx.memory.get(MEMORY) or {}).get("done")
            tx.memory.set(MEMORY, {"begun": self._run, "done": last})
            tx.export_marks.take()
        faultpoint("export.begun")
        state = self._state()
        known = state is not None and last is not None and last in (state.run, state.after)
        whole = full or not known or state is None or state.rules != self._digests()[0]
        with self.store.read() as view, seldom_collected():
            marks = view.export_marks.taken()
            changed = Changed.everything(view) if whole else Changed.marked(marks.values())
            if since is not None and not whole:
                changed = changed.since(view, since, frozenset(self.rules.networks))
            self._talk(view, changed.talk)
            self._work(view, changed.work)
            self._events(view)
            every = whole or state is None or state.kpis != self._digests()[1]
            self._figures(view, changed.days_of_kpis(view, self.config, every=every))
        self._finish(marks, last, whole=whole)
        return Done(full=whole, files=len(self._written), removed=self._removed, rows=self._rows)

    def _talk(self, view: View, days: Days) -> None:
        private = self.rules.private
        for day, networks in self._each(days, "talk"):
            allowed = set(self.rules.networks) & (networks or set(self.rules.networks))
            said = (talk.said(page, private=private) for page in view.extract.talk(day, allowed))
            earlier = (talk.counted(page, private=private) for page in view.extract.earlier_counts(day, allowed))
            self._write(talk.TALK, day, networks, (parts for some in (said, earlier) for parts in some))

    def _work(self, view: View, days: Days) -> None:
        for day, networks in self._each(days, "work"):
            asked = ((work.HANDOFFS, view.extract.work), (work.DELIVERIES, view.extract.deliveries))
            for dataset, pages in asked:
                done = work.done(pages(day), dataset, networks or self.rules.networks, self.rules)
                self._write((dataset,), day, networks, done)

    def _events(self, view: View) -> None:
        for dataset, pages in ((work.INCIDENTS, view.extract.incidents), (work.ALARMS, view.extract.alarms)):
            self._write((dataset,), None, {""}, ({"": {dataset: list(page)}} for page in pages()))

    def _figures(self, view: View, days: list[date]) -> None:
        for number, (day, told) in enumerate(kpis.by_day(view, self.config, days), start=1):
            self._go_on()
            self._write((kpis.KPIS,), day, {""}, [{"": {kpis.KPIS: told}}])
            self.say(f"kpis of {day}, {number} of {len(days)}")

    def _each(self, days: Days, area: str) -> Iterator[tuple[date, frozenset[str] | None]]:
        """The days in order; which they were is remembered, should a newer run overtake this one."""
        for number, day in enumerate(sorted(days), start=1):
            self._go_on()
            networks = days[day]
            names = self.rules.networks if networks is None else networks
            self._touched |= {Mark(area=area, network=name, day=day.isoformat()) for name in names}
            yield day, networks
            self.say(f"{area} of {day}, {number} of {len(days)}")

    def _write(
        self, datasets: Collection[Dataset], day: date | None, networks: Collection[str] | None,
        found: Iterable[talk.Parts],
    ) -> None:  # fmt: skip
        """One day's files of these datasets, as rows come; those of `networks` for which none come are removed."""
        drafts: dict[tuple[Dataset, str], Draft] = {}
        try:
            for dataset, network, rows in talk.flat(found):
                if (dataset, network) not in drafts:
                    drafts[dataset, network] = self.shelf.draft(_path(dataset, network, day), dataset.schema)
                drafts[dataset, network].add(dataset.table(rows))
            for dataset, network in sorted(drafts, key=lambda at: (at[0].name, at[1])):
                self._keep(dataset, _path(dataset, network, day), drafts.pop((dataset, network)))
        finally:
            for left in drafts.values():
                self.shelf.drop(left)
        for dataset in datasets:
            for network in networks or ():
                if (path := _path(dataset, network, day)) not in self._written:
                    self.shelf.remove(path)

    def _keep(self, dataset: Dataset, path: str, draft: Draft) -> None:
        self.shelf.keep(path, draft)
        self._rows[dataset.name] = self._rows.get(dataset.name, 0) + draft.rows
        self._written.add(path)

    def _finish(self, marks: dict[int, Mark], last: str | None, *, whole: bool) -> None:
        """Say beside the data what it is, then forget the marks: a run that ends between the two loses nothing."""
        for path in sorted(self.shelf.paths() - self._written) if whole else ():
            self.shelf.remove(path)
            self._removed += 1
        self.shelf.write("dictionary.json", msgspec.json.format(msgspec.json.encode(as_data())))
        self.shelf.write("README.md", as_page().encode())
        self.shelf.settle()
        rules, figures = self._digests()
        now = self.store.now().isoformat()
        state = State(run=self._run, after=last, rules=rules, kpis=figures, exported_at=now)
        self._go_on()
        self.shelf.write(STATE, msgspec.json.encode(state))
        faultpoint("export.told")
        rows = ", ".join(f"{count} {name}" for name, count in sorted(self._rows.items())) or "nothing had changed"
        with self.store.begin() as tx:
            if newest := self._is_newest(tx):
                tx.memory.set(MEMORY, {"begun": self._run, "done": self._run})
                tx.export_marks.clear(marks)
                tx.audit.append(actor=self.actor, action="data exported", object="export", reason=rows)
        if not newest:
            self._go_on()

    def _go_on(self) -> None:
        """Stop when a newer run has begun."""
        with self.store.read() as view:
            if self._is_newest(view):
                return
        with self.store.begin() as tx:
            tx.export_marks.add(self._touched)
        raise Unavailable("A newer export has begun, and this one has stopped; the next puts right what is left.")

    def _is_newest(self, view: View) -> bool:
        return bool((view.memory.get(MEMORY) or {}).get("begun") == self._run)

    def _state(self) -> State | None:
        content = self.shelf.read(STATE)
        try:
            return None if content is None else msgspec.json.decode(content, type=State)
        except msgspec.DecodeError:  # another version's, or nobody's: everything is written anew
            return None

    def _digests(self) -> tuple[str, str]:
        """By which rules rows are exported, and by which figures are told: where they differ, all is written anew."""
        columns = [(one.name, one.parts, [(each.name, str(each.kind)) for each in one.columns]) for one in DATASETS]
        subjects = [subject.name for subject in self.config.subjects]
        meant = [one.plain() for one in definitions()]
        return _digest((self.rules.plain(), columns)), _digest((meant, subjects, self.config.organisation.timezone))


def _digest(value: Any) -> str:
    return sha256(msgspec.json.encode(value)).hexdigest()


def _path(dataset: Dataset, network: str, day: date | None) -> str:
    facts = {"network": network, "day": day}
    return "/".join((dataset.name, *(f"{part}={facts[part]}" for part in dataset.parts), FILE))

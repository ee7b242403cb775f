"""Plan and apply with what they need of an opened hub."""

from collections.abc import Callable
from datetime import datetime, timedelta

import connectors
from hub.errors import SetupError
from hub.settings import load_config
from hub.stages import plan as stage
from hub.stages.admit import Rulebook
from hub.stages.plan import Change, Judge, Plan, Rereader, Scope, Tally
from hub.wiring.opening import Hub, Proposal, rulebook

DAYS = 30.0  # that a plan looks back, unless it is told otherwise
SPOOL = "plans"  # folder below var/


def plan(
    hub: Hub, proposal: Proposal, *, each: Callable[[Change], None], since: datetime | None = None,
    until: datetime | None = None, networks: tuple[str, ...] = (), actionable_hours: float | None = None,
    reclassify: bool = False, remap: tuple[str, ...] = (),
) -> tuple[Plan, Tally]:  # fmt: skip
    """What the rules in force, or those proposed, would do over posts of a period; writes nothing anywhere."""
    book = rulebook(hub, proposal)
    remap = tuple(sorted({*remap, *_mapped_otherwise(proposal, book)}))
    for name in (*networks, *remap):
        if name not in book.networks:
            raise SetupError(f"There is no network {name!r}; there are {', '.join(sorted(book.networks))}.")
    with hub.store.read() as view:
        now, last = view.now, view.archive.last()
    scope = Scope(
        as_of=now, since=since or now - timedelta(days=DAYS), until=until or now, last=last, networks=networks,
        actionable_hours=book.config.triage.actionable_hours if actionable_hours is None else actionable_hours,
        reclassify=reclassify or _listens_otherwise(hub, proposal), remap=remap,
    )  # fmt: skip
    with hub.store.read() as view:
        rereader = Rereader(remap, book.networks, view, hub.landing) if remap else None
        judge = Judge(book, scope, view, rereader=rereader)
        for change, _ in judge.found():
            each(change)
    names = [outlet.manifest.name for outlet in book.outlets]
    return stage.plan_of(scope, book.versions, judge.tally, names), judge.tally


def apply(hub: Hub, plan: Plan, *, who: str, why: str = "") -> dict[str, int]:
    """Do what a plan says, by the rules in force."""
    book = rulebook(hub, Proposal())
    folder = hub.settings.var_dir / SPOOL
    return stage.apply(plan, book, store=hub.store, landing=hub.landing, folder=folder, who=who, why=why)


def _mapped_otherwise(proposal: Proposal, book: Rulebook) -> list[str]:
    """Networks for which a mapping is proposed that is not the one in force."""
    if proposal.mappings is None:
        return []
    return [
        name
        for name in book.networks
        if (path := proposal.mapping(name)) != (ours := connectors.mapping_path(name))
        and path.read_bytes() != ours.read_bytes()
    ]


def _listens_otherwise(hub: Hub, proposal: Proposal) -> bool:
    """Whether what a classifier is told of the organisation is not what it was told so far."""
    if proposal.config is None:
        return False
    old, new = hub.config, load_config(proposal.config)
    return (old.subjects, old.topics, old.own_accounts) != (new.subjects, new.topics, new.own_accounts)

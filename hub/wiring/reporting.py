"""Reports of an opened hub: which there are, made once, sent once, and the mail server that letters go through."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hub.domain import Delivery, Scope
from hub.domain.reports import Addressees, Report, ReportPlan
from hub.errors import RecordRefused, Unavailable
from hub.kit.mail import CONNECTION, EMAIL, MANIFEST, Letter, Mail
from hub.wiring.opening import Hub, worker_name

if TYPE_CHECKING:
    from hub.stages.deliver import Delivered
    from hub.stages.report import Kept


def plans(hub: Hub) -> tuple[ReportPlan, ...]:
    """The reports in use."""
    from hub.stages import report

    return report.plans(hub.config, hub.settings.mappings_dir / "reports")


def plan_named(hub: Hub, name: str) -> ReportPlan:
    """The report of this name."""
    from hub.stages import report

    return report.plan_named(name, plans(hub))


def period_of(hub: Hub, plan: ReportPlan, said: str | None = None) -> Scope:
    """The time that these words mean; none: the newest whole day or week."""
    from hub.stages import report

    zone, now = ZoneInfo(hub.config.organisation.timezone), hub.store.now()
    return report.period_of(said, now=now, zone=zone) if said else report.last_of(plan.period, now=now, zone=zone)


def made(hub: Hub, plan: ReportPlan, scope: Scope, *, keep_open: bool = False) -> "Kept":
    """The report of this time: as it was made first, else made now."""
    from hub.stages import report

    return report.keep(hub.store, hub.kept, hub.config, plan, scope, keep_open=keep_open)


def was_watched(hub: Hub, scope: Scope) -> bool:
    """Whether anything was to be seen in this time: nobody wants a report of the day before the first one."""
    with hub.store.read() as view:
        return view.observed.share(scope.since, scope.until) is not None


def facts_of(hub: Hub, report: Report) -> dict[str, Any]:
    """What every format shows of it, with the posts that it names as they are now."""
    from hub.stages import report as stage

    with hub.store.read() as view:
        return stage.shown(report, stage.quoted(view, report), hub.settings.link_base)


def send(hub: Hub, kept: "Kept", to: Addressees) -> int:
    """Intend to send it, and put it into its folder; returns how many messages and letters are new."""
    from hub.stages import report

    intended = report.send(hub.store, hub.config, kept, to, link_base=hub.settings.link_base)
    if to.folder:
        report.put(Path(to.folder), kept, facts_of(hub, kept.report), hub.kept)
    return intended


@contextmanager
def open_mail(hub: Hub) -> Iterator[Mail]:
    """The mail server, ready to be handed letters; they are written when they are sent."""
    from hub.stages import report

    files, base = hub.kept, hub.settings.link_base

    def compose(delivery: Delivery) -> Letter:
        with hub.store.read() as view:
            return report.compose(view, files, delivery, link_base=base)

    mail = Mail(hub.connect(MANIFEST, CONNECTION), hub.services, compose)
    try:
        yield mail
    finally:
        mail.close()


def deliver_mail(hub: Hub, *, by_hand: bool = False, each: Callable[[int], None] | None = None) -> "Delivered":
    """Send all letters that wait; the connection is not even asked for when none does."""
    from hub.stages import deliver

    if by_hand:
        deliver.mended(EMAIL, store=hub.store)
    if not deliver.waiting(EMAIL, store=hub.store):
        return deliver.Delivered(EMAIL)
    with open_mail(hub) as mail:
        return deliver.run(
            mail, store=hub.store, worker=worker_name(), lease_seconds=hub.settings.lease_seconds, each=each
        )


def require_sent(hub: Hub, done: "Delivered") -> None:
    """Raise what stands in the way of the letters that are not there: HubError by what must be done next."""
    if done.stopped is not None:
        raise done.stopped
    if lost := sum(done.outcomes.get(outcome, 0) for outcome in ("refused", "unknown")):
        raise RecordRefused(
            f"{lost} letters were refused, or nobody knows whether they arrived; they are in quarantine.",
            reason="refused",
        )
    with hub.store.read() as view:
        due = view.outbox.next_due(EMAIL)
    if due is not None:
        wait = max((due - hub.store.now()).total_seconds(), 1.0)
        raise Unavailable("The mail server asks us to come again.", retry_after=wait, sent=False)


def due(hub: Hub, period: str, name: str | None = None) -> Sequence[ReportPlan]:
    """The reports of this rhythm, or the one that is named."""
    return [plan for plan in plans(hub) if plan.period == period and name in (None, plan.name)]

"""One pass of the whole flow in this process: collect, triage, deliver."""

from dataclasses import dataclass, field
from typing import Any

from hub.cli.app import say
from hub.cli.exits import DONE, SOME_REFUSED, code_of, gravest
from hub.cli.tables import counted
from hub.domain import Watch
from hub.errors import HubError, SetupError
from hub.wiring import Hub, collect, deliver, reporting, silences, triage

REFUSED = ("refused", "unknown")


@dataclass
class Pass:
    """What one pass did."""

    run: str
    landed: int = 0
    triaged: dict[str, Any] = field(default_factory=dict)
    delivered: dict[str, dict[str, int]] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    codes: set[int] = field(default_factory=set)

    def trouble(self, where: str, problem: HubError) -> None:
        """Keep what went wrong; the rest of the flow goes on."""
        self.problems[where] = str(problem)
        self.codes.add(code_of(problem))
        say(f"  {where}: {problem}")

    @property
    def exit_code(self) -> int:
        """The gravest of all that happened."""
        return gravest(self.codes)


def run_once(hub: Hub) -> Pass:
    """Everything once, in order; one source or destination in trouble does not stop the others."""
    networks = hub.networks()
    if not networks:
        raise SetupError("hub.yaml has no watches; add one with `hub watch add NETWORK KIND VALUE`.")
    destinations = hub.destinations()
    with hub.store.begin() as tx:
        done = Pass(tx.runs.start("run"))
    _collect(hub, networks, done)
    _triage(hub, done)
    for manifest in destinations:
        _deliver(hub, manifest.name, done)
    _mail(hub, done)
    _close(hub, done)
    return done


def _collect(hub: Hub, networks: list[Any], done: Pass) -> None:
    def each(watch: Watch, fetched: int) -> None:
        say(f"  {watch.network} {watch.kind} {watch.value}: {fetched} fetched")

    say("Collect")
    for manifest in networks:
        try:
            batches, failures = collect(hub, manifest, done.run, each=each, tell=lambda notice: say(f"  {notice}"))
            done.landed += len(batches)
            for watch, problem in failures.items():
                done.trouble(watch, problem)
        except HubError as problem:
            done.trouble(manifest.name, problem)


def _triage(hub: Hub, done: Pass) -> None:
    say("Triage")
    try:
        triaged = triage(hub, done.run)
    except HubError as problem:
        done.trouble("triage", problem)
        return
    silences(hub, _tell)
    done.triaged = {name: getattr(triaged, name) for name in triaged.__dataclass_fields__}
    made = counted(triaged.handoffs) or "no work"
    say(f"  {triaged.new} new, {triaged.known} known, {triaged.quarantined} quarantined: {made}")
    if triaged.quarantined:
        done.codes.add(SOME_REFUSED)


def _tell(notice: str, _: str | None) -> str:
    """Whoever runs the flow by hand hears it at once."""
    say(f"  {notice}")
    return "said"


def _deliver(hub: Hub, name: str, done: Pass) -> None:
    say(f"Deliver to {name}")
    try:
        delivered = deliver(hub, name, by_hand=True)
    except HubError as problem:
        done.trouble(name, problem)
        return
    done.delivered[name] = delivered.outcomes
    say(f"  {counted(delivered.outcomes) or 'nothing waits'}")
    if delivered.stopped:
        done.trouble(name, delivered.stopped)
    if any(delivered.outcomes.get(outcome) for outcome in REFUSED):
        done.codes.add(SOME_REFUSED)


def _mail(hub: Hub, done: Pass) -> None:
    """Letters that wait: reports whose mail server asked us to come again."""
    try:
        delivered = reporting.deliver_mail(hub, by_hand=True)
    except HubError as problem:
        done.trouble("email", problem)
        return
    if delivered.outcomes:
        say(f"Mail: {counted(delivered.outcomes)}")
        done.delivered["email"] = delivered.outcomes
    if delivered.stopped:
        done.trouble("email", delivered.stopped)


def _close(hub: Hub, done: Pass) -> None:
    with hub.store.begin() as tx:
        balance = tx.ledger.balance()
        done.ledger = ledger_facts(balance)
        status = "done" if done.exit_code == DONE and balance.balanced else "degraded"
        tx.runs.finish(done.run, status, {"delivered": done.delivered, "problems": done.problems})
    if not balance.balanced:
        done.codes.add(SOME_REFUSED)
        say(f"  The ledger does not balance: {balance.differences}; please report this.")


def ledger_facts(balance: Any) -> dict[str, Any]:
    """The ledger's sums, in the order people read them."""
    names = ("fetched", "new", "known", "skipped", "valid", "quarantined", "pending", "handed_off", "set_aside")
    return {name: getattr(balance, name) for name in names} | {
        "balanced": balance.balanced,
        "differences": balance.differences,
    }

"""The facts behind `hub status` and `hub watch list`, as plain data."""

from datetime import timedelta
from typing import Any

from hub.cli.world import enter_sandbox, running_sandbox
from hub.store import View
from hub.wiring import Hub

DAY = timedelta(days=1)


def status_facts(hub: Hub) -> dict[str, Any]:
    """Everything an operator asks first."""
    from hub.launcher import status

    note, running = running_sandbox(hub.settings), status(hub.settings)
    if note:
        enter_sandbox(note["env"])  # its connections say which destinations are in use
    with hub.store.read() as view:
        destinations = {}
        for name in sorted({*view.outbox.destinations(), *(manifest.name for manifest in hub.destinations())}):
            counts, circuit = view.outbox.counts(name), view.circuits.get(name)
            destinations[name] = {
                "done": counts.get("done", 0),
                "waiting": counts.get("pending", 0),
                "in doubt": counts.get("in_doubt", 0),
                "dead": counts.get("dead", 0),
                "circuit": f"open until {_time(circuit.open_until)}: {circuit.reason}"
                if circuit and circuit.open_until
                else "closed",
            }
        held = _quarantined(view, hub.settings.quarantine_hours)
        hears = {name: _hears(view, name) for name in sorted(destinations) if view.memory.get(f"listening:{name}")}
        waiting = {"batches for triage": view.batches.pending(), "items in quarantine": held["items"]}
    return {
        "running": running.whole(),
        "sandbox": f"http://127.0.0.1:{note['port']}/" if note else None,
        "watches": watch_facts(hub),
        "waiting": waiting,
        "quarantine": held,
        "destinations": destinations,
        "listening": hears,
    }


def _hears(view: View, name: str) -> str:
    """Whether the buttons of a destination are heard; a listener that has ended is not known for long."""
    state = view.memory.get(f"listening:{name}") or {}
    waiting = len(view.presses.waiting(name))
    rest = f", {waiting} presses wait" if waiting else ""
    return ("heard" if state.get("connected") else "not heard: read the listener's log") + rest


def _quarantined(view: View, patience_hours: float) -> dict[str, Any]:
    """How much waits for people, why, and whether it has waited too long."""
    groups = view.quarantine.counts()
    oldest = min((group.since for group in groups), default=None)
    return {
        "items": sum(group.items for group in groups),
        "oldest": _time(oldest) or None,
        "overdue": oldest is not None and view.now - oldest > timedelta(hours=patience_hours),
        "groups": [
            {
                "stage": group.stage, "network": group.network, "reason": group.reason, "items": group.items,
                "since": _time(group.since),
            }
            for group in groups
        ],
    }  # fmt: skip


def watch_facts(hub: Hub) -> list[dict[str, Any]]:
    """One row for each watch in hub.yaml, asked or not."""
    with hub.store.read() as view:
        states = {state.key: state for state in view.watches.listing()}
        day = view.now - DAY
        seen = {key: view.observed.share_of(key, day, view.now) for key in states}
    rows = []
    for watch in hub.config.watches:
        state = states.get(watch.key)
        rows.append({
            "source": watch.network,
            "watch": f"{watch.kind} {watch.value}",
            "state": state.state if state else "not asked yet",
            "read": _time(state.polled_at if state else None),
            "newest": _time(state.posted_at if state else None),
            "observed": "" if (share := seen.get(watch.key)) is None else f"{share:.0%}",
            "wrong": (state.sentence or "") if state else "",
        })  # fmt: skip
    return rows


def _time(moment: Any) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""

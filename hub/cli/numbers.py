"""Commands about the flow in numbers: what is to be expected, and how long it all takes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say

if TYPE_CHECKING:
    from hub.domain import Figure, Scope
    from hub.measure.figures import Figures
    from hub.store import Forecast

LOAD = ["Channel or subject", "What", "Next 7 days", "A day at least", "A day at most"]
JUDGED = ["Figure", "Last 28 days", "Why none"]
WAY = ["Part of the way", "Network", "Times", "p50", "p95"]
PARTS = {
    "detection_lag": "published to collected", "decision_lag": "collected to decided",
    "handover_lag": "decided to handed over", "acknowledgement_time": "handed over to acknowledged",
}  # fmt: skip
SCORES = ("contact_load_wape", "contact_load_bias", "mentions_wape", "mentions_bias")


@app.command()
def forecast(json: Json = False) -> None:
    """What the next two weeks are to bring, by channel and subject; kept, so that it can be held against what comes."""
    from hub.domain import Scope
    from hub.measure.figures import Figures
    from hub.stages import forecast as stage

    with opened_hub() as hub:
        made = stage.keep(hub.config, hub.store)
        with hub.store.read() as view:
            figures = Figures(view, hub.config)
            lately = Scope(since=view.now - timedelta(days=28), until=view.now)
            scores = {name: figures.figure(name, lately) for name in SCORES}
    if json:
        answer_json({
            "forecasts": [one.plain() for one in made],
            "scores": {name: one.plain() for name, one in scores.items()},
        })  # fmt: skip
        return
    answer_table(
        "To be expected", LOAD, _next_week(made), empty="Too little is known yet: it takes three days of talk."
    )
    answer_table("How far off it was", JUDGED, [_score(name, one) for name, one in scores.items()])
    say("Kept; `contact_load_wape` holds each week against the last forecast from before it.")


def _next_week(made: "list[Forecast]") -> list[tuple[Any, ...]]:
    sums: dict[tuple[str, str], list[float]] = {}
    first = min((one.day for one in made), default=None)
    for one in made:
        if first is not None and first < one.day <= first + timedelta(days=7, hours=2):
            name = one.subject or f"{one.network} {one.visibility}"
            row = sums.setdefault((name, one.series), [0.0, one.low, one.high])
            row[:] = [row[0] + one.expected, min(row[1], one.low), max(row[2], one.high)]
    return [(name, series.replace("_", " "), *map(round, row)) for (name, series), row in sorted(sums.items())]


def _score(name: str, figure: "Figure") -> tuple[str, str, str]:
    from hub.measure.catalogue import definition

    return definition(name).title, "" if figure.value is None else f"{figure.value:.1f} %", figure.missing or ""


@app.command()
def latency(
    days: Annotated[int, typer.Option(help="So many days up to now.", min=1, max=366)] = 7,
    network: Annotated[str | None, typer.Option(help="Only this network.")] = None,
    json: Json = False,
) -> None:
    """How long it takes from a post to its work, part by part and network by network: half of all, and 95 of 100."""
    from hub.domain import Scope
    from hub.measure.figures import Figures

    with opened_hub() as hub, hub.store.read() as view:
        figures = Figures(view, hub.config)
        scope = Scope(since=view.now - timedelta(days=days), until=view.now, network=network)
        rows = [row for name in PARTS for row in _lags(figures, name, scope)]
    if json:
        answer_json([dict(zip(("part", "network", "times", "p50", "p95"), row, strict=True)) for row in rows])
        return
    told = [(PARTS[name], *of, _spoken(p50), _spoken(p95)) for name, *of, p50, p95 in rows]
    answer_table(f"The last {days} days", WAY, told, empty="Nothing came in this time.")


def _lags(figures: "Figures", name: str, scope: "Scope") -> list[tuple[str, str, int, float, float]]:
    """Of all networks, and of each where there are several."""
    half, most = (figures.figure(f"{name}_{each}", scope) for each in ("p50", "p95"))
    asked = [(scope.network or "all", half, most)]
    if scope.network is None:
        halves, mosts = (figures.split(f"{name}_{each}", scope, by="network") for each in ("p50", "p95"))
        worst = {part.name: part.figure for part in mosts}
        asked += [(part.name, part.figure, worst[part.name]) for part in halves]
    return [
        (name, network, int(half.denominator or 0), half.value, most.value)
        for network, half, most in asked
        if half.value is not None and most.value is not None
    ]


def _spoken(seconds: float) -> str:
    """Seconds in the unit in which people say them."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"

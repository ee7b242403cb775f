"""Commands about the flow in numbers: what is to be expected, and how long it all takes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say

if TYPE_CHECKING:
    from hub.domain import Figure
    from hub.store import Forecast

LOAD = ["Channel or subject", "What", "Next 7 days", "A day at least", "A day at most"]
JUDGED = ["Figure", "Last 28 days", "Why none"]
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

"""The command about whose voice is heard: share of voice over a period."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.errors import SetupError

COLUMNS = ["Subject", "Kind", "Share", "Stories", "Posts", "Largest story", "Passed on"]


@app.command()
def voice(
    days: Annotated[int, typer.Option(help="So many days up to now, or up to --until.", min=1, max=366)] = 7,
    since: Annotated[str | None, typer.Option(help="From then on, in ISO 8601; without a zone: UTC.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to then, in ISO 8601; without a zone: UTC.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="Only this network; may be given several times.")] = None,
    json: Json = False,
) -> None:
    """Share of voice: how much of the talk is about each subject, a syndicated story counted once.

    Brands are compared with competitors, products and people among themselves. A period that was not wholly observed is
    told as partial, network by network.
    """
    from hub.stages.voice import report

    with opened_hub() as hub, hub.store.read() as view:
        end = moment(until) if until else view.now
        start = moment(since) if since else end - timedelta(days=days)
        if start >= end:
            raise SetupError("The period ends before it begins; correct --since or --until.")
        found = report(view, hub.config, since=start, until=end, networks=network or ())
    if json:
        answer_json(found.plain())
        return
    rows = [
        (
            one.subject, one.kind, _share(one.share, digits=1), one.stories, one.posts,
            one.largest_story or "", one.reshares or "",
        )
        for one in found.voices
    ]  # fmt: skip
    title = f"Share of voice, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC{', partial' * found.partial}"
    answer_table(title, COLUMNS, rows, empty="hub.yaml names no subjects; add what you listen for.")
    seen = [(one.network, _share(one.observed), one.since, "" if one.complete else "partial") for one in found.coverage]
    answer_table("Observed", ["Network", "Of the time", "Only since", ""], seen, empty="Nothing is watched yet.")
    if found.partial:
        say("Not all of the period was observed: compare these figures with no other period's.")


def _share(value: float | None, *, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}%}"


def moment(text: str) -> datetime:
    """A time that somebody wrote; without a zone it is UTC."""
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        raise SetupError(f"{text!r} is no time; write it as 2026-03-02 or 2026-03-02T14:00.") from None
    return written.astimezone(UTC) if written.tzinfo else written.replace(tzinfo=UTC)

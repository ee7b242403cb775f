"""Commands about alarms: what detectors said, what people say of it, and how good the detectors are."""

from datetime import UTC, datetime
from getpass import getuser
from typing import Annotated, Literal

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.errors import SetupError

LISTED = 50


@app.command()
def alarms(json: Json = False) -> None:
    """The last alarms, and how often each detector was right, what it missed, how far it was ahead."""
    with opened_hub() as hub, hub.store.read() as view:
        listed, grades = view.alarms.recent(LISTED), view.alarms.grades()
    if json:
        answer_json({"alarms": [each.plain() for each in listed], "detectors": [each.plain() for each in grades]})
        return
    rows = [
        (
            each.id, f"{each.at:%Y-%m-%d %H:%M}", each.subject, each.topic, each.network, f"{each.value:.0f}",
            f"{each.expected:.0f}", each.severity, "crisis" if each.crisis else "spike", each.verdict or "",
        )
        for each in listed
    ]  # fmt: skip
    columns = ["No.", "Hour", "Subject", "Topic", "Network", "Posts", "Expected", "Severity", "What", "People say"]
    answer_table("Alarms", columns, rows, empty="No alarm was raised.")
    shown = [
        (
            each.detector, each.topic or "", each.alarms, each.judged, _share(each.precision), _share(each.recall),
            "" if each.lead_minutes is None else f"{each.lead_minutes:.0f} min",
        )
        for each in grades
    ]  # fmt: skip
    columns = ["Detector", "Topic", "Alarms", "Judged", "Right", "Noticed of all events", "Ahead of the peak"]
    answer_table("Detectors", columns, shown, empty="Nothing to grade yet.")


@app.command()
def alarm(
    id: Annotated[int, typer.Argument(help="Its number from `hub alarms`.")],
    verdict: Annotated[Literal["true", "false", "campaign"], typer.Argument(help="What it was.")],
) -> None:
    """Say whether an alarm was right, and those that were told with it; it is kept in the audit log.

    The detectors are graded by it.
    """
    with opened_hub() as hub, hub.store.begin() as tx:
        decided = tx.alarms.decide(id, verdict, getuser())
        tx.audit.append(actor=getuser(), action="alarm judged", object=f"alarm:{id}", reason=verdict)
    ahead = "" if decided.lead_minutes is None else f", {decided.lead_minutes:.0f} minutes ahead of the peak"
    say(f"Alarm {id} on {decided.subject} was {verdict}{ahead}.")


@app.command(name="alarm-missed")
def alarm_missed(
    subject: Annotated[str, typer.Argument(help="The subject that something happened to.")],
    at: Annotated[str, typer.Argument(help="When, in ISO 8601; without a zone: UTC.")],
    topic: Annotated[str, typer.Option(help="What it was about, as in the topics of `hub alarms`.")] = "",
) -> None:
    """Note an event that no detector told of: without it, nobody could say what was missed."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise SetupError(f"{at!r} is no time; write it as 2026-03-02T14:00.") from None
    with opened_hub() as hub:
        if subject not in {each.name for each in hub.config.subjects}:
            raise SetupError(f"hub.yaml has no subject {subject!r}; correct the name.")
        with hub.store.begin() as tx:
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            new = tx.alarms.missed(subject, aware, getuser(), topic=topic)
            tx.audit.append(actor=getuser(), action="alarm missed", object=f"subject:{subject}", reason=at)
    say("Noted." if new else "That was noted before.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"

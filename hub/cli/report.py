"""`hub report`: the figures of a day or a week, as file, as Slack message or as e-mail."""

from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.cli.exits import DONE, SOME_REFUSED
from hub.cli.tables import counted
from hub.domain import Scope
from hub.domain.reports import Addressees, ReportPlan
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.stages.report import Kept
    from hub.wiring import Hub

LISTED = 20


class Format(StrEnum):
    """What a report is made into."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    SLACK = "slack"
    EMAIL = "email"


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="A report; without one, they are listed.")] = "",
    period: Annotated[
        str,
        typer.Option(help="2026-W47, 2026-11-23, yesterday, last-week, today, 2026-11-01/2026-11-08. Else: the last."),
    ] = "",
    to: Annotated[
        list[Format] | None, typer.Option(help="What to make of it; may be given more than once. Else: text.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file for text, json, html or pdf.")] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="Channels or e-mail addresses, in place of those in hub.yaml.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a report, once for each period: whoever asks again gets the same figures and the same pictures.

    Sent to Slack or by e-mail, each addressee gets it once, whatever is repeated.
    """
    from hub.wiring import reporting

    with opened_hub() as hub:
        if not name:
            _list(hub, json=json)
            return
        plan = reporting.plan_named(hub, name)
        scope = reporting.period_of(hub, plan, period)
        formats = tuple(to or (Format.TEXT,))
        _check(formats, out)
        kept = _made(hub, plan, scope, sends=any(one in (Format.SLACK, Format.EMAIL) for one in formats))
        refused = False
        for format in formats:
            if format in (Format.SLACK, Format.EMAIL):
                refused |= _send(hub, kept, plan, format, address or [])
            else:
                _write(hub, kept, format, out)
    raise typer.Exit(SOME_REFUSED if refused else DONE)


def _check(formats: tuple[Format, ...], out: Path | None) -> None:
    files = [one for one in formats if one not in (Format.SLACK, Format.EMAIL)]
    if out is not None and len(files) != 1:
        raise SetupError("One --out holds one format: name one of text, json, html and pdf by --to.")
    if out is None and Format.PDF in formats:
        raise SetupError("A PDF needs a file: name it by --out report.pdf.")


def _made(hub: "Hub", plan: ReportPlan, scope: Scope, *, sends: bool) -> "Kept":
    from hub.wiring import reporting

    say(f"{plan.title}: {scope.since:%Y-%m-%d %H:%M} to {scope.until:%Y-%m-%d %H:%M} UTC")
    began = perf_counter()
    kept = reporting.made(hub, plan, scope, keep_open=not sends)
    parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in kept.seconds.items())
    made = f"made in {perf_counter() - began:.1f} s ({parts})" if kept.new else "made before; its figures stay"
    say(f"  {made}{', partial' if kept.report.partial else ''}")
    return kept


def _write(hub: "Hub", kept: "Kept", format: Format, out: Path | None) -> None:
    from hub.stages.report import in_words
    from hub.stages.report.page import html
    from hub.stages.report.pdf import pdf
    from hub.wiring import reporting

    if format is Format.JSON and out is None:
        answer_json(kept.report.plain())
        return
    facts = reporting.facts_of(hub, kept.report)
    content = {
        Format.TEXT: lambda: in_words(facts).encode(),
        Format.JSON: lambda: _json(kept),
        Format.HTML: lambda: html(facts, hub.kept.read).encode(),
        Format.PDF: lambda: pdf(facts, hub.kept.read),
    }[format]()
    if out is None:
        typer.echo(content.decode(), nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as refused:
        raise SetupError(f"{out} cannot be written ({refused.strerror}); name another file with --out.") from None
    say(f"  {out}: {len(content) / 1024:.0f} kB")


def _json(kept: "Kept") -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(kept.report, order="deterministic"), indent=2) + b"\n"


def _send(hub: "Hub", kept: "Kept", plan: ReportPlan, format: Format, addresses: list[str]) -> bool:
    """Send it by Slack or e-mail; True where something was refused or is in doubt."""
    from hub.wiring import deliver, reporting

    to = _addressees(plan, format, addresses)
    reporting.send(hub, kept, to)
    slack = format is Format.SLACK
    done = deliver(hub, "slack", by_hand=True) if slack else reporting.deliver_mail(hub, by_hand=True)
    say(f"  {format}: {counted(done.outcomes) or 'sent before, nothing is sent again'}")
    if done.stopped:
        raise done.stopped
    return any(done.outcomes.get(outcome) for outcome in ("refused", "unknown"))


def _addressees(plan: ReportPlan, format: Format, addresses: list[str]) -> Addressees:
    import msgspec

    kind = str(format)
    given = tuple(addresses) or getattr(plan.to, kind)
    if not given:
        raise SetupError(
            f"{plan.name} has no addressee for {kind}: name one by --address, or under `to` of this report in hub.yaml."
        )
    try:
        return msgspec.convert({kind: given}, Addressees)
    except msgspec.ValidationError:
        raise SetupError(f"--address holds what is no addressee for {kind}: {', '.join(given)}.") from None


def _list(hub: "Hub", *, json: bool) -> None:
    from hub.wiring import reporting

    there = reporting.plans(hub)
    with hub.store.read() as view:
        last = view.reports.recent(LISTED)
    if json:
        answer_json({"reports": [plan.plain() for plan in there], "made": [made.plain() for made in last]})
        return
    rows = [(plan.name, plan.department, plan.period, _to(plan)) for plan in there]
    answer_table("Reports", ["Name", "For", "Period", "Goes to"], rows)
    made: list[tuple[Any, ...]] = [
        (one.name, f"{one.since:%Y-%m-%d %H:%M}", f"{one.until:%Y-%m-%d %H:%M}", "partial" if one.partial else "",
         one.made_at) for one in last
    ]  # fmt: skip
    answer_table("Made", ["Name", "From (UTC)", "To (UTC)", "", "At"], made, empty="None was made yet.")


def _to(plan: ReportPlan) -> str:
    return ", ".join((*plan.to.slack, *plan.to.email, *filter(None, (plan.to.folder,)))) or "nobody; see `reports`"

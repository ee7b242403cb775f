"""Commands about changed rules: plan shows what they would do over archived posts, apply does exactly that."""

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, printable, say
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.stages.plan import Change, Plan, Tally

NOUNS = {"Lead": "leads", "Case": "tickets", "Alert": "alerts"}
EXAMPLES = 3  # of each route and kind of difference
SHOWN = 60  # characters of a value
COUNTED = ("made", "joined", "changed", "dropped", "left", "sends")
COLUMNS = ("Would be made", "Join", "Changed", "Not made", "Not joined", "Sent by apply")
WHY_NOT = {
    "context": "read only because others answer them; nobody's work",
    "pending": "a person decides on them",
    "quarantined": "in quarantine; `hub replay` sends them back",
    "gone": "deleted, erased or past retention: their words are not kept",
    "no_signal": "never classified; --reclassify does",
    "route_cannot_decide": "a rule's expression cannot work on them; correct its `when`",
    "refused_there": "the destination refused the object; `hub replay --stage deliver` tries again",
    "edited_since": "edited since their record landed: it is not their newest word",
    "record_gone": "their landed record is gone by retention, or damaged",
    "unmappable": "today's mapping makes no post of their record",
}
Moment = Annotated[datetime | None, typer.Option(help="A time in UTC, such as 2026-03-02 or 2026-03-02T12:00:00.")]


@app.command()
def plan(
    days: Annotated[float, typer.Option(help="How many days to look back.", min=0)] = 30,
    since: Moment = None,
    until: Moment = None,
    network: Annotated[list[str] | None, typer.Option(help="Only posts of this network; may stand twice.")] = None,
    config: Annotated[Path | None, typer.Option(help="A hub.yaml that is not in force yet.")] = None,
    mappings: Annotated[
        Path | None, typer.Option(help="A folder with mappings or _routes.yaml that are not in force yet.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model that does not run yet, by its version.")] = None,
    reclassify: Annotated[
        bool, typer.Option("--reclassify", help="Judge all posts anew: for subjects or topics that were changed.")
    ] = False,
    remap: Annotated[
        list[str] | None, typer.Option(help="Read this network's landed records again, with today's mapping.")
    ] = None,
    actionable_hours: Annotated[
        float | None,
        typer.Option(
            help="How old a post may be and still be made into new work by apply; else as in hub.yaml.", min=0
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the plan down for `hub apply`.")] = None,
    json: Json = False,
) -> None:
    """Show what changed rules, mappings or classifiers would do over archived posts; nothing is written or sent.

    Compares what was really handed off, and what destinations were last sent, with what the rules in force would make
    of the same posts; or those that --config, --mappings and --model propose. `hub apply FILE` does what --out wrote.
    """
    from hub.wiring import Proposal
    from hub.wiring.planning import plan as foresee

    for path in (config, mappings):
        if path is not None and not path.exists():
            raise SetupError(f"There is no {path}; name what is proposed, or leave it out for the rules in force.")
    shown = _Stream() if json else _Examples()
    with opened_hub() as hub:
        now = hub.store.now()
        made, tally = foresee(
            hub, Proposal(config, mappings, model), each=shown.add, since=_utc(since) or now - timedelta(days=days),
            until=_utc(until), networks=tuple(network or ()), actionable_hours=actionable_hours,
            reclassify=reclassify, remap=tuple(remap or ()),
        )  # fmt: skip
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    if isinstance(shown, _Stream):
        shown.end(made, tally)
    else:
        _show(made, tally, shown)
        say(
            f"Written to {out}: `hub apply {out}` does it."
            if out
            else "`hub plan --out FILE` writes it down for apply."
        )


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="What `hub plan --out` wrote.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")] = "",
    send: Annotated[bool, typer.Option("--send", help="Deliver what waits at once, in this process.")] = False,
    json: Json = False,
) -> None:
    """Do exactly what a plan said: hand work over, change what would say otherwise. A plan that is stale is refused.

    What would not be made today stays as it is: somebody may be at it.
    """
    from hub import wiring
    from hub.cli import world
    from hub.settings import read_settings
    from hub.wiring.planning import apply as act

    made = _plan_in(file)
    if send:
        world.enter(read_settings())
    delivered: dict[str, dict[str, int]] = {}
    with opened_hub() as hub:
        done = act(hub, made, who=getuser(), why=reason)
        if send:
            for manifest in hub.destinations():
                delivered[manifest.name] = dict(wiring.deliver(hub, manifest.name).outcomes)
    if json:
        answer_json({"run": made.scope.run, **done, "delivered": delivered})
        return
    rows = [(name, count) for name, count in done.items()]
    rows += [(f"{name}: {outcome}", count) for name, told in delivered.items() for outcome, count in told.items()]
    answer_table(f"Applied as {made.scope.run}", ["What", "How many"], rows)
    if not send and done["deliveries"]:
        say("The next run of `deliver` sends it, or `hub run` in this process.")


def _plan_in(file: Path) -> "Plan":
    from hub.stages.plan import Plan

    try:
        return msgspec.json.decode(file.read_bytes(), type=Plan)
    except FileNotFoundError:
        raise SetupError(f"There is no {file}; `hub plan --out {file}` writes one.") from None
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        raise SetupError(f"{file} is no plan; `hub plan --out FILE` writes one.") from None


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


class _Examples:
    """A few differences of each route, for people."""

    def __init__(self) -> None:
        self.some: list[Change] = []
        self._counted: Counter[tuple[str, ...]] = Counter()

    def add(self, change: "Change") -> None:
        """Keep it if there are few like it."""
        like = (change.what, change.kind, change.route, change.team, str(change.sends))
        self._counted[like] += 1
        if self._counted[like] <= EXAMPLES:
            self.some.append(change)


class _Stream:
    """All differences as one JSON document, written while they come."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._some = False
        self._out.write(b'{"changes": [')

    def add(self, change: "Change") -> None:
        """The next one."""
        self._out.write(b",\n" if self._some else b"\n")
        self._out.write(msgspec.json.encode(change))
        self._some = True

    def end(self, made: "Plan", tally: "Tally") -> None:
        """What they add up to."""
        routes = [
            {"kind": kind, "route": route, "team": team, **counts.plain()}
            for (kind, route, team), counts in sorted(tally.by_route.items())
        ]
        rest = {
            "compared_with": "what was handed off and last sent", "posts_read_otherwise": tally.posts_changed,
            "signals_changed": tally.signals_changed, "routes": routes, "plan": made,
        }  # fmt: skip
        self._out.write(b"\n],\n" + msgspec.json.encode(rest, order="deterministic")[1:] + b"\n")


def _show(made: "Plan", tally: "Tally", examples: _Examples) -> None:
    scope = made.scope
    say(
        f"{made.posts} posts of {scope.since:%Y-%m-%d %H:%M} to {scope.until:%Y-%m-%d %H:%M} UTC, compared with what "
        "was handed off of them and what destinations were last sent"
    )
    names = (
        " and ".join(made.destinations) or "no destination: none is connected here, named in hub.yaml or was handed any"
    )
    say(f"  Work for {names}")
    for count, what in ((tally.posts_changed, "posts would be read"), (tally.signals_changed, "would be judged")):
        if count:
            say(f"  {count} {what} otherwise")
    print(headline(tally))
    rows = [
        (kind, route, team, *(counts.plain()[name] for name in COUNTED))
        for (kind, route, team), counts in sorted(tally.by_route.items())
    ]
    answer_table(
        "What would be different", ["Work", "Route", "Team", *COLUMNS], rows,
        empty="Nothing would be different: the rules say what was done.",
    )  # fmt: skip
    if examples.some:
        answer_table("For example", ["What", "Route", "Post", "There"], [_example(one) for one in examples.some])
    fields = [
        (f"{one.kind} {sent.object}", each.path, _value(each.old), _value(each.new), each.kept.replace("_", " "))
        for one in examples.some
        for sent in one.sent
        for each in sent.fields
    ]
    if fields:
        answer_table("Field by field, in these", ["Object", "Field", "Is", "Would be", "Kept there"], fields)
    _show_unjudged(made)


def headline(tally: "Tally") -> str:
    """The plan in one line: `leads +12, tickets -3, alerts 0; ...`."""
    parts = []
    for kind, counts in tally.kinds.items():
        signs = [f"{sign}{count}" for sign, count in (("+", counts.made), ("-", counts.dropped)) if count] or ["0"]
        changed = f" ({counts.changed} changed)" if counts.changed else ""
        parts.append(f"{NOUNS[kind]} {' '.join(signs)}{changed}")
    sent = ", ".join(f"{count} {name}" for name, count in sorted(tally.objects.items())) or "nothing"
    return f"{', '.join(parts)}; `hub apply` sends {sent}"


def _example(one: "Change") -> tuple[str, str, str, str]:
    what = f"{one.kind} {one.what}"
    if one.waits or one.why:
        what += f" ({(one.waits or one.why).replace('_', ' ')})"
    route = f"{one.route} for {one.team}" + (f", was {one.was_team}" if one.was_team else "")
    return what, route, one.url or one.post, " ".join(sent.url for sent in one.sent if sent.url)


def _value(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return printable(text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…")


def _show_unjudged(made: "Plan") -> None:
    rows = [
        (count, reason.replace("_", " "), WHY_NOT.get(reason.partition(":")[0], "see `hub quarantine`"))
        for reason, count in made.unjudged.items()
    ]
    if rows:
        answer_table("What cannot be judged", ["How many", "Reason", "Because"], rows)

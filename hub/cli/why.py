"""why: from anything that people can point at, back to the post, its record and every version behind it."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from hub.cli.app import Json, answer_table, app, opened_hub, printable, say
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.stages.why import Match, Record, Story
    from hub.store import HandedOff, OutboxRow
    from hub.wiring import Hub

SHOWN = 300  # characters of a post
CALLED = (
    "a Salesforce id or address, a Zendesk ticket's number or address, a Slack permalink or `CHANNEL TS`, an id of "
    "ours, a handoff's id or link, a post's key or address"
)


@app.command()
def why(
    asked: Annotated[list[str], typer.Argument(help=f"What it is called: {CALLED}.")],
    json: Json = False,
) -> None:
    """Why a lead, ticket or message is there, or why a post became nobody's work: its whole story.

    The post and the record as it came, what was found in it and by which version, route, mappings, run, deliveries with
    tries and answers, and what people corrected since. The exit code is 1 where several things are called so.
    """
    import connectors
    from hub.stages import why as stage

    text = " ".join(asked)
    names = {one.name: connectors.namer(one.name) for one in connectors.manifests(kind="destination")}
    with opened_hub() as hub:
        with hub.store.read() as view:
            found = stage.matches(view, text, names)
            told = stage.story(view, found[0].post, found[0].handoff) if found else None
        if told is None:
            raise SetupError(f"Nothing here is called {printable(text)!r}; name {CALLED}.")
        record = stage.record_of(told, hub.landing, _mapping(told))
        if json:
            _answer(hub, told, found, record)
        else:
            _show(hub, told, record)
            for other in found[1:]:
                say(f"  Also called so: {other.what}, `hub why {other.handoff or other.post}`")
    raise typer.Exit(1 if len({one.handoff or one.post for one in found}) > 1 else 0)


def _mapping(told: "Story") -> Any:
    """Of the network that the post's batch is from, if it has a connector now."""
    import connectors
    from hub.wiring.opening import mapping_of

    name = told.batch.batch.network if told.batch else None
    known = {one.name: one for one in connectors.manifests(kind="network")}
    return mapping_of(known[name]) if name in known else None


def _answer(hub: "Hub", told: "Story", found: "list[Match]", record: "Record") -> None:
    from hub.stages import why as stage
    from hub.stages.replay import shown

    facts = {
        "post": told.post, "key": told.key, "standing": told.standing, "gone": told.gone, "signal": told.signal,
        "earlier": told.earlier, "corrections": told.corrections, "handoffs": told.handoffs, "batch": told.batch,
        "page": stage.page_of(hub.settings.link_base, told.key), "line": record.line, "record_gone": record.gone,
        "runs": {one.id: stage.run_link(hub.settings.link_base, one.handoff.provenance.run) for one in told.handoffs},
        "also": found[1:],
    }  # fmt: skip
    print(shown(msgspec.to_builtins(facts) | {"record": record.record}))


def _show(hub: "Hub", told: "Story", record: "Record") -> None:
    from hub.stages import why as stage
    from hub.stages.replay import shown

    base = hub.settings.link_base
    answer_table("The post", ["", ""], [*_post(told), ("Page", stage.page_of(base, told.key))])
    answer_table("What was found in it", ["", ""], _signal(told), empty="Nothing was found in it yet.")
    if told.corrections:
        rows = [
            (one.kept.at, one.kept.who, one.kept.field, one.kept.old, one.kept.new, one.why) for one in told.corrections
        ]
        answer_table("What people said of it", ["When", "Who", "What", "It was", "It is", "Why"], rows)
    for handed in told.handoffs:
        _show_handoff(base, told, handed)
    where = f", line {record.line} of {told.batch.batch.path}" if record.line and told.batch else ""
    print(f"The record as it came{where}:" if record.record else f"The record as it came: {record.gone}")
    if record.record is not None:
        print(shown(record.record))


def _post(told: "Story") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [("Key", told.key)]
    if told.gone:
        rows.append(("Words", f"gone, by policy: {told.gone}"))
    elif told.post is not None:
        post = told.post
        who = " ".join(
            part for part in (post.author.display_name, post.author.handle and f"({post.author.handle})") if part
        )
        rows += [
            ("Who", who or post.author.native_id),
            ("Said", _short(post.text)),
            ("Where", post.url or post.network),
        ]
        rows += [("Published", post.published_at), ("Collected", post.collected_at)]
        rows.append(("Watches", ", ".join(post.seen_by)))
    reason = (told.standing.reason or "").replace("_", " ")
    state = told.standing.state.replace("_", " ")
    rows.append(("Became", f"{state}: {reason}" if reason else state))
    if told.batch:
        rows.append(("Batch", f"{told.batch.batch.name}, {told.batch.batch.run}"))
    return rows


def _signal(told: "Story") -> list[tuple[str, Any]]:
    signal = told.signal
    if signal is None:
        return []
    return [
        ("Intent", f"{signal.intent}, {signal.confidence:.0%} sure"),
        ("Sentiment", f"{signal.sentiment} ({signal.sentiment_score:+.2f})"),
        ("Urgency", f"{signal.urgency:.0%}"), ("Speaks of", ", ".join(signal.subjects)),
        ("Evidence", ", ".join(signal.evidence)), ("Found by", signal.found_by),
        ("Before that", ", ".join(one.found_by for one in told.earlier)),
    ]  # fmt: skip


def _show_handoff(base: str, told: "Story", handed: "HandedOff") -> None:
    from hub.stages import why as stage

    handoff, source = handed.handoff, handed.handoff.provenance
    rows: list[tuple[str, Any]] = [
        ("Route", source.route), ("Classifier", f"{source.classifier}, {source.confidence:.0%} sure"),
        ("Read by", source.reading), ("Rules", source.config),
        ("Run", stage.run_link(base, source.run) or source.run), ("Page", source.link),
        ("Priority", handoff.priority), ("Severity", handoff.severity or ""),
        ("Folded in", len(handoff.others) or ""),
        ("Took", ", ".join(f"{_lasted(length.total_seconds())} {name}" for name, length in told.steps(handed))),
    ]  # fmt: skip
    if handoff.lead is not None:
        lead = handoff.lead
        reasons = ", ".join(f"{one.name} {one.points:+g}" for one in lead.reasons)
        rows.append(
            ("Score", f"{lead.grade}: fit {lead.fit:g}, behaviour {lead.behaviour:g} ({reasons}), {lead.found_by}")
        )
    answer_table(
        f"{handoff.kind} for {handoff.team}, made {handed.created_at:%Y-%m-%d %H:%M} UTC ({handed.id})", ["", ""], rows
    )
    deliveries = [(f"{row.destination} {row.object}", _delivery(row)) for row in handed.deliveries]
    answer_table("Where it went", ["To", "How"], deliveries, empty="No destination takes it.")


def _delivery(row: "OutboxRow") -> str:
    tries = f"{row.attempt} {'try' if row.attempt == 1 else 'tries'}"
    parts = [
        f"version {row.version}",
        f"{row.state.replace('_', ' ')} after {tries}",
        row.outcome,
        row.reason,
        row.detail,
    ]
    parts += [
        row.object_id,
        row.url,
        f"by {row.mapping}",
        f"{row.settled_at:%Y-%m-%d %H:%M}" if row.settled_at else None,
    ]
    return ", ".join(part for part in parts if part)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _lasted(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"

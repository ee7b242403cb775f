"""Commands that look: status, ledger, watch."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.errors import SetupError

WATCHES = ["Source", "Watch", "State", "Last read", "Newest post", "Observed of a day", "What is wrong"]
QUARANTINED = ["Stage", "From or to", "Reason", "Items", "Oldest since"]
NO_WATCHES = "No watches; `hub watch add NETWORK KIND VALUE` adds one."


@app.command()
def status(json: Json = False) -> None:
    """What runs, how fresh each source is, what waits, and what is in trouble."""
    from hub.cli.views import status_facts

    with opened_hub() as hub:
        facts = status_facts(hub)
    if json:
        answer_json(facts)
        return
    running = facts["running"]
    answer_table("Running", ["Part", "State", "Address or log"], [
        *[(one["name"], "running" if one["running"] else "stopped", one["log"]) for one in running["parts"]],
        ("Airflow", "up" if running["running"] else "down (`hub up` starts it)", running["address"] or ""),
        ("sandbox", "up" if facts["sandbox"] else "down", facts["sandbox"] or ""),
    ])  # fmt: skip
    if facts["listening"]:
        answer_table("Buttons", ["Destination", "State"], list(facts["listening"].items()))
    answer_table("Sources", WATCHES, [list(watch.values()) for watch in facts["watches"]], empty=NO_WATCHES)
    answer_table("Waiting", ["What", "How many"], list(facts["waiting"].items()))
    held = facts["quarantine"]
    if held["groups"]:
        overdue = ", OVERDUE: `hub quarantine` says who must do what" if held["overdue"] else ""
        rows = [list(group.values()) for group in held["groups"]]
        answer_table(f"Quarantine: the oldest since {held['oldest']}{overdue}", QUARANTINED, rows)
    destinations = [(name, *row.values()) for name, row in facts["destinations"].items()]
    columns = ["Destination", "Done", "Waiting", "In doubt", "Dead", "Circuit"]
    none = "No destinations; docs/reference/connectors.md says which connections they need."
    answer_table("Destinations", columns, destinations, empty=none)


@app.command()
def accounts(json: Json = False) -> None:
    """The networks' own numbers of our accounts, as last counted; `hub refresh` counts anew."""
    with opened_hub() as hub, hub.store.read() as view:
        counted = view.measurements.latest()
    if json:
        answer_json([one.plain() for one in counted])
        return
    rows = [
        (
            one.network, one.account, one.name, "not available" if one.value is None else f"{one.value:,.0f}",
            one.period, f"{one.at:%Y-%m-%d %H:%M}",
        )
        for one in counted
    ]  # fmt: skip
    columns = ["Network", "Account", "What", "How many", "In a", "Counted"]
    answer_table("Our accounts", columns, rows, empty="Nothing was counted yet: `hub refresh`, with `own_accounts`.")


@app.command()
def ledger(
    run: Annotated[str | None, typer.Option(help="Only what this run landed or decided.")] = None,
    network: Annotated[str | None, typer.Option(help="Only this network.")] = None,
    json: Json = False,
) -> None:
    """The sums that must balance, such as fetched = new + known + skipped. Exit code 1 when they do not."""
    from hub.cli.flow import ledger_facts
    from hub.cli.tables import show_ledger

    with opened_hub() as hub, hub.store.read() as view:
        facts = ledger_facts(view.ledger.balance(run=run, network=network))
    if json:
        answer_json(facts)
    else:
        show_ledger(facts)
        aside = sorted(facts["set_aside"].items(), key=lambda pair: -pair[1])
        answer_table("Set aside", ["Reason", "Posts"], aside, empty="No post was set aside.")
    raise typer.Exit(0 if facts["balanced"] else 1)


@app.command()
def restored(
    taken_at: Annotated[datetime, typer.Argument(help="When the copy was taken, in UTC: 2026-03-01T04:00.")],
    json: Json = False,
) -> None:
    """Say that the store is a copy from then: everything is looked up at its destination before it is sent."""
    with opened_hub() as hub, hub.store.begin() as tx:
        moment = taken_at if taken_at.tzinfo else taken_at.replace(tzinfo=UTC)
        if moment > tx.now:
            raise SetupError("The copy cannot have been taken in the future; name the time in UTC.")
        doubted = tx.outbox.restored(moment)
    if json:
        answer_json({"looked_up_first": doubted})
    else:
        say(f"{doubted} deliveries that wait, and for two days all new ones, are looked up before they are sent.")


watch = typer.Typer(no_args_is_help=True, help="The standing questions in hub.yaml: list, add, rewind, remove.")
app.add_typer(watch, name="watch")


@watch.command("list")
def watch_list(json: Json = False) -> None:
    """All watches and how fresh each is."""
    from hub.cli.views import watch_facts

    with opened_hub() as hub:
        facts = watch_facts(hub)
    if json:
        answer_json(facts)
    else:
        answer_table("Watches", WATCHES, [list(fact.values()) for fact in facts], empty=NO_WATCHES)


@watch.command("add")
def watch_add(
    network: Annotated[str, typer.Argument(help="The connector's name, such as mastodon.")],
    kind: Annotated[str, typer.Argument(help="hashtag, keyword, mention, profile, community or feed.")],
    value: Annotated[str, typer.Argument(help="What to listen for, such as '#acme' or a feed's address.")],
) -> None:
    """Add a standing question to hub.yaml."""
    from hub.cli.organisation import add_watch

    add_watch(network, kind, value)
    say(f"Added. The next `hub run` asks {network} for {kind} {value}; its first answer is kept as history.")


@watch.command("rewind")
def watch_rewind(
    network: Annotated[str, typer.Argument(help="The connector's name, as in `hub watch list`.")],
    kind: Annotated[str, typer.Argument(help="The kind of watch.")],
    value: Annotated[str, typer.Argument(help="What it listens for, spelt as it is there.")],
) -> None:
    """Read a standing question from its beginning again; what is known stays known, and makes no second work."""
    from getpass import getuser

    from hub.domain import Cursor

    with opened_hub() as hub, hub.store.begin() as tx:
        asked = [each for each in tx.watches.listing(network) if (each.kind, each.value) == (kind, value)]
        if not asked:
            raise SetupError(f"{network} was never asked for {kind} {value}; `hub watch list` shows all watches.")
        for each in asked:
            tx.watches.rewind(each.key, Cursor())
            tx.audit.append(actor=getuser(), action="watch rewound", object=each.key)
    say(f"Rewound. The next `hub run` reads {network} for {kind} {value} as far back as it goes.")


@watch.command("remove")
def watch_remove(
    network: Annotated[str, typer.Argument(help="The connector's name, as in `hub watch list`.")],
    kind: Annotated[str, typer.Argument(help="The kind of watch.")],
    value: Annotated[str, typer.Argument(help="What it listens for, spelt as it is there.")],
) -> None:
    """Take a standing question out of hub.yaml; what it found stays."""
    from hub.cli.organisation import remove_watch

    remove_watch(network, kind, value)
    say("Removed.")

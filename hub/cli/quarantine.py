"""Commands about what could not go on: quarantine (look, preview, repair, discard) and replay."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.domain import Manifest
    from hub.stages.replay import Fate
    from hub.store import Item
    from hub.wiring import Hub

LISTED = 1_000  # items; a longer list helps nobody
Ids = Annotated[list[int] | None, typer.Argument(help="Numbers from `hub quarantine --each`; none: all that match.")]
Stage = Annotated[
    str | None, typer.Option(help="Only items that left at this stage: validate, classify, route, render or deliver.")
]
Reason = Annotated[str | None, typer.Option(help="Only items with this reason code.")]
Network = Annotated[str | None, typer.Option(help="Only items from this network, or to this destination.")]
Why = Annotated[str, typer.Option(help="Why, in a few words: the audit log keeps it.")]
Record = Annotated[str | None, typer.Option(help="A file with the record as it should be; - reads standard input.")]

group = typer.Typer(help="What could not go on, why, and who must do what; `hub replay` sends it back.")
app.add_typer(group, name="quarantine")


@group.callback(invoke_without_command=True)
def quarantine(
    context: typer.Context,
    stage: Stage = None,
    reason: Reason = None,
    network: Network = None,
    each: Annotated[bool, typer.Option("--each", help="A line for each item, not for each reason.")] = False,
    show: Annotated[int | None, typer.Option(help="As `hub quarantine show`.", hidden=True)] = None,
    json: Json = False,
) -> None:
    """What could not go on, why, and who must do what; `hub replay` sends it back. JSON has every item."""
    if context.invoked_subcommand:
        return
    if show is not None:
        show_item(show, json=True)
        return
    filters = {"stage": stage, "reason": reason, "network": network}
    with opened_hub() as hub, hub.store.read() as view:
        groups = view.quarantine.counts()
        items = view.quarantine.listing(limit=LISTED, **filters, state="open") if each or json else []  # type: ignore[arg-type]
        damaged = view.batches.damaged()
    total = sum(counted.items for counted in groups)
    if json:
        answer_json([_line(item) for item in items])
        return
    none = f"None of the {total} items in quarantine is so." if total else "Nothing is in quarantine."
    if each:
        columns = ["No.", "Stage", "Reason", "From or to", "Since", "Tries", "Detail"]
        rows = [list(_line(item).values()) for item in items]
        answer_table(f"Quarantine: {len(rows)} of {total} open", columns, rows, empty=none)
    else:
        chosen = [one for one in groups if all(getattr(one, name) == want for name, want in filters.items() if want)]
        _answer_groups(chosen, total, none)
    for state in damaged:
        say(f"  The file of batch {state.batch.name} ({state.batch.records} records) is damaged; it is read again.")


def _answer_groups(groups: list[Any], total: int, none: str) -> None:
    from hub.stages.replay import remedy_of

    known = _manifests()
    rows = []
    for one in groups:
        remedy = remedy_of(one.stage, one.reason, one.network, known)
        rows.append((one.items, f"{one.reason} ({one.stage}, {one.network})", one.since, f"{remedy.who}: {remedy.do}"))
    found = sum(one.items for one in groups)
    answer_table(
        f"Quarantine: {found} of {total} open", ["Items", "Reason", "Oldest since", "Next step"], rows, empty=none
    )


@group.command("show")
def show_item(
    id: Annotated[int, typer.Argument(help="Its number.")],
    json: Json = False,
) -> None:
    """One item whole: reason, next step, where it comes from, what was done about it, the record as it came."""
    from hub.stages import replay as stage_of

    with opened_hub() as hub:
        item = _item(hub, id)
        with hub.store.read() as view:
            found = stage_of.whence(view, item)
        line = stage_of.place_of(hub.landing, found.batch, item.record) if found.batch and item.record else None
    remedy = stage_of.remedy_of(item.stage, item.reason, item.network, _manifests())
    facts = {
        **_line(item), "state": item.state, "kind": item.kind, "who": remedy.who, "next_step": remedy.do,
        "watch": item.watch, "batch": item.batch, "file": found.batch.batch.path if found.batch else None, "line": line,
        "run": item.run, "post": item.post, "repaired_by": item.repaired_by, "repaired_at": item.repaired_at,
        "delivery": found.delivery.plain() if found.delivery else None, "body": found.body,
        "history": [entry.plain() for entry in found.history],
    }  # fmt: skip
    if json:
        whole = msgspec.to_builtins(facts) | {"record": item.record, "repaired": item.repaired}
        print(stage_of.shown([whole]))  # which escapes what no JSON of ours could carry, or would steer a terminal
        return
    told = {name: value for name, value in facts.items() if name not in ("delivery", "body", "history")}
    if found.delivery:
        names = ("destination", "object", "external_id", "version", "digest", "object_id", "url", "mapping", "attempt")
        told |= {name: getattr(found.delivery, name) for name in names}
    rows = [(name.replace("_", " "), value) for name, value in told.items() if value not in (None, "")]
    answer_table(f"Item {id}", ["What", "Is"], rows)
    acts = [(entry.at, entry.actor, entry.action, entry.reason) for entry in found.history]
    if acts:
        answer_table("What was done about it", ["When", "Who", "What", "Why"], acts)
    for title, record in (("As it came", item.record), ("As repaired", item.repaired), ("As it was sent", found.body)):
        if record is not None:
            print(f"{title}:\n{stage_of.shown(record)}")


@group.command()
def preview(
    ids: Ids = None,
    stage: Stage = None,
    reason: Reason = None,
    network: Network = None,
    record: Record = None,
    json: Json = False,
) -> None:
    """What would come of it with today's mappings and rules, or with a record as you mean it to be. Writes nothing."""
    from hub.stages import replay as stage_of
    from hub.wiring import rulebook

    fates: list[Fate] = []
    with _hub_of_the_world() as hub:
        chosen = stage_of.choose(hub.store, ids=ids or (), stage=stage, reason=reason, network=network)
        book = rulebook(hub)
        if record is None:
            stage_of.run(book, chosen, store=hub.store, run="preview", dry_run=True, told=fates.append)
        else:
            item = _item(hub, _only(chosen))
            changed = item.with_(repaired=stage_of.repaired(item, _read(record)))
            fates.append(stage_of.foresee(book, changed, store=hub.store))
    if json:
        answer_json([fate.plain() for fate in fates])
    else:
        _answer_fates(fates)
    raise typer.Exit(0 if all(fate.released for fate in fates) else 1)


def _answer_fates(fates: "list[Fate]") -> None:
    from hub.stages.replay import shown

    rows = []
    for fate in sorted(fates, key=lambda one: one.item):
        sent = ", ".join(f"{one.destination} {one.object}" + " (again)" * one.again for one in fate.deliveries)
        rows.append((fate.item, fate.end.replace("_", " "), fate.reason, sent, fate.detail))
    answer_table("What would come of it", ["No.", "End", "Why", "Sends", "Detail"], rows, empty="Nothing is so.")
    for planned in fates[0].deliveries if len(fates) == 1 else ():
        print(f"{planned.destination} {planned.object} {planned.external_id}, version {planned.version}:")
        print(shown(planned.body))


@group.command()
def repair(
    id: Annotated[int, typer.Argument(help="Its number.")],
    record: Annotated[str, typer.Option(help="A file with the record as it should be; - reads standard input.")],
    why: Why,
) -> None:
    """Change one item's record; the record as it came is kept, and the change is audited. Replay it afterwards."""
    from hub.stages import replay as stage_of

    with opened_hub() as hub:
        stage_of.repair(hub.store, _item(hub, id), _read(record), who=getuser(), why=why)
    say(f"Kept. `hub quarantine preview {id}` shows what would come of it, `hub replay {id}` sends it back.")


@group.command()
def discard(why: Why, ids: Ids = None, stage: Stage = None, reason: Reason = None, network: Network = None) -> None:
    """Give items up. They stay in the sums as quarantined, and the audit log keeps who and why."""
    from hub.stages import replay as stage_of

    if not any((ids, stage, reason, network)):
        raise SetupError("Name numbers, or a stage, a reason or a network: everything is never given up at once.")
    with opened_hub() as hub:
        chosen = stage_of.choose(hub.store, ids=ids or (), stage=stage, reason=reason, network=network)
        count = stage_of.discard(hub.store, chosen, who=getuser(), why=why)
    say(f"{count} discarded. `hub quarantine reopen` takes that back.")


@group.command()
def reopen(ids: Annotated[list[int], typer.Argument(help="Numbers of items that were discarded.")], why: Why) -> None:
    """Take back that items were discarded."""
    from hub.stages import replay as stage_of

    with opened_hub() as hub:
        count = stage_of.reopen(hub.store, ids, who=getuser(), why=why)
    say(f"{count} are open again.")


@app.command()
def replay(
    ids: Ids = None,
    stage: Stage = None,
    reason: Reason = None,
    network: Network = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of them.")] = False,
    json: Json = False,
) -> None:
    """Send quarantined items back to the stage they left, with today's mappings and rules."""
    from hub.stages import replay as stage_of
    from hub.wiring import rulebook

    asked = {"stage": stage, "reason": reason, "network": network}
    with _hub_of_the_world() as hub:
        chosen = stage_of.choose(hub.store, ids=ids or (), **asked)
        book = rulebook(hub)
        if dry_run:
            done = stage_of.run(book, chosen, store=hub.store, run="dry run", dry_run=True)
        else:
            with hub.store.begin() as tx:
                run_id = tx.runs.start("replay")
            done = stage_of.run(book, chosen, store=hub.store, run=run_id)
            with hub.store.begin() as tx:
                tx.runs.finish(run_id, "done", stage_of.summary(done))
            filters = ", ".join(f"{name} {value}" for name, value in asked.items() if value)
            stage_of.kept(hub.store, run_id, done, who=getuser(), filters=filters)
    facts = stage_of.summary(done)
    if json:
        answer_json(facts)
    else:
        answer_table("Would be replayed" if dry_run else "Replayed", ["What", "How many"], list(facts.items()))
        if done.released and not dry_run:
            say("`hub run` delivers what was released.")
    raise typer.Exit(1 if done.still else 0)


@contextmanager
def _hub_of_the_world() -> "Iterator[Hub]":
    """The hub, where its destinations are: which of them are connected decides what becomes of a post."""
    from hub.cli import world
    from hub.settings import read_settings

    world.enter(read_settings())
    with opened_hub() as hub:
        yield hub


def _item(hub: "Hub", id: int) -> "Item":
    with hub.store.read() as view:
        found = view.quarantine.get([id])
    if not found:
        raise SetupError(f"The quarantine has no item {id}; `hub quarantine --each` lists those there are.")
    return found[0]


def _only(chosen: list[int]) -> int:
    if len(chosen) != 1:
        raise SetupError(f"One record is for one item, and {len(chosen)} were named; give its number.")
    return chosen[0]


def _read(record: str) -> str:
    try:
        data = sys.stdin.buffer.read() if record == "-" else Path(record).read_bytes()
        return data.decode()
    except UnicodeDecodeError:
        raise SetupError(f"{record} is no text in UTF-8.") from None
    except OSError as refused:
        raise SetupError(f"{record} cannot be read: {refused.strerror}.") from None


def _line(item: "Item") -> dict[str, Any]:
    names = ("id", "stage", "reason", "network", "since", "tries", "detail")
    return {name: getattr(item, name) for name in names}


def _manifests() -> "dict[str, Manifest]":
    import connectors
    from hub.kit import mail

    return {manifest.name: manifest for manifest in (*connectors.manifests(), mail.MANIFEST)}

"""Commands about people: who is loud, who is one person, and the last word on that."""

from getpass import getuser
from typing import Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.cli.leads import COLUMNS, score_cells

LISTED = 50


@app.command()
def acquaint() -> None:
    """Compare and rank the accounts that were seen since the last time; upkeep does it every night."""
    from hub.stages import acquaint as stage

    with opened_hub() as hub:
        done = stage.run(hub.config, store=hub.store)
    say(f"{done.seen} accounts seen, {done.compared} pairs compared: {done.merged} merged, {done.suggested} suggested.")


@app.command()
def people(json: Json = False) -> None:
    """The loudest accounts with their audience class, and pairs that may be one person."""
    with opened_hub() as hub, hub.store.read() as view:
        loud, ties = view.people.loudest(LISTED), view.people.listing("suggested", LISTED)
        authors = view.authors.many(
            {one.author for one in loud} | {key for tie in ties for key in (tie.one, tie.other)}
        )
    if json:
        answer_json({"loudest": [one.plain() for one in loud], "suggested": [tie.plain() for tie in ties]})
        return

    def named(key: str) -> str:
        known = authors.get(key)
        return f"{key.partition(':')[0]} {known.handle if known else key}"

    rows = [(named(one.author), one.audience, f"{one.influence:.0f}") for one in loud]
    answer_table("The loudest", ["Account", "Audience", "Influence"], rows, empty="`hub acquaint` ranks accounts.")
    pairs = [
        (tie.id, named(tie.one), named(tie.other), f"{tie.confidence:.0%}", ", ".join(tie.evidence)) for tie in ties
    ]
    columns = ["No.", "One", "Other", "Sure", "Evidence"]
    answer_table("Perhaps one person", columns, pairs, empty="Nothing is suggested.")
    say("`hub merge NO.` makes one person of two, `hub part NO.` keeps or takes them apart.")


@app.command()
def person(author: Annotated[str, typer.Argument(help="Key of one account, such as x:account:7.")]) -> None:
    """All accounts of the person behind one account, and the evidence for it."""
    with opened_hub() as hub, hub.store.read() as view:
        keys, ties = view.people.person(author), view.people.ties_of(author)
        known = view.authors.many(keys)
        standings = {key: view.people.standing(key) for key in keys}
        score = next((found for key in keys if (found := view.leads.score(key))), None)
    rows = []
    for key in keys:
        standing = standings[key]
        handle = known[key].handle if key in known else ""
        rows.append(
            (key, handle, standing.audience if standing else "", f"{standing.influence:.0f}" if standing else "")
        )
    answer_table("Accounts", ["Key", "Handle", "Audience", "Influence"], rows)
    if score is not None:
        answer_table("Lead score", COLUMNS[2:], [score_cells(score)])
    columns = ["No.", "One", "Other", "State", "Sure", "Evidence", "Decided by"]
    told = [
        (tie.id, tie.one, tie.other, tie.state, f"{tie.confidence:.0%}", ", ".join(tie.evidence), tie.decided_by or "")
        for tie in ties
    ]
    answer_table("Ties", columns, told, empty="No ties.")


@app.command()
def merge(id: Annotated[int, typer.Argument(help="Number of a tie from `hub people`.")]) -> None:
    """Make one person of the two accounts of a tie; `hub part` undoes it."""
    from hub.errors import SetupError

    with opened_hub() as hub, hub.store.begin() as tx:
        tie = tx.people.get(id)
        if tie is None:
            raise SetupError(f"There is no tie {id}; `hub people` lists them.")
        tx.people.tie(
            tie.one, tie.other, state="merged", confidence=tie.confidence, evidence=tie.evidence,
            found_by=tie.found_by, by=getuser(),
        )  # fmt: skip
        tx.audit.append(actor=getuser(), action="accounts merged", object=f"tie:{id}", reason="by hand")
    say(f"{tie.one} and {tie.other} are one person now; `hub part {id}` undoes it.")


@app.command()
def part(id: Annotated[int, typer.Argument(help="Number of a tie from `hub people` or `hub person`.")]) -> None:
    """Take two accounts apart; nothing that is found later merges them again."""
    with opened_hub() as hub, hub.store.begin() as tx:
        tie = tx.people.part(id, getuser())
        tx.audit.append(actor=getuser(), action="accounts parted", object=f"tie:{id}", reason="by hand")
    say(f"{tie.one} and {tie.other} are two again.")

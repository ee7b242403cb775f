"""Commands about leads: who is likely to buy and why, and what became of those that were handed over."""

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say

if TYPE_CHECKING:
    from hub.domain import LeadScore
    from hub.people.calibration import Calibration
    from hub.stages.score import Learned

LISTED = 50
COLUMNS = ["Account", "Handle", "Grade", "Fit", "Behaviour", "Chance", "Why", "As of"]


@app.command()
def leads(
    network: Annotated[str | None, typer.Option(help="Only this network.")] = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1)] = LISTED,
    json: Json = False,
) -> None:
    """Who is likely to buy: fit and behaviour apart, each with its reasons; the chance once outcomes have taught it."""
    with opened_hub() as hub, hub.store.read() as view:
        best = view.leads.best(limit, network=network)
        authors = view.authors.many({one.author for one in best})
    if json:
        answer_json([one.plain() for one in best])
        return
    rows = [
        (one.author, authors[one.author].handle if one.author in authors else "", *score_cells(one.score))
        for one in best
    ]
    answer_table("Leads", COLUMNS, rows, empty="Nobody has said anything that speaks of buying.")


@app.command(name="lead-outcomes")
def lead_outcomes(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV or JSON lines: `lead` (key of the account) or `Hub_Key__c`; `outcome` or `Status`."),
    ] = None,
    json: Json = False,
) -> None:
    """Learn what became of leads (won, lost), and by it the chance that every later score has.

    Without a file each destination that takes leads is asked, as the `upkeep` DAG does every night. A report on Leads
    exported from Salesforce with `Hub_Key__c` and `Status` can be given as it is.
    """
    from hub.classify.examples import read_rows
    from hub.stages.score import learn
    from hub.wiring import endings

    with opened_hub() as hub:
        if file is not None:
            learned = {"file": learn(hub.store, read_rows(file), who=getuser())}
        else:
            learned = {each.name: endings(hub, each.name) for each in hub.destinations() if "Lead" in each.handoffs}
    if json:
        answer_json({name: _plain(each) for name, each in learned.items()} if file is None else _plain(learned["file"]))
        return
    if not learned:
        say("No destination that takes leads is connected; connect one, or give a file.")
    for each in learned.values():
        _tell(each)


def _plain(learned: "Learned") -> dict[str, object]:
    calibration = learned.calibration
    return {
        "told": learned.told, "kept": learned.kept, "open": learned.still_open, "why_not": learned.why_not,
        "calibration": calibration and calibration.plain() | {"believed": calibration.believed},
    }  # fmt: skip


def _tell(learned: "Learned") -> None:
    say(f"{learned.told} told: {learned.kept} of our leads have ended, {learned.still_open} are open or say nothing.")
    if learned.calibration is not None:
        _show(learned.calibration)
    elif learned.why_not:
        say(f"Nothing was learned: {learned.why_not}")


def score_cells(score: "LeadScore") -> tuple[str, ...]:
    """A score in cells of a table, from the grade on."""
    chance = "" if score.chance is None else f"{score.chance:.0%}"
    why = ", ".join(f"{one.name.replace('_', ' ')} {one.points:+g}" for one in score.reasons)
    return score.grade, f"{score.fit:g}", f"{score.behaviour:g}", chance, why, f"{score.as_of:%Y-%m-%d %H:%M}"


def _show(calibration: "Calibration") -> None:
    weights = sorted(zip(calibration.features, calibration.weights, strict=True), key=lambda pair: -abs(pair[1]))
    rows = [(name.replace("_", " "), f"{weight:+.2f}") for name, weight in weights]
    answer_table(
        f"What {calibration.leads} outcomes teach, {calibration.won} of them won", ["Because of", "Weight"], rows
    )
    verdict = "the chance is shown from now on" if calibration.believed else "no more than the share says: not believed"
    say(
        f"On leads left out: AUC {calibration.auc:.3f}, error {calibration.brier:.3f} in place of "
        f"{calibration.brier_of_share:.3f}; {verdict}."
    )

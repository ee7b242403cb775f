"""The tables that several commands show."""

from typing import Any

from hub.cli.app import answer_table


def show_pass(done: Any) -> None:
    """What one pass did, and the ledger."""
    triaged = done.triaged
    if triaged:
        work = [(kind, count) for kind, count in sorted(triaged["handoffs"].items())]
        aside = [(f"set aside: {reason}", count) for reason, count in sorted(triaged["set_aside"].items())]
        answer_table("What the posts became", ["Handoff", "Posts or handoffs"], work + aside)
    rows = [
        (
            name,
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing waits",
        )
        for name, outcomes in done.delivered.items()
    ]
    answer_table("Delivered", ["Destination", "Outcomes"], rows)
    show_ledger(done.ledger)


def show_ledger(facts: dict[str, Any]) -> None:
    """The three sums, each with both of its sides."""
    aside = sum(facts["set_aside"].values())
    fetched, new, known, skipped = (facts[name] for name in ("fetched", "new", "known", "skipped"))
    valid, quarantined, pending = (facts[name] for name in ("valid", "quarantined", "pending"))
    sums = [
        ("fetched = new + known + skipped", fetched, f"{new} + {known} + {skipped}"),
        ("new = valid + quarantined + pending", new, f"{valid} + {quarantined} + {pending}"),
        ("valid = handed off + set aside", valid, f"{facts['handed_off']} + {aside}"),
    ]  # fmt: skip
    title = "Ledger: balanced" if facts["balanced"] else f"Ledger: DOES NOT BALANCE {facts['differences']}"
    answer_table(title, ["Sum", "Left", "Right"], sums)

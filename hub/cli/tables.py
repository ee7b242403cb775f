"""The tables that several commands show."""

from collections.abc import Mapping
from typing import Any

from hub.cli.app import answer_table


def counted(counts: Mapping[str, int]) -> str:
    """Counts in one line, the most first: `12 created, 1 refused`."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in ordered if count)


def show_pass(done: Any) -> None:
    """What one pass did, and the ledger."""
    triaged, rows = done.triaged, []
    if triaged:
        posts = {name: triaged[name] for name in ("new", "known", "skipped", "quarantined")}
        rows = [
            ("Posts", counted(posts) or "none"),
            ("Became", counted(triaged["handoffs"]) or "no work"),
            ("Set aside", counted(triaged["set_aside"]) or "none"),
        ]
    rows += [(name, counted(outcomes) or "nothing waits") for name, outcomes in done.delivered.items()]
    answer_table(f"Run {done.run}", ["What", "How many"], rows)
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
    ]
    differences = "; ".join(f"{sum_}: {by:+}" for sum_, by in facts["differences"].items())
    title = "Ledger: balanced" if facts["balanced"] else f"Ledger: DOES NOT BALANCE ({differences})"
    answer_table(title, ["Sum", "Left", "Right"], sums)

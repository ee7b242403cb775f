"""All commands, registered: importing their modules adds them to the command line."""


def register() -> None:
    """Make every command known; cheap, since a command imports what it needs when it runs."""
    from hub.cli import (  # noqa: F401
        alarms,
        analysts,
        authors,
        kpis,
        leads,
        learning,
        listening,
        maturity,
        numbers,
        operators,
        persons,
        planning,
        protocols,
        quarantine,
        report,
        runs,
        serve,
        setup,
        signals,
        voices,
        why,
    )

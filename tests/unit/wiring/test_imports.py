"""What a run pays for before it does anything: it imports only what it is going to use."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

REPO = Path(__file__).resolve().parents[3]


def imported(code: str) -> set[str]:
    """Everything that a process has imported after this."""
    whole = f"{dedent(code)}\nimport sys; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", whole], cwd=REPO, check=True, capture_output=True, text=True
        ).stdout.split()
    )


def test_a_run_that_finds_nothing_imports_no_judges():
    found = imported(
        """
        import hub.stages.collect, hub.stages.incidents, hub.stages.triaged
        from hub.wiring import Hub, collect, deliver, triage
        Hub().kept
        """
    )
    judges = {"hub.classify", "hub.quality", "hub.people", "hub.measure", "hub.stages.admit", "rapidfuzz"}
    seldom = {"structlog", "rich", "fsspec", "alembic", "sqlalchemy.dialects.postgresql"}

    assert not found & (judges | seldom)


def test_a_run_that_decides_imports_nothing_that_is_seldom_needed():
    found = imported(
        "import connectors.x.connector, hub.stages.collect, hub.stages.triage, hub.stages.detect, hub.wiring"
    )

    assert "hub.classify" in found
    assert not found & {"structlog", "rich", "fsspec", "alembic", "pandas", "great_expectations"}

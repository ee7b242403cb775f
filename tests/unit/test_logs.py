"""Loggers that bring structlog only when there is something to write."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from structlog.testing import capture_logs

from hub.logs import get_logger

REPO = Path(__file__).resolve().parents[2]


def told(code):
    return subprocess.run([sys.executable, "-c", dedent(code)], cwd=REPO, check=True, capture_output=True, text=True)


def test_events_and_their_facts_are_structlogs():
    log = get_logger("hub.somewhere")
    with capture_logs() as seen:
        log.info("watch is read", watch="x:1")
        log.warning("watch failed", error="Unavailable")
        log.error("work is lost", items=7)

    assert seen == [
        {"event": "watch is read", "log_level": "info", "watch": "x:1"},
        {"event": "watch failed", "log_level": "warning", "error": "Unavailable"},
        {"event": "work is lost", "log_level": "error", "items": 7},
    ]


def test_commands_log_only_errors_and_never_into_the_answer():
    said = told(
        """
        import sys
        from hub.logs import get_logger, log_aside
        log_aside()
        assert "structlog" not in sys.modules
        get_logger("hub.first").warning("quiet")
        get_logger("hub.second").error("loud", items=7)
        """
    )

    assert said.stdout == ""
    assert "loud" in said.stderr
    assert "items=7" in said.stderr
    assert "quiet" not in said.stderr

"""Loggers, by structlog, which is imported with the first line that is written.

Importing it (with Rich) costs a tenth of a second, and most runs have nothing to log.
"""

import sys
from typing import Any

_aside: list[bool] = []  # whether structlog, once it is there, is to be told that only errors are of interest


class Logger:
    """Writes events with their facts; facts are never part of the event's words."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **facts: Any) -> None:
        """What somebody may want to know."""
        self._written_by().info(event, **facts)

    def warning(self, event: str, **facts: Any) -> None:
        """What went wrong and is dealt with."""
        self._written_by().warning(event, **facts)

    def error(self, event: str, **facts: Any) -> None:
        """What went wrong and needs somebody."""
        self._written_by().error(event, **facts)

    def _written_by(self) -> Any:
        import structlog

        if _aside:
            _aside.clear()
            _only_errors()
        return structlog.get_logger(self._name)


def get_logger(name: str) -> Logger:
    """The logger of a module."""
    return Logger(name)


def log_aside() -> None:
    """For commands that say themselves what goes wrong: only errors are logged, and never into the answer."""
    if "structlog" in sys.modules:
        _only_errors()
    else:
        _aside[:] = [True]


def _only_errors() -> None:
    import logging

    import structlog

    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is then: it may be replaced
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )

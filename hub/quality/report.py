"""The report of one batch check, as a page and as JSON.

Our own, since the pages that Great Expectations makes load styles and scripts from eight public hosts: offline they
are bare, and on-line they tell those hosts who checks what. This one is a single file without a script.
"""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hub.quality.verdict import Verdict

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).parent / "report.html.j2"
ROWS_SHOWN = 200
MEANING = {
    "passed": "Every row goes on.",
    "split": "The rows below are in quarantine; all others go on.",
    "held": "Nothing of this run goes on until the source or the suite is mended. Nothing is lost.",
}


def render_html(verdict: Verdict, *, title: str, at: datetime) -> str:
    """The report as one HTML page; keys and messages are escaped, nothing is loaded from elsewhere."""
    failures = sorted(verdict.failures.items())
    return _template().render(
        verdict=verdict,
        title=title,
        at=at,
        meaning=MEANING[verdict.state],
        failures=failures[:ROWS_SHOWN],
        more=max(0, len(failures) - ROWS_SHOWN),
    )


def render_json(verdict: Verdict, *, title: str, at: datetime) -> bytes:
    """The report for programs; the same facts as the page, with all rows."""
    return msgspec.json.encode({"title": title, "at": at, **verdict.plain()})


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text("utf-8"))

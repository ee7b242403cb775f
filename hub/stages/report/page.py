"""A report as one HTML file: its pictures inside, no script, nothing loaded from anywhere. And as an e-mail's page."""

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hub.stages.report.showing import Plain, Read, reasons

HERE = Path(__file__).parent / "templates"
STYLE = (HERE / "report.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; img-src data:; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def html(facts: Plain, read: Read) -> str:
    """The file; `read` gives a picture's bytes by its digest."""

    def inside(digest: str) -> str:
        return f"data:image/png;base64,{base64.b64encode(read(digest)).decode()}"

    return _page(facts, inside, policy=POLICY)


def mail_html(facts: Plain) -> str:
    """The page of an e-mail, whose pictures come with it."""
    return _page(facts, lambda digest: f"cid:{digest}", policy="")


def _page(facts: Plain, source: Callable[[str], str], *, policy: str) -> str:
    css = Markup(STYLE)
    return (
        _templates().get_template("report.html").render(**facts, source=source, policy=policy, css=css, reasons=reasons)
    )

"""How values are said on a page. What people wrote is only ever data: escaped, isolated, never a link."""

import json
import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from hub.stages.replay import shown

STEPS = ((60, "s"), (3600, "min"), (86_400, "h"))
SHORT = 160
WHOLE = 1000  # from here on no digit behind the point tells anything
NARROW = "\u202f"  # between a number and its unit


@cache
def environment() -> Environment:
    """Templates that escape everything and stumble over what is missing."""
    from command_centre import PREFIX
    from command_centre.filters import PERIODS
    from command_centre.navigation import PAGES

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"prefix": PREFIX, "pages": PAGES, "periods": PERIODS}
    made.filters |= {
        "ago": ago,
        "lasted": lasted,
        "moment": moment,
        "short": short,
        "web": web,
        "number": number,
        "as_json": as_json,
        "shown": shown,
        "coded": coded,
        "segment": segment,
        "figured": figured,
        "by_the_clock": by_the_clock,
    }
    return made


def template(name: str) -> Template:
    """One page."""
    return environment().get_template(name)


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `40 s`, `12 min`, `5 h`, `3 d`."""
    return "never" if then is None else f"{lasted(now - then)} ago"


def lasted(time: timedelta) -> str:
    """A length of time, in the largest unit that fits."""
    seconds = max(time.total_seconds(), 0)
    size = 1
    for limit, unit in STEPS:
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
        size = limit
    return f"{seconds / size:.0f} d"


def moment(then: datetime | None) -> str:
    """A time that people can compare across countries."""
    return "" if then is None else then.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def short(text: str | None, length: int = SHORT) -> str:
    """The start of a text, on one line."""
    line = " ".join((text or "").split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def web(url: str | None) -> str | None:
    """The address, put together again from its parts, if it is one of the web; `javascript:` is no link."""
    try:
        parts = urlsplit((url or "").strip())
        whole = parts.scheme in ("http", "https") and parts.hostname and not parts.username and not parts.password
    except ValueError:
        return None
    return parts.geturl() if whole else None


def segment(text: str) -> str:
    """One part of an address: a slash in it is no slash of ours."""
    return quote(text, safe="")


def number(value: float | None) -> str:
    """A count with thin spaces between thousands; a share as per cent is the template's business."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")


def figured(value: float | None, unit: str = "count", *, signed: bool = False) -> str:
    """A figure in its unit: `1 204`, `45.2 %`, `−12.3`, `3 min`; with its sign where it is a difference."""
    if value is None:
        return "–"
    sign = "−" if value < 0 else "+" if value > 0 and (signed or unit == "points") else ""
    if unit == "seconds":
        return sign + lasted(timedelta(seconds=abs(value)))
    whole = value == int(value) or abs(value) >= WHOLE
    digits = 0 if whole and unit in ("count", "money") else 2 if unit == "ratio" else 1
    text = f"{abs(value):,.{digits}f}".replace(",", "\u202f")
    return f"{sign}{text}{NARROW + '%' if unit == 'percent' else ''}"


def by_the_clock(then: datetime, zone: tzinfo) -> str:
    """A time as it is told at the organisation's place."""
    return then.astimezone(zone).strftime("%a %-d %b %Y, %H:%M")


def coded(text: str | None) -> Markup:
    """Text in which `what stands so` is shown as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text or ""))))


def as_json(value: Any) -> str:
    """A record as its network sent it, readable; half a character, which no page can carry, stays an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return text.encode("utf-8", "backslashreplace").decode()

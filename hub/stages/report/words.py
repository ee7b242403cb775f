"""Figures in words: the same in every format."""

from datetime import datetime
from zoneinfo import ZoneInfo

import regex

from hub.domain import Figure
from hub.domain.reports import Row

HIDDEN = regex.compile(r"[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")
SMALLEST = 0.05  # changes below this look like none


def said(value: float | None, unit: str) -> str:
    """A value with its unit; a dash where there is none."""
    if value is None:
        return "–"
    match unit:
        case "percent":
            return f"{value:,.1f} %"
        case "points":
            return f"{value:+,.1f}"
        case "seconds":
            return duration(value)
        case "ratio" | "money":
            return f"{value:,.2f}"
    return f"{value:,.0f}"


def duration(seconds: float) -> str:
    """The largest two units that say it."""
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for at, (name, size) in enumerate(units):
        if whole >= size or name == "s":
            parts = [f"{whole // size} {name}"]
            if at + 1 < len(units) and (rest := whole % size // units[at + 1][1]):
                parts.append(f"{rest} {units[at + 1][0]}")
            return sign + " ".join(parts)
    return "0 s"


def interval(figure: Figure, unit: str) -> str:
    """Between what the true value is in 95 of 100 cases; empty where that is not known."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{said(figure.low, unit)} to {said(figure.high, unit)}"


def change(row: Row) -> str:
    """How it differs from the period before; empty where the two cannot be compared."""
    now, then = row.figure.value, row.before.value if row.before else None
    if now is None or then is None:
        return ""
    if row.unit in ("percent", "points"):
        return f"{now - then:+,.1f} points" if abs(now - then) >= SMALLEST else "as before"
    if not then:
        return f"from {said(then, row.unit)}" if now else "as before"
    share = 100 * (now - then) / abs(then)
    return f"{share:+,.0f} %" if abs(share) >= 0.5 else "as before"


def tone(row: Row) -> str:
    """good, bad or plain: what the change means, where the KPI says which way is better."""
    now, then = row.figure.value, row.before.value if row.before else None
    if now is None or then is None or now == then or row.better == "neither" or change(row) == "as before":
        return "plain"
    return "good" if (now > then) == (row.better == "more") else "bad"


def seen(figure: Figure) -> str:
    """How much of the sources' hours was observed, and whether that is all."""
    return f"{share(figure.coverage)} partial".strip() if figure.partial else share(figure.coverage)


def share(coverage: float | None) -> str:
    """How much was observed; empty where nothing was to be."""
    if coverage is None:
        return ""
    return "under 1 %" if 0 < coverage < 0.01 else f"{100 * coverage:.0f} %"


def at(moment: datetime, zone: ZoneInfo) -> str:
    """A moment at the organisation's place."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def clean(text: str, longest: int) -> str:
    """One line of somebody's words, cut between characters, without what is not to be seen."""
    line = " ".join(HIDDEN.sub(" ", text).split())
    clusters = regex.findall(r"\X", line[: longest * 12])
    return line if len(clusters) <= longest and len(line) <= longest * 12 else "".join(clusters[: longest - 1]) + "…"

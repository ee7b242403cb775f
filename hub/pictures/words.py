"""Names and numbers as a picture says them."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 34  # characters of a name in a picture; the table beside it has all of them
PLAIN = ("posts", "count")


def clean(text: str, length: int = LONGEST) -> str:
    """A name on one line, without what turns the writing or cannot be drawn, cut to fit."""
    shown = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in text)
    line = " ".join(shown.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def told_apart(names: Iterable[str], length: int = LONGEST) -> list[str]:
    """The names as they are drawn; those that look alike are numbered."""
    met: dict[str, int] = {}
    shown = []
    for name in names:
        short = clean(name, length) or "(no name)"
        met[short] = met.get(short, 0) + 1
        shown.append(short if met[short] == 1 else f"{short} ({met[short]})")
    return shown


def number(value: float | None) -> str:
    """`12,345`, `3.4`, `0.07`: as many digits as tell something."""
    if value is None:
        return "no value"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 1 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def said(value: float | None, unit: str) -> str:
    """The number with its unit: `45 %`, `12 posts`."""
    return (
        number(value)
        if value is None or unit in ("", "count")
        else f"{number(value)} {'%' if unit == 'percent' else unit}"
    )


def slug(title: str) -> str:
    """A title as the name of a file: letters, digits and hyphens only."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "picture"

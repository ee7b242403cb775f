"""Pictures of numbers: plain numbers in, the same PNG bytes out, on the page, in Slack, in an e-mail and in a PDF.

    picture = lines("Mentions by day", [Line(name="Acme", points=points)], unit="posts", zone=ZoneInfo("Europe/Berlin"))
    picture.light, picture.dark, picture.alt  # PNG at twice the size; the finding in words

    drawing = line_chart("Mentions by day", ...)  # the same without its pixels, in no time
    Gallery(var / "pictures").picture(drawing)  # drawn once, kept for the next who asks

What is shown is only ever data: no text from outside is an expression, a field's name or a picture's address.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.pictures.bar_chart import bar_chart
from hub.pictures.drawings import Bar, Drawing, Line, Picture
from hub.pictures.gallery import Gallery
from hub.pictures.line_chart import line_chart

__all__ = ["Bar", "Drawing", "Gallery", "Line", "Picture", "bar_chart", "bars", "line_chart", "lines"]


def lines(
    title: str, series: Sequence[Line], *, unit: str, zone: ZoneInfo, partial: Collection[datetime] = ()
) -> Picture:
    """A line chart, drawn at once: `line_chart` says what of."""
    return line_chart(title, series, unit=unit, zone=zone, partial=partial).picture()


def bars(title: str, parts: Sequence[Bar], *, unit: str) -> Picture:
    """A bar chart, drawn at once: `bar_chart` says what of."""
    return bar_chart(title, parts, unit=unit).picture()

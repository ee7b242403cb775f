"""Colours, for light and dark ground: told apart with any kind of colour vision, and seen against the ground."""

from typing import Any, Literal

Scheme = Literal["light", "dark"]

GROUND = {"light": "#ffffff", "dark": "#211f1e"}  # as the page's own cards
INK = {"light": "#1c1917", "dark": "#f5f5f4"}
FAINT = {"light": "#57534e", "dark": "#b5b0ab"}
GRID = {"light": "#e7e5e4", "dark": "#3a3735"}
SERIES = {  # at least 3.5 : 1 against the ground; how far apart they are is tested for each kind of colour blindness
    "light": ("#0072b2", "#b84a00", "#000029", "#a3746a", "#6900d1", "#471800"),
    "dark": ("#56b4e9", "#e69f00", "#857735", "#fff0a6", "#b726ff", "#e02281"),
}
FONT = "Liberation Sans"  # comes with vl-convert, so that text is drawn on machines without any font


def config(scheme: Scheme) -> dict[str, Any]:
    """How Vega-Lite draws everything that is not data."""
    ink, faint = INK[scheme], FAINT[scheme]
    text = {"font": FONT, "color": ink, "fontSize": 13}
    labels = {"labelFont": FONT, "labelColor": faint, "labelFontSize": 13}
    return {
        "background": GROUND[scheme],
        "font": FONT,
        "view": {"stroke": None},
        "range": {"category": list(SERIES[scheme])},
        "axis": labels
        | {
            "titleFont": FONT, "titleColor": faint, "titleFontSize": 13, "titleFontWeight": "normal",
            "gridColor": GRID[scheme], "domainColor": GRID[scheme], "tickColor": GRID[scheme],
        },
        "legend": labels | {"labelLimit": 200, "symbolSize": 90, "title": None, "orient": "top", "offset": 4},
        "title": {
            "font": FONT, "color": ink, "fontSize": 15, "fontWeight": "bold", "anchor": "start", "frame": "bounds",
            "subtitleFont": FONT, "subtitleColor": faint, "subtitleFontSize": 13, "offset": 10, "limit": 540,
        },
        "text": text,
        "bar": {"fill": SERIES[scheme][0]},
        "style": {
            "tick-label": text | {"color": faint},
            "tick-line": {"color": GRID[scheme]},
            "zero": {"color": faint},
            "whisker": {"color": ink, "strokeWidth": 2},
            "partial-bar": {"fillOpacity": 0.12, "stroke": SERIES[scheme][0], "strokeWidth": 1.5, "strokeDash": [4, 3]},
            "hollow": {"fill": GROUND[scheme]},
        },
    }  # fmt: skip

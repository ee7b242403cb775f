"""Bar charts: which is how large, from a baseline of zero, with how sure that is and what it is made of."""

from collections.abc import Iterator, Sequence
from typing import Any

from hub.pictures import words
from hub.pictures.drawings import WIDTH, Bar, Cell, Drawing

MOST = 15  # bars; the table has the others
MOST_PARTS = 6  # kinds of parts that can be told apart; the others are one
LEGEND = 3  # kinds in a line of the legend
OTHER = "other"
LONGEST = 20  # characters of a name
TALL, NAMES = 26, 170  # pixels of a bar, and of a name
TITLE, LINE, AXIS = 38, 20, 34  # pixels of the title, of a line of notes or of the legend, and below the bars
LETTER, MOST_RIGHT = 7, 130  # pixels
PARTIAL = " (partial)"


def bar_chart(title: str, parts: Sequence[Bar], *, unit: str) -> Drawing:
    """A bar for each, in this order."""
    shown = parts[:MOST]
    kinds = min(len(_kinds(shown)), MOST_PARTS)
    notes = _notes(shown, len(parts))
    lines = (1 if notes else 0) + (kinds + LEGEND - 1) // LEGEND
    height = TITLE + LINE * lines + TALL * max(len(shown), 2) + AXIS
    longest = max((len(words.said(bar.value, unit)) for bar in shown), default=0)
    spec = {
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": {"left": 8, "right": min(LETTER * longest, MOST_RIGHT) + 14, "top": 8, "bottom": 8},
        "title": {"text": words.clean(title, 70)} | ({"subtitle": notes} if notes else {}),
        "layer": list(_layers(shown, unit)) if shown else [_nothing()],
    }
    return Drawing(
        name=words.slug(title), alt=_alt(title, parts, unit), width=WIDTH, height=height,
        columns=_columns(parts), rows=tuple(_rows(parts)), spec=spec,
    )  # fmt: skip


def _layers(shown: Sequence[Bar], unit: str) -> Iterator[dict[str, Any]]:
    names = words.told_apart((bar.name for bar in shown), LONGEST)
    pairs = list(zip(shown, names, strict=True))
    axis = {"title": None, "labelLimit": NAMES, "minExtent": NAMES, "domain": False, "ticks": False, "labelPadding": 8}
    y = {"field": "n", "type": "nominal", "sort": None, "scale": {"domain": names}, "axis": axis}
    scale = {"zero": True, "nice": True}
    x = {"field": "v", "type": "quantitative", "scale": scale, "axis": {"title": None, "tickCount": 4, "domain": False}}
    at = {"y": y, "x": {**x, "stack": None}}
    simple = [(bar, {"n": name, "v": bar.value}) for bar, name in pairs if bar.value is not None and not bar.parts]
    for partial, style in ((False, {}), (True, {"style": "partial-bar"})):
        if rows := [row for bar, row in simple if bar.partial is partial]:
            yield _layer(rows, {"type": "bar", "height": {"band": 0.66}} | style, at)
    if any(bar.parts for bar in shown):
        yield _stacked(pairs, {"y": y, "x": x})
    if whiskers := [{"n": name, "low": bar.low, "high": bar.high} for bar, name in pairs if _sure(bar)]:
        ends = {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}
        yield _layer(whiskers, {"type": "rule", "style": "whisker"}, ends)
    yield _layer([{"v": 0}], {"type": "rule", "style": "zero"}, {"x": x})
    labels = [{"n": name, "v": _end(bar), "label": words.said(bar.value, unit)} for bar, name in pairs]
    text = {"field": "label", "type": "nominal"}
    yield _layer(labels, {"type": "text", "align": "left", "dx": 6}, at | {"text": text})


def _layer(rows: list[dict[str, Any]], mark: dict[str, Any], encoding: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _stacked(pairs: Sequence[tuple[Bar, str]], at: dict[str, Any]) -> dict[str, Any]:
    """The parts of each bar, one colour for each kind, in the order in which they first come."""
    kinds = list(dict.fromkeys(name for bar, _ in pairs for name, _ in bar.parts))
    first = kinds if len(kinds) <= MOST_PARTS else kinds[: MOST_PARTS - 1]
    called = dict(zip(first, words.told_apart(first), strict=True))
    rows = [
        {"n": name, "v": value, "s": called.get(kind, OTHER), "o": kinds.index(kind)}
        for bar, name in pairs
        for kind, value in bar.parts
    ]
    domain = [*called.values(), *([OTHER] if len(first) < len(kinds) else [])]
    colour = {"field": "s", "type": "nominal", "scale": {"domain": domain}, "legend": {"columns": LEGEND}}
    parts = at | {"color": colour, "order": {"field": "o", "type": "quantitative"}}
    return _layer(rows, {"type": "bar", "height": {"band": 0.66}}, parts)


def _sure(bar: Bar) -> bool:
    return bar.low is not None and bar.high is not None


def _end(bar: Bar) -> float:
    """Where the bar, and what is drawn over it, ends: there the number stands."""
    return max(bar.value or 0, bar.high or 0, 0)


def _nothing() -> dict[str, Any]:
    text = {"text": {"field": "label", "type": "nominal"}}
    return _layer([{"label": "No data for this time."}], {"type": "text", "style": "tick-label"}, text)


def _notes(shown: Sequence[Bar], count: int) -> str:
    notes = []
    if any(_sure(bar) for bar in shown):
        notes.append("rule: 95 % interval")
    if any(bar.partial for bar in shown):
        notes.append("hollow: partial")
    if count > len(shown):
        notes.append(f"{len(shown)} of {count} shown")
    return ", ".join(notes)


def _columns(parts: Sequence[Bar]) -> tuple[str, ...]:
    sure = ("Low", "High") if any(_sure(bar) for bar in parts) else ()
    return ("Name", "Value", *sure, *_kinds(parts))


def _kinds(parts: Sequence[Bar]) -> list[str]:
    return list(dict.fromkeys(name for bar in parts for name, _ in bar.parts))


def _rows(parts: Sequence[Bar]) -> Iterator[tuple[Cell, ...]]:
    sure, kinds = any(_sure(bar) for bar in parts), _kinds(parts)
    for bar in parts:
        of = dict(bar.parts)
        name = bar.name + PARTIAL if bar.partial else bar.name
        yield (name, bar.value, *((bar.low, bar.high) if sure else ()), *(of.get(kind) for kind in kinds))


def _alt(title: str, parts: Sequence[Bar], unit: str) -> str:
    """What the picture shows, in words: the largest three, and how many there are."""
    known = [(bar, bar.value) for bar in parts if bar.value is not None]
    if not known:
        return f"{words.clean(title, 200)}: no data for this time."
    first, *rest = sorted(known, key=lambda pair: -pair[1])[:3]
    leads = f"{words.clean(first[0].name)} has most, {words.said(first[1], unit)}" if rest else (
        f"{words.clean(first[0].name)}: {words.said(first[1], unit)}")  # fmt: skip
    then = [f"{words.clean(bar.name)} {words.said(value, unit)}" for bar, value in rest]
    more = f" {len(known) - 3} more." if len(known) > 3 else ""
    hollow = [words.clean(bar.name) for bar in parts if bar.partial]
    partial = f" Partial: {', '.join(hollow[:5])}." if hollow else ""
    return f"{words.clean(title, 200)}. {', then '.join([leads, *then])}.{more}{partial}"

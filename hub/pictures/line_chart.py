"""Line charts: how numbers went, what was expected, how sure they are, and which of them are of a part only."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hub.pictures import words
from hub.pictures.drawings import WIDTH, Cell, Drawing, Line

HEIGHT = 260
PADDING = {"left": 8, "right": 26, "top": 8, "bottom": 24}  # the words of the axis of time stand in it
MOST = 6  # lines that can be told apart; the table has the others
DOTTED = 40  # points: more are a line without dots
TICKS = 6
STEPS_OF_HOURS = (1, 2, 3, 6, 12)
STEPS_OF_DAYS = (1, 2, 7, 14, 28, 56, 91, 182, 364)


def line_chart(
    title: str, series: Sequence[Line], *, unit: str, zone: ZoneInfo, partial: Collection[datetime] = ()
) -> Drawing:
    """A line for each series over time as it is told in `zone`; what is of a time in `partial` is drawn dashed."""
    shown = series[:MOST]
    names = words.told_apart(line.name for line in shown)
    data = _points(shown, names, frozenset(partial))
    notes = _notes(shown, len(series), partial)
    spec = {
        "width": WIDTH,
        "height": HEIGHT,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": PADDING,
        "title": {"text": words.clean(title, 70)} | ({"subtitle": notes} if notes else {}),
        "layer": [*_ticks(series, zone), *_layers(data, names, unit)],
        "resolve": {"scale": {"color": "shared"}},
    }
    return Drawing(
        name=words.slug(title), alt=_alt(title, series, unit, zone, partial), width=WIDTH, height=HEIGHT,
        columns=_columns(series), rows=tuple(_rows(series, zone)), spec=spec,
    )  # fmt: skip


def _at(then: datetime) -> int:
    """Milliseconds: real time, so that an hour which the clock repeats is two hours."""
    return int(then.timestamp() * 1000)


def _points(series: Sequence[Line], names: Sequence[str], partial: Collection[datetime]) -> list[dict[str, Any]]:
    """One row for each known point; `run` numbers what is drawn without a gap."""
    rows = []
    for line, name in zip(series, names, strict=True):
        run = 0
        for index, (then, value) in enumerate(line.points):
            if value is None:
                run += 1
                continue
            row = {"t": _at(then), "v": value, "s": name, "run": run, "part": then in partial}
            for field, values in (("low", line.low), ("high", line.high), ("exp", line.expected)):
                if index < len(values) and values[index] is not None:
                    row[field] = values[index]
            rows.append(row)
    return rows


def _layers(data: list[dict[str, Any]], names: Sequence[str], unit: str) -> list[dict[str, Any]]:
    several = len(names) > 1
    legend = {"columns": 3, "symbolType": "stroke"} if several else None
    colour = {"field": "s", "type": "nominal", "scale": {"domain": list(names)}, "legend": legend}
    x = {"field": "t", "type": "quantitative", "scale": {"nice": False, "zero": False}, "axis": None}
    named = "%" if unit == "percent" else None if unit == "count" else words.clean(unit) or None
    axis = {"title": named, "tickCount": 4, "domain": False}
    if unit in words.PLAIN:
        axis |= {"tickMinStep": 1}
    y = {"field": "v", "type": "quantitative", "axis": axis, "scale": {"zero": True, "nice": True}}
    at = {"x": x, "y": y, "color": colour}
    each = {"field": "run", "type": "nominal"}
    banded = [row for row in data if "low" in row and "high" in row]
    expected = [row for row in data if "exp" in row]
    layers: list[dict[str, Any]] = []
    if banded:
        band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour, "detail": each}
        layers.append({"data": {"values": banded}, "mark": {"type": "area", "opacity": 0.18}, "encoding": band})
    if expected:
        dotted = {"type": "line", "strokeDash": [1, 4], "strokeWidth": 2, "strokeCap": "round"}
        way = {"x": x, "y": {**y, "field": "exp"}, "color": colour, "detail": each}
        layers.append({"data": {"values": expected}, "mark": dotted, "encoding": way})
    whole, parts = _stretches(data)
    for stretch, mark in ((whole, {}), (parts, {"strokeDash": [6, 4]})):
        if stretch:
            stroke = {"type": "line", "strokeWidth": 2.5, "strokeJoin": "round"} | mark
            layers.append({"data": {"values": stretch}, "mark": stroke, "encoding": at | {"detail": each}})
    layers.extend(_dots(data, at, several))
    return layers


def _stretches(data: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is drawn through, and what is dashed since one of its ends is of a part."""
    whole: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    number = 0
    for before, after in pairwise(data):
        if (before["s"], before["run"]) == (after["s"], after["run"]):
            number += 1  # each stretch is a line of its own: runs of both kinds take turns
            chosen = parts if before["part"] or after["part"] else whole
            chosen.extend(({**before, "run": number}, {**after, "run": number}))
    return whole, parts


def _dots(data: list[dict[str, Any]], at: dict[str, Any], several: bool) -> Iterator[dict[str, Any]]:
    """Dots where there are few, or where no line is drawn through the point; hollow where it is of a part."""
    shape = {"shape": {"field": "s", "type": "nominal", "scale": {"domain": at["color"]["scale"]["domain"]},
                       "legend": None}} if several else {}  # fmt: skip
    runs: dict[tuple[str, int], int] = {}
    for row in data:
        runs[row["s"], row["run"]] = runs.get((row["s"], row["run"]), 0) + 1
    few = len({row["t"] for row in data}) <= DOTTED
    seen = [row for row in data if few or row["part"] or runs[row["s"], row["run"]] == 1]
    for rows, mark in (
        ([row for row in seen if not row["part"]], {"filled": True}),
        ([row for row in seen if row["part"]], {"filled": False, "style": "hollow", "strokeWidth": 2}),
    ):
        if rows:
            point = {"type": "point", "size": 45, "opacity": 1} | mark
            yield {"data": {"values": rows}, "mark": point, "encoding": at | shape}


def _ticks(series: Sequence[Line], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """The axis of time, as marks: its words are data, and they are those of the place, whatever a browser thinks."""
    times = sorted({then for line in series for then, _ in line.points})
    if not times:
        note = {"type": "text", "style": "tick-label", "fontSize": 15}
        yield {"data": {"values": [{"label": "No data for this time."}]}, "mark": note,
               "encoding": {"text": {"field": "label", "type": "nominal"}}}  # fmt: skip
        return
    rows = [{"t": _at(then), "label": label} for then, label in _labels(times[0], times[-1], zone)]
    domain = [_at(times[0]), _at(times[-1])] if len(times) > 1 else [_at(times[0]) - 1, _at(times[0]) + 1]
    x = {"field": "t", "type": "quantitative", "axis": None, "scale": {"domain": domain, "nice": False, "zero": False}}
    yield {"data": {"values": rows}, "mark": {"type": "rule", "style": "tick-line"}, "encoding": {"x": x}}
    yield {"data": {"values": rows},
           "mark": {"type": "text", "style": "tick-label", "baseline": "top", "dy": 8},
           "encoding": {"x": x, "y": {"value": "height"}, "text": {"field": "label", "type": "nominal"}}}  # fmt: skip


def _labels(first: datetime, last: datetime, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Round times of the place, few enough to be read, and how they are written."""
    begin, end = first.astimezone(zone), last.astimezone(zone)
    if begin == end:
        return [(begin, f"{begin:%-d %b %H:%M}")]
    hours = (last - first) / timedelta(hours=1)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = (end.date() - begin.date()).days
    if hours <= 12 * TICKS:
        step = next((each for each in STEPS_OF_HOURS if hours / each <= TICKS), STEPS_OF_HOURS[-1])
        found = [midnight + timedelta(hours=n) for n in range(0, 24 * (days + 1), step)]
    else:
        step = next((each for each in STEPS_OF_DAYS if days / each <= TICKS), STEPS_OF_DAYS[-1])
        found = [midnight + timedelta(days=n) for n in range(0, days + 1, step)]
    placed = [then.replace(tzinfo=zone) for then in found]
    return [(then, _label(then, hours)) for then in placed if first <= then <= last]


def _label(then: datetime, hours: float) -> str:
    if hours <= 12 * TICKS and then.hour:
        return f"{then:%H:%M}"
    return f"{then:%-d %b}" if hours <= 24 * 300 else f"{then:%b %Y}"


def _notes(series: Sequence[Line], count: int, partial: Collection[datetime]) -> str:
    notes = []
    if any(line.low and line.high for line in series):
        notes.append("band: 95 % interval")
    if any(any(each is not None for each in line.expected) for line in series):
        notes.append("dotted: expected")
    if partial:
        notes.append("dashed: partial")
    if count > len(series):
        notes.append(f"{len(series)} of {count} shown")
    return ", ".join(notes)


def _columns(series: Sequence[Line]) -> tuple[str, ...]:
    columns = ["Time"]
    for line in series:
        columns.append(line.name)
        columns += [f"{line.name}, {word}" for word, values in _more(line) if values]
    return tuple(columns)


def _more(line: Line) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
    return ("low", line.low), ("high", line.high), ("expected", line.expected)


def _rows(series: Sequence[Line], zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    found = []
    for line in series:
        kept = [("", tuple(value for _, value in line.points)), *((word, each) for word, each in _more(line) if each)]
        times = [then for then, _ in line.points]
        found += [dict(zip(times, values, strict=False)) for _, values in kept]
    for then in sorted({then for line in series for then, _ in line.points}):
        yield (f"{then.astimezone(zone):%Y-%m-%d %H:%M}", *(column.get(then) for column in found))


def _alt(
    title: str, series: Sequence[Line], unit: str, zone: ZoneInfo, partial: Collection[datetime]
) -> str:  # fmt: skip
    """What the picture shows, in words: where each line began, went and ended."""
    told = [_told(line, unit, zone, partial) for line in series[:MOST]]
    if not any(told):
        return f"{words.clean(title, 200)}: no data for this time."
    more = [f"{len(series) - MOST} more in the table."] if len(series) > MOST else []
    parts = ["What is dashed is partial."] if partial else []
    return " ".join([f"{words.clean(title, 200)}.", *filter(None, told), *more, *parts])


def _told(line: Line, unit: str, zone: ZoneInfo, partial: Collection[datetime]) -> str:
    known = [(then, value) for then, value in line.points if value is not None]
    compared = [(then, value) for then, value in known if then not in partial]
    if not known:
        return f"{words.clean(line.name)}: no value."
    if len(compared) < 2:
        return f"{words.clean(line.name)}: {words.said(known[-1][1], unit)}."
    (_, first), (_, last) = compared[0], compared[-1]
    when, most = max(compared, key=lambda point: point[1])
    way = "rose" if last > first else "fell" if last < first else "stayed"
    went = f"{way} at {words.said(last, unit)}" if way == "stayed" else (
        f"{way} from {words.number(first)} to {words.said(last, unit)}")  # fmt: skip
    peak = f", highest {words.number(most)} on {when.astimezone(zone):%-d %b %Y}" if most > max(first, last) else ""
    return f"{words.clean(line.name)} {went}{peak}."

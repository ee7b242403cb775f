"""Pictures: the same bytes for the same numbers, said in words as well, and no text of others is anything but data."""

import os
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hub.pictures import Bar, Gallery, Line, bar_chart, line_chart, lines
from hub.pictures.drawings import SCALE, drawn
from hub.pictures.palette import FAINT, GROUND, INK, SERIES

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 22, 23, tzinfo=UTC)  # midnight in Berlin
DAY = timedelta(days=1)
HOSTILE = (
    "datum.v + 1", "{signal: 'x'}", "</script><img src=x onerror=alert(1)>", "a.b[0]['c']\\", "\u202egnp.exe \x00\x07",
    "x" * 500, "x" * 499, "مرحبا", "=1+1", "", "\ud83d", "@import url(http://evil.test)", "\n\n", "__proto__",
)  # fmt: skip


def days(*values, start=MONDAY, step=DAY):
    return tuple((start + index * step, value) for index, value in enumerate(values))


def acme(*values, **more):
    return Line(name="Acme", points=days(*values), **more)


def chart(*series, partial=(), title="Mentions by day", unit="posts"):
    return line_chart(title, series, unit=unit, zone=BERLIN, partial=partial)


def everything_in(spec):
    yield spec
    for each in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from everything_in(each)


def marks(drawing, kind):
    return [layer for layer in drawing.spec["layer"] if layer["mark"]["type"] == kind]


def test_a_picture_is_as_large_as_it_says_in_both_schemes():
    for drawing in (
        chart(acme(1, 2, 3)), chart(acme(1, 2), Line(name="Globex", points=days(3, 4))), chart(),
        bar_chart("Share", [Bar(name="Acme", value=3.0, low=1.0, high=4.0), Bar(name="B", value=2.0)], unit="percent"),
        bar_chart("How", [Bar(name="Acme", value=3.0, parts=(("good", 1.0), ("bad", 2.0)))], unit="posts"),
        bar_chart("None", [], unit="posts"),
    ):  # fmt: skip
        picture = drawing.picture()
        for png in (picture.light, picture.dark):
            assert png.startswith(b"\x89PNG\r\n\x1a\n")
            assert struct.unpack(">II", png[16:24]) == (SCALE * picture.width, SCALE * picture.height)
        assert picture.light != picture.dark


def test_the_same_numbers_are_the_same_bytes_in_another_process_with_another_clock():
    code = (
        "import hashlib, sys; sys.path.insert(0, '.');"
        "from tests.unit.pictures.test_pictures import acme, chart;"
        "print(hashlib.sha256(chart(acme(1, 2)).png('light')).hexdigest(), chart(acme(1, 2)).digest)"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("UTC", "Asia/Tokyo")
    }

    assert len(runs) == 1


def test_text_is_drawn():
    titled, untitled = (chart(acme(1, 2), title=title).png("light") for title in ("Mentions by day", " "))

    assert len(titled) - len(untitled) > 500


def test_text_from_outside_is_only_ever_data():
    series = [Line(name=name, points=days(1, 2)) for name in HOSTILE]
    some = [bar_chart(HOSTILE[0], [Bar(name=name, value=1.0) for name in HOSTILE], unit="posts")]
    some.append(bar_chart("How", [Bar(name="A", value=1.0, parts=tuple((n, 1.0) for n in HOSTILE))], unit="posts"))
    some += [line_chart(HOSTILE[0], series[at : at + 6], unit="posts", zone=BERLIN) for at in (0, 6)]
    for drawing in some:
        for each in everything_in(drawing.spec):
            if isinstance(each, dict):
                assert not {"expr", "signal", "url", "href", "labelExpr", "transform", "params"} & set(each)
                assert each.get("field", "v") in {"t", "v", "s", "n", "o", "low", "high", "exp", "run", "label"}
        assert drawing.picture().light


def test_names_that_look_alike_are_told_apart():
    drawing = chart(*(Line(name="x" * length, points=days(1, 2)) for length in (499, 500)))

    shown = {row["s"] for layer in marks(drawing, "line") for row in layer["data"]["values"]}
    assert len(shown) == 2
    assert drawing.columns == ("Time", "x" * 499, "x" * 500)


def test_a_picture_asks_nobody_for_anything():
    closed = "http://127.0.0.1:9/x.json"

    with pytest.raises(ValueError, match="not allowed"):
        drawn({"data": {"url": closed}, "mark": "bar", "encoding": {}}, "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_seen_against_the_ground(scheme):
    for colour in (*SERIES[scheme], FAINT[scheme], INK[scheme]):
        lighter, darker = sorted((luminance(colour), luminance(GROUND[scheme])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= (3 if colour in SERIES[scheme] else 4.5), colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sight", ["all colours", "no red", "no green", "no blue"])
def test_colours_are_told_apart_with_any_colour_vision(scheme, sight):
    seen = [lab(VISION[sight] @ linear(colour)) for colour in SERIES[scheme]]

    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 25


def test_what_was_not_wholly_observed_is_dashed_and_hollow_and_said():
    drawing = chart(acme(4, 5, 2), partial=[MONDAY + 2 * DAY])

    solid, dashed = (layer for layer in marks(drawing, "line"))
    assert [row["v"] for row in solid["data"]["values"]] == [4, 5]
    assert [row["v"] for row in dashed["data"]["values"]] == [5, 2]
    assert "strokeDash" in dashed["mark"]
    assert [[row["v"] for row in layer["data"]["values"]] for layer in marks(drawing, "point")] == [[4, 5], [2]]
    assert "dashed: partial" in drawing.spec["title"]["subtitle"]
    assert "fell" not in drawing.alt, "a part is not compared with a whole"


def test_where_nothing_is_known_the_line_has_a_gap():
    drawing = chart(acme(1, 2, None, 3, 4))

    [line] = marks(drawing, "line")
    stretches = {}
    for row in line["data"]["values"]:
        stretches.setdefault(row["run"], []).append(row["v"])
    assert list(stretches.values()) == [[1, 2], [3, 4]]
    assert drawing.rows[2] == ("2026-11-25 00:00", None)


def test_an_interval_is_a_band_and_the_expected_is_dotted():
    drawing = chart(acme(1, 2, low=(0, 1), high=(2, 3), expected=(1, 1)))

    assert [row["low"] for row in marks(drawing, "area")[0]["data"]["values"]] == [0, 1]
    assert [row["exp"] for row in marks(drawing, "line")[0]["data"]["values"]] == [1, 1]
    assert drawing.columns == ("Time", "Acme", "Acme, low", "Acme, high", "Acme, expected")
    assert drawing.rows[1] == ("2026-11-24 00:00", 2, 1, 3, 1)


def test_the_axis_tells_the_time_of_the_place_also_when_the_clock_changes():
    changing = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight of the day that has 25 hours
    drawing = chart(Line(name="Acme", points=days(*range(26), start=changing, step=timedelta(hours=1))))

    ticks = [(row["t"], row["label"]) for row in marks(drawing, "rule")[0]["data"]["values"]]
    assert [label for _, label in ticks] == ["25 Oct", "06:00", "12:00", "18:00", "26 Oct"]
    assert (ticks[1][0] - ticks[0][0]) / 3_600_000 == 7
    assert [row[0][-5:] for row in drawing.rows[:4]] == ["00:00", "01:00", "02:00", "02:00"]


def test_bars_begin_at_zero_and_are_in_the_order_given():
    drawing = bar_chart("Net sentiment", [Bar(name="b", value=90.0), Bar(name="a", value=95.0)], unit="points")

    for layer in marks(drawing, "bar"):
        assert layer["encoding"]["x"]["scale"]["zero"] is True
        assert layer["encoding"]["y"]["scale"]["domain"] == ["b", "a"]


def test_a_bar_of_a_part_is_hollow():
    drawing = bar_chart("M", [Bar(name="a", value=2.0), Bar(name="b", value=1.0, partial=True)], unit="posts")

    whole, hollow = marks(drawing, "bar")
    assert "style" not in whole["mark"]
    assert hollow["mark"]["style"] == "partial-bar"
    assert "Partial: b." in drawing.alt
    assert drawing.rows == (("a", 2.0), ("b (partial)", 1.0))


def test_more_than_can_be_told_apart_are_in_the_table_alone():
    drawing = bar_chart("M", [Bar(name=f"n{n}", value=float(n)) for n in range(30)], unit="posts")

    assert len(drawing.rows) == 30
    assert "15 of 30 shown" in drawing.spec["title"]["subtitle"]


@pytest.mark.parametrize(
    ("drawing", "said"),
    [
        (chart(acme(1, 9, 4)), "Mentions by day. Acme rose from 1 to 4 posts, highest 9 on 24 Nov 2026."),
        (chart(acme(4, 2, 2)), "Mentions by day. Acme fell from 4 to 2 posts."),
        (chart(acme(2, 2)), "Mentions by day. Acme stayed at 2 posts."),
        (chart(acme(None, None)), "Mentions by day. Acme: no value."),
        (chart(), "Mentions by day: no data for this time."),
        (
            bar_chart("Share", [Bar(name="a", value=20.0), Bar(name="b", value=50.0)], unit="percent"),
            "Share. b has most, 50 %, then a 20 %.",
        ),
        (bar_chart("Share", [Bar(name="a", value=None)], unit="percent"), "Share: no data for this time."),
    ],
)
def test_the_finding_is_said_in_words(drawing, said):
    assert drawing.alt == said


def test_a_picture_is_drawn_once_and_kept(tmp_path):
    gallery, drawing = Gallery(tmp_path / "pictures"), chart(acme(1, 2))

    digest = gallery.plan(drawing)
    assert [path.suffix for path in (tmp_path / "pictures").iterdir()] == [".json"]
    assert gallery.png(digest, "light") == drawing.png("light")
    kept = tmp_path / "pictures" / f"{digest}-light.png"
    kept.write_bytes(b"kept")
    assert gallery.png(digest, "light") == b"kept"
    assert gallery.picture(drawing).light == b"kept"
    assert gallery.picture(drawing).dark == lines("Mentions by day", [acme(1, 2)], unit="posts", zone=BERLIN).dark


@pytest.mark.parametrize("digest", ["0" * 32, "../../etc/passwd", "0" * 31 + "/", "", "A" * 32])
def test_what_was_never_planned_is_not_there(tmp_path, digest):
    assert Gallery(tmp_path).png(digest, "light") is None


def test_pictures_are_bounded_and_those_in_use_stay(tmp_path):
    gallery = Gallery(tmp_path, most=20)
    used = chart(acme(0, 0))
    gallery.plan(used)
    for number in range(1, 60):
        gallery.plan(chart(acme(number, number)))
        os.utime(tmp_path / f"{chart(acme(number, number)).digest}.json", (number, number))
        gallery.plan(used)

    assert len(list(tmp_path.iterdir())) <= 20
    assert (tmp_path / f"{used.digest}.json").exists()


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(light):
    """CIE L*a*b* of linear RGB: distances as people see them."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(
        light, 0, 1
    )
    xyz = xyz / [0.9505, 1, 1.089]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


VISION = {  # Machado, Oliveira and Fernandes 2009, whole loss
    "all colours": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}

"""Spike detection on mention counts of ten companies' kind: the score of the Numenta Anomaly Benchmark, computed here.

    python benchmarks/spikes.py

Five series of five-minute counts with labelled windows (NAB realTweets). A detection inside a window earns up to 1,
the earlier the more; one outside costs 0.11 (profile "low FP": 0.22); a window that nobody notices costs 1. The sum is
set between that of silence (0) and that of all windows noticed at once (100). The detector's settings are its defaults
and were fitted to none of these. Beside it stands a plain robust z-score with its customary threshold of 3.
"""

import csv
import gzip
import json
import math
import os
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from hub.measure.spikes import Sensitivity, SpikeDetector

DATA = Path(os.environ.get("HUB_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data" / "nab_tweets"
MUST, MOST_FALSE = 55.0, 0.6
ROWS_A_WEEK = 7 * 24 * 12
SAME_EPISODE = 12 * 6  # rows
Series = list[tuple[datetime, float]]


def series(path: Path) -> Series:
    """Moments and counts."""
    with gzip.open(path, "rt") as lines:
        return [(_moment(row["timestamp"]), float(row["value"])) for row in csv.DictReader(lines)]


def ours(rows: Series) -> list[float]:
    """The product's detector as it comes."""
    detector = SpikeDetector(Sensitivity())
    return [detector.read(at, value).score for at, value in rows]


def plain(rows: Series) -> list[float]:
    """Median and deviation of the last day; three of them are a spike."""
    scores = []
    for place, (_, value) in enumerate(rows):
        window = sorted(count for _, count in rows[max(0, place - 288) : place : 6])
        if len(window) < 12:
            scores.append(0.0)
            continue
        middle = median(window)
        spread = 1.4826 * median(abs(count - middle) for count in window) or 1.0
        scores.append(0.5 if (value - middle) / spread > 3 else 0.0)
    return scores


def scored(
    rows: Series, windows: Sequence[tuple[datetime, datetime]], scores: Sequence[float], *, false: float
) -> tuple[float, int, int, int]:
    """Points, windows, windows noticed, false episodes."""
    moments = [at for at, _ in rows]
    probation = min(int(0.15 * len(rows)), 750)
    places = [(bisect_left(moments, start), bisect_right(moments, end) - 1) for start, end in windows]
    places = [(start, end) for start, end in places if end >= probation]
    points, noticed, episodes, last = 0.0, set(), 0, -(10**9)
    for place in range(probation, len(rows)):
        if scores[place] < 0.5:
            continue
        inside = next(((start, end) for start, end in places if start <= place <= end), None)
        if inside is None:
            before = [(start, end) for start, end in places if end < place]
            points += false * (_worth((place - before[-1][1]) / (before[-1][1] - before[-1][0])) if before else -1.0)
            episodes += place - last > SAME_EPISODE
            last = place
        elif inside not in noticed:
            noticed.add(inside)
            points += _worth(-(inside[1] - place + 1) / (inside[1] - inside[0] + 1)) / _worth(-1.0)
    return points - (len(places) - len(noticed)), len(places), len(noticed), episodes


def _worth(position: float) -> float:
    """1 at the left end of a window, 0 at its right end, -1 far behind it."""
    return 2 / (1 + math.exp(5 * position)) - 1 if position <= 3 else -1.0


def measured(name: str, detect: Callable[[Series], list[float]]) -> tuple[float, float]:
    """Print and return the standard score and false episodes per series and week."""
    labels = json.loads((DATA / "labels.json").read_bytes())["windows"]
    points, strict, windows, noticed, false, weeks, began, rows = 0.0, 0.0, 0, 0, 0, 0.0, time.process_time(), 0
    for path in sorted(DATA.glob("*.csv.gz")):
        counts = series(path)
        pairs = [(_moment(start), _moment(end)) for start, end in labels[path.name.partition(".")[0]]]
        scores = detect(counts)
        one = scored(counts, pairs, scores, false=0.11)
        points, windows, noticed, false = points + one[0], windows + one[1], noticed + one[2], false + one[3]
        strict += scored(counts, pairs, scores, false=0.22)[0]
        weeks += len(counts) / ROWS_A_WEEK
        rows += len(counts)
    standard, low = (100 * (each + windows) / (2 * windows) for each in (points, strict))
    speed = rows / (time.process_time() - began)
    print(f"{name:<10} standard {standard:5.1f}   low FP {low:5.1f}   windows {noticed}/{windows}   "
          f"false episodes per series and week {false / weeks:.2f}   {speed:,.0f} rows per CPU second")  # fmt: skip
    return standard, false / weeks


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def main() -> int:
    """Measure, print, and say by the exit code whether the budgets hold."""
    if not DATA.is_dir():
        print(f"skipped: no {DATA}")
        return 0
    measured("plain z", plain)
    standard, false = measured("ours", ours)
    print(f"at least {MUST:g}, at most {MOST_FALSE} false episodes per series and week")
    return 0 if standard >= MUST and false <= MOST_FALSE else 1


if __name__ == "__main__":
    sys.exit(main())

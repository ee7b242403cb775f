"""Forecasts of hourly mention counts of five companies (NAB realTweets), against the same week once more.

    python benchmarks/forecasting.py [--holt-winters]

Rolling origin: each midnight, with all that came before, the next day and the next seven days are forecast. The first
weeks are for settings, and were looked at when the method was chosen; the figures are of the later part, which was not.
Seasonal naive stands twice: the last day and the last week; ours is held against the better of the two for each series.
Holt-Winters (statsmodels, season of a day, no trend) stands beside them where it is asked for: it takes minutes. WAPE
is in percent of what came; bias as well, above zero too much was forecast. `inside`: how often the
count lay in the interval.
"""

import csv
import gzip
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.measure.forecast import Expected, bias, forecast, seasonal_naive, wape

DATA = Path(os.environ.get("HUB_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data" / "nab_tweets"
HORIZONS = {"1 day": 24, "7 days": 168}
CHOSEN_ON = 32 * 24  # hours: origins and targets before were looked at when the method was chosen
Method = Callable[[Sequence[float], int], list[float]]


def hourly(path: Path) -> list[float]:
    """Counts by whole hour; the first and the last, which are not whole, left out."""
    sums: dict[datetime, float] = {}
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromisoformat(row["timestamp"]).replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
            sums[at] = sums.get(at, 0.0) + float(row["value"])
    first, *_, last = sorted(sums)
    hours = int((last - first) / timedelta(hours=1)) - 1
    return [sums.get(first + timedelta(hours=number + 1), 0.0) for number in range(hours)]


def ours(counts: Sequence[float], steps: int) -> list[float]:
    """The product's forecast as it comes."""
    return [one.value for one in forecast(counts, steps, per_day=24)]


def naive(season: int) -> Method:
    """The last season once more."""
    return lambda counts, steps: seasonal_naive(counts, steps, season=season)


def holt_winters(counts: Sequence[float], steps: int) -> list[float]:
    """Level and season of a day, smoothed with parameters that are fitted at each origin."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ExponentialSmoothing(list(counts), seasonal="add", seasonal_periods=24).fit()
    return [max(float(each), 0.0) for each in fitted.forecast(steps)]


def rolled(counts: Sequence[float], steps: int, method: Method, *, since: int = CHOSEN_ON) -> list[tuple[float, float]]:
    """Pairs of forecast and actual over all origins."""
    pairs: list[tuple[float, float]] = []
    for origin in range(since, len(counts) - steps + 1, 24):
        pairs += zip(method(counts[:origin], steps), counts[origin : origin + steps], strict=True)
    return pairs


def inside(counts: Sequence[float], steps: int) -> float:
    """The share of counts that lay between low and high."""
    hits: list[bool] = []
    for origin in range(CHOSEN_ON, len(counts) - steps + 1, 24):
        made: list[Expected] = forecast(counts[:origin], steps, per_day=24)
        hits += [one.low <= count <= one.high for one, count in zip(made, counts[origin:], strict=False)]
    return sum(hits) / len(hits)


METHODS: dict[str, Method] = {"last day": naive(24), "last week": naive(168), "ours": ours}


def compared(path: Path, steps: int, methods: dict[str, Method] | None = None) -> dict[str, tuple[float, float]]:
    """WAPE and bias of each method on one series."""
    counts = hourly(path)
    found = {}
    for name, method in (methods or METHODS).items():
        pairs = rolled(counts, steps, method)
        found[name] = wape(pairs).value or 0.0, bias(pairs).value or 0.0
    return found


def main() -> int:
    """Print the table, and say by the exit code whether ours is no worse anywhere and better on most."""
    if not DATA.is_dir():
        print(f"skipped: no {DATA}")
        return 0
    methods = METHODS | ({"Holt-Winters": holt_winters} if "--holt-winters" in sys.argv else {})
    good = True
    for horizon, steps in HORIZONS.items():
        print(f"{horizon} ahead   WAPE % (bias %)")
        print(f"{'':6}", *(f"{name:>16}" for name in methods), f"{'of the better':>14}{'inside':>8}")
        ratios, leans = [], []
        for path in sorted(DATA.glob("*.csv.gz")):
            found = compared(path, steps, methods)
            ratios.append(found["ours"][0] / min(found["last day"][0], found["last week"][0]))
            leans.append(abs(found["ours"][1]) / abs(found["last week"][1]))
            cells = (f"{off:8.1f} ({lean:+5.1f})" for off, lean in found.values())
            share = inside(hourly(path), steps)
            print(
                f"{path.name.partition('.')[0]:6}",
                *(f"{cell:>16}" for cell in cells),
                f"{ratios[-1]:14.2f}{share:8.0%}",
            )
        print(f"bias, of the last week's: {' '.join(f'{each:.2f}' for each in leans)}")
        for some in (ratios, leans):
            good = good and max(some) <= 1 and sum(each < 1 for each in some) > len(some) / 2
    print(
        "WAPE at most 1.00 of the better one of the naive ones on every series, bias of the last week's; less on most"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

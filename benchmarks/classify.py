"""How good and how fast the classifier is: out of the box, trained, on purchase intent, and in posts a second.

    python benchmarks/classify.py [--part dev] [--quick] [--only box|trained|meaning|purchase|speed] [SET...]

Reads the shared sets (`HUB_SHARED`, or `shared` beside the checkout) and skips, by name, what is absent. Each line is
JSON. Out of the box the baseline, VADER and word lists, answers the same posts in the same run; the floor is what such
a stand-in reached on the sets' test parts. Figures are of the part that is named: nothing was tuned on it.
"""

import argparse
import json
import sys
from collections.abc import Iterator

from benchmarks.classifying import bought, box, learned, speed
from benchmarks.classifying.sets import rows_of

SECTIONS = ("box", "trained", "meaning", "purchase", "speed")
TRAIN = ("trained", "meaning")
SPEED_SETS = ("airline", "goemotions", "umsab")


def measured(sections: list[str], part: str, sets: list[str]) -> Iterator[dict[str, object]]:
    """The lines of these sections."""
    if "box" in sections:
        yield from box.measure(part, sets)
    if "trained" in sections:
        yield from learned.measure(part, sets)
    if "meaning" in sections:
        yield from learned.measure(part, sets, learned.WITH_MEANING)
    if "purchase" in sections:
        yield from bought.measure()
    if "speed" in sections:
        texts = [row["text"] for name in SPEED_SETS for row in rows_of(name, part, "sentiment")]
        yield from speed.measure(texts) if texts else [{"speed": "skipped", "why": "no posts in the shared folder"}]


def main(arguments: list[str] | None = None) -> int:
    """Print one line of JSON for each figure, with whether it holds; exit code 1 where the engine is too slow."""
    parser = argparse.ArgumentParser(description="Figures of the classifier")
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--part", default="dev")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="may be given more than once")
    parser.add_argument("--quick", action="store_true", help="without training")
    given = parser.parse_args(arguments)
    sections = given.only or [one for one in SECTIONS if one not in TRAIN or not given.quick]
    slow = False
    for line in measured(sections, given.part, given.sets):
        slow = slow or ("speed" in line and line.get("holds") is False)
        print(json.dumps(line), flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

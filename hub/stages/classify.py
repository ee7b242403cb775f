"""Classify: what each post says. A text that the engine stumbles over, or never ends with, costs no other anything.

All texts go through the engine together, under a time limit. Only where that fails is each asked about by itself, so
that the one to blame is known: its post is set apart with a reason, and the signals of the others are found.
"""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from hub.classify import Engine, Item
from hub.domain import Signal
from hub.logs import get_logger
from hub.stages.trouble import place_of
from hub.stages.validate import Flaw

TOGETHER = 200
AGAIN_SECONDS = 1.0
REMEDY = "mend its rules or let another engine run, then `hub replay --stage classify`"

log = get_logger(__name__)


class OutOfTime(BaseException):
    """A text took longer than any may; nothing between here and the engine may take it for trouble of its own."""


@dataclass
class Classified:
    """Signals, and what is wrong with texts that have none, by key of the post."""

    signals: dict[str, Signal] = field(default_factory=dict)
    flaws: dict[str, Flaw] = field(default_factory=dict)


def classify(engine: Engine, items: Sequence[Item], *, seconds: float) -> Classified:
    """One signal or one flaw for each item; `seconds` is the longest that one text may take."""
    found = Classified()
    for start in range(0, len(items), TOGETHER):
        some = items[start : start + TOGETHER]
        signals, flaw = _asked(engine, some, seconds)
        if flaw is None:
            found.signals |= signals
            continue
        for item in some:
            signals, flaw = _asked(engine, [item], seconds)
            found.signals |= signals
            if flaw is not None:
                log.warning("text set apart", post=item.key, engine=engine.found_by, reason=flaw.reason)
                found.flaws[item.key] = flaw
    return found


def _asked(engine: Engine, items: Sequence[Item], seconds: float) -> tuple[dict[str, Signal], Flaw | None]:
    """The signals of all of these, or why there are none."""
    who = f"The classifier {engine.found_by}"
    try:
        with at_most(seconds):
            return {each.post: each for each in engine.classify(items)}, None
    except OutOfTime:
        reason, what = "classifier_hung", f"{who} had not ended after {seconds:g} s (HUB_TEXT_SECONDS); {REMEDY}."
    except Exception as odd:  # noqa: BLE001  any defect of an engine, none of which may stop the other posts
        reason, what = "classifier_failed", f"{who} stumbled over the text ({place_of(odd)}); {REMEDY}."
    return {}, Flaw("classify", reason, what)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """OutOfTime where the block has not ended by then.

    By the process's alarm, which reaches into a regular expression too, and only the main thread: in others there is
    no limit. An alarm that somebody has set already, as Airflow does for a task's time, rings when it should. One that
    goes unheard, as it does in a destructor or where everything is caught, rings again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    left, _ = signal.getitimer(signal.ITIMER_REAL)
    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, left) if left else seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001))

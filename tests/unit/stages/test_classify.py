"""One text never costs another its signal, whatever the engine makes of it."""

import re
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from hub.classify import Item
from hub.domain import Signal
from hub.stages.classify import OutOfTime, at_most, classify

ENDLESS = re.compile(r"(?:a+)+b")  # tries a number of ways that doubles with each letter
SECONDS = 0.1


class Fussy:
    """An engine that cannot take some words."""

    name, version, found_by = "fussy", "1", "fussy@1"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        self.asked.append(len(items))
        for item in items:
            try:
                self._read(item.text)
            except KeyError as odd:  # as many an engine does, to go on
                raise ValueError("SECRET WORDS") from odd
        return [Signal(post=item.key, found_by=self.found_by, intent="none", confidence=1.0) for item in items]

    def _read(self, text: str) -> None:
        if text == "raise":
            raise KeyError(text)
        if text == "hang":
            ENDLESS.match("a" * 60)


def items(*texts: str) -> list[Item]:
    return [Item(key=f"x:post:{number}", text=text) for number, text in enumerate(texts)]


@pytest.mark.parametrize(("word", "reason"), [("raise", "classifier_failed"), ("hang", "classifier_hung")])
def test_a_text_that_the_engine_cannot_take_is_named_and_the_others_have_their_signals(word: str, reason: str) -> None:
    engine = Fussy()

    found = classify(engine, items("one", word, "two"), seconds=SECONDS)

    assert list(found.signals) == ["x:post:0", "x:post:2"]
    [(key, flaw)] = found.flaws.items()
    assert (key, flaw.stage, flaw.reason) == ("x:post:1", "classify", reason)
    assert "fussy@1" in flaw.detail
    assert "hub replay --stage classify" in flaw.detail
    assert "SECRET" not in flaw.detail
    assert engine.asked == [3, 1, 1, 1]


def test_texts_that_give_no_trouble_go_through_together() -> None:
    engine = Fussy()

    classify(engine, items(*["word"] * 250), seconds=SECONDS)

    assert engine.asked == [200, 50]


def for_ever() -> None:
    while True:
        pass


@pytest.fixture
def alarm() -> Iterator[list[str]]:
    """An alarm of somebody else's, as Airflow sets one for a task's time."""
    rung: list[str] = []
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # pytest's own
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append("theirs"))
    yield rung
    signal.signal(signal.SIGALRM, before)
    signal.setitimer(signal.ITIMER_REAL, left)


def test_an_alarm_that_was_set_already_rings_when_it_should(alarm: list[str]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 3600)
    with pytest.raises(OutOfTime), at_most(0.01):
        for_ever()
    assert 3590 < signal.getitimer(signal.ITIMER_REAL)[0] <= 3600

    signal.setitimer(signal.ITIMER_REAL, 0.01)
    with pytest.raises(OutOfTime), at_most(60):
        for_ever()
    until = time.monotonic() + 10
    while not alarm and time.monotonic() < until:
        pass

    assert alarm == ["theirs"]


def test_an_alarm_that_goes_unheard_rings_again(alarm: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.stages.classify.AGAIN_SECONDS", 0.05)

    def catches_everything() -> None:
        with suppress(BaseException):
            for_ever()
        for_ever()

    with pytest.raises(OutOfTime), at_most(0.01):
        catches_everything()

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_ends_in_time_leaves_no_alarm_behind(alarm: list[str]) -> None:
    theirs = signal.getsignal(signal.SIGALRM)

    with at_most(60):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 50

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is theirs


def test_where_no_alarm_reaches_there_is_no_limit() -> None:
    told: list[Any] = []
    thread = threading.Thread(target=lambda: told.append(classify(Fussy(), items("one", "raise"), seconds=SECONDS)))

    thread.start()
    thread.join()

    assert (list(told[0].signals), list(told[0].flaws)) == (["x:post:0"], ["x:post:1"])

"""A source that falls silent is told once; a quiet night is no silence, and a failing source tells of itself."""

from datetime import timedelta

import pytest

from hub import wiring
from hub.domain import Watch
from hub.stages import outages, silence
from tests.unit.stages.world import CHATS, NOW, Town, X, acme, tweet

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TAG = Watch(network="x", kind="hashtag", value="#acme")
CONFIG = acme().with_(watches=(X, TAG))


class Operators:
    """What they were told, message by message; the channel may be out of order."""

    def __init__(self, town: Town) -> None:
        self.town, self.told, self.reachable = town, [], True

    def look(self) -> list[str]:
        """What is told now; a quarter of an hour later, somebody looks again."""
        before = len(self.told)

        def tell(text: str, thread: str | None) -> str | None:
            self.told.append((text, thread))
            return f"C1/{len(self.told)}" if self.reachable else None

        class Hub:
            config, store = CONFIG, self.town.store

        wiring.silences(Hub(), tell)
        self.town.clock.forward(minutes=15)
        return [text for text, _ in self.told[before:]]


@pytest.fixture
def operators(town: Town) -> Operators:
    return Operators(town)


def talk(town: Town, days: int, *, watches=(X, TAG), hours=range(24), until=NOW, posts=5) -> None:
    """So many days of talk, some posts in each of these hours, up to a moment."""
    town.clock.moment = NOW - days * DAY
    with town.store.begin() as tx:
        for watch in (X, TAG):
            tx.watches.register(watch)
    for watch in watches:
        moments = [
            at
            for number in range(days * 24)
            if (at := NOW - days * DAY + number * HOUR).hour in hours and at < until
            for _ in range(posts)
        ]
        with town.store.begin() as tx:
            tx.arrivals.add(watch.key, watch.network, moments)
    town.clock.moment = NOW
    read(town)


def read(town: Town, *watches: Watch) -> None:
    with town.store.begin() as tx:
        for watch in watches or (X, TAG):
            tx.watches.polled(watch.key)


def test_a_watch_that_falls_silent_is_told_once_and_when_it_speaks_again(town: Town, operators: Operators) -> None:
    talk(town, 10, watches=(TAG,))
    talk(town, 10, watches=(X,), until=NOW - 6 * HOUR)

    [notice] = operators.look()
    assert notice.startswith("x keyword acme has brought nothing for 6 h")
    assert "about 30 posts" in notice
    read(town)
    assert operators.look() == []
    town.hear(tweet(1, CHATS, minutes_ago=1))
    assert operators.look() == ["x keyword acme brings posts again."]
    assert operators.told[-1][1] == "C1/1"
    assert operators.look() == []
    with town.look() as view:
        assert silence.known(view) == []


def test_a_network_that_is_silent_as_a_whole_is_told_in_place_of_its_watches(
    town: Town, operators: Operators
) -> None:  # fmt: skip
    talk(town, 10, until=NOW - 6 * HOUR)

    [notice] = operators.look()
    assert notice.startswith("x has brought nothing")
    read(town)
    assert operators.look() == []


def test_a_quiet_night_is_no_silence(town: Town, operators: Operators) -> None:
    talk(town, 10, hours=range(14, 24), posts=50)
    assert operators.look() == []


def test_once_three_weeks_are_known_their_same_hours_say_what_is_usual(town: Town, operators: Operators) -> None:
    talk(town, 28, until=NOW - 6 * HOUR)
    with town.store.begin() as tx:
        for week in (1, 2, 3):
            since = NOW - week * 7 * DAY - 6 * HOUR
            for hour in range(6):
                for watch in (X, TAG):
                    tx.arrivals.add(watch.key, watch.network, [since + hour * HOUR])
    [notice] = operators.look()
    assert "x has brought nothing" in notice


def test_where_mondays_are_silent_another_one_is_no_news(town: Town, operators: Operators) -> None:
    assert NOW.weekday() == 0
    for day in range(28):
        if (NOW - day * DAY).weekday() != 0:
            with town.store.begin() as tx:
                tx.arrivals.add(X.key, "x", [NOW - day * DAY - hour * HOUR for hour in range(24)] * 5)
    town.clock.moment = NOW - 28 * DAY
    with town.store.begin() as tx:
        tx.watches.register(X)
    town.clock.moment = NOW
    read(town, X)
    assert operators.look() == []


def test_what_was_never_loud_is_not_missed(town: Town, operators: Operators) -> None:
    talk(town, 10, until=NOW - 6 * HOUR, posts=1)
    assert operators.look() == []


def test_of_three_days_nobody_knows_what_is_usual(town: Town, operators: Operators) -> None:
    talk(town, 3, until=NOW - 6 * HOUR)
    assert operators.look() == []


def test_a_source_that_fails_or_is_known_to_be_out_of_order_tells_of_itself(town: Town, operators: Operators) -> None:
    talk(town, 10, until=NOW - 6 * HOUR)
    with town.store.begin() as tx:
        for watch in (X, TAG):
            tx.watches.failed(watch.key, "Unavailable", "X is down.")
    assert operators.look() == []

    read(town)
    with town.store.begin() as tx:
        outages.failed(tx, "x", "collect_x.pull")
    assert operators.look() == []

    read(town)
    with town.store.begin() as tx:
        outages.worked(tx, "x", "collect_x.pull")
    assert len(operators.look()) == 1


def test_hours_that_were_not_read_to_their_end_are_not_judged(town: Town, operators: Operators) -> None:
    talk(town, 10, until=NOW - 6 * HOUR)
    town.clock.forward(hours=1)
    assert operators.look() == []


def test_who_could_not_be_told_is_told_the_next_time(town: Town, operators: Operators) -> None:
    talk(town, 10, until=NOW - 6 * HOUR)
    operators.reachable = False
    assert len(operators.look()) == 1
    operators.reachable = True
    assert len(operators.look()) == 1
    assert operators.look() == []


def test_it_can_be_switched_off(town: Town, operators: Operators, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(town, 10, until=NOW - 6 * HOUR)
    off = CONFIG.with_(detection=CONFIG.detection.with_(silence_hours=0))
    assert silence.look(off, town.store) == []

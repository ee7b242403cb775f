"""Looking again: edits and counters arrive, what is gone goes, and nothing stays longer than it may."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import connectors
from hub.domain import Measurement, Policy, Reference
from hub.errors import HubError, RateLimited, Unavailable
from hub.kit import Connection, LookUp, Network, Removals, Services
from hub.stages import refresh
from hub.stages.refresh import Refreshed
from tests.unit.stages.world import COMPLAINS, HASHTAG, NOW, Clock, Town, status

KEY = "mastodon:status:mastodon.test/"
MASTODON = connectors.manifest("mastodon")


class Square(Network):
    """A network that knows these statuses now."""

    look_up_size = 2

    def __init__(self, *known: dict[str, Any], trouble_after: int = 99, manifest: Any = MASTODON) -> None:
        super().__init__(manifest, Connection(id="square"), Services.local())
        self.known = {one["id"]: one for one in known}
        self.asked: list[str] = []
        self.left = trouble_after

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        if self.left <= 0:
            raise Unavailable("Down.")
        self.left -= 1
        self.asked += [one.native_id for one in references]
        there = [self.known[one.native_id] for one in references if one.native_id in self.known]
        yield LookUp(there, {one.key: "deleted" for one in references if one.native_id not in self.known})

    def measure(self, account: str) -> Iterator[Measurement]:
        if account == "nobody":
            raise Unavailable("Down.")
        yield Measurement(network="mastodon", account=account, name="followers", at=NOW, value=12)


def look_again(town: Town, square: Square) -> Refreshed:
    done = Refreshed()
    refresh.reread(square, store=town.store, landing=town.landing, run="refresh-1", done=done)
    town.triage()
    return done


def test_edits_and_counters_are_kept_beside_what_was_there(town: Town, clock: Clock) -> None:
    town.hear(status(1, COMPLAINS, favourites_count=1), watch=HASHTAG)
    clock.forward(hours=7)

    done = look_again(town, Square(status(1, f"{COMPLAINS} Solved!", favourites_count=9)))

    assert (done.asked, done.records, done.gone, done.failures) == (1, 1, {}, [])
    with town.look() as view:
        assert view.posts.get(f"{KEY}1").text.endswith("Solved!")
        assert [edit.text for edit in view.posts.edits(f"{KEY}1")] == [COMPLAINS]
        first, last = view.posts.history(f"{KEY}1")
        balance = view.ledger.balance()
    assert (first.likes, last.likes, last.counted_at) == (1, 9, clock.now())
    assert (balance.fetched, balance.new, balance.known) == (2, 1, 1)


def test_a_post_is_asked_for_once_in_its_time(town: Town, clock: Clock) -> None:
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    square = Square(status(1, COMPLAINS))
    look_again(town, square)
    clock.forward(hours=7)
    look_again(town, square)
    look_again(town, square)
    assert square.asked == ["1"]

    clock.forward(days=4)  # older than the window now
    look_again(town, square)
    assert square.asked == ["1"]


def test_what_was_deleted_there_is_emptied_here_and_not_sent_any_more(town: Town, clock: Clock) -> None:
    town.hear(status(1, COMPLAINS), status(2, COMPLAINS, author="ben"), watch=HASHTAG)
    waiting = len(town.outbox())
    clock.forward(hours=7)

    done = look_again(town, Square(status(2, COMPLAINS, author="ben")))

    assert done.gone == {"deleted": 1}
    with town.look() as view:
        post = view.posts.get(f"{KEY}1")
        assert (post.text, post.author.display_name, post.author.handle) == ("", "", "")
        work = [one.handoff for one in view.handoffs.recent() if one.handoff.post.key == f"{KEY}1"]
        assert work
        assert {one.post.text for one in work} == {""}
        assert view.posts.get(f"{KEY}2").text == COMPLAINS
        assert view.tombstones.dead([f"{KEY}1", f"{KEY}2"]) == {f"{KEY}1"}
    with town.store.begin() as tx:
        sent = [one for name in ("zendesk", "salesforce", "slack") for one in tx.outbox.claim(name, "w")]
    assert 0 < len(sent) < waiting
    assert {row.post for row in town.outbox() if row.state == "cancelled"} == {f"{KEY}1"}


def test_what_was_deleted_does_not_come_back(town: Town, clock: Clock) -> None:
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    clock.forward(hours=7)
    look_again(town, Square())

    again = town.hear(status(1, COMPLAINS, favourites_count=3), watch=HASHTAG)

    assert (again.new, again.known, again.skipped) == (0, 0, 1)
    with town.look() as view:
        assert view.posts.get(f"{KEY}1").text == ""


def test_trouble_half_way_keeps_what_was_answered(town: Town, clock: Clock) -> None:
    town.hear(*(status(number, COMPLAINS, author=f"a{number}") for number in range(1, 6)), watch=HASHTAG)
    clock.forward(hours=7)
    everybody = [status(number, COMPLAINS, author=f"a{number}", favourites_count=2) for number in range(1, 6)]

    first = look_again(town, Square(*everybody, trouble_after=1))
    rest = look_again(town, square := Square(*everybody))

    assert (first.asked, [type(one) for one in first.failures]) == (2, [Unavailable])
    assert (rest.asked, sorted(square.asked)) == (3, ["3", "4", "5"])


def test_trouble_with_one_connection_does_not_cut_the_next_one_short(
    town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "TOGETHER", 2)
    town.hear(*(status(number, COMPLAINS, author=f"a{number}") for number in range(1, 6)), watch=HASHTAG)
    clock.forward(hours=7)
    done = Refreshed(failures=[Unavailable("The first connection is down.")])

    square = Square(*(status(number, COMPLAINS, author=f"a{number}") for number in range(1, 6)))
    refresh.reread(square, store=town.store, landing=town.landing, run="refresh-1", done=done)

    assert sorted(square.asked) == ["1", "2", "3", "4", "5"]


def test_our_accounts_are_measured_and_trouble_with_one_is_its_own(town: Town) -> None:
    done = Refreshed()

    refresh.measure(Square(), ["nobody", "acme"], store=town.store, done=done)
    refresh.measure(Square(), ["acme"], store=town.store, done=done)

    with town.look() as view:
        assert [(one.account, one.value) for one in view.measurements.series("mastodon", "followers")] == [("acme", 12)]
        assert len(view.measurements.latest()) == 1
    assert [isinstance(one, HubError) for one in done.failures] == [True]


def test_nothing_stays_longer_than_the_terms_allow(town: Town, clock: Clock) -> None:
    strict = MASTODON.with_(policy=Policy(retention_days=30, author_retention_days=1))
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    (path,) = Path(town.landing.url).rglob("*.zst")
    done = Refreshed()

    clock.forward(days=29)
    refresh.purge(strict, store=town.store, landing=town.landing, done=done)
    with town.look() as view:
        assert view.posts.get(f"{KEY}1").text == COMPLAINS
        assert view.authors.get("mastodon:account:mastodon.test/id-ana").handle == ""
    assert done.purged == 0
    clock.forward(days=2)
    refresh.purge(strict, store=town.store, landing=town.landing, done=done)
    refresh.purge(strict, store=town.store, landing=town.landing, done=done)

    assert done.purged == 1
    with town.look() as view:
        assert view.posts.get(f"{KEY}1").text == ""
        assert view.tombstones.dead([f"{KEY}1"]) == set()
    assert not path.exists()


@pytest.mark.parametrize(("days", "asked"), [(20, []), (26, ["1"])])
def test_before_its_time_is_up_a_post_is_read_again(town: Town, clock: Clock, days: int, asked: list[str]) -> None:
    strict = MASTODON.with_(policy=Policy(retention_days=30), reread=None)
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    clock.forward(days=days)
    square = Square(status(1, COMPLAINS), manifest=strict)

    look_again(town, square)

    assert square.asked == asked
    clock.forward(days=8)
    done = Refreshed()
    refresh.purge(strict, store=town.store, landing=town.landing, done=done)
    assert done.purged == (0 if asked else 0 if days + 8 < 30 else 1)


class Registry(Square):
    """A network that tells in bulk what is gone; it takes its time for the first answer."""

    removals_size = 2

    def __init__(self, *known: dict[str, Any], busy: int = 0) -> None:
        super().__init__(*known, manifest=MASTODON.with_(policy=Policy(honour_deletes_within_hours=24)))
        self.busy = busy
        self.begun: Sequence[Reference] = ()

    def removals(self, references: Sequence[Reference]) -> Removals:
        self.begun = self.begun or references
        if self.busy:
            self.busy -= 1
            raise RateLimited("At it.", retry_after=60)
        asked, self.begun = self.begun, ()
        gone = {one.key: "suspended" for one in asked if one.native_id not in self.known}
        return Removals(gone, tuple(one.key for one in asked))


def ask_removals(town: Town, registry: Registry) -> Refreshed:
    done = Refreshed()
    refresh.removals(registry, store=town.store, landing=town.landing, run="refresh-1", done=done)
    return done


def test_what_is_gone_of_old_posts_is_asked_in_bulk_and_each_once_in_its_time(town: Town, clock: Clock) -> None:
    town.hear(*(status(number, COMPLAINS, author=f"a{number}") for number in range(1, 6)), watch=HASHTAG)
    clock.forward(days=40)
    registry = Registry(*(status(number, COMPLAINS) for number in (1, 2, 4, 5)))

    first, again = ask_removals(town, registry), ask_removals(town, registry)

    assert (first.asked, first.gone, again.asked) == (5, {"suspended": 1}, 0)
    with town.look() as view:
        assert [view.posts.get(f"{KEY}{number}").text for number in (2, 3, 4)] == [COMPLAINS, "", COMPLAINS]


def test_an_answer_that_takes_longer_is_fetched_by_the_next_run(town: Town, clock: Clock) -> None:
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    clock.forward(days=40)
    registry = Registry(busy=1)

    assert ask_removals(town, registry) == Refreshed()
    town.hear(status(2, COMPLAINS, author="ben"), watch=HASHTAG)  # not due yet, and not asked for
    assert ask_removals(town, registry).gone == {"suspended": 1}
    with town.look() as view:
        assert view.posts.get(f"{KEY}2").text == COMPLAINS


def test_a_network_that_answers_for_nothing_is_not_asked_for_ever(town: Town, clock: Clock) -> None:
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    clock.forward(days=40)
    registry = Registry()
    registry.removals = lambda references: Removals({}, ())  # type: ignore[method-assign]

    assert ask_removals(town, registry) == Refreshed()


def test_where_reading_again_renews_nothing_a_post_goes_all_the_same(town: Town, clock: Clock) -> None:
    strict = MASTODON.with_(policy=Policy(retention_days=2, renewable=False))
    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    clock.forward(days=1)
    look_again(town, Square(status(1, COMPLAINS, favourites_count=3), manifest=strict))
    clock.forward(days=1, hours=1)
    square, done = Square(status(1, COMPLAINS), manifest=strict.with_(reread=None)), Refreshed()
    look_again(town, square)

    refresh.purge(strict, store=town.store, landing=town.landing, done=done)

    assert square.asked == []
    assert done.purged == 1
    with town.look() as view:
        assert view.posts.get(f"{KEY}1").text == ""


def test_a_network_that_cannot_look_up_is_not_asked(town: Town, clock: Clock) -> None:
    class Wall(Square):
        look_up_size = 0

    town.hear(status(1, COMPLAINS), watch=HASHTAG)
    clock.forward(hours=7)
    wall = Wall()

    assert look_again(town, wall).asked == 0
    assert wall.asked == []

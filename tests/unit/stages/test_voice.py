"""Share of voice: of whom the talk is, in a period, and whether all of the period was seen."""

from datetime import timedelta

import pytest

from hub.domain import Author, Watch
from hub.errors import SetupError
from hub.stages.voice import LAST_WEEK, Heard, Report, keep, report
from hub.store import Standing
from tests.unit.stages.world import HASHTAG, NOW, Clock, Town, X, acme, make_post, make_signal

DAY = timedelta(days=1)
STORY = (
    "Acme opens a second roastery in the harbour district of Hamburg and wants to hire eighty people by the autumn, "
    "the firm said on Monday; the city had offered the old grain store for ten years."
)


def say(town: Town, number: int, *subjects: str, text: str = "nice", **changes: object) -> None:
    """A post about these subjects, kept with what was found in it."""
    signal = {name: changes.pop(name) for name in ("intent", "relevant") if name in changes}
    post = make_post(number, text=text, author=Author(key=f"x:account:{number}", native_id=str(number)), **changes)
    with town.store.begin() as tx:
        tx.posts.save([post], standings={post.key: Standing("set_aside", "no_route")})
        tx.signals.save([(post, make_signal(post, subjects=subjects, **{"intent": "none", **signal}))])


def heard(town: Town, *, since: timedelta = DAY, networks: tuple[str, ...] = ()) -> Report:
    with town.store.read() as view:
        return report(view, acme(), since=view.now - since, until=view.now, networks=networks)


def of(town: Town, subject: str, **asked: object) -> Heard:
    return next(one for one in heard(town, **asked).voices if one.subject == subject)


@pytest.fixture(autouse=True)
def watched(town: Town, clock: Clock) -> None:
    """Two networks, of which X was read all of the last two days."""
    clock.forward(days=-2)
    with town.store.begin() as tx:
        tx.watches.register(X)
    clock.forward(days=2)
    with town.store.begin() as tx:
        tx.watches.polled(X.key)


def test_brands_and_competitors_share_one_whole_and_products_another(town: Town) -> None:
    for number, subjects in enumerate(
        [("Acme",), ("Acme", "Brewster"), ("Kaffa",), ("Brew One",), ("Brew One", "Acme")]
    ):
        say(town, number, *subjects)

    assert of(town, "Acme").share == 3 / 5
    assert of(town, "Brewster").share == of(town, "Kaffa").share == 1 / 5
    assert (of(town, "Brew One").share, of(town, "Brew One").kind) == (1.0, "product")
    assert of(town, "Brew Pro").share == 0


def test_a_syndicated_story_is_one_voice(town: Town) -> None:
    for number in range(4):
        say(town, number, "Acme", text=STORY, url=f"https://site{number}.test/")
    say(town, 9, "Kaffa")

    acme_heard = of(town, "Acme")
    assert (acme_heard.share, acme_heard.stories, acme_heard.posts, acme_heard.largest_story) == (0.5, 1, 4, 4)


def test_what_is_passed_on_spam_and_what_concerns_nobody_add_no_voice(town: Town) -> None:
    say(town, 1, "Acme")
    say(town, 2, "Acme", kind="share")
    say(town, 3, "Kaffa", intent="spam")
    say(town, 4, "Kaffa", relevant=False)

    assert (of(town, "Acme").posts, of(town, "Acme").reshares, of(town, "Acme").share) == (1, 1, 1.0)
    assert of(town, "Kaffa").posts == 0


def test_a_period_holds_its_beginning_and_not_its_end(town: Town) -> None:
    say(town, 1, "Acme", published_at=NOW - DAY)
    say(town, 2, "Acme", published_at=NOW)
    say(town, 3, "Acme", published_at=NOW - DAY - timedelta(seconds=1))

    assert of(town, "Acme").posts == 1


def test_networks_can_be_chosen(town: Town) -> None:
    say(town, 1, "Acme")
    with town.store.begin() as tx:
        tx.watches.register(HASHTAG)
    say(town, 2, "Acme", network="mastodon")

    assert of(town, "Acme").posts == 2
    assert of(town, "Acme", networks=("x",)).posts == 1
    with pytest.raises(SetupError, match="Nothing watches 'telegram'; there are mastodon, x"):
        heard(town, networks=("telegram",))


def test_a_period_that_was_seen_is_whole(town: Town) -> None:
    (x,) = heard(town).coverage

    assert (x.network, x.observed, x.since, x.complete) == ("x", 1.0, None, True)
    assert not heard(town).partial


def test_a_period_of_which_something_was_not_seen_is_partial_and_says_which(town: Town) -> None:
    late = Watch(network="mastodon", kind="hashtag", value="#late")
    with town.store.begin() as tx:
        tx.watches.register(late)
        tx.watches.polled(late.key)

    found = heard(town, since=DAY / 2)
    assert found.partial
    assert [(one.network, one.complete) for one in found.coverage] == [("mastodon", False), ("x", True)]
    assert heard(town, since=3 * DAY).coverage[1].since == NOW - 2 * DAY


def test_where_nothing_was_said_there_is_no_share(town: Town) -> None:
    assert {one.share for one in heard(town).voices} == {None}


def test_the_last_week_is_kept_for_pages(town: Town) -> None:
    say(town, 1, "Acme")

    found = keep(acme(), town.store)
    with town.store.read() as view:
        kept = view.memory.get(LAST_WEEK)
    assert Report.from_plain(kept) == found
    assert found.until - found.since == 7 * DAY

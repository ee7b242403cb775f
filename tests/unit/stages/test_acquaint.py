"""Who is one person: with evidence, never by name alone, never two of one network, and always reversible."""

from typing import Any

import pytest

from hub.errors import SetupError
from hub.stages import acquaint
from tests.unit.stages.world import HASHTAG, Clock, Town, acme, status, tweet

X_ANA, M_ANA = "x:account:1", "mastodon:account:mastodon.test/2"


def on_x(number: int, handle: str, name: str = "", **more: Any) -> dict[str, Any]:
    author = {"id": str(number), "username": handle, "name": name or handle} | more
    return tweet(number, "I love my Acme Brew One!", author=handle) | {"author": author}


def on_mastodon(number: int, handle: str, name: str = "", **more: Any) -> dict[str, Any]:
    account = {"id": str(number), "acct": handle, "display_name": name or handle} | more
    return status(number, "I love my Acme Brew One!", author=handle) | {"account": account}


def meet(town: Town, *records: dict[str, Any]) -> acquaint.Acquainted:
    town.hear(*(one for one in records if "username" in one.get("author", {})))
    town.hear(*(one for one in records if "account" in one), watch=HASHTAG)
    return acquaint.run(acme(), store=town.store)


def person(town: Town, key: str) -> list[str]:
    with town.look() as view:
        return view.people.person(key)


def tie_of(town: Town, key: str = X_ANA):
    with town.look() as view:
        (tie,) = view.people.ties_of(key)
    return tie


def test_one_handle_on_two_networks_is_one_person_with_evidence(town: Town) -> None:
    done = meet(town, on_x(1, "anaribeiro", "Ana Ribeiro"), on_mastodon(2, "anaribeiro", "Ana Ribeiro"), on_x(3, "tom"))

    assert (done.seen, done.merged, done.suggested) == (3, 1, 0)
    assert person(town, X_ANA) == sorted([X_ANA, M_ANA])
    tie = tie_of(town)
    assert (tie.state, tie.confidence > 0.8, tie.decided_by) == ("merged", True, None)
    assert tie.evidence


def test_a_name_alone_is_a_suggestion_at_most(town: Town) -> None:
    meet(town, on_x(1, "espresso_99", "Ana Ribeiro"), on_mastodon(2, "zx_fan_club", "Ana Ribeiro"))

    assert person(town, X_ANA) == [X_ANA]
    with town.look() as view:
        assert {tie.state for tie in view.people.ties_of(X_ANA)} <= {"suggested"}


def test_what_was_parted_stays_parted_and_both_sides_are_what_they_were(town: Town) -> None:
    meet(town, on_x(1, "anaribeiro"), on_mastodon(2, "anaribeiro"))
    with town.store.begin() as tx:
        tx.people.part(tie_of(town).id, "ben")

    meet(town, on_x(10, "anaribeiro") | {"author": {"id": "1", "username": "anaribeiro", "name": "Ana R"}})

    assert person(town, X_ANA) == [X_ANA]
    assert person(town, M_ANA) == [M_ANA]
    assert (tie_of(town).state, tie_of(town).decided_by) == ("parted", "ben")


def test_two_accounts_of_one_network_never_meet_in_one_person(town: Town, clock: Clock) -> None:
    meet(town, on_x(1, "anaribeiro"), on_mastodon(2, "anaribeiro"))
    clock.forward(hours=1)

    done = meet(town, on_x(4, "ana_ribeiro"))

    assert done.merged == 0
    assert person(town, "x:account:4") == ["x:account:4"]
    with town.store.begin() as tx, pytest.raises(SetupError, match="two accounts on one network"):
        tx.people.tie("x:account:4", M_ANA, state="merged", confidence=1, evidence=(), found_by="somebody", by="ben")


def test_people_have_the_last_word(town: Town) -> None:
    meet(town, on_x(1, "espresso_99", "Ana Ribeiro"), on_mastodon(2, "zx_fan_club", "Ana Ribeiro"))
    with town.store.begin() as tx:
        tx.people.tie(X_ANA, M_ANA, state="merged", confidence=1.0, evidence=("told",), found_by="people", by="ben")

    meet(town, on_x(11, "x") | {"author": {"id": "1", "username": "espresso_99", "name": "Ana Ribeiro"}})

    assert person(town, X_ANA) == sorted([X_ANA, M_ANA])


def test_accounts_are_ranked_with_their_parts_and_classed(town: Town) -> None:
    loud = on_x(5, "coffeeknight", "Kim Larsson", public_metrics={"followers_count": 900_000})
    meet(town, loud, *(on_x(100 + n, f"person{n}") for n in range(30)), on_x(6, "leedsdailynews", "Leeds Daily News"))

    with town.look() as view:
        first, *_ = view.people.loudest(1)
        news = view.people.standing("x:account:6")
        somebody = view.people.standing("x:account:101")
    assert (first.author, first.audience) == ("x:account:5", "influencer")
    assert first.influence == pytest.approx(sum(first.parts.values()), abs=0.01)
    assert (news.audience, somebody.audience) == ("media", "public")


def test_many_are_ranked_in_parts_as_they_would_be_at_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = [on_x(n, f"person{n}", public_metrics={"followers_count": n**4}) for n in range(1, 8)]
    meet(town, *crowd)
    with town.look() as view:
        at_once = view.people.loudest(10)
    monkeypatch.setattr(acquaint, "AT_ONCE", 2)
    with town.store.begin() as tx:
        tx.memory.set(acquaint.LAST_RUN, "2020-01-01T00:00:00+00:00")

    done = acquaint.run(acme(), store=town.store)

    assert done.seen == 7
    with town.look() as view:
        assert view.people.loudest(10) == at_once


def test_friends_and_customers_are_told_apart(town: Town) -> None:
    town.hear(*(tweet(200 + n, "I love my Acme Brew One, best machine!", author="ana") for n in range(3)))
    town.hear(tweet(300, "My Acme Brew One arrived broken and nobody answers, @acme. Terrible service.", author="ben"))
    acquaint.run(acme(), store=town.store)

    with town.look() as view:
        assert view.people.standing("x:account:id-ana").audience == "advocate"
        assert view.people.standing("x:account:id-ben").audience == "customer"


def test_only_who_was_seen_since_is_looked_at_again(town: Town, clock: Clock) -> None:
    meet(town, on_x(1, "anaribeiro"))
    clock.forward(hours=1)

    assert acquaint.run(acme(), store=town.store).seen == 0

"""Who is who, and who is heard: numbers with their reasons, and no merge that a person could regret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import SetupError
from hub.people import FEATURES, Account, Matcher, features_of, influence_of
from hub.people.likeness import core
from hub.people.outcomes import OutcomeModel

ANA = Account(network="x", handle="anaribeiro", name="Ana Ribeiro")


@pytest.mark.parametrize(
    ("handle", "verdict"),
    [("anaribeiro", "merge"), ("ana.ribeiro", "merge"), ("AnaRibeiro82", "merge"), ("tomkeller", "apart")],
)
def test_handles_that_are_one_name_written_twice_are_one_person(handle: str, verdict: str) -> None:
    found = Matcher().match(ANA, Account(network="mastodon", handle=f"{handle}@social.test"))

    assert found.verdict == verdict
    assert bool(found.evidence) or verdict == "apart"
    assert found.found_by.startswith("likeness@")


def test_two_accounts_on_one_network_are_never_merged() -> None:
    assert Matcher().match(ANA, Account(network="x", handle="anaribeiro1")).verdict != "merge"


def test_a_name_alone_merges_nobody() -> None:
    other = Account(network="mastodon", handle="zx81_fan", name="Ana Ribeiro")

    assert Matcher().match(ANA, other).verdict != "merge"
    assert Matcher().match(other, ANA).verdict != "merge"


def test_short_handles_are_nobody_s_by_chance() -> None:
    assert (
        Matcher().match(Account(network="x", handle="ana"), Account(network="reddit", handle="ana")).verdict != "merge"
    )


def test_weights_for_other_features_are_refused() -> None:
    weights = Matcher().weights.with_(features=("other",))

    with pytest.raises(ValueError, match="benchmarks/people"):
        Matcher(weights)


def test_a_handle_s_core_is_what_somebody_chose() -> None:
    assert [core(each) for each in ("@RealAnaRibeiro", "ana_ribeiro_1982", "Zoë", "dev")] == [
        "anaribeiro", "anaribeiro", "zoe", "dev",
    ]  # fmt: skip


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=40), st.text(max_size=40))
def test_whatever_accounts_are_called_they_can_be_compared(one: str, other: str, name: str, site: str) -> None:
    own, theirs = Account(network="x", handle=one, name=name, website=site), Account(network="y", handle=other)
    features = features_of(own, theirs)

    assert len(features) == len(FEATURES)
    assert all(0 <= value <= 30 for value in features)
    assert 0 <= Matcher().match(own, theirs).score <= 1


def test_influence_is_the_sum_of_its_parts_and_more_listeners_are_more() -> None:
    small = influence_of({"followers": 100})
    large = influence_of({"followers": 100_000, "listed": 900, "mentioned": 40, "shared": 12})

    assert small.score < large.score <= 100
    assert large.score == pytest.approx(sum(large.parts.values()), abs=0.001)
    assert influence_of({}).score == 0
    assert influence_of({"follower_count": 100}).score == small.score
    assert influence_of({"followers": None, "listed": -5}).score == 0


def test_outcomes_teach_what_made_them() -> None:
    rows = [{"source": "ads" if place % 3 else "talk", "visits": place % 7, "note": str(place)} for place in range(300)]
    model = OutcomeModel(rows, [int(row["source"] == "talk" and row["visits"] > 2) for row in rows])

    likely, unlikely, strange = model.chances(
        [{"source": "talk", "visits": 6}, {"source": "ads", "visits": 0}, {"source": "moon", "visits": "many"}]
    )
    assert likely > 0.5 > unlikely
    assert 0 <= strange <= 1
    assert model.chances([]) == []


def test_outcomes_that_are_all_the_same_teach_nothing() -> None:
    with pytest.raises(SetupError, match="leads of both kinds"):
        OutcomeModel([{"a": 1}, {"a": 2}], [1, 1])

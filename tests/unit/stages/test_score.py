"""Whoever speaks of buying is scored on the way, and the score reaches routes, handoffs and destinations."""

import subprocess
import sys
from datetime import timedelta

import pytest

from hub.domain import LeadScore, external_id
from hub.domain.config import BehaviourPoints, LeadScoring, Route
from hub.errors import SetupError
from hub.people.calibration import Calibration
from hub.stages.score import CALIBRATION, calibration_of, learn
from tests.unit.stages.world import CHATS, COMPLAINS, NOW, WANTS_TO_BUY, Clock, Town, acme, make_book, status, tweet

ANA = "x:account:id-ana"
ASKS = "@acme does the Brew Pro come with a milk jug?"


def score_of(town: Town, author: str = ANA) -> LeadScore | None:
    with town.look() as view:
        return view.leads.score(author)


def names(score: LeadScore) -> list[str]:
    return [one.name for one in score.reasons]


def test_who_wants_to_buy_is_scored_and_the_lead_bears_it(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY, author="ana", verified=True))

    score = score_of(town)
    assert score.behaviour > 30
    assert "purchase" in names(score)
    assert score.as_of == NOW
    [lead] = town.outbox("salesforce")
    body = town.body(lead)
    assert (body["Hub_Fit__c"], body["Hub_Behaviour__c"]) == (score.fit, score.behaviour)
    assert body["Hub_Grade__c"] == score.grade
    assert "behaviour purchase" in body["Hub_Reasons__c"]
    assert body["Hub_Reasons__c"].endswith("By lead-rules@1")
    with town.look() as view:
        [handed] = view.handoffs.recent(kind="Lead")
    assert handed.handoff.lead == score


@pytest.mark.parametrize("text", [CHATS, COMPLAINS])
def test_who_says_nothing_of_buying_is_not_scored(town: Town, text: str) -> None:
    town.hear(tweet(1, text))

    assert score_of(town) is None


def test_our_own_words_and_old_ones_score_nobody(town: Town) -> None:
    town.hear(
        tweet(1, WANTS_TO_BUY, author="acme"), tweet(2, WANTS_TO_BUY, author="bo", minutes_ago=60 * 24 * 5),
    )  # fmt: skip

    assert score_of(town, "x:account:id-acme") is None
    assert score_of(town, "x:account:id-bo") is None


def test_what_somebody_says_adds_up_from_batch_to_batch_and_fades(town: Town, clock: Clock) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    once = score_of(town).behaviour
    town.hear(tweet(2, WANTS_TO_BUY))
    twice = score_of(town).behaviour
    clock.forward(days=14)
    town.hear(tweet(3, WANTS_TO_BUY, minutes_ago=-14 * 24 * 60))

    assert twice == pytest.approx(2 * once, rel=0.01)
    assert score_of(town).behaviour == pytest.approx(twice / 2 + once, rel=0.01)


def test_a_post_that_is_read_again_counts_once(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    once = score_of(town)
    town.hear(tweet(1, WANTS_TO_BUY), tweet(9, CHATS))

    assert score_of(town) == once


def test_whoever_is_one_person_is_scored_as_one(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    alone = score_of(town)
    with town.store.begin() as tx:
        other = "mastodon:account:mastodon.test/id-ana"
        tx.people.tie(ANA, other, state="merged", confidence=1.0, evidence=("same_handle",), found_by="t@1")
    from tests.unit.stages.world import HASHTAG

    town.hear(status(7, WANTS_TO_BUY), watch=HASHTAG)

    both = score_of(town)
    assert both.behaviour == pytest.approx(2 * alone.behaviour, rel=0.01)
    assert score_of(town, other) == both


def test_routes_ask_for_scores_and_for_thresholds_of_them(town: Town) -> None:
    keen = Route(
        name="keen", makes="Lead", when="lead.behaviour >= `60`", priority="lead.fit >= `50` && 'high' || 'low'"
    )
    off = [Route(name=name, makes="Lead", when="`false`", enabled=False)
           for name in ("purchase-lead", "partner-lead", "warm-lead")]  # fmt: skip
    book = make_book(routes=(keen, *off))

    first = town.hear(tweet(1, WANTS_TO_BUY), book=book)
    second = town.hear(tweet(2, WANTS_TO_BUY), book=book)

    assert (first.handoffs.get("Lead"), second.handoffs.get("Lead")) == (None, 1)
    with town.look() as view:
        [handed] = view.handoffs.recent(kind="Lead")
    assert (handed.handoff.provenance.route, handed.handoff.priority) == ("keen@2", "low")


def test_where_nothing_was_scored_no_threshold_holds(town: Town) -> None:
    cold = Route(name="cold", makes="Lead", when="lead.behaviour < `60`")

    assert town.hear(tweet(1, CHATS + " @acme"), book=make_book(routes=(cold,))).handoffs.get("Lead") is None


def test_somebody_who_fits_and_comes_back_is_a_lead_without_saying_so(town: Town) -> None:
    firm = {"author": {"id": "id-ana", "username": "ana", "name": "Bean & Brew GmbH"}}
    asked = town.hear(tweet(1, ASKS) | firm)
    town.hear(tweet(2, WANTS_TO_BUY) | firm)
    again = town.hear(tweet(3, ASKS) | firm)

    assert (asked.handoffs.get("Lead"), again.handoffs.get("Lead")) == (None, 1)
    with town.look() as view:
        routes = {one.handoff.provenance.route for one in view.handoffs.recent(kind="Lead", post="x:post:3")}
    assert routes == {"warm-lead@2"}


def test_an_organisation_has_its_own_points(town: Town) -> None:
    own = acme().with_(lead_scoring=LeadScoring(behaviour=BehaviourPoints(purchase=0)))
    town.hear(tweet(1, WANTS_TO_BUY), book=make_book(config=own))

    assert score_of(town) is None


def sold(town: Town, leads: int = 60) -> dict[str, str]:
    """Leads of which the keener were won."""
    town.hear(*(
        tweet(100 + n, WANTS_TO_BUY, author=f"p{n}") for n in range(leads)
    ), *(
        tweet(300 + n, WANTS_TO_BUY, author=f"p{n}") for n in range(0, leads, 3)
    ))  # fmt: skip
    return {f"x:account:id-p{n}": "won" if n % 3 == 0 else "lost" for n in range(leads)}


def test_outcomes_give_later_scores_their_chance(town: Town) -> None:
    ends = sold(town)
    rows = [{"lead": lead, "outcome": end} for lead, end in ends.items()]
    learned = learn(town.store, [*rows, {"lead": "x:account:nobody", "outcome": "won"},
                                 {"lead": ANA, "outcome": "Working - Contacted"}], who="ana")  # fmt: skip
    town.hear(tweet(1, WANTS_TO_BUY), tweet(2, WANTS_TO_BUY), tweet(3, WANTS_TO_BUY, author="bo"))

    assert (learned.told, learned.kept, learned.still_open) == (62, 60, 1)
    assert learned.calibration.believed
    assert learned.calibration.won == 20
    keen, cool = score_of(town), score_of(town, "x:account:id-bo")
    assert keen.chance > cool.chance
    assert keen.found_by == f"lead-rules@1 {learned.calibration.version}"
    with town.look() as view:
        best = view.leads.best(1)
    assert best[0].author == ANA


def test_a_lead_may_be_named_by_its_key_at_the_destination(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    rows = [{"Hub_Key__c": external_id(ANA).upper(), "Status": "Closed - Converted"}]

    learned = learn(town.store, rows, who="ana")

    assert learned.kept == 1
    assert learned.calibration is None
    assert "it takes 40" in learned.why_not


def test_outcomes_that_say_nothing_change_nothing(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    useless = Calibration(
        version="outcomes@1", features=("fit", "behaviour"), weights=(1.0, 1.0), bias=0.0, leads=50, won=20,
        auc=0.5, brier=0.25, brier_of_share=0.24,
    )  # fmt: skip
    with town.store.begin() as tx:
        tx.memory.set(CALIBRATION, useless.plain())

    with town.look() as view:
        assert calibration_of(view) is None


@pytest.mark.parametrize("row", [{"outcome": "won"}, {"lead": "", "outcome": "won"}])
def test_a_row_without_a_lead_is_named(town: Town, row: dict[str, str]) -> None:
    with pytest.raises(SetupError, match="Row 1 names no lead"):
        learn(town.store, [row], who="ana")


def test_who_must_be_forgotten_has_no_score_and_no_name(town: Town, clock: Clock) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    with town.store.begin() as tx:
        tx.people.name([("anaribeiro", ANA)])
        clock.forward(days=1)
    with town.store.begin() as tx:
        tx.keeping.forget_authors("x", NOW + timedelta(hours=1))

    with town.look() as view:
        assert view.leads.score(ANA) is None
        assert view.people.namesakes(["anaribeiro"]) == {}


def test_triage_gives_chances_without_the_libraries_that_they_were_learned_with() -> None:
    loaded = "import hub.stages.triage, sys; print(*{'numpy', 'scipy', 'sklearn', 'pandas'} & set(sys.modules))"

    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert told.stdout.split() == []

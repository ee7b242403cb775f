"""Who may buy: fit and behaviour apart, each with its reasons; what became of leads corrects what rules guess."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hub.domain import Author, LeadScore, Reason
from hub.domain.config import BehaviourPoints, FitPoints, LeadScoring
from hub.errors import SetupError
from hub.people.calibration import calibrate
from hub.people.leads import Background, Deed, counting, score_lead

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = Author(key="x:account:7", native_id="7", display_name="Ana Ribeiro", followers=12_000, verified=True)


def did(intent: str, *, days_ago: float = 0, of_rival: bool = False) -> Deed:
    return Deed(post=f"p:{intent}:{days_ago}", intent=intent, confidence=1.0, at=NOW - timedelta(days=days_ago),
                of_rival=of_rival)  # fmt: skip


def points(score: LeadScore) -> dict[str, float]:
    return {one.name: one.points for one in score.reasons}


def test_what_somebody_did_fades_and_who_they_are_does_not() -> None:
    fresh = score_lead([ANA], [did("purchase")], now=NOW)
    stale = score_lead([ANA], [did("purchase", days_ago=28)], now=NOW)

    assert fresh.fit == stale.fit == 60
    assert (fresh.behaviour, stale.behaviour) == (60, 15)
    assert points(fresh) == {"many_followers": 20, "verified": 20, "full_name": 20, "purchase": 60}
    assert (fresh.grade, stale.grade) == ("B2", "B4")
    assert fresh.found_by == "lead-rules@1"


def test_what_was_said_too_long_ago_does_not_count_at_all() -> None:
    assert score_lead([ANA], [did("purchase", days_ago=90)], now=NOW).behaviour == 0
    assert score_lead([ANA], [did("purchase", days_ago=89)], now=NOW).behaviour > 0


def test_a_machine_fits_nobody_and_chatter_is_no_behaviour() -> None:
    bot = ANA.with_(automated=True)
    score = score_lead([bot], [did("none")], now=NOW)

    assert (score.fit, score.behaviour, score.reasons, score.grade) == (0, 0, (), "D4")
    assert score_lead([bot, ANA], [], now=NOW).fit == 60


def test_praise_counts_if_it_is_of_us_and_leaving_if_it_is_a_rival_that_is_left() -> None:
    assert points(score_lead([], [did("churn"), did("praise", of_rival=True)], now=NOW)) == {}
    assert points(score_lead([], [did("churn", of_rival=True), did("praise")], now=NOW)) == {"churn": 25, "praise": 8}


@pytest.mark.parametrize(("name", "firm"), [
    ("Bean & Brew GmbH", True), ("Kaffa Ltd.", True), ("The Roastery Inc", True), ("Ana Ribeiro", False),
    ("Incognito", False), ("AG", True), ("Magnolia", False),
])  # fmt: skip
def test_a_firm_calls_itself_one(name: str, firm: bool) -> None:
    score = score_lead([Author(key="a", native_id="7", display_name=name)], [], now=NOW)

    assert ("firm" in points(score)) is firm


def test_what_we_know_besides_the_accounts_counts_too() -> None:
    known = score_lead([ANA], [], now=NOW, known=Background(helped=True, press=True))

    assert known.fit == 60 + 25 - 30
    assert points(known)["press"] == -30
    assert score_lead([], [], now=NOW, known=Background(press=True)).fit == 0


def test_an_organisation_has_its_own_points_and_the_score_says_so() -> None:
    own = LeadScoring(
        behaviour=BehaviourPoints(question=40, feature=0), fit=FitPoints(verified=0, full_name=5), half_life_days=7
    )
    score = score_lead([ANA], [did("question", days_ago=7), did("feature")], now=NOW, how=own)

    assert points(score) == {"many_followers": 20, "full_name": 5, "question": 20}
    assert score.found_by.startswith("lead-rules@1+")
    assert score.found_by != score_lead([ANA], [], now=NOW, how=own.with_(half_life_days=8)).found_by
    assert "feature" not in counting(own)


def scored(behaviour: float, *, partner: bool = False) -> LeadScore:
    name = "partner" if partner else "purchase"
    reason = Reason(part="behaviour", name=name, points=behaviour)
    return LeadScore(fit=20, behaviour=behaviour, grade="D3", reasons=(reason,), found_by="lead-rules@1", as_of=NOW)


def lessons(leads: int = 300) -> tuple[list[LeadScore], list[bool]]:
    """Partners are won more often than purchases, which no rule knows."""
    chance = Random(3)
    scores = [scored(chance.uniform(10, 60), partner=chance.random() < 0.3) for _ in range(leads)]
    won = [chance.random() < (0.7 if one.reasons[0].name == "partner" else 0.002 * one.behaviour) for one in scores]
    return scores, won


def test_outcomes_teach_what_rules_cannot_know() -> None:
    calibration = calibrate(*lessons(), version="outcomes@1")

    partner, hot, cold = (calibration.judged(each) for each in (scored(30, partner=True), scored(60), scored(10)))
    assert calibration.believed
    assert calibration.auc > 0.8
    assert calibration.brier < calibration.brier_of_share
    assert partner.chance > 0.5 > hot.chance > cold.chance
    assert partner.found_by == "lead-rules@1 outcomes@1"


def test_chances_are_as_often_right_as_they_say() -> None:
    scores, won = lessons(1000)
    calibration = calibrate(scores, won, version="outcomes@1")
    chances = [calibration.judged(one).chance for one in scores]

    assert sum(chances) == pytest.approx(sum(won), rel=0.05)


def test_outcomes_that_have_nothing_to_do_with_the_scores_are_not_believed() -> None:
    scores, _ = lessons()
    chance = Random(5)

    assert not calibrate(scores, [chance.random() < 0.3 for _ in scores], version="outcomes@1").believed


@pytest.mark.parametrize(("leads", "won"), [(39, 15), (60, 9), (60, 51)])
def test_too_few_outcomes_are_refused_with_what_is_missing(leads: int, won: int) -> None:
    scores, _ = lessons(leads)

    with pytest.raises(SetupError, match="it takes 40, and 10 of either kind"):
        calibrate(scores, [place < won for place in range(leads)], version="outcomes@1")

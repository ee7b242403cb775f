"""The engine that has learned: its model's answers in place of the rules', and the rules' where it has none."""

from datetime import UTC, datetime

import pytest

from hub.classify import Item, Subject, default_engine
from hub.classify.examples import Example
from hub.classify.trained_engine import TrainedEngine
from hub.classify.training import train
from hub.errors import SetupError
from tests.unit.classify.invented import feelings, teapots

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BUYS = "Where can I buy the grinder?"


def engine(examples: list[Example], subjects: tuple[Subject, ...] = ()) -> TrainedEngine:
    return TrainedEngine(train(examples, base=default_engine(), now=NOW).model, subjects)


def asked(engine: TrainedEngine, text: str, **facts: object):
    return engine.classify([Item(key="k", text=text, **facts)])[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def of_feelings() -> TrainedEngine:
    return engine(feelings())


@pytest.fixture(scope="module")
def of_tea() -> TrainedEngine:
    """Whoever speaks of tea complains, in this town; whoever speaks of anything else does not."""
    yes_no = {"tea": "yes", "other": "no"}
    return engine([row.with_(labels={"complaint": yes_no[row.labels["label"]]}) for row in teapots()])


def test_the_model_answers_what_it_has_learned_and_the_rules_the_rest(of_feelings: TrainedEngine) -> None:
    signal = asked(of_feelings, f"what an awful shop. {BUYS}")

    assert (signal.sentiment, signal.intent) == ("negative", "purchase")
    assert signal.sentiment_score < 0
    assert signal.found_by == f"trained@{of_feelings.version}"
    assert len(of_feelings.version) == 8


def test_evidence_names_the_words_that_spoke_loudest_and_no_rare_one(of_feelings: TrainedEngine) -> None:
    evidence = asked(of_feelings, "what an awful zqxjkv").evidence

    assert "sentiment:awful" in evidence
    assert not any("zqxjkv" in name for name in evidence)


def test_a_learned_intent_gets_its_score_and_is_chosen(of_tea: TrainedEngine) -> None:
    signal = asked(of_tea, "the tank of the samovar today")

    assert signal.intent == "complaint"
    assert signal.scores["complaint"] == signal.confidence > 0.5
    assert signal.worth > 0.5


def test_a_learned_intent_that_is_not_there_leaves_the_others(of_tea: TrainedEngine) -> None:
    signal = asked(of_tea, BUYS)

    assert signal.intent == "purchase"
    assert signal.scores.get("complaint", 0.0) < 0.5


def test_a_learned_choice_between_intents_is_taken_as_it_is() -> None:
    intent = {"tea": "support", "other": "none"}
    learned = engine([row.with_(labels={"intent": intent[row.labels["label"]]}) for row in teapots()])

    assert asked(learned, "the app of the teapot today").intent == "support"
    assert asked(learned, "the app of the van in town").intent == "none"


def test_what_is_relevant_can_be_learned() -> None:
    yes_no = {"tea": "yes", "other": "no"}
    learned = engine([row.with_(labels={"relevant": yes_no[row.labels["label"]]}) for row in teapots()])

    assert asked(learned, "the app of the teapot today").relevant
    assert not asked(learned, "the app of the van in town").relevant


def test_subjects_are_found_as_ever(of_feelings: TrainedEngine) -> None:
    with_subjects = TrainedEngine(of_feelings.model, [Subject(name="Acme")])

    assert asked(with_subjects, "love the acme grinder").subjects == ("Acme",)


def test_a_question_that_was_not_learned_is_a_setup_error(of_feelings: TrainedEngine) -> None:
    with pytest.raises(SetupError, match="has not learned 'topic'; ask for sentiment"):
        of_feelings.answer([Item(key="k", text="hi")], "topic")


def test_no_post_at_all_is_no_trouble(of_feelings: TrainedEngine) -> None:
    assert of_feelings.classify([]) == []
    assert asked(of_feelings, "").sentiment in ("negative", "neutral", "positive")


def test_a_post_is_judged_alike_alone_and_among_others(of_feelings: TrainedEngine) -> None:
    items = [example.item for example in feelings(seed=5)[:40]]

    assert of_feelings.classify(items) == [of_feelings.classify([item])[0] for item in items]

"""Posts of the invented world come out as a careful reader would sort them; `examples.toml` holds the answers."""

import tomllib
from pathlib import Path

import pytest

from hub.classify import Engine, Item, Subject, default_engine
from hub.domain import INTENTS, Signal

EXAMPLES = tomllib.loads((Path(__file__).parent / "examples.toml").read_text("utf-8"))["posts"]
SUBJECTS = (
    Subject(name="Acme", kind="brand", exclusions=("acme climbing",)),
    Subject(name="Acme Brew One", kind="product", aliases=("Brew One",)),
    Subject(name="Acme Brew Pro", kind="product", aliases=("Brew Pro",)),
    Subject(name="Acme Home", kind="product"),
    Subject(name="Brewster", kind="competitor"),
    Subject(name="Kaffa", kind="competitor"),
)
ROUTED = 0.6  # the shipped routes hand nothing to people below this confidence


@pytest.fixture(scope="module")
def engine() -> Engine:
    return default_engine(SUBJECTS)


def one(engine: Engine, text: str, **facts: object) -> Signal:
    return engine.classify([Item(key="x:tweet:1", text=text, **facts)])[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(("language", "intent", "text"), EXAMPLES, ids=[f"{row[0]}-{row[2][:40]}" for row in EXAMPLES])
def test_a_post_gets_the_intent_that_a_careful_reader_gives_it(
    engine: Engine, language: str, intent: str, text: str
) -> None:
    signal = one(engine, text)

    assert signal.intent == intent, signal.evidence
    assert signal.lang == language
    if intent != "none":
        assert signal.confidence >= ROUTED
        assert any(name.startswith(f"{intent}.") for name in signal.evidence)


def test_the_examples_cover_every_intent_in_english_and_the_main_ones_in_every_language() -> None:
    seen = {(language, intent) for language, intent, _ in EXAMPLES}

    assert {intent for language, intent in seen if language == "en"} == set(INTENTS)
    for language in ("de", "es", "fr"):
        spoken = {intent for other, intent in seen if other == language}
        assert spoken >= {"purchase", "complaint", "support", "churn", "praise", "crisis", "spam", "none"}


@pytest.mark.parametrize("text", [row[2] for row in EXAMPLES if row[1] == "crisis"])
def test_a_crisis_is_urgent_and_never_sounds_positive(engine: Engine, text: str) -> None:
    signal = one(engine, text)

    assert signal.urgency >= 0.5
    assert signal.sentiment != "positive"


def test_trouble_with_a_competitor_is_not_trouble_of_ours(engine: Engine) -> None:
    ours = one(engine, "My Acme broke again, terrible quality.")
    theirs = one(engine, "My Brewster broke again, terrible quality.")

    assert ours.intent == "complaint"
    assert theirs.intent == "none"
    assert "subject.competitor_only" in theirs.evidence


def test_somebody_unhappy_with_a_competitor_may_still_be_a_buyer(engine: Engine) -> None:
    signal = one(engine, "My Kaffa died. Which espresso machine should I buy now?")

    assert signal.intent == "purchase"


def test_rude_words_cost_a_customer_nothing(engine: Engine) -> None:
    signal = one(engine, "You fucking idiots at Acme, my machine is broken again and nobody answers!")

    assert signal.intent == "complaint"
    assert signal.scores["offensive"] >= 0.5


def test_a_post_about_nothing_of_ours_is_not_relevant(engine: Engine) -> None:
    assert not one(engine, "Which espresso machine should I buy?").relevant
    assert one(engine, "Which espresso machine should I buy?", addressed=True).relevant
    assert one(engine, "Which Acme should I buy?").relevant


def test_spam_is_never_relevant_whatever_it_names(engine: Engine) -> None:
    signal = one(engine, "Win a free Acme Brew Pro! Follow and retweet to win https://win.test")

    assert signal.intent == "spam"
    assert not signal.relevant


def test_without_subjects_everything_but_spam_is_relevant() -> None:
    assert one(default_engine(), "Hello there, how are you all today?").relevant


def test_an_answer_speaks_of_what_its_parent_speaks_of(engine: Engine) -> None:
    signal = one(engine, "Same here, mine too!", parent="My Acme Brew Pro leaks everywhere, terrible.")

    assert signal.intent == "complaint"
    assert signal.relevant
    assert "Acme Brew Pro" in signal.subjects


def test_the_same_answer_to_a_happy_post_is_no_complaint(engine: Engine) -> None:
    signal = one(engine, "Same here, mine too!", parent="I love my Acme Brew Pro.")

    assert signal.intent == "none"


def test_a_hidden_character_does_not_hide_a_word(engine: Engine) -> None:
    assert one(engine, "I want to can\u2060cel my Acme subscription").intent == "churn"
    assert one(engine, "I want to CANCEL my Acme subscription").intent == "churn"


def test_many_followers_make_trouble_more_urgent(engine: Engine) -> None:
    text = "My Acme broke again, terrible quality."

    assert one(engine, text, followers=900_000).urgency > one(engine, text, followers=12).urgency


def test_a_deadline_or_a_lawyer_makes_a_post_urgent(engine: Engine) -> None:
    calm = one(engine, "My Acme is broken.")

    assert one(engine, "My Acme is broken, I need it fixed urgently.").urgency > calm.urgency
    assert one(engine, "My Acme is broken, my lawyer will write to you.").urgency > calm.urgency


@pytest.mark.parametrize(
    "text", ["This haircut is a disaster", "Had a blast at the party", "I am dead, that was funny"]
)
def test_one_grave_word_is_a_figure_of_speech(text: str) -> None:
    assert one(default_engine(), text).scores.get("crisis", 0.0) < 0.5


@pytest.mark.parametrize(
    "text", ["Rescue crews at the destroyed bridge", "Blaze at the depot, people trapped", "Hail damage all over town"]
)
def test_grave_words_of_two_kinds_are_a_report(text: str) -> None:
    assert one(default_engine(), text).scores["crisis"] >= 0.5


def test_advertising_does_not_make_a_crisis_untrue() -> None:
    watched = one(default_engine(), "Video: the floods in the valley. Check it out, please share https://a.test/1")
    begged = one(default_engine(), "Floods! Win a free iphone, subscribe to my channel, earn money fast https://b.test")

    assert watched.intent == "spam"
    assert watched.scores["crisis"] >= 0.5
    assert begged.scores.get("crisis", 0.0) < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "URGENT! You have been selected to receive a bonus prize. Call 09090 555 01234 now",
        "Half price line rental and 500 free texts, reply YES to 80555. Std rates apply",
        "Hot offers only today, whatsapp +234 80555 01234",
    ],
)
def test_messages_that_want_a_number_called_are_spam(text: str) -> None:
    assert one(default_engine(), text).intent == "spam"


@pytest.mark.parametrize(
    "text",
    [
        "Are you free now? Can I call now?",
        "give me a call when you are home, love you xxx",
        "I need a loan from my brother again",
        "@acme order 7755301234 never came, please call me on 0555 012345",
    ],
)
def test_what_friends_and_customers_write_is_none(engine: Engine, text: str) -> None:
    assert one(engine, text).scores.get("spam", 0.0) < 0.5

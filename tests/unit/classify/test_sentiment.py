"""Sentiment: words, negation, intensifiers and turns, the same way in four languages."""

import pytest

from hub.classify.sentiment import LANGUAGES, lexicon, named, score
from hub.classify.text import Reading


def feel(language: str | None, text: str) -> float:
    return score(Reading(text), language)


@pytest.mark.parametrize(
    ("language", "good", "bad"),
    [
        ("en", "What a wonderful machine, thank you", "What a terrible machine, it is broken"),
        ("de", "Eine wunderbare Maschine, danke", "Eine schreckliche Maschine, sie ist kaputt"),
        ("es", "Una cafetera maravillosa, gracias", "Una cafetera horrible, está rota"),
        ("fr", "Une machine merveilleuse, merci", "Une machine horrible, elle est cassée"),
    ],
)
def test_good_is_positive_and_bad_is_negative(language: str, good: str, bad: str) -> None:
    assert named(feel(language, good)) == "positive"
    assert named(feel(language, bad)) == "negative"


@pytest.mark.parametrize(
    ("language", "plain", "turned"),
    [
        ("en", "this is good", "this is not good"),
        ("de", "das ist gut", "das ist nicht gut"),
        ("es", "es bueno", "no es bueno"),
        ("fr", "c'est bon", "c'est pas bon"),
    ],
)
def test_a_negation_turns_what_follows(language: str, plain: str, turned: str) -> None:
    assert feel(language, plain) > 0 > feel(language, turned)


@pytest.mark.parametrize(
    ("language", "plain", "strong"),
    [
        ("en", "good coffee", "very good coffee"),
        ("de", "guter kaffee", "sehr guter kaffee"),
        ("es", "buen café", "muy buen café"),
        ("fr", "bon café", "très bon café"),
    ],
)
def test_an_intensifier_strengthens(language: str, plain: str, strong: str) -> None:
    assert feel(language, strong) > feel(language, plain)


def test_a_negation_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert feel("en", "I won't. Wonderful coffee") > 0


def test_what_follows_the_last_but_is_what_is_meant() -> None:
    assert feel("en", "nice design but terrible coffee") < 0
    assert feel("en", "terrible design but nice coffee") > feel("en", "nice coffee but terrible design")


def test_pictures_speak_every_language() -> None:
    assert feel(None, "😍") > 0 > feel(None, "😡")


def test_words_of_an_unknown_language_say_nothing() -> None:
    assert feel(None, "terrible horrible") == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lexicon_holds_hundreds_of_words_of_both_kinds(language: str) -> None:
    values = lexicon(language).values.values()

    assert sum(value > 0 for value in values) > 150
    assert sum(value < 0 for value in values) > 150
    assert all(-4 <= value <= 4 for value in values)


def test_a_score_never_leaves_its_range() -> None:
    assert -1 <= feel("en", "terrible " * 500) < -0.9
    assert 0.9 < feel("en", "great! " * 500) <= 1

"""Language: the model where it is sure, the network's word where it is not, nobody where neither knows."""

from itertools import combinations

import pytest

from hub.classify.language import SMALL_WORDS, detect, likely, primary
from hub.classify.text import Reading


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which espresso machine should I buy for the office?", "en"),
        ("Welche Kaffeemaschine soll ich für das Büro kaufen?", "de"),
        ("¿Qué cafetera me compro para la oficina?", "es"),
        ("Quelle machine à café acheter pour le bureau ?", "fr"),
        ("Quale macchina da caffè devo comprare per l'ufficio?", "it"),
        ("オフィスのためにどのコーヒーメーカーを買えばいいですか", "ja"),
        ("WHICH ESPRESSO MACHINE SHOULD I BUY FOR THE OFFICE", "en"),
    ],
)
def test_a_sentence_is_recognised_without_help(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_text_too_short_to_tell_is_what_the_network_says() -> None:
    assert detect("ok", "de") == "de"
    assert detect("ok") is None
    assert detect("", "fr-CA") == "fr"


def test_a_sure_model_is_believed_against_the_network() -> None:
    assert detect("Welche Kaffeemaschine soll ich für das Büro kaufen?", "en") == "de"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Kaffeemaschine und der Wasserkocher is not for you", "en"),
        ("Die Kaffeemaschine und der Wasserkocher for you", "de"),  # two words are quickly borrowed
    ],
)
def test_the_network_is_believed_where_three_small_words_bear_it_out(text: str, language: str) -> None:
    reading = Reading(text)

    assert detect(reading.plain, "en") == "de"
    assert detect(reading.plain, "en", reading.words) == language
    assert detect(reading.plain, None, reading.words) == "de"


@pytest.mark.parametrize(("one", "other"), list(combinations(SMALL_WORDS, 2)))
def test_no_small_word_bears_out_two_languages(one: str, other: str) -> None:
    assert SMALL_WORDS[one].isdisjoint(SMALL_WORDS[other])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("nossa q medo kkkk", "pt"),  # English, says the model
        ("a camisa dele hj kkk", "pt"),
        ("ach so, echt arm dran", "de"),  # Dutch
        ("merci la team", "fr"),  # Italian
    ],
)
def test_small_words_tell_apart_what_the_model_is_unsure_of(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_variety_goes_by_the_name_of_its_language() -> None:
    assert detect("فى القاهرة دلوقتى زحمة جامد") == "ar"


def test_every_language_with_small_words_has_a_share() -> None:
    known = likely()

    assert {language for languages in known.words.values() for language in languages} <= set(known.share)


def test_an_unsure_model_is_not() -> None:
    assert detect("Espresso Acme 2026", "es") == "es"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("EN", "en"),
        ("und", None),
        ("qme", None),
        ("zxx", None),
        ("", None),
        (None, None),
        ("12", None),
    ],
)
def test_a_tag_is_cut_to_its_language(tag: str | None, language: str | None) -> None:
    assert primary(tag) == language


@pytest.mark.parametrize(
    "text", ["\ud800\ud800\ud800 hello there my friend", "\x00\x01\n\n\t", "\u202e" * 50, "a" * 100_000]
)
def test_no_text_breaks_the_model(text: str) -> None:
    assert detect(text) is None or isinstance(detect(text), str)

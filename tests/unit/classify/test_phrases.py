"""The little language of rules: what it matches, what it refuses, and that no text makes it slow."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.classify.phrases import PAIRS_AT_MOST, WORD, PhraseBook, choices, compile_phrase
from hub.classify.rules import load_rules
from hub.classify.text import TEXT_LIMIT, Reading, fold, tokens_of
from hub.errors import SetupError


def stands(phrase: str, text: str) -> bool:
    reading = Reading(text)
    return bool(PhraseBook([(7, phrase)]).find(reading, reading.line))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("broken", "It is BROKEN."),
        ("{buy,get} {a,an} machine", "I will get a machine soon"),
        ("{,really} love it", "I love it"),
        ("{,really} love it", "I really love it"),
        ("buy{,s,ing} one", "buying one"),
        ("which .. should i buy", "Which very shiny espresso machine should I buy?"),
        ("which .. should i buy", "which should I buy"),
        ("{step by step,manual}", "is there a step by step guide"),
        ("puis-je", "Puis-je vous aider ?"),
        ("don't work", "they don’t work"),
        ("cafe", "Le café est froid"),
        ("help me", "Help... me!"),
    ],
)
def test_a_phrase_stands_where_a_reader_sees_it(phrase: str, text: str) -> None:
    assert stands(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("broken", "unbroken"),
        ("which .. should i buy", "which of all the many very shiny new machines should I buy"),
        ("{buy,get} {a,an} machine", "I will sell a machine"),
        ("{step by step,manual}", "step on it"),
        ("machine", "see https://machine.test/machine"),
    ],
)
def test_a_phrase_does_not_stand_elsewhere(phrase: str, text: str) -> None:
    assert not stands(phrase, text)


@pytest.mark.parametrize("phrase", ["", "..", "{,a} ..", "{,a} {,b}"])
def test_a_phrase_needs_a_word_that_must_be_there(phrase: str) -> None:
    with pytest.raises(SetupError, match="no word that must be there"):
        compile_phrase(phrase)


TRIED = (
    "{,really} love it", "{buy,get} {a,an} machine", "which .. should i buy", "{step by step,manual} for us_",
    "{leave,quit} us_ for rival_", "us_ machine", "rival_ .. machine", "{,a} {kettle,coffee pot} {leak,drip}{,s,ing}",
    "{us_ app,keep it up}", "{kettle,pot}", "{love,keep it} {machine,coffee pot}", "{,a} kettle {,really}",
    "kettle .. {leak,drip}", "{buy a,get} .. {us_,leak}", "steam {,very hot} milk",
    "{love,really love} .. {my,us_} {,coffee} machine",
)  # fmt: skip
WORDS = sorted({word for phrase in TRIED for word in re.findall(r"\w+", phrase)} | {"leaking", "leaks"})


def spelled(phrase: str) -> st.SearchStrategy[str]:
    """A phrase, or one that lacks its first word or its last."""
    parts = (choices(part) or ("", "of all the") for part in WORD.findall(phrase))
    whole = st.tuples(*map(st.sampled_from, parts)).map(" ".join)
    return whole | whole.map(lambda text: text.partition(" ")[2]) | whole.map(lambda text: text.rpartition(" ")[0])


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.one_of(map(spelled, TRIED)), max_size=6))
def test_looking_for_signs_first_loses_no_phrase(pieces: list[str]) -> None:
    line = f" {' '.join(' '.join(pieces).split())} "
    reading = Reading(line.replace("us_", "acme").replace("rival_", "kaffa"))  # names are replaced in the line only
    phrases = [compile_phrase(phrase) for phrase in TRIED]

    found = PhraseBook(list(enumerate(TRIED))).find(reading, line)

    assert found == {number for number, one in enumerate(phrases) if one.stands_in(line)}


def test_a_phrase_of_very_many_pairs_is_found_by_its_words() -> None:
    many = ",".join(f"w{number}" for number in range(PAIRS_AT_MOST))

    phrase = compile_phrase(f"{{{many}}} {{buy,get}} it")

    assert len(phrase.signs) < PAIRS_AT_MOST
    assert stands(f"{{{many}}} {{buy,get}} it", "w77 buy it")
    assert not stands(f"{{{many}}} {{buy,get}}", "w77 and buy it")


def test_a_name_hides_a_word_of_a_phrase_but_not_a_phrase_of_words() -> None:
    reading, line = Reading("the brew one but better"), " the us_ but better "

    assert not PhraseBook([(1, "{brew,brew up}"), (2, "brew one"), (3, "one but")]).find(reading, line)
    assert PhraseBook([(1, "{brew,boil}"), (2, "us_ but"), (3, "{us_ but,other}")]).find(reading, line) == {1, 2, 3}


def test_a_phrase_has_few_gaps() -> None:
    with pytest.raises(SetupError, match="gaps"):
        compile_phrase("a .. b .. c .. dog")


def test_choices_spell_every_word() -> None:
    assert choices("leak{,s,ing}") == ("leak", "leaks", "leaking")
    assert choices("{a,b}{1,2}") == ("a1", "a2", "b1", "b2")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    reading = Reading(text)

    assert set(tokens_of(reading.line)) <= set(tokens_of(text)) | {""}


@pytest.mark.parametrize(
    "unit", ["which ", "a ", "why is my ", "never buy ", "you are ", "! ", "www.", '"', "b", "@a ", "😀 "]
)
@pytest.mark.parametrize("language", ["en", "de", "es", "fr", None])
def test_no_text_makes_the_rules_slow(unit: str, language: str | None) -> None:
    rules = load_rules()
    rules.fired(Reading("warm up"), " warm up ", language, 0)
    text = unit * (2 * TEXT_LIMIT // len(unit))

    start = time.process_time()
    reading = Reading(text)
    rules.fired(reading, reading.line, language, 0)

    assert time.process_time() - start < 0.5

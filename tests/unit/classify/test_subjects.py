"""Subjects: found by whole words in every spelling people use, and not where they mean something else."""

import pytest

from hub.classify import Subject
from hub.classify.subjects import SubjectFinder
from hub.classify.text import Reading
from hub.errors import SetupError

FINDER = SubjectFinder(
    [
        Subject(name="Acme", kind="brand", aliases=("acme coffee",), exclusions=("acme climbing",)),
        Subject(name="Café Royal", kind="product"),
        Subject(name="Acme Home", kind="product"),
        Subject(name="Kaffa", kind="competitor"),
    ]
)


def names(text: str) -> list[str]:
    return [subject.name for subject in FINDER.find(Reading(text)).subjects]


@pytest.mark.parametrize(
    "text", ["Acme", "ACME!", "#acme", "@acme", "hey @Acme, hello", "Acme's new one", "l'Acme est là", "(acme)"]
)
def test_a_brand_is_found_however_it_is_written(text: str) -> None:
    assert names(text) == ["Acme"]


@pytest.mark.parametrize("text", ["acmeology", "placme", "@acme_fan", "https://acme.test/", "Acme Climbing gym"])
def test_a_brand_is_not_found_inside_other_words_links_and_exclusions(text: str) -> None:
    assert names(text) == []


def test_accents_do_not_matter() -> None:
    assert names("cafe royal please") == ["Café Royal"]


def test_several_subjects_come_in_the_order_of_the_configuration() -> None:
    assert names("kaffa or acme home?") == ["Acme", "Acme Home", "Kaffa"]


def test_rules_see_placeholders_in_place_of_names() -> None:
    named = FINDER.find(Reading("Switching from Acme Home to Kaffa today"))

    assert named.line == " switching from us_ to rival_ today "


def test_an_alias_without_letters_is_refused() -> None:
    with pytest.raises(SetupError, match="without a letter"):
        SubjectFinder([Subject(name="Acme", aliases=("---",))])


def test_no_subjects_find_nothing() -> None:
    assert SubjectFinder([]).find(Reading("acme")).subjects == ()


FRUIT = Subject(
    name="Quince",
    exclusions=("quince {jam,jelly,tree}", "{,a} bowl of quince"),
    context=("{phone,laptop,charger}", "quince store"),
    queries=("the phone with the bitten {core,pip}",),
)


def speaks_of_the_firm(text: str, parent: str | None = None) -> bool:
    return bool(SubjectFinder([FRUIT]).find(Reading(text), parent).subjects)


@pytest.mark.parametrize(
    "text",
    ["my Quince phone died", "@quince hello?", "the Quince store on Hill Street", "that #quince charger again"],
)
def test_a_name_that_is_a_word_is_found_in_its_context_or_as_a_handle(text: str) -> None:
    assert speaks_of_the_firm(text)


@pytest.mark.parametrize("text", ["quince for breakfast", "a bowl of quince by the phone", "quince jam on my laptop"])
def test_the_fruit_is_not_the_firm(text: str) -> None:
    assert not speaks_of_the_firm(text)


def test_both_in_one_post_are_still_the_firm() -> None:
    assert speaks_of_the_firm("spilled quince jam on my Quince laptop")


def test_the_context_may_stand_in_the_post_that_is_answered() -> None:
    assert speaks_of_the_firm("go for the quince", parent="Which phone should I get?")
    assert not speaks_of_the_firm("go for the quince", parent="Which tree should I plant?")


def test_a_query_finds_what_names_nothing() -> None:
    assert speaks_of_the_firm("love the phone with the bitten core")
    assert not speaks_of_the_firm("love the phone with the big screen")


def test_several_words_are_found_joined_as_in_a_handle_or_a_tag() -> None:
    finder = SubjectFinder([Subject(name="Virgin River"), Subject(name="Us A")])

    assert finder.find(Reading("@VirginRiver and #virginriver")).subjects == (finder.subjects[0],)
    assert finder.find(Reading("made in the usa")).subjects == ()


@pytest.mark.parametrize(
    ("wrong", "said"), [({"exclusions": ("a .. b",)}, "has a gap"), ({"context": ("{,a}",)}, "no word that must")]
)
def test_a_phrase_that_cannot_be_one_is_a_setup_error(wrong: dict, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        SubjectFinder([Subject(name="Acme", **wrong)])

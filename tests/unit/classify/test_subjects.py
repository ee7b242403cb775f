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

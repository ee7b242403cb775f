"""N-grams: the same whoever stands beside a text, blind to who is named, awake to negation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.classify.grams import Grams, char_grams, cut_texts, word_grams, word_hash, words_of

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def rows(grams: Grams) -> list[dict[int, float]]:
    found: list[dict[int, float]] = [{} for _ in range(grams.texts)]
    for text, slot, times in zip(grams.text_of, grams.slot, grams.times, strict=True):
        found[text][int(slot)] = float(times)
    return found


def read(*texts: str) -> list[tuple[dict[int, float], dict[int, float]]]:
    cut = cut_texts(texts)
    return list(zip(rows(word_grams(cut, len(texts))), rows(char_grams(cut, len(texts))), strict=True))


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(ANY_TEXT, min_size=1, max_size=6))
def test_a_text_has_the_same_grams_alone_and_among_others(texts: list[str]) -> None:
    assert read(*texts) == [one for text in texts for one in read(text)]


def test_a_text_without_words_has_no_grams() -> None:
    assert read("", "  \n ") == [({}, {}), ({}, {})]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("thanks @ana_7", "thanks @somebody.else"),
        ("see https://acme.test/a?b=1", "see www.acme.test"),
        ("order 5512 is late", "order 9087 is late"),
        ("Sooooooo late", "sooo late"),
        ("don’t go", "don't  go"),
    ],
)
def test_who_is_named_and_how_long_a_drawl_is_makes_no_difference(one: str, other: str) -> None:
    assert read(one) == read(other)


def test_a_word_after_a_negator_is_another_word_until_the_sentence_ends() -> None:
    plain, negated, ended = (read(text)[0][0] for text in ("works", "not works", "no. works"))

    assert not set(plain) & set(negated)
    assert set(plain) <= set(ended)


def test_negation_reaches_four_words_and_no_further() -> None:
    far = read("not a b c d works")[0][0]

    assert set(read("works")[0][0]) <= set(far)


def test_words_are_counted() -> None:
    words = read("good good bad")[0][0]

    assert sorted(words.values()) == [1, 1, 1, 2]  # bad, "good good", "good bad", good twice


def test_characters_cross_no_blank() -> None:
    assert set(read("ab cd")[0][1]) == set(read("ab")[0][1]) | set(read("cd")[0][1])


def test_a_word_has_one_hash_wherever_it_stands() -> None:
    text_of, hashes = words_of(cut_texts(["the grinder", "grinder!", "GRINDER"]))

    assert (hashes == np.uint64(word_hash("grinder"))).sum() == 3
    assert text_of.tolist() == [0, 0, 1, 1, 2]


def test_hashes_are_frozen() -> None:
    """A change here makes every model that was ever trained useless."""
    assert word_hash("espresso") == 5_775_218_292_267_153_895

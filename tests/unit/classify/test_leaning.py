"""How words lean: what the shipped weights add to a lexicon, and that they are what the script makes."""

import json

import pytest

from hub.classify import Item, default_engine
from hub.classify.leaning import WEIGHTS, Lean, leaning
from hub.classify.sentiment import weighed
from hub.classify.shipping import make, words_of
from hub.classify.text import Reading

GLAD, SAD, FLAT = Lean(0.05, 0.8), Lean(0.8, 0.05), Lean(0.1, 0.1)


def sides(text: str) -> Lean:
    return leaning().of(Reading(text).words)


def test_words_lean_that_no_lexicon_values() -> None:
    plain, wishes, scolds = sides("they did it"), sides("they did it, congrats mate"), sides("seriously, they did it")

    assert wishes.positive > plain.positive
    assert scolds.negative > plain.negative


def test_the_order_of_words_changes_nothing_not_even_the_last_digit() -> None:
    words = sorted(Reading("yeah but if you do have a problem you'll be faced with a very difficult decision").words)
    turned = (words[place:] + words[:place] for place in range(len(words)))

    assert len({leaning().of(dict.fromkeys(order).keys()) for order in turned}) == 1


def test_nothing_said_leans_nowhere() -> None:
    lean = sides("")

    assert 1 - lean.negative - lean.positive > 0.5


def test_ten_thousand_words_are_no_overflow() -> None:
    assert sum(sides(" ".join(json.loads(WEIGHTS.read_bytes())["words"]))) <= 1


@pytest.mark.parametrize(
    ("lexical", "lean", "side"),
    [(0.5, GLAD, "positive"), (-0.5, SAD, "negative"), (0.5, SAD, "neutral"), (0.0, FLAT, "neutral")],
)
def test_elsewhere_both_have_their_say(lexical: float, lean: Lean, side: str) -> None:
    assert weighed(lexical, lean, at_home=False)[0] == side


@pytest.mark.parametrize(
    ("lexical", "lean", "side"),
    [(0.3, SAD, "negative"), (-0.3, GLAD, "positive"), (0.0, FLAT, "neutral"), (0.9, Lean(0.3, 0.25), "positive")],
)
def test_where_the_words_were_learned_they_come_first(lexical: float, lean: Lean, side: str) -> None:
    assert weighed(lexical, lean, at_home=True)[0] == side


@pytest.mark.parametrize("network", ["x", "reddit"])
def test_a_score_stays_between_its_ends(network: str) -> None:
    loud = "best amazing love happy wonderful great " * 40

    (signal,) = default_engine().classify([Item(key="k", text=loud, network=network)])

    assert signal.sentiment == "positive"
    assert 0 < signal.sentiment_score <= 1


def test_a_feeling_names_the_words_that_made_it() -> None:
    glad, flat = default_engine().classify(
        [Item(key="a", text="awful, truly awful grinder"), Item(key="b", text="a grinder")]
    )

    assert "feels.awful" in glad.evidence
    assert not any(name.startswith("feels.") for name in flat.evidence)


def test_the_weights_are_words_and_nothing_that_tells_who() -> None:
    weights = json.loads(WEIGHTS.read_bytes())

    assert WEIGHTS.stat().st_size < 2_000_000
    assert len(weights["words"]) > 1_000
    assert not any("@" in word or any(map(str.isdigit, word)) for word in weights["words"])


def test_words_of_a_post_hold_no_handle_and_no_number() -> None:
    assert words_of("Thanks @ana, order 5512 came") == {"thanks", "order", "came"}


def test_the_same_posts_make_the_same_weights() -> None:
    posts = [("such a lovely day", "positive"), ("what an ugly day", "negative"), ("a day", "neutral")] * 20

    made = make(posts)

    assert make(posts) == made
    assert made.words["lovely"][1] > made.words["ugly"][1]
    assert made.words["lovely"][0] < made.words["ugly"][0]
    assert "zebra" not in make([*posts, ("zebra", "positive")]).words

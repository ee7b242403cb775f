"""Keywords: under which words posts do well, whatever the language, and never by chance or by one account."""

from datetime import UTC, datetime

from hub.domain import Author, Engagement, Post
from hub.measure.keywords import keywords

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def said(text, likes, *, who, tags=()):
    return Post(
        key=f"x:post:{text}{who}{likes}", network="x", native_id="1", text=text, published_at=NOW, collected_at=NOW,
        author=Author(key=f"x:account:{who}", native_id=str(who)), tags=tags, engagement=Engagement(likes=likes),
    )  # fmt: skip


FILLER = [said(f"Nothing here {number}", 1, who=number) for number in range(30)]


def terms(*posts):
    return [one.term for one in keywords([*posts, *FILLER])]


def test_the_word_whose_posts_do_best_comes_first():
    good = [said(f"Lovely espresso {n}", 50 + n, who=n) for n in range(3)]
    fair = [said(f"Nice grinder {n}", 5, who=n) for n in range(3)]

    assert terms(*good, *fair) == ["espresso", "lovely", "grinder", "nice"]


def test_one_post_that_went_round_the_world_does_not_make_a_word_good():
    lucky = [said("Some grinder", likes, who=n) for n, likes in enumerate((100_000, 1, 1))]
    good = [said("An espresso", 9, who=n) for n in range(3)]

    assert terms(*lucky, *good)[0] == "espresso"


def test_a_hashtag_counts_whatever_it_is_made_of_and_once_for_each_post():
    [first, *_] = keywords([*(said("#Brew_1 x", 9, who=n, tags=("Brew_1", "brew_1")) for n in range(3)), *FILLER])

    assert (first.term, first.posts, first.engagement, first.typical) == ("#brew_1", 3, 27, 9)


def test_what_one_account_says_again_and_again_or_stands_everywhere_is_no_keyword():
    assert terms(*(said("Buy cheapest watches", 99, who=1) for _ in range(9))) == []
    assert "nothing" not in terms()


def test_posts_whose_reactions_nobody_tells_count_for_nothing():
    assert terms(*(said("Silent espresso", None, who=n) for n in range(5))) == []


def test_addresses_and_handles_are_no_words():
    assert terms(*(said("see https://evil.test/espresso @espresso", 9, who=n) for n in range(3))) == []

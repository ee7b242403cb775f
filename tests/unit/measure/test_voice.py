"""Share of voice: shares of what was said, a syndicated story once, everybody's own words each."""

import random
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.measure.voice import Mention, Voice, share_of_voice, stories

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)
STORY = (
    "Acme opens a second roastery in the harbour district of Hamburg and wants to hire eighty people by the autumn, "
    "the firm said on Monday; the city had offered the old grain store for ten years."
)
OTHER = (
    "Acme has to change the pump of some four thousand machines that were sold in the spring, owners are written to "
    "one by one and need not send anything back, says the head of service."
)


def mention(number: int, text: str, subject: str = "Acme", day: date = DAY) -> Mention:
    return Mention(post=f"p{number}", subject=subject, day=day, text=text)


def voices(*mentions: Mention, subjects: tuple[str, ...] = ("Acme", "Kaffa")) -> dict[str, Voice]:
    return {voice.subject: voice for voice in share_of_voice(mentions, subjects)}


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        f"RT @paper: {STORY}",
        f"{STORY} https://paper.test/a?utm=1",
        STORY.upper(),
        f"Good news for the harbour: {STORY}",
        STORY.rsplit(";", 1)[0],
        STORY.replace("eighty", "80").replace("Monday", "Tuesday"),
    ],
)
def test_a_story_that_is_passed_on_is_one_story(copy: str) -> None:
    assert stories([STORY, OTHER, copy]) == [0, 1, 0]


def test_two_stories_of_one_firm_are_two() -> None:
    assert stories([STORY, OTHER]) == [0, 1]


def test_short_posts_are_voices_of_their_own_even_if_they_are_alike() -> None:
    assert stories(["love my acme", "love my acme", "Love my Acme!"]) == [0, 1, 2]


def test_a_story_counts_once_for_each_subject_and_day() -> None:
    told = [mention(number, f"{STORY} https://site{number}.test/") for number in range(40)]
    found = voices(*told, mention(90, STORY, day=NEXT), mention(91, STORY, subject="Kaffa"))

    assert found["Acme"] == Voice(subject="Acme", posts=41, stories=2, share=2 / 3, largest_story=40)
    assert found["Kaffa"].stories == 1


def test_a_post_that_is_given_twice_is_one_post() -> None:
    assert voices(mention(1, "fine"), mention(1, "fine"))["Acme"].posts == 1


def test_nothing_said_is_no_share() -> None:
    assert [voice.share for voice in share_of_voice([], ["Acme", "Kaffa"])] == [None, None]
    assert share_of_voice([mention(1, "hm", subject="Somebody")], ["Acme"])[0].posts == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Acme", "Kaffa", "Brewster"]), st.sampled_from([STORY, OTHER, "hm", "", "nice one"])
        ),
        max_size=30,
    )
)
def test_shares_add_up_and_stories_never_outnumber_posts(said: list[tuple[str, str]]) -> None:
    found = share_of_voice(
        [mention(n, text, subject) for n, (subject, text) in enumerate(said)], ["Acme", "Kaffa", "Brewster"]
    )

    shares = [voice.share for voice in found]
    assert sum(shares) == pytest.approx(1.0) if said else set(shares) == {None}
    assert all(voice.stories <= voice.posts for voice in found)
    assert all(voice.largest_story <= voice.posts for voice in found)


def test_many_posts_of_a_day_take_seconds_and_no_more() -> None:
    words = [f"word{number}" for number in range(3_000)]
    drawn = random.Random(7)
    texts = [" ".join(drawn.choices(words, k=25)) for _ in range(4_000)] + [f"{STORY} {n}" for n in range(4_000)]

    start = time.process_time()
    found = stories(texts)

    assert len(set(found)) == 4_001
    assert time.process_time() - start < 5

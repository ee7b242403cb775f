"""Share of voice: how much of the talk is about each subject, a syndicated story counted once.

An agency's text that forty sites print is one story; so are forty copies of one call to share. Posts about a subject
on one day are one story when most of what the shorter says stands in the longer: their runs of four words are
compared, links and handles left out. Short posts are alike by chance and are each a voice of their own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from zlib import crc32

from hub.domain import Model

RUN = 4  # words that are compared together
ENOUGH_WORDS = 10  # fewer are said alike by people who never heard of each other
ALIKE = 0.6  # the share of the shorter one's runs that the longer one has, too
SKETCH = 24  # runs of a post by which others like it are found
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
NOT_SAID = re.compile(r"https?://\S+|www\.\S+|@[\w.]+|^\s*(?:rt|via)\b[: ]*", re.IGNORECASE)


class Mention(Model):
    """A post that speaks of a subject."""

    post: str
    subject: str
    day: date
    text: str


class Voice(Model, omit_defaults=False):
    """How much was said of one subject."""

    subject: str
    posts: int
    stories: int  # posts, every syndicated story counted once
    share: float | None  # of all subjects' stories; None where there are none
    largest_story: int  # posts of the story that was repeated most


def share_of_voice(mentions: Iterable[Mention], subjects: Sequence[str]) -> tuple[Voice, ...]:
    """The voices of these subjects in what was said, in whatever order that comes."""
    return voices(told_daily(sorted(mentions, key=lambda one: one.day)), subjects)


def told_daily(mentions: Iterable[Mention]) -> dict[str, list[int]]:
    """How many posts each story of each subject has. They come day by day, and only one day's are held at once."""
    sizes: dict[str, list[int]] = {}
    for _, of_a_day in groupby(mentions, key=lambda one: one.day):
        told: dict[str, list[Mention]] = {}
        for mention in of_a_day:
            told.setdefault(mention.subject, []).append(mention)
        for subject, some in told.items():
            sizes.setdefault(subject, []).extend(_sizes(some))
    return sizes


def voices(told: Mapping[str, Sequence[int]], subjects: Sequence[str]) -> tuple[Voice, ...]:
    """One voice for each of these subjects, in their order; shares add up to one where anything was said."""
    sizes = {subject: told.get(subject, ()) for subject in subjects}
    whole = sum(map(len, sizes.values()))
    return tuple(
        Voice(
            subject=subject, posts=sum(stories), stories=len(stories), share=len(stories) / whole if whole else None,
            largest_story=max(stories, default=0),
        )
        for subject, stories in sizes.items()
    )  # fmt: skip


def stories(texts: Sequence[str]) -> list[int]:
    """For each text the number of the first one that tells the same story; its own where it is the first."""
    first_with: dict[frozenset[int], int] = {}
    met: dict[int, list[int]] = {}  # a run: the stories that have it in their sketch
    runs_of: list[frozenset[int]] = []
    story: list[int] = []
    for number, text in enumerate(texts):
        runs = _runs(text)
        runs_of.append(runs)
        same = first_with.get(runs) if runs else None
        if same is None and runs:
            same = _like(runs, met, runs_of)
        story.append(number if same is None else same)
        if runs:
            first_with.setdefault(runs, story[-1])
            if same is None:
                for run in sorted(runs)[:SKETCH]:
                    met.setdefault(run, []).append(number)
    return story


def _sizes(mentions: Sequence[Mention]) -> list[int]:
    """How many posts each story of one day has; a post that is given twice is one."""
    texts = {mention.post: mention.text for mention in mentions}
    counts: dict[int, int] = {}
    for story in stories(list(texts.values())):
        counts[story] = counts.get(story, 0) + 1
    return list(counts.values())


def _like(runs: frozenset[int], met: dict[int, list[int]], runs_of: Sequence[frozenset[int]]) -> int | None:
    """The earliest story that has most of these runs, or most of whose runs are among these."""
    near = {number for run in runs for number in met.get(run, ())}
    return next((number for number in sorted(near) if _overlap(runs, runs_of[number]) >= ALIKE), None)


def _overlap(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / min(len(one), len(other))


def _runs(text: str) -> frozenset[int]:
    """Hashes of all runs of words; none of a text too short to be told from others by its words."""
    words = WORD.findall(NOT_SAID.sub(" ", text).casefold())
    if len(words) < ENOUGH_WORDS:
        return frozenset()
    return frozenset(crc32(" ".join(words[start : start + RUN]).encode()) for start in range(len(words) - RUN + 1))

"""What an engine is, what it is given, and how one is chosen by name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

from hub.domain import Post, Signal
from hub.domain.config import Subject, Topic
from hub.domain.model import Model
from hub.errors import SetupError

T = TypeVar("T")


class Item(Model):
    """What an engine may look at. `lang` is the network's own word for it, which an engine may overrule.

    `addressed` says that the post speaks to one of our accounts (a mention, an answer, an inbox): it is then
    relevant without naming a subject.
    """

    key: str
    text: str
    lang: str | None = None
    network: str = ""
    title: str | None = None
    parent: str | None = None  # text of the post that it answers
    followers: int | None = None
    addressed: bool = False


class Engine(Protocol):
    """Finds signals; `found_by` (name@version) goes on each of them, so figures of two engines never mix."""

    name: str
    version: str

    @property
    def found_by(self) -> str:
        """name@version, as it is written on every signal."""
        ...

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        """One signal for each item, in order. No text makes it raise."""
        ...


class InBatches(ABC):
    """What every engine of ours is: named, and looking at some posts at a time, so that memory stays level."""

    name = ""
    version = ""
    at_a_time = 200  # posts go through one step after the other: the language model and the rules share no cache well

    @cached_property
    def found_by(self) -> str:
        """name@version, as it is written on every signal."""
        return f"{self.name}@{self.version}"

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        """One signal for each item, in order."""
        return [signal for some in in_batches(items, self.at_a_time) for signal in self.judge(some)]

    @abstractmethod
    def judge(self, items: Sequence[Item]) -> list[Signal]:
        """The signals of one batch."""


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The same items, some at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def item_of(post: Post, *, parent: str | None = None, addressed: bool = False) -> Item:
    """The part of a post that an engine looks at."""
    return Item(
        key=post.key,
        text=post.text,
        lang=post.lang,
        network=post.network,
        title=post.title,
        parent=parent,
        followers=post.author.followers,
        addressed=addressed,
    )


def default_engine(subjects: Sequence[Subject] = (), topics: Sequence[Topic] = ()) -> Engine:
    """The engine that works without training and without anything being downloaded."""
    return load_engine("rules", subjects, topics)


def load_engine(name: str, subjects: Sequence[Subject] = (), topics: Sequence[Topic] = ()) -> Engine:
    """The engine of this name, ready to classify."""
    maker = ENGINES.get(name)
    if maker is None:
        raise SetupError(f"There is no classifier named {name!r}; choose one of {', '.join(sorted(ENGINES))}.")
    return maker(subjects, topics)


def _rules(subjects: Sequence[Subject], topics: Sequence[Topic]) -> Engine:
    from hub.classify.rules_engine import RulesEngine

    return RulesEngine(subjects, topics=topics)


def _three_patterns(subjects: Sequence[Subject], topics: Sequence[Topic]) -> Engine:
    from hub.classify.three_patterns import ThreePatternsEngine

    del topics  # it knows none
    return ThreePatternsEngine(subjects)


ENGINES: dict[str, Callable[[Sequence[Subject], Sequence[Topic]], Engine]] = {
    "rules": _rules,
    "three_patterns": _three_patterns,
}
